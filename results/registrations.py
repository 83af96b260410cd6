"""Who of a session has registered, day by day, and who has not, centre by centre."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from results.models import Entry, ExamSession

WIDTH, HEIGHT = 360, 150  # units of the picture
LEFT, RIGHT, TOP, BOTTOM = 52, 352, 12, 126  # of the plot in it


@dataclass(frozen=True)
class Day:
    """How many registered on a day, and how many had by its end."""

    day: date
    new: int
    total: int


@dataclass(frozen=True)
class Registrations:
    """Registrations over time, and the picture of it: a line that climbs towards all entries."""

    days: tuple[Day, ...]
    entries: int
    line: str
    left: float = LEFT
    right: float = RIGHT
    top: float = TOP
    bottom: float = BOTTOM
    width: float = WIDTH
    height: float = HEIGHT

    @property
    def total(self) -> int:
        return self.days[-1].total if self.days else 0


def over_time(session: ExamSession, entries: int, today: date) -> Registrations:
    """Registrations of a session's entries by the day they were registered with, up to today."""
    by_day = (
        Entry.objects.filter(session=session, user__isnull=False)
        .order_by()
        .values(day=TruncDate("registered_at"))
        .annotate(new=Count("pk"))
        .order_by("day")
    )
    rows = [(row["day"], row["new"]) for row in by_day]
    totals = accumulate(new for _day, new in rows)
    days = tuple(Day(day, new, total) for (day, new), total in zip(rows, totals, strict=True))
    return Registrations(days, entries, _line(days, entries, today))


def _line(days: tuple[Day, ...], entries: int, today: date) -> str:
    """The points of an SVG polyline: level until a day, then up by what it brought."""
    if not days:
        return ""
    first = days[0].day.toordinal()
    span = max(today.toordinal(), days[-1].day.toordinal()) + 1 - first

    def y(total: int) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * total / max(entries, 1), 1)

    points, before = [f"{LEFT},{BOTTOM}"], 0
    for each in days:
        x = round(LEFT + (RIGHT - LEFT) * (each.day.toordinal() + 1 - first) / span, 1)
        points += [f"{x},{y(before)}", f"{x},{y(each.total)}"]
        before = each.total
    return " ".join([*points, f"{RIGHT},{y(before)}"])


def not_registered(session: ExamSession) -> QuerySet[Entry]:
    """The session's entries that nobody has registered with, by centre and name."""
    entries = Entry.objects.filter(session=session, user=None).select_related("preparation_centre")
    names = ("preparation_centre__name", "family_name", "given_names", "pk")
    return entries.defer("secret_digest").order_by(*names)


def by_centre(session: ExamSession) -> list[dict]:
    """A session's entries by preparation centre (id, None: without one): name, number and missing, which is
    how many have not registered; the most of these first."""
    return list(
        Entry.objects.filter(session=session)
        .order_by()
        .values("preparation_centre", "preparation_centre__name")
        .annotate(number=Count("pk"), missing=Count("pk", filter=Q(user=None)))
        .order_by("-missing", "preparation_centre__name")
    )


def rows_for_export(session: ExamSession) -> Iterator[tuple]:
    """Surname, given names, centre, candidate number, ID Number and e-mail address of each of them."""
    return (
        not_registered(session)
        .values_list(
            "family_name",
            "given_names",
            "preparation_centre__name",
            "candidate_number",
            "id_number",
            "email",
        )
        .iterator(chunk_size=2000)
    )
