"""What the shields of the Young Learners exams say: what a child can do, and what to work on next.

One to five shields a skill; nobody passes or fails. Four or five in every skill: ready for the next exam
(source: the board's pages for parents). Texts speak to the child; a parent reads along.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from results.exams import EXAMS, Exam, Skill
from results.models import OpenStatement

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
