"""Mails in the recipient's language, as text and HTML, through the queue.

A mail is queued in the transaction that causes it, so it exists if and only if its cause does; the worker
renders and sends it. Its Message-ID comes from the job, so that a mail sent twice by a crash is one.
"""

from dataclasses import dataclass
from datetime import timedelta
from email.utils import formataddr
from smtplib import SMTPRecipientsRefused, SMTPSenderRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from procrastinate import BaseRetryStrategy, RetryDecision

from accounts.models import User
from results_portal.branding import words

FIRST_WAIT = 10  # seconds; doubled at each further try
LONGEST_WAIT = 15 * 60  # seconds
MOST_TRIES = int(timedelta(days=3).total_seconds()) // LONGEST_WAIT


@dataclass(frozen=True)
class Words:
    """A rendered mail."""

    subject: str
    text: str
    html: str


def refused_for_good(error: Exception) -> bool:
    """Whether the mail server refused the address itself, so that another try is of no use."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 550 for code, _reason in error.recipients.values())
    return isinstance(error, SMTPSenderRefused) and error.smtp_code >= 550


def wait_after(attempts: int) -> int:
    """Seconds until the next try."""
    return min(FIRST_WAIT * 2 ** min(attempts, 10), LONGEST_WAIT)


class UntilDelivered(BaseRetryStrategy):
    """Try again for three days; give up at once only where the address itself is refused for good."""

    def get_retry_decision(self, *, exception, job) -> RetryDecision | None:
        if refused_for_good(exception) or job.attempts >= MOST_TRIES:
            return None
        return RetryDecision(retry_in={"seconds": wait_after(job.attempts)})


def given_names(user: User) -> str:
    """Whom a mail is for: a parent may have two children on one address. Empty for who has no entry."""
    entry = user.entries.for_mails().first()
    return entry.given_names if entry else ""


def send(
    user: User, template: str, job_id: int | None, *, to: str | None = None, attachments=(), **facts
) -> None:
    """Render mails/<template>/{subject.txt,body.txt,body.html} and send it by SMTP.

    to: another address than the account's; attachments: (filename, content, mimetype) each.
    Raises SMTPException or OSError if the mail server does not take it; the job is then tried again.
    """
    facts = {"name": given_names(user), "face_url": settings.FACE_URLS[user.face], **facts}
    send_to(to or user.email, user.language, template, job_id, attachments=attachments, **facts)


def send_to(
    address: str, language: str, template: str, job_id: int | None, *, attachments=(), **facts
) -> None:
    """As send, to an address that need not have an account."""
    message_id = f"<{template}.{job_id}@{domain()}>"
    message(render(template, language, **facts), address, language, message_id, attachments).send()


def render(template: str, language: str, **facts) -> Words:
    """The words of mails/<template>/ in a language; facts are the templates' variables."""
    with translation.override(language):
        context = {**words(), **facts}
        return Words(
            " ".join(render_to_string(f"mails/{template}/subject.txt", context).split()),
            render_to_string(f"mails/{template}/body.txt", context).strip() + "\n",
            render_to_string(f"mails/{template}/body.html", context),
        )


def message(mail: Words, to: str, language: str, message_id: str, attachments=()) -> EmailMultiAlternatives:
    """The mail as it goes out; attachments: (filename, content, mimetype) each."""
    made = EmailMultiAlternatives(
        mail.subject,
        mail.text,
        formataddr((settings.AUTHORISED_CENTRE["name"], settings.DEFAULT_FROM_EMAIL)),
        [to],
        headers={
            "Message-ID": message_id,
            "Auto-Submitted": "auto-generated",
            "Content-Language": language,
        },
    )
    made.attach_alternative(mail.html, "text/html")
    for attachment in attachments:
        made.attach(*attachment)
    return made


def domain() -> str:
    """What stands behind the @ of the sender, and so of every Message-ID."""
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]
