"""What a school's list costs as everything grows: python -m bench.centre_lists [--entries 500000]

On a throw-away server, with a centre's own login: so many entries with statements in 1,000 preparation
centres, one with 5,000 students in a session, one with 1,000 and one with 50. Printed are queries and times
(median) of every page and export for each of the three, and the ratio of the largest to the smallest; trust
the ratios, not the milliseconds.
"""

import argparse
import os
import re
import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager

from bench.installation import installation, make_session

SIZES = (50, 1_000, 5_000)
CENTRES = 1_000
SESSIONS = 20  # besides the one that is measured
ROUNDS = 15
TARGET = 1.5  # the default page of the largest centre, in times of the smallest

FAMILY_NAMES = (
    "Rossi;Ferrari;Russo;Bianchi;Romano;Colombo;Ricci;Marino;Greco;Bruno;De Luca;Costa;D’Angelo;Conti;Nanì;"
    "Giordano;Mancini;Rizzo;Lombardi;Moretti;Barbieri;Fontana;Santoro;Mariani;Rinaldi;Caruso;Kuvetto;Serra"
).split(";")
GIVEN_NAMES = "Alice Anna Bruno Chiara Davide Elena Fabio Giada Ilaria Luca Niccolò Sara Zoë Viola".split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=500_000)
    entries = parser.parse_args().entries
    with installation("owner") as portal:
        started = time.perf_counter()
        _build(entries)
        print(
            f"{entries} entries with statements in {CENTRES} centres: {time.perf_counter() - started:.0f} s"
        )
        _measure(portal.urls["centres"])


def _build(entries: int) -> None:
    """Fill the tables by SQL, past the triggers, which would keep a history of it all."""
    from datetime import timedelta

    from django.db import connection
    from django.utils import timezone

    opened = timezone.now() - timedelta(hours=1)
    sessions = [make_session(f"S{number}", opened).pk for number in range(SESSIONS)]
    measured = make_session("LIST", opened).pk
    with connection.cursor() as cursor:
        tables = ("accounts_user", "results_entry", "results_statement", "results_release")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(
            "INSERT INTO centres_preparationcentre (code, name)"
            " SELECT 'C' || n, 'Liceo ' || n FROM generate_series(1, %s) n",
            [CENTRES],
        )
        cursor.execute("SELECT min(id) FROM centres_preparationcentre")
        (first,) = cursor.fetchone()
        # The measured centres are the first ones; every centre has students in all the other sessions.
        bounds = [sum(SIZES[: number + 1]) for number in range(len(SIZES))]
        cursor.execute(
            f"""
            INSERT INTO accounts_user (username, password, face, email, language, is_active, is_staff, is_superuser)
            SELECT 'SIR' || lpad(n::text, 6, '0'), '!', 'candidates', 'a@example.org', 'it', true, false, false
            FROM generate_series(0, {entries} - 1, 2) n
            """
        )
        cursor.execute(
            f"""
            INSERT INTO results_entry (session_id, id_number, secret_digest, candidate_number, family_name,
                given_names, date_of_birth, email, preparation_centre_id, user_id)
            SELECT CASE WHEN n < {bounds[-1]} THEN {measured} ELSE (%(sessions)s::bigint[])[1 + n %% {SESSIONS}] END,
                'SIR' || lpad(n::text, 6, '0'), '', lpad(n::text, 6, '0'),
                (%(family)s::text[])[1 + (n * 7919) %% {len(FAMILY_NAMES)}],
                (%(given)s::text[])[1 + (n * 104729) %% {len(GIVEN_NAMES)}],
                '2010-03-14', '',
                {first} + CASE {" ".join(f"WHEN n < {bound} THEN {number}" for number, bound in enumerate(bounds))}
                          ELSE (n / {SESSIONS}) %% {CENTRES} END,
                account.id
            FROM generate_series(0::bigint, {entries} - 1) n
            LEFT JOIN accounts_user account ON account.username = 'SIR' || lpad(n::text, 6, '0')
            """,
            {"sessions": sessions, "family": FAMILY_NAMES, "given": GIVEN_NAMES},
        )
        cursor.execute(
            """
            INSERT INTO results_statement (entry_id, version, reason, status, overall, result, cefr, reading,
                use_of_english, writing, listening, speaking)
            SELECT id, 1, '', 'result', score, CASE WHEN score < 173 THEN 'C' ELSE 'B' END, 'B2', score, score,
                score, score, score
            FROM (SELECT id, 160 + id %% 20 AS score FROM results_entry ORDER BY id) AS entry
            """.replace("%%", "%")
        )
        cursor.execute(
            "UPDATE results_release SET approved_through = (SELECT max(id) FROM results_statement)"
        )
        cursor.execute(
            "INSERT INTO results_seen (statement_id, entry_id) SELECT s.id, e.id FROM results_entry e"
            " JOIN results_statement s ON s.entry_id = e.id WHERE e.user_id IS NOT NULL AND e.id % 3 > 0"
        )
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main()
