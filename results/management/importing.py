"""What the two commands that load a file have in common."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from tqdm import tqdm

from results.importing import FaultyFile, Report
from results.models import ExamSession


class ImportCommand(BaseCommand):
    """Prints the warnings and faults of a file, a line each, on stderr, or the summary on stdout."""

    load: Callable[..., Report]

    def add_arguments(self, parser):
        parser.add_argument("code", help="of the session, such as B2F-2026-06")
        parser.add_argument("file", help="CSV (UTF-8) or XLSX")
        parser.add_argument("--dry-run", action="store_true", help="check the file, and store nothing")

    def more(self, options: dict[str, Any]) -> dict[str, Any]:
        """What else the verb takes, from the command's own options."""
        return {}

    def handle(self, *, code, file, dry_run, **options):
        session = ExamSession.objects.filter(code=code).first()
        if session is None:
            raise CommandError(_("There is no session “%s”.") % code)
        command = type(self).__module__.rpartition(".")[2]
        try:
            with pghistory.context(command=command, file=Path(file).name), _Bar() as bar:
                report = self.load(session, file, dry_run=dry_run, progress=bar.show, **self.more(options))
        except FaultyFile as faulty:
            self._warn(faulty.report)
            raise CommandError(str(faulty)) from None
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from None
        self._warn(report)
        self.stdout.write(str(report))

    def _warn(self, report: Report) -> None:
        for line in str(report.warnings).splitlines():
            self.stderr.write(_("Warning: %s") % line)


class _Bar(tqdm):
    """A progress bar on stderr, where that is a terminal."""

    def __init__(self) -> None:
        super().__init__(
            desc=_("Reading"),
            total=1,  # until the file is open
            disable=not sys.stderr.isatty(),
            leave=False,
            bar_format="{desc} {percentage:3.0f}% |{bar}| {elapsed}",
        )

    def show(self, done: int, total: int) -> None:
        """A Progress of results.importing."""
        self.total = total
        self.update(done - self.n)
        if done == total:
            self.set_description_str(_("Storing"))
