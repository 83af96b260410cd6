"""The audit trail: written by the database, forged by nobody, found and read by auditors."""

import csv
import os
import pwd
import re
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pghistory
import psycopg
import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django import app
from psycopg import sql

from accounts.links import confirmation_link, password_link
from accounts.models import User
from centres.models import PreparationCentre
from results.models import Entry, Outcome, Statement
from results_portal import attribution, audit, trail
from results_portal.lists import SECRET_FIELDS
from results_portal.models import AuditEntry, AuditNote
from results_portal.roles import ROLES
from tests import factories, plugin
from tests.conftest import FaceClient, database_role, page_of
from tests.factories import LONG_PASSWORD, PASSWORD, SECRET_NUMBER
from tests.mailbox import work

PAGE = "/admin/results_portal/auditentry/"
EVENTS = [model._meta.db_table for model in trail.event_models()]
FACES = ["candidates", "centres", "staff", "worker"]


def newest(model) -> AuditEntry:
    """The newest act on a model's rows."""
    return AuditEntry.objects.filter(model=model._meta.label_lower).latest("at", "id")


def texts(page: str) -> str:
    """A page without its search form, whose choices name everything."""
    return page.partition("<table")[2]


@pytest.fixture
def auditor(db) -> User:
    user = factories.staff()
    user.user_permissions.add(Permission.objects.get(codename="view_audit"))
    return user


@pytest.fixture
def office(staff_face, auditor) -> FaceClient:
    """The staff face, signed in as an auditor."""
    staff_face.force_login(auditor)
    return staff_face


# --- Nobody forges it --------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("login", FACES)
@pytest.mark.parametrize("table", [*EVENTS, "results_portal_auditnote"])
def test_no_login_changes_or_removes_what_is_written(role_connection, login, table):
    database = role_connection(login)
    column = "kind" if table == "results_portal_auditnote" else "pgh_label"
    for statement in (f"UPDATE {table} SET {column} = ''", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute(statement)


@pytest.mark.django_db
@pytest.mark.parametrize("login", FACES)
@pytest.mark.parametrize("table", EVENTS)
def test_no_login_adds_an_event(role_connection, login, table):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role_connection(login).execute(
            f"INSERT INTO {table} (pgh_created_at, pgh_label) VALUES (now(), 'update')"
        )


@pytest.mark.django_db
def test_the_owner_too_changes_no_event_and_no_note():
    PreparationCentre.objects.create(name="Liceo Volta")
    audit.record(None, "other")
    for table in ("centres_preparationcentreevent", "results_portal_auditnote"):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            connection.cursor().execute(f"DELETE FROM {table}")


@pytest.mark.django_db
def test_the_staff_login_cannot_hang_a_trigger_that_writes_events_on_a_table_of_its_own(role_connection):
    """It may make temporary tables, and so would forge any event with the owner's rights."""
    functions = list(trail._event_functions())
    assert len(functions) == sum(len(model.pgh_trackers) for model in trail.event_models()) > 0
    database = role_connection("staff")
    database.execute("CREATE TEMP TABLE forged (id int)")
    for function in functions:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute(
                sql.SQL("CREATE TRIGGER t AFTER INSERT ON forged FOR EACH ROW EXECUTE FUNCTION {}()").format(
                    sql.Identifier(function)
                )
            )


@pytest.mark.django_db
def test_the_functions_that_write_events_have_a_fixed_search_path():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosecdef, proconfig FROM pg_proc WHERE proname = ANY(%s)",
            [list(trail._event_functions())],
        )
        assert all(
            (definer, config) == (True, ["search_path=public, pg_temp"]) for _name, definer, config in cursor
        )


