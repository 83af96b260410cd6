"""Gives the tests a real PostgreSQL, before Django reads its settings.

Without DATABASE_URL an embedded server is started and removed again. On a server given by DATABASE_URL
(a login that may create databases and roles) the tests make a database of their own beside the others,
with logins of its own, and drop them at the end; nothing else there is touched.
"""

import os
import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from results_portal import bootstrap
from results_portal.embedded import Server
from results_portal.roles import ROLES

cleanup = ExitStack()
urls: dict[str, str] = {}  # of each login of the tests' database
admin_url = ""  # of the server's administrator, to the tests' database


def _folder() -> Path:
    return Path(
        cleanup.enter_context(tempfile.TemporaryDirectory(prefix="portal-test-", ignore_cleanup_errors=True))
    )


def _server() -> str:
    """URL of the administrator's login."""
    if given := os.environ.get("DATABASE_URL"):
        return given
    return cleanup.enter_context(Server(_folder(), fast=True)).url()


@pytest.hookimpl(tryfirst=True)  # pytest-django reads the settings in the same hook
def pytest_load_initial_conftests() -> None:
    global admin_url  # noqa: PLW0603 (a plugin is a module)
    server = _server()
    name = f"portal_test_{secrets.token_hex(4)}"
    cleanup.callback(bootstrap.drop, server, name)
    urls.update(bootstrap.bootstrap(server, name))
    admin_url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    os.environ.update(
        DATABASE_URL=urls["owner"],
        PORTAL_FACE="candidates",
        PORTAL_SECRET_KEY=secrets.token_urlsafe(48),
        PORTAL_SECRET_NUMBER_KEY=secrets.token_urlsafe(48),
        PORTAL_PASSWORD_PEPPER=secrets.token_urlsafe(48),
        PORTAL_HTTPS="off",
        STATIC_ROOT=str(_folder()),
        MATERIAL_ROOT=str(_folder()),
        CANDIDATES_URL="http://results.example.org",
        CENTRES_URL="http://centres.example.org",
        STAFF_URL="http://staff.example.org",
        EXTRA_ALLOWED_HOSTS="127.0.0.1",
        CENTRE_NAME="Centro Esami Sirio",
        CENTRE_NUMBER="IT024",
        CENTRE_EMAIL="esami@sirio.example.org",
        CENTRE_PHONE="+39 06 5550 0100",
        EMAIL_URL="smtp://127.0.0.1:9",  # refuses; a test that sends mail starts a server of its own
    )
    # The tests' requests run under the role of their face (tests/conftest.py): the owner must reach it.
    with psycopg.connect(server, autocommit=True) as admin:
        for role in ROLES:
            admin.execute(f"GRANT {role} TO {name}_owner")
        admin.execute(f"GRANT TEMPORARY ON DATABASE {name} TO portal_staff")  # as its login has it


def pytest_unconfigure() -> None:
    cleanup.close()
