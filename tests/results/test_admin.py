"""The exams office's lists and pages: opened, found, filtered, corrected, their history, and who gets in."""

import pghistory
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from results import stopping
from results.models import Approval, Entry, ExamSession, Release, Statement, Stop
from results_portal import office
from tests import factories
from tests.office import DAY, STOP, full_session, page_of, release_form, save

LISTS = ["results/examsession", "results/release", "results/entry", "results/statement", "results/stop"]


# --- Every page opens, with data, for an officer who is no superuser ----------------------------------


@pytest.mark.parametrize("path", LISTS)
def test_each_list_and_each_page_opens_for_an_officer(staff_face, officer, path):
    full_session()
    stopping.stop_candidates(Entry.objects.all(), officer, "Wrong file")
    model = {each._meta.model_name: each for each in (ExamSession, Release, Entry, Statement, Stop)}
    one = model[path.partition("/")[2]].objects.get()
    assert "B2F-" in page_of(staff_face.get(f"/admin/{path}/"))
    page_of(staff_face.get(f"/admin/{path}/{one.pk}/change/"))
    page_of(staff_face.get(f"/admin/{path}/{one.pk}/history/"))


@pytest.mark.parametrize("path", LISTS)
def test_a_list_asks_the_database_as_often_for_three_rows_as_for_one(staff_face, officer, path):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(staff_face.get(f"/admin/{path}/"))
        return len(captured)

    full_session()
    queries()  # content types and the like are remembered from here on
    with_one = queries()
    full_session()
    full_session(exam="YLS", approved=False)
    assert queries() == with_one


def test_the_front_page_lists_what_an_officer_works_with_and_no_rights(staff_face, officer):
    page = page_of(staff_face.get("/admin/"))
    for name in ("Exam sessions", "Releases", "Entries", "Statements", "Accounts", "Preparation centres"):
        assert f">{name}</a>" in page
    assert "Groups" not in page
    assert "Centro Esami Sirio" in page


def test_the_root_leads_to_the_admin(staff_face, officer):
    assert staff_face.get("/").headers["Location"] == "/admin/"


def test_no_page_shows_a_digest_a_hash_or_a_secret_number(staff_face, officer):
    session = factories.session()
    entry = factories.entry(session, secret_number="93518274")
    user = factories.candidate(entry)
    factories.statement(entry)
    release = session.release
    staff_face.post(f"/admin/results/entry/{entry.pk}/stop/", STOP | {"sure": "yes"})
    secrets = [entry.secret_digest, "93518274", user.password, user.password[-20:], "argon2", "secret_digest"]
    pages = [
        *(f"/admin/{path}/" for path in LISTS),
        f"/admin/results/examsession/{session.pk}/change/",
        f"/admin/results/release/{release.pk}/change/",
        f"/admin/results/entry/{entry.pk}/change/",
        f"/admin/results/entry/{entry.pk}/history/",
        f"/admin/results/entry/{entry.pk}/lift/",
        f"/admin/results/statement/{Statement.objects.get().pk}/change/",
        f"/admin/accounts/user/{user.pk}/change/",
        f"/admin/accounts/user/{user.pk}/history/",
        "/admin/accounts/user/",
        "/admin/",
    ]
    for address in pages:
        page = page_of(staff_face.get(address))
        assert [secret for secret in secrets if secret in page] == [], address
    logged = " ".join(f"{log.object_repr} {log.change_message}" for log in LogEntry.objects.all())
    assert logged
    assert [secret for secret in secrets if secret in logged] == []


# --- Found, filtered, searched ------------------------------------------------------------------------


@pytest.fixture
def alice(db) -> Entry:
    session = factories.session(code="B2F-2026-06")
    alice = factories.entry(
        session, id_number="SIR094701", candidate_number="5003", family_name="D’Alò", given_names="Alice"
    )
    factories.statement(alice)
    other = factories.entry(session, id_number="SIR094702", family_name="Rossi", given_names="Marco")
    factories.statement(other)
    return alice


