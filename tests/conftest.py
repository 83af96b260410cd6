"""Fixtures: the faces as clients that ask with the rights of their face, and nothing more."""

import re
import socket
from contextlib import contextmanager

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client, TransactionTestCase
from django.test.utils import override_settings
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from results_portal.roles import ROLE_OF_FACE
from tests import plugin
from tests.mailbox import Mailbox, serve

HOSTS = {"candidates": "results.example.org", "centres": "centres.example.org", "staff": "staff.example.org"}


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker):
    """The plugin has made the database; here come its tables."""
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
        yield
        connection.close()


# What migrating fills, and every test finds there.
KEPT = {
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "procrastinate_version",
}


def empty_tables(_case) -> None:
    """After a test whose changes were committed, take out of every table what it has put there.

    In place of Django's flush, which truncates all tables, full or empty, and then migrates once more.
    """
    tables = set(connection.introspection.table_names()) - KEPT
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM (VALUES {}) AS tables (name, is_full) WHERE is_full".format(
                ", ".join(f"('{table}', EXISTS (SELECT FROM \"{table}\"))" for table in tables)
            )
        )
        full = [name for (name,) in cursor]
        full.sort(key=lambda table: table != "procrastinate_periodic_defers")  # its foreign key does not wait
        for table in full:  # what is protected from being deleted is not protected from the tables' owner
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        for table in full:  # foreign keys are looked at when the transaction ends
            cursor.execute(f'DELETE FROM "{table}"')
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in full:
            cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


@pytest.fixture(scope="session", autouse=True)
def quick_flush():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_as_they_lie():
    """Pages without `collectstatic`; the browser tests serve the collected files."""
    storages = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(STORAGES=storages):
        yield


@contextmanager
def database_role(role: str):
    """Ask the database with the rights of a role, as the face's own login would."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")


class FaceClient(Client):
    """A browser on one face; every request runs with that face's settings and database role."""

    def __init__(self, face: str, **defaults):
        super().__init__(headers={"accept-language": "en"}, **defaults)
        self.face = face

    def face_settings(self):
        return override_settings(
            PORTAL_FACE=self.face,
            ROOT_URLCONF=f"results_portal.urls.{self.face}",
            ALLOWED_HOSTS=[HOSTS[self.face], "127.0.0.1"],
            LOGIN_URL="admin:login" if self.face == "staff" else "home",
            MIDDLEWARE=[
                *(name for name in settings.MIDDLEWARE if name not in settings.FACE_MIDDLEWARE["staff"]),
                *settings.FACE_MIDDLEWARE[self.face],
            ],
        )

    def request(self, **request):
        request["SERVER_NAME"] = HOSTS[self.face]
        with self.face_settings(), database_role(ROLE_OF_FACE[self.face]):
            return super().request(**request)

    def force_login(self, user, backend=None, *, verified: bool = True):
        """Sign in, with the second factor just given, or not: with the password alone.

        On the staff face everyone has one, on the centres' face who has set it up.
        """
        with self.face_settings():
            super().force_login(user, backend)
            if self.face in {"staff", "centres"} and verified:
                from accounts.confirming import CONFIRMED_AT
                from accounts.models import AuthenticatorApp
                from accounts.sessions import STARTED_AT

                app = AuthenticatorApp.objects.filter(user=user).first()
                if app is None and self.face == "centres":
                    return
                app = app or AuthenticatorApp.objects.create(user=user)
                session = self.session
                session[DEVICE_ID_SESSION_KEY] = app.persistent_id
                session[CONFIRMED_AT] = session[STARTED_AT] = timezone.now().timestamp()
                session.save()


def page_of(response) -> str:
    """The page without what differs by nature: the tokens against forged requests."""
    return re.sub(r'csrfmiddlewaretoken" value="\w+"', "", response.content.decode())


@pytest.fixture
def candidates(db) -> FaceClient:
    return FaceClient("candidates")


@pytest.fixture
def centres(db) -> FaceClient:
    return FaceClient("centres")


@pytest.fixture
def staff_face(db) -> FaceClient:
    return FaceClient("staff")


@pytest.fixture
def role_connection():
    """Connect with the very login of a face: role_connection("candidates") is a psycopg connection."""
    opened = []

    def connect(login: str) -> psycopg.Connection:
        opened.append(psycopg.connect(plugin.urls[login], autocommit=True))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


@pytest.fixture
def mailbox(settings, unused_port):
    """Mails as they arrive at a real SMTP server."""
    arrived = Mailbox()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_port
    controller = serve(arrived, unused_port)
    yield arrived
    controller.stop()


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
