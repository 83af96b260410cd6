"""What every bench stands on: an installation on a throw-away server, an exam session, two officers."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from results_portal.bootstrap import bootstrap
from results_portal.embedded import Server

EXAM = "B2F"
TO_COME = datetime(2126, 7, 24, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Installation:
    """folder: for files, gone at the end; urls: of the database, by login."""

    folder: Path
    urls: dict[str, str]


@contextmanager
def installation(login: str) -> Iterator[Installation]:
    """An empty portal, all migrations applied; this process goes on with that login and Django set up.

    login: owner, candidates, centres, staff or worker. Models can be imported within it, and not before.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Server(Path(folder, "server")) as server:
        urls = bootstrap(server.url(), "bench")
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
        os.environ["DATABASE_URL"] = urls[login]
        import django

        django.setup()
        yield Installation(Path(folder), urls)


def make_session(code: str, opens_at: datetime = TO_COME):
    """A session of B2 First, without entries; nobody has approved it."""
    from results.sessions import create_session

    return create_session(
        code,
        exam=EXAM,
        title="June 2026",
        exam_date=date(2026, 6, 13),
        place="Roma",
        opens_at=opens_at,
    )


def make_officers() -> list:
    """Two people of the exams office who may prepare, approve and stop."""
    from django.contrib.auth.models import Group

    from accounts.models import User
    from results_portal.office import APPROVER, OFFICER

    officers = [User.objects.create_staff(f"officer{number}@example.org") for number in (1, 2)]
    for officer in officers:
        officer.groups.set(Group.objects.filter(name__in=(OFFICER, APPROVER)))
    return officers
