"""A candidate who wishes so uncovers the result by a button; until then the page knows nothing of it."""

import re
from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from results import stopping
from results.exams import EXAMS
from results.models import Entry, Seen
from tests import factories
from tests.conftest import FaceClient, page_of
from tests.results.reading import text

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
MARK = 177
SKILLS = ("reading", "use_of_english", "writing", "listening", "speaking")
COVERED, OPEN, WAITING, PAUSED = (
    "Your result is here",
    "Pass at Grade B",
    "Your result is not out yet",
    "These results are paused",
)


def candidate_of(session, *, covers: bool = True, **fields) -> User:
    # A number of a row may hold the very digits of a mark.
    entry = factories.entry(session, id_number=f"QZX00000{Entry.objects.count()}")
    marks = dict.fromkeys(SKILLS, MARK) | {"overall": MARK, "result": "B", "cefr": "B2"}
    factories.statement(entry, **(fields or marks))
    return factories.candidate(entry, covers_result=covers)


def browser_of(user: User) -> FaceClient:
    browser = FaceClient("candidates")
    browser.force_login(user)
    return browser


def page(browser: FaceClient) -> str:
    response = browser.get("/statement/")
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return page_of(response)


def uncover(browser: FaceClient) -> str:
    response = browser.post("/statement/uncover/")
    assert (response.status_code, response.url) == (302, "/statement/#outcome")
    return page(browser)


def queries_of(browser: FaceClient) -> int:
    with CaptureQueriesContext(connection) as captured:
        page(browser)
    around = ("ROLE", "SAVEPOINT")
    return len([query for query in captured if not any(word in query["sql"] for word in around)])


# --- Covered ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_result_shows_straight_away_for_whoever_chose_nothing():
    user = factories.candidate(factories.entry(factories.session()))
    factories.statement(user.entries.get())
    assert not User.objects.get(pk=user.pk).covers_result
    assert OPEN in page(browser_of(user))


@pytest.mark.django_db
def test_the_button_shows_the_result_and_leads_to_it():
    browser = browser_of(candidate_of(factories.session()))
    covered = page(browser)
    assert COVERED in covered
    assert OPEN not in covered
    shown = uncover(browser)
    assert OPEN in shown
    assert '<h2 id="outcome" tabindex="-1">' in shown
    assert OPEN in page(browser)


@pytest.mark.django_db
def test_no_mark_is_anywhere_in_the_covered_page():
    answer = browser_of(candidate_of(factories.session())).get("/statement/")
    html = page_of(answer)
    for hidden in (str(MARK), "Grade", "Congratulations", "B2<", "chart", "data-status", 'certificate"'):
        assert hidden not in html
    assert str(MARK) not in str(answer.headers)
    assert not answer.cookies.keys() - {"candidates_csrf"}
    assert re.search(r"<title>\s*Your result is here –", html)


OUTCOMES = {
    "B2F": [
        {"overall": 185, "speaking": 185, "result": "A", "cefr": "C1"},
        {"overall": 130, "speaking": 130, "result": "NONE"},
        {"status": "X"},
        {"status": "withheld"},
    ],
    "YLM": [{"speaking": 5}, {"speaking": 1}, {"status": "X"}],
}


@pytest.mark.django_db
@pytest.mark.parametrize("exam", ["B2F", "YLM"])
def test_the_covered_page_is_the_same_byte_by_byte_whatever_the_result(exam):
    session, pages = factories.session(exam), set()
    for fields in OUTCOMES[exam]:
        user = candidate_of(session, **fields)
        pages.add(page_of(browser_of(user).get("/statement/")).replace(user.username, ""))
    assert len(pages) == 1
    assert COVERED in pages.pop()


@pytest.mark.django_db
@pytest.mark.parametrize("exam", EXAMS)
@pytest.mark.parametrize("language", ["en", "it"])
def test_every_exam_can_be_covered_and_uncovered_in_both_languages(exam, language):
    user = factories.candidate(factories.entry(factories.session(exam)), covers_result=True)
    factories.statement(user.entries.get())
    browser = browser_of(user)
    browser.cookies["language"] = language
    covered = text(page(browser))
    assert {"en": "Show my result", "it": "Mostra il mio risultato"}[language] in covered
    assert not re.search(r"\d of 5|\d su 5|Overall score|Punteggio", covered)
    shown = uncover(browser)
    assert 'data-status="result"' in shown


