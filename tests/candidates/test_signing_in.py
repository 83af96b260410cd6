"""Log in, sign out, and everything about the password."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Face, Session, User
from accounts.throttle import LOGIN_PER_NAME, MAIL_PER_NAME
from candidates import signing_in
from results.models import Entry
from tests import factories
from tests.conftest import FaceClient, page_of
from tests.factories import PASSWORD
from tests.mailbox import html_of, text_of, work

NEW_PASSWORD = "zulopa39"


@pytest.fixture
def alice(db) -> User:
    return factories.candidate(factories.entry(factories.session(), id_number="SIR094701"))


def log_in(browser, name="SIR094701", password=PASSWORD):
    return browser.post("/", {"username": name, "password": password})


def test_the_home_page_has_the_box_and_the_way_to_register(candidates):
    page = candidates.get("/").content.decode()
    assert re.search(r"<h2[^>]*>Log in</h2>", page)
    assert re.search(r'<button type="submit"[^>]*>Log in</button>', page)
    assert re.search(r'<a[^>]* href="/register/">Register</a>', page)


@pytest.mark.parametrize("typed", ["SIR094701", "sir 094-701", "SIRO947O1"])
def test_a_candidate_logs_in_and_lands_on_the_result(candidates, alice, typed):
    response = log_in(candidates, typed, f"{PASSWORD} ")
    assert (response.status_code, response.url) == (302, "/statement/")
    assert Session.objects.get().user == alice
    assert candidates.get("/").url == "/statement/"


def test_every_failure_has_the_same_answer(candidates, alice):
    bob = factories.candidate(factories.entry(factories.session(), id_number="SIR000002"), is_active=False)
    factories.staff()
    answers = set()
    for name, password in [
        ("SIR094701", "wrongp12"),
        ("SIR777777", PASSWORD),
        (bob.username, PASSWORD),
        ("officer@sirio.example.org", factories.LONG_PASSWORD),
        ("SIR094701", "8482"),
    ]:
        answers.add(
            page_of(log_in(candidates, name, password)).replace(name, "NAME").replace(name.upper(), "NAME")
        )
    assert len(answers) == 1
    assert "The ID Number or the password is not right" in answers.pop()
    assert not Session.objects.filter(user__isnull=False).exists()


def test_a_known_and_an_unknown_number_cost_one_hash_each(candidates, alice, monkeypatch):
    from accounts.hashers import PepperedArgon2

    hashed = []
    for name in ("encode", "verify"):
        real = getattr(PepperedArgon2, name)
        monkeypatch.setattr(
            PepperedArgon2,
            name,
            lambda self, *args, real=real, name=name: hashed.append(name) or real(self, *args),
        )
    log_in(candidates, "SIR094701", "wrongp12")
    log_in(candidates, "SIR777777", "wrongp12")
    assert hashed == ["verify", "encode"]


def test_guessing_ends_at_the_limit_and_the_candidates_own_phone_still_gets_in(candidates, alice):
    phone = FaceClient("candidates")
    log_in(phone)
    phone.post("/sign-out/")
    for _guess in range(LOGIN_PER_NAME.failures):
        assert log_in(candidates, password="wrongp12").status_code == 200
    refused = log_in(candidates)
    assert refused.status_code == 429
    assert "Too many tries" in refused.content.decode()
    assert log_in(phone).status_code == 302


def test_signing_out_ends_the_session_at_once(candidates, alice):
    log_in(candidates)
    cookie = candidates.cookies["candidates_session"].value
    candidates.post("/sign-out/")
    assert not Session.objects.exists()
    replay = FaceClient("candidates")
    replay.cookies["candidates_session"] = cookie
    assert replay.get("/statement/").url == "/?next=/statement/"


def test_a_session_of_one_face_opens_nothing_on_another(candidates, alice):
    log_in(candidates)
    cookie = candidates.cookies["candidates_session"].value
    for face, page in (("centres", "/sessions/"), ("staff", "/admin/")):
        other = FaceClient(face)
        other.cookies[f"{face}_session"] = cookie
        assert other.get(page).status_code == 302


@pytest.mark.parametrize(
    "cookie",
    ["x", "x" * 5000, '"\\000\\001aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"', "' OR 1=1 --aaaaaaaaaaaaaaaaaaaaaaa"],
)
def test_a_session_cookie_of_the_visitors_making_opens_nothing_and_breaks_nothing(candidates, db, cookie):
    candidates.cookies["candidates_session"] = cookie
    assert candidates.get("/statement/").status_code == 302


def test_changing_the_password_ends_all_other_sessions(candidates, alice):
    elsewhere = FaceClient("candidates")
    log_in(elsewhere)
    log_in(candidates)
    response = candidates.post(
        "/account/password/",
        {"current_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
    )
    assert response.url == "/account/"
    assert candidates.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    assert log_in(FaceClient("candidates")).status_code == 200
    assert log_in(FaceClient("candidates"), password=NEW_PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"current_password": "wrongp12"}, "This is not your current password"),
        ({"new_password1": "kutov843"}, "You typed 5 letters and 3 digits"),
        ({"new_password1": "bianch12", "new_password2": "bianch12"}, "easy to guess"),
        ({"new_password2": "zulopa38"}, "The two passwords are not the same"),
    ],
)
def test_a_bad_change_of_password_changes_nothing(candidates, alice, changes, message):
    log_in(candidates)
    form = {
        "current_password": PASSWORD,
        "new_password1": NEW_PASSWORD,
        "new_password2": NEW_PASSWORD,
    } | changes
    assert message in candidates.post("/account/password/", form).content.decode()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(mailbox):
    candidates = FaceClient("candidates")
    entry = factories.entry(factories.session(), id_number="SIR094701", given_names="Zoë")
    factories.candidate(entry, language="en")
    known = candidates.post("/forgotten-password/", {"username": "sir 094701"})
    unknown = candidates.post("/forgotten-password/", {"username": "SIR555555"})
    assert page_of(known) == page_of(unknown)

    work()
    assert [message.envelope_to for message in mailbox] == [["alice@example.org"]]
    assert PASSWORD not in text_of(mailbox[0])
    link = re.search(r"http://results\.example\.org(/new-password/\S+)", text_of(mailbox[0])).group(1)
    assert link in html_of(mailbox[0])

    page = candidates.get(candidates.get(link).url)
    assert "SIR094701" not in page.request["PATH_INFO"]
    target = page.request["PATH_INFO"]
    easy = candidates.post(target, {"new_password1": "summer12", "new_password2": "summer12"})
    assert "easy to guess" in easy.content.decode()
    done = candidates.post(target, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})
    assert done.url == "/"
    assert log_in(FaceClient("candidates"), password=NEW_PASSWORD).status_code == 302
    again = FaceClient("candidates").get(link, follow=True)
    assert "used already" in again.content.decode()
    work()
    assert "Your password was changed" in mailbox[-1]["subject"]


@pytest.mark.django_db
def test_a_link_older_than_60_minutes_is_dead(alice, settings, candidates):
    from accounts.links import password_link

    link = password_link(alice).removeprefix("http://results.example.org")
    assert candidates.get(link).status_code == 302
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "older than 60 minutes" in FaceClient("candidates").get(link).content.decode()


def test_mails_cannot_be_asked_for_without_end(candidates, alice):
    for _time in range(MAIL_PER_NAME.failures):
        assert candidates.post("/forgotten-password/", {"username": "SIR094701"}).status_code == 200
    assert candidates.post("/forgotten-password/", {"username": "SIR094701"}).status_code == 429


@pytest.mark.django_db(transaction=True)
def test_a_new_address_takes_effect_and_both_are_told(mailbox):
    candidates = FaceClient("candidates")
    alice = factories.candidate(factories.entry(factories.session(), id_number="SIR094701"), language="en")
    log_in(candidates)
    wrong = candidates.post("/account/email/", {"email": "new@example.org", "current_password": "wrongp12"})
    assert "not your current password" in wrong.content.decode()
    candidates.post("/account/email/", {"email": "new@example.org", "current_password": PASSWORD})
    work()
    assert {tuple(message.envelope_to): message["subject"] for message in mailbox} == {
        ("new@example.org",): "Please confirm your email address",
        ("alice@example.org",): "Your email address was changed",
    }
    check = next(message for message in mailbox if message.envelope_to == ["new@example.org"])
    link = re.search(r"http://results\.example\.org(/confirm/\S+)", text_of(check)).group(1)
    alice.refresh_from_db()
    assert alice.email_confirmed_at is None
    assert candidates.get(link).status_code == 200
    alice.refresh_from_db()
    assert alice.email_confirmed_at is not None
    assert candidates.get(f"{link[:-6]}/").status_code == 404


def test_the_language_switch_is_remembered_by_the_account(candidates, alice):
    log_in(candidates)
    response = candidates.post("/language/", {"language": "en", "next": "/account/"})
    assert response.url == "/account/"
    alice.refresh_from_db()
    assert alice.language == "en"
    assert 'lang="en"' in candidates.get("/account/").content.decode()


def test_the_account_brings_its_language_unless_this_browser_has_chosen_one(candidates, alice):
    User.objects.filter(pk=alice.pk).update(language="it")
    log_in(candidates)
    assert 'lang="it"' in candidates.get("/account/").content.decode()
    chosen = FaceClient("candidates")
    chosen.post("/language/", {"language": "en", "next": "/"})
    log_in(chosen)
    assert 'lang="en"' in chosen.get("/account/").content.decode()
    alice.refresh_from_db()
    assert alice.language == "it"


def test_the_language_switch_leads_to_no_other_site(candidates):
    assert candidates.post("/language/", {"language": "it", "next": "https://evil.example/"}).url == "/"


def test_updates_can_be_stopped_and_taken_up_again(candidates, alice):
    log_in(candidates)
    candidates.post("/account/updates/", {"updates": "yes"})
    candidates.post("/account/updates/", {"updates": "no"})
    assert list(alice.choices.order_by("pk").values_list("agreed", flat=True)) == [True, False]
    assert "Get updates" in candidates.get("/account/").content.decode()


# --- Several exams in one account -------------------------------------------------------------------

NUMBERS = ("SIR094701", "SIR094702", "TIR000003")


@pytest.fixture
def alice_with_three(alice) -> User:
    for number in NUMBERS[1:]:
        entry = factories.entry(factories.session(), id_number=number)
        Entry.objects.filter(pk=entry.pk).update(user=alice)
    return alice


@pytest.mark.parametrize("number", [*NUMBERS, "sir 094-702", "tir OOOOO3"])
def test_any_number_of_the_account_signs_in_with_the_one_password(alice_with_three, number):
    browser = FaceClient("candidates")
    assert log_in(browser, number, "wrongp12").status_code == 200
    assert log_in(browser, number).url == "/statement/"
    assert Session.objects.get(user__isnull=False).user == alice_with_three


@pytest.mark.parametrize("spread", [1, 2, 3])
def test_guesses_at_all_numbers_of_an_account_count_together(alice_with_three, spread):
    browser = FaceClient("candidates")
    for guess in range(LOGIN_PER_NAME.failures):
        assert log_in(browser, NUMBERS[guess % spread], "wrongp12").status_code == 200
    for number in NUMBERS:
        assert log_in(browser, number).status_code == 429
        assert log_in(browser, number, "wrongp12").status_code == 429


@pytest.mark.django_db(transaction=True)
def test_of_parallel_guesses_at_all_numbers_no_more_than_the_limit_are_evaluated(monkeypatch):
    alice = factories.candidate(factories.entry(factories.session(), id_number=NUMBERS[0]))
    for number in NUMBERS[1:]:
        entry = factories.entry(factories.session(), id_number=number)
        Entry.objects.filter(pk=entry.pk).update(user=alice)
    from accounts.hashers import PepperedArgon2

    verified = []
    monkeypatch.setattr(PepperedArgon2, "verify", lambda _self, password, _encoded: verified.append(password))
    together = Barrier(6)
    forms = [signing_in_form(number) for number in NUMBERS * 10]

    def guess(share) -> None:
        try:
            together.wait()
            for form in share:
                form.is_valid()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(guess, [forms[n::6] for n in range(6)]))
    assert len(verified) == LOGIN_PER_NAME.failures


def signing_in_form(number: str):
    from django.test import RequestFactory

    from candidates.forms import CandidateSignInForm

    request = RequestFactory().post("/")
    return CandidateSignInForm(request, {"username": number, "password": "wrongp12"})


def test_a_phone_that_signed_in_with_one_number_is_known_with_all(alice_with_three):
    phone, stranger = FaceClient("candidates"), FaceClient("candidates")
    log_in(phone, NUMBERS[0])
    phone.post("/sign-out/")
    for guess in range(LOGIN_PER_NAME.failures + 1):
        log_in(stranger, NUMBERS[guess % 3], "wrongp12")
    assert log_in(stranger, NUMBERS[1]).status_code == 429
    assert log_in(phone, NUMBERS[2]).status_code == 302


def test_getting_in_with_one_number_forgets_the_failures_with_another(alice_with_three):
    browser = FaceClient("candidates")
    for _guess in range(LOGIN_PER_NAME.failures - 1):
        log_in(browser, NUMBERS[1], "wrongp12")
    assert log_in(browser, NUMBERS[2]).status_code == 302
    stranger = FaceClient("candidates")
    for _guess in range(LOGIN_PER_NAME.failures):
        assert log_in(stranger, NUMBERS[0], "wrongp12").status_code == 200


def test_the_failures_of_another_account_stay_apart(alice_with_three):
    bob = factories.candidate(factories.entry(factories.session(), id_number="SIR000002"))
    browser = FaceClient("candidates")
    for _guess in range(LOGIN_PER_NAME.failures + 1):
        log_in(browser, NUMBERS[1], "wrongp12")
    assert log_in(browser, bob.username).status_code == 302


def test_known_and_unknown_numbers_cost_the_same_statements(alice_with_three):
    browser = FaceClient("candidates")

    def statements(number: str) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            log_in(browser, number, "wrongp12")
        return [re.sub(r"'[^']*'|[0-9]+", "?", query["sql"])[:120] for query in captured]

    unknown = statements("SIR777777")
    assert len([sql for sql in unknown if "ROLE" not in sql]) == 2  # whose number it is; the count
    for number in NUMBERS:
        assert statements(number) == unknown


def test_signing_in_costs_seven_statements_with_one_number_and_with_several(alice):
    def statements(number: str) -> int:
        browser = FaceClient("candidates")
        with CaptureQueriesContext(connection) as captured:
            assert log_in(browser, number).status_code == 302
        return len([q for q in captured if not re.search("ROLE|SAVEPOINT", q["sql"])])

    one = statements("SIR094701")
    entry = factories.entry(factories.session(), id_number=NUMBERS[1])
    Entry.objects.filter(pk=entry.pk).update(user=alice)
    assert statements(NUMBERS[1]) == statements("SIR094701") == one == 7


def test_a_number_leads_to_the_account_that_its_exam_belongs_to_whatever_accounts_are_called(alice):
    """Somebody who could write accounts by SQL takes no number over: an entry's account is asked for."""
    entry = factories.entry(factories.session(), id_number=NUMBERS[1])
    Entry.objects.filter(pk=entry.pk).update(user=alice)
    squatter = User.objects.create_user(
        NUMBERS[1], "zulopa39", face=Face.CANDIDATES, email="mallory@example.org"
    )
    browser = FaceClient("candidates")
    assert log_in(browser, NUMBERS[1], "zulopa39").status_code == 200
    assert log_in(browser, NUMBERS[1]).status_code == 302
    assert Session.objects.get(user__isnull=False).user == alice
    assert signing_in.name_of(NUMBERS[1]) == alice.username
    assert signing_in.name_of("SIR777777") == "SIR777777"
    assert squatter.entries.count() == 0


