"""The weekly digest: to whom, when, once a week; through a real mail server, by the real worker."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.db.models.functions import Now
from django.test.utils import override_settings
from procrastinate.exceptions import AlreadyEnqueued

from accounts.models import User
from centres import digests, following
from centres.models import NewsDigest, NewsReader, Post
from centres.tasks import send_digests
from results.models import Mail
from results_portal.roles import WORKER
from tests import factories, plugin
from tests.conftest import FaceClient, database_role
from tests.mailbox import Mailbox, html_of, serve, text_of, work

SECOND, HOUR, DAY, WEEK = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
real_time = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def due_since_an_hour(settings, db):
    """The digest of this week was due at the last full hour, so that the worker finds it now."""
    now = factories.database_now().astimezone()
    local = digests.timezone.localtime(now)
    settings.NEWS_DIGEST_WEEKDAY, settings.NEWS_DIGEST_HOUR = local.isoweekday(), local.hour


def hour() -> datetime:
    """When the digest of this week was due."""
    return digests.last_issue(factories.database_now())


def subscriber(*centres, since: timedelta = -DAY, **fields) -> User:
    """A member of the centres who asked for the digest before it was due."""
    user = factories.member(centres[0] if centres else factories.centre(), **fields)
    for centre in centres[1:]:
        user.memberships.create(centre=centre)
    following.choose_digest(user, wanted=True)
    NewsReader.objects.filter(user=user).update(wants_digest_since=hour() + since)
    return user


def post(*only, at: timedelta = -SECOND, **fields) -> Post:
    """A post published so long before or after the digest was due."""
    return factories.post(*only, **{"published_at": hour() + at} | fields)


def send() -> None:
    with suppress(AlreadyEnqueued):
        send_digests.defer(timestamp=0)
    work(queues=["mail"])


def next_week() -> None:
    """As if everything so far had happened a week before."""
    for model, column in (
        (NewsDigest, "sent_at"),
        (NewsReader, "wants_digest_since"),
        (Post, "published_at"),
    ):
        for row in model.objects.all():
            moment = getattr(row, column)
            model.objects.filter(pk=row.pk).update(**{column: moment and moment - WEEK})
    for digest in NewsDigest.objects.all():
        NewsDigest.objects.filter(pk=digest.pk).update(issue=digest.issue - WEEK)


def told(mailbox) -> list[str]:
    return sorted(to for message in mailbox for to in message.envelope_to)


# --- When it is due --------------------------------------------------------------------------------------

ROME_IN_SUMMER_OR_WINTER = [
    (datetime(2026, 11, 23, 5, 59, 59, tzinfo=UTC), datetime(2026, 11, 16, 6, tzinfo=UTC)),
    (datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 23, 6, tzinfo=UTC)),
    (datetime(2026, 11, 29, 23, tzinfo=UTC), datetime(2026, 11, 23, 6, tzinfo=UTC)),
    (datetime(2026, 6, 15, 5, tzinfo=UTC), datetime(2026, 6, 15, 5, tzinfo=UTC)),
    (datetime(2026, 3, 30, 4, 59, tzinfo=UTC), datetime(2026, 3, 23, 6, tzinfo=UTC)),  # the clocks changed
    (datetime(2026, 10, 25, 23, 30, tzinfo=UTC), datetime(2026, 10, 19, 5, tzinfo=UTC)),
]


@pytest.mark.parametrize(("now", "due"), ROME_IN_SUMMER_OR_WINTER)
@override_settings(NEWS_DIGEST_WEEKDAY=1, NEWS_DIGEST_HOUR=7)
def test_the_digest_is_due_on_mondays_at_seven_in_rome(now, due):
    assert digests.last_issue(now) == due
    following_one = digests.next_issue(now)
    assert now < following_one
    assert (following_one.isoweekday(), following_one.hour) == (1, 7)
    assert digests.last_issue(following_one) == following_one


# --- To whom, with what ----------------------------------------------------------------------------------


@real_time
def test_who_asked_gets_one_mail_with_what_is_new_and_nobody_else_does(mailbox):
    user = subscriber()
    factories.member(factories.centre())
    new = post(summary_en="All dates.", kind="initiative", place="Aula Magna")
    send()
    (message,) = mailbox
    assert message.envelope_to == [user.email]
    assert message["subject"] == "Oral exam days – news from Centro Esami Sirio"
    for body in (text_of(message), html_of(message)):
        assert "All dates." in body
        assert "Aula Magna" in body
        assert f"http://centres.example.org/news/{new.key}/" in body
    assert NewsDigest.objects.get().state == "sent"


@real_time
def test_without_anything_new_there_is_no_mail(mailbox):
    subscriber()
    send()
    assert not mailbox
    assert not NewsDigest.objects.exists()


@real_time
def test_the_mail_is_in_the_recipients_language(mailbox):
    user = subscriber()
    User.objects.filter(pk=user.pk).update(language="it")
    post(summary_it="Tutte le date.")
    send()
    (message,) = mailbox
    assert message["content-language"] == "it"
    assert "Giornata degli orali" in message["subject"]
    assert "Tutte le date." in text_of(message)
    assert "Oral exam days" not in html_of(message)


@pytest.mark.parametrize(
    ("at", "is_told"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)], ids=["T+1s", "T", "T-1s"]
)
def test_a_post_is_told_in_the_week_in_which_it_appears(mailbox, at, is_told):
    subscriber()
    post(at=at)
    with database_role(WORKER):
        digests.send_due()
    assert len(mailbox) == is_told


def test_a_post_that_is_planned_or_a_draft_is_not_told(mailbox):
    subscriber()
    factories.post(published_in=SECOND)
    factories.post(published_in=None)
    with database_role(WORKER):
        digests.send_due()
    assert not mailbox


@pytest.mark.parametrize(
    ("expires_in", "is_told"),
    [(SECOND, True), (timedelta(0), False), (-SECOND, False)],
    ids=["T-1s", "T", "T+1s"],
)
def test_a_post_that_has_ended_is_not_told(mailbox, expires_in, is_told):
    subscriber()
    post(expires_at=factories.database_now() + expires_in)
    with database_role(WORKER):
        digests.send_due()
    assert len(mailbox) == is_told


@real_time
def test_another_centres_post_is_told_to_its_people_and_no_others(mailbox):
    ours, theirs = factories.centre(), factories.centre()
    own, other = subscriber(ours), subscriber(theirs)
    post(ours, title_en="Ours")
    post(theirs, title_en="Theirs")
    send()
    mails = {message.envelope_to[0]: text_of(message) for message in mailbox}
    assert mails.keys() == {own.email, other.email}
    assert "Ours" in mails[own.email]
    assert "Theirs" not in mails[own.email]
    assert "Theirs" in mails[other.email]
    assert "Ours" not in mails[other.email]


@real_time
def test_who_belongs_to_two_centres_gets_one_mail_with_each_post_once(mailbox):
    centres = [factories.centre(), factories.centre()]
    subscriber(*centres)
    post(*centres, title_en="For both")
    send()
    (message,) = mailbox
    assert text_of(message).count("For both") == 1


@real_time
def test_what_was_there_before_one_asked_is_no_news(mailbox):
    subscriber(since=-HOUR)
    post(at=-2 * HOUR)
    send()
    assert not mailbox


@real_time
def test_who_asks_after_the_hour_is_told_the_next_week(mailbox):
    subscriber(since=SECOND)
    post(at=2 * SECOND)
    send()
    assert not mailbox


@real_time
def test_who_has_left_is_inactive_or_has_no_address_gets_none(mailbox):
    left, inactive, nameless = subscriber(), subscriber(), subscriber()
    left.memberships.all().delete()
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    User.objects.filter(pk=nameless.pk).update(email="")
    post()
    send()
    assert not mailbox


# --- Once ------------------------------------------------------------------------------------------------


@real_time
def test_it_comes_once_a_week_however_often_the_worker_looks_and_each_post_once(mailbox):
    subscriber()
    post(title_en="First")
    for _time in range(3):
        send()
    assert len(mailbox) == 1
    post(title_en="Missed", at=-HOUR)  # saved by a slow transaction, so the first look did not find it
    send()
    assert len(mailbox) == 1
    next_week()
    send()
    assert len(mailbox) == 2
    assert "Missed" in text_of(mailbox[1])
    assert "First" not in text_of(mailbox[1])
    next_week()
    send()
    assert len(mailbox) == 2


@real_time
def test_after_two_days_the_next_week_tells_it(mailbox, settings):
    early = digests.timezone.localtime(factories.database_now()) - 3 * DAY
    settings.NEWS_DIGEST_WEEKDAY = early.isoweekday()
    subscriber()
    post()
    send()
    assert not mailbox


@real_time
def test_a_worker_killed_before_the_servers_answer_was_stored_sends_it_again_under_the_same_message_id(
    mailbox,
):
    subscriber()
    post()
    send()
    NewsDigest.objects.update(state="sending", sent_at=None)  # what kill -9 leaves
    send()
    assert len(mailbox) == 2
    assert mailbox[0]["Message-ID"] == mailbox[1]["Message-ID"]
    send()
    assert len(mailbox) == 2


@real_time
def test_a_worker_killed_after_collecting_loses_and_doubles_nothing(mailbox):
    users = [subscriber() for _number in range(3)]
    post()
    digests.collect()
    digests.collect()
    NewsDigest.objects.filter(user=users[0]).update(state="sending")
    send()
    send()
    assert told(mailbox) == sorted(user.email for user in users)


class Hanging(Mailbox):
    """Takes a mail and never answers, until told to."""

    def __init__(self):
        super().__init__()
        self.hangs, self.reached = True, threading.Event()

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        while self.hangs:
            self.reached.set()
            await asyncio.sleep(0.05)
        return await super().handle_DATA(server, session, envelope)


@real_time
def test_a_worker_killed_while_the_server_takes_the_mail_leaves_it_to_the_next_which_sends_it_once(
    settings, unused_port
):
    user = subscriber()
    post()
    arrived = Hanging()
    controller = serve(arrived, unused_port)
    environment = {
        **os.environ,
        "DATABASE_URL": plugin.urls["worker"],
        "EMAIL_URL": f"smtp://127.0.0.1:{unused_port}",
        "NEWS_DIGEST_WEEKDAY": str(settings.NEWS_DIGEST_WEEKDAY),
        "NEWS_DIGEST_HOUR": str(settings.NEWS_DIGEST_HOUR),
    }
    send_digests.defer(timestamp=0)
    worker = [sys.executable, "manage.py", "procrastinate", "worker", "-q", "mail"]
    try:
        with subprocess.Popen(worker, env=environment, stderr=subprocess.DEVNULL) as process:
            assert arrived.reached.wait(30)
            process.kill()
        assert NewsDigest.objects.get().state == "sending"
        arrived.hangs = False
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_port
        for _time in range(2):
            with database_role(WORKER):
                digests.send_due()
    finally:
        controller.stop()
    assert NewsDigest.objects.get().state == "sent"
    assert {message["Message-ID"] for message in arrived} == {
        f"<news.digest{NewsDigest.objects.get().pk}@sirio.example.org>"
    }
    assert told(arrived)[-1] == user.email


@real_time
def test_two_workers_at_once_send_one_digest(mailbox, role_connection):
    subscriber()
    post()
    other = role_connection("worker")
    other.execute("SELECT pg_advisory_lock(%s)", [digests.ONE_SENDER])
    send()
    assert not mailbox
    other.close()
    send()
    assert len(mailbox) == 1


# --- Between queueing and sending ----------------------------------------------------------------------


@pytest.fixture
def later(settings, unused_port):
    """Collect while the mail server is down; what is returned serves, and sends again."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_port
    send()
    digest = NewsDigest.objects.get()
    assert digest.state == "due"
    assert "refused" in digest.last_error
    arrived, controllers = Mailbox(), []

    def again() -> Mailbox:
        controllers.append(serve(arrived, unused_port))
        NewsDigest.objects.filter(state="due").update(due_at=Now())
        send()
        return arrived

    yield again
    for controller in controllers:
        controller.stop()


