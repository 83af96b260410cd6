"""Mails in the recipient's language, as text and HTML, through the queue.

A mail is queued in the transaction that causes it, so it exists if and only if its cause does; the worker
renders and sends it. Its Message-ID comes from the job, so that a mail sent twice by a crash is one.
"""

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


class UntilDelivered(BaseRetryStrategy):
    """Try again for three days; give up at once only where the address itself is refused for good."""

    def get_retry_decision(self, *, exception, job) -> RetryDecision | None:
        if isinstance(exception, SMTPRecipientsRefused) and all(
            code >= 550 for code, _reason in exception.recipients.values()
        ):
            return None
        if isinstance(exception, SMTPSenderRefused) and exception.smtp_code >= 550:
            return None
        if job.attempts >= MOST_TRIES:
            return None
        wait = min(FIRST_WAIT * 2 ** min(job.attempts, 10), LONGEST_WAIT)
        return RetryDecision(retry_in={"seconds": wait})


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
    with translation.override(user.language):
        context = {**words(), "name": given_names(user), "face_url": settings.FACE_URLS[user.face], **facts}
        subject = " ".join(render_to_string(f"mails/{template}/subject.txt", context).split())
        message = EmailMultiAlternatives(
            subject,
            render_to_string(f"mails/{template}/body.txt", context).strip() + "\n",
            formataddr((settings.AUTHORISED_CENTRE["name"], settings.DEFAULT_FROM_EMAIL)),
            [to or user.email],
            headers={
                "Message-ID": f"<{template}.{job_id}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2]}>",
                "Auto-Submitted": "auto-generated",
                "Content-Language": user.language,
            },
        )
        message.attach_alternative(render_to_string(f"mails/{template}/body.html", context), "text/html")
        for attachment in attachments:
            message.attach(*attachment)
        message.send()
