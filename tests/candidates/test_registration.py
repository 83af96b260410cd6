"""Registering from the slip."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Choice, Face, ThrottleCounter, User
from accounts.passwords import validate_candidate_password
from accounts.throttle import REGISTER_PER_NAME
from candidates import registering, texts
from results.models import Entry
from results.numbers import digest_secret_number
from tests import factories
from tests.conftest import page_of
from tests.factories import PASSWORD, SECRET_NUMBER


@pytest.fixture
def entry(db) -> Entry:
    return factories.entry(
        factories.session(), id_number="SIR094701", given_names="Zoë", family_name="Kuvetto"
    )


def registered():
    """The candidates' accounts."""
    return User.objects.filter(face=Face.CANDIDATES)


def slip(**changes) -> dict:
    """The form filled in right; a change to None leaves the field out."""
    filled = {
        "id_number": "SIR094701",
        "secret_number": SECRET_NUMBER,
        "email": "zoe@example.org",
        "password": PASSWORD,
        "confirm_password": PASSWORD,
        "terms": "on",
        "updates": "on",
    } | changes
    return {name: value for name, value in filled.items() if value is not None}


def test_the_page_has_the_labels_of_the_slip(candidates):
    page = candidates.get("/register/").content.decode()
    labels = [
        re.sub(r"<[^>]+>|\s+", " ", label).strip()
        for label in re.findall(r"<label[^>]*>(.*?)</label>", page, re.DOTALL)
    ]
    assert labels == [
        "ID Number",
        "Secret Number",
        "Email address",
        "Password",
        "Confirm password",
        "I agree to the terms of use",
        "Updates",
    ]
    assert re.search(r'<button type="submit"[^>]*>Submit</button>', page)


def test_a_slip_becomes_an_account_with_its_choices_and_a_mail(candidates, entry):
    response = candidates.post("/register/", slip())
    assert response.url == "/registered/"
    user = registered().get()
    entry.refresh_from_db()
    assert entry.user == user
    assert (user.username, user.face, user.email, user.language) == (
        "SIR094701",
        Face.CANDIDATES,
        "zoe@example.org",
        "en",
    )
    assert user.check_password(PASSWORD)
    assert list(user.choices.order_by("pk").values_list("kind", "agreed", "text_version")) == [
        ("terms", True, texts.TERMS_VERSION),
        ("updates", True, texts.UPDATES_VERSION),
    ]
    assert all(choice.made_at >= factories.database_now() for choice in Choice.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args FROM procrastinate_jobs")
        assert cursor.fetchall() == [("candidates.tasks.send_confirmation", f'{{"user_id": {user.pk}}}')]
    page = candidates.get("/registered/").content.decode()
    assert "zoe@example.org" in page
    assert "Zoë Kuvetto" in page


def test_updates_are_a_free_choice(candidates, entry):
    candidates.post("/register/", slip(updates=None))
    assert Choice.objects.get(kind="updates").agreed is False


@pytest.mark.parametrize(
    "typed", ["sir 094 701", "SIR-094701", " Sir094701 ", "SIRO947O1", "S1R09470I", "sir\u00a0094701"]
)
def test_spaces_hyphens_case_and_look_alikes_are_forgiven(candidates, entry, typed):
    assert candidates.post("/register/", slip(id_number=typed, secret_number="84 8-2")).status_code == 302


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"terms": None}, "Tick the box to agree to the terms of use"),
        ({"email": "zoe@"}, "Enter a valid email address"),
        ({"password": "kutov843"}, "You typed 5 letters and 3 digits"),
        ({"confirm_password": "kutoVe85"}, "The two passwords are not the same"),
        ({"password": "Matteo12", "confirm_password": "Matteo12"}, "easy to guess"),
        ({"password": "kuvett12", "confirm_password": "kuvett12"}, "Your own name is easy to guess"),
        ({"id_number": SECRET_NUMBER, "secret_number": "SIR094701"}, "you have swapped the two numbers"),
        ({"terms": None}, "Type your password again, twice."),
        ({"id_number": ""}, "Type the ID Number from your slip."),
        ({"secret_number": "8484"}, "Type your password again, twice."),
        ({"secret_number": "8483"}, "We cannot find this ID Number with this Secret Number"),
        ({"id_number": "SIR094702"}, "We cannot find this ID Number with this Secret Number"),
        ({"id_number": "x" * 5000}, "at most 200 characters"),
        ({"id_number": "SIR\x00"}, "Null characters are not allowed"),
    ],
)
def test_a_fault_has_its_message_stores_nothing_and_keeps_what_was_typed(candidates, entry, changes, message):
    response = candidates.post("/register/", slip(**changes))
    page = response.content.decode()
    assert response.status_code == 200
    assert message in page
    assert "There is a problem" in page
    assert changes.get("email", "zoe@example.org") in page
    assert PASSWORD not in page
    assert not registered().exists()
    assert Entry.objects.get().user is None


