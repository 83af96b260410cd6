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

from results.exams import SHIELDS, Band, Exam, Skill
from results.figures import OVERALL, Figures, measures, rounded
from results.models import ExamSession, Result
from results.times import day_in_short
from results.wording import result_in_short

WIDTH = 340
EDGE = 6  # left and right of the scale
HEADING = 22  # above the rows: what the scale's parts are called
ROW, TRACK = 48, 34  # of a measure, and how far below its top the scale runs
NARROW = 52  # what “Grade B” needs
ROOM = 4  # points that are left free at the lower end of a scale that is shown in part

TREND_HEIGHT, TREND_TOP, TREND_BOTTOM = 152, 22, 102
TREND_LEFT, TREND_RIGHT = 48, 312  # the first and the last session
TICKS_RIGHT = 24
DAYS = 22  # how far below the lowest value the days of the sessions stand
_GRADES = {Result.A, Result.B, Result.C}
LEAST_SPAN = 20  # points of the scale in a trend: a small change is to look small


@dataclass(frozen=True)
class Part:
    """A part of the scale: a grade with its range, or a number of shields. passed: it is a pass."""

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
        return self.top + 18

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
    """words_y: where its words stand, above it or below."""

    x: float
    y: float
    words: str
    below: bool = False

    @property
    def words_y(self) -> float:
        return self.y + (19 if self.below else -10)


@dataclass(frozen=True)
class Day:
    x: float
    words: str
    year: str


@dataclass(frozen=True)
class Trend:
    """One measure from session to session; ticks: of the scale; lines_of_everyone: without gaps each."""

    label: str
    own: tuple[Point, ...]
    everyone: tuple[Point, ...]
    own_line: str
    lines_of_everyone: tuple[str, ...]
    ticks: tuple[Point, ...]
    days: tuple[Day, ...]
    width: float = WIDTH
    height: float = TREND_HEIGHT
    left: float = TREND_LEFT - 18
    right: float = TREND_RIGHT + 24
    days_y: float = TREND_BOTTOM + DAYS
    years_y: float = TREND_BOTTOM + DAYS + 14


def label_of(measure: str) -> str:
    return _("Overall score") if measure == OVERALL else str(Skill(measure).label)


def in_words(mean: Decimal | None, exam: Exam) -> str:
    """A mean: whole points, or tenths of a shield; a dash for none."""
    if mean is None:
        return "–"
    return number_format(rounded(exam, mean), 1 if exam.reports_shields else 0)


def means(exam: Exam, own: Figures, everyone: Figures | None) -> Means:
    """The means of a session on the exam's scale, beside those of all candidates or alone."""
    others = everyone.means if everyone else {}
    low = _lowest(exam, _all_means(own, everyone))
    scale = _scale(low, exam.scores()[-1])
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
    return Means(_parts(exam, low, scale), rows, HEADING + len(rows) * ROW)


def _lowest(exam: Exam, shown: Sequence[Decimal]) -> int:
    """Where the shown part of the scale begins: with a band, and with some room below the lowest mean."""
    lows = [band.low for band in exam.bands if band.low + ROOM <= min(shown, default=0)]
    return lows[0] if lows else exam.scores()[0]


def _scale(low: int, high: int) -> Callable[[float], float]:
    """Each whole value is the middle of its place."""
    whole = high - low + 1
    return lambda value: round(EDGE + (WIDTH - 2 * EDGE) * (float(value) - low + 0.5) / whole, 1)


def _parts(exam: Exam, lowest: int, scale: Callable[[float], float]) -> tuple[Part, ...]:
    if exam.reports_shields:
        ranges = [(str(shields), shields, shields, False) for shields in SHIELDS]
    else:
        bands = [band for band in exam.bands if band.low >= lowest]
        short = any(scale(band.high + 0.5) - scale(band.low - 0.5) < NARROW for band in bands)
        ranges = [
            (_band_label(band, short=short), band.low, band.high, band.result in _GRADES) for band in bands
        ]
    return tuple(
        Part(label, scale(low - 0.5), round(scale(high + 0.5) - scale(low - 0.5), 1), passed)
        for label, low, high, passed in ranges
    )


def _band_label(band: Band, *, short: bool) -> str:
    """Grades are letters where the narrowest has room for no more."""
    return band.result if short and band.result in _GRADES else result_in_short(band)


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

    def place(x: float, mean: Decimal, beside: Decimal | None = None) -> Point:
        y = TREND_BOTTOM - (TREND_BOTTOM - TREND_TOP) * (float(mean) - low) / (high - low)
        return Point(x, round(y, 1), in_words(mean, exam), below=beside is not None and mean < beside)

    ticks = tuple(
        place(TICKS_RIGHT, Decimal(value))
        for value in range(low, high + 1, 1 if exam.reports_shields else 10)
    )
    days = tuple(
        Day(x, day_in_short(session.exam_date), f"{session.exam_date:%Y}")
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
        beside = others.means.get(measure) if others else None
        if measure in mine.means:
            own.append(place(x, mine.means[measure], beside))
        if beside is None:
            lines.append([])
        else:
            everyone.append(place(x, beside))
            lines[-1].append(everyone[-1])
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
