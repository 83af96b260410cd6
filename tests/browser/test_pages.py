"""Every page of the public faces: axe, no scrolling sideways, and one A4 page when printed."""

import pytest

from tests.browser.conftest import DESKTOP, PHONE, check_page, log_in

pytestmark = pytest.mark.browser

OPEN_TO_ALL = (
    "/",
    "/register/",
    "/forgotten-password/",
    "/help/",
    "/terms/",
    "/privacy/",
    "/confirm/x/",
    "/my-data/deleted/",
    "/nowhere/",
)
SIGNED_IN = (
    "/statement/",
    "/exams/",
    "/account/",
    "/account/exams/add/",
    "/account/password/",
    "/account/email/",
    "/my-data/",
    "/my-data/copy/",
    "/my-data/readable/",
    "/my-data/delete/",
    "/nowhere/",
)
LOOKS = [("en", DESKTOP, False), ("it", PHONE, False), ("it", DESKTOP, True), ("en", PHONE, True)]
looks = pytest.mark.parametrize(
    ("language", "viewport", "dark"),
    LOOKS,
    ids=["en desktop", "it phone", "it desktop dark", "en phone dark"],
)
OPEN_SESSIONS = ("B2F-DEMO", "B1P-DEMO", "YLM-DEMO")


@looks
def test_the_pages_open_to_all(demo, open_page, language, viewport, dark):
    page = open_page(language, viewport, dark=dark)
    for path in OPEN_TO_ALL:
        page.goto(demo.urls["candidates"] + path)
        check_page(page)
    page.goto(demo.urls["centres"])
    check_page(page)


@looks
def test_the_pages_of_a_candidate(demo, open_page, language, viewport, dark):
    for session in ("B2F-DEMO", "YLM-DEMO", "C1A-DEMO"):
        page = open_page(language, viewport, dark=dark)
        log_in(page, demo.urls["candidates"], demo.slips(session, registered="yes")[0])
        for path in SIGNED_IN:
            page.goto(demo.urls["candidates"] + path)
            check_page(page)


@looks
def test_the_pages_of_a_school(demo, open_page, language, viewport, dark):
    page = open_page(language, viewport, dark=dark)
    secretary = demo.people("centres")[0]
    page.goto(demo.urls["centres"])
    page.fill("#id_username", secretary["email"])
    page.fill("#id_password", secretary["password"])
    page.click("main form button[type=submit]")
    page.wait_for_url("**/sessions/")
    for path in (
        "/sessions/",
        "/sessions/B2F-DEMO/",
        "/sessions/C1A-DEMO/",
        "/news/",
        "/news/follow/",
        "/account/",
        "/account/password/",
    ):
        page.goto(demo.urls["centres"] + path)
        check_page(page)


def test_every_status_is_shown_in_both_languages_and_prints_on_one_page(demo, open_page):
    """The demo's registered candidates of the open sessions have every status between them."""
    seen = set()
    for language in ("en", "it"):
        for session in OPEN_SESSIONS:
            for slip in demo.slips(session, registered="yes"):
                page = open_page(language, PHONE)
                log_in(page, demo.urls["candidates"], slip)
                page.goto(f"{demo.urls['candidates']}/statement/")
                seen.add(page.get_attribute("[data-status]", "data-status"))
                check_page(page)
                printed = page.pdf(format="A4")
                assert printed.count(b"/Type /Page\n") == 1, f"{session} {slip['id_number']} {language}"
                page.context.close()
    assert seen == {"result", "X", "Z", "pending", "withheld"}


@looks
def test_the_exams_of_several_years_stand_on_one_scale(demo, open_page, language, viewport, dark):
    """Whoever of the demo took three exams logs in with the oldest number, and finds all of them."""
    slip = demo.slips("A2KS-PAST", registered="yes")[0]
    page = open_page(language, viewport, dark=dark)
    log_in(page, demo.urls["candidates"], slip)
    page.click(f"nav >> text={'My results' if language == 'en' else 'I miei risultati'}")
    page.wait_for_url("**/exams/")
    assert page.locator(".exam").count() == 3
    assert page.locator(".over-time-chart circle").count() == 3
    assert page.locator(".over-time tbody tr").count() == 3
    check_page(page)
    page.click(".exam:nth-child(3) a")
    page.wait_for_url("**/statement/*/")
    assert "A2 Key for Schools" in page.inner_text("main")
    check_page(page)
