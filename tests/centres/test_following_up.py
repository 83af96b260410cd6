"""Following up: who is not registered, who has seen the result, a text to send; who of the school looked."""

from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext

from results import stopping
from results.models import Entry, Look, Release, Seen
from results_portal.roles import CENTRES
from tests import factories
from tests.centres.test_seeing import HOUR, figures_in, line_of, signed_in, student, text_of
from tests.conftest import FaceClient, database_role


@pytest.fixture
def school(db):
    return factories.centre()


@pytest.fixture
def browser(school):
    return signed_in(factories.member(school))


@pytest.fixture
def session(db):
    return factories.session(code="OPEN")


def see(entry: Entry) -> None:
    """The candidate's own page shows the statement."""
    own = FaceClient("candidates")
    own.force_login(entry.user)
    assert own.get("/statement/").status_code == 200


def status(browser, name: str) -> str:
    return line_of(text_of(browser, "/sessions/OPEN/"), name)[-1]


# --- How far a student has come -------------------------------------------------------------------------


def test_a_student_goes_from_not_registered_to_has_seen(school, session, browser):
    entry = student(session, school, "Kuvetto")
    assert status(browser, "Kuvetto") == "Not registered"
    factories.candidate(entry)
    assert status(browser, "Kuvetto") == "Registered"
    see(entry)
    assert status(browser, "Kuvetto") == "Has seen the result"
    assert figures_in(text_of(browser, "/sessions/OPEN/")) == ["1", "0", "1"]


def test_waiting_is_not_seeing(school, browser):
    entry = student(factories.session(code="OPEN", opens_in=HOUR), school, "Kuvetto")
    factories.candidate(entry)
    see(entry)
    assert status(browser, "Kuvetto") == "Registered"


def test_who_saw_the_result_before_it_was_amended_has_something_to_see(school, browser):
    session = factories.session(code="OPEN", approved=False)
    entry = student(session, school, "Kuvetto")
    factories.candidate(entry)
    factories.approve_by_two(session.release)
    see(entry)
    factories.statement(entry, version=2, status="withheld", reason="Identity")
    assert status(browser, "Kuvetto") == "Has seen the result"
    factories.approve_by_two(session.release)
    assert status(browser, "Kuvetto") == "Has not seen the amended result"
    see(entry)
    assert status(browser, "Kuvetto") == "Has seen the result"


def test_the_schools_own_look_does_not_count_as_the_students(school, session, browser):
    entry = student(session, school, "Kuvetto")
    factories.candidate(entry)
    assert browser.get(f"/sessions/OPEN/students/{entry.pk}/").status_code == 200
    assert status(browser, "Kuvetto") == "Registered"
    assert not Seen.objects.exists()


