"""The way of every file: its rows are parsed in a stream and copied into a temporary table; there they are
checked against the database and stored, by statements over all rows at once and in one transaction.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from results import numbers
from results.importing.reading import Progress, Table, open_table
from results.importing.reports import MASKED, SHOWN, FaultyFile, Finding, Findings, Report, Unreadable
from results.models import Entry, ExamSession

# The app of the preparation centres stands above this one: its model is reached, not imported.
CENTRE = Entry._meta.get_field("preparation_centre").related_model._meta

Cells = dict[str, str]  # a row's texts by the name of their column

# What holds anyway. Each history trigger asks for this setting, and where it is not set catches the error;
# that goes through all foreign keys still to be checked, so that every row would take longer than the last.
NO_TRIGGER_IGNORED = "SET LOCAL pgtrigger.ignore = '{}'"

_NAME_SEPARATORS = re.compile(r"[\s_]+")
_FAILED_FORMULA = re.compile(r"#[A-Z/0_]+[!?A]")


class WrongCell(Exception):  # noqa: N818
    """A cell cannot be what its column asks for; says what is wrong and what is expected."""

    def __init__(self, wrong: str, expected: str) -> None:
        super().__init__(wrong)
        self.wrong, self.expected = wrong, expected


def id_number(text: str) -> str:
    """An ID Number as it is stored. Raises WrongCell."""
    normalised = numbers.normalise_id_number(text)
    if not numbers.ID_NUMBER.fullmatch(normalised):
        raise WrongCell(_("not an ID Number"), _("letters, then digits, such as SIR094701"))
    return normalised


class Loader(ABC):
    """One kind of file: its columns, what a row means, and where it goes.

    columns: must be there; optional: may be. staged: the temporary table's columns, the row's number first,
    an id_number among them. telling: columns by which a file of this kind is known when it is given as one
    of another; called: what such a file is, in words.
    """

    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    staged: str
    telling: frozenset[str] = frozenset()
    called: str

    def __init__(self, session: ExamSession) -> None:
        self.session = session
        self.report = Report()
        self._sheet = ""

    @abstractmethod
    def parse(self, number: int, cells: Cells) -> tuple:
        """The row as it is staged; adds its faults, and leaves None in their place."""

    @abstractmethod
    def check(self, cursor) -> None:
        """Add the faults and warnings that only the staged rows together, or the database, can tell."""

    def count(self, cursor) -> None:
        """Fill the report's counts of the staged rows, which have no fault; may add warnings."""
        return

    @abstractmethod
    def store(self, cursor) -> None:
        """Bring the staged rows, which have no fault, into the tables, and fill the report.

        A fault that shows only now takes back what was stored.
        """

    def shown(self, column: str, cells: Cells) -> str:
        """A cell's text as a message may repeat it."""
        return cells[column]

    def unknown_column(self, name: str) -> str:
        """What is wrong with a column of this name."""
        return _("this column is not known")

    def fault(self, wrong: str, expected: str = "", **where) -> None:
        """Add a fault; where: row, column and value of the Finding."""
        self.report.faults.add(Finding(wrong, expected, sheet=self._sheet, **where))

    def warn(self, wrong: str, expected: str = "", **where) -> None:
        self.report.warnings.add(Finding(wrong, expected, sheet=self._sheet, **where))

    def value(self, number: int, cells: Cells, column: str, rule: Callable[..., Any], *arguments: Any) -> Any:
        """What a cell says by a rule, which may raise WrongCell; None with a fault."""
        try:
            return rule(cells[column], *arguments)
        except WrongCell as fault:
            wrong = fault.wrong if cells[column] else _("the cell is empty")
            self.fault(wrong, fault.expected, row=number, column=column, value=self.shown(column, cells))
            return None

    def query(
        self, cursor, findings: Findings, sql: str, params: list[Any], say: Callable[..., Finding]
    ) -> None:
        """Add a finding for each row of a query over the staged rows.

        sql: selects the row's number as "row", and what else `say` takes as arguments. Of one row the
        findings come in the order of the second column.
        """
        cursor.execute(
            f"SELECT *, count(*) OVER () FROM ({sql}) AS found ORDER BY 1, 2 LIMIT {SHOWN}",  # noqa: S608
            params,
        )
        if rows := cursor.fetchall():
            findings.extend([replace(say(*row[:-1]), sheet=self._sheet) for row in rows], total=rows[0][-1])

    def check_once(self, cursor, column: str, wrong: str) -> None:
        """Add a fault for each row whose value stands in an earlier one; wrong takes that row's number."""
        self.query(
            cursor,
            self.report.faults,
            f"SELECT row, {column}, first FROM (SELECT row, {column}, min(row) OVER (PARTITION BY {column})"  # noqa: S608
            f" AS first FROM staged WHERE {column} IS NOT NULL) AS numbered WHERE row > first",
            [],
            lambda row, value, first: Finding(
                wrong % first, _("one row for each candidate"), row, column, value
            ),
        )

    def check_entered(self, cursor) -> None:
        """Add a fault for each row whose candidate is not entered for the session."""
        self.query(
            cursor,
            self.report.faults,
            """
            SELECT s.row, s.id_number, x.code FROM staged s
            LEFT JOIN results_entry e ON e.id_number = s.id_number
            LEFT JOIN results_examsession x ON x.id = e.session_id
            WHERE s.id_number IS NOT NULL AND e.session_id IS DISTINCT FROM %s
            """,
            [self.session.pk],
            lambda row, value, code: Finding(
                _("this candidate is entered for session %s") % code
                if code
                else _("no candidate is entered with this ID Number"),
                _("an ID Number of session %s") % self.session.code,
                row,
                "id_number",
                value,
            ),
        )

    def load(self, source: Path | str | BinaryIO, *, dry_run: bool, progress: Progress | None) -> Report:
        """Load the file, all or nothing; a dry run does the same and takes it back.

        Raises FaultyFile with all faults of the file; nothing is stored then.
        """
        self.report.dry_run = dry_run
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(NO_TRIGGER_IGNORED)
            cursor.execute(f"CREATE TEMPORARY TABLE staged ({self.staged}) ON COMMIT DROP")
            if self._stage(cursor, source, progress or _nobody_watches):
                # Without these the planner may go through all staged rows for each stored one.
                cursor.execute("CREATE INDEX ON staged (id_number)")
                cursor.execute("ANALYZE staged")
                if not self._is_of_another_session(cursor):
                    self.check(cursor)
                if not self.report.faults:
                    self.count(cursor)
                    self.store(cursor)
            if self.report.faults:
                raise FaultyFile(self.report)
            if dry_run:
                transaction.set_rollback(True)
            else:
                cursor.execute("DROP TABLE staged")
        return self.report

    def _is_of_another_session(self, cursor) -> bool:
        """Whether most candidates of the file are entered for one other session; adds the one fault."""
        cursor.execute(
            """
            SELECT x.code, count(*), (SELECT count(*) FROM staged) FROM staged s
            JOIN results_entry e ON e.id_number = s.id_number AND e.session_id <> %s
            JOIN results_examsession x ON x.id = e.session_id
            GROUP BY x.code ORDER BY count(*) DESC LIMIT 1
            """,
            [self.session.pk],
        )
        code, entered, rows = cursor.fetchone() or ("", 0, 0)
        if entered < 2 or 2 * entered <= rows:
            return False
        self.fault(
            _("this is a file of session %(code)s: %(entered)d of its %(rows)d candidates are entered there")
            % {"code": code, "entered": entered, "rows": rows},
            _("a file of session %s") % self.session.code,
        )
        return True

    def _stage(self, cursor, source: Path | str | BinaryIO, progress: Progress) -> bool:
        """Copy the parsed rows into the temporary table; whether there are any."""
        staged = 0
        try:
            with open_table(source, progress) as table:
                self._sheet = table.sheet
                with cursor.copy("COPY staged FROM STDIN") as copy:
                    for row in self._parsed(table):
                        copy.write_row(row)
                        staged += 1
        except Unreadable as error:
            self._add(error)
        return staged > 0

    def _parsed(self, table: Table) -> Iterator[tuple]:
        # What cannot be read on is caught in here: an exception must not pass through the COPY.
        try:
            number, header = next(table.rows, (None, []))
            if number is None:
                raise Unreadable(_("the file is empty"), _("a header row, and a row for each candidate"))
            columns = self._columns(number, header)
            if self.report.faults:
                return
            is_empty = True
            for number, texts in table.rows:
                is_empty = False
                if self._fits(number, texts, header, is_ragged=table.is_ragged):
                    cells = {name: texts[place] for name, place in columns.items()}
                    if not self._has_formula(number, cells):
                        yield self.parse(number, cells)
            if is_empty:
                raise Unreadable(_("the file has only a header row"), _("a row for each candidate"))
        except Unreadable as error:
            self._add(error)

    def _columns(self, number: int, header: list[str]) -> dict[str, int]:
        """Where each column stands in the header row; adds the faults of the header."""
        known = (*self.columns, *self.optional)
        expected = ", ".join(known)
        names = [_NAME_SEPARATORS.sub("_", text.lower()) for text in header]
        if other := self._kind_told_by(set(names)):
            raise Unreadable(
                _("this is a file of %s") % other.called,
                _("a file of %(what)s, with the columns %(columns)s")
                % {"what": self.called, "columns": expected},
                number,
            )
        if not set(names) & set(known):
            # Perhaps there is no header, and this is a candidate's row: nothing of it is repeated.
            raise Unreadable(_("this row has no column name that is known"), expected, number)
        for name, text in zip(names, header, strict=True):
            if name and name not in known:
                self.fault(
                    self.unknown_column(name), expected, row=number, column=MASKED if text.isdigit() else text
                )
        for name in known:
            if names.count(name) > 1:
                self.fault(_("this column is there more than once"), _("one"), row=number, column=name)
            if name in self.columns and name not in names:
                self.fault(_("this column is missing"), expected, row=number, column=name)
        return {name: place for place, name in enumerate(names) if name}

    def _kind_told_by(self, names: set[str]) -> type["Loader"] | None:
        """The other kind of file that these columns tell, if they do not tell this one."""
        if names & self.telling:
            return None
        return next((kind for kind in Loader.__subclasses__() if names & kind.telling), None)

    def _fits(self, number: int, texts: list[str], header: list[str], *, is_ragged: bool) -> bool:
        """Whether every cell of a row stands under a heading; adds the fault."""
        width = len(header)
        if is_ragged and len(texts) < width:
            wrong = ngettext("the row has only %d cell", "the row has only %d cells", len(texts)) % len(texts)
        elif any(texts[width:]):
            wrong = ngettext("the row has %d cell", "the row has %d cells", len(texts)) % len(texts)
        elif any(text for text, heading in zip(texts, header, strict=False) if not heading):
            self.fault(
                _("a cell stands in a column without a name"), _("a name in the header row"), row=number
            )
            return False
        else:
            return True
        self.fault(wrong, _("%d, as the header row has") % width, row=number)
        return False

    def _has_formula(self, number: int, cells: Cells) -> bool:
        """Whether a cell is a formula, or was one that failed; adds the faults."""
        found = False
        for name, text in cells.items():
            if text[:1] == "=":
                wrong, value = _("this cell holds a formula"), ""  # it may name a Secret Number
            elif text[:1] == "#" and _FAILED_FORMULA.fullmatch(text):
                wrong, value = _("the formula of this cell has failed"), text
            else:
                continue
            self.fault(wrong, _("a value"), row=number, column=name, value=value)
            found = True
        return found

    def _add(self, error: Unreadable) -> None:
        self.report.faults.add(replace(error.finding, sheet=self._sheet))


def _nobody_watches(done: int, total: int) -> None:
    pass
