"""How results spread over the grades, or shields over each skill, beside other sessions or groups.

Shares are of the statements that report a result; who has a code in its place is counted beside. Lengths are
in units of the picture; templates/results/_distribution.html draws it and writes the table. A series is told
from another by its pattern, so that no colour is needed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from results.checking import kinds, newest
from results.exams import SHIELDS, Exam
from results.models import ExamSession, Outcome, Result, Statement, Status
from results.wording import result_in_short

WIDTH = 360
BARS_LEFT, BARS_RIGHT = 118, 302  # the category's name stands left of the bars, the share right of each
BAR, FIRST_BAR = 12, 15  # the first series is what the picture is about
GAP, BETWEEN = 3, 11  # between two bars of a category; between two categories
MOST_SERIES = 4  # one for each pattern
EARLIER_SESSIONS = MOST_SERIES - 1


@dataclass(frozen=True)
class Series:
    """One session or group. counts: statements by key of the category; codes: those without a result.

    rounded: the counts are; people: how many those are, then. Of them nothing but shares is said, and no
    codes; all shares of such a picture are in whole percent.
    """

    label: str
    counts: Counter
    codes: int = 0
    rounded: bool = False
    people: int = 0

    @property
    def total(self) -> int:
        return self.counts.total()

    def share(self, key: str) -> float:
        """In percent of the statements that report a result."""
        return 100 * self.counts[key] / self.total if self.total else 0.0


@dataclass(frozen=True)
class Bar:
    """One bar; number: of its series, which has the pattern."""

    number: int
    y: float
    width: float
    height: float
    label: str

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def label_x(self) -> float:
        return BARS_LEFT + self.width + 4


@dataclass(frozen=True)
class Category:
    """A grade or a number of shields: its bars, and (number or None, share in words) of each series."""

    label: str
    middle: float
    bars: tuple[Bar, ...]
    cells: tuple[tuple[int | None, str], ...]


@dataclass(frozen=True)
class Distribution:
    """Everything there is to draw and to write. key: tells the patterns of two pictures on a page apart."""

    key: str
    title: str
    series: tuple[Series, ...]
    categories: tuple[Category, ...]
    height: float
    width: float = WIDTH
    left: float = BARS_LEFT
    labels_right: float = BARS_LEFT - 6


def of_session(session: ExamSession, outcomes: list[dict]) -> list[Distribution]:
    """The newest results of a session, approved or not, beside those of the last sessions of the exam.

    outcomes: of checking.outcomes_of. One picture; for the Young Learners exams one a skill. Empty where the
    session has no result.
    """
    if not any(row["status"] == Status.RESULT for row in outcomes):
        return []
    earlier = ExamSession.objects.filter(exam=session.exam, exam_date__lte=session.exam_date)
    sessions = list(earlier.exclude(pk=session.pk).order_by("-exam_date", "-pk")[:EARLIER_SESSIONS])
    statements = newest(Statement.objects.filter(entry__session__in=[each.pk for each in sessions]))
    rows = counted(session.exam_facts, statements, "entry__session") if sessions else []
    before = [(_name(each), [row for row in rows if row["entry__session"] == each.pk]) for each in sessions]
    return distributions(session.exam_facts, [(_name(session), outcomes), *before])


def _name(session: ExamSession) -> str:
    return f"{session.title} ({session.code})"


def counted(exam: Exam, outcomes: QuerySet[Outcome], *groups: str) -> list[dict]:
    """How many outcomes there are of each kind, by these columns; in one query, whatever their number."""
    return list(outcomes.order_by().values(*groups, "status", *kinds(exam)).annotate(number=Count("pk")))


def distributions(exam: Exam, groups: Sequence[tuple[str, list[dict]]]) -> list[Distribution]:
    """The pictures of groups with a label and rows from counted() each; the first is what they are about.

    Groups without a result are left out, except the first; at most MOST_SERIES are drawn.
    """
    return pictures(exam, [{column: _series(*group, column) for column in kinds(exam)} for group in groups])


def pictures(exam: Exam, groups: Sequence[dict[str, Series]]) -> list[Distribution]:
    """The same of groups that are counted already: by the columns of checking.kinds()."""
    if not exam.reports_shields:
        keys = [(band.result, _band_label(band)) for band in exam.bands]
        return [_picture("grades", str(exam.name), keys, [group["result"] for group in groups])]
    keys = [(shields, _shields(shields)) for shields in reversed(SHIELDS)]
    return [
        _picture(skill.value, str(skill.label), keys, [group[skill.value] for group in groups])
        for skill in exam.skills
    ]


def _band_label(band) -> str:
    return _("No result") if band.result == Result.NONE else result_in_short(band)


def _shields(number: int) -> str:
    return _("1 shield") if number == 1 else _("%(number)d shields") % {"number": number}


def _series(label: str, rows: list[dict], column: str) -> Series:
    counts: Counter = Counter()
    codes = 0
    for row in rows:
        if row["status"] == Status.RESULT:
            counts[row[column]] += row["number"]
        else:
            codes += row["number"]
    return Series(label, counts, codes)


def _picture(key: str, title: str, keys: list[tuple], series: list[Series]) -> Distribution:
    drawn = [series[0], *(each for each in series[1:] if each.total)][:MOST_SERIES]
    longest = max((each.share(value) for each in drawn for value, _label in keys), default=0) or 1
    whole = any(each.rounded for each in drawn)
    categories, y = [], 0.0
    for value, label in keys:
        bars, top = [], y
        for number, each in enumerate(drawn):
            height = BAR if number else FIRST_BAR
            width = (BARS_RIGHT - BARS_LEFT) * each.share(value) / longest
            bars.append(Bar(number, y, round(width, 1), height, _percent(each.share(value), whole)))
            y += height + GAP
        cells = tuple(
            (None if each.rounded else each.counts[value], _percent(each.share(value), whole))
            for each in drawn
        )
        categories.append(Category(label, (top + y - GAP) / 2, tuple(bars), cells))
        y += BETWEEN
    return Distribution(key, title, tuple(drawn), tuple(categories), y)


def _percent(share: float, whole: bool) -> str:
    return f"{share:.0f} %" if whole else f"{number_format(round(share, 1), 1)} %"
