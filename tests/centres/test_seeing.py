"""What a school sees: its own students, from its own instant on."""

import re
from datetime import date, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from centres.models import Membership
from results import stopping
from results.models import Entry, ExamSession, Release
from results.stopping import Notice
from tests import factories
from tests.conftest import FaceClient

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
MARK = "177"  # stands nowhere else
SKILLS = ("reading", "use_of_english", "writing", "listening", "speaking")
MARKS = {"overall": int(MARK), "result": "B", "cefr": "B2", **dict.fromkeys(SKILLS, int(MARK))}


def signed_in(user) -> FaceClient:
    browser = FaceClient("centres")
    browser.force_login(user)
    return browser


def text_of(browser: FaceClient, address: str) -> str:
    """What an address answers with, a workbook as the XML in it."""
    response = browser.get(address)
    assert response.status_code == 200, address
    body = response.getvalue()
    if address.partition("?")[0].endswith(".xlsx"):
        with ZipFile(BytesIO(body)) as book:
            body = b"".join(book.read(name) for name in book.namelist())
    return body.decode()


def everything(entry: Entry) -> list[str]:
    """Every address of the face that may show an entry's result."""
    session = f"/sessions/{entry.session.code}/"
    return [
        session,
        f"{session}?sort=best",
        f"{session}?q={entry.family_name}",
        f"{session}students/{entry.pk}/",
        f"{session}results.csv",
        f"{session}results.xlsx",
    ]


def line_of(page: str, name: str) -> list[str]:
    """The cells of a student's line."""
    [line] = [row for row in re.findall(r"<tr>(.*?)</tr>", page, flags=re.DOTALL) if name in row]
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, flags=re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]


