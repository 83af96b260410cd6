"""What the help desk does for an account: each verb, who may, what it refuses, and that it is logged."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import connection

from accounts import helping, throttle
from accounts.links import password_link, read_confirmation
from accounts.models import Face, Session, User
from candidates import registering
from results_portal.models import AuditNote
from results_portal.office import AUDITOR, HELP_DESK
from tests import factories
from tests.conftest import FaceClient, database_role
from tests.mailbox import text_of, work

NEW = "right@example.org"


@pytest.fixture
def helper(db) -> User:
    return factories.officer(HELP_DESK)


@pytest.fixture
def alice(db) -> User:
    """A candidate whose address is confirmed."""
    entry = factories.entry(factories.session(), id_number="SIR094701")
    return factories.candidate(entry, email_confirmed_at=factories.database_now())


@pytest.fixture
def member(db) -> User:
    return factories.member(factories.centre(), email_confirmed_at=factories.database_now())


def sign_in(name: str, password: str):
    return FaceClient("candidates").post("/", {"username": name, "password": password})


def lock_out(name: str) -> None:
    for _try in range(throttle.LOGIN_PER_NAME.failures):
        sign_in(name, "wrongW00")
    assert sign_in(name, factories.PASSWORD).status_code == 429


# --- Unlock -----------------------------------------------------------------------------------------


def test_a_locked_name_is_seen_and_unlocked(helper, alice):
    assert throttle.locks_of({alice.username}, Face.CANDIDATES) == []
    lock_out(alice.username)
    (lock,) = throttle.locks_of({alice.username}, Face.CANDIDATES)
    assert lock.limit == throttle.LOGIN_PER_NAME
    assert timedelta(0) < lock.until - factories.database_now() <= throttle.LOGIN_PER_NAME.window
    helping.unlock({alice.username}, Face.CANDIDATES, helper, about=alice)
    assert throttle.locks_of({alice.username}, Face.CANDIDATES) == []
    assert sign_in(alice.username, factories.PASSWORD).status_code == 302


def test_looking_at_the_locks_counts_nothing(alice):
    for _try in range(throttle.LOGIN_PER_NAME.failures - 1):
        sign_in(alice.username, "wrongW00")
        throttle.locks_of({alice.username}, Face.CANDIDATES)
    assert sign_in(alice.username, factories.PASSWORD).status_code == 302


def test_unlocking_one_name_leaves_others_and_other_sites_locked(helper, alice):
    other = factories.candidate(factories.entry(factories.session()))
    lock_out(alice.username)
    lock_out(other.username)
    helping.unlock({alice.username}, Face.CENTRES, helper, about=alice)
    assert sign_in(alice.username, factories.PASSWORD).status_code == 429
    helping.unlock({alice.username}, Face.CANDIDATES, helper, about=alice)
    assert sign_in(other.username, factories.PASSWORD).status_code == 429


def test_an_id_number_that_nobody_has_registered_with_is_unlocked_too(helper):
    entry = factories.entry(factories.session())
    for _try in range(throttle.REGISTER_PER_NAME.failures):
        with FaceClient("candidates").face_settings():
            throttle.registration(entry.id_number, "192.0.2.1")
    assert throttle.locks_of({entry.id_number}, Face.CANDIDATES)
    helping.unlock({entry.id_number}, Face.CANDIDATES, helper, about=entry)
    assert not throttle.locks_of({entry.id_number}, Face.CANDIDATES)
    assert AuditNote.objects.get().entry_id == entry.pk


# --- Mails ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_candidate_gets_the_whole_confirmation_again(mailbox):
    helper = factories.officer(HELP_DESK)
    entry = factories.entry(factories.session(opens_in=timedelta(days=1)), id_number="SIR094701")
    user = registering.register(
        entry, factories.SECRET_NUMBER, email="alice@example.org", password=factories.PASSWORD, updates=False
    )
    helping.resend_confirmation(user, helper)
    work()
    assert [message["To"] for message in mailbox] == ["alice@example.org"] * 2
    assert text_of(mailbox[0]) == text_of(mailbox[1])


@pytest.mark.django_db(transaction=True)
def test_a_centre_member_is_asked_to_confirm_the_address_again(mailbox):
    member = factories.member(factories.centre())
    helping.resend_confirmation(member, factories.officer(HELP_DESK))
    work()
    (message,) = mailbox
    assert message["To"] == member.email
    token = text_of(message).split("/confirm/")[1].split("/")[0]
    assert read_confirmation(token) == (member.pk, member.email)


@pytest.mark.django_db(transaction=True)
def test_a_reset_sends_the_usual_link_to_the_address_on_record(mailbox):
    entry = factories.entry(factories.session())
    user = factories.candidate(entry, email_confirmed_at=factories.database_now())
    before = user.password
    helping.start_password_reset(user, factories.officer(HELP_DESK))
    work()
    (message,) = mailbox
    assert message["To"] == "alice@example.org"
    assert "/new-password/" in text_of(message)
    user.refresh_from_db()
    assert user.password == before


def test_no_password_is_reset_while_the_address_is_not_confirmed(helper, alice):
    User.objects.filter(pk=alice.pk).update(email_confirmed_at=None)
    alice.refresh_from_db()
    with pytest.raises(ValidationError, match="not confirmed"):
        helping.start_password_reset(alice, helper)
    assert not AuditNote.objects.exists()
    assert not LogEntry.objects.exists()


def test_a_mistyped_address_never_gets_the_account(helper, alice):
    """It is corrected first; links that went to the wrong mailbox are dead, and no new ones go out."""
    User.objects.filter(pk=alice.pk).update(email="wrong@example.org", email_confirmed_at=None)
    alice.refresh_from_db()
    old_link = password_link(alice).removeprefix("http://results.example.org")
    helping.correct_address(alice, NEW, helper, "Mistyped; identity card seen")
    alice.refresh_from_db()
    assert (alice.email, alice.email_confirmed_at) == (NEW, None)
    page = FaceClient("candidates").get(old_link, follow=True).content.decode()
    assert 'name="new_password1"' not in page
    with pytest.raises(ValidationError, match="not confirmed"):
        helping.start_password_reset(alice, helper)


@pytest.mark.parametrize("verb", ["resend_confirmation", "start_password_reset"])
def test_an_account_that_is_switched_off_gets_no_mail(helper, alice, verb):
    alice.is_active = False
    alice.save()
    with pytest.raises(ValidationError, match="switched off"):
        getattr(helping, verb)(alice, helper)


# --- Address ----------------------------------------------------------------------------------------


def jobs() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs ORDER BY id")
        return [name.rpartition(".")[2] for (name,) in cursor]


def test_the_old_address_is_told_and_the_new_one_asked(helper, alice):
    helping.correct_address(alice, f" {NEW} ", helper, "Lost the mailbox; called back at home")
    alice.refresh_from_db()
    assert (alice.email, alice.email_confirmed_at, alice.username) == (NEW, None, "SIR094701")
    assert jobs() == ["send_address_changed", "send_address_check"]
    words = "Corrected the address from alice@example.org to right@example.org: Lost the mailbox;"
    assert AuditNote.objects.get().words.startswith(words)
    assert LogEntry.objects.get().change_message.startswith(words)


def test_an_address_that_was_never_confirmed_is_not_told(helper, alice):
    User.objects.filter(pk=alice.pk).update(email_confirmed_at=None)
    helping.correct_address(alice, NEW, helper, "Mistyped")
    assert jobs() == ["send_address_check"]


def test_a_member_signs_in_with_the_new_address(helper, member):
    helping.correct_address(member, "Nuova@Liceo.example.org", helper, "New secretary’s mailbox")
    member.refresh_from_db()
    assert member.username == member.email == "nuova@liceo.example.org"


@pytest.mark.parametrize(
    ("address", "reason", "field"),
    [
        ("alice@example.org", "Same", "address"),
        ("no address", "Mistyped", "address"),
        ("", "Mistyped", "address"),
        ('"a@b"@example.org', "Odd", "address"),
        (f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.org", "Long", "address"),
        (NEW, "  ", "reason"),
        (NEW, "x" * 201, "reason"),
    ],
)
def test_an_address_that_cannot_be_is_refused_by_field(helper, alice, address, reason, field):
    with pytest.raises(ValidationError) as refused:
        helping.correct_address(alice, address, helper, reason)
    assert list(refused.value.message_dict) == [field]
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    assert jobs() == []


def test_two_members_have_no_address_in_common(helper, member):
    other = factories.member(factories.centre())
    with pytest.raises(ValidationError, match="Another account"):
        helping.correct_address(member, other.email.upper(), helper, "Mistyped")


# --- Sessions, rights, log --------------------------------------------------------------------------


def test_ending_all_sessions_signs_out_one_person_everywhere(helper, alice, member):
    browsers = [FaceClient("candidates"), FaceClient("candidates")]
    for browser in browsers:
        browser.force_login(alice)
    FaceClient("centres").force_login(member)
    helping.end_sessions(alice, helper)
    assert all(browser.get("/account/").status_code == 302 for browser in browsers)
    assert Session.objects.get().user == member


VERBS = {
    "unlock": lambda user, by: helping.unlock(helping.names_of(user), user.face, by, about=user),
    "resend": helping.resend_confirmation,
    "reset": helping.start_password_reset,
    "address": lambda user, by: helping.correct_address(user, NEW, by, "Mistyped"),
    "sessions": helping.end_sessions,
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
@pytest.mark.parametrize("face", ["candidates", "centres"])
def test_each_verb_works_with_the_rights_of_the_staffs_database_role(helper, alice, member, verb, face):
    user = {"candidates": alice, "centres": member}[face]
    with database_role("portal_staff"):
        verb(user, helper)
    note = AuditNote.objects.get()
    assert (note.kind, note.account_id, note.context["user"]) == ("other", user.pk, helper.pk)
    log = LogEntry.objects.get()
    assert (log.user, log.object_id, log.change_message) == (helper, str(user.pk), note.words)


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_nobody_helps_without_the_right(alice, member, verb):
    for by in (factories.officer(AUDITOR), factories.officer(HELP_DESK, is_active=False), member, alice):
        with pytest.raises(ValidationError, match="may not do this"):
            verb(alice, by)
    assert not AuditNote.objects.exists()
    assert jobs() == []


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_staff_accounts_are_a_superusers_business(helper, verb):
    with pytest.raises(ValidationError, match="may not do this"):
        verb(factories.staff(), helper)
