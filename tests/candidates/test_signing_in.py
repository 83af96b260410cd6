"""Log in, sign out, and everything about the password."""

import re

import pytest

from accounts.models import Session, User
from accounts.throttle import LOGIN_PER_NAME, MAIL_PER_NAME
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
