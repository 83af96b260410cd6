"""Sending what is due, one mail after the other, by one worker at a time.

A row is claimed in one statement that asks the gate again, and committed as `sending` before the mail server
gets it; its answer is committed as `sent`. If the worker is killed between the server's acceptance and that
commit (about a millisecond), the row is found in `sending` and the mail goes out again under the same
Message-ID, by which a mailbox can tell: no mail is lost, and one may come twice.

What is not true any more when its turn comes (stopped, withdrawn, replaced, moved, no updates wanted) is
dropped; if it becomes true again, collect() queues it again.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import get_connection
from django.db import connection
from django.db.models.functions import Now

from accounts import mails
from results.mailing.queueing import collect
from results.mailing.rendering import MAIL_TO_AN_ENTRY, attachments_for, unregistered, words_for
from results.models import Entry, ExamSession, Mail
from results.models.mails import LONGEST_ERROR

logger = logging.getLogger(__name__)

STEP = 9.0  # seconds that one call sends at most; the next one starts every ten (results/tasks.py)
MOST_FAILURES = 3  # in a row, of the server; then it is left alone until the next step
ONE_SENDER = 0x7265_6D61_696C  # the advisory lock's key

# Whether what a row m tells is true now.
_TRUE_NOW = """
CASE
WHEN m.user_id IS NULL THEN EXISTS (
    SELECT FROM results_entry e WHERE e.id = m.entry_id AND e.user_id IS NULL AND e.email = m.address
)
WHEN NOT EXISTS (
    SELECT FROM accounts_user u WHERE u.id = m.user_id AND u.is_active AND u.email <> ''
) THEN false
WHEN m.audience = 'centres' AND NOT EXISTS (
    SELECT FROM centres_membership member
    WHERE member.user_id = m.user_id AND member.centre_id = m.preparation_centre_id
) THEN false
WHEN m.kind = 'reminder' THEN EXISTS (
    SELECT FROM results_entry e WHERE e.session_id = m.session_id AND e.user_id IS NULL
      AND e.preparation_centre_id = m.preparation_centre_id
)
WHEN m.kind = 'postponed' THEN EXISTS (
    SELECT FROM results_release r WHERE r.session_id = m.session_id AND now() <
        CASE m.audience WHEN 'centres' THEN coalesce(r.centres_open_at, r.opens_at) ELSE r.opens_at END
)
WHEN m.audience = 'centres' THEN EXISTS (
    SELECT FROM results_visible v
    WHERE v.audience = 'centres' AND v.session_id = m.session_id
      AND v.preparation_centre_id = m.preparation_centre_id
      AND CASE m.kind WHEN 'amended' THEN v.statement_id = m.cause ELSE NOT v.corrects END
)
ELSE EXISTS (
    SELECT FROM results_visible v
    WHERE v.audience = 'candidates' AND v.entry_id = m.entry_id AND v.user_id = m.user_id
      AND CASE m.kind WHEN 'amended' THEN v.statement_id = m.cause ELSE NOT v.corrects END
) AND (m.kind = 'amended' OR (
    SELECT c.agreed FROM accounts_choice c WHERE c.user_id = m.user_id AND c.kind = 'updates'
    ORDER BY c.id DESC LIMIT 1
))
END
"""
# The next row, with those that tell the same person the same: a school learns of a file of corrections once.
_CLAIM = f"""
WITH first AS (
    SELECT * FROM results_mail WHERE state = 'due' AND due_at <= clock_timestamp()
    ORDER BY turn, due_at, id LIMIT 1
), bundle AS MATERIALIZED (
    SELECT m.id, first.id AS first_id, coalesce({_TRUE_NOW}, false) AS true_now
    FROM first JOIN results_mail m ON (m.id = first.id OR m.user_id = first.user_id)
     AND m.session_id = first.session_id AND m.kind = first.kind
     AND m.entry_id IS NOT DISTINCT FROM first.entry_id
     AND m.preparation_centre_id IS NOT DISTINCT FROM first.preparation_centre_id
     AND m.message_id = first.message_id AND m.state = 'due'
)
UPDATE results_mail m
SET state = CASE WHEN true_now THEN 'sending' ELSE 'dropped' END,
    attempts = m.attempts + true_now::int,
    message_id = CASE WHEN true_now AND m.message_id = ''
        THEN '<' || m.kind || '.mail' || bundle.first_id || '@' || %s || '>' ELSE m.message_id END
FROM bundle WHERE m.id = bundle.id
RETURNING m.id, m.state = 'sending', m.message_id
"""  # noqa: S608 (no value is put together)


@dataclass(frozen=True)
class Claimed:
    """A mail that is this worker's to send; rows: how many of the outbox it stands for, 0 if all dropped."""

    first: int
    message_id: str
    rows: int


def send_due(stop: Callable[[], bool] = lambda: False) -> int:
    """Collect what is visible now and send what is due, for nine seconds at most; returns how many were sent.

    Never faster than MAILS_PER_MINUTE. stop: asked before each mail, whether to end early. While another
    worker sends, nothing is done. What the mail server does not take stays due, and waits longer at each try.
    """
    with _one_sender() as alone:
        if not alone:
            return 0
        collect()
        _take_back()
        with _Post() as post:
            return _send(stop, post)


