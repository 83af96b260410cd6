"""The accounts' last guard: what PostgreSQL itself refuses."""

import psycopg
import pytest
from django.db import IntegrityError, transaction

from accounts.models import Choice, Face, Session, ThrottleCounter, User
from tests import factories

MAKE_STAFF = """
    INSERT INTO accounts_user (username, face, email, language, password, is_active, is_staff, is_superuser)
    VALUES ('x@y.example', 'staff', '', 'en', '!', true, true, true)
"""


def refused(make) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"username": "SIR000001", "face": "parents"},
        {"username": "SIR000001", "face": Face.CANDIDATES, "language": "de"},
        {"username": "SIR000001", "face": Face.CANDIDATES, "is_staff": True},
        {"username": "SIR000001", "face": Face.CANDIDATES, "is_superuser": True},
        {"username": "a@school.example.org", "face": Face.CENTRES, "is_staff": True},
        {"username": "officer@office.example.org", "face": Face.STAFF, "is_staff": False},
        {"username": "a@school.example.org", "face": Face.CANDIDATES},
        {"username": "SIR000001", "face": Face.STAFF, "is_staff": True},
        {"username": "A@School.example.org", "face": Face.CENTRES},
    ],
)
def test_an_account_that_makes_no_sense_is_refused(fields):
    refused(lambda: User.objects.create(password="!", **fields))


@pytest.mark.django_db
def test_a_username_is_there_once():
    user = factories.candidate()
    refused(lambda: User.objects.create(username=user.username, face=Face.CANDIDATES, password="!"))


@pytest.mark.django_db
def test_choices_sessions_and_counters_hold_only_what_they_may():
    user = factories.candidate()
    refused(lambda: Choice.objects.create(user=user, kind="cookies", agreed=True, text_version="1"))
    refused(lambda: Choice.objects.create(user=user, kind="terms", agreed=False, text_version="1"))
    refused(
        lambda: Session.objects.create(session_key="k" * 32, face="x", expire_date=factories.database_now())
    )
    refused(lambda: ThrottleCounter.objects.create(key="k", count=-1, ends_at=factories.database_now()))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("login", "own"), [("candidates", Face.CANDIDATES), ("centres", Face.CENTRES)])
def test_a_public_face_sees_and_makes_accounts_of_its_own_only(role_connection, login, own):
    factories.candidate()
    factories.member(factories.centre())
    factories.staff()
    face = role_connection(login)
    assert face.execute("SELECT DISTINCT face FROM accounts_user").fetchall() == [(own,)]
    assert face.execute("UPDATE accounts_user SET language = 'en'").rowcount == 1
    for change in (
        "UPDATE accounts_user SET is_superuser = true",
        "UPDATE accounts_user SET face = 'staff'",
        MAKE_STAFF,
        "DELETE FROM accounts_user",
        "SELECT * FROM accounts_userevent",
        "SELECT args FROM procrastinate_jobs",
        "SELECT * FROM auth_permission",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            face.execute(change)


@pytest.mark.django_db(transaction=True)
def test_a_public_face_finds_no_session_of_another(role_connection):
    for face in Face.values:
        Session.objects.create(session_key=face * 4, face=face, expire_date=factories.database_now())
    assert role_connection("candidates").execute("SELECT face FROM accounts_session").fetchall() == [
        ("candidates",)
    ]
    assert role_connection("centres").execute("DELETE FROM accounts_session").rowcount == 1
