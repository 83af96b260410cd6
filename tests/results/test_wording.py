"""The words of a statement: the board's own stay English, the explanations speak to the reader."""

import pytest
from django.utils import translation

from results import wording
from results.exams import EXAMS, Skill
from results.models import CandidateStatement, Result, Status

SCORED = [exam for exam in EXAMS.values() if not exam.reports_shields]
YOUNG = [exam for exam in EXAMS.values() if exam.reports_shields]


def scored(code: str, overall: int) -> CandidateStatement:
    band = EXAMS[code].band(overall)
    return CandidateStatement(status="result", overall=overall, result=band.result, cefr=band.cefr)


def shields(listening: int, reading_and_writing: int, speaking: int) -> CandidateStatement:
    return CandidateStatement(
        status="result", listening=listening, reading_and_writing=reading_and_writing, speaking=speaking
    )


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize(
    ("overall", "result"),
    [
        (185, "Pass at Grade A"),
        (176, "Pass at Grade B"),
        (165, "Pass at Grade C"),
        (150, "Level B1"),
        (131, "–"),
    ],
)
def test_a_result_has_the_boards_words_in_every_language(language, overall, result):
    with translation.override(language):
        assert wording.of(EXAMS["B2F"], scored("B2F", overall)).outcome.result == result


def test_a_pass_at_grade_a_says_that_it_is_a_level_above():
    assert (
        "level C1, one level above the exam" in wording.of(EXAMS["B2F"], scored("B2F", 185)).outcome.meaning
    )


def test_grade_a_in_the_highest_exam_is_above_nothing():
    meaning = wording.of(EXAMS["C2P"], scored("C2P", 225)).outcome.meaning
    assert "level C2" in meaning
    assert "above" not in meaning


def test_the_level_below_says_that_there_is_a_certificate():
    outcome = wording.of(EXAMS["B2F"], scored("B2F", 150)).outcome
    assert outcome.headline == "You have shown level B1"
    assert "You receive a certificate for this level." in outcome.meaning


def test_a_score_below_every_result_says_where_results_begin_and_who_can_advise():
    outcome = wording.of(EXAMS["B2F"], scored("B2F", 131)).outcome
    assert "begin at 140 points" in outcome.meaning
    assert outcome.next_step
    assert outcome.reach_office


@pytest.mark.parametrize("exam", SCORED, ids=lambda exam: exam.code)
def test_every_band_of_every_exam_has_its_line(exam):
    for band in exam.bands:
        lines = wording.of(exam, scored(exam.code, band.low)).bands
        assert [line.scores for line in lines] == [f"{each.low}–{each.high}" for each in exam.bands]
        assert [line.reached for line in lines] == [each == band for each in exam.bands]


@pytest.mark.parametrize("exam", EXAMS.values(), ids=lambda exam: exam.code)
@pytest.mark.parametrize("status", [status for status in Status if status != Status.RESULT])
def test_a_code_says_what_it_means_and_what_happens_next(exam, status):
    outcome = wording.of(exam, CandidateStatement(status=status)).outcome
    assert outcome.result == status.value.capitalize()
    assert outcome.meaning
    assert any(who in str(outcome.next_step) for who in ("write to us", "Write to us", "tell us"))
    assert outcome.reach_office


def test_a_code_marks_no_band():
    assert not any(line.reached for line in wording.of(EXAMS["B2F"], CandidateStatement(status="X")).bands)


@pytest.mark.parametrize("exam", EXAMS.values(), ids=lambda exam: exam.code)
def test_every_exam_says_what_it_is_about(exam):
    shown = shields(3, 3, 3) if exam.reports_shields else scored(exam.code, exam.highest)
    assert len(wording.of(exam, shown).targets) > 100


@pytest.mark.parametrize("exam", YOUNG, ids=lambda exam: exam.code)
@pytest.mark.parametrize("won", range(1, 6))
def test_every_shield_has_strengths_and_what_to_work_on(exam, won):
    words = wording.of(exam, shields(won, won, won)).skills
    assert [each.skill for each in words] == [Skill.LISTENING, Skill.READING_AND_WRITING, Skill.SPEAKING]
    assert all(each.shields == won and each.strengths and each.work_on for each in words)


def test_more_shields_have_other_words():
    few, some, many = (wording.of(EXAMS["YLM"], shields(won, won, won)).skills[0] for won in (2, 3, 4))
    assert len({few.strengths, some.strengths, many.strengths}) == 3
    assert few.work_on == some.work_on != many.work_on


@pytest.mark.parametrize(
    ("won", "ready"), [((4, 4, 4), "A2 Flyers"), ((5, 4, 5), "A2 Flyers"), ((5, 5, 3), ""), ((3, 5, 5), "")]
)
def test_four_or_five_shields_everywhere_are_ready_for_the_next_exam(won, ready):
    assert wording.of(EXAMS["YLM"], shields(*won)).ready_for == ready


def test_the_exam_after_flyers_is_key_for_schools():
    assert wording.of(EXAMS["YLF"], shields(4, 4, 4)).ready_for == "A2 Key for Schools"


def test_a_child_without_result_has_no_shields_and_is_ready_for_nothing():
    words = wording.of(EXAMS["YLM"], CandidateStatement(status="pending"))
    assert words.skills == ()
    assert words.ready_for == ""
    assert words.outcome.result == "Pending"


def test_a_skill_that_is_not_reported_says_nothing_of_the_child():
    words = wording.of(EXAMS["YLM"], shields(None, 5, 5))
    assert (words.skills[0].shields, words.skills[0].strengths) == (None, "")
    assert words.ready_for == ""


def test_narrow_places_have_short_words():
    assert [wording.result_in_short(band) for band in EXAMS["B2F"].bands] == [
        "Grade A", "Grade B", "Grade C", "Level B1", "–",
    ]  # fmt: skip


def test_every_result_has_words():
    assert [wording.result_in_words(result, "B1") for result in Result] == [
        "Pass at Grade A", "Pass at Grade B", "Pass at Grade C", "Level B1", "",
    ]  # fmt: skip
