"""Files of entries and results as an exams office has them, and loading them with the staff face's rights."""

import csv
from datetime import date, datetime
from io import StringIO
from pathlib import Path

import xlsxwriter
from django.db import connection

from results import importing
from results.exams import EXAMS
from results.importing import FaultyFile, Report
from tests.conftest import database_role

ENTRY_COLUMNS = [
    "id_number",
    "secret_number",
    "candidate_number",
    "family_name",
    "given_names",
    "date_of_birth",
    "preparation_centre",
]
GRADING = ["overall", "result", "cefr"]
TABLES = [
    "results_entry",
    "results_entryevent",
    "results_statement",
    "results_release",
    "results_releaseevent",
    "results_examsession",
    "centres_preparationcentre",
    "centres_preparationcentreevent",
]


def entry_row(n: int = 1, **changes) -> dict:
    """A sound row of an entries file."""
    return {
        "id_number": f"SIR{n:06d}",
        "secret_number": f"{7000 + n}",
        "candidate_number": f"{n:04d}",
        "family_name": "Bianchi",
        "given_names": "Alice Maria",
        "date_of_birth": "2010-03-14",
        "preparation_centre": "",
    } | changes


def result_row(exam: str, n: int = 1, at: int | None = None, **changes) -> dict:
    """A sound row of a results file: one score everywhere, by default the lowest of a B; or three shields."""
    facts = EXAMS[exam]
    row = {"id_number": f"SIR{n:06d}", "status": "result"}
    if facts.reports_shields:
        row |= {skill.value: 3 for skill in facts.skills}
    else:
        score = facts.bands[1].low if at is None else at
        band = facts.band(score)
        row |= {"overall": score, "result": band.result, "cefr": band.cefr}
        row |= {skill.value: score for skill in facts.skills}
    return row | changes


def coded_row(exam: str, status: str, n: int = 1, **changes) -> dict:
    """A sound row with a code in place of a result."""
    blank = dict.fromkeys(result_row(exam), "")
    return blank | {"id_number": f"SIR{n:06d}", "status": status} | changes


def write(path: Path, rows: list[dict], columns: list[str] | None = None, delimiter: str = ",") -> Path:
    """Write a table by the ending of the path; columns: in this order, by default as in the first row."""
    columns = columns or list(rows[0])
    table = [columns, *([row.get(column, "") for column in columns] for row in rows)]
    return write_table(path, table, delimiter)


def write_table(path: Path, table: list[list], delimiter: str = ",") -> Path:
    if path.suffix == ".csv":
        text = StringIO()
        csv.writer(text, delimiter=delimiter).writerows(table)
        path.write_text(text.getvalue(), encoding="utf-8")
        return path
    workbook = xlsxwriter.Workbook(path)
    sheet = workbook.add_worksheet("Sheet")
    day = workbook.add_format({"num_format": "dd/mm/yyyy"})
    for number, row in enumerate(table):
        for column, value in enumerate(row):
            if isinstance(value, date | datetime):
                sheet.write_datetime(number, column, value, day)
            elif isinstance(value, int | float):
                sheet.write(number, column, value)
            else:
                sheet.write_string(number, column, value)
    workbook.close()
    return path


def load_entries(session, source, **options) -> Report:
    """importing.import_entries with the rights of the staff face; the report, also of a faulty file."""
    return _load(importing.import_entries, session, source, options)


def load_results(session, source, **options) -> Report:
    """importing.import_results with the rights of the staff face; the report, also of a faulty file."""
    return _load(importing.import_results, session, source, options)


def _load(verb, session, source, options) -> Report:
    with database_role("portal_staff"):
        try:
            return verb(session, source, **options)
        except FaultyFile as faulty:
            return faulty.report


def whole_database() -> dict[str, list]:
    """Every row of every table that loading may touch."""
    with connection.cursor() as cursor:
        contents = {}
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
            contents[table] = cursor.fetchall()
    return contents