@pytest.mark.parametrize(
    "typed",
    ["SIR094701", "sir 094 701", "sir-094-701", "SIRO947O1", "SIR0947 alò", "D’Alò Alice", "5003", "alice"],
)
@pytest.mark.parametrize("path", ["results/entry", "results/statement"])
def test_a_candidate_is_found_as_people_type(staff_face, officer, alice, path, typed):
    page = page_of(staff_face.get(f"/admin/{path}/", {"q": typed}))
    assert "SIR094701" in page
    assert "SIR094702" not in page


def test_a_name_that_looks_like_an_id_number_with_the_candidate_number_is_found(staff_face, officer, alice):
    marco = Entry.objects.get(id_number="SIR094702")
    page = page_of(staff_face.get("/admin/results/entry/", {"q": f"Rossi {marco.candidate_number}"}))
    assert "SIR094702" in page


def test_entries_are_filtered_by_what_an_officer_asks(staff_face, officer):
    session, other = factories.session(), factories.session(exam="C1A")
    centre = factories.centre()
    found = factories.entry(session, preparation_centre=centre)
    factories.candidate(found)
    factories.statement(found)
    factories.statement(found, version=2, status="withheld")
    stopping.stop_candidates(Entry.objects.filter(pk=found.pk), officer, "Identity")
    plain = factories.entry(other)
    for query in (
        {"registered": "yes"},
        {"stopped": "yes"},
        {"newest_status": "withheld"},
        {"session__exam__exact": "B2F"},
        {"session__id__exact": session.pk},
        {"preparation_centre__id__exact": centre.pk},
    ):
        page = page_of(staff_face.get("/admin/results/entry/", query))
        assert found.id_number in page, query
        assert plain.id_number not in page, query
    for query in ({"registered": "no"}, {"newest_status": "none"}, {"stopped": "no"}):
        page = page_of(staff_face.get("/admin/results/entry/", query))
        assert plain.id_number in page, query
        assert found.id_number not in page, query
    assert found.id_number not in page_of(
        staff_face.get("/admin/results/entry/", {"newest_status": "result"})
    )


def test_statements_are_filtered_by_what_stands_against_them(staff_face, officer):
    entry = factories.entry(factories.session())
    factories.statement(entry)
    waiting = factories.entry(factories.session(approved=False))
    factories.statement(waiting, status="X")
    for query, there, absent in (
        ({"standing": "open"}, entry, waiting),
        ({"standing": "unapproved"}, waiting, entry),
        ({"status__exact": "X"}, waiting, entry),
        ({"result__exact": "B"}, entry, waiting),
        ({"entry__session__id__exact": waiting.session_id}, waiting, entry),
    ):
        page = page_of(staff_face.get("/admin/results/statement/", query))
        assert there.id_number in page, query
        assert absent.id_number not in page, query


def test_the_list_of_sessions_says_where_each_stands(staff_face, officer):
    draft = factories.session(code="DRAFT", approved=False)
    later = factories.session(code="LATER", opens_in=DAY)
    opened = factories.session(code="OPENED")
    stopped = factories.session(code="STOPPED")
    stopping.stop_session(stopped, officer, "Wrong file")
    Release.objects.filter(session=opened).update(approved_through=0)
    factories.statement(factories.entry(opened))
    factories.statement(factories.entry(draft))

    page = page_of(staff_face.get("/admin/results/examsession/"))

    for words in (
        "draft: not approved",
        "approved, not open yet",
        "open; 1 result waits for approval",
        "stopped",
    ):
        assert f"</span> {words}</span></td>" in page
    for session, words in (
        (draft, "Draft: not approved<"),
        (later, "Approved, opens "),
        (opened, "(Italian time); 1 result waits for approval<"),
        (stopped, "Stopped: nobody sees these results<"),
    ):
        assert words in page_of(staff_face.get(f"/admin/results/examsession/{session.pk}/change/"))
    for state, code in (
        ("draft", "DRAFT"),
        ("approved", "LATER"),
        ("open", "OPENED"),
        ("stopped", "STOPPED"),
    ):
        page = page_of(staff_face.get("/admin/results/examsession/", {"state": state}))
        assert [each for each in ("DRAFT", "LATER", "OPENED", "STOPPED") if f">{each}</a>" in page] == [code]