@pytest.mark.django_db
def test_nobody_is_heard_who_asks_for_no_trigger():
    """pgtrigger.ignore is a setting that any login may set."""
    centre = factories.centre()
    with database_role("portal_staff"), connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(tgname)::text FROM pg_trigger WHERE NOT tgisinternal")
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", cursor.fetchone())
        cursor.execute("UPDATE centres_preparationcentre SET name = 'Liceo Galvani'")
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            cursor.execute("SET LOCAL ROLE NONE; DELETE FROM centres_preparationcentreevent")
    act = newest(PreparationCentre)
    assert (act.kind, act.object_id, act.data["name"]) == ("update", centre.pk, "Liceo Galvani")


@pytest.mark.django_db(transaction=True)
def test_an_injection_on_a_public_face_leaves_its_database_login_whatever_it_says(role_connection):
    alice = factories.candidate(factories.entry(factories.session()))
    database = role_connection("candidates")
    lies = '{"user": 1, "name": "the director", "login": "portal_owner", "address": "192.0.2.1"}'
    with database.transaction():
        database.execute("SELECT set_config('pghistory.context_metadata', %s, true)", [lies])
        database.execute("UPDATE accounts_user SET email = 'm@example.org' WHERE id = %s", [alice.pk])
    assert newest(User).context["login"] == database.info.user
    with database.transaction():
        database.execute("SELECT set_config('pghistory.context_metadata', '[]', true)")
        database.execute("UPDATE accounts_user SET email = 'n@example.org' WHERE id = %s", [alice.pk])
    assert newest(User).context == {"login": database.info.user}


@pytest.mark.django_db
@pytest.mark.parametrize("login", ["candidates", "centres", "worker"])
def test_the_public_logins_do_not_read_it(role_connection, login):
    for table in ("audit_trail", "results_portal_auditnote", *EVENTS):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            role_connection(login).execute(f"SELECT 1 FROM {table}")


@pytest.mark.django_db(transaction=True)
def test_a_note_says_who_and_when_by_the_database(role_connection):
    database = role_connection("staff")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.execute("INSERT INTO results_portal_auditnote (kind, at) VALUES ('other', '2020-01-01')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.execute("""INSERT INTO results_portal_auditnote (kind, context) VALUES ('other', '{}')""")
    database.execute(
        "INSERT INTO results_portal_auditnote (kind, words, model, object_words)"
        " VALUES ('other', 'x', '', '')"
    )
    note = AuditNote.objects.get()
    assert note.context == {"login": database.info.user}
    assert factories.database_now() - note.at < timedelta(minutes=1)


# --- Everything is in it -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_tracked_model_is_in_the_trail():
    """Each arm of the view reads one table of events: the new models' too, without further work."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT table_name FROM information_schema.view_table_usage"
            " WHERE view_name = 'audit_trail'"
        )
        assert {name for (name,) in cursor} == {*EVENTS, "results_portal_auditnote"}
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'portal_stamp'")
        assert {name for (name,) in cursor} == set(EVENTS)


@pytest.mark.django_db
def test_a_view_that_was_lost_is_made_again_by_the_next_migrate():
    connection.cursor().execute("DROP VIEW audit_trail")
    trail.build()
    factories.centre()
    assert newest(PreparationCentre).kind == "insert"


def test_marks_and_secrets_are_in_no_event():
    marks = {field.name for field in Outcome._meta.get_fields()} - {"status"}
    for model in trail.event_models():
        assert model.pgh_tracked_model is not Statement
        names = {field.name for field in model._meta.get_fields()}
        assert not names & (marks | SECRET_FIELDS), model


@pytest.mark.django_db
def test_an_act_has_old_and_new_and_whom_it_is_about():
    alice = factories.entry(factories.session())
    Entry.objects.filter(pk=alice.pk).update(family_name="Verdi")
    act = newest(Entry)
    assert (act.kind, act.object_id, act.entry_id) == ("update", alice.pk, alice.pk)
    assert (act.old["family_name"], act.data["family_name"]) == ("Bianchi", "Verdi")
    assert "secret_digest" not in act.data


