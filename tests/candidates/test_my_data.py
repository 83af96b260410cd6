"""My data: who has opened a result, the copy of everything held, and the deletion of an account."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.devices import known_device
from accounts.models import Choice, Session, User
from accounts.sessions import GIVEN_AT, PASSWORD_COUNTS_FOR
from accounts.throttle import LOGIN_PER_DEVICE
from candidates import deleting, labels, my_data
from candidates.registering import record_choice
from results import certificates, stopping
from results.mailing import sending
from results.models import (
    Entry,
    Look,
    Mail,
    Release,
    Seen,
    Share,
    ShareOpening,
    SlipIssue,
    Verification,
)
from results.stopping import Notice
from results_portal import audit
from results_portal.models import AuditEntry, AuditNote
from tests import factories
from tests.conftest import FaceClient
from tests.factories import PASSWORD, SECRET_NUMBER
from tests.mailbox import html_of, text_of, work

SECOND = timedelta(seconds=1)
MARK, OTHER_MARK = 177, 163  # scores that stand nowhere else
EXPORT, READABLE, DELETE = "/my-data/export.json", "/my-data/readable/", "/my-data/delete/"


def result(entry: Entry, mark: int = MARK, **fields):
    skills = dict.fromkeys(("reading", "use_of_english", "writing", "listening", "speaking"), mark)
    return factories.statement(entry, overall=mark, result="B", cefr="B2", **skills, **fields)


@pytest.fixture
def school(db):
    return factories.centre(name="Liceo Volta")


@pytest.fixture
def alice(school) -> User:
    """A candidate with one open result."""
    entry = factories.entry(
        factories.session(), id_number="SIR094701", preparation_centre=school, email="mum@example.org"
    )
    result(entry)
    return factories.candidate(entry)


@pytest.fixture
def bob(db) -> User:
    entry = factories.entry(factories.session(), given_names="Bob", id_number="SIR777777")
    result(entry, OTHER_MARK)
    return factories.candidate(entry, email="bob@example.org")


def signed_in(user: User, password: str = PASSWORD) -> FaceClient:
    """A browser in which the password was given just now."""
    browser = FaceClient("candidates")
    assert browser.post("/", {"username": user.username, "password": password}).status_code == 302
    return browser


def export_of(user: User) -> dict:
    response = signed_in(user).get(EXPORT)
    assert response.status_code == 200
    return json.loads(response.content)


def open_in(time: timedelta) -> None:
    Release.objects.update(opens_at=factories.database_now() + time)


def look_as_office(entry: Entry) -> User:
    person = factories.officer()
    audit.record(None, AuditNote.Kind.LOOKED, entry.statements.get())
    return person


def look_as_school(entry: Entry, school, days_ago: int = 0) -> User:
    """A look days_ago, and another by the same person a day later."""
    person = factories.member(school)
    first = factories.database_now() - timedelta(days=days_ago)
    last = first + timedelta(days=1)
    Look.objects.create(entry=entry, preparation_centre=school, account=person, first_at=first, last_at=last)
    return person


# --- The page ---------------------------------------------------------------------------------------


def test_the_page_says_what_is_held_and_shows_no_mark(alice, bob):
    browser = signed_in(alice)
    assert 'href="/my-data/"' in browser.get("/account/").content.decode()
    page = browser.get("/my-data/").content.decode()
    for words in ("SIR094701", "14 March 2010", "Liceo Volta", "mum@example.org", "alice@example.org"):
        assert words in page
    assert str(MARK) not in page
    assert "Bob" not in page
    assert "bob@example.org" not in page


def test_who_opened_a_result_is_told_without_the_name_of_a_person(alice, school):
    entry = alice.entries.get()
    officer, secretary = look_as_office(entry), look_as_school(entry, school)
    browser = signed_in(alice)
    browser.get("/statement/")
    page = browser.get("/my-data/").content.decode()
    assert "<strong>You</strong>: for the first time on" in page
    assert "<strong>Our exams office</strong>" in page
    assert "<strong>Liceo Volta</strong>" in page
    for person in (officer, secretary):
        assert person.email not in page
        assert person.email not in json.dumps(export_of(alice))


def test_two_people_of_a_school_are_one_line_with_its_first_and_last_time(alice, school):
    entry = alice.entries.get()
    look_as_school(entry, school, days_ago=9)
    look_as_school(entry, school, days_ago=5)
    look_as_school(entry, factories.centre(name="Liceo Galvani"), days_ago=20)  # where she was before
    now = factories.database_now()
    former, own = my_data.openings_of(alice)[entry.pk]
    assert former.name == "Liceo Galvani"
    assert (own.who, own.name) == ("school", "Liceo Volta")
    assert (own.first_at, own.last_at) == (now - timedelta(days=9), now - timedelta(days=4))


def test_looks_at_another_persons_result_are_not_told(alice, bob):
    look_as_office(bob.entries.get())
    assert my_data.openings_of(alice) == {}
    assert len(my_data.openings_of(bob)[bob.entries.get().pk]) == 1


@pytest.mark.parametrize("state", ["before", "stopped"])
def test_looks_show_only_while_the_result_does(alice, state):
    entry = alice.entries.get()
    look_as_office(entry)
    assert my_data.openings_of(alice)
    if state == "before":
        open_in(SECOND)
    else:
        stopping.stop_session(entry.session, factories.officer(), "Wrong file")
    assert my_data.openings_of(alice) == {}
    assert export_of(alice)["exams"][0]["opened_by"] == []


def test_updates_are_chosen_here_and_the_history_stays(alice):
    record_choice(alice, Choice.Kind.TERMS, agreed=True)
    browser = signed_in(alice)
    response = browser.post("/account/updates/", {"updates": "yes", "back": "my-data"}, follow=True)
    assert response.redirect_chain == [("/my-data/", 302)]
    browser.post("/account/updates/", {"updates": "no", "back": "my-data"})
    page = browser.get("/my-data/").content.decode()
    assert "you agreed to the terms of use" in page
    assert "you wanted updates by email" in page
    assert "you wanted no updates by email" in page


def test_other_browsers_are_signed_out_and_this_one_stays(alice, bob):
    phone, computer, bobs = signed_in(alice), signed_in(alice), signed_in(bob)
    assert "Another browser" in phone.get("/my-data/").content.decode()
    assert phone.post("/my-data/sessions/end/").url == "/my-data/"
    page = phone.get("/my-data/").content.decode()
    assert "Another browser" not in page
    assert "You are signed out everywhere else." in page
    assert computer.get("/my-data/").status_code == 302
    assert bobs.get("/my-data/").status_code == 200


def test_the_page_costs_the_same_with_one_exam_and_with_three(alice, school):
    entry = alice.entries.get()
    browser, queries = signed_in(alice), []
    for _round in range(2):
        browser.get("/my-data/")
        with CaptureQueriesContext(connection) as captured:
            browser.get("/my-data/")
        queries.append(len(captured))
        for _exam in range(2):
            another = factories.entry(factories.session("C1A"), preparation_centre=school)
            result(another)
            Entry.objects.filter(pk=another.pk).update(user=alice)
            for each in (entry, another):
                look_as_office(each)
    assert queries[0] == queries[1]


# --- The copy ---------------------------------------------------------------------------------------

# Each column that points at an entry or an account: the key in the copy, or why there is none. A new table
# about a person is decided here before it ships, and results_delete_own_account with it.
ABOUT_AN_ENTRY = {
    "results_statement.entry_id": "statement, earlier_versions: as the gate shows them",
    "results_certificate.entry_id": "certificate: as the gate shows it, without the office's own note",
    "results_seen.entry_id": "opened_by",
    "results_look.entry_id": "opened_by",
    "results_mail.entry_id": "emails",
    "results_slipissue.entry_id": "slips",
    "results_share.entry_id": "links",
    "results_stop.entry_id": "notice",
    "centres_studentquestion.entry_id": "none: not_in_here says so",
}
GOES_WITH_AN_ACCOUNT = {
    "accounts_choice.user_id": "choices",
    "accounts_session.user_id": "sessions",
    "results_entry.user_id": "exams; set free",
    "results_mail.user_id": "emails",
    "results_share.user_id": "links",
}
NEVER_OF_A_CANDIDATE = {
    "accounts_user_groups.user_id",
    "accounts_user_user_permissions.user_id",
    "centres_accessrequest.answered_by_id",
    "centres_invitation.invited_by_id",
    "centres_material.uploaded_by_id",
    "centres_materialvisit.user_id",
    "centres_membership.user_id",
    "centres_newsdigest.user_id",
    "centres_newsreader.user_id",
    "centres_pack.asked_by_id",
    "centres_post.author_id",
    "centres_studentquestion.answered_by_id",
    "centres_studentquestion.asked_by_id",
    "django_admin_log.user_id",
    "django_otp_webauthn_webauthncredential.user_id",
    "django_otp_webauthn_webauthnuserhandle.user_id",
    "otp_static_staticdevice.user_id",
    "otp_totp_totpdevice.user_id",
    "results_approval.person_id",
    "results_look.account_id",
    "results_lostslip.answered_by_id",
    "results_slipissue.issued_by_id",
    "results_statement.made_by_id",
    "results_stop.lifted_by_id",
    "results_stop.started_by_id",
    "results_upload.confirmed_by_id",
    "results_upload.uploaded_by_id",
}
# Each column of the two tables: its key in the copy, or why it has none.
OF_AN_ACCOUNT = {
    "id": "none: says nothing",
    "password": "none: a secret",
    "last_login": "last_login",
    "is_superuser": "none: never of a candidate",
    "username": "called",
    "face": "none: always candidates",
    "email": "email",
    "email_confirmed_at": "email_confirmed_at",
    "language": "language",
    "covers_result": "covers_result",
    "is_active": "none: always, or there is no copy",
    "is_staff": "none: never of a candidate",
    "created_at": "created_at",
}
OF_AN_ENTRY = {
    "id": "none: says nothing",
    "session_id": "exam, session, session_code, exam_date, place",
    "id_number": "id_number",
    "secret_digest": "none: a secret",
    "candidate_number": "candidate_number, reference_number",
    "family_name": "family_name",
    "given_names": "given_names",
    "date_of_birth": "date_of_birth",
    "preparation_centre_id": "preparation_centre",
    "user_id": "called",
    "registered_at": "registered_at",
    "email": "email_of_entry",
    "name_key": "none: the names once more",
}


def pointing_at(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.conrelid::regclass || '.' || a.attname FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
            " WHERE c.contype = 'f' AND c.confrelid = %s::regclass",
            [table],
        )
        return {name for (name,) in cursor}


@pytest.mark.django_db
def test_every_table_about_a_person_is_in_the_copy_or_decided_against():
    assert pointing_at("results_entry") == set(ABOUT_AN_ENTRY)
    assert pointing_at("accounts_user") == set(GOES_WITH_AN_ACCOUNT) | NEVER_OF_A_CANDIDATE


def test_every_column_about_a_person_is_in_the_copy_or_decided_against(alice):
    keys = set(labels.keys_in(export_of(alice)))
    for model, decided in ((User, OF_AN_ACCOUNT), (Entry, OF_AN_ENTRY)):
        assert {field.column for field in model._meta.concrete_fields} == set(decided)
        for said in decided.values():
            if not said.startswith("none"):
                assert set(said.split(", ")) <= keys


@pytest.fixture
def everything(alice, school) -> User:
    """Alice, of whom there is something of every kind."""
    entry = alice.entries.get()
    officer, now = factories.officer(), factories.database_now()
    factories.approve_by_two(entry.session.release)
    again = {"reading": 178, "overall": MARK, "result": "B", "cefr": "B2", "speaking": 176}
    factories.statement(entry, version=2, reason="enquiry", **again)
    factories.approve_by_two(entry.session.release)
    certificates.arrive(Entry.objects.filter(pk=entry.pk), now.date(), officer)
    certificates.collect(entry, "Maria Bianchi", now.date(), officer, note="shouted at us")
    record_choice(alice, Choice.Kind.TERMS, agreed=True)
    record_choice(alice, Choice.Kind.UPDATES, agreed=False)
    audit.record(None, AuditNote.Kind.LOOKED, entry.statements.first())
    look_as_school(entry, school, days_ago=2)
    SlipIssue.objects.create(entry=entry, issued_by=officer, batch=uuid4(), reason="lost at home")
    about = {"audience": "candidates", "session": entry.session, "entry": entry, "user": alice}
    Mail.objects.create(kind="results", state="sent", sent_at=now, **about)
    Mail.objects.create(kind="amended", cause=7, **about)  # not sent yet
    statement = entry.statements.latest("version")
    link = Share.objects.create(
        entry=entry, user=alice, statement=statement, for_whom="Università di Pisa", shows="skills",
        seed="seed", digest="0" * 64, made_at=now, ends_at=now + timedelta(days=7),
    )  # fmt: skip
    ShareOpening.objects.create(share=link, times=2, first_at=now, last_at=now)
    Verification.objects.create(statement=statement, checked_at=now, means="code", outcome="current", times=3)
    return alice


def test_the_copy_holds_everything_and_no_secret(everything, bob):
    factories.officer()
    browser = signed_in(everything)
    browser.get("/statement/")
    response = browser.get(EXPORT)
    assert response["Content-Disposition"].startswith('attachment; filename="my-exam-data-20')
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Type"] == "application/json"
    copy = json.loads(response.content)
    assert list(copy) == ["about", "account", "choices", "sessions", "exams", "keys"]
    assert copy["about"]["format"] == my_data.FORMAT
    assert set(copy["keys"]) == set(labels.keys_in({key: copy[key] for key in copy if key != "keys"}))
    assert copy["account"]["email"] == "alice@example.org"
    assert [(row["text"], row["agreed"]) for row in copy["choices"]] == [("terms", True), ("updates", False)]
    assert [row["this_one"] for row in copy["sessions"]] == [True]
    (exam,) = copy["exams"]
    assert (exam["id_number"], exam["given_names"], exam["date_of_birth"]) == (
        "SIR094701",
        "Alice",
        "2010-03-14",
    )
    assert (exam["preparation_centre"], exam["email_of_entry"]) == ("Liceo Volta", "mum@example.org")
    assert (exam["statement"]["version"], exam["statement"]["reading"]) == (2, 178)
    assert [(row["version"], row["reading"]) for row in exam["earlier_versions"]] == [(1, MARK)]
    assert exam["certificate"]["collected_by"] == "Maria Bianchi"
    assert {row["who"] for row in exam["opened_by"]} == {"you", "office", "school", "link"}
    assert [row["mail"] for row in exam["emails"]] == ["results"]
    assert len(exam["slips"]) == 1
    assert [(row["for_whom"], row["shows"]) for row in exam["links"]] == [("Università di Pisa", "skills")]
    assert [(row["outcome"], row["times"]) for row in exam["checks"]] == [("current", 3)]
    everything.refresh_from_db()
    text = response.content.decode()
    hidden = (
        everything.password,
        PASSWORD,
        everything.entries.get().secret_digest,
        SECRET_NUMBER,
        Session.objects.filter(user=everything).get().session_key,
        "shouted at us",
        "sirio.example.org/",
        "officer",
        str(OTHER_MARK),
        "bob@example.org",
    )
    for secret in hidden:
        assert secret not in text, secret


def test_moments_are_iso_in_utc_and_text_is_utf_8(everything):
    Entry.objects.filter(user=everything).update(given_names="Żółć 😀", family_name="Кузнецова" * 8)
    browser = signed_in(everything)
    response = browser.get(EXPORT)
    assert "Żółć 😀" in response.content.decode()
    exam = json.loads(response.content)["exams"][0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", exam["registered_at"])
    assert "Żółć 😀" in browser.get(READABLE).content.decode()


@pytest.mark.parametrize("language", ["en", "it"])
def test_the_readable_copy_says_all_that_the_file_says(everything, language):
    browser = signed_in(everything)
    browser.get("/my-data/")
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    browser.cookies.pop("candidates_language", None)
    browser.cookies.pop("language", None)
    response = browser.get(READABLE)
    assert "no-store" in response["Cache-Control"]
    page = unescape(response.content.decode())
    assert f'<html lang="{language}"' in page
    copy = json.loads(browser.get(EXPORT).content)
    for key, words in copy.pop("keys").items():
        if key != "exam" and key not in {"about", "exams"}:
            assert words in page, key
    for value in plain_values(copy):
        assert value in page, value


def plain_values(copy) -> Iterator[str]:
    """What stands in a copy as it is: names, numbers, scores, notices."""
    if isinstance(copy, dict):
        for key, value in copy.items():
            if key not in labels.VALUES:
                yield from plain_values(value)
    elif isinstance(copy, list):
        for row in copy:
            yield from plain_values(row)
    elif isinstance(copy, int) and not isinstance(copy, bool):
        yield str(copy)
    elif isinstance(copy, str) and not (copy == "enquiry" or re.match(r"\d{4}-\d\d-\d\d", copy)):
        yield copy


@pytest.mark.parametrize(("opens_in", "shows"), [(SECOND, False), (timedelta(), True), (-SECOND, True)])
def test_no_copy_has_a_mark_before_the_instant(everything, opens_in, shows):
    """At T−1 s, T and T+1 s: neither the statement nor what hangs on it."""
    browser = signed_in(everything)
    open_in(opens_in)
    factories.approve(Release.objects.get())
    for address in (EXPORT, READABLE):
        text = browser.get(address).content.decode()
        assert ("178" in text) is shows, address
        assert ("Maria Bianchi" in text) is shows, address
    (exam,) = json.loads(browser.get(EXPORT).content)["exams"]
    for key in ("statement", "earlier_versions", "certificate", "opened_by"):
        assert bool(exam[key]) is shows or key == "earlier_versions", key
    assert (exam["page_shows"] == "statement") is shows


def test_a_stopped_result_leaves_the_copy_with_its_notice_in_its_place(everything):
    notice = Notice(it="Sospesi per un controllo.", en="Paused for a check.")
    stopping.stop_session(everything.entries.get().session, factories.officer(), "Wrong file", notice)
    browser = signed_in(everything)
    for address in (EXPORT, READABLE, "/my-data/"):
        text = browser.get(address).content.decode()
        assert "178" not in text, address
        assert "Maria Bianchi" not in text, address
        assert str(MARK) not in text, address
    (exam,) = json.loads(browser.get(EXPORT).content)["exams"]
    assert exam["statement"] is None
    assert exam["notice"] == "Paused for a check."


def test_a_copy_needs_a_password_given_in_this_browser_just_now(alice):
    browser = FaceClient("candidates")
    browser.force_login(alice)
    for address in (EXPORT, READABLE):
        assert browser.get(address).url == "/my-data/copy/"
    page = browser.get("/my-data/copy/").content.decode()
    assert EXPORT not in page
    wrong = browser.post("/my-data/copy/", {"current_password": "wrongW00"})
    assert "This is not your current password." in wrong.content.decode()
    assert browser.get(EXPORT).status_code == 302
    assert browser.post("/my-data/copy/", {"current_password": f"{PASSWORD} "}).url == "/my-data/copy/"
    assert EXPORT in browser.get("/my-data/copy/").content.decode()
    assert browser.get(EXPORT).status_code == 200


def test_an_old_password_no_longer_counts(alice):
    browser = signed_in(alice)
    session = browser.session
    session[GIVEN_AT] -= PASSWORD_COUNTS_FOR.total_seconds() + 1
    session.save()
    assert browser.get(EXPORT).status_code == 302


@pytest.mark.parametrize("address", ["/my-data/copy/", DELETE])
def test_wrong_passwords_are_counted_until_none_is_looked_at(alice, address):
    browser = signed_in(alice)
    session = browser.session
    session[GIVEN_AT] = 0
    session.save()
    for _try in range(LOGIN_PER_DEVICE.failures):
        assert browser.post(address, {"current_password": "wrongW00", "sure": "on"}).status_code == 200
    refused = browser.post(address, {"current_password": PASSWORD, "sure": "on"})
    assert refused.status_code == 429
    assert "Too many tries" in refused.content.decode()
    assert User.objects.filter(pk=alice.pk).exists()
    assert browser.get(EXPORT).status_code == 302


def test_a_copy_counts_as_seen(alice):
    signed_in(alice).get(EXPORT)
    assert Seen.objects.get().entry == alice.entries.get()


# --- Deletion ---------------------------------------------------------------------------------------


def delete(browser: FaceClient, **changes):
    return browser.post(DELETE, {"sure": "on", "current_password": PASSWORD} | changes)


def test_a_deleted_account_is_gone_with_what_hangs_on_it_and_the_result_stays(everything, bob):
    pk, entry = everything.pk, everything.entries.get()
    phone, computer = signed_in(everything), signed_in(everything)
    digest, statements = entry.secret_digest, list(entry.statements.values())
    response = delete(phone)
    assert response.url == "/my-data/deleted/"
    assert response.cookies["candidates_session"].value == ""
    assert response.cookies["candidates_device"].value == ""
    assert "Your account is deleted" in phone.get(response.url).content.decode()
    assert phone.get("/statement/").status_code == computer.get("/statement/").status_code == 302
    assert list(User.objects.filter(face="candidates")) == [bob]
    for model in (Choice, Session, Mail, Share):
        assert not model.objects.filter(user=pk).exists()
    assert not ShareOpening.objects.exists()
    entry.refresh_from_db()
    assert (entry.user, entry.registered_at, entry.secret_digest) == (None, None, digest)
    assert list(entry.statements.values()) == statements
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing points at nobody


def test_the_audit_trail_says_who_deleted_what(alice):
    pk, entry = alice.pk, alice.entries.get()
    delete(signed_in(alice))
    acts = AuditEntry.objects.filter(context__page="delete-account")
    assert {(act.model, act.kind, act.object_id) for act in acts} == {
        ("accounts.user", "delete", pk),
        ("results.entry", "update", entry.pk),
    }
    assert {(act.user_id, act.address) for act in acts} == {(str(pk), "127.0.0.1")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sure": ""}, "Tick the box if you really want to delete your account."),
        ({"current_password": ""}, "Type your current password."),
        ({"current_password": "wrongW00"}, "This is not your current password."),
        ({"current_password": "\x00"}, "Null characters are not allowed."),
        ({"current_password": "x" * 5000}, "at most 200 characters"),
    ],
)
def test_without_tick_or_password_nothing_is_deleted(alice, changes, message):
    browser = signed_in(alice)
    page = delete(browser, **changes).content.decode()
    assert message in page
    assert "There is a problem" in page
    assert User.objects.filter(pk=alice.pk).exists()
    assert browser.get("/statement/").status_code == 200


def test_with_the_slip_one_registers_anew_and_sees_the_result_again(alice):
    browser = signed_in(alice)
    delete(browser)
    form = {"id_number": "SIR094701", "secret_number": SECRET_NUMBER, "email": "new@example.org"}
    form |= {"password": "lanaBe37", "confirm_password": "lanaBe37", "terms": "on"}
    assert browser.post("/register/", form).url == "/registered/"
    user = User.objects.get(username="SIR094701")
    assert user.pk != alice.pk
    assert f">{MARK}<" in signed_in(user, "lanaBe37").get("/statement/").content.decode()
    old = FaceClient("candidates").post("/", {"username": "SIR094701", "password": PASSWORD})
    assert old.status_code == 200  # the old password opens nothing


def test_all_exams_of_the_account_are_set_free(alice, bob):
    second = factories.entry(factories.session("C1A"), id_number="SIR094702")
    Entry.objects.filter(pk=second.pk).update(user=alice)
    delete(signed_in(alice))
    assert set(Entry.objects.filter(user=None).values_list("id_number", flat=True)) == {
        "SIR094701",
        "SIR094702",
    }
    assert bob.entries.count() == 1
    form = {"id_number": "SIR094702", "secret_number": SECRET_NUMBER, "email": "new@example.org"}
    form |= {"password": "lanaBe37", "confirm_password": "lanaBe37", "terms": "on"}
    assert FaceClient("candidates").post("/register/", form).url == "/registered/"


def test_the_page_of_a_deleted_account_is_for_who_is_signed_out(alice):
    assert signed_in(alice).get("/my-data/deleted/").url == "/my-data/"
    assert FaceClient("candidates").get("/my-data/deleted/").status_code == 200


def test_another_name_on_this_browser_stays_known(alice, bob):
    family = signed_in(alice)
    family.post("/sign-out/")
    family.post("/", {"username": bob.username, "password": PASSWORD})
    mark_of_bob = family.cookies["candidates_device"].value
    assert delete(family).status_code == 302
    request = RequestFactory().get("/")
    request.COOKIES = {"candidates_device": family.cookies["candidates_device"].value}
    assert mark_of_bob != family.cookies["candidates_device"].value
    assert known_device(request, bob.username) is None
    assert known_device(request, alice.username)


@pytest.mark.django_db(transaction=True)
def test_the_last_mail_comes_and_what_was_queued_before_does_not(mailbox, alice):
    browser = signed_in(alice)
    browser.post("/account/confirmation/")
    delete(browser)
    work()
    (message,) = mailbox
    assert message.envelope_to == ["alice@example.org"]
    assert message["subject"] == "Your account was deleted"
    for body in (text_of(message), html_of(message)):
        assert "Hello Alice" in body
        assert "http://results.example.org" in body
        assert not re.search(rf"SIR094701|{PASSWORD}|{SECRET_NUMBER}|{MARK}", body)


@pytest.mark.django_db
def test_a_mail_whose_account_goes_while_it_is_sent_is_left_alone(alice):
    about = {"audience": "candidates", "session": alice.entries.get().session, "entry": alice.entries.get()}
    mail = Mail.objects.create(kind="results", state="sending", message_id="<1@x>", user=alice, **about)
    claimed = sending.Claimed(mail.pk, mail.message_id, 1)
    delete(signed_in(alice))
    assert not Mail.objects.exists()
    with sending._Post() as post:
        assert sending._deliver(claimed, post) is False
    sending._put_back(Mail.objects.all(), claimed, OSError("the server went away"))


def test_who_is_faster_deletes_and_the_other_queues_no_mail(alice):
    browser = signed_in(alice)
    session = browser.session
    delete(browser)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    with pytest.raises(deleting.NotDeleted):
        deleting.delete_account(alice, session)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone() == (0,)
    assert delete(browser).url.startswith("/?next=")


@pytest.mark.django_db(transaction=True)
def test_who_changes_the_address_and_deletes_cannot_keep_it_from_the_owner(mailbox, alice):
    browser = signed_in(alice)
    browser.post("/account/email/", {"email": "thief@example.com", "current_password": PASSWORD})
    delete(browser)
    work()
    told = {message.envelope_to[0] for message in mailbox}
    assert told == {"alice@example.org", "thief@example.com"}


# --- What the database allows -----------------------------------------------------------------------


def asked_to_delete(connected, key: str) -> bool:
    return connected.execute("SELECT results_delete_own_account(%s)", [key]).fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_the_function_deletes_no_account_but_that_of_a_live_candidates_session(role_connection, school):
    entry = factories.entry(factories.session())
    candidate, member, officer = factories.candidate(entry), factories.member(school), factories.staff()
    people = {}
    for face, user in (("candidates", candidate), ("centres", member), ("staff", officer)):
        browser = FaceClient(face)
        browser.force_login(user)
        people[face] = browser.session.session_key
    login = role_connection("candidates")
    for key in (people["centres"], people["staff"], "", "0" * 32, str(candidate.pk)):
        assert asked_to_delete(login, key) is False
    Session.objects.filter(session_key=people["centres"]).update(face="candidates")
    assert asked_to_delete(login, people["centres"]) is False  # the account is another face's all the same
    ended = Session.objects.get(session_key=people["candidates"])
    Session.objects.filter(pk=ended.pk).update(expire_date=factories.database_now())
    assert asked_to_delete(login, people["candidates"]) is False
    assert User.objects.count() == 3
    Session.objects.filter(pk=ended.pk).update(expire_date=ended.expire_date)
    assert asked_to_delete(login, people["candidates"]) is True
    assert asked_to_delete(login, people["candidates"]) is False
    assert set(User.objects.values_list("pk", flat=True)) == {member.pk, officer.pk}


@pytest.mark.django_db(transaction=True)
def test_a_switched_off_account_is_not_deleted(role_connection, alice):
    key = signed_in(alice).session.session_key
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert asked_to_delete(role_connection("candidates"), key) is False


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM accounts_user",
        "DELETE FROM accounts_choice",
        "UPDATE results_entry SET user_id = NULL",
        "DELETE FROM results_mail",
        "SELECT * FROM results_mail",
        "SELECT * FROM results_look",
        "SELECT * FROM results_seen",
        "SELECT * FROM results_slipissue",
        "SELECT email FROM results_entry",
        "SELECT words FROM results_portal_auditnote",
        "SELECT * FROM audit_trail",
        "UPDATE results_looks_candidates SET name = ''",
    ],
)
def test_the_face_reads_and_deletes_by_the_views_and_the_function_alone(role_connection, alice, statement):
    with pytest.raises(psycopg.errors.Error) as refused:
        role_connection("candidates").execute(statement)
    assert "permission denied" in str(refused.value) or "cannot update view" in str(refused.value)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("login", ["centres", "worker", "staff"])
def test_nobody_else_has_the_function(role_connection, alice, login):
    key = signed_in(alice).session.session_key
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        asked_to_delete(role_connection(login), key)