@pytest.fixture
def waiting(db) -> tuple[User, Post]:
    return subscriber(), post()


@real_time
def test_with_the_mail_server_down_nothing_is_lost(waiting, later):
    assert told(later()) == [waiting[0].email]
    assert NewsDigest.objects.get().last_error == ""


@real_time
@pytest.mark.parametrize(
    "change",
    [
        lambda user, _post: following.choose_digest(user, wanted=False),
        lambda user, _post: user.memberships.all().delete(),
        lambda _user, post: Post.objects.filter(pk=post.pk).update(published_at=None),
        lambda _user, post: Post.objects.filter(pk=post.pk).update(to_all=False),
    ],
    ids=["not wanted", "left", "taken offline", "for others now"],
)
def test_what_is_not_true_any_more_is_not_sent(waiting, later, change):
    change(*waiting)
    assert later() == []
    assert NewsDigest.objects.get().state == "dropped"


@real_time
def test_while_results_are_announced_the_digest_waits(mailbox):
    subscriber()
    post()
    entry = factories.entry(factories.session(opens_in=HOUR))
    mail = Mail.objects.create(
        kind="reminder", audience="candidates", session=entry.session, entry=entry, address="a@example.org"
    )
    with database_role(WORKER):
        assert digests.send_due() == 0
    mail.delete()
    with database_role(WORKER):
        assert digests.send_due() == 1