# --- From where --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_candidates_change_has_account_address_and_page(settings):
    alice = factories.candidate(factories.entry(factories.session()))
    browser = FaceClient("candidates", REMOTE_ADDR="2001:db8:1:2::7")
    browser.force_login(alice)
    browser.post("/account/email/", {"email": "new@example.org", "current_password": PASSWORD})
    context = newest(User).context
    assert context.pop("login") == connection.settings_dict["USER"]
    assert context == {
        "face": "candidates",
        "address": "2001:db8:1:2::7",
        "page": "change-email",
        "user": alice.pk,
        "name": alice.username,
    }


@pytest.mark.django_db
def test_who_registers_is_known_by_address(candidates):
    entry = factories.entry(factories.session(), id_number="SIR094701")
    slip = {"id_number": "SIR094701", "secret_number": SECRET_NUMBER, "email": "zoe@example.org"}
    candidates.post("/register/", slip | {"password": PASSWORD, "confirm_password": PASSWORD, "terms": "on"})
    for act in (newest(User), newest(Entry)):
        assert (act.context["page"], act.context["address"]) == ("register", "127.0.0.1")
    assert newest(Entry).object_id == entry.pk


@pytest.mark.django_db
def test_a_link_with_a_token_leaves_the_pages_name_and_no_token(candidates):
    alice = factories.candidate(factories.entry(factories.session()))
    link = confirmation_link(alice)
    candidates.get(link.partition("example.org")[2])
    alice.refresh_from_db()
    assert alice.email_confirmed_at
    assert newest(User).context["page"] == "confirm-email"
    candidates.get(password_link(alice).partition("example.org")[2], follow=True)
    token = link.rstrip("/").rpartition("/")[2]
    everything = str(list(AuditEntry.objects.values()))
    assert token not in everything
    assert PASSWORD not in everything


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page",
    ["/", "/register/", "/statement/", "/account/", "/account/email/", "/help/", "/forgotten-password/"],
)
@pytest.mark.parametrize("signed_in", [True, False])
def test_a_candidates_page_costs_no_query_more(settings, page, signed_in):
    alice = factories.candidate(factories.entry(factories.session()))
    factories.statement(alice.entries.get())
    counts = []
    for middleware in (
        settings.MIDDLEWARE,
        [name for name in settings.MIDDLEWARE if "WhoActs" not in name],
    ):
        settings.MIDDLEWARE = middleware
        browser = FaceClient("candidates")
        if signed_in:
            browser.force_login(alice)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(page).status_code in {200, 302}
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_signing_in_costs_no_statement_more(settings):
    alice = factories.candidate(factories.entry(factories.session()))
    counts = []
    for middleware in (
        settings.MIDDLEWARE,
        [name for name in settings.MIDDLEWARE if "WhoActs" not in name],
    ):
        settings.MIDDLEWARE = middleware
        with CaptureQueriesContext(connection) as queries:
            response = FaceClient("candidates").post("/", {"username": alice.username, "password": PASSWORD})
        assert response.status_code == 302
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_a_command_leaves_its_name_and_the_operating_systems_account(settings):
    run = [
        sys.executable,
        "manage.py",
        "create_session",
        "B2F-AUDIT",
        "--exam",
        "B2F",
        "--title",
        "June 2026",
    ]
    run += ["--exam-date", "2026-06-13", "--place", "Roma", "--opens-at", "2036-07-24T10:00+02:00"]
    environment = os.environ | {"DATABASE_URL": plugin.urls["staff"], "PORTAL_FACE": "staff"}
    done = subprocess.run(
        run, cwd=settings.BASE_DIR, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    act = AuditEntry.objects.get(model="results.examsession")
    assert act.context["command"] == "create_session"
    assert act.context["os_user"] == pwd.getpwuid(os.getuid()).pw_name
    assert act.context["login"].endswith("_staff")


@pytest.mark.django_db
def test_a_percent_sign_in_a_statement_stays_one():
    """Migrations have them; pghistory.context alone would take them for parameters."""
    with attribution.by_command("migrate"), connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE NOTICE '% and %%', 1; END $$")
        cursor.execute("INSERT INTO centres_preparationcentre (code, name) VALUES ('', '100 %s')")
        cursor.execute("UPDATE centres_preparationcentre SET name = %s || '%%'", ["100"])
        cursor.execute("SELECT name LIKE '1%' FROM centres_preparationcentre")
        assert cursor.fetchone() == (True,)
    assert (newest(PreparationCentre).old["name"], newest(PreparationCentre).data["name"]) == (
        "100 %s",
        "100%",
    )


@app.task(queue="mail", name="tests.note_something")
def note_something() -> None:
    audit.record(None, AuditNote.Kind.OTHER, words="from a job")


@pytest.mark.django_db(transaction=True)
def test_a_job_leaves_its_tasks_name():
    note_something.defer()
    work()
    assert AuditNote.objects.get().context["task"] == "tests.note_something"


# --- What changes nothing ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_note_is_recorded_with_request_object_and_words():
    officer, entry = factories.staff(), factories.entry(factories.session(), id_number="SIR094701")
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    request.user = officer
    with database_role("portal_staff"):
        audit.record(request, AuditNote.Kind.LOOKED, entry, "asked by telephone")
    act = AuditEntry.objects.get(kind="looked")
    assert (act.model, act.object_id, act.entry_id) == ("results.entry", entry.pk, entry.pk)
    assert act.data == {"object": str(entry), "words": "asked by telephone"}
    assert (act.context["user"], act.context["address"]) == (officer.pk, "192.0.2.7")


@pytest.mark.django_db
def test_a_note_lives_and_dies_with_its_transaction():
    def print_slips():
        audit.record(None, "printed")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        print_slips()
    assert not AuditNote.objects.exists()


@pytest.mark.django_db
def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="danced"):
        audit.record(None, "danced")


