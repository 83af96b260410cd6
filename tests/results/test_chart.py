"""The geometry of the scale chart."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.chart import BOTTOM, LINE_HEIGHT, TOP, WIDTH, keep_apart, scale_chart
from results.exams import EXAMS, Skill
from results.models import CandidateStatement

SCORED = [exam for exam in EXAMS.values() if not exam.reports_shields]


def statement(exam, *scores: int, **fields) -> CandidateStatement:
    """A statement with these scores for the exam's skills, in their order; the overall score as computed."""
    by_skill = dict(zip(exam.skills, scores, strict=True))
    overall = exam.overall(by_skill)
    band = exam.band(overall)
    stated = {"overall": overall, "result": band.result, "cefr": band.cefr} | fields
    return CandidateStatement(
        status="result", **stated, **{skill.value: by_skill[skill] for skill in by_skill}
    )


@st.composite
def any_statement(draw):
    exam = draw(st.sampled_from(SCORED))
    score = st.integers(exam.lowest, exam.highest)
    return exam, statement(exam, *(draw(score) for _skill in exam.skills))


@given(any_statement())
def test_labels_never_overlap_and_stay_beside_the_scale(drawn):
    chart = scale_chart(*drawn)
    labels = sorted(point.label_y for point in (*chart.points, chart.overall))
    assert all(lower - upper >= LINE_HEIGHT - 0.11 for upper, lower in pairwise(labels))
    assert labels[0] >= TOP
    assert labels[-1] <= BOTTOM
    assert labels[-1] + LINE_HEIGHT / 2 <= chart.height


@given(any_statement())
def test_labels_stand_in_the_order_of_their_scores(drawn):
    chart = scale_chart(*drawn)
    points = sorted((*chart.points, chart.overall), key=lambda point: point.label_y)
    assert all(upper.score >= lower.score for upper, lower in pairwise(points))


@given(any_statement())
def test_points_stand_at_their_scores_and_beside_each_other(drawn):
    exam, shown = drawn
    chart = scale_chart(exam, shown)
    ticks = {tick.score: tick.y for tick in chart.ticks}
    for point in chart.points:
        assert point.score == shown.score(point.skill)
        if point.score in ticks:
            assert point.y == ticks[point.score]
    lanes = [point.x for point in chart.points]
    assert all(right - left >= 10 for left, right in pairwise(lanes))  # a point is ten wide


@given(st.lists(st.floats(TOP, BOTTOM), min_size=1, max_size=8))
def test_a_label_with_room_stays_at_its_level(levels):
    placed = keep_apart(levels)
    for index, level in enumerate(levels):
        others = levels[:index] + levels[index + 1 :]
        if all(abs(level - other) > 8 * LINE_HEIGHT for other in others):
            assert placed[index] == pytest.approx(level, abs=0.05)


def test_equal_scores_share_a_block_around_their_level():
    exam = EXAMS["B2F"]
    chart = scale_chart(exam, statement(exam, 155, 155, 155, 155, 155))
    labels = [point.label_y for point in (*chart.points, chart.overall)]
    assert sum(labels) / len(labels) == pytest.approx(chart.overall.y, abs=0.2)


@pytest.mark.parametrize("exam", SCORED, ids=lambda exam: exam.code)
def test_the_scale_holds_the_whole_range_of_the_exam(exam):
    chart = scale_chart(exam, statement(exam, *(exam.lowest for _skill in exam.skills)))
    scores = [tick.score for tick in chart.ticks]
    assert scores[0] <= exam.lowest
    assert scores[-1] >= exam.highest
    assert [block.label for block in chart.results][::3] == ["Grade A", f"Level {exam.bands[3].cefr}"]
    for column in (chart.cefr, chart.results):
        assert all(
            upper.top + upper.height == pytest.approx(lower.top, abs=0.2) for upper, lower in pairwise(column)
        )
        assert all(block.top >= TOP and block.top + block.height <= BOTTOM + 0.1 for block in column)
        assert all(block.left >= 0 and block.left + block.width <= WIDTH for block in column)


def test_the_bands_of_the_statement_are_marked():
    exam = EXAMS["B2F"]
    chart = scale_chart(exam, statement(exam, 182, 184, 181, 183, 185))
    assert [block.label for block in chart.cefr if block.reached] == ["C1"]
    assert [block.label for block in chart.results if block.reached] == ["Grade A"]


def test_a_score_below_every_result_marks_no_cefr_level():
    exam = EXAMS["B1P"]
    chart = scale_chart(exam, statement(exam, 110, 110, 110, 110))
    assert not any(block.reached for block in chart.cefr)
    assert [block.label for block in chart.results if block.reached] == ["–"]


def test_the_boards_own_result_is_marked_where_it_differs_from_the_band():
    exam = EXAMS["B2F"]
    chart = scale_chart(exam, statement(exam, 172, 172, 172, 172, 172, result="B"))
    assert [block.label for block in chart.results if block.reached] == ["Grade B"]


@pytest.mark.parametrize("status", ["X", "Z", "pending", "withheld"])
def test_a_code_has_no_chart(status):
    assert scale_chart(EXAMS["B2F"], CandidateStatement(status=status)) is None


def test_shields_have_no_chart():
    shields = CandidateStatement(status="result", listening=4, reading_and_writing=4, speaking=4)
    assert scale_chart(EXAMS["YLM"], shields) is None


def test_a_skill_that_is_not_reported_has_no_point():
    exam = EXAMS["B2F"]
    shown = statement(exam, 170, 170, 170, 170, 170)
    shown.use_of_english = None
    assert Skill.USE_OF_ENGLISH not in {point.skill for point in scale_chart(exam, shown).points}
