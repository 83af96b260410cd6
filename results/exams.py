"""The exams and their facts: skills, score ranges, result bands, CEFR levels.

Source: the board's public pages on the Cambridge English Scale and on the Young Learners exams. Scores
are points of that scale (80 to 230); shields are whole numbers from 1 to 5.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Skill(StrEnum):
    """A skill that an exam reports; the value is the column's name in a results file."""

    READING = "reading"
    USE_OF_ENGLISH = "use_of_english"
    WRITING = "writing"
    LISTENING = "listening"
    SPEAKING = "speaking"
    READING_AND_WRITING = "reading_and_writing"

    @property
    def label(self) -> str:
        return SKILL_LABELS[self]


SKILL_LABELS = {
    Skill.READING: _("Reading"),
    Skill.USE_OF_ENGLISH: _("Use of English"),
    Skill.WRITING: _("Writing"),
    Skill.LISTENING: _("Listening"),
    Skill.SPEAKING: _("Speaking"),
    Skill.READING_AND_WRITING: _("Reading and Writing"),
}

SHIELDS = range(1, 6)


@dataclass(frozen=True)
class Band:
    """A range of overall scores, both ends included, and what it earns.

    result: A, B, C, LEVEL (the certificate shows the level below) or NONE (a score, but no result).
    cefr: the CEFR level that is stated; empty for NONE.
    """

    result: str
    low: int
    high: int
    cefr: str


@dataclass(frozen=True)
class CefrBand:
    """A CEFR level on the scale, both ends included."""

    level: str
    low: int
    high: int


CEFR_BANDS = (
    CefrBand("A1", 100, 119),
    CefrBand("A2", 120, 139),
    CefrBand("B1", 140, 159),
    CefrBand("B2", 160, 179),
    CefrBand("C1", 180, 199),
    CefrBand("C2", 200, 230),
)
SCALE_LOWEST, SCALE_HIGHEST = 80, CEFR_BANDS[-1].high
CEFR_LEVELS = tuple(band.level for band in CEFR_BANDS)


@dataclass(frozen=True)
class Exam:
    """One exam.

    weights: how often each reported skill counts in the overall score, in the order of the statement;
    empty values never occur. bands: highest first; empty for the Young Learners exams, which report
    shields, with no overall score, no pass and no fail.
    """

    code: str
    name: str
    level: str
    weights: dict[Skill, int]
    bands: tuple[Band, ...] = ()

    @property
    def skills(self) -> tuple[Skill, ...]:
        return tuple(self.weights)

    @property
    def reports_shields(self) -> bool:
        return not self.bands

    @property
    def lowest(self) -> int:
        """The lowest score that is reported."""
        return self.bands[-1].low

    @property
    def highest(self) -> int:
        return self.bands[0].high

    def scores(self) -> range:
        """What a skill's value may be: points of the scale, or shields."""
        return SHIELDS if self.reports_shields else range(self.lowest, self.highest + 1)

    def overall(self, scores: dict[Skill, int]) -> int:
        """The overall score: the weighted mean of the skills, half up.

        scores: points for every skill of the exam. How the board rounds an exact .5 is not published.
        """
        total = sum(scores[skill] * weight for skill, weight in self.weights.items())
        mean = Decimal(total) / sum(self.weights.values())
        return int(mean.quantize(Decimal(1), ROUND_HALF_UP))

    def band(self, overall: int) -> Band | None:
        """The band of an overall score; None outside what the exam reports."""
        return next((band for band in self.bands if band.low <= overall <= band.high), None)


_FOUR_SKILLS = dict.fromkeys((Skill.READING, Skill.WRITING, Skill.LISTENING, Skill.SPEAKING), 1)
_FIVE_SKILLS = dict.fromkeys(
    (Skill.READING, Skill.USE_OF_ENGLISH, Skill.WRITING, Skill.LISTENING, Skill.SPEAKING), 1
)
# Reading and Writing is one paper that counts twice.
_THREE_PAPERS = {Skill.READING_AND_WRITING: 2, Skill.LISTENING: 1, Skill.SPEAKING: 1}
_YOUNG_LEARNERS = dict.fromkeys((Skill.LISTENING, Skill.READING_AND_WRITING, Skill.SPEAKING), 1)


def _bands(level_below: str, level: str, level_above: str, *lows: int, top: int) -> tuple[Band, ...]:
    """The five bands of an exam; lows are the lowest scores of A, B, C, LEVEL and NONE."""
    a, b, c, below, none = lows
    return (
        Band("A", a, top, level_above),
        Band("B", b, a - 1, level),
        Band("C", c, b - 1, level),
        Band("LEVEL", below, c - 1, level_below),
        Band("NONE", none, below - 1, ""),
    )


_A2_BANDS = _bands("A1", "A2", "B1", 140, 133, 120, 100, 82, top=150)
_B1_BANDS = _bands("A2", "B1", "B2", 160, 153, 140, 120, 102, top=170)
_B2_BANDS = _bands("B1", "B2", "C1", 180, 173, 160, 140, 122, top=190)

EXAMS = {
    exam.code: exam
    for exam in (
        Exam("A2K", "A2 Key", "A2", _THREE_PAPERS, _A2_BANDS),
        Exam("A2KS", "A2 Key for Schools", "A2", _THREE_PAPERS, _A2_BANDS),
        Exam("B1P", "B1 Preliminary", "B1", _FOUR_SKILLS, _B1_BANDS),
        Exam("B1PS", "B1 Preliminary for Schools", "B1", _FOUR_SKILLS, _B1_BANDS),
        Exam("B2F", "B2 First", "B2", _FIVE_SKILLS, _B2_BANDS),
        Exam("B2FS", "B2 First for Schools", "B2", _FIVE_SKILLS, _B2_BANDS),
        Exam(
            "C1A",
            "C1 Advanced",
            "C1",
            _FIVE_SKILLS,
            _bands("B2", "C1", "C2", 200, 193, 180, 160, 142, top=210),
        ),
        Exam(
            "C2P",
            "C2 Proficiency",
            "C2",
            _FIVE_SKILLS,
            _bands("C1", "C2", "C2", 220, 213, 200, 180, 162, top=230),
        ),
        Exam("YLS", "Pre A1 Starters", "Pre A1", _YOUNG_LEARNERS),
        Exam("YLM", "A1 Movers", "A1", _YOUNG_LEARNERS),
        Exam("YLF", "A2 Flyers", "A2", _YOUNG_LEARNERS),
    )
}
EXAM_CHOICES = [(exam.code, exam.name) for exam in EXAMS.values()]
