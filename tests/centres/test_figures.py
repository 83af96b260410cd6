"""What a centre's results say together, and what it may know of all candidates."""

import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from centres import charts, figures
from results import stopping
from results.exams import EXAMS
from results.figures import FEWEST, Figures, of_all, of_outcomes
from results.models import CentreStatement, Entry, ExamSession, Release
from results.stopping import Notice
from tests import factories
from tests.conftest import FaceClient

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
BESIDE = "Beside them stand all candidates"
SKILLS = ("reading", "use_of_english", "writing", "listening", "speaking")
B2 = EXAMS["B2F"]


def scored(overall: int, **skills: int) -> dict:
    """The columns of a statement of B2 First with these points everywhere but in some skills."""
    band = B2.band(overall)
    same = dict.fromkeys(SKILLS, overall)
    return same | {"overall": overall, "result": band.result, "cefr": band.cefr} | skills


def students(session: ExamSession, centre, number: int, **outcome) -> list[Entry]:
    entries = []
    for _each in range(number):
        entry = factories.entry(session, preparation_centre=centre)
        factories.statement(entry, **(outcome or {}))
        entries.append(entry)
    return entries


@pytest.fixture
def centre(db):
    return factories.centre()


@pytest.fixture
def school(centre) -> FaceClient:
    browser = FaceClient("centres")
    browser.force_login(factories.member(centre))
    return browser


def page_of(browser, address: str = "/sessions/OPEN/figures/") -> str:
    response = browser.get(address)
    assert response.status_code == 200, response
    return response.content.decode()


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# --- All candidates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("others", "shown"), [(FEWEST - 1, False), (FEWEST, True)])
def test_all_candidates_stand_beside_where_ten_others_have_a_result(centre, school, others, shown):
    session = factories.session(code="OPEN")
    students(session, centre, 3)
    students(session, factories.centre(), others - 4, **scored(169))
    students(session, None, 4, **scored(169))
    students(session, None, 5, status="X")
    page = text_of(page_of(school))
    assert (BESIDE in page) is shown
    assert ("fewer than 10 who are not your students" in page) is not shown
    assert ("all 171" in page) is shown  # of 3 × 176 and 10 × 169
    assert "3 of your students have a result." in page


def test_a_school_with_all_but_nine_cannot_take_its_own_from_the_whole(centre, school):
    session = factories.session(code="OPEN")
    other = factories.centre()
    students(session, centre, 30)
    students(session, other, FEWEST - 1, **scored(165))
    assert "165" not in page_of(school)
    assert "all 17" not in page_of(school)
    small = FaceClient("centres")
    small.force_login(factories.member(other))
    assert "about 40" in text_of(page_of(small))  # for the small school 30 others stand behind it


def test_who_acts_for_two_schools_counts_with_both(centre):
    session, second = factories.session(code="OPEN"), factories.centre()
    students(session, centre, 5)
    students(session, second, FEWEST)
    secretary = factories.member(centre)
    browser = FaceClient("centres")
    browser.force_login(secretary)
    assert BESIDE in text_of(page_of(browser))
    secretary.memberships.create(centre=second)
    page = text_of(page_of(browser))
    assert BESIDE not in page
    assert "15 of your students have a result." in page


def test_a_skill_that_fewer_than_ten_others_have_is_left_out(centre):
    session = factories.session("A2K", code="OPEN")
    full = {"reading_and_writing": 130, "listening": 130, "speaking": 130}
    of_a2 = full | {"overall": 130, "result": "C", "cefr": "A2"}
    students(session, centre, 1, **of_a2)
    students(session, None, FEWEST - 1, **of_a2)
    students(session, None, 1, **of_a2 | {"listening": None})
    everyone = of_all([session.pk], [centre.pk])[session.pk]
    assert everyone.means == {"overall": 130, "reading_and_writing": 130, "speaking": 130}


def test_what_all_candidates_did_is_rounded_in_the_database(centre):
    session = factories.session(code="OPEN")
    students(session, None, 11, **scored(170))
    students(session, None, 1, **scored(185))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM results_figures_of_all(%s, %s)", [[session.pk], [centre.pk]])
        rows = {tuple(row[1:]) for row in cursor.fetchall()}
    means = {(name, "", 10, Decimal(171)) for name in ("overall", *SKILLS)}  # of 171.25; 12 people
    assert rows == means | {("result", "", 10, None), ("result", "C", 10, None), ("result", "A", 0, None)}


