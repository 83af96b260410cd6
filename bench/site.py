"""The candidates' site under gunicorn, with people who have a result and are signed in."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from bench import files
from bench.installation import EXAM, Installation, make_officers, make_session

MARK = 177


def open_session(portal: Installation, people: int, code: str = "OPEN") -> list:
    """A session whose results are open, approved by two, with so many registered people; returns them."""
    from django.utils import timezone

    from accounts.models import Face, User
    from results import releasing
    from results.exams import EXAMS
    from results.importing import import_results
    from results.models import Entry

    session = make_session(code, opens_at=timezone.now() - timedelta(hours=1))
    exam = EXAMS[EXAM]
    band = exam.band(MARK)
    table = [["id_number", "status", "overall", "result", "cefr", *exam.skills]]
    users = [
        User(username=f"SIR{number:06d}", face=Face.CANDIDATES, email="a@example.org", language="it",
             password="!")  # noqa: S106 (nobody signs in with it)
        for number in range(people)
    ]  # fmt: skip
    users = User.objects.bulk_create(users)
    Entry.objects.bulk_create(
        Entry(
            session=session, id_number=user.username, candidate_number=f"{number:06d}",
            family_name="Bianchi", given_names="Alice", date_of_birth="2010-03-14", user=user,
        )
        for number, user in enumerate(users)
    )  # fmt: skip
    table += [
        [user.username, "result", MARK, band.result, band.cefr, *(MARK for _skill in exam.skills)]
        for user in users
    ]
    files.write(portal.folder / "results.csv", table)
    import_results(session, portal.folder / "results.csv")
    for officer in make_officers():
        releasing.approve(session.release, officer, open_now=True)
    return users


def sign_in(user) -> str:
    """A session of the candidates' face, as log-in makes it: its cookie."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from accounts.sessions import SessionStore

    face, settings.PORTAL_FACE = settings.PORTAL_FACE, "candidates"
    try:
        store = SessionStore()
        store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
        store[BACKEND_SESSION_KEY] = "accounts.backends.FaceBackend"
        store.create()
    finally:
        settings.PORTAL_FACE = face
    return f"candidates_session={store.session_key}"


@contextmanager
def served(portal: Installation, wsgi: str = "results_portal.wsgi") -> Iterator[int]:
    """The candidates' site under gunicorn as deploy/ has it; yields its port."""
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
            sys.executable, "-m", "gunicorn", wsgi, "--config", "deploy/gunicorn.conf.py",
            "--bind", f"127.0.0.1:{port}", "--log-level", "warning",
        ],
        env=environment,
    )  # fmt: skip
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit("gunicorn did not start; its messages stand above.")
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()
