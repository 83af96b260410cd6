"""The pages before there is a result: waiting, not there yet, paused."""

import re
from datetime import UTC, datetime

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from results.models import CandidateStop, Entry, Release
from results_portal.branding import words
from tests import factories
from tests.results.reading import text

pytestmark = pytest.mark.django_db
OPENS_AT = datetime(2026, 6, 12, 8, 0, tzinfo=UTC)
PAGES = ["waiting", "not_yet", "stopped"]


def page(name: str, language: str = "en", seconds_left: int = 3600, refresh_after: int = 3602) -> str:
    """A page of a candidate whose session opens at OPENS_AT."""
    entry = factories.entry(factories.session("A2KS"), id_number="SIR094701", given_names="Zoë")
    Release.objects.update(opens_at=OPENS_AT)
    factories.statement(entry)
    entry = Entry.objects.for_candidates().get(pk=entry.pk)
    request = RequestFactory().get("/statement/")
    request.user = factories.candidate(entry)
    context = {
        "entry": entry,
        "release": entry.session.release,
        "opens_at": entry.session.release.opens_at,
        "seconds_left": seconds_left,
        "refresh_after": refresh_after,
        "stop": CandidateStop(
            scope="session", notice_it="Stiamo controllando.", notice_en="We are checking."
        ),
        "face": "candidates",
        **words(),
    }
    with translation.override(language):
        return render_to_string(f"results/{name}.html", context, request)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_who_which_exam_and_to_keep_the_slip(name):
    shown = text(page(name))
    for said in (
        "Name Zoë Bianchi",
        "ID Number SIR094701",
        "Exam A2 Key for Schools",
        "Session June 2026",
        "Exam date 13 June 2026",
        "Place of entry Roma",
        "Keep your slip until you receive the certificate.",
    ):
        assert said in shown


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_how_to_reach_the_exams_office(name):
    html = page(name)
    main = html[html.index("<main") : html.index("</main>")]
    assert 'href="mailto:esami@sirio.example.org"' in main
    assert 'href="tel:+390655500100"' in main


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Friday 12 June 2026, 10:00 (Italian time)"),
        ("it", "venerdì 12 giugno 2026, ore 10:00 (ora italiana)"),
    ],
)
def test_waiting_says_the_instant_in_words(language, said):
    assert said in page("waiting", language)


def test_waiting_needs_nothing_of_the_person():
    assert "You do not have to do anything." in text(page("waiting"))


def test_the_countdown_gets_its_seconds_from_the_server_and_is_no_live_region():
    html = page("waiting", seconds_left=200_000)
    (countdown,) = re.findall(r'<div class="countdown".*?</div>', html, re.DOTALL)
    assert 'data-seconds-left="200000"' in countdown
    assert 'role="timer"' in countdown
    assert "aria-live" not in countdown
    assert " hidden" in countdown  # without JavaScript there is nothing to count


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("name", PAGES)
def test_the_page_asks_again_with_and_without_javascript(name, language):
    html = page(name, language, refresh_after=21_603)
    assert '<noscript><meta http-equiv="refresh" content="21603"></noscript>' in html
    assert 'data-refresh-after="21603"' in html
    assert re.search(r'<script src="/static/js/waiting\.js" defer></script>', html)


@pytest.mark.parametrize(
    ("name", "next_step"), [("not_yet", "We are working on it. You do not"), ("stopped", "You do not")]
)
def test_a_late_result_says_what_happens_next(name, next_step):
    html = page(name)
    assert f"What happens next {next_step} have to do anything" in text(html)
    assert "data-seconds-left" not in html


def test_a_result_that_went_away_is_not_to_be_relied_on():
    assert "If you saw a result here before, wait before you rely on it" in text(page("not_yet"))


@pytest.mark.parametrize("name", PAGES)
def test_a_busy_site_has_its_words_on_the_page(name):
    html = page(name)
    assert re.search(r'role="status"[^>]* data-busy="The site is very busy;[^"]+"></p>', html)


def test_a_stop_is_told_calmly():
    shown = text(page("stopped"))
    assert "These results are paused Stiamo controllando." not in shown
    assert "These results are paused We are checking." in shown
    assert "It is not about you" in shown


@pytest.mark.parametrize("name", PAGES)
def test_a_page_before_the_result_carries_no_mark(name):
    html = page(name)
    assert "Pass at" not in html
    assert "136" not in html  # the score of the factory's statement