@pytest.mark.django_db
def test_staff_signing_in_and_failing_is_noted_and_what_was_typed_is_not(staff_face):
    officer = factories.staff()
    for name, password in [
        (officer.username, LONG_PASSWORD),
        (officer.username, "not the one 9"),
        ("my own passw0rd", "x"),
    ]:
        FaceClient("staff").post("/admin/login/", {"username": name, "password": password})
    notes = AuditNote.objects.order_by("id").values_list("kind", "account_id")
    assert list(notes) == [("signed_in", officer.pk), ("refused", officer.pk), ("refused", None)]
    everything = str(list(AuditEntry.objects.values()))
    assert "my own passw0rd" not in everything
    assert "not the one" not in everything


@pytest.mark.django_db
def test_candidates_signing_in_is_not_noted(candidates):
    alice = factories.candidate(factories.entry(factories.session()))
    candidates.post("/", {"username": alice.username, "password": PASSWORD})
    assert not AuditNote.objects.exists()


# --- The page ----------------------------------------------------------------------------------------


def test_only_who_may_see_the_trail_finds_it(staff_face):
    officer = factories.staff()
    factories.entry(factories.session(), id_number="SIR094701")
    officer.user_permissions.add(*Permission.objects.exclude(codename="view_audit"))
    staff_face.force_login(officer)
    assert staff_face.get(PAGE).status_code == 403
    assert staff_face.post(f"{PAGE}export/").status_code == 403
    assert PAGE not in page_of(staff_face.get("/admin/"))


def test_the_page_says_in_plain_words_who_changed_what_from_where(office, auditor):
    entry = factories.entry(factories.session(), id_number="SIR094701")
    with pghistory.context(user=auditor.pk, name=auditor.username, address="192.0.2.7", page="admin:change"):
        Entry.objects.filter(pk=entry.pk).update(family_name="Verdi")
    assert PAGE in page_of(office.get("/admin/"))
    page = texts(page_of(office.get(PAGE, {"model": "results.entry"})))
    row = page.partition("<tbody>")[2].partition("</tr>")[0]
    assert "Changed: entry" in row
    assert "SIR094701 Alice Verdi</a>" in row
    assert "Family name: <del>Bianchi</del> → <ins>Verdi</ins>" in row
    assert auditor.username in row
    assert "192.0.2.7" in row
    assert connection.settings_dict["USER"] in row


