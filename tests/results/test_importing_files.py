"""Which files can be loaded, and what is said of the others: always a fault, never a traceback."""

import io
import zipfile
from datetime import datetime

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile

from results.importing import reading, workbooks
from results.models import Entry
from tests import factories
from tests.results.loading import (
    ENTRY_COLUMNS,
    entry_row,
    load_entries,
    load_results,
    result_row,
    write,
    write_table,
)

pytestmark = pytest.mark.django_db

HEADER = ",".join(ENTRY_COLUMNS)
ROW = "SIR000001,8482,5003,Nicolò,Élodie,2010-03-14,Liceo Volta"
COLUMNS = (
    "id_number, secret_number, candidate_number, family_name, given_names, date_of_birth, preparation_centre"
)
WORKBOOK_OR_CSV = "an Excel workbook (.xlsx) or a CSV file (.csv)"
HEADER_AND_ROWS = "a header row, and a row for each candidate"
NOT_UTF_8 = "the file is not written in UTF-8: letters such as à or é would be spoilt"
NO_END = "a cell of this row has no end: it is too long, or a quotation mark is missing"


@pytest.fixture
def session():
    return factories.session("B2F", code="B2F-2026-06")


@pytest.fixture
def fault(session, tmp_path):
    """Load bytes under a name; the one fault that is found: (row, what is wrong)."""

    def load(name: str, content: bytes):
        path = tmp_path / name
        path.write_bytes(content)
        report = load_entries(session, path)
        assert not Entry.objects.exists()
        [found] = report.faults
        assert "\n" not in str(found)
        return found.row, found.wrong

    return load


# --- CSV -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_csv_file_may_come_from_any_program(session, tmp_path, delimiter, line_end, encoding):
    lines = [HEADER, ROW, ROW.replace("000001", "000002").replace("5003", "5004")]
    text = "".join(line.replace(",", delimiter) + line_end for line in lines)
    path = tmp_path / "entries.csv"
    path.write_bytes(text.encode(encoding))
    assert load_entries(session, path).added == 2
    assert Entry.objects.get(candidate_number="5003").name == "Élodie Nicolò"


def test_a_quoted_cell_may_hold_delimiters_and_quotation_marks(session, tmp_path):
    path = tmp_path / "entries.CSV"
    path.write_text(
        f'"{HEADER.replace(",", chr(34) + "," + chr(34))}"\n'
        'SIR000001,8482,5003,"Rossi, Bianchi","Alice ""Ali""",2010-03-14,\n'
    )
    load_entries(session, path)
    assert Entry.objects.get().name == 'Alice "Ali" Rossi, Bianchi'


def test_blank_lines_are_left_out_and_counted_as_a_spreadsheet_counts_them(session, tmp_path):
    path = tmp_path / "entries.csv"
    path.write_text(f"\n ,,,,,,\n{HEADER}\n\n{ROW}\n,,,,,,\n{ROW.replace('2010', '2910')}\n\n")
    report = load_entries(session, path)
    assert [(fault.row, fault.column) for fault in report.faults] == [
        (7, "date_of_birth"),
        (7, "id_number"),
        (7, "candidate_number"),
    ]
    assert "stands in row 5" in str(report.faults)


def test_a_row_is_counted_as_one_also_where_a_cell_has_several_lines(session, tmp_path):
    path = tmp_path / "entries.csv"
    path.write_text(
        f'{HEADER}\nSIR000001,8482,5003,"Ros\nsi\n",Alice,2010-03-14,\n{ROW.replace("5003", "?")}\n'
    )
    assert [fault.row for fault in load_entries(session, path).faults] == [2, 3, 3]


def test_empty_cells_beyond_the_header_are_forgiven(session, tmp_path):
    path = tmp_path / "entries.csv"
    path.write_text(f"{HEADER},,\n{ROW},,,,\n")
    assert load_entries(session, path).added == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"])
def test_another_encoding_than_utf_8_is_refused_with_what_to_do(session, tmp_path, encoding):
    path = tmp_path / "entries.csv"
    path.write_bytes(f"{HEADER}\n{ROW}\n{ROW.replace('Nicolò', 'Nicolo')}\n".encode(encoding))
    report = load_entries(session, path)
    [found] = report.faults
    assert found.wrong == NOT_UTF_8
    assert (
        found.expected == "a file saved in Excel as “CSV UTF-8 (Comma delimited)”, or as a workbook (.xlsx)"
    )
    assert not Entry.objects.exists()


