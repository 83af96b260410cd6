"""The exams office's pages about accounts: what an officer may do, and what only a superuser may."""

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Choice, Face, Session, User
from results.models import Entry
from results_portal.office import HELP_DESK, OFFICER
from tests import factories
from tests.office import save, shown_on

LIST = "/admin/accounts/user/"
STRONG = "un treno per Ancona 7"


@pytest.fixture
def officer(staff_face):
    person = factories.staff()
    person.groups.add(Group.objects.get(name=OFFICER))
    staff_face.force_login(person)
    return person


@pytest.fixture
def superuser(staff_face):
    person = factories.staff(is_superuser=True)
    staff_face.force_login(person)
    return person


@pytest.fixture
def alice(db) -> User:
    entry = factories.entry(
        factories.session(), id_number="SIR094701", family_name="D’Alò", given_names="Alice"
    )
    user = factories.candidate(entry)
    Choice.objects.create(user=user, kind="terms", agreed=True, text_version="2026-1")
    Choice.objects.create(user=user, kind="updates", agreed=False, text_version="2026-1")
    return user


def page_of(response) -> str:
    assert response.status_code == 200, response
    return response.content.decode()


def change(user: User) -> str:
    return f"{LIST}{user.pk}/change/"


def inlines(user: User) -> dict:
    """The read-only choices send nothing but their number."""
    return {"choices-TOTAL_FORMS": "0", "choices-INITIAL_FORMS": "0"} if user.face == Face.CANDIDATES else {}


def account_form(user: User, **changed) -> dict:
    return {"email": user.email, "is_active": "on", **inlines(user)} | changed


