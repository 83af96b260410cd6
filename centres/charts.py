"""The geometry of a centre's charts: means on the exam's scale, and their way from session to session.

Lengths are in units of the picture, about a pixel each on a phone; templates/centres/_means.html and
_trend.html draw them. The centre's own points are full circles on a full line, those of all candidates hollow
diamonds on a dashed one, so that no colour is needed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from results.exams import SHIELDS, Exam, Skill
from results.figures import OVERALL, Figures, measures, rounded
from results.models import ExamSession, Result
from results.times import day_in_short
from results.wording import result_in_short

WIDTH = 340
EDGE = 6  # left and right of the scale
HEADING = 22  # above the rows: what the scale's parts are called
ROW, TRACK = 44, 30  # of a measure, and how far below its top the scale runs

TREND_HEIGHT, TREND_TOP, TREND_BOTTOM = 138, 22, 98
TREND_LEFT, TREND_RIGHT = 48, 322  # the first and the last session
TICKS_RIGHT = 24
LEAST_SPAN = 20  # points of the scale in a trend: a small change is to look small


@dataclass(frozen=True)
class Part:
    """A part of the scale: a grade with its range, or a number of shields. passed: a pass, or any shields."""

    label: str
    left: float
    width: float
    passed: bool

    @property
    def centre(self) -> float:
        return self.left + self.width / 2


@dataclass(frozen=True)
class Mean:
    """A measure's row; all_x and all_words are None where all candidates are not shown."""

    label: str
    top: float
    x: float
    words: str
    all_x: float | None
    all_words: str | None

    @property
    def label_y(self) -> float:
        return self.top + 14

    @property
    def y(self) -> float:
        return self.top + TRACK


@dataclass(frozen=True)
class Means:
    parts: tuple[Part, ...]
    rows: tuple[Mean, ...]
    height: float
    width: float = WIDTH
    heading_y: float = HEADING - 8
    parts_top: float = HEADING
    left: float = EDGE
    right: float = WIDTH - EDGE

    @property
    def parts_height(self) -> float:
        return self.height - self.parts_top


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Trend:
    """One measure from session to session; ticks and days are points with words; lines: without gaps each."""

    label: str
    own: tuple[Point, ...]
    everyone: tuple[Point, ...]
    own_line: str
    lines_of_everyone: tuple[str, ...]
    ticks: tuple[Point, ...]
    days: tuple[Point, ...]
    width: float = WIDTH
    height: float = TREND_HEIGHT
    left: float = TREND_LEFT - 18
    right: float = TREND_RIGHT + 18


def label_of(measure: str) -> str:
    return _("Overall score") if measure == OVERALL else str(Skill(measure).label)


def in_words(mean: Decimal | None, exam: Exam) -> str:
    """A mean: whole points, or tenths of a shield; a dash for none."""
    if mean is None:
        return "–"
    return number_format(rounded(exam, mean), 1 if exam.reports_shields else 0)


def means(exam: Exam, own: Figures, everyone: Figures | None) -> Means:
    """The means of a session on the exam's scale, beside those of all candidates or alone."""
    scale = _scale(exam)
    others = everyone.means if everyone else {}
    rows = tuple(
        Mean(
            label_of(measure),
            HEADING + number * ROW,
            scale(own.means[measure]),
            in_words(own.means[measure], exam),
            scale(others[measure]) if measure in others else None,
            in_words(others[measure], exam) if measure in others else None,
        )
        for number, measure in enumerate(each for each in measures(exam) if each in own.means)
    )
    return Means(_parts(exam, scale), rows, HEADING + len(rows) * ROW)


def _scale(exam: Exam) -> Callable[[float], float]:
    values = exam.scores()
    low, high = values[0] - 0.5, values[-1] + 0.5
    return lambda value: round(EDGE + (WIDTH - 2 * EDGE) * (float(value) - low) / (high - low), 1)


def _parts(exam: Exam, scale: Callable[[float], float]) -> tuple[Part, ...]:
    if exam.reports_shields:
        ranges = [(str(shields), shields, shields, True) for shields in SHIELDS]
    else:
        ranges = [(_band_label(band), band.low, band.high, len(band.result) == 1) for band in exam.bands]
    return tuple(
        Part(label, scale(low - 0.5), round(scale(high + 0.5) - scale(low - 0.5), 1), passed)
        for label, low, high, passed in ranges
    )


def _band_label(band) -> str:
    """Grades are letters here: the narrowest has room for no more."""
    return band.result if band.result in {Result.A, Result.B, Result.C} else result_in_short(band)


def trends(exam: Exam, steps: Sequence[tuple[ExamSession, Figures, Figures | None]]) -> list[Trend]:
    """Each measure over sessions in order, all on one scale; steps: with own figures and all candidates'.

    None for fewer than two sessions.
    """
    if len(steps) < 2:
        return []
    shown = [mean for _session, own, everyone in steps for mean in _all_means(own, everyone)]
    low, high = _span(exam, shown)
    step = (TREND_RIGHT - TREND_LEFT) / (len(steps) - 1)
    across = [round(TREND_LEFT + number * step, 1) for number in range(len(steps))]

    def place(x: float, mean: Decimal) -> Point:
        y = TREND_BOTTOM - (TREND_BOTTOM - TREND_TOP) * (float(mean) - low) / (high - low)
        return Point(x, round(y, 1), in_words(mean, exam))

    ticks = tuple(
        place(TICKS_RIGHT, Decimal(value))
        for value in range(low, high + 1, 1 if exam.reports_shields else 10)
    )
    days = tuple(
        Point(x, TREND_BOTTOM + 18, day_in_short(session.exam_date))
        for x, (session, _own, _everyone) in zip(across, steps, strict=True)
    )
    return [_trend(measure, steps, across, place, ticks, days) for measure in measures(exam)]


def _all_means(own: Figures, everyone: Figures | None) -> list[Decimal]:
    return [*own.means.values(), *(everyone.means.values() if everyone else ())]


def _span(exam: Exam, shown: Sequence[Decimal]) -> tuple[int, int]:
    """The lowest and the highest value of the trends' scale; whole tens of points."""
    if exam.reports_shields:
        return SHIELDS[0], SHIELDS[-1]
    low, high = 10 * floor((min(shown) - 2) / 10), 10 * ceil((max(shown) + 2) / 10)
    return (low, high) if high - low >= LEAST_SPAN else (low - 10, high)


def _trend(measure: str, steps, across, place, ticks, days) -> Trend:
    own, everyone, lines = [], [], [[]]
    for x, (_session, mine, others) in zip(across, steps, strict=True):
        if measure in mine.means:
            own.append(place(x, mine.means[measure]))
        if others and measure in others.means:
            everyone.append(place(x, others.means[measure]))
            lines[-1].append(everyone[-1])
        else:
            lines.append([])
    return Trend(
        label_of(measure),
        tuple(own),
        tuple(everyone),
        _line(own),
        tuple(_line(line) for line in lines if len(line) > 1),
        ticks,
        days,
    )


def _line(points: Sequence[Point]) -> str:
    return " ".join(f"{point.x},{point.y}" for point in points)