def test_a_number_whose_account_is_gone_signs_nobody_in_and_can_be_registered_again(alice, candidates):
    User.objects.filter(pk=alice.pk).delete()
    assert Entry.objects.get(id_number="SIR094701").user is None
    assert log_in(candidates).status_code == 200
    form = {"id_number": "SIR094701", "secret_number": factories.SECRET_NUMBER, "email": "a@example.org"}
    form |= {"password": PASSWORD, "confirm_password": PASSWORD, "terms": "on"}
    assert candidates.post("/register/", form).url == "/registered/"
    assert log_in(FaceClient("candidates")).status_code == 302


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", NUMBERS[:2])
def test_a_forgotten_password_is_replaced_by_way_of_any_number(mailbox, number):
    alice = factories.candidate(factories.entry(factories.session(), id_number=NUMBERS[0]))
    entry = factories.entry(factories.session(), id_number=NUMBERS[1])
    Entry.objects.filter(pk=entry.pk).update(user=alice)
    candidates = FaceClient("candidates")
    known = candidates.post("/forgotten-password/", {"username": number})
    assert page_of(known) == page_of(candidates.post("/forgotten-password/", {"username": "SIR555555"}))
    work()
    assert [message.envelope_to for message in mailbox] == [["alice@example.org"]]


def test_mails_asked_for_with_several_numbers_share_one_limit(alice_with_three):
    browser = FaceClient("candidates")
    for number in NUMBERS[: MAIL_PER_NAME.failures]:
        assert browser.post("/forgotten-password/", {"username": number}).status_code == 200
    for number in NUMBERS:
        assert browser.post("/forgotten-password/", {"username": number}).status_code == 429
