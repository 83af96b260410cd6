"""Whatever a file holds, it is loaded or refused in words: no traceback, and never half of it."""

import csv
import io
import zipfile

import pytest
import xlsxwriter
from django.core.files.base import ContentFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from results.exams import EXAMS
from results.models import Entry, ExamSession, Statement
from tests import factories
from tests.results.loading import ENTRY_COLUMNS, GRADING, entry_row, load_entries, load_results, result_row

pytestmark = pytest.mark.django_db

slowly = settings(
    max_examples=150,
    deadline=None,
    # All examples of a test share a database; none stores what the next one minds.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

# Texts that have broken somebody's import before, and anything else.
TELLING = ["", " ", "0", "-1", "1e5", "8482", "0042", "SIR000001", "SIR000002", "sir 000001", "x" * 200]
TELLING += ["result", "X", "pending", "A", "LEVEL", "NONE", "B2", "173", "190", "191", "138.25"]
TELLING += [
    "2010-03-14",
    "2010-02-30",
    "9999-12-31",
    "\x00",
    "\\N",
    "\\.",
    "#N/A",
    "=1+1",
    "\ufeff",
    "\u202e",
]
TELLING += ["%s", "%(x)s", "{}", "'; DROP TABLE results_entry; --", '"', "a\r\nb"]
texts = st.sampled_from(TELLING) | st.text(max_size=12)
cells = texts | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.dates()


def as_csv(table) -> ContentFile:
    text = io.StringIO()
    csv.writer(text).writerows(table)
    return ContentFile(text.getvalue().encode("utf-8", "surrogatepass"), name="table.csv")


def as_workbook(table) -> ContentFile:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(table):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif isinstance(value, int | float):
                    sheet.write_number(number, column, value)
    return ContentFile(stream.getvalue(), name="table.xlsx")


def check_entries(session: ExamSession, file: ContentFile) -> None:
    before = Entry.objects.count()
    report = load_entries(session, file)
    if report.faults:
        assert Entry.objects.count() == before
        assert all("\n" not in str(fault) for fault in report.faults)
    else:
        assert Entry.objects.count() == before + report.added
        assert load_entries(session, file).unchanged == report.added + report.changed + report.unchanged


def check_results(session: ExamSession, file: ContentFile) -> None:
    before = Statement.objects.count()
    report = load_results(session, file)
    if report.faults:
        assert Statement.objects.count() == before
        assert all("\n" not in str(fault) for fault in report.faults)
    else:
        assert Statement.objects.count() == before + report.added + report.changed


@pytest.mark.parametrize("form", [as_csv, as_workbook])
@slowly
@given(data=st.data())
def test_entries_with_any_cells_are_loaded_or_refused(form, data):
    session = ExamSession.objects.first() or factories.session("B2F")
    changes = data.draw(
        st.lists(st.dictionaries(st.sampled_from(ENTRY_COLUMNS), cells, max_size=3), max_size=4)
    )
    rows = [entry_row(n, **change) for n, change in enumerate(changes, 1)]
    check_entries(
        session, form([ENTRY_COLUMNS, *([row[column] for column in ENTRY_COLUMNS] for row in rows)])
    )


@pytest.mark.parametrize("form", [as_csv, as_workbook])
@pytest.mark.parametrize("exam", ["A2K", "B2F", "YLM"])
@slowly
@given(data=st.data())
def test_results_with_any_cells_are_loaded_or_refused(form, exam, data):
    session = ExamSession.objects.first() or factories.session(exam)
    for n in (1, 2):
        if not Entry.objects.filter(id_number=f"SIR{n:06d}").exists():
            factories.entry(session, id_number=f"SIR{n:06d}")
    columns = ["id_number", "status", *GRADING, *EXAMS[exam].skills]
    changes = data.draw(st.lists(st.dictionaries(st.sampled_from(columns), cells, max_size=3), max_size=3))
    rows = [result_row(exam, n, **change) for n, change in enumerate(changes, 1)]
    check_results(session, form([columns, *([row.get(column, "") for column in columns] for row in rows)]))


@slowly
@given(table=st.lists(st.lists(texts | st.sampled_from(ENTRY_COLUMNS), max_size=9), max_size=6))
def test_any_table_is_loaded_or_refused(table):
    session = ExamSession.objects.first() or factories.session("B2F")
    check_entries(session, as_csv(table))
    check_results(session, as_csv(table))


@slowly
@given(content=st.binary(max_size=400), ending=st.sampled_from(["csv", "xlsx"]))
def test_any_bytes_are_loaded_or_refused(content, ending):
    session = ExamSession.objects.first() or factories.session("B2F")
    check_entries(session, ContentFile(content, name=f"table.{ending}"))
    header = ",".join(ENTRY_COLUMNS).encode()
    check_entries(session, ContentFile(header + b"\n" + content, name="table.csv"))


@slowly
@given(data=st.data())
def test_a_damaged_workbook_is_loaded_or_refused(data):
    session = ExamSession.objects.first() or factories.session("B2F")
    sound = as_workbook([ENTRY_COLUMNS, list(entry_row().values())]).read()
    with zipfile.ZipFile(io.BytesIO(sound)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = data.draw(st.sampled_from(sorted(name for name in parts if name.startswith("xl/"))))
    place = data.draw(st.integers(0, len(parts[name]) - 1))
    length = data.draw(st.integers(0, 20))
    instead = data.draw(
        st.binary(max_size=8) | st.sampled_from([b"99999999999", b"ZZZZ", b"-1", b"<", b'"', b"\x00"])
    )
    parts[name] = parts[name][:place] + instead + parts[name][place + length :]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    check_entries(session, ContentFile(stream.getvalue(), name="table.xlsx"))
