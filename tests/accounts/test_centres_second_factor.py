"""The second step of preparation centres: for who wants it, or whom the centre or the office asks."""

import re
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken

from accounts import second_factor, throttle
from accounts.links import password_link
from accounts.models import AuthenticatorApp
from accounts.second_factor_views import SEED
from accounts.sessions import GIVEN_AT
from centres.models import Membership, PreparationCentre
from results_portal.office import HELP_DESK, OFFICER
from tests import factories
from tests.accounts.test_second_factor import code_of, codes_on, page_of
from tests.conftest import FaceClient
from tests.mailbox import text_of, work
from tests.office import save
from tests.test_access import addresses, needs_sign_in

CODE, SET_UP, SIGN_IN = "/sign-in/code/", "/sign-in/set-up/", "/account/sign-in/"
OFF = "/account/sign-in/switch-off/"
WRONG = "This code is not right, or it was used already."


@pytest.fixture
def person(db):
    return factories.member(factories.centre())


def give_password(browser: FaceClient, person, **form):
    return browser.post("/", {"username": person.username, "password": factories.LONG_PASSWORD} | form)


def signed_in(person, **options) -> FaceClient:
    browser = FaceClient("centres")
    browser.force_login(person, **options)
    return browser


def set_up(browser: FaceClient, person, **form):
    browser.get(SET_UP)
    with browser.face_settings():
        app = second_factor.authenticator(person, browser.session[SEED])
    return app, browser.post(SET_UP, {"code": code_of(app)} | form)


# --- For who wants it -------------------------------------------------------------------------------


def test_without_being_asked_the_password_is_enough(person):
    browser = FaceClient("centres")
    assert give_password(browser, person).url == "/sessions/"
    assert browser.get("/sessions/").status_code == 200
    assert "Set up your second step" in page_of(browser.get(SIGN_IN))
    assert "<dd>off</dd>" in page_of(browser.get("/account/"))


def test_an_app_is_set_up_from_the_account_page_with_ten_codes(person):
    browser = FaceClient("centres")
    give_password(browser, person)
    page = page_of(browser.get(f"{SET_UP}?next={SIGN_IN}"))
    assert "<svg" in page
    assert "style=" not in page
    assert "passkey" not in page.lower()
    assert WRONG in page_of(browser.post(SET_UP, {"code": "000000"}))
    _app, response = set_up(browser, person, next=SIGN_IN)
    page = page_of(response)
    assert len(set(codes_on(page))) == 10
    assert f'href="{SIGN_IN}"' in page
    assert "<dd>on</dd>" in page_of(browser.get("/account/"))
    assert "10 codes are left." in page_of(browser.get(SIGN_IN))


def test_who_finds_a_browser_open_sets_up_no_app_without_the_password(person):
    browser = signed_in(person)
    assert "Current password" in page_of(browser.get(SET_UP))
    _app, response = set_up(browser, person)
    assert "Type your current password." in page_of(response)
    _app, response = set_up(browser, person, current_password="wrong")
    assert "This is not your current password." in page_of(response)
    assert not AuthenticatorApp.objects.exists()
    _app, response = set_up(browser, person, current_password=factories.LONG_PASSWORD)
    assert codes_on(page_of(response))


def test_a_password_given_a_while_ago_is_asked_for_again(person):
    browser = FaceClient("centres")
    give_password(browser, person)
    assert "Current password" not in page_of(browser.get(SET_UP))
    with browser.face_settings():
        session = browser.session
        session[GIVEN_AT] = (timezone.now() - timedelta(minutes=11)).timestamp()
        session.save()
    assert "Current password" in page_of(browser.get(SET_UP))


def test_with_an_app_nothing_answers_before_the_code(person):
    app = factories.app(person)
    browser = FaceClient("centres")
    give_password(browser, person)
    for route, pattern in addresses("centres"):
        if not needs_sign_in(pattern) or route == "sign-in/code/":
            continue
        address = "/" + re.sub(r"<[^>]+>", "1", re.sub(r"<uuid:[^>]+>", str(uuid4()), route))
        for ask in (browser.get, browser.post):
            response = ask(address)
            assert response.status_code == 302, address
            assert response.url.startswith(CODE), address
    response = browser.get("/people/")
    assert response.url == f"{CODE}?next=%2Fpeople%2F"
    page = page_of(browser.get(response.url))
    assert "Type the code" in page
    assert 'href="/people/"' not in page  # no menu yet
    assert "The exams office can reset your second step" in page
    assert browser.post(CODE, {"code": code_of(app), "next": "/people/"}).url == "/people/"
    assert person.username in page_of(browser.get("/people/"))


def test_a_code_is_taken_once_and_a_recovery_code_too(person):
    app = factories.app(person)
    recovery = second_factor.new_recovery_codes(person)[0]
    for code in (code_of(app), recovery):
        first, second = FaceClient("centres"), FaceClient("centres")
        for browser in (first, second):
            give_password(browser, person)
        assert first.post(CODE, {"code": code}).status_code == 302
        assert WRONG in page_of(second.post(CODE, {"code": code}))
    assert "Codes left: 9." in page_of(first.get("/people/"))


