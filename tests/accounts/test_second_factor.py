"""The second factor of the staff face: nothing answers before it, and no code works twice."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.urls import is_valid_path
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential

from accounts import second_factor, throttle
from accounts.models import AuthenticatorApp, Session, ThrottleCounter
from accounts.second_factor_views import SEED
from tests import factories
from tests.conftest import FaceClient
from tests.test_access import addresses, filled_in, needs_sign_in

SIGN_IN, CODE, SET_UP = "/admin/login/", "/sign-in/code/", "/sign-in/set-up/"
WRONG = "This code is not right, or it was used already."


def enrolled(**fields):
    """A member of staff with an app."""
    person = factories.staff(language="en", **fields)
    app = AuthenticatorApp.objects.create(user=person, name="app")
    return person, app


def code_of(app: AuthenticatorApp, steps: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    return f"{totp(app.bin_key, t0=-30 * steps):06d}"


def give_password(face: FaceClient, person, **options):
    return face.post(SIGN_IN, {"username": person.username, "password": factories.LONG_PASSWORD}, **options)


def seed_of(face: FaceClient) -> str:
    """What the app is made of that the browser is just setting up."""
    with face.face_settings():
        return face.session[SEED]


def page_of(response) -> str:
    assert response.status_code == 200, response
    return response.content.decode()


def codes_on(page: str) -> list[str]:
    return re.findall(r"<code>(\d{4}-\d{4}-\d{4})</code>", page)


def is_a_page(address: str) -> bool:
    return is_valid_path(address, "results_portal.urls.staff")


# --- Nothing before it ------------------------------------------------------------------------------


@pytest.mark.parametrize("has_app", [True, False], ids=["enrolled", "not enrolled"])
def test_the_password_alone_opens_no_page_but_those_of_the_second_step(staff_face, has_app):
    person, _app = enrolled(is_superuser=True) if has_app else (factories.staff(is_superuser=True), None)
    session = factories.session(code="OF-alice")
    entry = factories.entry(session, given_names="Alice")
    people = dict.fromkeys(("alice", "bob"), factories.candidate(entry))
    staff_face.force_login(person, verified=False)
    wanted = CODE if has_app else SET_UP
    open_routes = set()
    for route, pattern in addresses("staff"):
        for address in filter(is_a_page, filled_in(route, people)):
            for ask in (staff_face.get, staff_face.post):
                response = ask(address)
                if response.status_code == 302 and response.url.partition("?")[0] in {CODE, SET_UP}:
                    assert response.url.partition("?")[0] == wanted, address
                    continue
                if not needs_sign_in(pattern):
                    staff_face.force_login(person, verified=False)  # one of them signed out
                    continue
                open_routes.add(route)
                assert "Bianchi" not in response.content.decode(), address
    passkey = {"sign-in/passkey/begin/", "sign-in/passkey/use/"}
    assert open_routes == passkey | {"sign-in/code/" if has_app else "sign-in/set-up/"}


def test_after_the_password_comes_the_code_and_then_the_page_that_was_asked_for(staff_face):
    person, app = enrolled(is_superuser=True)
    wanted = "/admin/accounts/user/"
    asked = staff_face.get(wanted)
    assert asked.url == f"{SIGN_IN}?next={wanted}"
    response = staff_face.post(
        asked.url, {"username": person.username, "password": factories.LONG_PASSWORD, "next": wanted}
    )
    assert response.url == wanted
    response = staff_face.get(wanted)
    assert response.url == f"{CODE}?next=/admin/accounts/user/".replace("next=/", "next=%2F").replace(
        "admin/accounts/user/", "admin%2Faccounts%2Fuser%2F"
    )
    assert "Type the code" in page_of(staff_face.get(response.url))
    response = staff_face.post(response.url, {"code": code_of(app), "next": wanted})
    assert response.url == wanted
    assert person.username in page_of(staff_face.get(wanted))


def test_the_session_has_another_key_after_the_code(staff_face):
    person, app = enrolled()
    give_password(staff_face, person)
    before = staff_face.cookies["candidates_session"].value
    staff_face.post(CODE, {"code": code_of(app)})
    after = staff_face.cookies["candidates_session"].value
    assert before != after
    assert list(Session.objects.values_list("session_key", flat=True)) == [after]


def test_a_code_leads_to_no_other_site(staff_face):
    person, app = enrolled()
    give_password(staff_face, person)
    response = staff_face.post(f"{CODE}?next=https://evil.example/", {"code": code_of(app)})
    assert response.url == "/admin/"


# --- Setting it up ----------------------------------------------------------------------------------


def test_who_has_no_app_sets_one_up_at_the_first_sign_in_and_sees_ten_codes_once(staff_face):
    person = factories.staff(language="en")
    give_password(staff_face, person)
    assert staff_face.get("/admin/").url.startswith(SET_UP)
    page = page_of(staff_face.get(SET_UP))
    assert "<svg" in page
    assert "style=" not in page
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page)[1]
    assert len(secret.replace(" ", "")) == 32  # 160 bits
    assert secret in page_of(staff_face.get(SET_UP))  # reloading does not change it
    refused = page_of(staff_face.post(SET_UP, {"code": "000000"}))
    assert WRONG in refused
    assert secret in refused
    assert not TOTPDevice.objects.exists()

    app = second_factor.authenticator(person, seed_of(staff_face))
    assert second_factor.secret(app) == secret.replace(" ", "")
    codes = codes_on(page_of(staff_face.post(SET_UP, {"code": code_of(app)})))
    assert len(set(codes)) == 10
    assert staff_face.get("/admin/").status_code == 200
    assert codes_on(page_of(staff_face.get("/your-sign-in/"))) == []
    assert LogEntry.objects.get().change_message == "Set up an authenticator app."


def test_the_page_with_the_codes_has_no_button_that_loses_them(staff_face):
    person = factories.staff(language="en")
    give_password(staff_face, person)
    staff_face.get(SET_UP)
    app = second_factor.authenticator(person, seed_of(staff_face))
    page = page_of(staff_face.post(SET_UP, {"code": code_of(app)}))
    assert codes_on(page)
    assert "language-switch" not in page


def test_the_password_alone_does_not_replace_an_app(staff_face):
    person, app = enrolled()
    staff_face.force_login(person, verified=False)
    with staff_face.face_settings():
        session = staff_face.session
        session[SEED] = seed = second_factor.new_seed()
        session.save()
    theirs = second_factor.authenticator(person, seed)
    response = staff_face.post(SET_UP, {"code": code_of(theirs)})
    assert response.url == CODE
    assert AuthenticatorApp.objects.get() == app
    # and who began before the owner did is not let in after the owner
    assert second_factor.enrol(person, seed, code_of(theirs), replace=False) is None


def test_another_app_takes_the_place_of_the_old_one(staff_face):
    person, old = enrolled()
    staff_face.force_login(person)
    staff_face.get(SET_UP)
    new = second_factor.authenticator(person, seed_of(staff_face))
    response = staff_face.post(SET_UP, {"code": code_of(new)}, follow=True)
    assert "The old one no longer works." in page_of(response)
    assert second_factor.check_code(person, code_of(old, 1)) is None
    assert second_factor.check_code(person, code_of(new, 1)) is not None


def test_the_database_alone_makes_no_code(db):
    person, app = enrolled()
    from_the_row = f"{totp(bytes.fromhex(app.key)):06d}"
    assert from_the_row != code_of(app)
    codes = second_factor.new_recovery_codes(person)
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert len(stored) == 10
    assert not stored & {code.replace("-", "") for code in codes}


# --- Codes ------------------------------------------------------------------------------------------


def test_the_same_code_is_not_accepted_twice(staff_face):
    person, app = enrolled()
    code = code_of(app)
    for face, let_in in ((staff_face, True), (FaceClient("staff"), False)):
        give_password(face, person)
        response = face.post(CODE, {"code": code})
        assert (response.status_code == 302) == let_in
    assert WRONG in response.content.decode()


@pytest.mark.parametrize("written", ["{} {}", " {}-{} ", "{}{}"])
def test_spaces_and_hyphens_in_a_code_are_forgiven(staff_face, written):
    person, app = enrolled()
    give_password(staff_face, person)
    code = code_of(app)
    assert staff_face.post(CODE, {"code": written.format(code[:3], code[3:])}).status_code == 302


def test_a_recovery_code_works_once_and_the_person_reads_how_many_are_left(staff_face):
    person, _app = enrolled()
    code = second_factor.new_recovery_codes(person)[0]
    give_password(staff_face, person)
    assert "Codes left: 9." in page_of(staff_face.post(CODE, {"code": code}, follow=True))
    other = FaceClient("staff")
    give_password(other, person)
    assert WRONG in page_of(other.post(CODE, {"code": code}))


def test_new_recovery_codes_end_the_old_ones(staff_face):
    person, _app = enrolled()
    old = second_factor.new_recovery_codes(person)
    staff_face.force_login(person)
    assert "no longer work" in page_of(staff_face.get("/your-sign-in/recovery-codes/"))
    new = codes_on(page_of(staff_face.post("/your-sign-in/recovery-codes/")))
    assert len(new) == 10
    assert second_factor.check_code(person, old[0]) is None
    assert second_factor.check_code(person, new[0]) is not None


def test_another_persons_recovery_code_lets_nobody_in(staff_face):
    person, _app = enrolled()
    other, _other_app = enrolled()
    codes = second_factor.new_recovery_codes(other)
    give_password(staff_face, person)
    assert WRONG in page_of(staff_face.post(CODE, {"code": codes[0]}))


ODD = ["", "x", "١٢٣٤٥٦", "-12345", "1_0000", "123456\0", "9" * 5000, "²²²²²²"]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_nothing_that_is_typed_as_a_code_causes_a_500(staff_face, odd):
    person, _app = enrolled()
    staff_face.force_login(person, verified=False)
    assert staff_face.post(CODE, {"code": odd}).status_code == 200


def test_codes_are_counted_before_they_are_looked_at(staff_face):
    person, app = enrolled()
    give_password(staff_face, person)
    for _try in range(throttle.CODE_PER_NAME.failures):
        assert WRONG in page_of(staff_face.post(CODE, {"code": "000000"}))
    refused = staff_face.post(CODE, {"code": code_of(app)})
    assert refused.status_code == 429
    assert "Too many tries" in refused.content.decode()
    # neither signing in again nor another browser begins anew: the password gives no counter of its own
    for face in (staff_face, FaceClient("staff")):
        give_password(face, person)
        assert face.post(CODE, {"code": code_of(app)}).status_code == 429


def test_a_browser_that_was_let_in_before_waits_for_nobodys_guesses(staff_face):
    person, app = enrolled()
    give_password(staff_face, person)
    staff_face.post(CODE, {"code": code_of(app)})
    stranger = FaceClient("staff")
    give_password(stranger, person)
    for _try in range(throttle.CODE_PER_NAME.failures + 1):
        refused = stranger.post(CODE, {"code": "000000"})
    assert refused.status_code == 429
    staff_face.post("/sign-out/")
    give_password(staff_face, person)
    assert staff_face.post(CODE, {"code": code_of(app, 1)}).status_code == 302


def test_a_code_that_was_right_takes_the_wrong_ones_back(staff_face):
    person, app = enrolled()
    give_password(staff_face, person)
    staff_face.post(CODE, {"code": "000000"})
    staff_face.post(CODE, {"code": code_of(app)})
    assert set(ThrottleCounter.objects.filter(key__contains=":code-").values_list("count", flat=True)) == {0}


@pytest.mark.django_db(transaction=True)
def test_of_many_who_give_one_code_at_once_one_gets_in():
    person, app = enrolled()
    recovery = second_factor.new_recovery_codes(person)[0]
    code = code_of(app)

    def give(which: str) -> bool:
        try:
            return second_factor.check_code(person, which) is not None
        finally:
            connection.close()

    for which in (code, recovery):
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(give, [which] * 8)) == 1


# --- A lost phone -----------------------------------------------------------------------------------


def reset_page(person) -> str:
    return f"/admin/accounts/user/{person.pk}/reset-second-step/"


def test_a_superuser_resets_anothers_second_step_which_ends_their_sessions(staff_face):
    person, _app = enrolled()
    second_factor.new_recovery_codes(person)
    theirs = FaceClient("staff")
    theirs.force_login(person)
    superuser = factories.staff(is_superuser=True)
    staff_face.force_login(superuser)
    account = page_of(staff_face.get(f"/admin/accounts/user/{person.pk}/change/"))
    assert reset_page(person) in account
    assert "make sure that it is the person" in page_of(staff_face.get(reset_page(person)))
    assert AuthenticatorApp.objects.filter(user=person).exists()
    done = page_of(staff_face.post(reset_page(person), {"sure": "yes"}, follow=True))
    assert "The second step is reset." in done
    assert not AuthenticatorApp.objects.filter(user=person).exists()
    assert not StaticToken.objects.exists()
    assert theirs.get("/admin/").url.startswith(SIGN_IN)
    logged = LogEntry.objects.get()
    assert (logged.user, logged.object_id, logged.change_message) == (
        superuser,
        str(person.pk),
        "Reset the second step.",
    )
    give_password(theirs, person)
    assert theirs.get("/admin/").url.startswith(SET_UP)


def test_nobody_resets_their_own_and_officers_nobodys(staff_face):
    superuser, _app = enrolled(is_superuser=True)
    officer, _other = enrolled()
    staff_face.force_login(superuser)
    own_page = page_of(staff_face.get(f"/admin/accounts/user/{superuser.pk}/change/"))
    assert reset_page(superuser) not in own_page
    assert staff_face.post(reset_page(superuser), {"sure": "yes"}).status_code == 403
    candidate = factories.candidate()
    assert staff_face.post(reset_page(candidate), {"sure": "yes"}).status_code == 403
    staff_face.force_login(officer)
    assert staff_face.post(reset_page(superuser), {"sure": "yes"}).status_code in {403, 404}
    assert AuthenticatorApp.objects.filter(user__in=[superuser, officer]).count() == 2


def test_the_keys_are_on_no_page_of_the_admin(staff_face):
    person, app = enrolled(is_superuser=True)
    staff_face.force_login(person)
    page = page_of(staff_face.get("/admin/"))
    assert "totp" not in page.lower()
    assert staff_face.get("/admin/otp_totp/totpdevice/").status_code == 404
    account = page_of(staff_face.get(f"/admin/accounts/user/{person.pk}/change/"))
    assert app.key not in account


# --- Passkeys: what the server asks and refuses; tests/browser uses a real one ------------------------


def a_passkey(of) -> WebAuthnCredential:
    return WebAuthnCredential.objects.create(
        user=of, name="Key", credential_id=b"\1" * 16, public_key=b"\2" * 16, transports=["usb"], aaguid="0"
    )


def test_the_server_asks_for_the_passkeys_of_who_gave_the_password_and_no_others(staff_face):
    person, _app = enrolled()
    mine = a_passkey(person)
    other = factories.staff()
    WebAuthnCredential.objects.create(
        user=other, name="Key", credential_id=b"\3" * 16, public_key=b"\2", aaguid="0"
    )
    staff_face.force_login(person, verified=False)
    asked = staff_face.post("/sign-in/passkey/begin/", content_type="application/json").json()
    assert asked["rpId"] == "staff.example.org"
    assert len(asked["allowCredentials"]) == 1
    assert staff_face.get("/admin/").status_code == 302
    assert mine.name in page_of(_verified(person).get("/your-sign-in/"))


def _verified(person) -> FaceClient:
    face = FaceClient("staff")
    face.force_login(person)
    return face


@pytest.mark.parametrize("body", ["", "[]", "{", "\xff", '{"id": 1}', "[" * 100_000, '{"id":"\\u0000"}'])
def test_nothing_that_is_sent_as_a_passkey_lets_in_or_causes_a_500(staff_face, body):
    person, _app = enrolled()
    a_passkey(person)
    staff_face.force_login(person, verified=False)
    staff_face.post("/sign-in/passkey/begin/", content_type="application/json")
    sent = body.encode("latin-1")
    response = staff_face.generic("POST", "/sign-in/passkey/use/", sent, content_type="application/json")
    assert 400 <= response.status_code < 500
    assert staff_face.get("/admin/").status_code == 302


def test_the_password_alone_adds_no_passkey(staff_face):
    person, _app = enrolled()
    staff_face.force_login(person, verified=False)
    for page in ("begin", "add"):
        response = staff_face.post(f"/your-sign-in/passkeys/{page}/", content_type="application/json")
        assert response.url.startswith(CODE)
    nobody = factories.staff()
    staff_face.force_login(nobody, verified=False)
    assert staff_face.post("/your-sign-in/passkeys/begin/", content_type="application/json").url == SET_UP


def test_a_passkey_is_removed_by_its_owner_only(staff_face):
    person, _app = enrolled()
    passkey = a_passkey(person)
    stranger = _verified(factories.staff())
    address = f"/your-sign-in/passkeys/{passkey.pk}/remove/"
    assert stranger.post(address).status_code == 404
    staff_face.force_login(person)
    assert "“Key”" in page_of(staff_face.get(address))
    assert "no longer works here" in page_of(staff_face.post(address, follow=True))
    assert not WebAuthnCredential.objects.exists()


def test_codes_are_of_this_half_minute(db):
    person, app = enrolled()
    assert second_factor.check_code(person, code_of(app, -10)) is None
    assert second_factor.check_code(person, code_of(app, 10)) is None
