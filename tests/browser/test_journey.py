"""The journey of a candidate with a slip in hand, in a real browser, on the real demo."""

import re

import pytest

from tests.browser.conftest import DESKTOP, PHONE, check_page, log_in

pytestmark = pytest.mark.browser

WORDS = {
    "en": {
        "register": "Register",
        "submit": "Submit",
        "registered": "You are registered",
        "log_in": "Log in",
    },
    "it": {"register": "Registrati", "submit": "Invia", "registered": None, "log_in": "Accedi"},
}
PASSWORD = "kutoVe84"


@pytest.mark.parametrize(
    ("language", "viewport", "javascript", "code"),
    [("en", DESKTOP, True, "JOA-1"), ("it", PHONE, False, "JOB-1")],
    ids=["English, desktop", "Italian, phone, no JavaScript"],
)
def test_from_the_slip_to_the_statement_at_the_instant(
    demo, open_page, tmp_path, language, viewport, javascript, code
):
    slip = demo.session_that_opens_in(45, code, tmp_path)[0]
    words = WORDS[language]
    address = f"{code.lower()}@example.org"
    page = open_page(language, viewport, javascript=javascript)

    page.goto(demo.urls["candidates"])
    page.get_by_role("link", name=words["register"], exact=True).click()
    page.fill("#id_id_number", f" {slip['id_number'].lower()[:3]} {slip['id_number'][3:]}")
    page.fill("#id_secret_number", slip["secret_number"])
    page.fill("#id_email", address)
    page.fill("#id_password", PASSWORD)
    page.fill("#id_confirm_password", PASSWORD)
    page.check("#id_terms")
    page.get_by_role("button", name=words["submit"], exact=True).click()
    page.wait_for_url("**/registered/")
    assert address in page.inner_text("main")

    log_in(page, demo.urls["candidates"], {"id_number": slip["id_number"], "password": PASSWORD})
    assert "Zoë Kuvetto" in page.inner_text("main")
    assert "177" not in page.content()
    mail = demo.mail_to(address).read_bytes()
    assert b"text/calendar" in mail
    assert PASSWORD.encode() not in mail

    page.get_by_text("Pass at Grade B").first.wait_for(timeout=75_000)  # by itself, nobody touches the page
    assert page.url.endswith("/statement/")
    assert "177" in page.inner_text("main")


def test_a_server_that_is_busy_at_the_instant_is_tried_again(demo, open_page):
    page = open_page()
    log_in(page, demo.urls["candidates"], demo.slips("C1A-DEMO", registered="yes")[0])
    asked = []

    def not_at_first(route):
        asked.append(route.request.resource_type)
        if len(asked) == 1:  # the waiting page, as it is a second before the instant
            answer = route.fetch()
            route.fulfill(response=answer, body=re.sub(r'data-(\S+)="\d+"', r'data-\1="1"', answer.text()))
        elif len(asked) <= 3:
            route.fulfill(status=429, body="busy")
        else:
            route.continue_()

    page.route("**/statement/", not_at_first)
    page.goto(f"{demo.urls['candidates']}/statement/")
    page.get_by_text("The site is very busy").wait_for(timeout=10_000)
    with page.expect_navigation(timeout=30_000):
        pass
    assert asked == ["document", "fetch", "fetch", "fetch", "document"]
    assert page.url.endswith("/statement/")


def test_a_candidate_gets_in_by_keyboard_alone(demo, open_page):
    slip = demo.slips("B2F-DEMO", registered="yes")[0]
    page = open_page()
    page.goto(demo.urls["candidates"])
    for _press in range(30):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.id")
        if focused == "id_username":
            break
    page.keyboard.type(slip["id_number"])
    while page.evaluate("document.activeElement.id") != "id_password":
        page.keyboard.press("Tab")
    page.keyboard.type(slip["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/statement/")
    assert slip["family_name"] in page.inner_text("main")


def test_the_suggested_password_fills_both_fields(demo, open_page):
    page = open_page()
    page.goto(f"{demo.urls['candidates']}/register/")
    page.click("button[name=suggest]")
    suggested = page.input_value("#id_password")
    assert re.fullmatch(r"[a-z]{6}[2-9]{2}", suggested)
    assert page.input_value("#id_confirm_password") == suggested
    assert suggested in page.inner_text("main")


def test_faults_are_summed_up_at_the_top_with_links_to_the_fields(demo, open_page):
    page = open_page(viewport=PHONE)
    page.goto(f"{demo.urls['candidates']}/register/")
    page.fill("#id_email", "zoe@example.org")
    page.fill("#id_password", "kutov843")
    page.get_by_role("button", name="Submit", exact=True).click()
    summary = page.get_by_role("alert")
    assert "There is a problem" in summary.inner_text()
    assert "5 letters and 3 digits" in summary.inner_text()
    assert page.title().startswith("Error:")
    summary.get_by_role("link").first.click()
    assert page.evaluate("document.activeElement.id") == "id_id_number"
    assert page.input_value("#id_email") == "zoe@example.org"
    check_page(page)


def test_the_language_switch_keeps_the_place(demo, open_page):
    page = open_page("en")
    page.goto(f"{demo.urls['candidates']}/register/")
    page.get_by_role("button", name=re.compile("Italiano", re.IGNORECASE)).click()
    page.wait_for_load_state()
    assert page.url.endswith("/register/")
    assert page.get_attribute("html", "lang") == "it"