def test_an_account_that_is_gone_is_called_as_it_was(office):
    gone = factories.staff()
    with pghistory.context(**attribution.by_user(gone)):
        centre = factories.centre(name="Liceo Galvani")
    name = gone.username
    gone.delete()
    with pghistory.context(**attribution.by_user(factories.staff())):
        centre.delete()
    page = texts(page_of(office.get(PAGE, {"model": "centres.preparationcentre", "who": name})))
    assert f"<td>{name}</td>" in page
    assert "Liceo Galvani" in page
    assert "Removed" not in page
    page = texts(page_of(office.get(PAGE, {"model": "centres.preparationcentre", "kind": "delete"})))
    assert "Name: <del>Liceo Galvani</del> → <ins>–</ins>" in page


@pytest.fixture
def many(auditor) -> dict[str, str]:
    """What may be asked for, and a word that only the answer has."""
    bob = factories.staff()
    entry = factories.entry(factories.session(), id_number="SIR094701", family_name="Kuvetto")
    candidate = factories.candidate(entry, email="zoe@example.org")
    User.objects.filter(pk=candidate.pk).update(email="later@example.org")
    with pghistory.context(**attribution.by_user(bob), address="192.0.2.99"):
        factories.centre(name="Liceo Galvani")
    request = RequestFactory().get("/")
    request.user = auditor
    audit.record(request, AuditNote.Kind.PRINTED, words="slips of B2F")
    return {"bob": bob.username, "centre": str(PreparationCentre.objects.get().pk)}


@pytest.mark.parametrize(
    ("asked", "there", "not_there"),
    [
        ({"who": "BOB"}, "Liceo Galvani", "Kuvetto"),
        ({"who": "nobody of this name"}, "Nothing was found", "Kuvetto"),
        ({"about": "sir 094 701"}, "Kuvetto", "Liceo Galvani"),
        ({"about": "Zoe@example.org"}, "zoe@example.org", "Liceo Galvani"),
        ({"about": "later@example.org"}, "Kuvetto", "Liceo Galvani"),
        ({"address": "192.0.2.99"}, "Liceo Galvani", "Kuvetto"),
        ({"model": "results.entry"}, "Kuvetto", "Liceo Galvani"),
        ({"model": "centres.preparationcentre", "object_id": "CENTRE"}, "Liceo Galvani", "Kuvetto"),
        ({"model": "centres.preparationcentre", "object_id": "999999999"}, "Nothing was found", "Galvani"),
        ({"kind": "printed"}, "slips of B2F", "Kuvetto"),
        ({"kind": "update"}, "later@example.org", "Galvani"),
        ({"since": "2020-01-01", "until": "2099-12-31"}, "Kuvetto", "Nothing was found"),
        ({"since": "2099-01-01"}, "Nothing was found", "Kuvetto"),
        ({"until": "2020-01-01"}, "Nothing was found", "Kuvetto"),
    ],
)
def test_the_search_finds_by(office, many, asked, there, not_there):
    filled = {"BOB": many["bob"], "CENTRE": many["centre"]}
    page = texts(page_of(office.get(PAGE, {name: filled.get(text, text) for name, text in asked.items()})))
    assert there in page
    assert not_there not in page


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "x"},
        {"model": "accounts.session"},
        {"address": "here"},
        {"since": "yesterday"},
        {"object_id": "9" * 30},
        {"who": "a\0b"},
        {"until": "9999-12-31"},
        {"since": "0001-01-01"},
        {"about": "%' OR 1=1 --"},
        {"who": "x" * 300},
    ],
)
def test_a_search_that_makes_no_sense_is_answered_without_an_error(office, many, asked):
    assert office.get(PAGE, asked).status_code == 200
    assert office.post(f"{PAGE}export/?{next(iter(asked))}=%00").status_code == 200


