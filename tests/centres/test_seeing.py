"""What a school sees: its own students, from its own instant on."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from results import stopping
from results.models import Entry, ExamSession, Release
from results.stopping import Notice
from tests import factories
from tests.conftest import FaceClient

HOUR = timedelta(hours=1)


def signed_in(user) -> FaceClient:
    browser = FaceClient("centres")
    browser.force_login(user)
    return browser


def student(session, centre, name: str, **outcome) -> Entry:
    entry = factories.entry(session, family_name=name, preparation_centre=centre)
    factories.statement(entry, **outcome)
    return entry


@pytest.fixture
def centre(db):
    return factories.centre()


def test_a_secretary_logs_in_and_finds_the_sessions_of_her_students(centre):
    opened, closed = factories.session(code="OPEN"), factories.session(code="CLOSED", opens_in=HOUR)
    for session in (opened, closed):
        student(session, centre, "Kuvetto")
    factories.session(code="OTHERS")
    secretary = factories.member(centre)
    browser = FaceClient("centres")
    response = browser.post(
        "/", {"username": f" {secretary.username.upper()} ", "password": factories.LONG_PASSWORD}
    )
    assert response.url == "/sessions/"
    page = browser.get("/sessions/").content.decode()
    assert "/sessions/OPEN/" in page
    assert "/sessions/CLOSED/" not in page
    assert "OTHERS" not in page
    assert "(Italian time)" in page


def test_a_school_sees_its_own_students_and_no_others(centre):
    session = factories.session(code="OPEN")
    student(session, centre, "Ours")
    student(session, factories.centre(), "Theirs")
    student(session, None, "Nobodys")
    page = signed_in(factories.member(centre)).get("/sessions/OPEN/").content.decode()
    assert "Ours" in page
    assert "Pass at Grade B" in page
    assert "Theirs" not in page
    assert "Nobodys" not in page


@pytest.mark.parametrize(
    "keep_back",
    [
        lambda: Release.objects.update(opens_at=factories.database_now() + HOUR),
        lambda: stopping.stop_session(ExamSession.objects.get(), factories.officer(), "Wrong file"),
        lambda: stopping.stop_candidates(Entry.objects.all(), factories.officer(), "Identity"),
        lambda: Release.objects.update(approved_through=None),
    ],
    ids=["before the instant", "session stopped", "candidate stopped", "not approved"],
)
def test_what_the_gate_keeps_back_is_not_on_the_page(centre, keep_back):
    student(factories.session(code="OPEN"), centre, "Kuvetto")
    browser = signed_in(factories.member(centre))
    assert "Kuvetto" in browser.get("/sessions/OPEN/").content.decode()
    keep_back()
    page = browser.get("/sessions/OPEN/").content.decode()
    assert "Kuvetto" not in page
    assert "Grade B" not in page


@pytest.mark.parametrize("scope", ["session", "centre", "candidate"])
def test_a_stop_shows_its_notice_and_the_reason_stays_in_the_office(centre, scope):
    session = factories.session(code="OPEN")
    student(session, centre, "Kuvetto")
    student(session, centre, "Altra")
    officer, notice = factories.officer(), Notice(it="Stiamo controllando.", en="We are checking.")
    if scope == "session":
        stopping.stop_session(session, officer, "Wrong file", notice)
    elif scope == "centre":
        stopping.stop_centre(session, centre, officer, "Wrong file", notice)
    else:
        stopped = Entry.objects.filter(family_name="Kuvetto")
        stopping.stop_candidates(stopped, officer, "Wrong file", notice)
    browser = signed_in(factories.member(centre))
    page = browser.get("/sessions/OPEN/").content.decode()
    assert page.count("We are checking.") == 1
    assert "Wrong file" not in page
    assert "Kuvetto" not in page
    assert ("Altra" in page) is (scope == "candidate")
    assert ("Paused by the exams office" in browser.get("/sessions/").content.decode()) is (
        scope != "candidate"
    )
    other = factories.centre()
    student(session, other, "Loro")
    theirs = signed_in(factories.member(other)).get("/sessions/OPEN/").content.decode()
    assert ("We are checking." in theirs) is (scope == "session")


def test_an_amended_result_is_marked_with_when_why_and_what_was_before(centre):
    session = factories.session(code="OPEN", approved=False)
    amended = student(session, centre, "Kuvetto")
    student(session, centre, "Altra")
    theirs = student(session, factories.centre(), "Loro")
    factories.approve_by_two(session.release)
    browser = signed_in(factories.member(centre))
    assert "amended" not in browser.get("/sessions/OPEN/").content.decode()
    for entry in (amended, theirs):
        factories.statement(entry, version=2, status="withheld", reason="Identity to be checked")
    assert "amended" not in browser.get("/sessions/OPEN/").content.decode()
    factories.approve_by_two(session.release)
    page = browser.get("/sessions/OPEN/").content.decode()
    assert re.search(r'Kuvetto Alice <span class="tag">amended</span>', page)
    assert page.count('class="tag"') == 1
    assert "Reason: Identity to be checked" in page
    assert "Result: Withheld (before: Pass at Grade B)" in page
    assert "Loro" not in page


def test_codes_and_shields_are_shown_as_what_they_are(centre):
    student(factories.session("B2F", code="B2"), centre, "Assente", status="X")
    student(factories.session("YLM", code="YL"), centre, "Piccola")
    browser = signed_in(factories.member(centre))
    assert "absent from part of the exam" in browser.get("/sessions/B2/").content.decode()
    page = browser.get("/sessions/YL/").content.decode()
    assert page.count("<td>4</td>") == 3
    assert "CEFR level" not in page


def test_a_score_below_the_range_is_said_to_be_a_score_only(centre):
    skills = dict.fromkeys(("reading", "use_of_english", "writing", "listening", "speaking"), 131)
    below = {"overall": 131, "result": "NONE", "cefr": ""}
    student(factories.session("B2F", code="B2"), centre, "Kuvetto", **skills, **below)
    page = signed_in(factories.member(centre)).get("/sessions/B2/").content.decode()
    assert "<td>Score only</td>" in page


def test_the_name_of_an_open_exam_leads_to_its_results(centre):
    student(factories.session("B2F", code="OPEN"), centre, "Kuvetto")
    page = signed_in(factories.member(centre)).get("/sessions/").content.decode()
    assert re.search(r'<th scope="row"><a href="/sessions/OPEN/"[^>]*>B2 First</a>', page)


def test_the_list_costs_the_same_queries_with_one_student_and_with_many(centre):
    session = factories.session(code="OPEN")
    browser = signed_in(factories.member(centre))
    student(session, centre, "Kuvetto")

    def queries(page: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(page).status_code == 200
        return len([query for query in captured if "ROLE" not in query["sql"]])

    before = queries("/sessions/OPEN/"), queries("/sessions/")
    for number in range(5):
        student(session, centre, f"Kuvetto {number}")
        student(factories.session(), centre, f"Altra {number}")
    assert (queries("/sessions/OPEN/"), queries("/sessions/")) == before


@pytest.mark.parametrize("page", ["0", "999", "x", "-1"])
def test_a_page_number_that_is_none_leads_to_a_page(centre, page):
    student(factories.session(code="OPEN"), centre, "Kuvetto")
    browser = signed_in(factories.member(centre))
    assert "Kuvetto" in browser.get(f"/sessions/OPEN/?page={page}").content.decode()


def test_leaving_a_centre_takes_its_students_away_at_once(centre):
    student(factories.session(code="OPEN"), centre, "Kuvetto")
    secretary = factories.member(centre)
    browser = signed_in(secretary)
    assert browser.get("/sessions/OPEN/").status_code == 200
    secretary.memberships.all().delete()
    assert browser.get("/sessions/OPEN/").status_code == 404
