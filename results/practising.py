"""What to do next for a skill: something concrete to try this week, by skill and level.

The level is that of the skill's own score. Texts speak to the candidate, of any age.
"""

from django.utils.translation import gettext_lazy as _

from results.exams import Skill

# From how many points of the scale on which texts hold: those of B1, B2, and C1 with C2; below, of A2.
STEPS = (140, 160, 180)


def advice(skill: Skill, score: int) -> str:
    """Two sentences for a skill; score: its points on the Cambridge English Scale."""
    texts = _ADVICE[skill]
    step = sum(score >= begins for begins in STEPS)
    return str(texts[min(step, len(texts) - 1)])


# For each skill from easy to demanding; Reading and Writing is one paper up to A2 Key alone.
_ADVICE = {
    Skill.READING: (
        _(
            "Read one short, easy text a day, such as an advert, a post or a page of a simplified book, and"
            " say in one sentence what it is about. Choose three new words from it and use each in a message."
        ),
        _(
            "Read an article or a chapter of an easy book every other day without looking up each word: guess"
            " first, check at the end. Then close it and write down its three main points."
        ),
        _(
            "Read news and opinions about a subject that you like, and ask after each paragraph what the"
            " writer thinks and how you can tell. Once a week read against the clock: finding things fast is"
            " a skill of its own."
        ),
        _(
            "Read demanding texts that were not written for learners: essays, reviews, novels. Mark where the"
            " writer hints at something instead of saying it, and put it into your own words."
        ),
    ),
    Skill.USE_OF_ENGLISH: (
        _(
            "Take one rule at a time, such as a tense or the use of in, on and at, and give it ten minutes a"
            " day. Write three sentences about yourself with it, and ask somebody to check them."
        ),
        _(
            "Collect words in company, not alone: make a decision, depend on, be interested in. In the"
            " evening cover one half of the page and try to complete it."
        ),
        _(
            "Take a sentence and say the same in another way: passive, reported speech, a different verb. For"
            " each new word note its family too: decide, decision, decisive."
        ),
        _(
            "In good texts notice which words keep each other company, and write down the whole phrase. Then"
            " rewrite a paragraph of yours twice, once more formally and once more lightly."
        ),
    ),
    Skill.WRITING: (
        _(
            "Write somebody a short message in English every day: where you are, what you did, what you would"
            " like. Read it aloud before you send it: your ear finds many of the slips."
        ),
        _(
            "Write an email or a story of about a hundred words every week, and plan it in three points"
            " before you begin. Ask a teacher which two slips you make most often, and look for them the"
            " next time."
        ),
        _(
            "Write an essay or a review every week: one idea a paragraph, and for each idea a reason and an"
            " example. The next day read it as a stranger would, and mend whatever you had to read twice."
        ),
        _(
            "Before you write, decide for whom, and choose the tone that this reader expects. Then cut a"
            " fifth of what you wrote: what stays will be clearer and stronger."
        ),
    ),
    Skill.LISTENING: (
        _(
            "Listen to something short every day: a two-minute video is enough, first without subtitles and"
            " then with them. Write down the numbers, names and times that you catch."
        ),
        _(
            "Watch a scene of a series with English subtitles, then the same scene without. Pause now and"
            " then and say in English what has happened so far."
        ),
        _(
            "Listen to podcasts and interviews with different accents, on the bus or on a walk. Afterwards"
            " note what each speaker thinks, and listen again to see whether you were right."
        ),
        _(
            "Listen to debates, lectures and comedy at full speed and without subtitles. Listen for what is"
            " not said: who is joking, who doubts, who agrees only to be polite."
        ),
    ),
    Skill.SPEAKING: (
        _(
            "Say aloud in English what you are doing, a few minutes a day: cooking, getting dressed, walking"
            " home. With a friend play five questions: you ask five, then you answer five."
        ),
        _(
            "Choose a photo and talk about it for a minute while your phone records you; listen to it and do"
            " it once more. When somebody asks you something, always add a reason: not just yes, but yes,"
            " because."
        ),
        _(
            "Meet somebody for a quarter of an hour a week to discuss something in English, and now and then"
            " defend the side that is not yours. Record yourself for two minutes and notice where you stop:"
            " those are the words to look for."
        ),
        _(
            "Explain something complicated that you know well, first to somebody who has never heard of it,"
            " then as if to an expert. Record both, and wherever a word was nearly right, look for the exact"
            " one."
        ),
    ),
    Skill.READING_AND_WRITING: (
        _(
            "Read a short, easy text every day, such as an email, a notice or a post, and answer it with two"
            " or three sentences of your own. Read your answer aloud: your ear finds many of the slips."
        ),
        _(
            "Read a page of an easy book or an article every other day, and tell in writing, in about fifty"
            " words, what it says and what you think of it. Use three words from the text in what you write."
        ),
    ),
}
