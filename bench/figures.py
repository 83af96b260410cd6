"""How long a centre waits for its figures: python -m bench.figures [--candidates 10000] [--sessions 6]

On a throw-away server, with the login of the centres' site, in sessions of one exam with many candidates.
Measured is the whole page, from the request to its last byte, and how often it asks the database.
"""

import argparse
import os
import statistics
import time

import psycopg

from bench.installation import Installation, installation

ROUNDS = 7
LOAD = """
INSERT INTO accounts_user (username, password, face, email, language, is_active, is_staff, is_superuser)
VALUES ('school@example.org', '', 'centres', 'school@example.org', 'en', true, false, false);
INSERT INTO centres_preparationcentre (code, name)
SELECT 'C' || n, 'School ' || n FROM generate_series(1, 10) n;
INSERT INTO centres_membership (user_id, centre_id)
SELECT u.id, c.id FROM accounts_user u, centres_preparationcentre c WHERE c.code = 'C1';
INSERT INTO results_examsession (code, exam, title, exam_date, place, letter)
SELECT 'B2F-' || n, 'B2F', 'Session ' || n, date '2025-01-01' + 30 * n, 'Roma', 'A'
FROM generate_series(1, %(sessions)s) n;
INSERT INTO results_release (session_id, opens_at)
SELECT id, now() - interval '1 day' FROM results_examsession;
INSERT INTO results_entry (session_id, id_number, secret_digest, candidate_number, family_name, given_names,
                           date_of_birth, preparation_centre_id, email)
SELECT s.id, 'SI' || lpad((s.id * 100000 + n)::text, 9, '0'), '', lpad(n::text, 6, '0'), 'Rossi', 'Anna',
       '2009-01-01', c.id, ''
FROM results_examsession s, generate_series(1, %(candidates)s) n
JOIN centres_preparationcentre c ON c.code = 'C' || (1 + n %% 10);
INSERT INTO results_statement (entry_id, version, reason, status, overall, result, cefr, reading,
                               use_of_english, writing, listening, speaking)
SELECT id, 1, '', 'result', 165 + id %% 15, CASE WHEN id %% 15 > 7 THEN 'B' ELSE 'C' END, 'B2',
       160 + id %% 20, 162 + id %% 17, 158 + id %% 19, 161 + id %% 23, 165 + id %% 14
FROM results_entry;
UPDATE results_release SET approved_through = (SELECT max(id) FROM results_statement);
ANALYZE;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=10_000, help="of each session")
    parser.add_argument("--sessions", type=int, default=6)
    arguments = parser.parse_args()
    os.environ["PORTAL_FACE"] = "centres"
    with installation("centres") as portal:
        _load(portal, vars(arguments))
        _measure(arguments.candidates, arguments.sessions)


def _load(portal: Installation, numbers: dict[str, int]) -> None:
    with psycopg.connect(portal.urls["owner"]) as owner:
        for statement in LOAD.split(";\n"):
            if statement.strip():
                owner.execute(statement, numbers)


def _measure(candidates: int, sessions: int) -> None:
    from django.db import connection
    from django.test import Client, override_settings
    from django.test.utils import CaptureQueriesContext

    from accounts.models import User

    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override_settings(STORAGES=plain, ALLOWED_HOSTS=["testserver"]):
        browser = Client()
        browser.force_login(User.objects.get())
        print(f"{sessions} sessions of {candidates:,} candidates, a tenth of them the school's")
        for address, words in (("/sessions/B2F-1/figures/", "one session"), ("/figures/", "over time")):
            times = []
            for _round in range(ROUNDS):
                began = time.perf_counter()
                with CaptureQueriesContext(connection) as captured:
                    response = browser.get(address)
                times.append(time.perf_counter() - began)
                if b"Beside them" not in response.content and b"point-all" not in response.content:
                    raise SystemExit(f"{address} does not show all candidates: {response}")
            print(
                f"  {words:<12} {statistics.median(times) * 1000:6.0f} ms (slowest {max(times) * 1000:.0f}),"
                f" {len(captured)} queries"
            )
            for query in sorted(captured, key=lambda each: -float(each["time"]))[:3]:
                print(f"      {float(query['time']) * 1000:6.0f} ms  {query['sql'][:90]}")


if __name__ == "__main__":
    main()
