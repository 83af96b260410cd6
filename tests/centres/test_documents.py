"""A student's statement as PDF: for the student's own centre, while the gate shows it to that centre."""

import io
from datetime import timedelta

import pytest
from pypdf import PdfReader

from results import stopping
from results.models import Entry, Release, Seen
from tests import factories
from tests.conftest import FaceClient

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def centre():
    return factories.centre()


def student(session, centre, name: str = "Kuvetto") -> Entry:
    entry = factories.entry(session, family_name=name, preparation_centre=centre)
    factories.statement(entry)
    return entry


def signed_in(centre) -> FaceClient:
    browser = FaceClient("centres")
    browser.force_login(factories.member(centre))
    return browser


def get(browser, entry: Entry, code: str = "OPEN"):
    return browser.get(f"/sessions/{code}/students/{entry.pk}/pdf/")


def text(response) -> str:
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    [page] = PdfReader(io.BytesIO(response.content)).pages
    return " ".join(page.extract_text().split())


@pytest.mark.parametrize(
    ("opens_in", "shown"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)], ids=["T-1s", "T", "T+1s"]
)
def test_it_is_there_from_the_centres_own_instant_on(centre, opens_in, shown):
    session = factories.session(code="OPEN", opens_in=timedelta(days=-1))
    Release.objects.update(centres_open_at=factories.database_now() + opens_in)
    factories.approve(session.release)
    response = get(signed_in(centre), student(session, centre))
    if shown:
        assert "Alice Kuvetto" in text(response)
    else:
        assert response.status_code == 404


def test_a_student_of_another_centre_or_of_none_is_not_found(centre):
    session = factories.session(code="OPEN")
    ours = student(session, centre)
    browser = signed_in(centre)
    assert "Alice Kuvetto" in text(get(browser, ours))
    for other in (student(session, factories.centre(), "Loro"), student(session, None, "Nessuno")):
        assert get(browser, other).status_code == 404
    Entry.objects.filter(pk=ours.pk).update(preparation_centre=factories.centre())
    assert get(browser, ours).status_code == 404


def test_a_student_is_found_in_her_own_session_only(centre):
    entry = student(factories.session(code="OPEN"), centre)
    student(factories.session(code="OTHER"), centre)
    browser = signed_in(centre)
    assert get(browser, entry, "OTHER").status_code == 404
    assert browser.get(f"/sessions/OPEN/students/{10**17}/pdf/").status_code == 404
    assert browser.get(f"/sessions/OPEN/students/{10**19}/pdf/").status_code == 404


def test_a_stop_takes_it_away_at_once(centre):
    session = factories.session(code="OPEN")
    entry = student(session, centre)
    browser = signed_in(centre)
    assert "Pass at Grade B" in text(get(browser, entry))
    stopping.stop_candidates(Entry.objects.filter(pk=entry.pk), factories.officer(), "Identity")
    assert get(browser, entry).status_code == 404


def test_an_amended_result_says_so_and_a_school_that_looks_is_not_the_candidate(centre):
    session = factories.session(code="OPEN", approved=False)
    entry = student(session, centre)
    factories.candidate(entry)
    factories.approve_by_two(session.release)
    factories.statement(entry, version=2, status="withheld", reason="Identity to be checked")
    factories.approve_by_two(session.release)
    words = text(get(signed_in(centre), entry))
    assert "Result: Withheld (before: Pass at Grade B)" in words
    assert "Reason: Identity to be checked" in words
    assert not Seen.objects.exists()
