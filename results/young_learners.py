"""What the shields of the Young Learners exams say: what a child can do, and what to work on next.

One to five shields a skill; nobody passes or fails. Four or five in every skill: ready for the next exam
(source: the board's pages for parents). Two voices: to the child, short and warm; and to the parents.
"""

from dataclasses import dataclass

from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from results.exams import EXAMS, Exam, Skill
from results.models import OpenStatement, Status

SHIELDS_TO_GO_ON = 4
NEXT_EXAM = {"YLS": "YLM", "YLM": "YLF", "YLF": "A2KS"}


@dataclass(frozen=True)
class SkillWords:
    """A skill of a child: its shields (None if not reported), strengths, and what to work on next."""

    skill: Skill
    shields: int | None
    strengths: str
    work_on: str


def skill_words(exam: Exam, statement: OpenStatement) -> tuple[SkillWords, ...]:
    """The words for every skill of one of the three exams, in the order of the statement."""
    return tuple(_words(exam, skill, statement.score(skill)) for skill in exam.skills)


def ready_for(exam: Exam, statement: OpenStatement) -> str:
    """The name of the next exam, if the child is ready for it; else empty."""
    shields = [statement.score(skill) or 0 for skill in exam.skills]
    return EXAMS[NEXT_EXAM[exam.code]].name if min(shields) >= SHIELDS_TO_GO_ON else ""


@dataclass(frozen=True)
class TwoVoices:
    """What stands around the shields: a line to the child, and what parents ask.

    level: where the exam stands. strengths: of this child. practice: what helps at home, for the skill with
    the fewest shields. next_exam: whether it is time for it.
    """

    to_child: str
    level: str
    strengths: str
    practice: str
    next_exam: str


def two_voices(exam: Exam, statement: OpenStatement) -> TwoVoices | None:
    """The words to the child and to the parents; None for a code, or where no skill is reported."""
    shields = {skill: won for skill in exam.skills if (won := statement.score(skill)) is not None}
    if statement.status != Status.RESULT or not shields:
        return None
    few, many = min(shields.values()), max(shields.values())
    best = [skill for skill, won in shields.items() if won == many]
    if few == many:
        to_child = _ALL_WELL_TO_CHILD if few >= SHIELDS_TO_GO_ON else _EVEN_TO_CHILD
        strengths = _EVEN_TO_PARENTS
    else:
        to_child = ngettext(
            "%(skills)s is your star skill: there you won most shields.",
            "%(skills)s are your star skills: there you won most shields.",
            len(best),
        ) % {"skills": _named(best)}
        strengths = gettext("Most shields are for %(skills)s.") % {"skills": _named(best)}
    growing = next(skill for skill, won in shields.items() if won == few)
    return TwoVoices(
        to_child=str(to_child),
        level=str(_LEVEL[exam.code]),
        strengths=str(strengths),
        practice=str(_ALL_WELL_AT_HOME if few >= SHIELDS_TO_GO_ON else _AT_HOME[growing]),
        next_exam=_when_ready(exam, shields),
    )


def _when_ready(exam: Exam, shields: dict[Skill, int]) -> str:
    growing = [skill for skill, won in shields.items() if won < SHIELDS_TO_GO_ON]
    words = _READY
    if growing:
        words = _READY_LATER
    elif len(shields) < len(exam.skills):
        words = _READY_WHEN
    following = EXAMS[NEXT_EXAM[exam.code]].name
    return words % {"exam": following, "skills": _named(growing)}


def _named(skills: list[Skill]) -> str:
    return get_text_list([str(skill.label) for skill in skills], gettext("and"))


def _words(exam: Exam, skill: Skill, shields: int | None) -> SkillWords:
    if shields is None:
        return SkillWords(skill, None, "", "")
    few, some, many = _STRENGTHS[exam.code, skill]
    strengths = many if shields >= SHIELDS_TO_GO_ON else some if shields == 3 else few
    now, then = _WORK_ON[exam.code, skill]
    return SkillWords(skill, shields, str(strengths), str(then if shields >= SHIELDS_TO_GO_ON else now))


