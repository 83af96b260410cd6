"""The list as a file: everything the page shows, and nothing that a spreadsheet would run."""

import csv
from datetime import timedelta
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from tests import factories
from tests.centres.test_seeing import MARKS, signed_in, student, text_of

FORMULAS = ['=HYPERLINK("http://x.example","x")', "+39 06", "-1+1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"]


@pytest.fixture
def school(db):
    return factories.centre()


@pytest.fixture
def browser(school):
    return signed_in(factories.member(school))


@pytest.fixture
def session(db):
    return factories.session(code="OPEN")


def csv_of(browser, query: str = "", delimiter: str = ",") -> list[dict[str, str]]:
    text = text_of(browser, f"/sessions/OPEN/results.csv{query}")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff")), delimiter=delimiter))


def sheet_of(browser, query: str = "") -> list[list]:
    book = CalamineWorkbook.from_filelike(
        BytesIO(browser.get(f"/sessions/OPEN/results.xlsx{query}").getvalue())
    )
    return book.get_sheet_by_index(0).to_python()


def test_both_files_hold_what_the_page_shows(school, session, browser):
    entry = student(session, school, "D’Alò", **MARKS)
    factories.candidate(entry)
    assent = student(session, school, "Zanon", status="X")
    factories.entry(session, family_name="Manca", preparation_centre=school, candidate_number="0042")
    student(session, factories.centre(), "Loro")
    rows = csv_of(browser)
    assert [row["Surname"] for row in rows] == ["D’Alò", "Manca", "Zanon"]
    assert rows[0] == {
        "Surname": "D’Alò",
        "Given names": "Alice",
        "ID Number": entry.id_number,
        "Candidate number": entry.candidate_number,
        "Exam": "B2 First",
        "Session": "OPEN",
        "Result": "Pass at Grade B",
        "Overall score": "177",
        "CEFR level": "B2",
        **dict.fromkeys(("Reading", "Use of English", "Writing", "Listening", "Speaking"), "177"),
        "Amended": "",
        "Registration": "Registered",
    }
    assert (rows[1]["Result"], rows[1]["Overall score"]) == ("not here yet", "")
    assert rows[2]["Result"] == "X – absent from part of the exam"
    header, *lines = sheet_of(browser)
    assert header == list(rows[0])
    for line, row in zip(lines, rows, strict=True):
        assert [str(int(cell)) if isinstance(cell, float) else cell for cell in line] == list(row.values())
    assert lines[0][header.index("Overall score")] == 177.0  # a number, to reckon with
    assert lines[1][header.index("Candidate number")] == "0042"
    assert assent.id_number == lines[2][2]


def test_shields_have_no_overall_column(school, browser):
    student(factories.session("YLM", code="OPEN"), school, "Piccola")
    [row] = csv_of(browser)
    assert "Overall score" not in row
    assert (row["Result"], row["Speaking"]) == ("–", "4")


def test_the_files_hold_what_was_asked_for_in_its_order(school, session, browser):
    student(session, school, "Alti", **MARKS)
    student(session, school, "Bassi")
    student(session, school, "Codice", status="Z")
    assert [row["Surname"] for row in csv_of(browser, "?result=B&sort=lowest")] == ["Bassi", "Alti"]
    assert [line[0] for line in sheet_of(browser, "?q=codice")[1:]] == ["Codice"]
    assert csv_of(browser, "?q=nobody") == []
    assert len(sheet_of(browser, "?q=nobody")) == 1


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_name_that_looks_like_a_formula_stays_text(school, session, browser, formula):
    factories.entry(session, family_name=formula, preparation_centre=school)
    [row] = csv_of(browser)
    assert row["Surname"] == f"'{formula}"
    with ZipFile(BytesIO(browser.get("/sessions/OPEN/results.xlsx").getvalue())) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
        assert not [name for name in book.namelist() if "externalLink" in name]
        assert b"hyperlink" not in book.read("xl/worksheets/sheet1.xml")
    assert sheet_of(browser)[1][0] == formula


def test_an_italian_file_opens_in_italian_excel(school, session, browser):
    """There the comma is the decimal sign, and the semicolon parts the columns."""
    factories.entry(
        session, family_name="Rossi; Bianchi", given_names='Anna "Nina"', preparation_centre=school
    )
    response = browser.get("/sessions/OPEN/results.csv", headers={"accept-language": "it"})
    text = response.getvalue().decode()
    assert text.startswith("\ufeff")
    [row] = csv.DictReader(StringIO(text.removeprefix("\ufeff")), delimiter=";")
    assert list(row.values())[:2] == ["Rossi; Bianchi", 'Anna "Nina"']


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_the_file_is_a_download_with_a_plain_name_that_nobody_keeps(school, session, browser, kind, type_):
    student(session, school, "Kuvetto")
    response = browser.get(f"/sessions/OPEN/results.{kind}")
    assert response.headers["Content-Type"] == type_
    assert response.headers["Content-Disposition"] == f'attachment; filename="results-OPEN.{kind}"'
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_the_sheet_has_a_frozen_header_a_filter_and_widths(school, session, browser):
    student(session, school, "Kuvetto")
    with ZipFile(BytesIO(browser.get("/sessions/OPEN/results.xlsx").getvalue())) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert 'ySplit="1"' in sheet
    assert '<autoFilter ref="A1:P2"/>' in sheet
    assert 'width="22.7' in sheet


def test_an_amended_result_is_marked_in_both_files(school, browser):
    session = factories.session(code="OPEN", approved=False)
    entry = student(session, school, "Kuvetto")
    student(session, school, "Altra")
    factories.approve_by_two(session.release)
    factories.statement(entry, version=2, status="withheld", reason="Identity")
    factories.approve_by_two(session.release)
    assert [(row["Surname"], row["Amended"]) for row in csv_of(browser)] == [
        ("Altra", ""),
        ("Kuvetto", "amended"),
    ]
    assert sheet_of(browser)[2][-2] == "amended"


def test_before_the_instant_the_files_hold_the_students_and_no_result(school, browser):
    session = factories.session(code="OPEN", opens_in=timedelta(seconds=1))
    student(session, school, "Kuvetto", **MARKS)
    assert [(row["Surname"], row["Result"], row["Reading"]) for row in csv_of(browser)] == [
        ("Kuvetto", "not here yet", "")
    ]
    assert "177" not in text_of(browser, "/sessions/OPEN/results.xlsx")
