"""The statement as a document: to whom the gate shows it, from the instant on, however many ask."""

import io
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from results import handing_out, stopping
from results.models import CandidateStatement, Seen
from tests import factories
from tests.conftest import FaceClient

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
PDF = "/statement/pdf/"


def candidate_of(session, **names):
    entry = factories.entry(session, **names)
    factories.statement(entry)
    return factories.candidate(entry)


def signed_in(user) -> FaceClient:
    browser = FaceClient("candidates")
    browser.force_login(user)
    return browser


def text(response) -> str:
    assert response.status_code == 200, response
    return " ".join(PdfReader(io.BytesIO(response.content)).pages[0].extract_text().split())


@pytest.mark.parametrize(
    ("opens_in", "shown"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)], ids=["T-1s", "T", "T+1s"]
)
def test_the_document_is_there_from_the_instant_on(opens_in, shown):
    browser = signed_in(candidate_of(factories.session(opens_in=opens_in)))
    response = browser.get(PDF)
    if shown:
        assert "Pass at Grade B" in text(response)
    else:
        assert (response.status_code, response["Location"]) == (302, "/statement/")
        assert not Seen.objects.exists()


def test_a_stopped_result_gives_no_document_and_leads_to_the_page_that_says_why():
    session = factories.session()
    browser = signed_in(candidate_of(session))
    assert "Pass at Grade B" in text(browser.get(PDF))
    stopping.stop_session(session, factories.officer(), "Wrong file")
    response = browser.get(PDF)
    assert response.status_code == 302
    assert "These results are paused" in browser.get(response["Location"]).content.decode()


def test_the_document_is_that_of_whoever_asks():
    session = factories.session()
    alice = candidate_of(session, given_names="Alice", family_name="Kuvetto")
    bob = candidate_of(session, given_names="Bob", family_name="Altrove")
    assert "Alice Kuvetto" in text(signed_in(alice).get(PDF))
    assert "Alice" not in text(signed_in(bob).get(PDF))


def test_an_account_without_entry_and_a_stranger_get_none():
    assert signed_in(factories.candidate()).get(PDF).status_code == 404
    response = FaceClient("candidates").get(PDF)
    assert (response.status_code, urlsplit(response["Location"]).path) == (302, "/")


def test_the_page_offers_it_and_it_is_marked_as_seen():
    browser = signed_in(candidate_of(factories.session()))
    assert not Seen.objects.exists()
    assert "Pass at Grade B" in text(browser.get(PDF))
    assert Seen.objects.get().statement_id == CandidateStatement.objects.get().statement_id
    assert f'href="{PDF}"' in browser.get("/statement/").content.decode()


def test_it_is_a_file_with_a_plain_name_that_no_cache_keeps():
    names = {"given_names": "Zoë Шевченко 🎉", "family_name": 'D’Àngelo"; x=".exe\r\nSet-Cookie'}
    entry = factories.entry(factories.session(), candidate_number="5003", **names)
    factories.statement(entry)
    response = signed_in(factories.candidate(entry)).get(PDF)
    assert response["Content-Type"] == "application/pdf"
    name = re.fullmatch(r'attachment; filename="([A-Za-z0-9.-]+)"', response["Content-Disposition"])[1]
    assert name == "Statement-of-Results-DAngelo-x-exe-Set-Cookie-Zoe-5003.pdf"
    assert "no-store" in response["Cache-Control"]
    assert int(response["Content-Length"]) == len(response.content)


def test_an_amended_result_says_so_with_when_and_why():
    session = factories.session(approved=False)
    entry = factories.entry(session)
    factories.statement(entry)
    browser = signed_in(factories.candidate(entry))
    factories.approve_by_two(session.release)
    assert "amended" not in text(browser.get(PDF))
    factories.statement(entry, version=2, status="withheld", reason="Identity to be checked")
    assert "amended" not in text(browser.get(PDF))
    factories.approve_by_two(session.release)
    document = text(browser.get(PDF))
    assert "This statement was amended" in document
    assert "Reason: Identity to be checked" in document
    assert "Result: Withheld (before: Pass at Grade B)" in document
    assert "(Italian time)" in document


def test_it_comes_in_the_language_of_the_page():
    browser = signed_in(candidate_of(factories.session()))
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = "it"
    document = text(browser.get(PDF))
    assert "Questo non è un certificato." in document
    assert "Pass at Grade B" in document


def test_it_costs_no_more_queries_than_the_page():
    browser = signed_in(candidate_of(factories.session()))

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address).status_code == 200
        return len([query for query in captured if "ROLE" not in query["sql"]])

    queries("/statement/")  # which marks it as seen
    assert queries(PDF) <= queries("/statement/")


@pytest.mark.parametrize("full", ["_places", "_turns"])
def test_who_would_wait_too_long_is_told_so_by_a_page_that_asks_again(full, monkeypatch):
    browser = signed_in(candidate_of(factories.session()))
    monkeypatch.setattr(handing_out, "PATIENCE", 0.01)
    taken = getattr(handing_out, full)
    at_once = handing_out.MADE_AT_ONCE + (handing_out.IN_LINE if full == "_places" else 0)
    for _place in range(at_once):
        assert taken.acquire(blocking=False)
    try:
        response = browser.get(PDF)
        page = browser.get("/statement/")
    finally:
        taken.release(at_once)
    html = response.content.decode()
    assert response.status_code == 503
    seconds = int(response["Retry-After"])
    assert handing_out.SOONEST <= seconds <= handing_out.LATEST
    assert f'<meta http-equiv="refresh" content="{seconds}">' in html
    assert "Your document comes in a moment" in html
    assert 'href="/statement/"' in html
    assert "no-store" in response["Cache-Control"]
    assert "Pass at Grade B" in page.content.decode()  # the web keeps answering
    assert "Pass at Grade B" in text(browser.get(PDF))  # and every place is free again


def test_a_document_that_cannot_be_made_gives_its_place_back(monkeypatch):
    browser = signed_in(candidate_of(factories.session()))
    browser.raise_request_exception = False
    monkeypatch.setattr(handing_out.document, "TEMPLATE", handing_out.document.TEMPLATE.parent / "none.typ")
    for _time in range(handing_out.MADE_AT_ONCE + handing_out.IN_LINE + 1):
        assert browser.get(PDF).status_code == 500
    monkeypatch.undo()
    assert "Pass at Grade B" in text(browser.get(PDF))