@pytest.mark.django_db
def test_what_is_covered_is_not_seen_until_the_button_is_pressed():
    browser = browser_of(candidate_of(factories.session()))
    page(browser)
    page(browser)
    assert not Seen.objects.exists()
    browser.post("/statement/uncover/")
    assert not Seen.objects.exists()  # the page that shows it is still to come
    page(browser)
    assert Seen.objects.count() == 1


# --- The gate comes first -----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("opens_in", "says"),
    [(SECOND, WAITING), (timedelta(0), COVERED), (-SECOND, COVERED)],
    ids=["T-1", "T", "T+1"],
)
def test_until_the_instant_the_page_waits_and_the_button_uncovers_nothing(opens_in, says):
    browser = browser_of(candidate_of(factories.session(opens_in=opens_in)))
    assert says in page(browser)
    shown = uncover(browser)
    assert (str(MARK) in shown) is (opens_in <= timedelta(0))
    assert Seen.objects.exists() is (opens_in <= timedelta(0))


@pytest.mark.django_db
def test_a_press_before_the_instant_uncovers_nothing_after_it():
    session = factories.session(opens_in=HOUR)
    browser = browser_of(candidate_of(session))
    uncover(browser)
    session.release.opens_at = factories.database_now() - HOUR
    session.release.approved_through = 2**62
    session.release.save()
    factories.approve(session.release)
    assert COVERED in page(browser)


@pytest.mark.django_db
@pytest.mark.parametrize("uncovered_before", [False, True])
def test_a_stop_is_above_the_cover_and_the_button(uncovered_before):
    session = factories.session()
    browser = browser_of(candidate_of(session))
    if uncovered_before:
        assert OPEN in uncover(browser)
    stops = stopping.stop_candidates(Entry.objects.all(), factories.officer(), "Wrong file")
    for shown in (page(browser), uncover(browser)):
        assert PAUSED in shown
        assert str(MARK) not in shown
    stopping.lift(type(stops[0]).objects.all(), factories.officer())
    assert (OPEN if uncovered_before else COVERED) in page(browser)


@pytest.mark.django_db
def test_an_amended_statement_is_covered_again_and_says_so():
    session = factories.session(approved=False)
    user = candidate_of(session)
    factories.approve_by_two(session.release)
    browser = browser_of(user)
    assert "It was amended" not in page(browser)
    uncover(browser)
    amended = dict.fromkeys((*SKILLS, "overall"), 181) | {"result": "A", "cefr": "C1"}
    factories.statement(user.entries.get(), version=2, reason="enquiry", **amended)
    factories.approve_by_two(session.release)

    covered = page(browser)

    assert "It was amended after you looked at it" in covered
    for hidden in (str(MARK), "181", "Grade", "enquiry"):
        assert hidden not in covered
    shown = uncover(browser)
    assert "Pass at Grade A" in shown
    assert "This statement was amended" in shown


@pytest.mark.django_db
def test_uncovering_counts_for_one_browser_and_until_it_signs_out():
    user = candidate_of(factories.session())
    browser, other = browser_of(user), browser_of(user)
    assert OPEN in uncover(browser)
    assert COVERED in page(other)
    browser.post("/sign-out/")
    browser.force_login(user)
    assert COVERED in page(browser)


@pytest.mark.django_db
def test_the_next_person_at_the_same_browser_finds_the_own_result_covered():
    session = factories.session()
    alice, bob = candidate_of(session), candidate_of(session)
    browser = browser_of(alice)
    uncover(browser)
    browser.post("/sign-out/")
    browser.post("/", {"username": bob.username, "password": factories.PASSWORD})
    assert bob.username in browser.get("/account/").content.decode()
    assert COVERED in page(browser)


