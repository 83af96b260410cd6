"""The weekly digest: one mail a week with what is new, to each account that asked for it.

A row of NewsDigest stands for one account and one week, and is there once. Which posts it tells is put down
with it, so each post is told an account once, and one that appears late in the next week. A row is claimed in
one statement that asks again whether the account still wants it, and committed as `sending` before the mail
server gets it; the answer is committed as `sent`. As with mails about results (results/mailing/sending.py), a
worker that is killed in the millisecond between may send a mail twice, under the same Message-ID; none is
lost. While mails about results are due, digests wait.
"""

import logging
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from accounts import mails
from centres import following
from centres.models import NewsDigest, VisiblePost
from centres.models.news import LONGEST_ERROR
from results.models import Mail

logger = logging.getLogger(__name__)

STEP = 45.0  # seconds that one call sends at most; the next one starts every minute (centres/tasks.py)
MOST_FAILURES = 3  # in a row; then the mail server is left alone until the next step
LATEST = timedelta(days=2)  # what could not be made by then is told in the next week
ONE_SENDER = 0x6E65_7773  # the advisory lock's key

# What each account that asked for it before the hour is to be told: what it may see now, was published since
# it asked and by the hour, and stands in no digest of its own yet.
_COLLECT = """
INSERT INTO centres_newsdigest (user_id, issue, posts)
SELECT u.id, %(issue)s, array_agg(v.id ORDER BY v.is_pinned DESC, v.published_at DESC, v.id DESC)
FROM centres_newsreader r
JOIN accounts_user u ON u.id = r.user_id
JOIN centres_visible_posts v ON v.user_id = u.id
WHERE r.wants_digest AND r.wants_digest_since <= %(hour)s AND u.email <> ''
  AND v.published_at > r.wants_digest_since AND v.published_at <= %(hour)s
  AND NOT EXISTS (SELECT FROM centres_newsdigest d WHERE d.user_id = u.id AND d.issue = %(issue)s)
  AND NOT EXISTS (SELECT FROM centres_newsdigest d WHERE d.user_id = u.id AND v.id = ANY (d.posts))
GROUP BY u.id
ON CONFLICT DO NOTHING
"""
# Of what was put down only what the account may still see; a row without any, or not wanted, is dropped.
_CLAIM = """
WITH first AS (
    SELECT d.id, d.user_id, d.posts FROM centres_newsdigest d
    WHERE d.state = 'due' AND d.due_at <= clock_timestamp() ORDER BY d.due_at, d.id LIMIT 1
), told AS MATERIALIZED (
    SELECT first.id, array(
        SELECT v.id FROM centres_visible_posts v
        JOIN centres_newsreader r ON r.user_id = v.user_id AND r.wants_digest
        JOIN accounts_user u ON u.id = v.user_id AND u.email <> ''
        WHERE v.user_id = first.user_id AND v.id = ANY (first.posts)
        ORDER BY v.is_pinned DESC, v.published_at DESC, v.id DESC
    ) AS posts
    FROM first
)
UPDATE centres_newsdigest d
SET state = CASE WHEN told.posts = '{}' THEN 'dropped' ELSE 'sending' END,
    posts = told.posts, attempts = d.attempts + (told.posts <> '{}')::int
FROM told WHERE d.id = told.id
RETURNING d.id
"""


def last_issue(now: datetime) -> datetime:
    """When the latest digest was due, at the weekday and hour of the settings."""
    local = timezone.localtime(now)
    days = (local.isoweekday() - settings.NEWS_DIGEST_WEEKDAY) % 7
    hour = _at_the_hour(local.date() - timedelta(days=days))
    return hour if hour <= now else _at_the_hour(hour.date() - timedelta(days=7))


def next_issue(now: datetime | None = None) -> datetime:
    """When the next digest is due; now: the present without it."""
    return _at_the_hour(last_issue(now or timezone.now()).date() + timedelta(days=7))


def _at_the_hour(day: date) -> datetime:
    return datetime(
        day.year,
        day.month,
        day.day,
        settings.NEWS_DIGEST_HOUR,
        tzinfo=timezone.get_default_timezone(),
    )


def collect() -> int:
    """Put down the digests of this week that are not there yet; returns how many."""
    now = _database_now()
    hour = last_issue(now)
    if now > hour + LATEST:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_COLLECT, {"issue": hour.date(), "hour": hour})
        return cursor.rowcount


def send_due(stop: Callable[[], bool] = lambda: False) -> int:
    """Collect, and send what is due, for 45 seconds at most; returns how many were sent.

    stop: asked before each mail, whether to end early. While another worker sends digests, nothing is done.
    What the mail server does not take stays due, and waits longer at each try.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ONE_SENDER])
        (alone,) = cursor.fetchone()
    if not alone:
        return 0
    try:
        collect()
        # What a killed worker left: nobody else sends now, so nobody waits for the server's answer.
        NewsDigest.objects.filter(state="sending").update(state="due")
        return _send(stop)
    finally:
        if connection.is_usable():  # a lost connection has lost the lock too
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_SENDER])


def _send(stop: Callable[[], bool]) -> int:
    sent = failures = 0
    ends = time.monotonic() + STEP
    while not stop() and time.monotonic() < ends and failures < MOST_FAILURES and not _results_are_due():
        if (digest := _claim()) is None:
            break
        if digest.state == NewsDigest.State.DROPPED:
            continue
        if _deliver(digest):
            sent, failures = sent + 1, 0
            time.sleep(60 / settings.MAILS_PER_MINUTE)
        else:
            failures += 1
    return sent


def _results_are_due() -> bool:
    return Mail.objects.filter(state="due", due_at__lte=Now()).exists()


def _claim() -> NewsDigest | None:
    """Take the next digest; None if none is due."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM)
        row = cursor.fetchone()
    return NewsDigest.objects.select_related("user").get(pk=row[0]) if row else None


def _deliver(digest: NewsDigest) -> bool:
    row = NewsDigest.objects.filter(pk=digest.pk)
    posts = list(VisiblePost.objects.of(digest.user).filter(pk__in=digest.posts).pinned_first())
    if not posts:  # they ended since the row was claimed: nobody gets an empty mail
        row.update(state="dropped")
        return True
    try:
        message_of(digest, posts).send()
    except Exception as error:
        if not isinstance(error, SMTPException | OSError):
            logger.exception("Digest %s could not be written", digest.pk)
        words = f"{type(error).__name__}: {error}"[:LONGEST_ERROR].replace("\0", "")
        if mails.refused_for_good(error) or digest.attempts >= mails.MOST_TRIES:
            row.update(state="given_up", last_error=words)
        else:
            wait = timedelta(seconds=mails.wait_after(digest.attempts))
            row.update(state="due", due_at=Now() + wait, last_error=words)
        return False
    row.update(state="sent", sent_at=Now(), last_error="")
    return True


def message_of(digest: NewsDigest, posts: list[VisiblePost]) -> EmailMultiAlternatives:
    """The mail that tells the digest's account of posts, with the way to end it by one click (RFC 8058)."""
    user = digest.user
    link = following.end_digest_link(user.pk)
    words = mails.render(
        "news_digest",
        user.language,
        posts=posts,
        face_url=settings.FACE_URLS["centres"],
        unsubscribe_link=link,
    )
    message_id = f"<news.digest{digest.pk}@{mails.domain()}>"
    message = mails.message(words, user.email, user.language, message_id)
    message.extra_headers |= {
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"<news.{mails.domain()}>",
    }
    message.connection = get_connection(timeout=settings.EMAIL_TIMEOUT)
    return message


def _database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]
