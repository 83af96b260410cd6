"""What the figures of a Statement of Results mean, and what can come next, in everyday words.

Stands beside the board's own words (results/wording.py) and never contradicts them: the file is the truth.
Where score, result and level of a statement do not belong together, no distance is told. Texts speak to the
candidate, and call nothing bad. The words of the Young Learners exams are in results/young_learners.py.
"""

from dataclasses import dataclass

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from results import practising
from results.exams import CEFR_BANDS, EXAMS, Band, Exam, Skill
from results.models import OpenStatement, Result, Status
from results.models.statements import SCALE
from results.wording import result_in_short, result_in_words

EVEN_WITHIN = 2  # points between strongest and weakest skill that tell nothing apart
CLOSE_WITHIN = 3  # points to the next step that are told as “close”
ADVISED_AT_ONCE = 2  # skills; who is told to practise everything practises nothing

NEXT_EXAM = {
    "A2K": "B1P",
    "A2KS": "B1PS",
    "B1P": "B2F",
    "B1PS": "B2FS",
    "B2F": "C1A",
    "B2FS": "C1A",
    "C1A": "C2P",
}
EXAM_BELOW = {"B1P": "A2K", "B1PS": "A2KS", "B2F": "B1P", "B2FS": "B1PS", "C1A": "B2F", "C2P": "C1A"}


@dataclass(frozen=True)
class Advice:
    """What to do next for a skill."""

    skill: Skill
    text: str


@dataclass(frozen=True)
class Explanation:
    """The words of one scored statement; each is one or two sentences, empty where there is nothing to tell.

    level: the CEFR level that the board states; can_do: what it means, or that none is stated. to_go: how
    far the next result is. strongest, weakest: the skills by name; empty where they are even, which is then
    told by even. advice: for the weakest skills; none where they are even.
    """

    scale: str
    level: str
    can_do: str
    to_go: str
    strongest: str
    weakest: str
    even: str
    advice: tuple[Advice, ...]
    next_exam: str


def of(exam: Exam, statement: OpenStatement) -> Explanation | None:
    """The explanation of a statement, in the active language; None for shields and codes."""
    if exam.reports_shields or statement.status != Status.RESULT:
        return None
    scores = {skill: score for skill in exam.skills if (score := statement.score(skill)) is not None}
    strongest, weakest, even = _compared(scores, statement.cefr)
    return Explanation(
        scale=_scale(exam),
        level=statement.cefr,
        can_do=_can_do(exam, statement),
        to_go=_to_go(exam, statement),
        strongest=strongest,
        weakest=weakest,
        even=even,
        advice=_advice(scores) if weakest else (),
        next_exam=_next_exam(exam, statement),
    )


def points_to_go(exam: Exam, statement: OpenStatement) -> tuple[int, Band] | None:
    """How many points the next band above is away, and which it is.

    None in the highest band, and where the statement's own words are not those of its score.
    """
    if statement.overall is None:
        return None
    band = exam.band(statement.overall)
    if band is None or (band.result, band.cefr) != (statement.result, statement.cefr):
        return None
    place = exam.bands.index(band)
    if place == 0:
        return None
    above = exam.bands[place - 1]
    return above.low - statement.overall, above


def _scale(exam: Exam) -> str:
    lowest, highest = SCALE
    words = _(
        "The Cambridge English Scale is like one long ruler for all the exams, from %(lowest)d to %(highest)d"
        " points. %(exam)s measures the part from %(from)d to %(to)d, and a pass begins at %(pass)d."
    )
    return words % {
        "lowest": lowest,
        "highest": highest,
        "exam": exam.name,
        "from": exam.lowest,
        "to": exam.highest,
        "pass": next(band.low for band in exam.bands if band.result == Result.C),
    }


def _can_do(exam: Exam, statement: OpenStatement) -> str:
    if statement.cefr:
        return str(_CAN_DO[statement.cefr])
    if statement.result != Result.NONE:
        return ""
    words = _(
        "Below %(lowest)d points %(exam)s states no level. Your points still count for you: they show where"
        " you are now, and how far it is to the next step."
    )
    return words % {"exam": exam.name, "lowest": min(band.low for band in exam.bands if band.cefr)}


def _to_go(exam: Exam, statement: OpenStatement) -> str:
    found = points_to_go(exam, statement)
    if found is None:
        return ""
    points, band = found
    if points <= CLOSE_WITHIN:
        words = ngettext(
            "You are very close to the next step: %(result)s begins at %(low)d, only %(points)d point above"
            " your score.",
            "You are very close to the next step: %(result)s begins at %(low)d, only %(points)d points above"
            " your score.",
            points,
        )
    else:
        words = _("The next step is %(result)s: it begins at %(low)d, %(points)d points above your score.")
    # Where a pass begins, the whole words say so.
    is_pass = band.result == Result.C
    result = result_in_words(band.result, band.cefr) if is_pass else result_in_short(band)
    return words % {"result": result, "low": band.low, "points": points}