def test_a_code_leads_to_no_other_site(person):
    app = factories.app(person)
    browser = FaceClient("centres")
    give_password(browser, person)
    assert browser.post(f"{CODE}?next=https://evil.example/", {"code": code_of(app)}).url == "/"


def test_codes_are_counted_before_they_are_looked_at_and_the_password_gives_no_new_counter(person):
    app = factories.app(person)
    for _each in range(throttle.CODE_PER_NAME.failures):
        browser = FaceClient("centres")  # always another browser
        give_password(browser, person)
        assert WRONG in page_of(browser.post(CODE, {"code": "000000"}))
    give_password(browser, person)
    refused = browser.post(CODE, {"code": code_of(app)})
    assert refused.status_code == 429
    assert "Too many tries" in refused.content.decode()


@pytest.mark.parametrize("odd", ["", "x", "١٢٣٤٥٦", "123456\0", "9" * 5000])
def test_nothing_that_is_typed_as_a_code_causes_a_500(person, odd):
    factories.app(person)
    browser = signed_in(person, verified=False)
    assert browser.post(CODE, {"code": odd}).status_code == 200
    assert signed_in(factories.member(factories.centre())).post(SET_UP, {"code": odd}).status_code == 200


def test_another_app_and_new_codes_ask_for_a_code_first(person):
    app = factories.app(person)
    second_factor.new_recovery_codes(person)
    browser = signed_in(person)
    with browser.face_settings():
        session = browser.session
        del session["identity_confirmed_at"]
        session.save()
    for address in (SET_UP, "/account/sign-in/recovery-codes/", OFF):
        asked = browser.get(address)
        assert asked.url.startswith("/sign-in/confirm/"), address
    assert "What comes next changes how you sign in" in page_of(browser.get(asked.url))
    assert "Confirm that it is you" in page_of(browser.post(OFF))
    assert AuthenticatorApp.objects.exists()
    assert browser.post(asked.url, {"code": code_of(app)}).url == OFF
    assert "password alone" in page_of(browser.get(OFF))
    assert browser.post(OFF).url == SIGN_IN
    assert not AuthenticatorApp.objects.exists()
    assert not StaticToken.objects.exists()
    assert browser.get("/sessions/").status_code == 200


def test_who_has_no_app_finds_nothing_to_confirm_or_switch_off(person):
    browser = signed_in(person)
    for address in (OFF, "/account/sign-in/recovery-codes/", "/sign-in/confirm/"):
        for ask in (browser.get, browser.post):
            assert ask(address).url == SIGN_IN, address
    assert browser.get(CODE).url == SET_UP


def test_a_new_password_by_mail_does_not_get_round_the_second_step(person):
    factories.app(person)
    browser = FaceClient("centres")
    link = password_link(person).removeprefix("http://centres.example.org")
    new = {"new_password1": "una barca per Itaca", "new_password2": "una barca per Itaca"}
    browser.post(browser.get(link).url, new)
    assert "centres_device" not in "".join(browser.cookies)
    browser.post("/", {"username": person.username, "password": "una barca per Itaca"})
    assert browser.get("/sessions/").url.startswith(CODE)


@pytest.mark.django_db(transaction=True)
def test_the_person_is_told_by_mail_of_every_change(mailbox):
    person = factories.member(factories.centre())
    browser = FaceClient("centres")
    give_password(browser, person)
    set_up(browser, person)
    browser.post(OFF)
    work(queues=["mail"])
    assert [mail.envelope_to for mail in mailbox] == [[person.email]] * 2
    assert "was set up" in text_of(mailbox[0])
    assert "was switched off" in text_of(mailbox[1])


# --- For whom it is asked ---------------------------------------------------------------------------


@pytest.mark.parametrize("asks", ["wants_second_factor", "needs_second_factor"])
def test_where_the_centre_or_the_office_asks_it_comes_before_every_page(person, asks):
    browser = FaceClient("centres")
    give_password(browser, person)
    assert browser.get("/sessions/").status_code == 200
    PreparationCentre.objects.update(**{asks: True})
    for address in ("/sessions/", "/people/", "/account/", "/account/password/", SIGN_IN):
        assert browser.get(address).url.startswith(SET_UP), address
    page = page_of(browser.get(SET_UP))
    assert "Your centre’s results are kept with a second step" in page
    assert 'href="/people/"' not in page
    _app, response = set_up(browser, person)
    assert codes_on(page_of(response))
    assert browser.get("/sessions/").status_code == 200
    assert "so it stays" in page_of(browser.get(SIGN_IN))
    assert "so it stays" in page_of(browser.post(OFF, follow=True))
    assert AuthenticatorApp.objects.exists()


def test_of_several_centres_one_that_asks_is_enough(person):
    Membership.objects.create(user=person, centre=factories.centre(wants_second_factor=True))
    assert signed_in(person).get("/sessions/").url.startswith(SET_UP)
    other = factories.member(PreparationCentre.objects.exclude(wants_second_factor=True).first())
    assert signed_in(other).get("/sessions/").status_code == 200


