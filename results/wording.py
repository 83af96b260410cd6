"""What a Statement of Results says in plain words: the result, what it means, what happens next.

The board's own words (“Pass at Grade B”, “Pending”) stay English on every page, as on the certificate;
what explains them is in the reader's language. Texts speak to the candidate.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from results import young_learners
from results.exams import Band, Exam
from results.models import OpenStatement, Result, Status


@dataclass(frozen=True)
class Outcome:
    """The result and what it means for the candidate.

    result: the board's words, or its code in place of a result; empty where shields are reported.
    next_step: what happens next, and who does it; empty where nothing is left to do. reach_office:
    whether the candidate may need the exams office for it.
    """

    result: str
    headline: str
    meaning: str
    next_step: str = ""
    reach_office: bool = False


@dataclass(frozen=True)
class BandWords:
    """A line of the table of result bands; reached: it is the candidate's."""

    scores: str
    result: str
    cefr: str
    reached: bool


@dataclass(frozen=True)
class Wording:
    """The words of one statement; from skills on the Young Learners' alone. ready_for: an exam's name."""

    outcome: Outcome
    targets: str
    bands: tuple[BandWords, ...]
    skills: tuple[young_learners.SkillWords, ...] = ()
    ready_for: str = ""
    voices: young_learners.TwoVoices | None = None


def of(exam: Exam, statement: OpenStatement) -> Wording:
    """The words of a statement, in the active language."""
    targets = str(_TARGETS[exam.code])
    if statement.status != Status.RESULT:
        return Wording(_CODES[statement.status], targets, _bands(exam))
    if exam.reports_shields:
        return Wording(
            _shields(exam),
            targets,
            bands=(),
            skills=young_learners.skill_words(exam, statement),
            ready_for=young_learners.ready_for(exam, statement),
            voices=young_learners.two_voices(exam, statement),
        )
    return Wording(_scored(exam, statement), targets, _bands(exam, statement.result))


def result_in_words(result: str, cefr: str) -> str:
    """The board's words for a result: “Pass at Grade B”, “Level B1”; empty for no result."""
    if result == Result.LEVEL:
        return f"Level {cefr}"
    return f"Pass at Grade {result}" if result in {Result.A, Result.B, Result.C} else ""


def result_in_short(band: Band) -> str:
    """The same of a band, for narrow places: “Grade B”, “Level B1”, “–”."""
    return result_in_words(band.result, band.cefr).removeprefix("Pass at ") or "–"


def _bands(exam: Exam, result: str = "") -> tuple[BandWords, ...]:
    return tuple(
        BandWords(
            scores=f"{band.low}–{band.high}",
            result=result_in_words(band.result, band.cefr),
            cefr=band.cefr,
            reached=band.result == result,
        )
        for band in exam.bands
    )


def _scored(exam: Exam, statement: OpenStatement) -> Outcome:
    facts = {"exam": exam.name, "level": statement.cefr}
    result = result_in_words(statement.result, statement.cefr)
    if statement.result == Result.LEVEL:
        meaning = _(
            "Your score is below a pass in %(exam)s, but it shows that your English is at level %(level)s."
            " You receive a certificate for this level."
        )
        return Outcome(result, _("You have shown level %(level)s") % facts, meaning % facts)
    if result:
        above = _(
            "You passed %(exam)s with the highest grade. Your English is at level %(level)s, one level above"
            " the exam."
        )
        passed = _("You passed %(exam)s. Your English is at level %(level)s.")
        meaning = passed if statement.cefr == exam.level else above
        return Outcome(result, _("Congratulations!"), meaning % facts)
    below = _(
        "A result and a certificate in %(exam)s begin at %(lowest)d points, so there is none this time. Your"
        " scores show what you can already do and where practice will help most."
    )
    lowest = min(band.low for band in exam.bands if band.cefr)
    return Outcome(
        "–",
        _("No result this time"),
        below % {"exam": exam.name, "lowest": lowest},
        _("You decide what comes next. Your school, or we, can tell you which exam suits you now."),
        reach_office=True,
    )


def _shields(exam: Exam) -> Outcome:
    meaning = _(
        "You took %(exam)s. Here are your shields, from 1 to 5 for each skill. Nobody passes or fails this"
        " exam, and everybody who takes all its parts gets a certificate."
    )
    return Outcome("", _("Well done!"), meaning % {"exam": exam.name})


_CODES = {
    Status.X: Outcome(
        "X",
        _("Absent from part of the exam"),
        _(
            "The exam board has you down as absent from part of the exam. A result needs every part, so there"
            " is none."
        ),
        _(
            "If you took every part, tell your school or write to us, and we will ask the exam board. If you"
            " missed a part, this stays your result; ask us when you can take the exam again."
        ),
        reach_office=True,
    ),
    Status.Z: Outcome(
        "Z",
        _("Absent from the whole exam"),
        _("The exam board has you down as absent from all parts of the exam, so there is no result."),
        _(
            "If you took the exam, tell your school or write to us, and we will ask the exam board. If you"
            " did not, this stays your result; ask us when you can take it again."
        ),
        reach_office=True,
    ),
    Status.PENDING: Outcome(
        "Pending",
        _("Your result will follow"),
        _("The exam board cannot issue your result yet. It does not mean that you failed."),
        _(
            "You do not have to do anything: your result appears on your page of this site when the exam"
            " board sends it. If you need it by a certain date, tell us."
        ),
        reach_office=True,
    ),
    Status.WITHHELD: Outcome(
        "Withheld",
        _("Please contact us"),
        _("The exam board is not giving out your result for now."),
        _("Write to us or call us. There can be different reasons; we will explain."),
        reach_office=True,
    ),
}

_KEY = _(
    "The exam is about everyday English at level A2. It asks whether you understand short, simple texts and"
    " announcements, write short messages, and take part in easy conversations about yourself, your family,"
    " school or work."
)
_PRELIMINARY = _(
    "The exam is about practical English at level B1. It asks whether you understand the main points of"
    " everyday texts and talks, write emails and short articles or stories, and manage most situations at"
    " school, at work or on a journey."
)
_FIRST = _(
    "The exam is about independent English at level B2. It asks whether you understand the main ideas of"
    " longer texts and talks, write clearly for different readers, give and defend an opinion, and follow"
    " conversations at a normal speed."
)
_TARGETS = {
    "A2K": _KEY,
    "A2KS": _KEY,
    "B1P": _PRELIMINARY,
    "B1PS": _PRELIMINARY,
    "B2F": _FIRST,
    "B2FS": _FIRST,
    "C1A": _(
        "The exam is about advanced English at level C1. It asks whether you understand long and demanding"
        " texts and talks, use English flexibly for study, work and social life, and write and speak clearly,"
        " in detail and with good structure about complex subjects."
    ),
    "C2P": _(
        "The exam is about English at level C2, the highest of the CEFR. It asks whether you understand"
        " practically everything you read or hear, put together information from different sources, and"
        " express yourself fluently and precisely, with fine shades of meaning."
    ),
    "YLS": _(
        "The exam is for children who begin to learn English. It asks whether you know simple words and"
        " sentences about things around you: your family, animals, colours, food, toys and school."
    ),
    "YLM": _(
        "The exam is for children who have learned some English. It asks whether you understand short stories"
        " and conversations about everyday things, describe pictures and write short sentences."
    ),
    "YLF": _(
        "The exam is for children who can already do a lot in English. It asks whether you understand longer"
        " stories and conversations, say and write what happened and what will happen, and tell a story from"
        " pictures."
    ),
}