def _compared(scores: dict[Skill, int], level: str) -> tuple[str, str, str]:
    """Strongest, weakest, even: in words, and either the first two or the last is empty."""
    if len(scores) < 2:
        return "", "", ""
    low, high = min(scores.values()), max(scores.values())
    if low == high:
        return "", "", _EVEN_AT % {"points": low}
    if high - low <= EVEN_WITHIN:
        return "", "", _EVEN_BETWEEN % {"low": low, "high": high}
    best = [skill for skill, score in scores.items() if score == high]
    least = [skill for skill, score in scores.items() if score == low]
    strongest = ngettext(
        "%(skills)s, with %(points)d points.", "%(skills)s, with %(points)d points each.", len(best)
    ) % {"skills": _named(best), "points": high}
    if (above := _level_of(high)) > level and level:  # the names of the levels sort as the levels do
        strongest += " " + _("That is already level %(level)s.") % {"level": above}
    weakest = ngettext(
        "%(skills)s, with %(points)d points: this is where you can grow most.",
        "%(skills)s, with %(points)d points each: this is where you can grow most.",
        len(least),
    ) % {"skills": _named(least), "points": low}
    return strongest, weakest, ""


def _named(skills: list[Skill]) -> str:
    return get_text_list([str(skill.label) for skill in skills], _("and"))


def _level_of(score: int) -> str:
    """The CEFR level of a score on the scale; empty below the lowest."""
    return next((band.level for band in reversed(CEFR_BANDS) if score >= band.low), "")


def _advice(scores: dict[Skill, int]) -> tuple[Advice, ...]:
    low = min(scores.values())
    weakest = [skill for skill, score in scores.items() if score == low]
    return tuple(Advice(skill, practising.advice(skill, low)) for skill in weakest[:ADVISED_AT_ONCE])


def _next_exam(exam: Exam, statement: OpenStatement) -> str:
    """Which exam suits next: one up for who passed, the same for the level below, one down for no result."""
    above = EXAMS.get(NEXT_EXAM.get(exam.code, ""))
    below = EXAMS.get(EXAM_BELOW.get(exam.code, ""))
    if not statement.result:
        return ""
    if statement.result == Result.NONE:
        words = _BELOW if below else _AGAIN
    elif statement.result == Result.LEVEL:
        words = _AGAIN
    elif above is None:
        words = _HIGHEST
    elif statement.cefr == above.level:
        words = _LEVEL_SHOWN
    else:
        words = _FIRM_FIRST if statement.result == Result.C else _GOOD_BASE
    names = {"exam": exam.name, "above": above.name if above else "", "below": below.name if below else ""}
    return words % names


_EVEN_AT = gettext_lazy("Your skills are even: %(points)d points in all of them.")
_EVEN_BETWEEN = gettext_lazy("Your skills are even: all of them lie between %(low)d and %(high)d points.")

_LEVEL_SHOWN = gettext_lazy(
    "Your next exam can be %(above)s: today you have shown that you are at its level already."
)
_GOOD_BASE = gettext_lazy(
    "Your next exam can be %(above)s. You stand on firm ground: you can begin to prepare for it whenever you"
    " like."
)
_FIRM_FIRST = gettext_lazy(
    "The next exam is %(above)s, one level up. There is no hurry: enjoy the level that you have reached, use"
    " it, and then begin to prepare."
)
_AGAIN = gettext_lazy(
    "You can take %(exam)s again whenever you feel ready. Practise a little and often, start with what is"
    " written here, and choose the session together with your school or with us."
)
_BELOW = gettext_lazy(
    "%(below)s may be the right exam for you now: its tasks are nearer to what you can do today. From there"
    " %(exam)s is the next step up."
)
_HIGHEST = gettext_lazy(
    "There is no exam above this one: C2 is the top of the scale. From here on English grows by itself, if"
    " you use it for what you love doing."
)

_CAN_DO = {
    "A1": gettext_lazy(
        "You can say who you are, ask and answer simple questions about people and things that you know, and"
        " understand short messages. With somebody who speaks slowly and helps you a little, you can have a"
        " small conversation."
    ),
    "A2": gettext_lazy(
        "You can manage the simple situations of every day: buying something, asking the way, agreeing where"
        " to meet, telling what you did yesterday. You understand short texts and clear announcements about"
        " things that you know."
    ),
    "B1": gettext_lazy(
        "You can get by on a journey where English is spoken, and follow the main points when people speak"
        " clearly about school, work or free time. You can tell what happened to you, and say what you hope"
        " for and why."
    ),
    "B2": gettext_lazy(
        "You can talk with people who speak English every day without either of you having to try hard. You"
        " follow most films, news and articles, and can explain in writing what you think of a subject, with"
        " reasons for and against."
    ),
    "C1": gettext_lazy(
        "You can study, work and live in English: you follow lectures and long texts, and catch what is said"
        " between the lines. You speak fluently without looking for words, and write clear, well-ordered"
        " texts about difficult subjects."
    ),
    "C2": gettext_lazy(
        "You understand practically everything that you hear or read, and can put it together in your own"
        " words. You say precisely what you mean, down to the finest shades, even in difficult situations."
    ),
}