def jobs() -> list[tuple[str, dict]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args FROM procrastinate_jobs ORDER BY id")
        return [(name.rpartition(".")[2], json.loads(args)) for name, args in cursor]


# --- Found ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["SIR094701", "sir 094-701", "alice@example", "D’Alò", "Alice alò"])
def test_a_candidate_is_found_by_number_address_or_name(staff_face, officer, alice, typed):
    User.objects.filter(pk=factories.candidate(factories.entry(factories.session())).pk).update(
        email="b@example.org"
    )
    page = page_of(staff_face.get(LIST, {"q": typed}))
    assert "SIR094701" in page
    assert page.count('class="field-who"') == 1


def test_accounts_are_filtered_by_face_confirmation_and_activity(staff_face, officer, alice):
    member = factories.member(factories.centre())
    User.objects.filter(pk=member.pk).update(email_confirmed_at=factories.database_now(), is_active=False)
    for query, there, absent in (
        ({"face__exact": "candidates"}, alice, member),
        ({"face__exact": "centres"}, member, alice),
        ({"confirmed": "yes"}, member, alice),
        ({"confirmed": "no"}, alice, member),
        ({"is_active__exact": "0"}, member, alice),
    ):
        page = page_of(staff_face.get(LIST, query))
        assert there.username in page, query
        assert absent.username not in page, query


def test_the_list_names_candidates_and_centres(staff_face, officer, alice):
    factories.member(factories.centre(name="Liceo Galvani"))
    page = page_of(staff_face.get(LIST))
    assert "Alice D’Alò" in page
    assert "Liceo Galvani" in page


def test_the_list_asks_the_database_as_often_for_three_rows_as_for_one(staff_face, officer):
    def another() -> None:
        factories.candidate(factories.entry(factories.session()))
        factories.member(factories.centre())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(staff_face.get(LIST))
        return len(captured)

    another()
    queries()
    with_one = queries()
    another()
    another()
    assert queries() == with_one


def test_a_candidates_page_shows_entry_and_choices_and_no_hash(staff_face, officer, alice):
    page = page_of(staff_face.get(change(alice)))
    assert "Alice D’Alò – B2F-" in page
    assert "terms of use" in page
    assert "2026-1" in page
    assert "argon2" not in page
    assert "password" not in page.replace('href="/admin/password_change/"', "").lower().replace(
        "change password", ""
    )
    for field in ("is_superuser", "groups", "face", "username", "is_staff"):
        assert f'name="{field}"' not in page


# --- Helped -----------------------------------------------------------------------------------------


def test_a_new_address_waits_for_confirmation_and_is_logged(staff_face, officer, alice):
    User.objects.filter(pk=alice.pk).update(email_confirmed_at=factories.database_now())
    response = save(staff_face, change(alice), account_form(alice, email="right@example.org"), follow=True)
    assert "We have sent an email to right@example.org" in page_of(response)
    alice.refresh_from_db()
    assert (alice.email, alice.email_confirmed_at, alice.username) == ("right@example.org", None, "SIR094701")
    assert jobs() == [
        ("send_address_changed", {"user_id": alice.pk, "old_address": "alice@example.org"}),
        ("send_address_check", {"user_id": alice.pk}),
    ]
    assert LogEntry.objects.get().user == officer
    event = User.pgh_event_model.objects.latest("pk")
    assert (event.email, event.pgh_context["user"]) == ("right@example.org", officer.pk)
    history = page_of(staff_face.get(f"{LIST}{alice.pk}/history/"))
    assert "<del>alice@example.org</del> → <ins>right@example.org</ins>" in history
    assert officer.username in history


def test_an_address_that_was_never_confirmed_gets_no_mail_about_its_end(staff_face, officer, alice):
    page_of(save(staff_face, change(alice), account_form(alice, email="right@example.org"), follow=True))
    assert jobs() == [("send_address_check", {"user_id": alice.pk})]


def test_saving_without_a_change_changes_nothing(staff_face, officer, alice):
    before = User.pgh_event_model.objects.count()
    page_of(save(staff_face, change(alice), account_form(alice), follow=True))
    assert jobs() == []
    assert User.pgh_event_model.objects.count() == before


def test_a_password_chosen_meanwhile_survives_the_officers_save(staff_face, officer, alice):
    class ChangesPasswordMeanwhile:
        done = False

        def __call__(self, execute, sql, params, many, context):
            if 'UPDATE "accounts_user"' in sql and not self.done:
                self.done = True
                User.objects.filter(pk=alice.pk).update(password="new")
            return execute(sql, params, many, context)

    with connection.execute_wrapper(ChangesPasswordMeanwhile()):
        page_of(save(staff_face, change(alice), account_form(alice, email="right@example.org"), follow=True))
    alice.refresh_from_db()
    assert (alice.email, alice.password) == ("right@example.org", "new")


def test_switching_an_account_off_ends_its_sessions_at_once(staff_face, candidates, officer, alice):
    candidates.force_login(alice)
    assert Session.objects.filter(user=alice).exists()
    form = account_form(alice)
    del form["is_active"]
    page_of(save(staff_face, change(alice), form, follow=True))
    alice.refresh_from_db()
    assert not alice.is_active
    assert not Session.objects.filter(user=alice).exists()
    assert Session.objects.filter(user=officer).exists()


def test_a_centre_members_new_address_is_what_they_sign_in_with(staff_face, officer):
    member, other = factories.member(factories.centre()), factories.member(factories.centre())
    taken = save(staff_face, change(member), account_form(member, email=other.email.upper()))
    assert "Another account signs in with this address." in page_of(taken)
    page_of(
        save(staff_face, change(member), account_form(member, email=" New@Liceo.example.org "), follow=True)
    )
    member.refresh_from_db()
    assert (member.email, member.username) == ("new@liceo.example.org", "new@liceo.example.org")


# --- New accounts -----------------------------------------------------------------------------------


def new_account(**changed) -> dict:
    return {
        "face": "centres",
        "email": "Segreteria@Liceo.example.org",
        "language": "it",
        "password1": STRONG,
        "password2": STRONG,
    } | changed


def test_an_officer_makes_an_account_of_the_centres_site(staff_face, officer):
    page_of(staff_face.get(f"{LIST}add/"))
    assert staff_face.post(f"{LIST}add/", new_account()).status_code == 302
    made = User.objects.get(username="segreteria@liceo.example.org")
    assert (made.face, made.is_staff, made.is_superuser, made.email) == (
        "centres",
        False,
        False,
        made.username,
    )
    assert made.check_password(STRONG)
    assert STRONG not in LogEntry.objects.get().change_message


@pytest.mark.parametrize("face", ["staff", "candidates"])
def test_an_officer_makes_no_account_of_staff_or_candidates(staff_face, officer, face):
    page = page_of(staff_face.post(f"{LIST}add/", new_account(face=face)))
    assert "is not one of the available choices" in page
    assert User.objects.count() == 1


def test_a_first_password_is_checked_and_never_shown_again(staff_face, officer):
    for password in ("short", "qwerty123456", "segreteria@liceo"):
        page = page_of(staff_face.post(f"{LIST}add/", new_account(password1=password, password2=password)))
        assert 'class="errorlist"' in page
        assert f'value="{password}"' not in page
    different = page_of(staff_face.post(f"{LIST}add/", new_account(password2="another one of these")))
    assert "The two password fields didn’t match." in different
    assert User.objects.count() == 1


def test_a_taken_address_makes_no_second_account(staff_face, officer):
    member = factories.member(factories.centre())
    page = page_of(staff_face.post(f"{LIST}add/", new_account(email=member.email.title())))
    assert "Another account signs in with this address." in page


def test_a_superuser_makes_a_staff_account_of_the_group(staff_face, superuser):
    response = staff_face.post(f"{LIST}add/", new_account(face="staff", email="anna@sirio.example.org"))
    assert response.status_code == 302
    made = User.objects.get(username="anna@sirio.example.org")
    assert (made.face, made.is_staff, made.is_superuser) == ("staff", True, False)
    assert [group.name for group in made.groups.all()] == [HELP_DESK]


# --- Rights -----------------------------------------------------------------------------------------


def test_an_officer_does_not_see_staff_accounts(staff_face, officer):
    other = factories.staff()
    page = page_of(staff_face.get(LIST, {"q": "officer"}))
    assert other.username not in page
    for person in (other, officer):
        assert staff_face.get(change(person)).status_code == 302
        save(
            staff_face,
            change(person),
            {"email": "taken@example.org", "is_active": "on", "is_superuser": "on"},
        )
    assert not User.objects.filter(is_superuser=True).exists()
    assert not User.objects.filter(email="taken@example.org").exists()


def test_a_candidates_account_cannot_be_turned_into_staff(staff_face, officer, superuser, alice):
    form = account_form(alice, face="staff", is_staff="on", is_superuser="on", username="a@b", groups="1")
    page_of(save(staff_face, change(alice), form, follow=True))
    alice.refresh_from_db()
    assert (alice.face, alice.is_staff, alice.is_superuser, alice.username) == (
        "candidates",
        False,
        False,
        "SIR094701",
    )
    assert not alice.groups.exists()


def test_a_superuser_gives_rights_to_others_but_changes_none_of_their_own(staff_face, superuser):
    other = factories.staff()
    group = Group.objects.get(name=OFFICER)
    page_of(
        save(
            staff_face, change(other), account_form(other, is_superuser="on", groups=[group.pk]), follow=True
        )
    )
    other.refresh_from_db()
    assert other.is_superuser
    assert list(other.groups.all()) == [group]
    own_page = page_of(staff_face.get(change(superuser)))
    assert 'name="is_superuser"' not in own_page
    page_of(save(staff_face, change(superuser), {"email": superuser.email}, follow=True))
    superuser.refresh_from_db()
    assert superuser.is_superuser
    assert superuser.is_active


def test_a_superuser_changes_what_a_member_of_staff_signs_in_with(staff_face, superuser):
    other = factories.staff()
    page_of(save(staff_face, change(other), account_form(other, email="anna@sirio.example.org"), follow=True))
    other.refresh_from_db()
    assert (other.email, other.username) == ("anna@sirio.example.org", "anna@sirio.example.org")
    assert jobs() == []


def test_an_older_page_gives_no_right_back_that_was_taken_away(staff_face, superuser):
    other, group = factories.staff(), Group.objects.get(name=OFFICER)
    other.groups.add(group)
    form = account_form(other, email="anna@sirio.example.org", groups=[group.pk])
    form |= shown_on(staff_face, change(other))
    other.groups.clear()
    page = page_of(staff_face.post(change(other), form))
    assert "Somebody changed this meanwhile: Groups." in page
    assert 'value="anna@sirio.example.org"' in page
    assert not other.groups.exists()


def test_an_older_page_does_not_undo_a_candidates_new_address(staff_face, officer, alice):
    form = account_form(alice) | shown_on(staff_face, change(alice))
    User.objects.filter(pk=alice.pk).update(email="new@example.org", password="new")
    del form["is_active"]
    assert "meanwhile: E-mail address." in page_of(staff_face.post(change(alice), form))
    alice.refresh_from_db()
    assert (alice.email, alice.is_active) == ("new@example.org", True)


@pytest.mark.parametrize("model", ["entry", "statement"])
def test_no_term_breaks_a_search_while_typing(staff_face, officer, model):
    query = {"app_label": "results", "model_name": model, "term": "SIR\0"}
    query["field_name"] = {"entry": "preparation_centre", "statement": "entry"}[model]
    assert staff_face.get("/admin/autocomplete/", query).json()["results"] == []
    members = {"app_label": "centres", "model_name": "membership", "field_name": "user", "term": "\0"}
    assert staff_face.get("/admin/autocomplete/", members).json()["results"] == []


def test_nobody_deletes_an_account(staff_face, superuser, alice):
    assert staff_face.post(f"{LIST}{alice.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()


def test_choices_are_never_changed_by_staff(staff_face, superuser, alice):
    choice = alice.choices.first()
    form = account_form(
        alice,
        **{
            "choices-TOTAL_FORMS": "1",
            "choices-INITIAL_FORMS": "1",
            "choices-0-id": choice.pk,
            "choices-0-agreed": "",
            "choices-0-DELETE": "on",
        },
    )
    save(staff_face, change(alice), form)
    assert alice.choices.count() == 2
    assert alice.choices.get(pk=choice.pk).agreed


def test_an_account_of_several_exams_is_found_by_any_number_and_listed_once(staff_face, officer, alice):
    entry = factories.entry(
        factories.session("C1A"), id_number="SIR094702", family_name="D’Alò", given_names="Alice"
    )
    Entry.objects.filter(pk=entry.pk).update(user=alice)
    for typed in ("SIR094701", "sir 094-702", "Alice"):
        page = page_of(staff_face.get(LIST, {"q": typed}))
        assert page.count(f'href="{change(alice)}') == 1, typed
        assert "Alice D’Alò, Alice" not in page
    page = page_of(staff_face.get(change(alice)))
    for words in ("SIR094701 Alice", "SIR094702 Alice", "C1 Advanced"):
        assert words in page