def test_the_view_tells_a_school_nothing_of_who_and_when(role_connection, db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'results_following_centres'::regclass"
        )
        assert {name for (name,) in cursor} == {
            "preparation_centre_id",
            "session_id",
            "entry_id",
            "registered",
            "seen_statement",
        }
    for sql in (
        "SELECT user_id FROM results_entry",
        "SELECT * FROM results_seen",
        "SELECT * FROM results_look",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            role_connection("centres").execute(sql)


# --- Who has not registered -----------------------------------------------------------------------------


def test_those_not_registered_are_listed_with_a_text_in_both_languages(school, browser):
    session = factories.session(code="OPEN", opens_in=HOUR)
    missing = student(session, school, "Kuvetto")
    factories.candidate(student(session, school, "Altra"))
    student(session, factories.centre(), "Loro")
    page = text_of(browser, "/sessions/OPEN/not-registered/")
    assert "Kuvetto" in page
    assert missing.id_number in page
    assert "Altra" not in page
    assert "Loro" not in page
    texts = [part.partition("</textarea>")[0] for part in page.split("<textarea")[1:]]
    assert len(texts) == 2
    italian, english = sorted(texts, key=lambda text: 'lang="en"' in text)
    assert "ora italiana" in italian
    assert "(Italian time)" in english
    for text in (italian, english):
        assert "http://results.example.org/register/" in text
        assert "http://results.example.org/lost-slip/" in text
        assert "esami@sirio.example.org" in text
        assert "ID Number" in text
        assert "Kuvetto" not in text
        assert missing.id_number not in text


def test_once_the_results_are_out_the_text_says_so(school, session, browser):
    student(session, school, "Kuvetto")
    assert "are out" in text_of(browser, "/sessions/OPEN/not-registered/")
    Release.objects.update(opens_at=factories.database_now() + timedelta(seconds=1))
    assert "are out" not in text_of(browser, "/sessions/OPEN/not-registered/")


def test_the_text_holds_the_candidates_instant_not_the_schools(school, browser):
    session = factories.session(code="OPEN", opens_in=HOUR)
    student(session, school, "Kuvetto")
    Release.objects.update(centres_open_at=factories.database_now() - HOUR)
    assert "you can see your result" in text_of(browser, "/sessions/OPEN/not-registered/")


def test_when_all_have_registered_there_is_nothing_to_send(school, session, browser):
    factories.candidate(student(session, school, "Kuvetto"))
    page = text_of(browser, "/sessions/OPEN/not-registered/")
    assert "All your students have registered." in page
    assert "<textarea" not in page


def test_many_who_have_not_registered_come_in_pages(school, session, browser, monkeypatch):
    monkeypatch.setattr("centres.views.results.STUDENTS_A_PAGE", 2)
    for number in range(3):
        student(session, school, f"Kuvetto {number}")
    page = text_of(browser, "/sessions/OPEN/not-registered/?page=2")
    assert "Kuvetto 2" in page
    assert "Kuvetto 1" not in page
    assert "Page 2 of 2" in page


# --- Who of the school looked ---------------------------------------------------------------------------


def looks() -> list[tuple]:
    return list(Look.objects.order_by("pk").values_list("entry", "preparation_centre", "account"))


def test_opening_a_statement_is_noted_once_a_person_with_the_first_and_the_last_time(school, session):
    entry = student(session, school, "Kuvetto")
    people = [factories.member(school), factories.member(school)]
    for person in (*people, people[0]):
        signed_in(person).get(f"/sessions/OPEN/students/{entry.pk}/")
    assert looks() == [(entry.pk, school.pk, person.pk) for person in people]
    Look.objects.filter(account=people[0]).update(first_at=factories.database_now() - HOUR)
    signed_in(people[0]).get(f"/sessions/OPEN/students/{entry.pk}/")
    look = Look.objects.get(account=people[0])
    assert look.last_at - look.first_at >= HOUR


def test_noting_costs_one_statement(school, session, browser):
    entry = student(session, school, "Kuvetto")
    with CaptureQueriesContext(connection) as captured:
        browser.get(f"/sessions/OPEN/students/{entry.pk}/")
    assert len([query for query in captured if "results_mark_looked" in query["sql"]]) == 1
    assert len([query for query in captured if "ROLE" not in query["sql"]]) <= 10


@pytest.mark.parametrize("keep_back", ["before the instant", "stopped", "not approved"])
def test_what_does_not_show_is_not_looked_at(school, session, browser, keep_back):
    entry = student(session, school, "Kuvetto")
    if keep_back == "stopped":
        stopping.stop_session(session, factories.officer(), "Wrong file")
    elif keep_back == "not approved":
        Release.objects.update(approved_through=None)
    else:
        Release.objects.update(opens_at=factories.database_now() + timedelta(seconds=1))
    assert browser.get(f"/sessions/OPEN/students/{entry.pk}/").status_code == 200
    assert looks() == []


def test_the_database_notes_nothing_for_another_school_person_or_moment(school, session):
    """Asked straight, as the face's role could: the function asks the gate and the memberships itself."""
    entry, other = student(session, school, "Kuvetto"), factories.centre()
    closed = student(factories.session(opens_in=HOUR), school, "Altra")
    own, stranger = factories.member(school), factories.member(other)
    with database_role(CENTRES), connection.cursor() as cursor:
        for arguments in (
            (entry.pk, other.pk, stranger.pk),
            (entry.pk, school.pk, stranger.pk),
            (entry.pk, other.pk, own.pk),
            (closed.pk, school.pk, own.pk),
            (0, school.pk, own.pk),
            (entry.pk, None, None),
        ):
            cursor.execute("SELECT results_mark_looked(%s, %s, %s)", arguments)
    assert looks() == []


@pytest.mark.parametrize("role", ["portal_candidates", "portal_worker", "portal_staff"])
def test_no_other_role_notes_a_look(db, role):
    with database_role(role), pytest.raises(ProgrammingError), transaction.atomic():
        connection.cursor().execute("SELECT results_mark_looked(1, 1, 1)")


def test_a_look_cannot_end_before_it_began(school, session):
    entry = student(session, school, "Kuvetto")
    now = factories.database_now()
    with pytest.raises(IntegrityError), transaction.atomic():
        Look.objects.create(
            entry=entry,
            preparation_centre=school,
            account=factories.member(school),
            first_at=now,
            last_at=now - HOUR,
        )


def test_that_a_result_was_seen_is_not_told_before_the_schools_own_hour(school, session, browser):
    entry = student(session, school, "Kuvetto")
    factories.candidate(entry)
    Seen.objects.create(statement=entry.statements.get(), entry=entry)
    assert status(browser, "Kuvetto") == "Has seen the result"
    Release.objects.filter(session=session).update(
        centres_open_at=factories.database_now() + timedelta(hours=1)
    )
    assert status(browser, "Kuvetto") == "Registered"
    assert "Have seen their result" not in browser.get("/sessions/OPEN/").content.decode()
