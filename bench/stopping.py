"""How soon a stop shows: python -m bench.stopping [--readers 8] [--rounds 5]

On a throw-away server, the candidates' site under gunicorn: readers ask for their statement without a pause
while the exams office stops the session and lifts the stop, again and again. Measured from the commit: when
the last reader read the notice, and how many answers to requests that began after it still held a mark (none
may).
"""

import argparse
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from bench import files
from bench.installation import EXAM, Installation, installation, make_officers, make_session

MARK = 177
NOTICE = "We are checking these results."
PAUSE = 2  # seconds between a stop and its end: every reader has read it by then


@dataclass
class Reader(threading.Thread):
    """A signed-in candidate who reloads; answers: (began, ended, what was on the page)."""

    port: int
    cookie: str
    answers: list[tuple[float, float, str]] = field(default_factory=list)
    stop: bool = False

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self.stop:
            began = time.perf_counter()
            connection.request("GET", "/statement/", headers={"Cookie": self.cookie, "Accept-Language": "en"})
            page = connection.getresponse().read().decode()
            shows = "mark" if f"<dd>{MARK}</dd>" in page else "notice" if NOTICE in page else "other"
            self.answers.append((began, time.perf_counter(), shows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with installation("staff") as portal:
        _measure(portal, arguments.readers, arguments.rounds)


def _measure(portal: Installation, readers: int, rounds: int) -> None:
    from results import stopping
    from results.models import Stop

    session, officer, cookies = _prepare(portal, readers)
    process, port = _serve(portal)
    try:
        reading = [Reader(port, cookie) for cookie in cookies]
        for reader in reading:
            reader.start()
        time.sleep(PAUSE)
        stopped, lifted = [], []
        for _round in range(rounds):
            stopping.stop_session(session, officer, "Measuring", stopping.Notice("In pausa.", NOTICE))
            stopped.append(time.perf_counter())
            time.sleep(PAUSE)
            stopping.lift(Stop.objects.all(), officer)
            lifted.append(time.perf_counter())
            time.sleep(PAUSE)
        for reader in reading:
            reader.stop = True
        for reader in reading:
            reader.join()
    finally:
        process.terminate()
        process.wait()
    answers = [answer for reader in reading for answer in reader.answers]
    print(f"{len(answers)} pages read by {readers} readers; {rounds} stops")
    for name, moments, shows in (("stop", stopped, "notice"), ("lift", lifted, "mark")):
        latest = [
            max(_first(reader.answers, moment, shows) - moment for reader in reading) for moment in moments
        ]
        late = sum(
            1
            for moment in moments
            for began, ended, showed in answers
            if moment <= began and ended < moment + PAUSE and showed != shows
        )
        print(
            f"{name}: the last reader saw it {max(latest) * 1000:.0f} ms after the commit (median of rounds"
            f" {sorted(latest)[len(latest) // 2] * 1000:.0f} ms); answers that came too late: {late}"
        )


def _first(answers: list[tuple[float, float, str]], moment: float, shows: str) -> float:
    """When a reader had read, after the moment, a page that shows that."""
    return next(ended for began, ended, showed in answers if ended > moment and showed == shows)


def _prepare(portal: Installation, readers: int):
    """A session with an open statement for each reader: the session, an officer, each reader's cookie."""
    from datetime import timedelta

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.utils import timezone

    from accounts.models import Face, User
    from accounts.sessions import SessionStore
    from results import releasing
    from results.exams import EXAMS
    from results.importing import import_results
    from results.models import Entry

    session = make_session("STOP", opens_at=timezone.now() - timedelta(hours=1))
    officers = make_officers()
    exam = EXAMS[EXAM]
    band = exam.band(MARK)
    table = [["id_number", "status", "overall", "result", "cefr", *exam.skills]]
    cookies = []
    for number in range(readers):
        username = f"SIR{number:06d}"
        user = User.objects.create_user(username, face=Face.CANDIDATES, email="a@example.org", language="en")
        Entry.objects.create(
            session=session, id_number=username, candidate_number=f"{number:04d}", family_name="Bianchi",
            given_names="Alice", date_of_birth="2010-03-14", user=user,
        )  # fmt: skip
        table.append([username, "result", MARK, band.result, band.cefr, *(MARK for _skill in exam.skills)])
        store = SessionStore()
        settings.PORTAL_FACE = "candidates"
        store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
        store[BACKEND_SESSION_KEY] = "accounts.backends.FaceBackend"
        store.create()
        settings.PORTAL_FACE = "staff"
        cookies.append(f"candidates_session={store.session_key}")
    files.write(portal.folder / "results.csv", table)
    import_results(session, portal.folder / "results.csv")
    for officer in officers:
        releasing.approve(session.release, officer, open_now=True)
    return session, officers[0], cookies


def _serve(portal: Installation) -> tuple[subprocess.Popen, int]:
    """The candidates' site under gunicorn, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": portal.urls["candidates"],
        "PORTAL_FACE": "candidates",
        "CANDIDATES_URL": f"http://127.0.0.1:{port}",
        "STATIC_ROOT": str(portal.folder / "static"),
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    subprocess.run(collect, check=True, env=environment)
    process = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", "results_portal.wsgi", "--config", "deploy/gunicorn.conf.py",
            "--bind", f"127.0.0.1:{port}", "--log-level", "warning",
        ],
        env=environment,
    )  # fmt: skip
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None:
                sys.exit("gunicorn did not start; its messages stand above.")
            time.sleep(0.1)
        else:
            return process, port


if __name__ == "__main__":
    main()
