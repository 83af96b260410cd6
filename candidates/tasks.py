"""Jobs of the worker: mails to candidates."""

from django.utils import timezone
from procrastinate.contrib.django import app

from accounts import mails
from accounts.links import confirmation_link
from accounts.models import User
from results.calendars import opening_calendar
from results.models import Entry


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_confirmation(context, user_id: int) -> None:
    """You are registered: session, opening time, calendar file; no password, Secret Number or result."""
    user = User.objects.get(pk=user_id)
    entry = Entry.objects.for_mails().get(user=user)
    opens_at = entry.session.release.opens_at
    is_open = opens_at <= timezone.now()
    attachments = []
    if not is_open:
        calendar = opening_calendar(entry.session, opens_at, user.language)
        attachments = [("results.ics", calendar, "text/calendar")]
    mails.send(
        user,
        "registered",
        context.job.id,
        link=confirmation_link(user),
        entry=entry,
        session=entry.session,
        opens_at=opens_at,
        is_open=is_open,
        attachments=attachments,
    )
