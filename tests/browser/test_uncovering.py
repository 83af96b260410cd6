"""The first look at a result: on a phone, without scrolling; covered, at the press of a button."""

import re

import pytest

from tests.browser.conftest import PHONE, check_page, log_in

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("session", ["B2F-DEMO", "YLM-DEMO"])
@pytest.mark.parametrize("language", ["en", "it"])
def test_on_a_phone_the_first_view_has_the_result(demo, open_page, session, language):
    for slip in demo.slips(session, registered="yes"):
        page = open_page(language, PHONE)
        log_in(page, demo.urls["candidates"], slip)
        shown = page.locator(".outcome-result, .outcome-shields").first.bounding_box()
        assert shown["y"] + shown["height"] <= PHONE["height"], slip["id_number"]
        page.context.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_the_button_uncovers_and_focus_goes_to_the_result(demo, open_page, javascript):
    slip = demo.slips("B2F-DEMO", registered="yes")[0]
    url = demo.urls["candidates"]
    page = open_page("en", PHONE, javascript=javascript)
    log_in(page, url, slip)
    page.goto(f"{url}/account/")
    page.get_by_role("button", name="Show my result only when I press a button").click()
    page.goto(f"{url}/statement/")
    assert page.get_by_role("heading", level=1).inner_text() == "Your result is here"
    assert not page.locator("[data-status]").count()
    if javascript:
        check_page(page)
    button = page.get_by_role("button", name="Show my result").bounding_box()
    assert button["y"] + button["height"] <= PHONE["height"]
    page.get_by_role("button", name="Show my result").press("Enter")
    page.wait_for_selector("[data-status]")
    assert re.search(r"/statement/#outcome$", page.url)
    assert page.locator("#outcome:focus").count() == 1
    assert page.locator("#outcome").bounding_box()["y"] >= 0
    page.goto(f"{url}/account/")
    page.get_by_role("button", name="Show my result straight away").click()