def names_in(page: str) -> list[str]:
    """The names in the list, in its order."""
    rows = re.findall(r'<th scope="row">(.*?)</th>', page, flags=re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


def open_in(time: timedelta) -> None:
    Release.objects.update(opens_at=factories.database_now() + time)


def student(session, centre, name: str, **outcome) -> Entry:
    entry = factories.entry(session, family_name=name, preparation_centre=centre)
    factories.statement(entry, **outcome)
    return entry


@pytest.fixture
def centre(db):
    return factories.centre()


def test_a_secretary_logs_in_and_finds_the_sessions_of_her_students(centre):
    opened, closed = factories.session(code="OPEN"), factories.session(code="CLOSED", opens_in=HOUR)
    for session in (opened, closed):
        student(session, centre, "Kuvetto")
    factories.session(code="OTHERS")
    secretary = factories.member(centre)
    browser = FaceClient("centres")
    response = browser.post(
        "/", {"username": f" {secretary.username.upper()} ", "password": factories.LONG_PASSWORD}
    )
    assert response.url == "/sessions/"
    page = browser.get("/sessions/").content.decode()
    assert "/sessions/OPEN/" in page
    assert "/sessions/CLOSED/" in page
    assert "OTHERS" not in page
    assert "(Italian time)" in page


def test_a_school_sees_its_own_students_and_no_others(centre):
    session = factories.session(code="OPEN")
    student(session, centre, "Ours")
    student(session, factories.centre(), "Theirs")
    student(session, None, "Nobodys")
    page = signed_in(factories.member(centre)).get("/sessions/OPEN/").content.decode()
    assert "Ours" in page
    assert "Pass at Grade B" in page
    assert "Theirs" not in page
    assert "Nobodys" not in page


@pytest.mark.parametrize(
    ("keep_back", "says"),
    [
        (lambda: open_in(HOUR), "You can see the results from:"),
        (
            lambda: stopping.stop_session(ExamSession.objects.get(), factories.officer(), "Wrong file"),
            "These results are paused.",
        ),
        (
            lambda: stopping.stop_candidates(Entry.objects.all(), factories.officer(), "Identity"),
            "The results of single students are paused.",
        ),
        (lambda: Release.objects.update(approved_through=None), "not here yet"),
    ],
    ids=["before the instant", "session stopped", "candidate stopped", "not approved"],
)
def test_what_the_gate_keeps_back_is_on_no_page_and_in_no_file(centre, keep_back, says):
    entry = student(factories.session(code="OPEN"), centre, "Kuvetto", **MARKS)
    browser = signed_in(factories.member(centre))
    for address in everything(entry):
        assert MARK in text_of(browser, address), address
    keep_back()
    for address in everything(entry):
        text = text_of(browser, address)
        assert MARK not in text, address
        assert "Grade B" not in text.replace('<option value="B">Pass at Grade B</option>', ""), address
    page = text_of(browser, "/sessions/OPEN/")
    assert says in page
    assert "Kuvetto" in page


@pytest.mark.parametrize("opens_in", [-SECOND, 0 * SECOND, SECOND])
def test_every_page_turns_at_the_instant_of_the_centres(centre, opens_in):
    session = factories.session(code="OPEN", opens_in=-HOUR)
    entry = student(session, centre, "Kuvetto", **MARKS)
    Release.objects.update(centres_open_at=factories.database_now() + opens_in)
    factories.approve(session.release)
    browser = signed_in(factories.member(centre))
    for address in everything(entry):
        assert (MARK in text_of(browser, address)) is (opens_in <= 0 * SECOND), address
    waits = 'data-seconds-left="1"' in text_of(browser, "/sessions/OPEN/")
    assert waits is (opens_in == SECOND)


def test_the_waiting_page_counts_down_and_already_has_the_students(centre):
    session = factories.session(code="OPEN", opens_in=timedelta(seconds=90))
    registered = student(session, centre, "Kuvetto")
    factories.candidate(registered)
    student(session, centre, "Altra")
    page = text_of(signed_in(factories.member(centre)), "/sessions/OPEN/")
    assert 'data-seconds-left="90"' in page
    assert "waiting.js" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert line_of(page, "Kuvetto") == ["Kuvetto Alice", registered.id_number, "Registered"]
    assert line_of(page, "Altra")[-1] == "Not registered"
    assert "Pass at Grade B" not in page
    waits = text_of(signed_in(factories.member(centre)), f"/sessions/OPEN/students/{registered.pk}/")
    assert 'data-seconds-left="90"' in waits
    assert "Pass at Grade B" not in waits


def test_from_each_student_a_link_leads_to_say_that_it_is_not_ours(centre):
    for opens_in in (timedelta(hours=-1), timedelta(hours=1)):
        session = factories.session(opens_in=opens_in)
        entry = student(session, centre, "Kuvetto")
        browser = signed_in(factories.member(centre))
        page = f"/sessions/{session.code}/students/{entry.pk}/"
        assert f'href="{page}"' in text_of(browser, f"/sessions/{session.code}/")
        asks = f"/sessions/{session.code}/questions/?student={entry.pk}"
        assert f'href="{asks}"' in text_of(browser, page)
        assert "Kuvetto is not your student?" in text_of(browser, asks)


def test_the_navigation_says_where_one_is(centre):
    factories.entry(factories.session(code="OPEN"), preparation_centre=centre)
    browser = signed_in(factories.member(centre))
    assert '<a href="/sessions/" aria-current="page">' in text_of(browser, "/sessions/")
    for below in ("/sessions/OPEN/", "/sessions/OPEN/figures/", "/sessions/OPEN/questions/"):
        page = text_of(browser, below)
        assert '<a href="/sessions/" aria-current="true">' in page, below
        assert page.count('aria-current="true"') == 1, below
    assert "aria-current" not in text_of(FaceClient("centres"), "/")


def test_a_different_opening_for_candidates_is_said(centre):
    session = factories.session(code="OPEN", opens_in=3 * HOUR)
    student(session, centre, "Kuvetto")
    browser = signed_in(factories.member(centre))
    assert "Your students can see theirs from" not in text_of(browser, "/sessions/OPEN/")
    Release.objects.update(centres_open_at=factories.database_now() + HOUR)
    assert "Your students can see theirs from" in text_of(browser, "/sessions/OPEN/")


@pytest.mark.parametrize("scope", ["session", "centre", "candidate"])
def test_a_stop_shows_its_notice_and_the_reason_stays_in_the_office(centre, scope):
    session = factories.session(code="OPEN")
    kuvetto = student(session, centre, "Kuvetto", **MARKS)
    student(session, centre, "Altra")
    officer, notice = factories.officer(), Notice(it="Stiamo controllando.", en="We are checking.")
    if scope == "session":
        stopping.stop_session(session, officer, "Wrong file", notice)
    elif scope == "centre":
        stopping.stop_centre(session, centre, officer, "Wrong file", notice)
    else:
        stopped = Entry.objects.filter(family_name="Kuvetto")
        stopping.stop_candidates(stopped, officer, "Wrong file", notice)
    browser = signed_in(factories.member(centre))
    page = text_of(browser, "/sessions/OPEN/")
    assert page.count("We are checking.") == 1
    assert ("Pass at Grade B" in line_of(page, "Altra")) is (scope == "candidate")
    assert ("paused" in line_of(page, "Kuvetto")) is (scope == "candidate")
    for address in everything(kuvetto):
        text = text_of(browser, address)
        assert "Wrong file" not in text
        assert MARK not in text
    assert "We are checking." in text_of(browser, f"/sessions/OPEN/students/{kuvetto.pk}/")
    assert ("Paused by the exams office" in text_of(browser, "/sessions/")) is (scope != "candidate")
    other = factories.centre()
    student(session, other, "Loro")
    theirs = text_of(signed_in(factories.member(other)), "/sessions/OPEN/")
    assert ("We are checking." in theirs) is (scope == "session")


def test_a_stop_of_everybody_is_told_also_where_nobody_is_found(centre):
    session = factories.session(code="OPEN")
    student(session, centre, "Kuvetto")
    stopping.stop_session(session, factories.officer(), "Wrong file", Notice(it="Fermi.", en="We check."))
    page = text_of(signed_in(factories.member(centre)), "/sessions/OPEN/?q=nobody")
    assert "We check." in page
    assert "Kuvetto" not in page


def test_an_amended_result_is_marked_in_the_list_and_explained_on_the_statement(centre):
    session = factories.session(code="OPEN", approved=False)
    amended = student(session, centre, "Kuvetto")
    student(session, centre, "Altra")
    theirs = student(session, factories.centre(), "Loro")
    factories.approve_by_two(session.release)
    browser = signed_in(factories.member(centre))
    tag = '<span class="tag">amended</span>'
    assert tag not in text_of(browser, "/sessions/OPEN/")
    for entry in (amended, theirs):
        factories.statement(entry, version=2, status="withheld", reason="Identity to be checked")
    assert tag not in text_of(browser, "/sessions/OPEN/")
    factories.approve_by_two(session.release)
    page = text_of(browser, "/sessions/OPEN/")
    assert re.search(rf"Kuvetto Alice</a> {tag}", page)
    assert page.count(tag) == 1
    assert "Loro" not in page
    statement = text_of(browser, f"/sessions/OPEN/students/{amended.pk}/")
    assert "Identity to be checked" in statement
    assert "<td>Pass at Grade B</td><td><strong>Withheld</strong></td>" in statement


def test_codes_and_shields_are_shown_as_what_they_are(centre):
    student(factories.session("B2F", code="B2"), centre, "Assente", status="X")
    student(factories.session("YLM", code="YL"), centre, "Piccola")
    browser = signed_in(factories.member(centre))
    assert "absent from part of the exam" in browser.get("/sessions/B2/").content.decode()
    page = browser.get("/sessions/YL/").content.decode()
    assert page.count("<td>4</td>") == 3
    assert "CEFR level" not in page


def test_a_score_below_the_range_is_said_to_be_a_score_only(centre):
    skills = dict.fromkeys(("reading", "use_of_english", "writing", "listening", "speaking"), 131)
    below = {"overall": 131, "result": "NONE", "cefr": ""}
    student(factories.session("B2F", code="B2"), centre, "Kuvetto", **skills, **below)
    page = signed_in(factories.member(centre)).get("/sessions/B2/").content.decode()
    assert ">Score only</td>" in page


def test_the_name_of_an_open_exam_leads_to_its_results(centre):
    student(factories.session("B2F", code="OPEN"), centre, "Kuvetto")
    page = signed_in(factories.member(centre)).get("/sessions/").content.decode()
    assert re.search(r'<a href="/sessions/OPEN/"[^>]*>B2 First, June 2026</a>', page)


def test_the_pages_cost_the_same_queries_with_one_student_and_with_many(centre):
    session = factories.session(code="OPEN")
    browser = signed_in(factories.member(centre))
    first = student(session, centre, "Kuvetto")
    addresses = ["/sessions/", "/sessions/OPEN/?sort=best&result=B&status=not-registered", *everything(first)]

    def queries(page: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(page).status_code == 200
        return len([query for query in captured if "ROLE" not in query["sql"]])

    before = [queries(address) for address in addresses]
    for number in range(5):
        student(session, centre, f"Kuvetto {number}")
        student(factories.session(), centre, f"Altra {number}")
    assert [queries(address) for address in addresses] == before
    assert max(before) <= 11  # one of them asks for the second step


@pytest.mark.parametrize("page", ["0", "999", "x", "-1"])
def test_a_page_number_that_is_none_leads_to_a_page(centre, page):
    student(factories.session(code="OPEN"), centre, "Kuvetto")
    browser = signed_in(factories.member(centre))
    assert "Kuvetto" in browser.get(f"/sessions/OPEN/?page={page}").content.decode()


def test_leaving_a_centre_takes_its_students_away_at_once(centre):
    student(factories.session(code="OPEN"), centre, "Kuvetto")
    secretary = factories.member(centre)
    browser = signed_in(secretary)
    assert browser.get("/sessions/OPEN/").status_code == 200
    secretary.memberships.all().delete()
    assert browser.get("/sessions/OPEN/").status_code == 404


# --- Two schools --------------------------------------------------------------------------------------


def test_every_address_of_a_student_is_for_the_own_school_alone(centre):
    """Own, other, none and former: the others find nothing, in the very words of what does not exist."""
    session = factories.session(code="OPEN")
    entry = student(session, centre, "Kuvetto", **MARKS)
    other = factories.centre()
    student(session, other, "Loro")
    former = factories.member(centre)
    former.memberships.all().delete()
    addresses = [*everything(entry), "/sessions/OPEN/not-registered/"]
    own = signed_in(factories.member(centre))
    for address in addresses:
        assert "Kuvetto" in text_of(own, address), address
    for person in (factories.member(other), former, factories.stranger()):
        browser = signed_in(person)
        for address in addresses:
            response = browser.get(address)
            if response.status_code == 200:
                assert "Kuvetto" not in re.sub(r'(value="|q=)Kuvetto', "", text_of(browser, address)), address
                assert MARK not in text_of(browser, address), address
            else:
                assert response.status_code == 404, address
        assert browser.get(f"/sessions/OPEN/students/{entry.pk}/").status_code == 404
    anonymous = FaceClient("centres")
    for address in addresses:
        assert anonymous.get(address).status_code == 302, address


def test_a_student_of_another_session_is_not_found_under_this_one(centre):
    here, there = factories.session(code="HERE"), factories.session(code="THERE")
    student(here, centre, "Kuvetto")
    entry = student(there, centre, "Altra")
    browser = signed_in(factories.member(centre))
    assert browser.get(f"/sessions/HERE/students/{entry.pk}/").status_code == 404
    assert browser.get(f"/sessions/THERE/students/{entry.pk}/").status_code == 200


@pytest.mark.parametrize("pk", ["0", "999999999", str(10**40), "x", "1e3", "%00"])
def test_a_student_who_does_not_exist_is_not_found(centre, pk):
    student(factories.session(code="OPEN"), centre, "Kuvetto")
    assert signed_in(factories.member(centre)).get(f"/sessions/OPEN/students/{pk}/").status_code == 404


def test_who_moves_to_another_school_is_out_of_the_old_ones_sight_at_once(centre):
    session = factories.session(code="OPEN")
    moved, stays = student(session, centre, "Kuvetto", **MARKS), student(session, centre, "Altra")
    new = factories.centre()
    old_browser, new_browser = signed_in(factories.member(centre)), signed_in(factories.member(new))
    assert "Kuvetto" in text_of(old_browser, "/sessions/OPEN/not-registered/")
    Entry.objects.filter(pk=moved.pk).update(preparation_centre=new)
    factories.approve(session.release)
    for address in [*everything(stays), "/sessions/OPEN/not-registered/"]:
        assert "Kuvetto" not in text_of(old_browser, address), address
        assert MARK not in text_of(old_browser, address), address
    assert old_browser.get(f"/sessions/OPEN/students/{moved.pk}/").status_code == 404
    assert figures_in(text_of(old_browser, "/sessions/")) == ["1", "1", "1"]
    for address in everything(moved):
        assert MARK in text_of(new_browser, address), address
    Entry.objects.filter(pk=stays.pk).update(preparation_centre=new)
    for address in [*everything(stays), "/sessions/OPEN/not-registered/"]:
        assert old_browser.get(address).status_code == 404, address


def figures_in(page: str) -> list[str]:
    """The numbers of the first session, or of a session's page."""
    found = re.search(r'<dl class="figures">(.*?)</dl>', page, flags=re.DOTALL)[1]
    return re.findall(r"<dd>(?:<a[^>]*>)?(\d+)", found)


def test_a_student_in_two_sessions_is_in_both_and_each_has_its_own_result(centre):
    first, second = factories.session(code="ONE"), factories.session(code="TWO", opens_in=HOUR)
    for session in (first, second):
        student(session, centre, "Kuvetto", **MARKS)
    browser = signed_in(factories.member(centre))
    assert MARK in text_of(browser, "/sessions/ONE/")
    page = text_of(browser, "/sessions/TWO/")
    assert "Kuvetto" in page
    assert MARK not in page


def test_a_person_of_two_schools_sees_both_and_the_sum(centre):
    session, second = factories.session(code="OPEN"), factories.centre()
    ours, theirs = student(session, centre, "Bianchi"), student(session, second, "Aldi")
    secretary = factories.member(centre)
    Membership.objects.create(user=secretary, centre=second)
    browser = signed_in(secretary)
    page = text_of(browser, "/sessions/OPEN/")
    assert names_in(page) == ["Aldi Alice", "Bianchi Alice"]
    assert figures_in(page)[0] == "2"
    for entry in (ours, theirs):
        assert browser.get(f"/sessions/OPEN/students/{entry.pk}/").status_code == 200
    stopping.stop_centre(
        session, second, factories.officer(), "Wrong file", Notice(it="Fermi.", en="We check.")
    )
    page = text_of(browser, "/sessions/OPEN/")
    assert "We check." in page
    assert "paused" in line_of(page, "Aldi")
    assert "Pass at Grade B" in line_of(page, "Bianchi")


# --- The sessions -------------------------------------------------------------------------------------


def test_the_sessions_say_how_many_students_how_many_results_and_who_is_missing(centre):
    session = factories.session(code="OPEN")
    factories.candidate(student(session, centre, "Kuvetto"))
    factories.entry(session, preparation_centre=centre)
    factories.entry(session, preparation_centre=centre)
    student(session, factories.centre(), "Loro")
    page = text_of(signed_in(factories.member(centre)), "/sessions/")
    assert figures_in(page) == ["3", "1", "2"]
    assert "/sessions/OPEN/not-registered/" in page


def test_a_school_without_students_and_a_person_without_school_are_told_in_words(centre):
    page = text_of(signed_in(factories.member(centre)), "/sessions/")
    assert "There are no sessions with students of yours yet." in page
    page = text_of(signed_in(factories.stranger()), "/sessions/")
    assert "your account acts for no preparation centre" in page


def test_many_sessions_come_in_pages_and_by_year(centre, monkeypatch):
    monkeypatch.setattr("centres.views.results.SESSIONS_A_PAGE", 2)
    for number, year in enumerate((2024, 2025, 2025, 2026)):
        session = factories.session(code=f"S{number}", exam_date=date(year, 6, 13))
        student(session, centre, "Kuvetto")
    browser = signed_in(factories.member(centre))
    page = text_of(browser, "/sessions/")
    assert "/sessions/S3/" in page
    assert "/sessions/S0/" not in page
    assert "?page=2" in page
    page = text_of(browser, "/sessions/?year=2024")
    assert "/sessions/S0/" in page
    assert "/sessions/S3/" not in page
    for year in ("1999", "x", "%00", "99999999999"):
        assert "/sessions/S3/" in text_of(browser, f"/sessions/?year={year}")


def test_a_session_whose_date_is_not_fixed_yet_says_so(centre):
    session = factories.session(code="OPEN", approved=False)
    student(session, centre, "Kuvetto")
    Release.objects.all().delete()
    browser = signed_in(factories.member(centre))
    assert "The date is not fixed yet." in text_of(browser, "/sessions/")
    for address in everything(Entry.objects.get()):
        assert "Pass at" not in text_of(browser, address)


# --- A student's statement ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exam", "outcome"),
    [("B2F", MARKS), ("YLM", {}), ("B1P", {"status": "pending"}), ("C1A", {"status": "X"})],
)
def test_the_school_reads_the_statement_word_for_word_as_the_student(centre, exam, outcome):
    entry = student(factories.session(exam, code="OPEN"), centre, "D’Alò", **outcome)
    candidate = FaceClient("candidates")
    candidate.force_login(factories.candidate(entry))

    def statement_in(page: str) -> str:
        """Without the address of its document, which each site has for itself."""
        article = re.search(r"<article.*?</article>", page, flags=re.DOTALL)[0]
        article = re.sub(r'href="[^"]*/pdf/"', "", article)
        return re.sub(
            r'<section class="inset certificate".*?</section>', "", article, flags=re.DOTALL
        ).split()

    own = statement_in(candidate.get("/statement/").content.decode())
    school = signed_in(factories.member(centre))
    assert statement_in(text_of(school, f"/sessions/OPEN/students/{entry.pk}/")) == own
    assert len(own) > 100