# With one or two shields, with three, with four or five.
_STRENGTHS = {
    ("YLS", Skill.LISTENING): (
        _("You are beginning to pick out English words that you know, such as colours and animals."),
        _("You understand many simple words and short sentences when people speak slowly."),
        _("You understand simple sentences about people and things, and catch names, numbers and colours."),
    ),
    ("YLS", Skill.READING_AND_WRITING): (
        _("You are beginning to read short English words and to copy them."),
        _("You read simple words and short sentences, and you spell some words."),
        _("You read simple sentences about a picture and spell the words that you know."),
    ),
    ("YLS", Skill.SPEAKING): (
        _("You are beginning to answer with single words and by pointing."),
        _("You answer simple questions about yourself and about pictures with a few words."),
        _("You understand simple questions and answer them clearly about yourself and about pictures."),
    ),
    ("YLM", Skill.LISTENING): (
        _("You understand some words and short sentences about everyday things."),
        _("You understand short conversations about everyday things when people speak clearly."),
        _("You understand short conversations well and catch details such as names, days and places."),
    ),
    ("YLM", Skill.READING_AND_WRITING): (
        _("You read simple words and short sentences and write words that you know."),
        _("You understand short texts with pictures and write simple sentences."),
        _("You understand short stories well and write clear, simple sentences about a picture."),
    ),
    ("YLM", Skill.SPEAKING): (
        _("You answer simple questions with a few words."),
        _("You describe pictures and answer questions about yourself in short sentences."),
        _("You describe pictures, tell a simple story and answer questions with ease."),
    ),
    ("YLF", Skill.LISTENING): (
        _("You understand simple sentences about things that you know."),
        _("You understand the main points of conversations about everyday life."),
        _("You understand longer conversations well, with their details."),
    ),
    ("YLF", Skill.READING_AND_WRITING): (
        _("You understand short, simple texts and write short sentences."),
        _("You understand the main points of stories and write about a picture in simple sentences."),
        _("You understand longer texts and stories, and write a short story that is easy to follow."),
    ),
    ("YLF", Skill.SPEAKING): (
        _("You answer questions about things that you know in short sentences."),
        _("You ask and answer questions and say what is happening in pictures."),
        _("You ask and answer questions with ease and tell a whole story from pictures."),
    ),
}

# Below four shields, and from four on (towards the next exam).
_WORK_ON = {
    ("YLS", Skill.LISTENING): (
        _("Listen to short songs and stories and point to what you hear."),
        _("Listen to short stories without pictures and say who is in them."),
    ),
    ("YLS", Skill.READING_AND_WRITING): (
        _("Read picture books together, and write the names of things in your room."),
        _("Read short stories, and write two or three sentences about your day."),
    ),
    ("YLS", Skill.SPEAKING): (
        _("Play “What is it?” with pictures, and say colours, numbers and names aloud."),
        _("Say in whole sentences what people do in a picture."),
    ),
    ("YLM", Skill.LISTENING): (
        _("Listen to short stories twice: first for who and where, then for what happens."),
        _("Watch short films in English about what you like, and tell somebody what happened."),
    ),
    ("YLM", Skill.READING_AND_WRITING): (
        _("Read easy stories, and write a sentence about each picture."),
        _("Read longer stories, and write about what you did last weekend."),
    ),
    ("YLM", Skill.SPEAKING): (
        _("Find five differences between two pictures and say them aloud."),
        _("Tell a story from pictures: what happened first, then, and at the end?"),
    ),
    ("YLF", Skill.LISTENING): (
        _("Listen to conversations and note times, places and names."),
        _("Listen to announcements, interviews and songs in English and note the main points."),
    ),
    ("YLF", Skill.READING_AND_WRITING): (
        _("Read a short story every week, and write how you would end it."),
        _("Read short articles and messages, and write emails to a friend."),
    ),
    ("YLF", Skill.SPEAKING): (
        _("Tell somebody in English what you did today and what you will do tomorrow."),
        _("Say what you think about things, and why."),
    ),
}

_ALL_WELL_TO_CHILD = _("Look at all these shields: every skill went really well!")
_EVEN_TO_CHILD = _("Your skills are growing together, one like the other. Keep going!")
_EVEN_TO_PARENTS = _("There are as many shields for each skill: your child is growing in all of them alike.")

_LEVEL = {
    "YLS": _(
        "Pre A1 Starters is the first of three exams for children; A1 Movers and A2 Flyers follow. It is made"
        " for the very first English, before level A1."
    ),
    "YLM": _(
        "A1 Movers is the second of three exams for children, after Pre A1 Starters and before A2 Flyers. It"
        " is about level A1, the first of the six European levels (CEFR)."
    ),
    "YLF": _(
        "A2 Flyers is the last of three exams for children, after Pre A1 Starters and A1 Movers. It is about"
        " level A2, the second of the six European levels (CEFR)."
    ),
}

_AT_HOME = {
    Skill.LISTENING: _(
        "For Listening, ten minutes a day do more than an hour on Sunday: songs, cartoons and short stories"
        " in English that your child already knows by heart. Listening to the same thing again is good"
        " practice."
    ),
    Skill.READING_AND_WRITING: _(
        "For Reading and Writing, read picture stories in English together, a page each. Shopping lists,"
        " labels and little notes on the fridge give a reason to write; mistakes are part of it."
    ),
    Skill.SPEAKING: _(
        "For Speaking, let your child be the teacher: ask for the English word, guess what a picture shows,"
        " play shop. Praise what you understand, and leave the mistakes for another day."
    ),
}
_ALL_WELL_AT_HOME = _(
    "Everything goes well. What helps now is English with pleasure: films, stories and games, and somebody to"
    " talk with."
)

_READY = _(
    "Four or five shields in every skill mean that a child is ready for the next exam. Yours is: you can"
    " think of %(exam)s."
)
_READY_LATER = _(
    "With four or five shields in every skill a child is ready for the next exam, %(exam)s. Your child can"
    " still grow in %(skills)s; there is no hurry."
)
_READY_WHEN = _("With four or five shields in every skill a child is ready for the next exam, %(exam)s.")
