"""Sessions of the staff face end after 15 minutes in which the person asked for nothing."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Session
from accounts.sessions import IDLE, LONGEST, STARTED_AT, WRITTEN_EVERY
from tests import factories

SECOND = timedelta(seconds=1)
PAGE = "/your-sign-in/"


@pytest.fixture
def signed_in(staff_face):
    person = factories.staff(language="en")
    staff_face.force_login(person)
    return person


def left() -> timedelta:
    return Session.objects.get().expire_date - factories.database_now()


def time_passes(passed: timedelta) -> None:
    """For the one session that there is."""
    session = Session.objects.get()
    session.expire_date -= passed
    session.save(update_fields=["expire_date"])


def test_a_session_begins_with_fifteen_minutes(staff_face, signed_in):
    assert timedelta() <= IDLE - left() + SECOND < 10 * SECOND


def test_a_request_begins_them_anew(staff_face, signed_in):
    time_passes(IDLE - 10 * SECOND)
    assert staff_face.get(PAGE).status_code == 200
    assert left() > IDLE - 10 * SECOND


@pytest.mark.parametrize("address", [PAGE, "/sign-in/seconds-left/"])
def test_what_a_page_asks_by_itself_keeps_no_session_alive(staff_face, signed_in, address):
    time_passes(5 * timedelta(minutes=1))
    before = left()
    headers = {"X-Background": "yes"} if address == PAGE else {}
    assert staff_face.get(address, headers=headers).status_code == 200
    assert left() <= before
    assert staff_face.get("/sign-in/seconds-left/").json()["seconds_left"] <= before.total_seconds()


def test_staying_signed_in_is_asking_for_it(staff_face, signed_in):
    time_passes(IDLE - timedelta(minutes=1))
    assert staff_face.post("/sign-in/stay/").json()["seconds_left"] > (IDLE - 10 * SECOND).total_seconds()
    assert left() > IDLE - 10 * SECOND
    assert staff_face.get("/sign-in/stay/").status_code == 405


def test_who_was_idle_reads_on_the_sign_in_page_why_and_comes_back(staff_face, signed_in):
    time_passes(IDLE + SECOND)
    response = staff_face.get("/admin/accounts/", follow=True)
    assert response.redirect_chain == [("/admin/login/?next=/admin/accounts/", 302)]
    assert "a session ends after 15 minutes without activity" in response.content.decode()


def test_who_never_signed_in_reads_nothing_of_that(staff_face, db):
    response = staff_face.get("/admin/", follow=True)
    assert "without activity" not in response.content.decode()


def test_who_signed_out_reads_nothing_of_that(staff_face, signed_in):
    staff_face.post("/sign-out/")
    assert "without activity" not in staff_face.get("/admin/", follow=True).content.decode()


def test_the_row_is_written_at_most_once_a_minute(staff_face, signed_in):
    def writes() -> int:
        with CaptureQueriesContext(connection) as captured:
            staff_face.get(PAGE)
        return sum('UPDATE "accounts_session"' in query["sql"] for query in captured)

    assert writes() == 0
    time_passes(WRITTEN_EVERY)
    assert writes() == 1
    assert writes() == 0


def test_no_session_is_longer_than_a_working_day(staff_face, signed_in):
    with staff_face.face_settings():
        session = staff_face.session
        session[STARTED_AT] -= (LONGEST - timedelta(minutes=1)).total_seconds()
        session.save()
    assert staff_face.get(PAGE).status_code == 200
    assert left() < timedelta(minutes=2)


def test_a_page_carries_the_warning_with_the_seconds_that_are_left(staff_face, signed_in):
    time_passes(30 * SECOND)
    page = staff_face.get(PAGE).content.decode()
    assert 'role="alertdialog"' in page
    shown = int(re.search(r'data-seconds-left="(\d+)"', page)[1])
    assert 0 <= (IDLE - 30 * SECOND).total_seconds() - shown < 10
    assert "alertdialog" not in staff_face.get("/admin/login/").content.decode()


def test_a_public_faces_session_does_not_end_by_idleness(candidates):
    candidates.force_login(factories.candidate(factories.entry(factories.session())))
    candidates.get("/account/")
    assert left() > timedelta(days=6)