@pytest.mark.parametrize(
    "place", ["x", "a_b_c", "2026-01-01T00:00:00Z_-1_x", "9999-99-99_1_x", "_" * 3, "\0"]
)
def test_a_place_that_is_none_is_not_found(office, place):
    assert office.get(PAGE, {"after": place}).status_code == 404


def test_pages_follow_each_other_without_gap_or_repetition_though_all_happened_at_once(office):
    """A file stores its rows in one transaction, so at one instant."""
    PreparationCentre.objects.bulk_create(PreparationCentre(name=f"Liceo {n:03d}") for n in range(120))
    seen, address = [], f"{PAGE}?model=centres.preparationcentre"
    while address:
        page = page_of(office.get(address))
        seen += [name for name in (f"Liceo {n:03d}" for n in range(120)) if f"Name: {name}" in page]
        link = page.rpartition(">Older</a>")[0].rpartition('href="')[2].partition('"')[0]
        address = f"{PAGE}{link.replace('&amp;', '&')}" if ">Older</a>" in page else ""
    assert len(seen) == 120
    assert len(set(seen)) == 120


def test_the_page_costs_as_many_queries_for_three_acts_as_for_one_each(office):
    counts = []
    for rows in (1, 3):
        for _each in range(rows):
            entry = factories.entry(factories.session(), preparation_centre=factories.centre())
            factories.member(entry.preparation_centre)
            factories.candidate(entry)
        with CaptureQueriesContext(connection) as queries:
            office.get(PAGE)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_export_has_what_was_found_safe_for_a_spreadsheet_and_is_itself_recorded(office, auditor):
    for name in ("=HYPERLINK(1)", "+39", "-1", "@SUM(A1)", "Liceo Volta"):
        factories.centre(name=name, code="")
    factories.entry(factories.session(), family_name="Kuvetto")
    response = office.post(f"{PAGE}export/?model=centres.preparationcentre")
    content = b"".join(response.streaming_content).decode()
    rows = list(csv.reader(StringIO(content.removeprefix("\ufeff"))))
    assert content.startswith("\ufeffWhen,Who,What,")
    assert [row[5] for row in rows[1:]] == ["Liceo Volta", "'@SUM(A1)", "'-1", "'+39", "'=HYPERLINK(1)"]
    assert "Name: – → Liceo Volta" in rows[1][6]
    assert "Kuvetto" not in content
    assert "attachment" in response["Content-Disposition"]
    note = AuditNote.objects.get(kind="exported")
    assert note.context["user"] == auditor.pk
    assert "centres.preparationcentre" in note.words
    assert "exported a list" in texts(page_of(office.get(PAGE, {"kind": "exported"}))).lower()


def test_the_export_goes_on_beyond_what_is_in_memory_at_once(office, monkeypatch):
    monkeypatch.setattr("results_portal.admin.A_CHUNK", 7)
    PreparationCentre.objects.bulk_create(PreparationCentre(name=f"Liceo {n:03d}") for n in range(20))
    response = office.post(f"{PAGE}export/?model=centres.preparationcentre")
    rows = list(csv.reader(StringIO(b"".join(response.streaming_content).decode())))
    assert [row[5] for row in rows[1:]] == [f"Liceo {n:03d}" for n in reversed(range(20))]


def test_a_link_alone_exports_nothing(office):
    assert office.get(f"{PAGE}export/").status_code == 405
    assert not AuditNote.objects.filter(kind="exported").exists()


def test_no_mark_is_on_the_page(office):
    entry = factories.entry(factories.session())
    factories.statement(entry, overall=171, result="B", speaking=171)
    request = RequestFactory().get("/")
    request.user = factories.staff()
    audit.record(request, AuditNote.Kind.LOOKED, entry)
    page = texts(page_of(office.get(PAGE)))
    assert "looked at a result" in page.lower()
    assert "171" not in re.sub(r"number \d+|/\d+/|officer\d+", "", page)


@pytest.mark.parametrize("role", ROLES)
def test_roles_are_told_apart_by_the_tests_above(role):
    """A role that is new needs a login in these tests."""
    assert role.removeprefix("portal_") in FACES
