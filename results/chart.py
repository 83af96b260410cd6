"""The geometry of the scale chart: where bands, scores and labels stand on a Statement of Results.

Lengths are in units of the picture, from its top left corner; templates/results/_chart.html draws them.
From left to right: CEFR bands, points of the scale, one lane a skill, labels, the exam's result bands.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from results.exams import CEFR_BANDS, Exam, Skill
from results.models import OpenStatement
from results.wording import result_in_short

WIDTH = 360
TOP, BOTTOM = 30, 436  # of the scale; the headings stand above
TICK = 10  # points between two marks of the scale
LINE_HEIGHT = 19  # least distance between two labels

CEFR_COLUMN = (0, 34)  # left and right
TICKS_RIGHT = 62
GRID_LEFT = 66
LANES_LEFT, LANE = 70, 10.5  # a lane is no wider than a point
ELBOW, LABEL = 8, 24  # right of the lanes: a label's line runs level to the elbow, then to the label
RESULTS_COLUMN = (294, WIDTH)


@dataclass(frozen=True)
class Block:
    """A band as a rectangle; reached: the statement names it."""

    label: str
    column: tuple[float, float]
    top: float
    height: float
    reached: bool

    @property
    def left(self) -> float:
        return self.column[0]

    @property
    def width(self) -> float:
        return self.column[1] - self.column[0]

    @property
    def centre(self) -> float:
        return sum(self.column) / 2

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


@dataclass(frozen=True)
class Tick:
    """A mark of the scale."""

    score: int
    y: float


@dataclass(frozen=True)
class Point:
    """A score on the scale and its label; skill is None for the overall score."""

    skill: Skill | None
    score: int
    x: float
    y: float
    label_x: float
    label_y: float

    @property
    def line(self) -> str:
        """From the point to its label, as the points of an SVG polyline."""
        elbow = self.label_x - LABEL + ELBOW
        return f"{self.x},{self.y} {elbow},{self.y} {self.label_x - 5},{self.label_y}"


@dataclass(frozen=True)
class ScaleChart:
    """Everything there is to draw; the labels of points and overall never overlap."""

    cefr: tuple[Block, ...]
    results: tuple[Block, ...]
    ticks: tuple[Tick, ...]
    points: tuple[Point, ...]
    overall: Point
    grid: tuple[float, float]
    ticks_right: float = TICKS_RIGHT
    width: float = WIDTH
    height: float = BOTTOM + LINE_HEIGHT / 2


def scale_chart(exam: Exam, statement: OpenStatement) -> ScaleChart | None:
    """The chart of a statement; None where there is no overall score (shields, or a code in its place).

    The bands that the statement itself names are marked as reached, not those that its score falls in:
    the board's own words are the truth.
    """
    if exam.reports_shields or statement.overall is None:
        return None
    axis = _Axis(exam.lowest // TICK * TICK, -(-exam.highest // TICK) * TICK)
    scored = [(skill, score) for skill in exam.skills if (score := statement.score(skill)) is not None]
    labelled = [(None, statement.overall), *scored]
    levels = [axis.y(score) for _skill, score in labelled]
    lanes = [LANES_LEFT + LANE * (lane + 0.5) for lane in range(len(scored))]
    lanes_right = LANES_LEFT + LANE * len(scored)
    overall, *points = (
        Point(skill, score, x, y, lanes_right + LABEL, label_y)
        for (skill, score), x, y, label_y in zip(
            labelled, [GRID_LEFT, *lanes], levels, keep_apart(levels), strict=True
        )
    )
    return ScaleChart(
        cefr=tuple(
            axis.block(band.level, CEFR_COLUMN, band.low, band.high, reached=band.level == statement.cefr)
            for band in reversed(CEFR_BANDS)
            if band.high >= axis.lowest and band.low <= axis.highest
        ),
        results=tuple(
            axis.block(
                result_in_short(band),
                RESULTS_COLUMN,
                band.low,
                band.high,
                reached=band.result == statement.result,
            )
            for band in exam.bands
        ),
        ticks=tuple(Tick(score, axis.y(score)) for score in range(axis.lowest, axis.highest + 1, TICK)),
        points=tuple(points),
        overall=overall,
        grid=(GRID_LEFT, lanes_right + ELBOW / 2),
    )


@dataclass(frozen=True)
class _Axis:
    lowest: int
    highest: int

    def y(self, score: float) -> float:
        return round(BOTTOM - (score - self.lowest) * (BOTTOM - TOP) / (self.highest - self.lowest), 1)

    def block(self, label: str, column: tuple[float, float], low: int, high: int, *, reached: bool) -> Block:
        """A band as drawn: half a point beyond its ends, so that neighbours touch, within the axis."""
        top = max(TOP, self.y(high + 0.5))
        bottom = min(BOTTOM, self.y(low - 0.5))
        return Block(label, column, top, round(bottom - top, 1), reached)


def keep_apart(levels: Sequence[float], apart: float = LINE_HEIGHT) -> list[float]:
    """Where labels stand, each as near as can be to its level, in the same order, `apart` from the next.

    Labels that would overlap are merged to a block around the middle of their levels; the blocks stay
    within the scale.
    """
    order = sorted(range(len(levels)), key=lambda index: levels[index])
    blocks: list[list[int]] = []
    for index in order:
        blocks.append([index])
        while len(blocks) > 1 and _start(blocks[-2], levels, apart) + len(blocks[-2]) * apart > _start(
            blocks[-1], levels, apart
        ):
            last = blocks.pop()
            blocks[-1] += last
    placed = [0.0] * len(levels)
    for block in blocks:
        start = _start(block, levels, apart)
        for place, index in enumerate(block):
            placed[index] = round(start + place * apart, 1)
    return placed


def _start(block: Sequence[int], levels: Sequence[float], apart: float) -> float:
    """Where a block's first label stands."""
    middle = sum(levels[index] for index in block) / len(block)
    span = (len(block) - 1) * apart
    return min(max(middle - span / 2, TOP), BOTTOM - span)
