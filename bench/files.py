"""Made-up files of entries and results, the same ones for the same numbers."""

import csv
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

import xlsxwriter

from bench.installation import EXAM

CENTRES = 40


def entries(start: int, rows: int) -> Iterator[list]:
    """The header and so many entries. start: the number of the first ID Number."""
    yield [
        "id_number",
        "secret_number",
        "candidate_number",
        "family_name",
        "given_names",
        "date_of_birth",
        "preparation_centre",
    ]
    for n in range(rows):
        chance = random.Random(start + n)  # noqa: S311
        yield [
            _id_number(start + n),
            f"{chance.randrange(10**6):06d}",
            f"{n:04d}",
            f"Bianchi {chance.randrange(5000)}",
            f"Alice Maria {chance.randrange(5000)}",
            f"{chance.randrange(1990, 2014)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}",
            f"Liceo {chance.randrange(CENTRES)}",
        ]


def results(start: int, rows: int) -> Iterator[list]:
    """The header and the results of those entries."""
    from results.exams import EXAMS

    exam = EXAMS[EXAM]
    yield ["id_number", "status", "overall", "result", "cefr", *exam.skills]
    for n in range(rows):
        chance = random.Random(start + n)  # noqa: S311
        scores = {skill: chance.choice(exam.scores()) for skill in exam.skills}
        overall = exam.overall(scores)
        band = exam.band(overall)
        yield [_id_number(start + n), "result", overall, band.result, band.cefr, *scores.values()]


def _id_number(n: int) -> str:
    return f"SIR{n:07d}"


def write(path: Path, table: Iterable[list]) -> None:
    """As CSV or as a workbook, by the ending of the path."""
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(table)
        return
    workbook = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = workbook.add_worksheet()
    for number, row in enumerate(table):
        sheet.write_row(number, 0, row)
    workbook.close()
