"""Jobs of the worker: mails to candidates. An account that was deleted meanwhile gets none."""

from django.utils import timezone
from procrastinate.contrib.django import app

from accounts import mails
from accounts.links import confirmation_link
from accounts.models import User
from results.calendars import opening_calendar
from results.models import Entry


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_confirmation(context, user_id: int) -> None:
    """You are registered: session, opening time, calendar file; no password, Secret Number or result.

    Asked for again by somebody with several exams, it is about the one that their page shows.
    """
    user = User.objects.filter(pk=user_id).first()
    entry = Entry.objects.for_mails().filter(user=user_id).with_time_left().nearest_first().first()
    if user and entry:
        mails.send(
            user, "registered", context.job.id, link=confirmation_link(user), **_facts(entry, user.language)
        )


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_exam_added(context, user_id: int, entry_id: int) -> None:
    """Another exam is in your account: the same facts."""
    user = User.objects.filter(pk=user_id).first()
    entry = Entry.objects.for_mails().filter(pk=entry_id, user=user_id).first()
    if user and entry:
        mails.send(user, "exam_added", context.job.id, **_facts(entry, user.language))


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_account_deleted(context, address: str, language: str, name: str) -> None:
    """The last mail; all of it is in the job, since the account is gone. name: the given names."""
    mails.send_to(address, language, "account_deleted", context.job.id, name=name)


def _facts(entry: Entry, language: str) -> dict:
    """The exam, when its result opens, and until then a calendar file."""
    opens_at = entry.session.release.opens_at
    is_open = opens_at <= timezone.now()
    attachments = []
    if not is_open:
        calendar = opening_calendar(entry.session, opens_at, language)
        attachments = [("results.ics", calendar, "text/calendar")]
    return {
        "entry": entry,
        "session": entry.session,
        "opens_at": opens_at,
        "is_open": is_open,
        "attachments": attachments,
    }