def test_the_row_is_named_where_the_encoding_breaks(fault):
    sound = "".join(f"{ROW.replace('000001', f'{n:06d}').replace('5003', f'{n:04d}')}\n" for n in range(2000))
    content = f"{HEADER}\n{sound}".encode() + ROW.encode("cp1252") + b"\n"
    assert fault("entries.csv", content) == (2002, NOT_UTF_8)


def test_a_nul_character_is_a_fault(fault):
    assert fault("entries.csv", f"{HEADER}\n{ROW.replace('Élodie', 'A' + chr(0))}\n".encode()) == (
        2,
        "this row has a NUL character",
    )


@pytest.mark.parametrize(
    "cell", ['"Rossi', '"Rossi"Bianchi', "x" * 10_000_000, '"' + "x\n" * 1_000_000 + '"'],
    ids=["not closed", "closed too early", "10 MB in a line", "2 MB in lines"],
)  # fmt: skip
def test_a_cell_without_an_end_is_a_fault(fault, cell):
    assert fault("entries.csv", f"{HEADER}\nSIR000001,8482,5003,{cell},Alice,2010-03-14,\n".encode()) == (
        2,
        NO_END,
    )


def test_too_few_and_too_many_cells_are_faults_that_repeat_nothing_of_the_row(session, tmp_path):
    path = tmp_path / "entries.csv"
    path.write_text(f"{HEADER}\nSIR000001,8482,5003,Rossi\n{ROW},8482\n")
    assert str(load_entries(session, path).faults) == (
        "Row 2: the row has only 4 cells. Expected: 7, as the header row has.\n"
        "Row 3: the row has 8 cells. Expected: 7, as the header row has."
    )


# --- The header ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (ENTRY_COLUMNS[:-1], [("preparation_centre", "this column is missing")]),
        ([*ENTRY_COLUMNS, "Phone"], [("Phone", "this column is not known")]),
        ([*ENTRY_COLUMNS, "ID Number"], [("id_number", "this column is there more than once")]),
        (
            ["id_number", "secret", "8482", *ENTRY_COLUMNS[2:]],
            [
                ("secret", "this column is not known"),
                ("••••", "this column is not known"),
            ],
        ),
    ],
    ids=["missing", "unknown", "doubled", "several"],
)
def test_a_wrong_header_is_told_column_by_column_and_no_row_is_looked_at(
    session, tmp_path, ending, columns, said
):
    rows = [columns, ["?"] * len(columns)]
    report = load_entries(session, write_table(tmp_path / f"entries.{ending}", rows))
    assert [(found.row, found.column, found.wrong) for found in report.faults] == [
        (1, *each) for each in said
    ]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_cell_under_no_heading_is_a_fault(session, tmp_path, ending):
    rows = [[*ENTRY_COLUMNS, ""], [*entry_row().values(), "8482"]]
    assert str(load_entries(session, write_table(tmp_path / f"entries.{ending}", rows)).faults) == (
        "Row 2: a cell stands in a column without a name. Expected: a name in the header row."
    )


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_file_with_only_a_header_is_a_fault(session, tmp_path, ending):
    report = load_entries(session, write_table(tmp_path / f"entries.{ending}", [ENTRY_COLUMNS]))
    assert str(report.faults) == "The file has only a header row. Expected: a row for each candidate."


# --- Files that are no table ---------------------------------------------------------------------------


def sound_workbook() -> bytes:
    stream = io.BytesIO()
    workbook = xlsxwriter.Workbook(stream)
    workbook.add_worksheet().write_row(0, 0, ENTRY_COLUMNS)
    workbook.close()
    return stream.getvalue()