def _send(stop: Callable[[], bool], post: "_Post") -> int:
    sent = failures = 0
    starts = time.monotonic()
    ends = starts + STEP
    while not stop() and starts < ends and failures < MOST_FAILURES and _next_due() and post.open():
        time.sleep(max(0, starts - time.monotonic()))
        claimed = _claim()
        starts = time.monotonic()
        if claimed is None or not claimed.rows:
            continue
        starts += 60 / settings.MAILS_PER_MINUTE
        if _deliver(claimed, post):
            sent, failures = sent + 1, 0
        elif not post.is_open:
            failures += 1
    return sent


@contextmanager
def _one_sender() -> Iterator[bool]:
    """Whether this process may send; PostgreSQL takes the lock back from one that is killed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ONE_SENDER])
        (alone,) = cursor.fetchone()
    try:
        yield alone
    finally:
        if alone and connection.is_usable():  # a lost connection has lost the lock too
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_SENDER])


def _take_back() -> None:
    """What a killed worker left: nobody else sends now, so nobody is waiting for the server's answer."""
    Mail.objects.filter(state=Mail.State.SENDING).update(state=Mail.State.DUE)


def _next_due() -> Mail | None:
    due = Mail.objects.filter(state=Mail.State.DUE, due_at__lte=Now())
    return due.order_by("turn", "due_at", "pk").only("pk", "attempts").first()


def _claim() -> Claimed | None:
    """Take the next mail; None if nothing is due any more."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [mails.domain()])
        rows = cursor.fetchall()
    if not rows:
        return None
    taken = [(row, message_id) for row, sending, message_id in rows if sending]
    return Claimed(*min(taken), len(taken)) if taken else Claimed(0, "", 0)


def _deliver(claimed: Claimed, post: "_Post") -> bool:
    rows = Mail.objects.filter(message_id=claimed.message_id, state=Mail.State.SENDING)
    try:
        message = _message(claimed)
        post.send(message)
    except Mail.DoesNotExist:  # its account was deleted this moment
        return False
    except Exception as error:
        if not isinstance(error, SMTPException | OSError):
            logger.exception("Mail %s could not be written", claimed.first)
        _put_back(rows, claimed, error)
        return False
    rows.update(state=Mail.State.SENT, sent_at=Now(), last_error="")
    return True


def _message(claimed: Claimed):
    mail = Mail.objects.select_related("preparation_centre", "user").get(pk=claimed.first)
    if mail.audience == Mail.Audience.CENTRES:
        with_release = ExamSession.objects.select_related("release").defer("release__approved_through")
        to, session, number = mail.preparation_centre, with_release.get(pk=mail.session_id), claimed.rows
        if mail.kind == Mail.Kind.REMINDER:
            number = unregistered(session, to)
    else:
        to = Entry.objects.for_mails().get(pk=mail.entry_id)
        session, number = to.session, 1
    language = mail.user.language if mail.user else MAIL_TO_AN_ENTRY
    words = words_for(mail.kind, to, session, language, number)
    attachments = attachments_for(mail.kind, session, mail.audience, language, mail.cause)
    address = mail.user.email if mail.user else mail.address
    return mails.message(words, address, language, claimed.message_id, attachments)


def _put_back(rows, claimed: Claimed, error: Exception) -> None:
    attempts = rows.filter(pk=claimed.first).values_list("attempts", flat=True).first()
    if attempts is None:  # its account was deleted meanwhile
        return
    if mails.refused_for_good(error) or attempts >= mails.MOST_TRIES:
        rows.update(state=Mail.State.GIVEN_UP, last_error=_short(error))
    else:
        wait = mails.wait_after(attempts)
        rows.update(state=Mail.State.DUE, due_at=Now() + timedelta(seconds=wait), last_error=_short(error))


def _short(error: Exception) -> str:
    """What went wrong, for the exams office: the server's code and words, or the kind of failure."""
    if isinstance(error, SMTPRecipientsRefused):
        [(code, reason)] = error.recipients.values()
        error = f"{code} {reason.decode(errors='replace')}"
    return (str(error) or type(error).__name__)[:LONGEST_ERROR].replace("\0", "")


class _Post:
    """One connection to the mail server for many mails, opened when the first one is due."""

    def __init__(self):
        self.server = None

    def __enter__(self) -> "_Post":
        return self

    def __exit__(self, *_error) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        return self.server is not None

    def open(self) -> bool:
        """Whether the server can be reached; if not, the mail whose turn it is says why."""
        if self.server is None:
            server = get_connection(timeout=settings.EMAIL_TIMEOUT)
            try:
                server.open()
            except (SMTPException, OSError) as error:
                logger.warning("The mail server cannot be reached: %s", error)
                Mail.objects.filter(pk=_next_due().pk).update(last_error=_short(error))
                return False
            self.server = server
        return True

    def send(self, message) -> None:
        """Raises SMTPException or OSError, and closes the connection unless only this mail was refused."""
        try:
            self.server.send_messages([message])
        except SMTPRecipientsRefused as error:
            if any(code == 421 for code, _reason in error.recipients.values()):
                self.close()
            raise
        except (SMTPException, OSError):
            self.close()
            raise

    def close(self) -> None:
        if self.server is not None:
            try:
                self.server.close()
            except (SMTPException, OSError):
                logger.debug("The mail server closed first")
            self.server = None
