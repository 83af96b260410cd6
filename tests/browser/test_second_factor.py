"""Signing in as staff, in a real browser: setting up the second step, a passkey, and the idle warning."""

import re
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import DESKTOP, PHONE, check_page, give_code, log_in_office

pytestmark = pytest.mark.browser

LOOKS = pytest.mark.parametrize(
    ("viewport", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop", "phone"]
)


@LOOKS
def test_who_signs_in_for_the_first_time_sets_up_an_app_and_sees_the_codes(demo, open_page, viewport, dark):
    email, password = f"nuova{viewport['width']}@sirio.example", "un treno per Ancona 7"
    demo.manage(
        "shell", "-c",
        "from accounts.models import User;"
        f" User.objects.create_staff({email!r}, {password!r}, language='en')",
    )  # fmt: skip
    page = open_page(viewport=viewport, dark=dark)
    page.goto(f"{demo.urls['staff']}/admin/")
    page.fill("#id_username", email)
    page.fill("#id_password", password)
    page.click("#login-form [type=submit]")
    page.wait_for_selector(".qr")
    check_page(page)
    give_code(page, {"totp_secret": page.inner_text(".secret").replace(" ", "")})
    page.wait_for_selector(".recovery-codes")
    assert len(re.findall(r"\d{4}-\d{4}-\d{4}", page.inner_text(".recovery-codes"))) == 10
    assert page.get_by_role("button", name="Print").is_visible()
    check_page(page)
    page.click("a.button.default")
    page.wait_for_url("**/admin/")
    page.goto(f"{demo.urls['staff']}/your-sign-in/")
    check_page(page)


def test_a_passkey_is_added_and_lets_in_without_a_code(demo, open_page):
    """On localhost: a passkey needs a host name. Chromium's virtual authenticator is the fingerprint."""
    page = open_page()
    port = urlsplit(demo.urls["staff"]).port
    staff = f"http://localhost:{port}"
    person = demo.people("staff")[1]
    chromium = page.context.new_cdp_session(page)
    chromium.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    chromium.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def give_password() -> None:
        page.goto(f"{staff}/your-sign-in/")
        page.fill("#id_username", person["email"])
        page.fill("#id_password", person["password"])
        page.click("#login-form [type=submit]")
        page.wait_for_selector("#id_code")

    give_password()
    give_code(page, person)
    page.wait_for_selector("#passkey-name")
    page.fill("#passkey-name", "Laptop")
    with page.expect_navigation():
        page.click("[data-passkey=add] button")
    assert "Laptop" in page.inner_text(".passkeys")
    check_page(page)

    page.context.clear_cookies()
    give_password()
    page.click("[data-passkey=use] button")
    page.wait_for_url("**/your-sign-in/")
    assert "Laptop" in page.inner_text(".passkeys")


def test_the_warning_comes_two_minutes_before_the_end_and_a_button_keeps_the_session(demo, open_page):
    page = open_page()
    person = demo.people("staff")[0]
    log_in_office(page, demo, person, "/your-sign-in/")
    warning = page.get_by_role("alertdialog")
    assert not warning.is_visible()
    page.clock.install()
    page.reload()
    page.clock.fast_forward("13:30")
    page.wait_for_timeout(500)
    assert not warning.is_visible()  # the server was asked first: by its clock nobody was idle
    end_in(demo, person, seconds=90)
    page.clock.fast_forward("13:30")
    warning.wait_for(timeout=5_000)
    assert "You will be signed out in two minutes" in warning.inner_text()
    assert page.evaluate("document.activeElement.textContent.trim()") == "Stay signed in"
    check_page(page)
    page.get_by_role("button", name="Stay signed in").click()
    warning.wait_for(state="hidden")


def end_in(demo, person, *, seconds: int) -> None:
    """Let the person's sessions end so soon, as idleness would."""
    demo.manage(
        "shell", "-c",
        "from django.utils import timezone; from datetime import timedelta;"
        " from accounts.models import Session;"
        f" Session.objects.filter(user__username={person['email']!r})"
        f".update(expire_date=timezone.now() + timedelta(seconds={seconds}))",
    )  # fmt: skip


def test_when_the_time_is_over_the_page_leads_to_the_sign_in_page_which_says_why(demo, open_page):
    page = open_page()
    person = demo.people("staff")[2]
    log_in_office(page, demo, person, "/your-sign-in/")
    demo.office_cookies.pop(person["email"])
    page.clock.install()
    page.reload()
    end_in(demo, person, seconds=0)
    page.clock.fast_forward("14:00")
    page.wait_for_url("**/admin/login/?next=/your-sign-in/")
    assert "without activity" in page.inner_text(".messagelist")
