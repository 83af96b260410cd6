"""The calendar file that comes with mails to candidates."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event

from results.models import ExamSession

LENGTH = timedelta(minutes=30)  # long enough to be seen in a day's view
ALARM_BEFORE = timedelta(minutes=10)


def opening_calendar(session: ExamSession, opens_at: datetime, language: str, revision: int = 0) -> str:
    """An iCalendar file (RFC 5545) with one event at the opening, in UTC, with an alarm before it.

    revision: how often the opening was postponed; a higher one replaces the event in the calendar.
    """
    with translation.override(language):
        title = _("Results: %(exam)s, %(session)s") % {
            "exam": session.get_exam_display(),
            "session": session.title,
        }
        event = Event()
        event.add("uid", f"opening-{session.code}@{settings.AUTHORISED_CENTRE['email'].rpartition('@')[2]}")
        event.add("sequence", revision)
        event.add("summary", title)
        event.add("dtstart", opens_at.astimezone(UTC))
        event.add("dtend", (opens_at + LENGTH).astimezone(UTC))
        event.add("dtstamp", datetime.now(UTC))
        event.add("url", settings.FACE_URLS["candidates"])
        event.add(
            "description",
            _("Log in with your ID Number and your password: %s") % settings.FACE_URLS["candidates"],
        )
        event.add("transp", "TRANSPARENT")
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title)
        alarm.add("trigger", -ALARM_BEFORE)
        event.add_component(alarm)
        calendar = Calendar()
        calendar.add("prodid", "-//results-portal//EN")
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        calendar.add_component(event)
        return calendar.to_ical().decode()