def without_part(content: bytes, name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(stream, "w") as after:
        for part in before.namelist():
            if part != name:
                after.writestr(part, before.read(part))
    return stream.getvalue()


PASSWORD_PROTECTED = workbooks.OLE + bytes(4000)  # Excel wraps an encrypted workbook in the old container
NOT_CSV = "the file is named .csv, but it is a workbook"
OLD_OR_PROTECTED = "the workbook is protected with a password, or saved in an old format"
NO_WORKBOOK = "the file is no Excel workbook, or a damaged one"


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("entries.csv", b"", "the file is empty"),
        ("entries.xlsx", b"", "the file is empty"),
        ("entries.csv", b"\n \n\n", "the file is empty"),
        ("entries.csv", b"\xef\xbb\xbf", "the file is empty"),
        ("entries.csv", sound_workbook(), NOT_CSV),
        ("entries.csv", PASSWORD_PROTECTED, NOT_CSV),
        ("entries.xlsx", PASSWORD_PROTECTED, OLD_OR_PROTECTED),
        ("entries.xlsx", f"{HEADER}\n{ROW}\n".encode(), NO_WORKBOOK),
        ("entries.xlsx", b"PK\x03\x04 and no more", NO_WORKBOOK),
        ("entries.xlsx", sound_workbook()[:-400], NO_WORKBOOK),
        ("entries.xlsx", without_part(sound_workbook(), "xl/workbook.xml"), NO_WORKBOOK),
        ("entries.xlsx", without_part(sound_workbook(), "xl/worksheets/sheet1.xml"), NO_WORKBOOK),
        ("entries.xlsx", without_part(sound_workbook(), "xl/_rels/workbook.xml.rels"), NO_WORKBOOK),
        ("entries.pdf", b"%PDF-1.7", "the file’s name ends in “.pdf”"),
        ("entries.xls", PASSWORD_PROTECTED, "the file’s name ends in “.xls”"),
        ("entries", f"{HEADER}\n{ROW}\n".encode(), "the file’s name ends in “”"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_is_a_fault_of_the_file(fault, name, content, wrong):
    assert fault(name, content) == (None, wrong)


def test_a_file_that_is_not_there_is_a_fault(session, tmp_path):
    for path in (tmp_path / "nowhere.csv", str(tmp_path)):
        [found] = load_entries(session, path).faults
        assert found.wrong.startswith("the file cannot be opened (")


def test_an_upload_is_read_like_a_file_and_stays_open(session):
    content = f"{HEADER}\n{ROW}\n".encode()
    upload = SimpleUploadedFile("entries.csv", content)
    assert load_entries(session, upload).added == 1
    assert not upload.closed
    with TemporaryUploadedFile("entries.csv", "text/csv", len(content), None) as spooled:
        spooled.write(content)
        spooled.seek(0)
        spooled_report = load_entries(session, spooled)
    assert spooled_report.unchanged == 1


# --- Workbooks -----------------------------------------------------------------------------------------


def test_a_table_may_start_anywhere_and_its_rows_keep_their_numbers(session, tmp_path):
    row = entry_row(date_of_birth="?")
    table = [[], [], ["", "", *row], [], ["", "", *row.values()]]
    [found] = load_entries(session, write_table(tmp_path / "entries.xlsx", table)).faults
    assert (found.row, found.column) == (5, "date_of_birth")


def test_the_first_visible_sheet_is_read_and_named_where_there_are_others(session, tmp_path):
    path = tmp_path / "entries.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        hidden, table, notes = (workbook.add_worksheet(name) for name in ("Lists", "Iscrizioni", "Note"))
        table.write_row(0, 0, ENTRY_COLUMNS)
        table.write_row(1, 0, entry_row(candidate_number="?").values())
        notes.write(0, 0, "Only notes")
        table.activate()
        table.set_first_sheet()
        hidden.hide()
    assert str(load_entries(session, path).faults) == (
        "Sheet “Iscrizioni”, row 2, column candidate_number, “?”: not a candidate number."
        " Expected: 4 digits, such as 5003."
    )


def test_a_formula_is_a_fault_whatever_its_last_value_was(session, tmp_path):
    path = tmp_path / "entries.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ENTRY_COLUMNS)
        sheet.write_row(1, 0, entry_row().values())
        sheet.write_row(2, 0, entry_row(2).values())
        sheet.write_formula(1, 1, "=8000+482", value=8482)
        sheet.write_formula(2, 3, '="Ros"&"si"', value="Rossi")
    faults = load_entries(session, path).faults
    assert str(faults) == (
        "Row 2, column secret_number: this cell holds a formula. Expected: a value.\n"
        "Row 3, column family_name: this cell holds a formula. Expected: a value."
    )


def test_a_formula_in_a_csv_file_is_a_fault_and_not_repeated(session, tmp_path):
    report = load_entries(session, write(tmp_path / "entries.csv", [entry_row(family_name="=8482")]))
    assert str(report.faults) == ("Row 2, column family_name: this cell holds a formula. Expected: a value.")


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "#VALUE!", "#NUM!", "#NULL!"])
def test_a_formula_that_failed_is_a_fault_and_not_an_empty_cell(session, tmp_path, error):
    path = tmp_path / "entries.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ENTRY_COLUMNS)
        sheet.write_row(1, 0, entry_row().values())
        sheet.write_formula(1, 6, "=VLOOKUP(A2,Sheet2!A:B,2,FALSE)", value=error)
    assert str(load_entries(session, path).faults) == (
        f"Row 2, column preparation_centre, “{error}”: the formula of this cell has failed."
        " Expected: a value."
    )