def test_a_slip_of_the_thumb_elsewhere_costs_no_try(candidates, entry):
    for _time in range(REGISTER_PER_NAME.failures + 3):
        candidates.post("/register/", slip(password="short"))
    assert not ThrottleCounter.objects.exists()
    assert candidates.post("/register/", slip()).status_code == 302


def test_unknown_number_and_wrong_secret_get_the_same_answer_after_the_same_work(
    candidates, entry, django_assert_num_queries
):
    answers = []
    for change in ({"secret_number": "8483"}, {"id_number": "SIR555555"}):
        filled = slip(**change)
        with django_assert_num_queries(4):  # role on, count the try, look for the entry, role off
            page = page_of(candidates.post("/register/", filled))
        page = page.replace(f'value="{filled["id_number"]}"', "ID").replace(filled["secret_number"], "SECRET")
        answers.append(page)
    assert answers[0] == answers[1]


def test_already_registered_is_said_to_who_knows_the_secret_and_to_nobody_else(candidates, entry):
    factories.candidate(entry)
    right = candidates.post("/register/", slip()).content.decode()
    assert "You are already registered" in right
    assert "/forgotten-password/" in right
    wrong = candidates.post("/register/", slip(secret_number="0000")).content.decode()
    assert "already registered with" not in wrong
    assert "We cannot find" in wrong
    assert registered().count() == 1


def test_guessing_secret_numbers_ends_at_the_limit_with_a_time(candidates, entry):
    for guess in range(REGISTER_PER_NAME.failures):
        assert candidates.post("/register/", slip(secret_number=f"{guess:04d}")).status_code == 200
    response = candidates.post("/register/", slip())
    assert response.status_code == 429
    assert re.search(
        r"Too many tries. Wait \d+ minutes, then try again: at \d\d:\d\d", response.content.decode()
    )
    assert not registered().exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_with_one_slip_exactly_one_succeeds():
    entry = factories.entry(factories.session(), id_number="SIR094701")
    together = Barrier(8)

    def run(number: int) -> bool:
        try:
            found = registering.find_entry("SIR094701", SECRET_NUMBER)
            together.wait()
            registering.register(
                found, SECRET_NUMBER, email=f"{number}@example.org", password=PASSWORD, updates=False
            )
        except registering.AlreadyRegistered:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(run, range(8))) == [False] * 7 + [True]
    entry.refresh_from_db()
    assert entry.user == registered().get()
    assert Choice.objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_the_candidates_face_can_claim_no_entry_without_its_secret_number(role_connection):
    """Even somebody who could run SQL there: digests are not readable, and the database asks for them."""
    entry = factories.entry(factories.session(), id_number="SIR094701")
    thief = factories.candidate()
    face = role_connection("candidates")
    for refused in (
        "SELECT secret_digest FROM results_entry",
        f"UPDATE results_entry SET user_id = {thief.pk}",
        f"UPDATE results_entry SET secret_digest = '{'0' * 64}'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            face.execute(refused)
    wrong, right = (digest_secret_number("SIR094701", secret) for secret in ("8483", SECRET_NUMBER))
    claim = "SELECT results_claim_entry(%s, %s, %s)"
    assert face.execute(claim, [entry.pk, wrong, thief.pk]).fetchone() == (False,)
    assert face.execute(claim, [entry.pk, right, thief.pk]).fetchone() == (True,)
    assert face.execute(claim, [entry.pk, right, factories.candidate().pk]).fetchone() == (False,)


@pytest.mark.django_db
def test_the_database_lets_a_claimed_entry_neither_change_hands_nor_vanish():
    entry = factories.entry(factories.session())
    factories.candidate(entry)
    bob = factories.candidate()
    for forbidden in (
        lambda: Entry.objects.filter(pk=entry.pk).update(user=bob),
        lambda: Entry.objects.filter(pk=entry.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            forbidden()


def test_the_suggestion_works_without_javascript_and_keeps_what_was_typed(candidates, entry):
    page = candidates.post("/register/", slip(suggest="1")).content.decode()
    suggested = re.search(r"Suggested password:\s*<strong>(\w+)</strong>", page).group(1)
    validate_candidate_password(suggested)
    assert 'value="zoe@example.org"' in page
    assert "There is a problem" not in page
    assert not registered().exists()


def test_the_registered_page_is_for_who_registered_only(candidates, entry):
    factories.candidate(entry)
    response = candidates.get("/registered/")
    assert (response.status_code, response.url) == (302, "/")
