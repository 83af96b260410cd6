"""A candidate who has lost the slip asks for a new one on the site."""

from datetime import date

import psycopg
import pytest
from django.db import connection

from accounts import throttle
from candidates.forms import BirthdayField
from results.models import LostSlip
from tests import factories
from tests.conftest import page_of

pytestmark = pytest.mark.django_db

ASKED = {
    "name": "Zoë  Kuvetto",
    "date_of_birth": "14 marzo 2010",
    "school": "Liceo Volta",
    "exam": "B2 First, a giugno",
    "email": "zoe@example.org",
    "phone": "+39 333 555 0100",
    "message": "Era nello zaino.\nGrazie!",
}


def test_a_request_lands_in_the_queue(candidates):
    response = candidates.post("/lost-slip/", ASKED)
    assert response.url == "/lost-slip/sent/"
    request = LostSlip.objects.get()
    assert (request.name, request.date_of_birth, request.state) == ("Zoë  Kuvetto", date(2010, 3, 14), "open")
    assert (request.school, request.exam, request.email) == (
        "Liceo Volta",
        "B2 First, a giugno",
        "zoe@example.org",
    )
    assert request.message.replace("\r\n", "\n") == ASKED["message"]


def test_the_answer_is_the_same_whoever_asks(candidates):
    factories.entry(factories.session(), given_names="Zoë", family_name="Kuvetto")
    pages = []
    for name in ("Zoë Kuvetto", "Nobody Atall"):
        response = candidates.post("/lost-slip/", ASKED | {"name": name}, follow=True)
        pages.append(page_of(response))
    assert pages[0] == pages[1]
    assert "The numbers never come by email or phone" in pages[0]


def test_no_mail_is_sent(candidates):
    candidates.post("/lost-slip/", ASKED)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone() == (0,)


def test_a_faulty_form_keeps_what_was_typed_and_says_what_is_wrong(candidates):
    form = ASKED | {"email": "zoe@", "date_of_birth": "31 2 2010", "exam": ""}
    page = candidates.post("/lost-slip/", form).content.decode()
    assert "Type day, month and year of your birth" in page
    assert "Say which exam it is" in page
    assert 'value="31 2 2010"' in page
    assert "Era nello zaino." in page
    assert not LostSlip.objects.exists()


def test_only_name_birthday_exam_and_address_are_needed(candidates):
    form = ASKED | {"school": "", "phone": "", "message": ""}
    assert candidates.post("/lost-slip/", form).status_code == 302
    page = candidates.post("/lost-slip/", {"name": ""}).content.decode()
    for words in ("Type your given names", "Type your date of birth", "Type your email address"):
        assert words in page


@pytest.mark.parametrize(
    "typed",
    ["14/3/2010", "14.03.2010", "14-3-2010", "14 3 2010", "2010-03-14", "14 March 2010", "14 marzo 2010",
     "14 MAR 2010", " 14 mar. 2010 "],
)  # fmt: skip
def test_a_birthday_is_read_as_people_write_it(typed):
    assert BirthdayField().clean(typed) == date(2010, 3, 14)


@pytest.mark.parametrize(
    "typed",
    ["14/3/10", "3/14/2010", "2110-03-14", "1815-01-01", "marzo", "14 foo 2010", "0 0 0", "9" * 40 + " 1 1",
     "1 1 " + "9" * 30, "²/3/2010", "14/3/2010/1"],
)  # fmt: skip
def test_what_is_no_birthday_is_a_fault(candidates, typed):
    response = candidates.post("/lost-slip/", ASKED | {"date_of_birth": typed[:40]})
    assert "Type day, month and year of your birth" in response.content.decode()
    assert not LostSlip.objects.exists()


@pytest.mark.parametrize("limit", ["LOST_SLIP_PER_ADDRESS", "LOST_SLIP_OVERALL"])
def test_a_flood_is_held_up_with_words(candidates, monkeypatch, limit):
    monkeypatch.setattr(throttle, limit, throttle.Limit("lost-slip-test", 2, throttle.HOUR))
    for _each in range(2):
        assert candidates.post("/lost-slip/", ASKED).status_code == 302
    refused = candidates.post("/lost-slip/", ASKED)
    assert refused.status_code == 429
    assert "Too many tries. Wait" in refused.content.decode()
    assert "Era nello zaino." in refused.content.decode()
    assert LostSlip.objects.count() == 2


def test_the_face_may_hand_in_a_request_and_read_none(role_connection):
    face = role_connection("candidates")
    for sql in (
        "SELECT id FROM results_lostslip",
        "SELECT 1 FROM results_slipissue",
        "UPDATE results_lostslip SET note = ''",
        "DELETE FROM results_lostslip",
        "INSERT INTO results_lostslip (name, exam, state) VALUES ('x', 'x', 'done')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            face.execute(sql)


def test_the_pages_lead_there(candidates):
    for address in ("/register/", "/help/"):
        assert 'href="/lost-slip/"' in candidates.get(address).content.decode()
    form = {"id_number": "SIR000000", "secret_number": "1234", "email": "zoe@example.org", "terms": "on"}
    form |= {"password": factories.PASSWORD, "confirm_password": factories.PASSWORD}
    page = candidates.post("/register/", form).content.decode()
    summary = page[page.index("error-summary") :]
    assert 'href="/lost-slip/"' in summary[: summary.index("</div>")]
