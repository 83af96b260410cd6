"""How long loading takes: python -m bench.loading [--rows 100000]

On a throw-away server, with the rights of the staff face: files of made-up entries and results are loaded,
loaded again (nothing changes), and loaded for two more sessions, of which one as a workbook. The measure is a
bare COPY of the same rows into the same tables, triggers and constraints included, in the same run; trust
the ratios, not the seconds. Memory is the peak of this process up to then.
"""

import argparse
import csv
import os
import random
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import xlsxwriter

from results_portal.bootstrap import bootstrap
from results_portal.embedded import Server

SESSIONS = ("ONE", "TWO", "BOOK")
CENTRES = 40
EXAM = "B2F"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Server(Path(folder, "server")) as server:
        _use(bootstrap(server.url(), "bench"))
        _measure(Path(folder), rows)


def _use(urls: dict[str, str]) -> None:
    """Make the tables as their owner, and go on as the staff face."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "results_portal.settings",
        "PORTAL_HTTPS": "off",
        "PORTAL_SECRET_KEY": secrets.token_urlsafe(48),
        "PORTAL_SECRET_NUMBER_KEY": secrets.token_urlsafe(48),
        "PORTAL_PASSWORD_PEPPER": secrets.token_urlsafe(48),
        "CANDIDATES_URL": "http://results.example.org",
        "CENTRES_URL": "http://centres.example.org",
        "STAFF_URL": "http://staff.example.org",
        "CENTRE_EMAIL": "exams@example.org",
        "EMAIL_URL": "smtp://127.0.0.1:9",
    }
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(migrate, check=True, env=os.environ | {"DATABASE_URL": urls["owner"]})
    os.environ["DATABASE_URL"] = urls["staff"]
    import django

    django.setup()


def _measure(folder: Path, rows: int) -> None:
    from results.importing import import_entries, import_results

    sessions = {code: _session(code) for code in (*SESSIONS, "BARE")}
    for start, code in enumerate(SESSIONS):
        ending = ".xlsx" if code == "BOOK" else ".csv"
        _write(folder / f"{code}-entries{ending}", _entries(start * rows, rows))
        _write(folder / f"{code}-results{ending}", _results(start * rows, rows))

    took: dict[str, float] = {}

    def load(name: str, verb, code: str) -> None:
        [file] = folder.glob(f"{code}-{verb.__name__.removeprefix('import_')}.*")
        started = time.perf_counter()
        verb(sessions[code], file)
        took[name] = time.perf_counter() - started
        print(_line(name, took[name], rows))

    print(f"{'before the first file':36} {_peak():25.0f} MB")
    for verb, what in ((import_entries, "entries"), (import_results, "results")):
        load(f"{what}, CSV", verb, "ONE")
        load(f"{what}, CSV again", verb, "ONE")
        load(f"{what}, CSV, second session", verb, "TWO")
        load(f"{what}, workbook, third session", verb, "BOOK")
    for what, seconds in _bare_copies(sessions["BARE"], len(SESSIONS) * rows, rows):
        first, second = took[f"{what}, CSV"], took[f"{what}, CSV, second session"]
        print(_line(f"{what}, bare COPY", seconds, rows))
        print(
            f"{what}: second session / first {second / first:.2f}, loading / bare COPY {second / seconds:.2f}"
        )


def _session(code: str):
    from datetime import UTC, date, datetime

    from results.sessions import create_session

    return create_session(
        code,
        exam=EXAM,
        title="June 2026",
        exam_date=date(2026, 6, 13),
        place="Roma",
        opens_at=datetime(2026, 7, 24, 8, tzinfo=UTC),
    )


def _entries(start: int, rows: int) -> Iterator[list]:
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


def _results(start: int, rows: int) -> Iterator[list]:
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


def _write(path: Path, table: Iterable[list]) -> None:
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(table)
        return
    workbook = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = workbook.add_worksheet()
    for number, row in enumerate(table):
        sheet.write_row(number, 0, row)
    workbook.close()


def _bare_copies(session, start: int, rows: int) -> Iterator[tuple[str, float]]:
    """Seconds of COPY alone, of rows that are made before."""
    from django.db import connection

    next(entries := _entries(start, rows))
    columns = (
        "session_id, id_number, secret_digest, candidate_number, family_name, given_names, date_of_birth"
    )
    ready = [
        (session.pk, id_number, 64 * "0", number, *names_and_birth, "")
        for id_number, _secret, number, *names_and_birth, _centre in entries
    ]
    yield "entries", _copy(f"results_entry ({columns}, email)", ready)

    with connection.cursor() as cursor:
        cursor.execute("SELECT id_number, id FROM results_entry WHERE session_id = %s", [session.pk])
        entry_ids = dict(cursor)
    header = next(results := _results(start, rows))
    ready = [(entry_ids[id_number], 1, "", *values) for id_number, *values in results]
    yield "results", _copy(f"results_statement (entry_id, version, reason, {', '.join(header[1:])})", ready)


def _copy(target: str, rows: list[tuple]) -> float:
    from django.db import connection, transaction

    from results.importing.loading import NO_TRIGGER_IGNORED

    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NO_TRIGGER_IGNORED)
        with cursor.copy(f"COPY {target} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    return time.perf_counter() - started


def _line(name: str, seconds: float, rows: int) -> str:
    return f"{name:36} {seconds:7.2f} s {rows / seconds:9.0f} rows/s {_peak():5.0f} MB"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
