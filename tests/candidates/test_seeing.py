"""Waiting and seeing: the one address of a result, before and after its instant."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from candidates import seeing
from results import stopping
from results.models import CandidateStatement, Entry, Release, Statement, Stop
from results.stopping import Notice
from results.times import in_words
from results_portal.roles import CANDIDATES
from tests import factories
from tests.conftest import FaceClient, database_role
from tests.results.reading import has_number

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
MARK = 177  # a score that stands nowhere else on the page


SKILLS = ("reading", "use_of_english", "writing", "listening", "speaking")


def candidate_of(session):
    entry = factories.entry(session, given_names="Zoë", family_name="Kuvetto")
    factories.statement(entry, overall=MARK, result="B", cefr="B2", **dict.fromkeys(SKILLS, MARK))
    return factories.candidate(entry)


def statement_page(user):
    browser = FaceClient("candidates")
    browser.force_login(user)
    return browser.get("/statement/")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("opens_in", "shown"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)], ids=["T-1s", "T", "T+1s"]
)
def test_the_page_turns_into_the_statement_at_the_instant(opens_in, shown):
    page = statement_page(candidate_of(factories.session(opens_in=opens_in)))
    assert (str(MARK) in page.content.decode()) is shown
    assert ("Pass at Grade B" in page.content.decode()) is shown


@pytest.mark.django_db
def test_before_the_instant_the_page_says_who_what_and_when(settings):
    user = candidate_of(factories.session("B2F", opens_in=26 * HOUR))
    response = statement_page(user)
    page = response.content.decode()
    assert "Zoë Kuvetto" in page
    assert "B2 First" in page
    assert "(Italian time)" in page
    seconds = int(re.search(r'data-seconds-left="(\d+)"', page).group(1))
    assert 26 * 3600 - 60 < seconds <= 26 * 3600
    assert re.search(r'<meta http-equiv="refresh" content="2160[0-4]">', page)
    assert "Keep your slip until you receive the certificate." in page
    assert not has_number(page, MARK)
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_without_javascript_the_page_asks_again_just_after_the_instant():
    page = statement_page(candidate_of(factories.session(opens_in=timedelta(seconds=90)))).content.decode()
    assert 80 < int(re.search(r'http-equiv="refresh" content="(\d+)"', page).group(1)) <= 94


@pytest.mark.django_db
@pytest.mark.parametrize(
    "keep_back",
    [
        lambda: Release.objects.update(approved_through=None),
        lambda: Release.objects.update(approved_through=0),
    ],
    ids=["not approved", "loaded after the approval"],
)
def test_what_is_not_there_yet_looks_the_same_whatever_the_reason(keep_back):
    user = candidate_of(factories.session())
    keep_back()
    page = statement_page(user).content.decode()
    bob = factories.candidate(factories.entry(factories.session()))
    nothing_loaded = statement_page(bob).content.decode()
    assert not has_number(page, MARK)
    title = re.compile(r"<h1[^>]*>.*?</h1>", re.DOTALL)
    assert title.search(page).group() == title.search(nothing_loaded).group()


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("opens_in", [-HOUR, HOUR], ids=["open", "waiting"])
@pytest.mark.parametrize("scope", ["session", "centre", "candidate"])
def test_a_stop_shows_its_notice_in_the_persons_language_and_nothing_else(opens_in, scope, language):
    session = factories.session(opens_in=opens_in)
    user = candidate_of(session)
    Entry.objects.update(preparation_centre=factories.centre())
    officer, notice = factories.officer(), Notice(it="Stiamo controllando.", en="We are checking.")
    if scope == "session":
        stopping.stop_session(session, officer, "Wrong file", notice)
    elif scope == "centre":
        centre = Entry.objects.get().preparation_centre
        stopping.stop_centre(session, centre, officer, "Wrong file", notice)
    else:
        stopping.stop_candidates(Entry.objects.all(), officer, "Wrong file", notice)
    browser = FaceClient("candidates")
    browser.force_login(user)
    browser.cookies["language"] = language

    page = browser.get("/statement/").content.decode()

    assert getattr(notice, language) in page
    assert getattr(notice, "en" if language == "it" else "it") not in page
    for hidden in (str(MARK), "Wrong file", "data-seconds-left"):
        assert hidden not in page
    stopping.lift(Stop.objects.all(), officer)
    page = browser.get("/statement/").content.decode()
    assert (str(MARK) in page) is (opens_in < timedelta(0))
    assert getattr(notice, language) not in page


@pytest.mark.django_db
def test_an_amended_statement_says_when_why_and_what_was_before():
    session = factories.session(approved=False)
    user = candidate_of(session)
    factories.approve_by_two(session.release)
    assert "amended" not in statement_page(user).content.decode()
    skills = dict.fromkeys(("reading", "use_of_english", "writing", "listening", "speaking"), 181)
    amended = {**skills, "overall": 181, "result": "A", "cefr": "C1"}
    factories.statement(user.entries.get(), version=2, reason="enquiry", **amended)
    assert "amended" not in statement_page(user).content.decode()
    factories.approve_by_two(session.release)

    page = statement_page(user).content.decode()

    assert "This statement was amended" in page
    assert "After an enquiry on results" in page
    assert in_words(timezone.now())[:16] in page
    section = page.partition('class="amended')[2].partition("</section>")[0]
    assert re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td><strong>(.*?)</strong>', section)[:3] == [
        ("Result", "Pass at Grade B", "Pass at Grade A"),
        ("Overall score", str(MARK), "181"),
        ("CEFR level", "B2", "C1"),
    ]


@pytest.mark.django_db
def test_with_every_check_in_python_removed_the_page_still_shows_nothing(monkeypatch):
    """The page asks for the statement as if it were open, and the gate has nothing to give."""
    user = candidate_of(factories.session(opens_in=HOUR))
    monkeypatch.setattr(seeing.Sight, "page", seeing.View.STATEMENT)
    browser = FaceClient("candidates")
    browser.force_login(user)
    browser.raise_request_exception = False
    assert not has_number(browser.get("/statement/").content.decode(), MARK)
    with database_role(CANDIDATES):
        assert not CandidateStatement.objects.exists()
    assert Statement.objects.get().overall == MARK


@pytest.mark.django_db
def test_another_candidates_statement_is_at_no_address():
    alice = candidate_of(factories.session())
    bob = factories.candidate(factories.entry(factories.session(), given_names="Bob"))
    own = statement_page(alice).content.decode()
    assert str(MARK) in own
    browser = FaceClient("candidates")
    browser.force_login(bob)
    entry = alice.entries.get()
    for address in (
        "/statement/",
        f"/statement/?user={alice.pk}&entry={entry.pk}&id_number={alice.username}",
        f"/statement/{entry.pk}/",
        f"/statement/{alice.username}/",
        f"/account/?user={alice.pk}",
    ):
        assert not has_number(browser.get(address).content.decode(), MARK)


@pytest.mark.django_db
@pytest.mark.parametrize("opens_in", [-HOUR, HOUR], ids=["statement", "waiting"])
def test_the_page_costs_three_queries_with_one_candidate_and_with_many(opens_in):
    session = factories.session(opens_in=opens_in)
    user = candidate_of(session)
    browser = FaceClient("candidates")
    browser.force_login(user)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/statement/").status_code == 200
        return len([query for query in captured if "ROLE" not in query["sql"]])

    queries()  # the first view of a statement notes that it is seen (test_seen.py)
    before = queries()
    for _more in range(5):
        candidate_of(session)
    assert queries() == before == 3  # the session, its user, the entry with what the gate lets through


@pytest.mark.django_db
def test_the_gate_is_asked_for_one_person_and_reads_no_other_row():
    """The condition on the person reaches the tables behind the views: no scan grows with the session."""
    session = factories.session()
    user = candidate_of(session)
    for _other in range(60):
        factories.entry(session)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE results_entry, results_release, results_statement")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT * FROM results_gate_candidates WHERE user_id = %s", [user.pk])
        plan = "\n".join(line for (line,) in cursor)
    assert re.search(r"Index Cond: .*user_id = \d+", plan)
    assert "Seq Scan on results_statement" not in plan
    assert "Seq Scan on results_entry" not in plan


@pytest.mark.django_db
def test_an_account_without_an_entry_gets_a_page_that_helps():
    response = statement_page(factories.candidate())
    assert response.status_code == 404