# --- Asking for it and ending it -------------------------------------------------------------------------


def test_the_digest_is_asked_for_and_ended_on_the_page_and_the_trail_says_when(centres):
    user = factories.member(factories.centre())
    centres.force_login(user)
    assert "Get the weekly email" in centres.get("/news/follow/").content.decode()
    page = centres.post("/news/follow/digest/", {"digest": "yes"}, follow=True).content.decode()
    assert "You will get the news by email once a week." in page
    assert "Stop the weekly email" in page
    centres.post("/news/follow/digest/", {"digest": "no"})
    assert not NewsReader.objects.get(user=user).wants_digest
    events = NewsReader.pgh_event_model.objects.filter(user=user).order_by("pgh_id")
    assert list(events.values_list("wants_digest", flat=True)) == [False, True, False]
    assert events[1].pgh_context["user"] == user.pk


def unsubscribe_link(user: User) -> str:
    return urlsplit(following.end_digest_link(user.pk)).path


@real_time
def test_the_mail_ends_by_one_click_without_signing_in(mailbox):
    user = subscriber()
    post()
    send()
    (message,) = mailbox
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.fullmatch(r"<(http://centres\.example\.org/\S+)>", message["List-Unsubscribe"].strip())[1]
    assert link in text_of(message)
    assert link in html_of(message)
    # As a mail program sends it (RFC 8058): no cookie, no token against forged requests.
    browser = FaceClient("centres", enforce_csrf_checks=True)
    response = browser.post(urlsplit(link).path, {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    assert not NewsReader.objects.get(user=user).wants_digest


def test_looking_at_the_link_ends_nothing_and_its_button_does(db):
    """Mail filters follow every link; none presses a button."""
    user = subscriber()
    browser = FaceClient("centres", enforce_csrf_checks=True)
    page = browser.get(unsubscribe_link(user))
    assert "Stop the weekly email?" in page.content.decode()
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert NewsReader.objects.get(user=user).wants_digest
    done = browser.post(unsubscribe_link(user)).content.decode()
    assert "You will get no more news by email" in done
    assert not NewsReader.objects.get(user=user).wants_digest
    assert browser.post(unsubscribe_link(user)).status_code == 200  # twice does no harm


def test_a_link_ends_its_own_accounts_digest_and_no_other(db):
    user, other = subscriber(), subscriber()
    signed = unsubscribe_link(user).rstrip("/").rpartition("/")[2]
    browser = FaceClient("centres")
    for token in (
        f"{other.pk}.{signed.partition('.')[2]}",
        str(other.pk),
        f"{signed}x",
        "%00",
        "é",
        following._feed.sign(str(other.pk)),
        following._digest.sign("999999999"),
    ):
        assert browser.post(f"/news/unsubscribe/{token}/").status_code == 404, token
    browser.post(unsubscribe_link(user))
    assert set(NewsReader.objects.filter(wants_digest=True).values_list("user", flat=True)) == {other.pk}


def test_the_link_signs_nobody_in(db):
    user = subscriber()
    browser = FaceClient("centres")
    page = browser.get(unsubscribe_link(user)).content.decode()
    assert user.email not in page
    assert browser.get("/news/").status_code == 302
