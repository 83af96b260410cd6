"""Times as people read them: weekday, full date, 24-hour time, and the zone in words."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

# Django's own names of days and months have a capital in every language; Italian writes them small.
SMALL_CALENDAR = {"it"}


def in_words(moment: datetime) -> str:
    """An aware moment in the current time zone: “Friday 12 June 2026, 10:00 (Italian time)”."""
    local = timezone.localtime(moment)
    return _("%(date)s, %(time)s (%(zone)s)") % {
        "date": _written(local, "l j F Y"),
        "time": f"{local:%H:%M}",
        "zone": zone(),
    }


def day_in_words(day: date) -> str:
    """A day without its weekday: “12 June 2026”."""
    return _written(day, "j F Y")


def day_in_short(day: date) -> str:
    """A day without its year, for narrow places: “12 Jun”."""
    return _written(day, "j M")


def _written(day: date, date_form: str) -> str:
    text = date_format(day, date_form)
    return text.lower() if get_language() in SMALL_CALENDAR else text


def zone() -> str:
    """The current time zone: “Italian time”."""
    name = timezone.get_current_timezone_name()
    return _("Italian time") if name == "Europe/Rome" else _("time in %(zone)s") % {"zone": name}
