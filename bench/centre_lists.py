"""What a school's list costs as everything grows: python -m bench.centre_lists [--entries 500000]

On a throw-away server: so many entries with statements in 1,000 preparation centres, one with 5,000 students
in a session, one with 1,000 and one with 50. A secretary of each asks for every page and export, with the
database login of the centres' face. Printed are times (median, to the last byte) and queries, and the ratio
of the largest centre to the smallest; trust the ratios, not the milliseconds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

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
    parser.add_argument("--only-ask", action="store_true", help=argparse.SUPPRESS)  # the second process
    options = parser.parse_args()
    if options.only_ask:
        _measure()
        return
    entries = options.entries
    with installation("owner") as portal:
        started = time.perf_counter()
        _build(entries)
        print(
            f"{entries} entries with statements in {CENTRES} centres: {time.perf_counter() - started:.0f} s"
        )
        face = {"PORTAL_FACE": "centres", "DATABASE_URL": portal.urls["centres"]}
        ask = [sys.executable, "-m", "bench.centre_lists", "--only-ask"]
        sys.exit(subprocess.run(ask, env=os.environ | face, check=False).returncode)


def _build(entries: int) -> None:
    """Fill the tables by SQL, past the triggers, which would keep a history of it all."""
    from datetime import timedelta

    from django.db import connection
    from django.utils import timezone

    opened = timezone.now() - timedelta(hours=1)
    sessions = [make_session(f"S{number}", opened).pk for number in range(SESSIONS)]
    measured = make_session("LIST", opened).pk
    bounds = [sum(SIZES[: number + 1]) for number in range(len(SIZES))]
    of_centre = " ".join(f"WHEN n < {bound} THEN {number}" for number, bound in enumerate(bounds))
    tables = ("accounts_user", "results_entry", "results_statement", "results_release")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(
            "INSERT INTO centres_preparationcentre (code, name)"
            " SELECT 'C' || n, 'Liceo ' || n FROM generate_series(1, %s) n",
            [CENTRES],
        )
        cursor.execute("SELECT min(id) FROM centres_preparationcentre")
        (first,) = cursor.fetchone()
        cursor.execute(
            f"""
            INSERT INTO accounts_user
                (username, password, face, email, language, is_active, is_staff, is_superuser)
            SELECT 'SIR' || lpad(n::text, 6, '0'), '!', 'candidates', 'a@example.org', 'it', true, false,
                false
            FROM generate_series(0, {entries} - 1, 2) n
            """
        )
        # The measured centres are the first ones; every centre has students in all the other sessions.
        cursor.execute(
            f"""
            INSERT INTO results_entry (session_id, id_number, secret_digest, candidate_number, family_name,
                given_names, date_of_birth, email, preparation_centre_id, user_id)
            SELECT
                CASE WHEN n < {bounds[-1]} THEN {measured}
                     ELSE (%(sessions)s::bigint[])[1 + n %% {SESSIONS}] END,
                'SIR' || lpad(n::text, 6, '0'), '', lpad(n::text, 6, '0'),
                (%(family)s::text[])[1 + (n * 7919) %% {len(FAMILY_NAMES)}],
                (%(given)s::text[])[1 + (n * 104729) %% {len(GIVEN_NAMES)}],
                '2010-03-14', '',
                {first} + CASE {of_centre} ELSE (n / {SESSIONS}) %% {CENTRES} END,
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
            SELECT id, 1, '', 'result', score, CASE WHEN score < 173 THEN 'C' ELSE 'B' END, 'B2', score,
                score, score, score, score
            FROM (SELECT id, 160 + id % 20 AS score FROM results_entry ORDER BY id) AS entry
            """
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
    for number, size in enumerate(SIZES):
        _make_secretary(size, first + number)


def _measure() -> None:
    """Ask for every page as a secretary of each centre."""
    import django
    from django.conf import settings

    django.setup()
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.ALLOWED_HOSTS = ["testserver"]
    secretaries = {size: _sign_in(size) for size in SIZES}
    print(f"{'':26}" + "".join(f"{size:>9} students queries" for size in SIZES) + "     ratio")
    ratios = {}
    for name, address in _addresses():
        took = {}
        line = f"{name:26}"
        for size, (browser, facts) in secretaries.items():
            took[size], queries = _ask(browser, address.format(**facts))
            line += f"{took[size] * 1000:15.1f} ms {queries:7}"
        ratios[name] = took[SIZES[-1]] / took[SIZES[0]]
        print(f"{line} {ratios[name]:9.2f}", flush=True)
    if ratios["list"] > TARGET:
        sys.exit(f"The list of {SIZES[-1]} takes more than {TARGET} times as long as that of {SIZES[0]}.")


def _addresses() -> list[tuple[str, str]]:
    here = "/sessions/LIST/"
    return [
        ("sessions", "/sessions/"),
        ("list", here),
        ("list, last page", f"{here}?page={{last}}"),
        ("search by name", f"{here}?q=d%27angelo+zoe"),
        ("search by number", f"{here}?q=SIR0000"),
        ("not registered", f"{here}?status=not-registered"),
        ("grade B", f"{here}?result=B"),
        ("amended", f"{here}?result=amended"),
        ("by overall score", f"{here}?sort=best"),
        ("statement", f"{here}students/{{student}}/"),
        ("text for who is missing", f"{here}not-registered/"),
        ("CSV", f"{here}results.csv"),
        ("XLSX", f"{here}results.xlsx"),
    ]


def _make_secretary(size: int, centre: int) -> None:
    from accounts.models import Face, User
    from centres.models import Membership

    email = f"{size}@example.org"
    user = User.objects.create_user(email, face=Face.CENTRES, email=email, language="it")
    Membership.objects.create(user=user, centre_id=centre)


def _sign_in(size: int) -> tuple:
    """The browser of the secretary of a centre; its last page and one of its students, for the addresses."""
    from django.test import Client

    from accounts.models import User
    from centres.views.results import STUDENTS_A_PAGE
    from results.models import Entry

    user = User.objects.get(username=f"{size}@example.org")
    browser = Client()
    browser.force_login(user)
    entries = Entry.objects.filter(preparation_centre__memberships__user=user, session__code="LIST")
    student = entries.order_by("pk").values_list("pk", flat=True)[17]
    return browser, {"last": -(-size // STUDENTS_A_PAGE), "student": student}


def _ask(browser, address: str) -> tuple[float, int]:
    """Seconds to the last byte (median), and queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def get() -> None:
        response = browser.get(address)
        body = response.getvalue()
        if response.status_code != 200 or not body:
            raise RuntimeError(f"{address}: {response.status_code}")

    with CaptureQueriesContext(connection) as captured:
        get()
    queries = len(captured)  # the log is emptied with the next request
    took = []
    for _round in range(ROUNDS):
        started = time.perf_counter()
        get()
        took.append(time.perf_counter() - started)
    return statistics.median(took), queries


if __name__ == "__main__":
    main()
