"""The geometry of several exams on one scale."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from results.exams import CEFR_BANDS, EXAMS
from results.models import CandidateStatement, Entry, ExamSession
from results.scale_over_time import HEAD, LEAST, LONGEST_LABEL, MOST, RIGHT, scale_over_time

SCORED = [exam for exam in EXAMS.values() if not exam.reports_shields]


def opened(exam: str, day: date, overall: int | None, pk: int = 1, title: str = "June 2026", **fields):
    session = ExamSession(exam=exam, exam_date=day, title=title)
    facts = {"status": "result", "overall": overall, "result": "B", "cefr": "B1"} | fields
    return Entry(pk=pk, session=session), CandidateStatement(**facts)


@st.composite
def a_course(draw):
    """Two to twelve exams, also of one day and with one score."""
    days = st.dates(date(2015, 1, 1), date(2035, 12, 31))
    one_day = draw(days)
    exams = []
    for pk in range(draw(st.integers(2, 12))):
        exam = draw(st.sampled_from(SCORED))
        day = draw(st.one_of(st.just(one_day), days))
        exams.append(opened(exam.code, day, draw(st.integers(exam.lowest, exam.highest)), pk))
    return exams


@given(a_course())
def test_every_exam_has_a_line_of_its_own_the_latest_at_the_top(course):
    chart = scale_over_time(course)
    assert len(chart.sittings) == len(course)
    for upper, lower in pairwise(chart.sittings):
        assert LEAST - 0.1 <= lower.y - upper.y <= MOST + 0.1
        assert upper.entry.session.exam_date >= lower.entry.session.exam_date
        assert lower.label_y > upper.y + 10  # no label on another's point or score


@given(a_course())
def test_everything_stays_within_the_picture(course):
    chart = scale_over_time(course)
    for each in chart.sittings:
        assert 0 <= each.x <= RIGHT
        assert HEAD < each.label_y < each.y < chart.height
        assert each.guide_end <= each.x
        if each.score_is_left:
            assert each.score_x < each.x
        else:
            assert each.x < each.score_x <= RIGHT - 20


@given(a_course())
def test_points_stand_at_their_scores_in_the_levels_behind_them(course):
    chart = scale_over_time(course)
    edges = {mark.score: mark.x for mark in chart.marks}
    for each in chart.sittings:
        score = each.statement.overall
        if score in edges:
            assert each.x == edges[score]
        level = next((band.level for band in CEFR_BANDS if band.low <= score <= band.high), "")
        stripe = next(s for s in chart.stripes if s.name == level)
        assert stripe.left - 0.1 <= each.x <= stripe.left + stripe.width + 0.1
    by_score = sorted(chart.sittings, key=lambda each: each.statement.overall)
    assert [each.x for each in by_score] == sorted(each.x for each in by_score)


@given(a_course())
def test_the_levels_fill_the_width_without_a_gap(course):
    stripes = scale_over_time(course).stripes
    assert stripes[0].left == 0
    assert all(abs(a.left + a.width - b.left) < 0.2 for a, b in pairwise(stripes))
    assert abs(stripes[-1].left + stripes[-1].width - RIGHT) < 0.2
    assert len(stripes) >= 3


@pytest.mark.parametrize("scores", [(82, 230), (82, 84), (99, 100), (119, 120), (229, 230), (200, 200)])
def test_the_ends_of_the_scale_have_their_place(scores):
    day = date(2026, 6, 13)
    chart = scale_over_time([opened("C2P", day, score, pk) for pk, score in enumerate(scores)])
    assert all(0 <= each.x <= RIGHT for each in chart.sittings)
    assert chart.stripes[-1].name in {"B1", "C2", "A2", "B2"}


def test_more_time_between_two_exams_is_more_room_between_their_lines():
    days = (date(2026, 6, 13), date(2025, 6, 13), date(2025, 4, 1), date(2025, 4, 1), date(2015, 1, 1))
    lines = [
        s.y for s in scale_over_time([opened("B2F", day, 170, pk) for pk, day in enumerate(days)]).sittings
    ]
    gaps = [lower - upper for upper, lower in pairwise(lines)]
    assert gaps == pytest.approx([90, LEAST, LEAST, MOST], abs=0.3)


@pytest.mark.parametrize(
    "other",
    [
        ("YLM", None, {"result": "", "cefr": ""}),
        ("B2F", None, {"status": "pending", "result": "", "cefr": ""}),
        ("B2F", None, {"status": "X", "result": "", "cefr": ""}),
    ],
)
def test_what_has_no_score_is_not_on_the_scale(other):
    exam, overall, fields = other
    day = date(2026, 6, 13)
    two = [opened("B1P", day - timedelta(days=400), 148, 1), opened("B2F", day, 171, 2)]
    more = opened(exam, day, overall, 3, **fields)
    assert [each.statement.overall for each in scale_over_time([*two, more]).sittings] == [171, 148]
    assert scale_over_time([two[0], more]) is None


def test_a_score_without_a_result_is_on_the_scale():
    day = date(2026, 6, 13)
    chart = scale_over_time([opened("B1P", day, 148, 1), opened("B2F", day, 130, 2, result="NONE", cefr="")])
    assert [each.statement.overall for each in chart.sittings] == [130, 148]


@pytest.mark.parametrize("count", [0, 1])
def test_there_is_no_course_without_two_exams(count):
    assert scale_over_time([opened("B2F", date(2026, 6, 13), 171)] * count) is None


def test_a_long_title_is_cut_in_the_picture_and_whole_in_the_table():
    title = "Sessione straordinaria di recupero di settembre e ottobre, sede di Viterbo <b>"
    day = date(2026, 6, 13)
    chart = scale_over_time([opened("B2FS", day, 171, n, title) for n in (1, 2)])
    (label, *_rest) = (f"{each.exam.name}{each.session}" for each in chart.sittings)
    assert len(label) <= LONGEST_LABEL
    assert label.endswith("…")
    html = render_to_string("results/_scale_over_time.html", {"chart": chart, "left_out": 0})
    assert "sede di Viterbo &lt;b&gt;" in html
    assert "<b>" not in html


@pytest.mark.parametrize("language", ["en", "it"])
def test_the_picture_has_the_same_numbers_in_every_language(language):
    from django.utils import translation

    day = date(2026, 6, 13)
    course = [opened("B1P", day - timedelta(days=123), 143, 1), opened("B2F", day, 171, 2)]
    with translation.override(language):
        chart = scale_over_time(course)
        html = render_to_string("results/_scale_over_time.html", {"chart": chart, "left_out": 1})
    picture = html.partition("<svg")[2].partition("</svg>")[0]
    for each in chart.sittings:
        assert f'cx="{each.x}" cy="{each.y}"' in picture
        assert f">{each.statement.overall}</text>" in picture
        assert f'<td class="figure">{each.statement.overall}</td>' in html
    assert 'role="img"' in picture
    assert "Young Learners" in html