@pytest.mark.parametrize(
    "query",
    [
        "state=%00",
        "exam__exact=%00",
        "session__exam__exact=%00",
        "standing=%00",
        "newest_status=%00",
        "status__exact=%00",
        "id_number=%00",
        "id_number__regex=(",
        "pk__in=x",
        "id__exact=99999999999999999999999",
        "exam_date__year=9999",
        "exam_date__year=99999999999999999999",
        "exam_date__gte=x",
        "opens_at__year=9999&opens_at__month=12&opens_at__day=31",
        "created_at__year=1",
        "q=%00",
        "q=SIR094%00701",
        "o=99.x.-",
        "p=x",
        "no_such_field=1",
    ],
)
@pytest.mark.parametrize("path", [*LISTS, "accounts/user", "centres/preparationcentre"])
def test_no_address_breaks_a_list(staff_face, officer, path, query):
    full_session()
    answer = staff_face.get(f"/admin/{path}/?{query}", follow=True)
    assert answer.status_code in {200, 400}  # 400: not a filter of this list


def test_a_filter_that_makes_no_sense_is_answered_with_a_message(staff_face, officer):
    page = page_of(staff_face.get("/admin/results/entry/?newest_status=%00", follow=True))
    assert "This list cannot be filtered like that." in page


@pytest.mark.parametrize("ticked", ["x", "\0", "", "-1", "99999999999999999999999"])
@pytest.mark.parametrize("action", ["stop", "lift", "delete_selected", "no_such_action"])
def test_nothing_ticked_breaks_an_action(staff_face, officer, action, ticked):
    full_session()
    form = {"action": action, "_selected_action": [ticked]}
    for sent in (form, form | STOP | {"sure": "yes"}):
        page_of(staff_face.post("/admin/results/entry/", sent, follow=True))
    assert not Stop.objects.exists()


@pytest.mark.parametrize(
    ("path", "lookup"),
    [
        ("accounts/user", "password__startswith"),
        ("accounts/user", "password"),
        ("accounts/user", "entries__secret_digest__startswith"),
        ("accounts/user", "sessions__session_key__startswith"),
        ("results/entry", "secret_digest__startswith"),
        ("results/entry", "secret_digest__gte"),
        ("results/entry", "user__password__startswith"),
        ("results/entry", "session__entries__secret_digest__startswith"),
        ("results/statement", "entry__secret_digest__startswith"),
        ("results/statement", "entry__user__password__startswith"),
        ("results/examsession", "entries__secret_digest__startswith"),
        ("results/release", "approvals__person__password__startswith"),
        ("results/stop", "started_by__password__startswith"),
        ("results/stop", "entry__secret_digest__startswith"),
        ("results/release", "session__entries__secret_digest__startswith"),
        ("centres/preparationcentre", "memberships__user__password__startswith"),
        ("centres/preparationcentre", "entries__secret_digest__startswith"),
    ],
)
def test_no_lookup_reaches_a_hash_or_a_digest(staff_face, officer, path, lookup):
    full_session()
    for value in ("", "a"):
        assert staff_face.get(f"/admin/{path}/", {lookup: value}).status_code == 400


# --- Entries and statements ---------------------------------------------------------------------------


def test_correcting_a_name_keeps_a_registration_that_came_meanwhile(staff_face, officer):
    entry = factories.entry(factories.session())
    form = {
        "family_name": "Bianchi",
        "given_names": "Alicia",
        "date_of_birth": "2010-03-14",
        "preparation_centre": "",
        "statements-TOTAL_FORMS": "0",
        "statements-INITIAL_FORMS": "0",
        "slip_issues-TOTAL_FORMS": "0",
        "slip_issues-INITIAL_FORMS": "0",
    }
    with connection.execute_wrapper(RegistersMeanwhile(entry)):
        page_of(save(staff_face, f"/admin/results/entry/{entry.pk}/change/", form, follow=True))
    entry.refresh_from_db()
    assert entry.given_names == "Alicia"
    assert entry.user is not None