def test_the_office_says_so_on_the_centres_page_and_a_manager_cannot_lift_it(staff_face):
    centre = factories.centre()
    manager = factories.manager(centre)
    staff_face.force_login(factories.officer(OFFICER))
    form = {"name": centre.name, "code": centre.code, "needs_second_factor": "on"}
    form |= {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    save(staff_face, f"/admin/centres/preparationcentre/{centre.pk}/change/", form)
    centre.refresh_from_db()
    assert centre.needs_second_factor
    factories.app(manager)
    browser = signed_in(manager)
    page = page_of(browser.get("/people/"))
    assert "The exams office asks everybody of this centre" in page
    browser.post(f"/people/centre/{centre.pk}/second-step/", {"wanted": "no"})
    centre.refresh_from_db()
    assert centre.needs_second_factor


# --- A lost phone -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_help_desk_resets_the_second_step_of_a_centres_person(staff_face, mailbox):
    person = factories.member(factories.centre())
    factories.app(person)
    second_factor.new_recovery_codes(person)
    browser = signed_in(person)
    staff_face.force_login(factories.officer(HELP_DESK))
    address = f"/admin/accounts/user/{person.pk}/reset-second-step/"
    assert address in page_of(staff_face.get(f"/admin/accounts/user/{person.pk}/change/"))
    assert "make sure that it is the person" in page_of(staff_face.get(address))
    assert "told by email" in page_of(staff_face.post(address, {"sure": "yes"}, follow=True))
    assert not AuthenticatorApp.objects.filter(user=person).exists()
    assert not StaticToken.objects.exists()
    assert browser.get("/sessions/").url.startswith("/?next=")
    give_password(browser, person)
    assert browser.get("/sessions/").status_code == 200
    work(queues=["mail"])
    assert "has reset the second step" in text_of(mailbox[0])
    assert address not in page_of(staff_face.get(f"/admin/accounts/user/{person.pk}/change/"))


# --- The database -----------------------------------------------------------------------------------


@pytest.fixture
def devices(transactional_db):
    """A person of the staff and one of a centre, each with app and recovery codes."""
    people = factories.staff(), factories.member(factories.centre())
    for each in people:
        factories.app(each)
        second_factor.new_recovery_codes(each)
    return people


TABLES = ("otp_totp_totpdevice", "otp_static_staticdevice", "otp_static_statictoken")


def test_the_centres_face_finds_no_device_of_staff(role_connection, devices):
    office, person = devices
    face = role_connection("centres")
    for table in TABLES[:2]:
        assert face.execute(f"SELECT DISTINCT user_id FROM {table}").fetchall() == [(person.pk,)]
        assert face.execute(f"UPDATE {table} SET name = 'x'").rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            face.execute(f"UPDATE {table} SET user_id = {office.pk}")
    assert face.execute("SELECT count(*) FROM otp_static_statictoken").fetchone() == (10,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        face.execute(
            "INSERT INTO otp_static_staticdevice (user_id, name, confirmed, throttling_failure_count)"
            f" VALUES ({office.pk}, 'x', true, 0)"
        )
    theirs = StaticToken.objects.filter(device__user=office).first()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        face.execute(
            f"INSERT INTO otp_static_statictoken (device_id, token) VALUES ({theirs.device_id}, 'x')"
        )
    for table in reversed(TABLES):
        face.execute(f"DELETE FROM {table}")
    assert AuthenticatorApp.objects.get().user == office
    assert StaticToken.objects.filter(device__user=office).count() == 10


def test_the_staff_face_plants_no_app_on_an_account_of_a_centre(role_connection, devices):
    office, person = devices
    face = role_connection("staff")
    assert face.execute("SELECT count(*) FROM otp_totp_totpdevice").fetchone() == (2,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        face.execute(f"UPDATE otp_totp_totpdevice SET user_id = {person.pk} WHERE user_id = {office.pk}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        face.execute("UPDATE otp_totp_totpdevice SET key = 'aa'")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        face.execute(
            "INSERT INTO otp_static_staticdevice (user_id, name, confirmed, throttling_failure_count)"
            f" VALUES ({person.pk}, 'x', true, 0)"
        )


@pytest.mark.parametrize("login", ["candidates", "worker"])
def test_no_other_face_touches_devices_and_no_public_one_passkeys(role_connection, devices, login):
    other, centres = role_connection(login), role_connection("centres")
    for table in TABLES:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            other.execute(f"SELECT * FROM {table}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        centres.execute("SELECT * FROM django_otp_webauthn_webauthncredential")


# --- What it costs ----------------------------------------------------------------------------------


def queries(browser: FaceClient, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200, address
    return len([query for query in captured if not re.search("ROLE|SAVEPOINT", query["sql"])])


def test_public_pages_ask_the_database_nothing_and_signed_in_ones_once_more(person):
    stranger = FaceClient("centres")
    for address in ("/", "/ask-for-access/", "/ask-for-access/sent/", "/forgotten-password/"):
        assert queries(stranger, address) == 0, address
    without = queries(signed_in(person), "/people/")
    assert without == 5  # session, account, second step; own centres, their people
    factories.app(person)
    assert queries(signed_in(person), "/people/") == without
