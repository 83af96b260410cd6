"""Correcting a published statement by hand: a new version, by the same rules as a results file.

Nothing changes on the sites before two people approve it (results/releasing.py); then the candidate and the
preparation centre see what was amended, when and why.
"""

import csv
import io

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.acting import acting, checked_reason
from accounts.models import User
from results.importing import FaultyFile, Report, import_results
from results.locking import lock
from results.models import Entry, Statement

MAY_CORRECT = "results.correct_statement"


class Reason(TextChoices):
    """The usual reasons, which candidates read in their language; any other is shown as it was written."""

    ENQUIRY = "enquiry", gettext_lazy("After an enquiry on results")
    MARKING = "marking", gettext_lazy("The exam board has corrected the marking")
    CLERICAL = "clerical", gettext_lazy("A mistake in the transmission of the marks was corrected")
    COMPLETED = "completed", gettext_lazy("The result was pending and is complete now")


def reason_in_words(reason: str) -> str:
    """The reason of a version, in the language of the page."""
    return str(Reason(reason).label) if reason in Reason.values else reason


def newest(entry: Entry) -> Statement | None:
    """The newest version of an entry's statement, approved or not."""
    return entry.statements.order_by("-version").first()


def correct(
    entry: Entry,
    values: dict[str, str],
    reason: str,
    by: User,
    *,
    seen: int | None = None,
    dry_run: bool = False,
) -> Report:
    """Store a new version of the entry's statement, which waits for approval.

    values: by the columns of a results file, as text (docs/files.md). seen: the statement that the person
    was shown; refused if another version came since. Returns the import's report, whose warnings say where
    the values are not what the scores give. Raises FaultyFile with what is wrong in which column;
    ValidationError without a reason, if nothing differs, on such a change, or if `by` may not.
    """
    reason = checked_reason(reason)
    with acting(by, MAY_CORRECT):
        lock(entry.session.release)
        present = newest(entry)
        if present is None:
            raise ValidationError(_("There is no statement to correct yet."), code="nothing_there")
        if seen not in {None, present.pk}:
            raise ValidationError(
                _("Version %(version)d came meanwhile, by %(person)s. Look at it, then correct that."),
                code="changed_meanwhile",
                params={"version": present.version, "person": present.made_by or _("a file")},
            )
        report = import_results(entry.session, _one_row(entry, values), dry_run=dry_run, by=by, reason=reason)
        if not report.changed:
            raise ValidationError(_("Nothing differs from the newest version."), code="nothing_new")
    return report


def _one_row(entry: Entry, values: dict[str, str]) -> io.BytesIO:
    row = {"id_number": entry.id_number, **values}
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, row)
    writer.writeheader()
    writer.writerow(row)
    file = io.BytesIO(text.getvalue().encode())
    file.name = "correction.csv"
    return file


__all__ = ["MAY_CORRECT", "FaultyFile", "Reason", "correct", "newest", "reason_in_words"]
