"""The confirmation mail: queued with the account, sent through SMTP by the worker, lost by nothing."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from icalendar import Calendar

from accounts.models import User
from candidates import registering
from results.models import Release
from results_portal.roles import WORKER
from tests import factories
from tests.conftest import FaceClient, database_role
from tests.factories import PASSWORD, SECRET_NUMBER
from tests.mailbox import Mailbox, html_of, serve, text_of, work

pytestmark = pytest.mark.django_db(transaction=True)
OPENS_AT = datetime(2027, 6, 11, 8, 0, tzinfo=UTC)


def register(language: str = "en") -> None:
    session = factories.session("B2F")
    Release.objects.filter(session=session).update(opens_at=OPENS_AT)
    entry = factories.entry(session, id_number="SIR094701", given_names="Zoë", family_name="Kuvetto")
    factories.statement(entry, overall=176, result="B", cefr="B2", speaking=176)
    browser = FaceClient("candidates")
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    browser.post(
        "/register/",
        {
            "id_number": "SIR094701",
            "secret_number": SECRET_NUMBER,
            "email": "zoe@example.org",
            "password": PASSWORD,
            "confirm_password": PASSWORD,
            "terms": "on",
        },
    )


@pytest.mark.parametrize(
    ("language", "subject", "time", "greeting"),
    [
        (
            "en",
            "You are registered for your B2 First results",
            "Friday 11 June 2027, 10:00 (Italian time)",
            "Hello Zoë",
        ),
        ("it", None, "venerdì 11 giugno 2027, ore 10:00 (ora italiana)", "Ciao Zoë"),
    ],
)
def test_the_confirmation_says_what_when_and_how_in_the_persons_language(
    mailbox, language, subject, time, greeting
):
    register(language)
    work()
    (message,) = mailbox
    assert message.envelope_to == ["zoe@example.org"]
    assert message["content-language"] == language
    if subject:
        assert message["subject"] == subject
    for body in (text_of(message), html_of(message)):
        assert "B2 First" in body
        assert time in body
        assert greeting in body
        assert "SIR094701" not in body  # half of the sign-in, if the address was mistyped
        assert "http://results.example.org/confirm/" in body
        assert not re.search(rf"{PASSWORD}|{SECRET_NUMBER}|176|Grade B", body)
    assert f'lang="{language}"' in html_of(message)


def test_the_calendar_file_has_the_instant(mailbox):
    register()
    work()
    attachment = next(mailbox[0].iter_attachments())
    assert (attachment.get_content_type(), attachment.get_filename()) == ("text/calendar", "results.ics")
    calendar = Calendar.from_ical(attachment.get_content())
    (event,) = calendar.walk("VEVENT")
    assert event["dtstart"].dt == OPENS_AT
    assert event["summary"] == "Results: B2 First, June 2026"
    assert event["uid"]
    assert calendar["version"] == "2.0"


def test_the_link_confirms_the_address_and_is_not_needed_to_log_in(mailbox):
    register()
    work()
    browser = FaceClient("candidates")
    assert browser.post("/", {"username": "SIR094701", "password": PASSWORD}).status_code == 302
    link = re.search(r"http://results\.example\.org(/confirm/\S+)", text_of(mailbox[0])).group(1)
    assert User.objects.get(username="SIR094701").email_confirmed_at is None
    assert browser.get(link).status_code == 200
    assert User.objects.get(username="SIR094701").email_confirmed_at is not None


def test_with_the_mail_server_down_registration_works_and_the_mail_comes_later(settings, unused_port):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_port
    register()
    assert User.objects.filter(username="SIR094701").exists()
    work()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status::text, attempts, scheduled_at > now() FROM procrastinate_jobs"
            " WHERE task_name = 'candidates.tasks.send_confirmation'"
        )
        assert cursor.fetchall() == [("todo", 1, True)]
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
    arrived = Mailbox()
    controller = serve(arrived, unused_port)
    try:
        work()
    finally:
        controller.stop()
    assert [message.envelope_to for message in arrived] == [["zoe@example.org"]]


def test_a_registration_that_is_rolled_back_leaves_no_mail(mailbox):
    entry = factories.entry(factories.session())
    with transaction.atomic():
        registering.register(entry, SECRET_NUMBER, email="zoe@example.org", password=PASSWORD, updates=False)
        transaction.set_rollback(True)
    work()
    assert mailbox == []
    entry.refresh_from_db()
    assert entry.user is None


def test_the_confirmation_can_be_sent_again_within_a_limit(mailbox):
    factories.candidate(factories.entry(factories.session(), id_number="SIR094701"))
    browser = FaceClient("candidates")
    browser.post("/", {"username": "SIR094701", "password": PASSWORD})
    for _time in range(5):
        assert browser.post("/account/confirmation/").url == "/account/"
    assert "Too many tries" in browser.get("/account/").content.decode()
    work()
    assert len(mailbox) == 3


def test_the_sweep_deletes_what_has_expired_and_nothing_else():
    from accounts.models import Session
    from accounts.tasks import sweep_expired

    now = factories.database_now()
    for key, expires in (("old" * 8, now - timedelta(seconds=1)), ("new" * 8, now + timedelta(hours=1))):
        Session.objects.create(session_key=key, face="candidates", expire_date=expires)
    with database_role(WORKER):
        sweep_expired(timestamp=0)
    assert [session.session_key for session in Session.objects.all()] == ["new" * 8]