class RegistersMeanwhile:
    """Registers the candidate just before the page's first UPDATE of the entry."""

    def __init__(self, entry: Entry):
        self.entry = entry
        self.done = False

    def __call__(self, execute, sql, params, many, context):
        if 'UPDATE "results_entry"' in sql and not self.done:
            self.done = True
            user = User.objects.create_user(
                self.entry.id_number, "kutoVe84", face="candidates", email="a@example.org"
            )
            Entry.objects.filter(pk=self.entry.pk).update(user=user)
        return execute(sql, params, many, context)


@pytest.mark.parametrize(
    "address",
    [
        "/admin/results/statement/add/",
        "/admin/results/statement/{statement}/delete/",
        "/admin/results/entry/add/",
        "/admin/results/release/add/",
        "/admin/results/release/{release}/delete/",
        "/admin/results/examsession/{session}/delete/",
        "/admin/auth/group/",
    ],
)
def test_what_nobody_does_by_hand_is_refused(staff_face, officer, address):
    session = full_session()
    pks = {"statement": Statement.objects.get().pk, "release": session.release.pk, "session": session.pk}
    assert staff_face.get(address.format(**pks)).status_code == 403
    assert staff_face.post(address.format(**pks), {"post": "yes"}).status_code == 403
    if "group" not in address:
        User.objects.filter(pk=officer.pk).update(is_superuser=True)
        assert staff_face.post(address.format(**pks), {"post": "yes"}).status_code == 403


def test_a_statement_is_shown_with_the_skills_of_its_exam_and_cannot_be_saved(staff_face, officer):
    entry = factories.entry(factories.session(exam="YLS"))
    statement = factories.statement(entry)
    address = f"/admin/results/statement/{statement.pk}/change/"
    page = page_of(staff_face.get(address))
    assert "Reading and Writing" in page
    assert "Use of English" not in page
    assert 'name="_save"' not in page
    assert staff_face.post(address, {"speaking": "1"}).status_code == 403


# --- History ------------------------------------------------------------------------------------------


def test_the_history_says_who_changed_what_from_what_to_what(staff_face, officer):
    session = full_session(opens_in=DAY, approved=False)
    address = f"/admin/results/examsession/{session.pk}"
    save(staff_face, f"{address}/change/", release_form(session.release, title="July 2026"))
    staff_face.post(f"/admin/results/stop/session/{session.release.pk}/", STOP | {"sure": "yes"})

    page = page_of(staff_face.get(f"{address}/history/"))

    assert page.count(officer.username) >= 3
    assert "<li>Title: <del>June 2026</del> → <ins>July 2026</ins></li>" in page
    assert "<li>Reason: Wrong file</li>" in page
    assert "outside the exams office’s pages" in page
    assert "Approved_through" not in page


def test_the_history_of_an_entry_names_accounts_and_centres(staff_face, officer):
    session = full_session()
    entry = session.entries.get()
    Entry.objects.filter(pk=entry.pk).update(preparation_centre=factories.centre(name="Liceo Galvani"))
    page = page_of(staff_face.get(f"/admin/results/entry/{entry.pk}/history/"))
    assert f"<li>Account: {entry.user.username}</li>" in page
    assert f"<del>{entry.preparation_centre.name}</del> → <ins>Liceo Galvani</ins>" in page


def test_the_history_asks_the_database_as_often_for_three_changes_as_for_one(staff_face, officer):
    entry = factories.entry(factories.session())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(staff_face.get(f"/admin/results/entry/{entry.pk}/history/"))
        return len(captured)

    def change() -> None:
        with pghistory.context(user=factories.staff().pk):
            Entry.objects.update(preparation_centre=factories.centre())

    change()
    queries()
    with_one = queries()
    change()
    change()
    assert queries() == with_one