def test_a_failed_formula_in_a_csv_file_is_one_too(session, tmp_path):
    report = load_entries(session, write(tmp_path / "entries.csv", [entry_row(family_name="#N/A")]))
    assert "the formula of this cell has failed" in str(report.faults)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5003.0, "5003"),
        (138.25, "138.25"),
        (1e20, "100000000000000000000"),
        (True, "TRUE"),
        (datetime(2010, 3, 14), "2010-03-14"),  # noqa: DTZ001
        (datetime(2010, 3, 14, 9, 30), "2010-03-14 09:30:00"),  # noqa: DTZ001
    ],
)
def test_a_cell_is_read_as_a_person_reads_it(tmp_path, value, text):
    path = write_table(tmp_path / "table.xlsx", [["a"], [value]])
    with reading.open_table(path, lambda done, total: None) as table:
        assert list(table.rows) == [(1, ["a"]), (2, [text])]


@pytest.mark.parametrize("place", [(1, 26), (999_999, 0), (1_048_575, 16_383)])
def test_a_stray_cell_far_away_is_a_fault_and_takes_no_memory(fault, place):
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ENTRY_COLUMNS)
        sheet.write(*place, "x")
    assert fault("entries.xlsx", stream.getvalue()) == (
        None,
        "the sheet has a cell to the right of column Z, or below row 999,999",
    )


def test_far_cells_that_are_only_formatted_do_no_harm(session, tmp_path):
    path = tmp_path / "entries.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ENTRY_COLUMNS)
        sheet.write_row(1, 0, entry_row().values())
        sheet.write_blank(1_048_575, 16_383, None, workbook.add_format({"bold": True}))
    assert load_entries(session, path).added == 1


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused_before_it_does(fault):
    stream = io.BytesIO(sound_workbook())
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("big", "w") as part:
        for _megabyte in range(workbooks.MOST_UNPACKED // 1_000_000 + 1):
            part.write(bytes(1_000_000))
    assert fault("entries.xlsx", stream.getvalue()) == (None, "the workbook is too large")

    # Nor does a header help that says less.
    size = ((workbooks.MOST_UNPACKED // 1_000_000 + 1) * 1_000_000).to_bytes(4, "little")
    assert size in stream.getvalue()
    lying = stream.getvalue().replace(size, bytes(4))
    assert fault("entries.xlsx", lying) == (None, "the workbook is too large")


# --- Files of another kind or session ------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_file_of_another_kind_is_told_in_one_line(session, tmp_path, ending):
    entries = write(tmp_path / f"entries.{ending}", [entry_row(n) for n in range(1, 200)])
    results = write(tmp_path / f"results.{ending}", [result_row("B2F", n) for n in range(1, 200)])
    assert str(load_results(session, entries).faults).startswith(
        "Row 1: this is a file of entries. Expected: a file of results, with the columns id_number, status,"
    )
    assert len(load_results(session, entries).faults) == 1
    assert str(load_entries(session, results).faults).startswith("Row 1: this is a file of results.")
    assert len(load_entries(session, results).faults) == 1


def test_a_file_of_another_session_is_told_in_one_line(session, tmp_path):
    entries = write(tmp_path / "entries.csv", [entry_row(n) for n in range(1, 30)])
    results = write(tmp_path / "results.csv", [result_row("B2F", n) for n in range(1, 30)])
    load_entries(factories.session("B2F", code="OTHER"), entries)
    fault = "This is a file of session OTHER: 29 of its 29 candidates are entered there. Expected: a file of"
    for report in (load_entries(session, entries), load_results(session, results)):
        assert str(report.faults) == f"{fault} session {session.code}."


# --- Progress ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_progress_is_told_from_the_beginning_to_the_end(session, tmp_path, ending):
    path = write(tmp_path / f"entries.{ending}", [entry_row(n) for n in range(1, 2001)])
    told = []
    load_entries(session, path, progress=lambda done, total: told.append((done, total)))
    total = path.stat().st_size if ending == "csv" else 2001
    assert len(told) > 3
    assert told == sorted(told)
    assert {each for _done, each in told} == {total}
    assert told[-1] == (total, total)
