"""Entries: who is entered for a session, with the numbers of the slip."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from results import numbers
from results.importing.loading import CENTRE, Cells, Loader, WrongCell, id_number
from results.importing.reports import MASKED, Finding
from results.models import Entry, Release

LONGEST_NAME = Entry._meta.get_field("family_name").max_length
LONGEST_EMAIL = Entry._meta.get_field("email").max_length
LONGEST_CENTRE = CENTRE.get_field("name").max_length
USUAL_CANDIDATE_NUMBER = 4  # digits; more in a session of more than 10,000 candidates
FIRST_BIRTHDAY = date(1900, 1, 1)

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Control characters, line separators, and what turns the direction of the text around.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ONLY_DIGITS = re.compile(r"[0-9 ]{4,}")
_ONE_IMPORT = 7302615  # the key of an advisory lock, of no other meaning


def secret_number(text: str) -> str:
    """Raises WrongCell, as all these rules do."""
    normalised = numbers.normalise_secret_number(text)
    if numbers.SECRET_NUMBER.fullmatch(normalised):
        return normalised
    if re.fullmatch("[0-9]{1,3}", normalised):
        raise WrongCell(
            _("spreadsheet programs drop zeros at the beginning, as they did here"),
            _("all digits of the Secret Number, in a column formatted as text"),
        )
    raise WrongCell(_("not a Secret Number"), _("4 to 12 letters or digits, as on the slip"))


def email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise WrongCell(_("not an e-mail address"), _("an address such as anna@example.org")) from None
    return _free_text(text, LONGEST_EMAIL)


def candidate_number(text: str) -> str:
    """Four digits; spreadsheet programs drop the zeros at the beginning."""
    padded = text.zfill(USUAL_CANDIDATE_NUMBER) if text else ""
    if not numbers.CANDIDATE_NUMBER.fullmatch(padded):
        raise WrongCell(_("not a candidate number"), _("4 digits, such as 5003"))
    return padded


def name(text: str) -> str:
    """A family name or given names, in any script."""
    tidy = _free_text(text, LONGEST_NAME)
    if tidy.replace(" ", "").isnumeric() or not any(char.isprintable() for char in tidy):
        raise WrongCell(_("not a name"), _("a name"))
    return tidy


def date_of_birth(text: str, today: date) -> date:
    if not _DATE.fullmatch(text):
        raise WrongCell(_("not a date in this form"), _("a date such as 2010-03-14 (year, month, day)"))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise WrongCell(_("the calendar has no such day"), _("a day of the calendar")) from None
    if not FIRST_BIRTHDAY <= day < today:
        raise WrongCell(_("nobody who sits the exam was born then"), _("a day in the past, from 1900 on"))
    return day


def preparation_centre(text: str) -> str:
    """The name or the code of a preparation centre, or nothing."""
    return _free_text(text, LONGEST_CENTRE)


def _free_text(text: str, longest: int) -> str:
    if _UNSEEN.search(text):
        raise WrongCell(_("the text has a control character or a line break"), _("one line of plain text"))
    tidy = " ".join(unicodedata.normalize("NFC", text).split())
    if len(tidy) > longest:
        raise WrongCell(_("the text has %d characters") % len(tidy), _("%d characters at most") % longest)
    return tidy


class EntryFile(Loader):
    """An entries file of a session.

    What a row says of a known ID Number replaces what is stored; entries that the file does not name stay.
    Whose a result is does not change any more once an approval covers it: a row that would is a fault.
    Secret Numbers are digested on the way in; they reach neither the database nor a message. An empty cell
    of an optional column takes nothing away; an entry without a Secret Number waits for its slip.
    """

    called = gettext_lazy("entries")
    telling = frozenset({"candidate_number", "family_name", "given_names", "date_of_birth"})
    columns = (
        "id_number",
        "candidate_number",
        "family_name",
        "given_names",
        "date_of_birth",
        "preparation_centre",
    )
    optional = ("secret_number", "email")
    staged = (
        "row integer, id_number text, secret_digest text, candidate_number text, family_name text,"
        " given_names text, date_of_birth date, centre text, email text"
    )

    def __init__(self, session) -> None:
        super().__init__(session)
        with connection.cursor() as cursor:
            cursor.execute("SELECT now()")
            self._today = timezone.localdate(cursor.fetchone()[0])
        self._secret_lengths = Counter()
        self._long_numbers = 0

    def parse(self, number: int, cells: Cells) -> tuple:
        who = self.value(number, cells, "id_number", id_number)
        secret = self._optional(number, cells, "secret_number", secret_number)
        candidate = self.value(number, cells, "candidate_number", candidate_number)
        if secret and secret.isdigit():
            self._secret_lengths[len(secret)] += 1
        if candidate and len(candidate) > USUAL_CANDIDATE_NUMBER:
            self._long_numbers += 1
        return (
            number,
            who,
            numbers.digest_secret_number(who, secret) if who and secret else None,
            candidate,
            self.value(number, cells, "family_name", name),
            self.value(number, cells, "given_names", name),
            self.value(number, cells, "date_of_birth", date_of_birth, self._today),
            self.value(number, cells, "preparation_centre", preparation_centre),
            self._optional(number, cells, "email", email),
        )

    def _optional(self, number: int, cells: Cells, column: str, rule: Callable[[str], str]) -> str | None:
        """What a cell says, or None if it is empty or the file has no such column."""
        return self.value(number, cells, column, rule) if cells.get(column) else None

    def shown(self, column: str, cells: Cells) -> str:
        """A faulty cell, without what may be a Secret Number, also where the columns have shifted."""
        text = cells[column]
        may_be_secret = (
            column == "secret_number" or text == cells.get("secret_number") or _ONLY_DIGITS.fullmatch(text)
        )
        return MASKED if text and may_be_secret else text

    def check(self, cursor) -> None:
        # Imports of entries run one after another: two files may bring the same ID Number or centre.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_IMPORT])
        # An approval that runs now ends before it is asked what is approved, or starts after the import.
        releases = Release.objects.select_for_update().filter(session=self.session)
        approved_through = releases.values_list("approved_through", flat=True).first()
        self._check_numbers(cursor)
        self._check_centres(cursor)
        self._check_approved(cursor, approved_through)
        self._check_registered(cursor)
        if len(self._secret_lengths) > 1:
            lengths = ", ".join(
                ngettext("%(count)d of %(length)d digits", "%(count)d of %(length)d digits", count)
                % {"count": count, "length": length}
                for length, count in self._secret_lengths.most_common()
            )
            self.warn(
                _("the Secret Numbers differ in length: %s") % lengths,
                _("the zeros at the beginning, which spreadsheet programs drop"),
                column="secret_number",
            )
        if self._long_numbers:
            self.warn(
                ngettext(
                    "%d candidate number has more than 4 digits",
                    "%d candidate numbers have more than 4 digits",
                    self._long_numbers,
                )
                % self._long_numbers,
                _("4 digits, as on the slip, unless a session has more than 10,000 candidates"),
                column="candidate_number",
            )

    def _check_numbers(self, cursor) -> None:
        faults = self.report.faults
        self.check_once(cursor, "id_number", _("the same ID Number stands in row %d"))
        self.check_once(cursor, "candidate_number", _("the same candidate number stands in row %d"))
        self.query(
            cursor,
            faults,
            """
            SELECT s.row, s.id_number, x.code FROM staged s
            JOIN results_entry e ON e.id_number = s.id_number AND e.session_id <> %s
            JOIN results_examsession x ON x.id = e.session_id
            """,
            [self.session.pk],
            lambda row, value, code: Finding(
                _("this candidate is entered for session %s") % code,
                _("an ID Number of session %s, or a new one") % self.session.code,
                row,
                "id_number",
                value,
            ),
        )
        # An entry that is in the file too gets the number that the file gives it.
        self.query(
            cursor,
            faults,
            """
            SELECT s.row, s.candidate_number, e.id_number FROM staged s
            JOIN results_entry e ON e.session_id = %s AND e.candidate_number = s.candidate_number
            WHERE e.id_number IS DISTINCT FROM s.id_number
              AND NOT EXISTS (SELECT FROM staged other WHERE other.id_number = e.id_number)
            """,
            [self.session.pk],
            lambda row, value, other: Finding(
                _("candidate %s of this session has this candidate number") % other,
                _("a candidate number of its own"),
                row,
                "candidate_number",
                value,
            ),
        )

    def _check_centres(self, cursor) -> None:
        """Find the centres by code or name, case and spaces forgiven; new ones are added, and said."""
        cursor.execute(
            f"""
            CREATE TEMPORARY TABLE staged_centre ON COMMIT DROP AS
            SELECT lower(centre) AS written, min(row) AS row, count(*) AS entries,
                   (array_agg(centre ORDER BY row))[1] AS name, NULL::bigint AS id
            FROM staged WHERE centre <> '' GROUP BY lower(centre);
            UPDATE staged_centre s SET id = (
                SELECT c.id FROM {CENTRE.db_table} c
                WHERE lower(c.code) = s.written OR {_squeezed("c.name")} = s.written
                ORDER BY lower(c.code) = s.written DESC, c.id LIMIT 1
            );
            """  # noqa: S608
        )
        self.query(
            cursor,
            self.report.faults,
            "SELECT row FROM staged_centre WHERE id IS NULL AND written ~ '^[0-9 ]+$'",
            [],
            lambda row: Finding(
                _("no preparation centre has this code"),
                _("the code of one that is there, or a name"),
                row,
                "preparation_centre",
                MASKED,
            ),
        )
        self.query(
            cursor,
            self.report.warnings,
            "SELECT row, name, entries FROM staged_centre WHERE id IS NULL AND written !~ '^[0-9 ]+$'",
            [],
            lambda row, centre, entries: Finding(
                ngettext(
                    "a new preparation centre, which will be added with %d entry",
                    "a new preparation centre, which will be added with %d entries",
                    entries,
                )
                % entries,
                "",
                row,
                "preparation_centre",
                centre,
            ),
        )

        cursor.execute(
            """
            SELECT count(*) FROM staged s JOIN results_entry e ON e.id_number = s.id_number
            WHERE e.session_id = %s AND s.centre = '' AND e.preparation_centre_id IS NOT NULL
            """,
            [self.session.pk],
        )
        (emptied,) = cursor.fetchone()
        if emptied:
            self.warn(
                ngettext(
                    "%d entry has a preparation centre, and none in the file",
                    "%d entries have a preparation centre, and none in the file",
                    emptied,
                )
                % emptied,
                _("its code or name, unless the candidate has left it"),
                column="preparation_centre",
            )

    def _check_approved(self, cursor, approved_through: int | None) -> None:
        """An approval is for the marks of a person: a file that is loaded later gives them to nobody else."""
        self.query(
            cursor,
            self.report.faults,
            """
            SELECT s.row, cell.name, cell.value, s.id_number, s.secret_digest AS given, e.secret_digest
            FROM staged s
            JOIN results_entry e ON e.session_id = %s AND e.id_number = s.id_number
            LEFT JOIN staged_centre c ON c.written = lower(s.centre)
            CROSS JOIN LATERAL (VALUES
                ('candidate_number', s.candidate_number, s.candidate_number <> e.candidate_number),
                ('family_name', s.family_name, s.family_name <> e.family_name),
                ('given_names', s.given_names, s.given_names <> e.given_names),
                ('date_of_birth', to_char(s.date_of_birth, 'YYYY-MM-DD'), s.date_of_birth <> e.date_of_birth),
                ('preparation_centre', s.centre, s.centre IS NOT NULL AND (
                    c.id IS DISTINCT FROM e.preparation_centre_id OR c.id IS NULL AND s.centre <> ''))
            ) AS cell (name, value, is_changed)
            WHERE cell.is_changed
              AND EXISTS (SELECT FROM results_statement v WHERE v.entry_id = e.id AND v.id <= %s)
            """,
            [self.session.pk, approved_through],
            lambda row, column, value, who, given, stored: Finding(
                _("this candidate’s result is approved already; a file does not change whose it is"),
                _("what is stored; change single entries in the admin"),
                row,
                column,
                MASKED if _may_be_secret(value, who, (given, stored)) else value,
            ),
        )

    def _check_registered(self, cursor) -> None:
        self.query(
            cursor,
            self.report.warnings,
            """
            SELECT s.row FROM staged s JOIN results_entry e ON e.id_number = s.id_number AND e.session_id = %s
            WHERE e.user_id IS NOT NULL AND e.secret_digest <> s.secret_digest
            """,
            [self.session.pk],
            lambda row: Finding(
                _("another Secret Number, but the candidate has registered: the first one stays"),
                "",
                row,
                "secret_number",
                MASKED,
            ),
        )

    def count(self, cursor) -> None:
        cursor.execute(
            f"""
            SELECT coalesce(c.name, s.name, ''), sum(s.entries)::integer FROM (
                SELECT g.id, g.name, g.entries FROM staged_centre g
                UNION ALL SELECT NULL, NULL, count(*) FROM staged WHERE centre = ''
            ) AS s LEFT JOIN {CENTRE.db_table} c ON c.id = s.id
            WHERE s.entries > 0 GROUP BY 1 ORDER BY 1
            """  # noqa: S608
        )
        self.report.by_centre = dict(cursor)

    def store(self, cursor) -> None:
        cursor.execute(
            f"""
            INSERT INTO {CENTRE.db_table} (code, name) SELECT '', name FROM staged_centre WHERE id IS NULL;
            UPDATE staged_centre s SET id = c.id FROM {CENTRE.db_table} c
            WHERE s.id IS NULL AND lower(c.name) = s.written;
            """  # noqa: S608
        )
        cursor.execute(
            """
            UPDATE results_entry e SET
                candidate_number = s.candidate_number, family_name = s.family_name,
                given_names = s.given_names, date_of_birth = s.date_of_birth, preparation_centre_id = c.id,
                secret_digest = CASE WHEN e.user_id IS NULL THEN coalesce(s.secret_digest, e.secret_digest)
                    ELSE e.secret_digest END,
                email = coalesce(s.email, e.email)
            FROM staged s LEFT JOIN staged_centre c ON c.written = lower(s.centre)
            WHERE e.session_id = %s AND e.id_number = s.id_number AND (
                (e.candidate_number, e.family_name, e.given_names, e.date_of_birth, e.preparation_centre_id)
                IS DISTINCT FROM (s.candidate_number, s.family_name, s.given_names, s.date_of_birth, c.id)
                OR e.user_id IS NULL AND e.secret_digest <> s.secret_digest OR e.email <> s.email
            )
            """,
            [self.session.pk],
        )
        self.report.changed = cursor.rowcount
        cursor.execute(
            """
            INSERT INTO results_entry (session_id, id_number, secret_digest, candidate_number, family_name,
                given_names, date_of_birth, preparation_centre_id, email)
            SELECT %s, s.id_number, coalesce(s.secret_digest, ''), s.candidate_number, s.family_name,
                s.given_names, s.date_of_birth, c.id, coalesce(s.email, '')
            FROM staged s LEFT JOIN staged_centre c ON c.written = lower(s.centre)
            WHERE NOT EXISTS (SELECT FROM results_entry e WHERE e.id_number = s.id_number)
            ORDER BY s.row
            """,
            [self.session.pk],
        )
        self.report.added = cursor.rowcount
        cursor.execute(
            "SELECT (SELECT count(*) FROM staged), count(*),"
            " count(*) FILTER (WHERE secret_digest = '' AND user_id IS NULL)"
            " FROM results_entry WHERE session_id = %s",
            [self.session.pk],
        )
        rows, entries, unnumbered = cursor.fetchone()
        self.report.unchanged = rows - self.report.added - self.report.changed
        if absent := entries - rows:
            self.report.notes.append(
                ngettext(
                    "%d entry of this session is not in the file; it stays as it is.",
                    "%d entries of this session are not in the file; they stay as they are.",
                    absent,
                )
                % absent
            )
        if unnumbered:
            self.report.notes.append(
                ngettext(
                    "%d entry has no Secret Number; issue its slip on the session’s page.",
                    "%d entries have no Secret Number; issue their slips on the session’s page.",
                    unnumbered,
                )
                % unnumbered
            )
        cursor.execute("DROP TABLE staged_centre")


def _may_be_secret(text: str, who: str, digests: tuple[str | None, ...]) -> bool:
    """Whether a staged text may be a Secret Number in a wrong column; digests: of the candidate's own."""
    secret = numbers.normalise_secret_number(text)
    return text.replace(" ", "").isdigit() or numbers.digest_secret_number(who, secret) in digests


def _squeezed(column: str) -> str:
    """SQL: a stored name as `written` has it."""
    return f"lower(regexp_replace(btrim({column}), '\\s+', ' ', 'g'))"
