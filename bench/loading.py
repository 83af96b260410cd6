"""How long loading takes: python -m bench.loading [--rows 100000]

On a throw-away server, with the rights of the staff face: files of made-up entries and results are loaded,
loaded again (nothing changes), and loaded for two more sessions, of which one as a workbook. The measure is a
bare COPY of the same rows into the same tables, triggers and constraints included, in the same run; trust
the ratios, not the seconds. Memory is the peak of this process up to then.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from pathlib import Path

from bench import files
from bench.installation import installation, make_session

SESSIONS = ("ONE", "TWO", "BOOK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with installation("staff") as portal:
        _measure(portal.folder, rows)


def _measure(folder: Path, rows: int) -> None:
    from results.importing import import_entries, import_results

    sessions = {code: make_session(code) for code in (*SESSIONS, "BARE")}
    for start, code in enumerate(SESSIONS):
        ending = ".xlsx" if code == "BOOK" else ".csv"
        files.write(folder / f"{code}-entries{ending}", files.entries(start * rows, rows))
        files.write(folder / f"{code}-results{ending}", files.results(start * rows, rows))

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


def _bare_copies(session, start: int, rows: int) -> Iterator[tuple[str, float]]:
    """Seconds of COPY alone, of rows that are made before."""
    from django.db import connection

    next(entries := files.entries(start, rows))
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
    header = next(results := files.results(start, rows))
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