# --- Who gets in --------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["candidate", "member"])
def test_accounts_of_the_other_faces_cannot_sign_in(staff_face, who):
    if who == "candidate":
        person, password = factories.candidate(), factories.PASSWORD
    else:
        person, password = factories.member(factories.centre()), factories.LONG_PASSWORD
    response = staff_face.post("/admin/login/", {"username": person.username, "password": password})
    assert "is not right" in page_of(response)
    assert staff_face.get("/admin/").status_code == 302


def test_staff_sign_in_and_are_slowed_down_after_wrong_passwords(staff_face):
    person = factories.staff()
    page_of(staff_face.get("/admin/login/"))
    wrong = {"username": person.email, "password": "not the password"}
    codes = [staff_face.post("/admin/login/", wrong).status_code for _try in range(11)]
    assert codes == [200] * 10 + [429]
    right = {"username": person.email, "password": factories.LONG_PASSWORD}
    assert staff_face.post("/admin/login/", right).status_code == 429


def test_a_sign_in_leads_to_the_page_that_was_asked_for(staff_face):
    person = factories.staff()
    to_login = staff_face.get("/admin/results/entry/")
    assert to_login.headers["Location"] == "/admin/login/?next=/admin/results/entry/"
    right = {
        "username": person.email.upper(),
        "password": factories.LONG_PASSWORD,
        "next": "/admin/results/entry/",
    }
    response = staff_face.post("/admin/login/", right)
    assert response.headers["Location"] == "/admin/results/entry/"
    assert staff_face.post("/admin/logout/").status_code == 302
    assert staff_face.get("/admin/").status_code == 302


def test_staff_without_the_group_see_and_change_nothing(staff_face):
    session = full_session(approved=False)
    staff_face.force_login(factories.staff())
    for path in LISTS:
        assert staff_face.get(f"/admin/{path}/").status_code == 403
    release, entry = session.release.pk, session.entries.get().pk
    for act in (
        f"release/{release}/approve",
        f"release/{release}/withdraw",
        f"stop/session/{release}",
        f"stop/centre/{release}",
        f"entry/{entry}/stop",
        f"entry/{entry}/lift",
        f"entry/{entry}/correct",
    ):
        assert staff_face.post(f"/admin/results/{act}/").status_code == 403
    assert not Approval.objects.exists()
    assert not Stop.objects.exists()


def test_who_may_only_look_finds_no_buttons(staff_face):
    session = full_session(approved=False)
    person = factories.staff()
    person.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    staff_face.force_login(person)
    for address in (
        f"/admin/results/examsession/{session.pk}/change/",
        f"/admin/results/release/{session.release.pk}/change/",
        f"/admin/results/entry/{session.entries.get().pk}/change/",
    ):
        page = page_of(staff_face.get(address))
        assert [
            act
            for act in ("/approve/", "/stop/session/", f"entry/{session.entries.get().pk}/stop/", "/correct/")
            if act in page
        ] == []
    assert staff_face.get(f"/admin/results/release/{session.release.pk}/approve/").status_code == 403


@pytest.mark.parametrize("name", office.GROUPS)
def test_each_group_has_exactly_the_permissions_of_the_list(db, name):
    group = Group.objects.get(name=name)
    group.permissions.add(Permission.objects.get(codename="delete_user"))
    group.permissions.remove(group.permissions.first())
    office.apply_permissions()
    held = {
        f"{each.content_type.app_label}.{each.codename}"
        for each in group.permissions.select_related("content_type")
    }
    assert held == office.GROUPS[name]


@pytest.mark.django_db
def test_only_an_entry_without_account_and_result_can_be_deleted(staff_face):
    session = factories.session()
    registered, with_result, plain = (factories.entry(session) for _entry in range(3))
    factories.candidate(registered)
    factories.statement(with_result)
    staff_face.force_login(factories.staff(is_superuser=True))
    for entry, status in ((registered, 403), (with_result, 403), (plain, 302)):
        response = staff_face.post(f"/admin/results/entry/{entry.pk}/delete/", {"post": "yes"})
        assert response.status_code == status
    assert set(Entry.objects.values_list("pk", flat=True)) == {registered.pk, with_result.pk}
    assert "delete_selected" not in staff_face.get("/admin/results/entry/").content.decode()
