"""The geometry of a person's exams on one scale: time runs up, the Cambridge English Scale to the right.

Lengths are in units of the picture, from its top left corner; templates/results/_scale_over_time.html draws
it. Each exam has a line of its own with its name above it, so no label meets another: not of two exams of
one day, nor with equal scores, nor on a narrow phone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from results.exams import CEFR_BANDS, EXAMS, SCALE_HIGHEST, SCALE_LOWEST, Exam
from results.models import Entry, OpenStatement, Status

WIDTH = 360
LEFT, RIGHT = 0, WIDTH  # of the bands
HEAD = 38  # the bands' names and the points of the scale stand above
FIRST, LAST = 44, 22  # from the head to the first line, from the last line to the foot
LEAST, A_YEAR, MOST = 50, 90, 150  # between two lines: at least, for each year between them, at most
LABEL_ABOVE = 17  # a line's label stands so far above it
SCORE_BESIDE = 11  # a point's score stands so far beside it
SCORE_WIDTH = 34
LONGEST_LABEL = 48  # characters that fit into the width
NARROWEST = 60  # points of the scale that are shown at least


@dataclass(frozen=True)
class Stripe:
    """A CEFR level behind the points; name is empty where the scale has none."""

    name: str
    left: float
    width: float

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


@dataclass(frozen=True)
class Mark:
    """A score of the scale where a level begins."""

    score: int
    x: float


@dataclass(frozen=True)
class Sitting:
    """An exam as a point: its score, and its exam and session in words."""

    entry: Entry
    statement: OpenStatement
    x: float
    y: float

    @property
    def exam(self) -> Exam:
        return EXAMS[self.entry.session.exam]

    @property
    def session(self) -> str:
        """The session's title as far as it fits beside the exam's name."""
        room = LONGEST_LABEL - len(self.exam.name)
        title = self.entry.session.title
        return title if len(title) <= room else f"{title[: room - 1].rstrip()}…"

    @property
    def label_y(self) -> float:
        return self.y - LABEL_ABOVE

    @property
    def score_is_left(self) -> bool:
        """There is no room to the right of the point."""
        return self.x + SCORE_BESIDE + SCORE_WIDTH > RIGHT

    @property
    def guide_end(self) -> float:
        """Where the line that leads to the point ends: before the score, if that stands to the left."""
        return self.x - SCORE_BESIDE - SCORE_WIDTH if self.score_is_left else self.x

    @property
    def score_x(self) -> float:
        return self.x - SCORE_BESIDE if self.score_is_left else self.x + SCORE_BESIDE


@dataclass(frozen=True)
class ScaleOverTime:
    """Everything there is to draw, the latest exam first, at the top."""

    stripes: tuple[Stripe, ...]
    marks: tuple[Mark, ...]
    sittings: tuple[Sitting, ...]
    height: float
    width: float = WIDTH
    head: float = HEAD

    @property
    def plot_height(self) -> float:
        """Of the bands."""
        return self.height - self.head

    @property
    def line(self) -> str:
        """From exam to exam, as the points of an SVG polyline."""
        return " ".join(f"{each.x},{each.y}" for each in self.sittings)


def scale_over_time(opened: Sequence[tuple[Entry, OpenStatement]]) -> ScaleOverTime | None:
    """The chart of a person's open statements; None for fewer than two with a score on the scale.

    opened: entries with their session, and what the gate gives of each.
    """
    shown = sorted(
        (pair for pair in opened if _is_on_the_scale(*pair)),
        key=lambda pair: (pair[0].session.exam_date, pair[0].pk),
        reverse=True,
    )
    if len(shown) < 2:  # one point is no course
        return None
    lowest, highest = _axis([statement.overall for _entry, statement in shown])

    def x(score: float) -> float:
        return round(LEFT + (score - lowest) * (RIGHT - LEFT) / (highest - lowest), 1)

    lines = _lines([entry.session.exam_date for entry, _statement in shown])
    return ScaleOverTime(
        stripes=tuple(
            Stripe(name, x(low), round(x(high) - x(low), 1))
            for name, low, high in _levels()
            if low < highest and high > lowest
        ),
        marks=tuple(Mark(band.low, x(band.low)) for band in CEFR_BANDS if lowest < band.low < highest),
        sittings=tuple(
            Sitting(entry, statement, x(statement.overall), y)
            for (entry, statement), y in zip(shown, lines, strict=True)
        ),
        height=lines[-1] + LAST,
    )


def _is_on_the_scale(entry: Entry, statement: OpenStatement) -> bool:
    has_score = statement.status == Status.RESULT and statement.overall is not None
    return has_score and not EXAMS[entry.session.exam].reports_shields


def _levels() -> list[tuple[str, int, int]]:
    """The levels as they are drawn, each up to where the next begins."""
    edges = [(band.level, band.low) for band in CEFR_BANDS]
    edges = [("", SCALE_LOWEST), *edges, ("", SCALE_HIGHEST)]
    return [(name, low, high) for (name, low), (_next, high) in pairwise(edges)]


def _axis(scores: list[int]) -> tuple[int, int]:
    """The first and the last score that is drawn: whole levels around the points."""
    lowest = max(low for _name, low, _high in _levels() if low <= min(scores))
    highest = min(high for _name, _low, high in _levels() if high > max(scores) or high == SCALE_HIGHEST)
    while highest - lowest < NARROWEST:
        below = [low for _name, low, _high in _levels() if low < lowest]
        above = [high for _name, _low, high in _levels() if high > highest]
        if above:
            highest = min(above)
        if below and highest - lowest < NARROWEST:
            lowest = max(below)
    return lowest, highest


def _lines(days: list[date]) -> list[float]:
    """How far down each exam's line stands, the latest first: the more time is between two, the further
    apart, within bounds."""
    lines = [float(HEAD + FIRST)]
    for later, earlier in pairwise(days):
        years = (later - earlier).days / 365
        lines.append(round(lines[-1] + min(max(LEAST, A_YEAR * years), MOST), 1))
    return lines
