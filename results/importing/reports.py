"""What loading a file found and did, in words for whoever loads it."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

SHOWN = 100  # faults, and warnings, that are kept and printed; the rest are counted
MASKED = "••••"
LONGEST_VALUE = 40  # characters of a cell that a message repeats


@dataclass(frozen=True)
class Finding:
    """A fault or a warning about a cell, a row, or (without a row) the whole file; str() is one line.

    row: as the spreadsheet counts, the header being row 1. wrong: a phrase that goes on from the value.
    expected: a phrase, or empty. sheet: the workbook's sheet, where there are several.
    """

    wrong: str
    expected: str = ""
    row: int | None = None
    column: str = ""
    value: str | None = None
    sheet: str = ""

    def __str__(self) -> str:
        place = []
        if self.sheet:
            place.append(_("sheet “%s”") % in_one_line(self.sheet))
        if self.row:
            place.append(_("row %d") % self.row)
        if self.column:
            place.append(_("column %s") % in_one_line(self.column))
        if self.value:
            place.append(f"“{in_one_line(self.value)}”")
        text = f"{', '.join(place)}: {self.wrong}." if place else f"{self.wrong}."
        text = text[0].upper() + text[1:]
        return f"{text} {_('Expected: %s.') % self.expected}" if self.expected else text


class Unreadable(Exception):  # noqa: N818
    """The file, or the rest of it, cannot be read; finding says why and what is expected."""

    def __init__(self, wrong: str, expected: str = "", row: int | None = None) -> None:
        super().__init__(wrong)
        self.finding = Finding(wrong, expected, row)


def in_one_line(text: str) -> str:
    """A cell's text as a message can repeat it: short, and what cannot be seen written out."""
    short = text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in short)


class Findings:
    """All faults, or all warnings, of a file: how many, and the first hundred in the order of the rows."""

    def __init__(self) -> None:
        self.total = 0
        self._kept: list[Finding] = []

    def __len__(self) -> int:
        return self.total

    def __iter__(self):
        """The first hundred, in the order of the rows."""
        return iter(sorted(self._kept, key=lambda finding: finding.row or 0)[:SHOWN])

    def __str__(self) -> str:
        """A line each, and how many more there are."""
        lines = [str(finding) for finding in self]
        if more := self.total - len(lines):
            lines.append(ngettext("… and %d more", "… and %d more", more) % more)
        return "\n".join(lines)

    def add(self, finding: Finding) -> None:
        """Keep a finding of the pass over the rows; beyond the first hundred, count it."""
        self.total += 1
        if len(self._kept) < SHOWN:
            self._kept.append(finding)

    def extend(self, first: list[Finding], total: int) -> None:
        """Keep the first hundred of another pass, of `total`."""
        self.total += total
        self._kept += first


@dataclass
class Report:
    """What loading a file did, or in a dry run would do.

    added, changed, unchanged: rows of the file. corrected: those of the changed that replace a published
    result. by_outcome, by_centre: rows of a file without faults, by result (or the code in its place) and by
    the preparation centre's name. earlier: the outcomes of the sessions named in earlier_sessions, the last
    of the same exam. without_result: entries of the session. notes: sentences about what stays or comes next.
    """

    dry_run: bool = False
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    corrected: int = 0
    by_outcome: dict[str, int] = field(default_factory=dict)
    by_centre: dict[str, int] = field(default_factory=dict)
    earlier: dict[str, int] = field(default_factory=dict)
    earlier_sessions: list[str] = field(default_factory=list)
    without_result: int = 0
    notes: list[str] = field(default_factory=list)
    faults: Findings = field(default_factory=Findings)
    warnings: Findings = field(default_factory=Findings)

    def __str__(self) -> str:
        """The summary, a sentence a line; faults and warnings are printed beside it."""
        if self.faults:
            count = len(self.faults)
            return (
                ngettext(
                    "Nothing was stored: the file has %d fault.",
                    "Nothing was stored: the file has %d faults.",
                    count,
                )
                % count
            )
        lines = [_("Nothing was stored (dry run).")] if self.dry_run else []
        return "\n".join([*lines, self._outcome(), *self.notes])

    def _outcome(self) -> str:
        counts = {"added": self.added, "changed": self.changed, "unchanged": self.unchanged}
        if not (self.added or self.changed):
            return (
                ngettext(
                    "Nothing changed: %(unchanged)d row of the file, stored already.",
                    "Nothing changed: %(unchanged)d rows of the file, all stored already.",
                    self.unchanged,
                )
                % counts
            )
        if self.dry_run:
            return _("It would be: %(added)d added, %(changed)d changed, %(unchanged)d unchanged.") % counts
        return _("Stored: %(added)d added, %(changed)d changed, %(unchanged)d unchanged.") % counts


class FaultyFile(Exception):  # noqa: N818
    """A file has faults; nothing of it was stored. str() says each in a line, the first hundred of them."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return f"{self.report}\n{self.report.faults}"