# --- The choice ---------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("back", "leads_to"), [("account", "/account/"), ("statement", "/statement/")])
def test_the_choice_is_taken_and_leads_back(back, leads_to):
    user = candidate_of(factories.session(), covers=False)
    browser = browser_of(user)
    assert 'name="cover" value="yes"' in browser.get("/account/").content.decode()
    response = browser.post("/account/cover/", {"cover": "yes", "back": back})
    assert response.url == leads_to
    assert User.objects.get(pk=user.pk).covers_result
    assert 'name="cover" value="no"' in browser.get("/account/").content.decode()
    assert COVERED in page(browser)
    browser.post("/account/cover/", {"cover": "no", "back": back})
    assert not User.objects.get(pk=user.pk).covers_result
    assert OPEN in page(browser)


@pytest.mark.django_db
def test_the_choice_stands_on_the_waiting_page_too():
    user = candidate_of(factories.session(opens_in=HOUR), covers=False)
    browser = browser_of(user)
    assert "Show my result only when I press a button" in page(browser)
    browser.post("/account/cover/", {"cover": "yes", "back": "statement"})
    waiting = page(browser)
    assert "Your result will stay covered until you press the button." in waiting
    assert "Show my result straight away" in waiting
    assert "the button that shows your result appears here by itself" in waiting
    assert str(MARK) not in waiting


@pytest.mark.django_db
def test_who_covers_anew_covers_what_this_browser_has_shown():
    user = candidate_of(factories.session())
    browser = browser_of(user)
    uncover(browser)
    browser.post("/account/cover/", {"cover": "no"})
    browser.post("/account/cover/", {"cover": "yes"})
    assert COVERED in page(browser)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "form", [{}, {"cover": "\x00", "back": "\x00"}, {"cover": ["yes", "no"], "back": "//evil.example"}]
)
def test_odd_choices_cover_nothing_and_lead_nowhere_else(form):
    user = candidate_of(factories.session(), covers=False)
    response = browser_of(user).post("/account/cover/", form)
    assert response.url == "/statement/"
    assert not User.objects.get(pk=user.pk).covers_result


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/statement/uncover/", "/account/cover/"])
def test_following_a_link_chooses_and_uncovers_nothing(address):
    browser = browser_of(candidate_of(factories.session()))
    assert browser.get(address).status_code == 405
    assert COVERED in page(browser)


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/statement/uncover/", "/account/cover/"])
def test_a_forged_form_is_refused(address):
    browser = FaceClient("candidates", enforce_csrf_checks=True)
    browser.force_login(candidate_of(factories.session()))
    assert browser.post(address, {"cover": "no"}).status_code == 403
    assert COVERED in page(browser)


@pytest.mark.django_db
def test_nobody_without_an_entry_or_account_uncovers():
    assert FaceClient("candidates").post("/statement/uncover/").url.startswith("/?next=")
    stranger = browser_of(factories.candidate())
    assert stranger.post("/statement/uncover/").status_code == 302
    assert stranger.get("/statement/").status_code == 404


@pytest.mark.django_db
def test_nobody_uncovers_anothers_result():
    session = factories.session()
    alice, bob = candidate_of(session), candidate_of(session)
    uncover(browser_of(bob))
    assert COVERED in page(browser_of(alice))
    assert set(Seen.objects.values_list("entry__user", flat=True)) == {bob.pk}


# --- What it costs, and who may write it --------------------------------------------------------------


@pytest.mark.django_db
def test_covered_and_uncovered_cost_three_queries():
    browser = browser_of(candidate_of(factories.session()))
    assert queries_of(browser) == 3
    uncover(browser)  # which notes that it is seen
    assert queries_of(browser) == 3


@pytest.mark.django_db
def test_the_choice_is_a_candidates_alone():
    member = factories.member(factories.centre())
    with pytest.raises(IntegrityError, match="user_covers_result_as_candidate"):
        User.objects.filter(pk=member.pk).update(covers_result=True)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["centres", "worker"])
def test_no_other_public_role_writes_the_choice(role_connection, role):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role_connection(role).execute("UPDATE accounts_user SET covers_result = true")
