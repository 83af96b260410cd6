"""Loading the entries of a session: what a file says, what it must not say, and what is stored."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from centres.models import PreparationCentre
from results import slips
from results.importing.reports import MASKED
from results.models import CandidateStatement, CentreStatement, Entry, Release
from results.numbers import digest_secret_number
from tests import factories, plugin
from tests.results.loading import (
    ENTRY_COLUMNS,
    entry_row,
    load_entries,
    whole_database,
    write,
    write_table,
)
from tests.results.test_importing_beside import WAIT, wait_until_somebody_waits

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    return factories.session("B2F", code="B2F-2026-06")


@pytest.fixture(params=["csv", "xlsx"])
def path(request, tmp_path):
    """A file of either kind."""
    return tmp_path / f"entries.{request.param}"


# --- What is stored ------------------------------------------------------------------------------------


def test_every_row_becomes_an_entry(session, path):
    centre = factories.centre(name="Liceo Volta", code="C17")
    rows = [
        entry_row(1, secret_number="0042", preparation_centre="Liceo Volta"),
        entry_row(2, family_name="Nguyễn", given_names="Thị Ánh", preparation_centre="c17"),
        entry_row(3, family_name="Ковалёв", given_names="李"),
    ]
    report = load_entries(session, write(path, rows))

    assert (report.added, report.changed, report.unchanged) == (3, 0, 0)
    first, second, third = Entry.objects.order_by("id_number")
    assert (first.session, first.id_number, first.candidate_number) == (session, "SIR000001", "0001")
    assert (first.family_name, first.given_names, first.date_of_birth) == (
        "Bianchi",
        "Alice Maria",
        date(2010, 3, 14),
    )
    assert first.secret_digest == digest_secret_number("SIR000001", "0042")
    assert (first.preparation_centre, second.preparation_centre, third.preparation_centre) == (
        centre,
        centre,
        None,
    )
    assert (second.name, third.name) == ("Thị Ánh Nguyễn", "李 Ковалёв")
    assert (first.user, first.email) == (None, "")
    assert str(report) == "Stored: 3 added, 0 changed, 0 unchanged."


def test_numbers_are_forgiven_their_spaces_case_and_letters_for_noughts(session, path):
    row = entry_row(id_number=" sir-o947 O1 ", secret_number="84 82", candidate_number="7")
    assert not load_entries(session, write(path, [row])).faults
    entry = Entry.objects.get()
    assert (entry.id_number, entry.candidate_number) == ("SIR094701", "0007")
    assert entry.secret_digest == digest_secret_number("SIR094701", "8482")


def test_column_names_are_forgiven_their_case_spaces_and_order(session, path):
    row = entry_row()
    columns = list(reversed(row))
    headings = [column.replace("_", " ").title() for column in columns]
    load_entries(session, write_table(path, [headings, [row[column] for column in columns]]))
    assert Entry.objects.get().id_number == "SIR000001"


def test_cells_that_a_spreadsheet_made_numbers_and_dates_are_read_as_a_person_reads_them(session, tmp_path):
    row = entry_row(secret_number=8482.0, candidate_number=7, date_of_birth=date(2010, 3, 14))
    assert not load_entries(session, write(tmp_path / "entries.xlsx", [row])).faults
    entry = Entry.objects.get()
    assert (entry.candidate_number, entry.date_of_birth) == ("0007", date(2010, 3, 14))
    assert entry.secret_digest == digest_secret_number("SIR000001", "8482")


def test_a_name_is_stored_the_same_whichever_way_its_accents_are_composed(session, path):
    load_entries(session, write(path, [entry_row(family_name="Nicolo\u0300  Rossi")]))
    assert Entry.objects.get().family_name == "Nicolò Rossi"
    again = load_entries(session, write(path, [entry_row(family_name="Nicolò Rossi")]))
    assert again.unchanged == 1


def test_loading_the_same_file_again_changes_nothing_and_says_so(session, path):
    file = write(path, [entry_row(1, preparation_centre="Scuola Nuova"), entry_row(2)])
    load_entries(session, file)
    before = whole_database()
    report = load_entries(session, file)
    assert whole_database() == before
    assert str(report) == "Nothing changed: 2 rows of the file, all stored already."
    assert not report.warnings


def test_what_the_file_says_of_a_known_entry_replaces_what_is_stored(session, path):
    load_entries(
        session, write(path, [entry_row(1, preparation_centre="Scuola Nuova"), entry_row(2), entry_row(3)])
    )
    kept = Entry.objects.get(id_number="SIR000001").pk
    changed = entry_row(
        1, secret_number="9999", candidate_number="5003", family_name="Verdi", date_of_birth="2009-01-02"
    )
    report = load_entries(session, write(path, [changed, entry_row(2), entry_row(4)]))

    assert (report.added, report.changed, report.unchanged) == (1, 1, 1)
    entry = Entry.objects.get(id_number="SIR000001")
    assert (entry.pk, entry.family_name, entry.candidate_number) == (kept, "Verdi", "5003")
    assert (entry.date_of_birth, entry.preparation_centre) == (date(2009, 1, 2), None)
    assert entry.secret_digest == digest_secret_number("SIR000001", "9999")


def test_entries_that_the_file_does_not_name_stay_and_are_counted(session, path):
    load_entries(session, write(path, [entry_row(n) for n in (1, 2, 3)]))
    report = load_entries(session, write(path, [entry_row(2)]))
    assert report.notes == ["2 entries of this session are not in the file; they stay as they are."]
    assert Entry.objects.count() == 3


def test_two_candidates_may_exchange_their_candidate_numbers(session, path):
    load_entries(session, write(path, [entry_row(1), entry_row(2)]))
    swapped = [entry_row(1, candidate_number="0002"), entry_row(2, candidate_number="0001"), entry_row(3)]
    assert load_entries(session, write(path, swapped)).changed == 2
    assert [entry.candidate_number for entry in Entry.objects.order_by("id_number")] == [
        "0002",
        "0001",
        "0003",
    ]


def test_a_new_candidate_may_take_the_number_that_another_gives_up(session, path):
    load_entries(session, write(path, [entry_row(1)]))
    rows = [entry_row(2, candidate_number="0001"), entry_row(1, candidate_number="0002")]
    report = load_entries(session, write(path, rows))
    assert (report.added, report.changed) == (1, 1)


def test_the_secret_number_of_a_registered_candidate_stays_with_a_warning(session, path):
    load_entries(session, write(path, [entry_row(1), entry_row(2)]))
    entry = Entry.objects.get(id_number="SIR000001")
    factories.candidate(entry)
    rows = [entry_row(1, secret_number="1111", family_name="Verdi"), entry_row(2, secret_number="2222")]
    report = load_entries(session, write(path, rows))

    entry.refresh_from_db()
    assert entry.family_name == "Verdi"
    assert entry.secret_digest == digest_secret_number("SIR000001", "7001")
    assert Entry.objects.get(id_number="SIR000002").secret_digest == digest_secret_number("SIR000002", "2222")
    assert str(report.warnings) == (
        "Row 2, column secret_number, “••••”: another Secret Number, but the candidate has registered:"
        " the first one stays."
    )
    assert load_entries(session, path).unchanged == 2


def test_an_import_never_touches_who_registered(session, path):
    load_entries(session, write(path, [entry_row(1)]))
    entry = Entry.objects.get()
    user = factories.candidate(entry)
    load_entries(session, write(path, [entry_row(1, family_name="Verdi")]))
    entry.refresh_from_db()
    assert (entry.family_name, entry.user) == ("Verdi", user)


def test_every_change_of_an_entry_is_in_the_history_and_an_unchanged_one_is_not(session, path):
    load_entries(session, write(path, [entry_row(1), entry_row(2)]))
    load_entries(session, write(path, [entry_row(1, family_name="Verdi"), entry_row(2)]))
    event = Entry.pgh_event_models["update"]
    assert list(event.objects.order_by("pgh_id").values_list("pgh_label", "id_number", "family_name")) == [
        ("insert", "SIR000001", "Bianchi"),
        ("insert", "SIR000002", "Bianchi"),
        ("update", "SIR000001", "Verdi"),
    ]


# --- Preparation centres -------------------------------------------------------------------------------


def test_an_unknown_preparation_centre_is_added_and_said_so(session, path):
    rows = [
        entry_row(1, preparation_centre="Liceo  Galilei"),
        entry_row(2, preparation_centre="LICEO GALILEI"),
        entry_row(3, preparation_centre="Scuola Nuova"),
    ]
    report = load_entries(session, write(path, rows))
    assert list(PreparationCentre.objects.values_list("name", "code")) == [
        ("Liceo Galilei", ""),
        ("Scuola Nuova", ""),
    ]
    assert Entry.objects.filter(preparation_centre__name="Liceo Galilei").count() == 2
    assert str(report.warnings) == (
        "Row 2, column preparation_centre, “Liceo Galilei”: a new preparation centre,"
        " which will be added with 2 entries.\n"
        "Row 4, column preparation_centre, “Scuola Nuova”: a new preparation centre,"
        " which will be added with 1 entry."
    )


@pytest.mark.parametrize("written", ["Liceo Volta", " liceo   VOLTA ", "c17", "C17"])
def test_a_known_preparation_centre_is_found_by_name_or_code(session, tmp_path, written):
    centre = factories.centre(name="Liceo  Volta", code="C17")
    report = load_entries(session, write(tmp_path / "e.csv", [entry_row(preparation_centre=written)]))
    assert Entry.objects.get().preparation_centre == centre
    assert not report.warnings


def test_a_code_goes_before_a_name(session, tmp_path):
    factories.centre(name="C17", code="")
    by_code = factories.centre(name="Liceo Volta", code="C17")
    load_entries(session, write(tmp_path / "e.csv", [entry_row(preparation_centre="C17")]))
    assert Entry.objects.get().preparation_centre == by_code


def test_an_unknown_code_of_digits_is_no_new_centre_and_is_not_repeated(session, path):
    report = load_entries(session, write(path, [entry_row(preparation_centre="8482")]))
    assert str(report.faults) == (
        "Row 2, column preparation_centre, “••••”: no preparation centre has this code."
        " Expected: the code of one that is there, or a name."
    )
    assert not PreparationCentre.objects.exists()


# --- Faults of a cell ----------------------------------------------------------------------------------


ID_FORM = ("not an ID Number", "letters, then digits, such as SIR094701")
SECRET_FORM = ("not a Secret Number", "4 to 12 letters or digits, as on the slip")
LOST_ZEROS = (
    "spreadsheet programs drop zeros at the beginning, as they did here",
    "all digits of the Secret Number, in a column formatted as text",
)
NUMBER_FORM = ("not a candidate number", "4 digits, such as 5003")
NAME_FORM = ("not a name", "a name")
NAME_LENGTH = ("the text has 81 characters", "80 characters at most")
CENTRE_LENGTH = ("the text has 121 characters", "120 characters at most")
ONE_LINE = ("the text has a control character or a line break", "one line of plain text")
DATE_FORM = ("not a date in this form", "a date such as 2010-03-14 (year, month, day)")
NO_DAY = ("the calendar has no such day", "a day of the calendar")
NEVER_BORN = ("nobody who sits the exam was born then", "a day in the past, from 1900 on")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("id_number", "SIR12", ID_FORM),
        ("id_number", "SIR0947012345", ID_FORM),
        ("id_number", "094701SIR", ID_FORM),
        ("secret_number", "84!82", SECRET_FORM),
        ("secret_number", "A" * 13, SECRET_FORM),
        ("secret_number", "482", LOST_ZEROS),
        ("secret_number", "0", LOST_ZEROS),
        ("candidate_number", "50-3", NUMBER_FORM),
        ("candidate_number", "5003.5", NUMBER_FORM),
        ("candidate_number", "٥٠٠٣", NUMBER_FORM),
        ("candidate_number", "-5003", NUMBER_FORM),
        ("given_names", "84", NAME_FORM),
        ("family_name", "8 4", NAME_FORM),
        ("family_name", "\u200b", NAME_FORM),
        ("given_names", "x" * 81, NAME_LENGTH),
        ("family_name", "Ros\x07si", ONE_LINE),
        ("family_name", "Rossi\nBianchi", ONE_LINE),
        ("family_name", "A\u202ecila", ONE_LINE),
        ("date_of_birth", "14/03/2010", DATE_FORM),
        ("date_of_birth", "2010-3-14", DATE_FORM),
        ("date_of_birth", "14 marzo 2010", DATE_FORM),
        ("date_of_birth", "2010-02-30", NO_DAY),
        ("date_of_birth", "1899-12-31", NEVER_BORN),
        ("preparation_centre", "x" * 121, CENTRE_LENGTH),
        ("preparation_centre", "Liceo\tVolta", ONE_LINE),
    ],
)
def test_a_cell_that_is_not_what_its_column_asks_for_is_a_fault(session, path, column, value, said):
    if path.suffix == ".xlsx" and "\x07" in value:
        pytest.skip("a workbook cannot hold it")
    report = load_entries(session, write(path, [entry_row(1), entry_row(2, **{column: value})]))
    [fault] = report.faults
    shown = MASKED if column == "secret_number" else value
    assert (fault.row, fault.column, fault.value) == (3, column, shown)
    assert (fault.wrong, fault.expected) == said
    assert not Entry.objects.exists()


@pytest.mark.parametrize("column", [name for name in ENTRY_COLUMNS[:-1] if name != "secret_number"])
@pytest.mark.parametrize("blank", ["", " \u00a0 "])
def test_only_the_preparation_centre_and_the_secret_number_may_be_empty(session, path, column, blank):
    report = load_entries(session, write(path, [entry_row(1, **{column: blank})]))
    [fault] = report.faults
    assert (fault.row, fault.column, fault.wrong) == (2, column, "the cell is empty")


def test_entries_without_a_secret_number_wait_for_their_slips(session, path):
    columns = [name for name in ENTRY_COLUMNS if name != "secret_number"]
    report = load_entries(session, write(path, [entry_row(1), entry_row(2)], columns))
    assert report.added == 2
    assert set(Entry.objects.values_list("secret_digest", flat=True)) == {""}
    assert str(report).endswith("2 entries have no Secret Number; issue their slips on the session’s page.")
    with_one = load_entries(session, write(path, [entry_row(1), entry_row(2, secret_number="")]))
    assert (with_one.changed, with_one.unchanged) == (1, 1)
    assert Entry.objects.get(id_number="SIR000001").secret_digest == digest_secret_number("SIR000001", "7001")


def test_an_empty_cell_takes_no_secret_number_away(session, path):
    load_entries(session, write(path, [entry_row(1)]))
    report = load_entries(session, write(path, [entry_row(1, secret_number="", family_name="Neri")]))
    entry = Entry.objects.get()
    assert (report.changed, entry.family_name) == (1, "Neri")
    assert entry.secret_digest == digest_secret_number("SIR000001", "7001")


def test_a_number_in_the_file_replaces_one_that_we_issued(session, path):
    load_entries(session, write(path, [entry_row(1, secret_number="")]))
    slips.issue_numbers(session, factories.officer())
    assert load_entries(session, write(path, [entry_row(1)])).changed == 1
    assert Entry.objects.get().secret_digest == digest_secret_number("SIR000001", "7001")


def test_the_address_of_an_entry_is_optional_and_an_empty_cell_keeps_it(session, path):
    load_entries(session, write(path, [entry_row(1, email="anna@example.org"), entry_row(2)]))
    assert list(Entry.objects.order_by("pk").values_list("email", flat=True)) == ["anna@example.org", ""]
    assert load_entries(session, write(path, [entry_row(1, email=""), entry_row(2)])).unchanged == 2
    report = load_entries(session, write(path, [entry_row(1, email="a@example.org"), entry_row(2)]))
    assert (report.changed, Entry.objects.get(id_number="SIR000001").email) == (1, "a@example.org")
    report = load_entries(session, write(path, [entry_row(1, email="anna@example")]))
    assert [(fault.column, fault.wrong) for fault in report.faults] == [("email", "not an e-mail address")]


def test_a_fault_is_one_short_line_of_row_column_value_what_is_wrong_and_what_is_expected(session, path):
    row = entry_row(1, date_of_birth="14/03/2010", given_names="one\ntwo" + 30_000 * "x")
    assert str(load_entries(session, write(path, [row])).faults) == (
        "Row 2, column given_names, “one\\ntwo"
        + 33 * "x"
        + "…”: the text has a control character or a line break."
        " Expected: one line of plain text.\n"
        "Row 2, column date_of_birth, “14/03/2010”: not a date in this form."
        " Expected: a date such as 2010-03-14 (year, month, day)."
    )


@pytest.mark.parametrize(
    ("days", "sound"), [(-1, True), (0, False), (1, False)], ids=["yesterday", "today", "tomorrow"]
)
def test_a_date_of_birth_is_in_the_past(session, tmp_path, days, sound):
    day = timezone.localdate(factories.database_now()) + timedelta(days=days)
    report = load_entries(session, write(tmp_path / "e.csv", [entry_row(date_of_birth=day.isoformat())]))
    assert bool(report.faults) is not sound


def test_names_may_be_eighty_characters_long_and_born_in_1900(session, path):
    row = entry_row(family_name="x" * 80, given_names="é" * 80, date_of_birth="1900-01-01")
    assert not load_entries(session, write(path, [row])).faults


# --- Faults between rows, and with what is stored ------------------------------------------------------


def test_the_same_id_number_twice_names_both_rows(session, path):
    rows = [
        entry_row(1),
        entry_row(2),
        entry_row(3, id_number="sir 000001"),
        entry_row(4, id_number="SIR000001"),
    ]
    report = load_entries(session, write(path, rows))
    assert str(report.faults) == (
        "Row 4, column id_number, “SIR000001”: the same ID Number stands in row 2."
        " Expected: one row for each candidate.\n"
        "Row 5, column id_number, “SIR000001”: the same ID Number stands in row 2."
        " Expected: one row for each candidate."
    )


def test_the_same_candidate_number_twice_names_both_rows(session, path):
    report = load_entries(session, write(path, [entry_row(1, candidate_number="12"), entry_row(12)]))
    assert str(report.faults) == (
        "Row 3, column candidate_number, “0012”: the same candidate number stands in row 2."
        " Expected: one row for each candidate."
    )


def test_a_candidate_number_of_an_entry_that_is_not_in_the_file_is_taken(session, path):
    load_entries(session, write(path, [entry_row(1)]))
    report = load_entries(session, write(path, [entry_row(2, candidate_number="0001")]))
    assert str(report.faults) == (
        "Row 2, column candidate_number, “0001”: candidate SIR000001 of this session has this candidate"
        " number. Expected: a candidate number of its own."
    )


def test_a_candidate_number_may_be_the_same_in_another_session(session, path):
    factories.entry(factories.session(), candidate_number="0001")
    assert not load_entries(session, write(path, [entry_row(77, candidate_number="0001")])).faults


def test_an_id_number_of_another_session_names_that_session(session, path):
    factories.entry(factories.session(code="C1A-2026-03"), id_number="SIR000001")
    report = load_entries(session, write(path, [entry_row(1)]))
    assert str(report.faults) == (
        "Row 2, column id_number, “SIR000001”: this candidate is entered for session C1A-2026-03."
        " Expected: an ID Number of session B2F-2026-06, or a new one."
    )


def test_all_faults_are_found_at_once_in_the_order_of_the_rows(session, path):
    load_entries(session, write(path, [entry_row(9)]))
    rows = [
        entry_row(1, date_of_birth="no", family_name=""),
        entry_row(2, candidate_number="0009"),
        entry_row(1, secret_number="1"),
    ]
    found = load_entries(session, write(path, rows)).faults
    assert [(fault.row, fault.column, fault.value) for fault in found] == [
        (2, "family_name", ""),
        (2, "date_of_birth", "no"),
        (3, "candidate_number", "0009"),
        (4, "secret_number", MASKED),
        (4, "id_number", "SIR000001"),
        (4, "candidate_number", "0001"),
    ]


def test_a_file_with_one_fault_stores_nothing_at_all(session, path):
    load_entries(session, write(path, [entry_row(n) for n in range(1, 4)]))
    before = whole_database()
    rows = [
        entry_row(1, family_name="Verdi", preparation_centre="Scuola Nuova"),
        entry_row(5),
        entry_row(6, id_number="?"),
    ]
    report = load_entries(session, write(path, rows))
    assert str(report) == "Nothing was stored: the file has 1 fault."
    assert whole_database() == before


def test_a_dry_run_says_what_it_would_do_and_stores_nothing(session, path):
    load_entries(session, write(path, [entry_row(1), entry_row(2)]))
    before = whole_database()
    rows = [entry_row(1, family_name="Verdi", preparation_centre="Scuola Nuova"), entry_row(3)]
    report = load_entries(session, write(path, rows), dry_run=True)
    assert str(report) == (
        "Nothing was stored (dry run).\n"
        "It would be: 1 added, 1 changed, 0 unchanged.\n"
        "1 entry of this session is not in the file; it stays as it is."
    )
    assert "a new preparation centre, which will be added with 1 entry" in str(report.warnings)
    assert whole_database() == before
    assert load_entries(session, path).added == 1


def test_only_the_first_hundred_faults_are_kept_in_order_and_the_rest_counted(session, tmp_path):
    rows = [entry_row(n, date_of_birth="no") for n in range(1, 151)] + [entry_row(n) for n in range(1, 151)]
    report = load_entries(session, write(tmp_path / "e.csv", rows))
    assert len(report.faults) == 150 + 2 * 150
    lines = str(report.faults).splitlines()
    assert len(lines) == 101
    assert [int(line.split(",")[0].removeprefix("Row ")) for line in lines[:100]] == list(range(2, 102))
    assert lines[100] == "… and 350 more"


# --- After an approval ---------------------------------------------------------------------------------


APPROVED = (
    "this candidate’s result is approved already; a file does not change whose it is."
    " Expected: what is stored; change single entries in the admin."
)
STORED_ROWS = [
    entry_row(1, family_name="Bianchi", preparation_centre="Liceo Volta"),
    entry_row(2, family_name="Rossi", preparation_centre="Scuola Nuova"),
    entry_row(3, family_name="Verdi"),
]


def store_with_statements(session, path, rows=STORED_ROWS):
    """Load the rows, and give each of these candidates a statement."""
    load_entries(session, write(path, rows))
    for entry in Entry.objects.all():
        factories.statement(entry)


def approve(session):
    factories.approve_by_two(session.release)


@pytest.fixture
def approved(session, path):
    """Three candidates whose statements are approved and open, the first two of preparation centres."""
    Release.objects.update(approved_through=None)
    store_with_statements(session, path)
    approve(session)
    return session


def shifted(rows: list[dict], *columns: str) -> list[dict]:
    """The rows, with these columns one row too high."""
    below = [*rows[1:], rows[0]]
    return [
        row | {column: other[column] for column in columns} for row, other in zip(rows, below, strict=True)
    ]


def test_columns_that_have_shifted_give_no_approved_result_to_somebody_else(approved, path):
    factories.candidate(Entry.objects.get(id_number="SIR000001"))
    before = whole_database()
    seen = list(CandidateStatement.objects.values()), list(CentreStatement.objects.values())
    rows = [*shifted(STORED_ROWS, "family_name", "preparation_centre"), entry_row(4)]
    report = load_entries(approved, write(path, rows))

    assert str(report.faults) == (
        f"Row 2, column family_name, “Rossi”: {APPROVED}\n"
        f"Row 2, column preparation_centre, “Scuola Nuova”: {APPROVED}\n"
        f"Row 3, column family_name, “Verdi”: {APPROVED}\n"
        f"Row 3, column preparation_centre: {APPROVED}\n"
        f"Row 4, column family_name, “Bianchi”: {APPROVED}\n"
        f"Row 4, column preparation_centre, “Liceo Volta”: {APPROVED}"
    )
    assert str(report) == "Nothing was stored: the file has 6 faults."
    assert whole_database() == before
    assert (list(CandidateStatement.objects.values()), list(CentreStatement.objects.values())) == seen
    assert [len(rows) for rows in seen] == [1, 2]


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("candidate_number", "5003", MASKED),
        ("family_name", "bianchi", "bianchi"),
        ("given_names", "Alice", "Alice"),
        ("date_of_birth", "2010-03-15", "2010-03-15"),
        ("preparation_centre", "Scuola Nuova", "Scuola Nuova"),
        ("preparation_centre", "Liceo Galilei", "Liceo Galilei"),
        ("preparation_centre", "", ""),
    ],
)
def test_a_file_changes_nothing_of_whose_an_approved_result_is(approved, path, column, value, shown):
    before = whole_database()
    report = load_entries(approved, write(path, [STORED_ROWS[0] | {column: value}]))
    [fault] = report.faults
    assert (fault.row, fault.column, fault.value) == (2, column, shown)
    assert whole_database() == before


@pytest.mark.parametrize("centre", ["Liceo Galilei", "Liceo Volta"], ids=["new", "known"])
def test_a_file_gives_an_approved_result_to_no_first_preparation_centre(approved, path, centre):
    report = load_entries(approved, write(path, [STORED_ROWS[2] | {"preparation_centre": centre}]))
    assert [(fault.row, fault.column) for fault in report.faults] == [(2, "preparation_centre")]


def test_a_faulty_cell_of_an_approved_candidate_is_one_fault(approved, path):
    faulty = {"date_of_birth": "?", "family_name": "", "preparation_centre": "a\nb"}
    report = load_entries(approved, write(path, [STORED_ROWS[0] | faulty]))
    assert [fault.column for fault in report.faults] == ["family_name", "date_of_birth", "preparation_centre"]
    assert "approved" not in str(report.faults)


def test_a_secret_number_in_a_wrong_column_of_an_approved_candidate_is_not_repeated(approved, path):
    rows = [
        STORED_ROWS[0] | {"candidate_number": "7001", "secret_number": "0001"},
        STORED_ROWS[1] | {"family_name": "7k2 m9a", "secret_number": "7K2M9A"},
        STORED_ROWS[2] | {"preparation_centre": "482"},
    ]
    report = load_entries(approved, write(path, rows))
    assert [fault.value for fault in report.faults] == [MASKED] * 4
    assert not any(secret in str(report.faults) for secret in ("7001", "7k2", "482"))


def test_the_same_file_after_the_approval_changes_nothing(approved, path):
    before = whole_database()
    report = load_entries(approved, write(path, STORED_ROWS))
    assert str(report) == "Nothing changed: 3 rows of the file, all stored already."
    assert not report.warnings
    assert whole_database() == before


def test_a_new_candidate_is_added_after_the_approval(approved, path):
    report = load_entries(approved, write(path, [*STORED_ROWS, entry_row(4)]))
    assert (report.added, report.changed, report.unchanged) == (1, 0, 3)


def test_a_candidate_whose_statement_no_approval_covers_is_brought_up_to_date(approved, path):
    load_entries(approved, write(path, [entry_row(4), entry_row(5)]))
    factories.statement(Entry.objects.get(id_number="SIR000004"))
    rows = [*STORED_ROWS, entry_row(4, family_name="Neri"), entry_row(5, family_name="Neri")]
    assert load_entries(approved, write(path, rows)).changed == 2


def test_an_earlier_version_that_is_approved_is_enough(approved, path):
    factories.statement(Entry.objects.get(id_number="SIR000001"), version=2)
    report = load_entries(approved, write(path, [STORED_ROWS[0] | {"family_name": "Neri"}]))
    assert [fault.column for fault in report.faults] == ["family_name"]


@pytest.mark.parametrize("approved_before", [False, True], ids=["not yet", "not any more"])
def test_without_an_approval_a_candidate_with_a_statement_is_brought_up_to_date(
    session, path, approved_before
):
    Release.objects.update(approved_through=None)
    store_with_statements(session, path)
    if approved_before:
        approve(session)
        Release.objects.update(opens_at=factories.database_now() + timedelta(hours=1))
    report = load_entries(session, write(path, shifted(STORED_ROWS, "family_name", "preparation_centre")))
    assert (report.changed, len(report.faults)) == (3, 0)
    assert Entry.objects.get(id_number="SIR000001").family_name == "Rossi"


def test_a_session_without_a_release_has_no_approval(session, path):
    store_with_statements(session, path)
    Release.objects.all().delete()
    assert load_entries(session, write(path, [entry_row(1, given_names="Eva")])).changed == 1


@pytest.mark.django_db(transaction=True)
def test_an_approval_that_runs_while_the_file_is_loaded_counts(tmp_path):
    session = factories.session("B2F", approved=False)
    store_with_statements(session, tmp_path / "e.csv", [entry_row(1)])
    file = write(tmp_path / "e.csv", [entry_row(1, family_name="Neri")])

    def load():
        try:
            return load_entries(session, file)
        finally:
            connection.close()

    with psycopg.connect(plugin.urls["owner"]) as beside, ThreadPoolExecutor() as pool:
        beside.execute(
            "UPDATE results_release SET approved_through = (SELECT max(id) FROM results_statement)"
        )
        loading = pool.submit(load)
        wait_until_somebody_waits(beside)
        beside.commit()
        assert [fault.column for fault in loading.result(WAIT).faults] == ["family_name"]
    assert Entry.objects.get().family_name == "Bianchi"


# --- Warnings about a whole file -----------------------------------------------------------------------


def test_secret_numbers_of_different_lengths_may_have_lost_zeros(session, path):
    rows = [entry_row(n, secret_number=f"{n:06d}") for n in (1, 2, 3)] + [entry_row(4, secret_number="12345")]
    report = load_entries(session, write(path, rows))
    assert str(report.warnings) == (
        "Column secret_number: the Secret Numbers differ in length: 3 of 6 digits, 1 of 5 digits."
        " Expected: the zeros at the beginning, which spreadsheet programs drop."
    )
    assert report.added == 4


def test_candidate_numbers_beyond_four_digits_are_odd_but_stand(session, path):
    report = load_entries(session, write(path, [entry_row(1, candidate_number="10001")]))
    assert str(report.warnings) == (
        "Column candidate_number: 1 candidate number has more than 4 digits."
        " Expected: 4 digits, as on the slip, unless a session has more than 10,000 candidates."
    )
    assert Entry.objects.get().candidate_number == "10001"


def test_a_preparation_centre_that_the_file_empties_is_counted(session, path):
    load_entries(session, write(path, STORED_ROWS))
    emptied = [row | {"preparation_centre": ""} for row in STORED_ROWS]
    one = load_entries(session, write(path, emptied[1:]), dry_run=True)
    assert str(one.warnings) == (
        "Column preparation_centre: 1 entry has a preparation centre, and none in the file."
        " Expected: its code or name, unless the candidate has left it."
    )
    both = load_entries(session, write(path, emptied))
    assert "2 entries have a preparation centre, and none in the file" in str(both.warnings)
    assert both.changed == 2
    assert not load_entries(session, path).warnings


# --- Secret Numbers ------------------------------------------------------------------------------------


def test_a_secret_number_in_a_wrong_column_is_not_repeated(session, path):
    shifted = [
        entry_row(1, id_number="8482", secret_number="8482"),
        entry_row(2, date_of_birth="7K2M9A", secret_number="7K2M9A"),
        entry_row(3, family_name="8482"),
    ]
    report = load_entries(session, write(path, shifted))
    assert len(report.faults) == 3
    assert "8482" not in str(report.faults)
    assert "7K2M9A" not in str(report.faults)


def test_a_file_without_a_header_repeats_nothing_of_its_first_candidate(session, path):
    row = entry_row()
    report = load_entries(session, write_table(path, [list(row.values()), list(entry_row(2).values())]))
    assert str(report.faults) == (
        "Row 1: this row has no column name that is known. Expected: id_number, candidate_number,"
        " family_name, given_names, date_of_birth, preparation_centre, secret_number, email."
    )


def test_secret_numbers_are_in_no_table_no_message_and_no_log(session, path, caplog):
    secrets = [f"X7Q{n}Z9" for n in range(1, 6)]
    rows = [entry_row(n, secret_number=secret) for n, secret in enumerate(secrets, 1)]
    caplog.set_level(0)
    reports = [
        load_entries(session, write(path, rows)),
        load_entries(
            session, write(path, [{**row, "secret_number": "Y" + row["secret_number"]} for row in rows])
        ),
        load_entries(
            session,
            write(path, [{**row, "date_of_birth": "?", "secret_number": "?" + secrets[0]} for row in rows]),
        ),
    ]
    said = "".join(f"{report}{report.faults}{report.warnings}" for report in reports)
    everywhere = said + caplog.text + str(whole_database())
    assert Entry.objects.count() == 5
    assert len(reports[2].faults) == 10
    assert not any(secret in everywhere for secret in secrets)


# --- Work ----------------------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow_with_the_rows(session, tmp_path, django_assert_num_queries):
    one = write(tmp_path / "one.csv", [entry_row(1, preparation_centre="A")])
    many = write(
        tmp_path / "many.csv", [entry_row(n, preparation_centre=f"Centre {n}") for n in range(2, 500)]
    )
    for file in (one, many):
        with django_assert_num_queries(30):
            load_entries(session, file)


def test_the_number_of_queries_does_not_grow_with_the_approved_rows_that_change(
    session, tmp_path, django_assert_num_queries
):
    rows = [entry_row(n, preparation_centre="A") for n in range(1, 60)]
    store_with_statements(session, tmp_path / "e.csv", rows)
    changed = [row | {"family_name": "Neri", "preparation_centre": "B"} for row in rows]
    for count in (1, 59):
        file = write(tmp_path / "changed.csv", changed[:count])
        with django_assert_num_queries(24):
            report = load_entries(session, file)
        assert len(report.faults) == 2 * count