def test_what_is_asked_as_another_centre_is_the_same_or_nothing(centre):
    """Two answers cannot be subtracted from each other."""
    session = factories.session(code="OPEN")
    students(session, centre, 7, **scored(161))
    students(session, factories.centre(), 15, **scored(181))
    answers = [of_all([session.pk], own) for own in ([], [centre.pk], [999_999])]
    assert answers[0] == answers[1] == answers[2]
    assert of_all([session.pk], list(Entry.objects.values_list("preparation_centre", flat=True))) == {}


def test_the_faces_own_login_gets_numbers_and_no_row(role_connection):
    face = role_connection("centres")
    assert face.execute("SELECT * FROM results_figures_of_all('{1,2}', '{}')").fetchall() == []
    for sql in ("SELECT overall FROM results_gate", "SELECT overall FROM results_statement"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            face.execute(sql)
    for login in ("candidates", "worker"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            role_connection(login).execute("SELECT * FROM results_figures_of_all('{1}', '{}')")


# --- The gate -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("opens_in", "shown"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)])
def test_the_figures_appear_at_the_centres_instant(centre, school, opens_in, shown):
    session = factories.session(code="OPEN", opens_in=HOUR)
    Release.objects.update(centres_open_at=factories.database_now() + opens_in)
    factories.approve(session.release)  # the new time has voided it
    students(session, centre, 2)
    students(session, None, 12, **scored(165))
    page = page_of(school)
    assert ("176" in page) is shown
    assert ("all 167" in text_of(page)) is shown
    assert ("You can see the figures from:" in page) is not shown
    assert bool(of_all([session.pk], [])) is shown


@pytest.mark.parametrize(
    "keep_back",
    [
        lambda: stopping.stop_session(ExamSession.objects.get(), factories.officer(), "Wrong file"),
        lambda: Release.objects.update(approved_through=None),
    ],
    ids=["session stopped", "not approved"],
)
def test_what_the_gate_keeps_back_is_in_no_figure(centre, school, keep_back):
    session = factories.session(code="OPEN")
    students(session, centre, 2)
    students(session, None, 12, **scored(165))
    assert "176" in page_of(school)
    keep_back()
    for address in ("/sessions/OPEN/figures/", "/figures/"):
        page = page_of(school, address)
        assert "176" not in page
        assert "16" not in re.sub(r"<head>.*</head>", "", text_of(page)).replace("2026", "")
    assert of_all([session.pk], []) == {}


def test_a_stopped_candidate_stands_in_no_figure_and_the_notice_is_read(centre, school):
    session = factories.session(code="OPEN")
    high = students(session, centre, 1, **scored(189))
    students(session, centre, 2, **scored(170))
    notice = Notice(it="Stiamo controllando.", en="We are checking.")
    stopping.stop_candidates(Entry.objects.filter(pk=high[0].pk), factories.officer(), "Identity", notice)
    page = page_of(school)
    assert "We are checking." in page
    assert "Identity" not in page
    assert "2 of your students have a result." in text_of(page)
    assert "189" not in page


def test_where_ones_own_are_stopped_all_candidates_are_not_shown_alone(centre, school):
    session = factories.session(code="OPEN")
    students(session, centre, 2)
    students(session, None, 12, **scored(165))
    stopping.stop_centre(session, centre, factories.officer(), "Wrong file")
    page = text_of(page_of(school))
    assert "165" not in page
    assert BESIDE not in page


def test_a_correction_counts_once_it_is_approved(centre):
    session = factories.session(code="OPEN", approved=False)
    entry = students(session, centre, 1, **scored(170))[0]
    factories.approve_by_two(session.release)

    def mean() -> Decimal:
        own = CentreStatement.objects.filter(preparation_centre=centre)
        return of_outcomes(B2, own)[session.pk].means["overall"]

    factories.statement(entry, version=2, reason="Enquiry", **scored(180))
    assert mean() == 170
    factories.approve_by_two(session.release)
    assert mean() == 180


# --- One's own ----------------------------------------------------------------------------------------


def test_another_schools_session_has_no_figures(school):
    students(factories.session(code="THEIRS"), factories.centre(), 12)
    assert school.get("/sessions/THEIRS/figures/").status_code == 404
    assert school.get("/sessions/NONE/figures/").status_code == 404
    assert "no results of your students yet" in text_of(page_of(school, "/figures/"))


def test_the_own_figures_hold_ones_own_students_only(centre, school):
    session = factories.session(code="OPEN")
    students(session, centre, 1, **scored(164, writing=150))
    students(session, centre, 1, **scored(175, writing=161))
    students(session, centre, 1, status="pending")
    students(session, factories.centre(), 9, **scored(188))
    page = page_of(school)
    assert "188" not in page
    table = text_of(page[page.index('aria-label="Mean of each skill"') :])
    assert "Overall score 170 Reading 170 Use of English 170 Writing 156" in table  # 169.5 and 155.5, half up
    assert "One more has a code in place of a result" in text_of(page)
    assert "Grade B 1 (50.0 %) Grade C 1 (50.0 %)" in text_of(page)


def test_a_moved_student_leaves_the_figures_at_once(centre, school):
    session = factories.session(code="OPEN")
    students(session, centre, 2, **scored(165))
    moved = students(session, centre, 1, **scored(189))[0]
    assert "3 of your students" in text_of(page_of(school))
    Entry.objects.filter(pk=moved.pk).update(preparation_centre=factories.centre())
    page = text_of(page_of(school))
    assert "2 of your students" in page
    assert "Overall score 165" in page


def test_young_learners_have_shields_and_no_grades(centre, school):
    session = factories.session("YLM", code="OPEN")
    students(session, centre, 2, listening=5, reading_and_writing=3, speaking=4)
    students(session, None, 10, listening=4, reading_and_writing=4, speaking=4)
    page = text_of(page_of(school))
    assert "Reading and Writing 3.0 3.8" in page
    assert "Where practice helps most: Reading and Writing" in page
    assert "Overall score" not in page
    assert page.count("5 shields") == 6  # a chart and a table for each of three skills


# --- The weakest skill --------------------------------------------------------------------------------


def own(**means: float) -> Figures:
    return Figures(20, means={name: Decimal(str(mean)) for name, mean in means.items()})


def test_the_weakest_skill_is_the_one_furthest_behind_all_candidates():
    ours = own(reading=160, use_of_english=165, writing=166, listening=170, speaking=171)
    everyone = own(reading=158, use_of_english=165, writing=170, listening=168, speaking=175)
    weak = figures.weakest(B2, ours, everyone)
    assert (weak.skill, weak.own, weak.everyone, weak.behind) == ("writing", 166, 170, True)
    alone = figures.weakest(B2, ours, None)
    assert (alone.skill, alone.everyone, alone.behind) == ("reading", None, False)


def test_who_is_ahead_everywhere_reads_where_the_lead_is_least():
    ours = own(reading=170, use_of_english=170, writing=170, listening=170, speaking=170)
    everyone = own(reading=160, use_of_english=160, writing=169.6, listening=160, speaking=160)
    weak = figures.weakest(B2, ours, everyone)
    assert (weak.skill, weak.behind) == ("writing", False)


def test_without_all_candidates_in_every_skill_the_scale_decides():
    ours = own(reading=170, use_of_english=171, writing=172, listening=173, speaking=174)
    assert figures.weakest(B2, ours, own(speaking=180)).skill == "reading"
    assert figures.weakest(B2, Figures(), None) is None


def test_the_page_names_it_and_warns_of_small_numbers(centre, school):
    students(factories.session(code="OPEN"), centre, 2, **scored(170, writing=155))
    page = text_of(page_of(school))
    assert "Where practice helps most: Writing" in page
    assert "lowest mean in Writing: 155" in page
    assert "Only 2 students stand behind this" in page


# --- Over time ----------------------------------------------------------------------------------------


def over_time(centre) -> None:
    for year, overall in ((2024, 161), (2025, 171), (2026, 176)):
        session = factories.session(code=f"B2-{year}", title=f"June {year}", exam_date=date(year, 6, 13))
        students(session, centre, 2, **scored(overall))
        students(session, None, 10 if year > 2024 else 9, **scored(165))


def test_sessions_stand_in_the_order_of_their_exam_dates(centre, school):
    over_time(centre)
    page = page_of(school, "/figures/")
    first = page[page.index("<svg viewBox") : page.index("</figure>")]
    assert re.findall(r'class="trend-value"[^>]*>([^<]+)<', first) == ["161", "171", "176"]
    assert re.findall(r">(20\d\d)</tspan>", first) == ["2024", "2025", "2026"]
    assert first.count('class="point-all"') == 2  # nine others in 2024
    rows = text_of(page[page.index("figures-table") :])
    assert rows.index("June 2026") < rows.index("June 2025") < rows.index("June 2024")
    assert "161 (–)" in rows
    assert "176 (167)" in rows


def test_one_exam_at_a_time_and_an_unknown_one_is_the_latest(centre, school):
    over_time(centre)
    students(factories.session("YLM", code="YL", exam_date=date(2025, 1, 1)), centre, 1)
    for query in ("", "?exam=B2F", "?exam=C2P", "?exam=%00", "?exam=" + "x" * 500):
        assert '<h2 lang="en">B2 First</h2>' in page_of(school, f"/figures/{query}")
    page = page_of(school, "/figures/?exam=YLM")
    assert "There is one session with results so far." in page
    assert "176" not in page


def test_only_the_last_sessions_are_drawn(centre, school):
    for number in range(figures.MOST_SESSIONS + 2):
        session = factories.session(title=f"Session {number}", exam_date=date(2026, 1, 1 + number))
        students(session, centre, 1)
    page = text_of(page_of(school, "/figures/"))
    assert "Session 7" in page
    assert "Session 2" in page
    assert "Session 1" not in page


def test_a_trend_has_a_gap_where_all_candidates_are_not_shown():
    session = ExamSession(exam="B2F", exam_date=date(2026, 6, 13))
    everyone = own(reading=160)
    steps = [(session, own(reading=mean), beside) for mean, beside in
             ((161, everyone), (162, everyone), (163, None), (164, everyone))]  # fmt: skip
    trend = next(each for each in charts.trends(B2, steps) if each.label == "Reading")
    assert len(trend.own) == 4
    assert len(trend.everyone) == 3
    assert len(trend.lines_of_everyone) == 1


def test_charts_stay_within_their_picture():
    for exam in EXAMS.values():
        values = exam.scores()
        for mean in (values[0], values[-1]):
            ours = own(**dict.fromkeys(("overall", *exam.skills), mean))
            drawn = charts.means(exam, ours, ours)
            assert all(0 <= row.x <= drawn.width and row.y < drawn.height for row in drawn.rows)
            assert all(part.left >= 0 and part.left + part.width <= drawn.width for part in drawn.parts)
            session = ExamSession(exam=exam.code, exam_date=date(2026, 6, 13))
            for trend in charts.trends(exam, [(session, ours, ours)] * 3):
                assert all(0 <= p.y <= trend.height for p in (*trend.own, *trend.everyone, *trend.ticks))


# --- The pages ----------------------------------------------------------------------------------------


def test_every_chart_has_words_and_a_table(centre, school):
    session = factories.session(code="OPEN")
    students(session, centre, 2)
    students(session, None, 10)
    page = page_of(school)
    charts_shown = re.findall(r'<svg[^>]*role="img"[^>]*>', page)
    assert len(charts_shown) == 2
    assert all("aria-label=" in chart for chart in charts_shown)
    assert page.count("<table") == 2
    assert not re.search(r"<style|style=|<script(?![^>]*src=)", page)


def test_shares_of_all_candidates_come_without_numbers(centre, school):
    session = factories.session(code="OPEN")
    students(session, centre, 2)
    students(session, None, 18, **scored(165))
    students(session, None, 4, status="withheld")
    cells = text_of(page_of(school))
    assert "Grade C 0 (0 %) 100 %" in cells
    assert "With a result 2 about 20" in cells
    assert "X, Z, Pending, Withheld 0 –" in cells  # how many others are withheld is nobody's business


def test_the_pages_cost_the_same_queries_with_one_student_and_with_many(centre, school):
    over_time(centre)

    def queries(page: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(school, page)
        return len([query for query in captured if "ROLE" not in query["sql"]])

    pages = ("/sessions/B2-2026/figures/", "/figures/")
    before = [queries(page) for page in pages]
    for session in ExamSession.objects.all():
        students(session, centre, 4)
    students(factories.session(), centre, 1)
    assert [queries(page) for page in pages] == before
    assert max(before) <= 9


def test_figures_of_outcomes_count_each_result(centre):
    session = factories.session(code="OPEN")
    students(session, centre, 3, **scored(181))
    students(session, centre, 1, **scored(150))
    students(session, centre, 2, status="Z")
    got = of_outcomes(B2, CentreStatement.objects.filter(preparation_centre=centre))[session.pk]
    assert (got.people, got.codes, got.counts) == (4, 2, {"result": Counter({"A": 3, "LEVEL": 1})})
