"""The gate, tried from outside: with the faces' own database logins, at the instant and around it."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from results.models import CandidateStatement, CentreStatement, Entry, Release
from tests import factories

SECOND = timedelta(seconds=1)
HIDDEN_TABLES = [
    "results_statement",
    "results_gate",
    "results_entryevent",
    "results_releaseevent",
    "results_examsessionevent",
    "accounts_userevent",
]


def visible(entry: Entry) -> tuple[bool, bool]:
    """Whether the gate shows the entry's statement to candidates and to centres."""
    return (
        CandidateStatement.objects.filter(entry=entry).exists(),
        CentreStatement.objects.filter(entry=entry).exists(),
    )


def registered_entry(session, **fields) -> Entry:
    entry = factories.entry(session, preparation_centre=factories.centre(), **fields)
    factories.candidate(entry)
    return entry


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("opens_in", "shown"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)], ids=["T-1s", "T", "T+1s"]
)
def test_a_statement_is_visible_from_its_instant_on(opens_in, shown):
    entry = registered_entry(factories.session(opens_in=opens_in))
    factories.statement(entry)
    assert visible(entry) == (shown, shown)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("centres_in", "shown"), [(SECOND, (True, False)), (timedelta(0), (True, True))], ids=["later", "same"]
)
def test_the_centres_instant_may_differ_from_the_candidates(centres_in, shown):
    session = factories.session(opens_in=timedelta(0))
    Release.objects.update(centres_open_at=factories.database_now() + centres_in)
    factories.approve(session.release)
    entry = registered_entry(session)
    factories.statement(entry)
    assert visible(entry) == shown


@pytest.mark.django_db
def test_loading_is_not_releasing():
    entry = registered_entry(factories.session(approved=False))
    factories.statement(entry)
    assert visible(entry) == (False, False)


@pytest.mark.django_db
def test_what_is_loaded_after_the_approval_waits_and_the_approved_version_stays():
    session = factories.session(approved=False)
    entry = registered_entry(session)
    first = factories.statement(entry)
    Release.objects.update(
        approved_through=first.pk, approved_at=factories.database_now(), approved_by=factories.staff()
    )
    factories.statement(entry, version=2, status="withheld", reason="Enquiry on results")
    late = registered_entry(session)
    factories.statement(late)

    assert CandidateStatement.objects.get(entry=entry).version == 1
    assert visible(late) == (False, False)
    factories.approve(session.release)
    assert CandidateStatement.objects.get(entry=entry).version == 2
    assert visible(late) == (True, True)


@pytest.mark.django_db
def test_moving_the_time_voids_the_approval():
    session = factories.session()
    entry = registered_entry(session)
    factories.statement(entry)
    assert visible(entry) == (True, True)
    Release.objects.update(opens_at=factories.database_now() - 2 * SECOND)
    assert visible(entry) == (False, False)
    assert Release.objects.get().approved_by is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "keep_back",
    [
        lambda entry: Release.objects.update(stopped_at=factories.database_now(), stop_reason="Wrong file"),
        lambda entry: Entry.objects.filter(pk=entry.pk).update(
            held_back=True, hold_reason="Identity to be checked"
        ),
    ],
    ids=["stopped", "held back"],
)
def test_a_stopped_or_held_back_statement_is_never_visible(keep_back):
    entry = registered_entry(factories.session())
    factories.statement(entry)
    assert visible(entry) == (True, True)
    keep_back(entry)
    assert visible(entry) == (False, False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("login", ["candidates", "centres"])
def test_a_face_sees_the_view_and_nothing_behind_it(role_connection, login):
    closed = registered_entry(factories.session(opens_in=timedelta(hours=1)))
    factories.statement(closed)
    opened = registered_entry(factories.session())
    factories.statement(opened)

    face = role_connection(login)
    assert face.execute(f"SELECT entry_id FROM results_gate_{login}").fetchall() == [(opened.pk,)]
    other = {"candidates": "centres", "centres": "candidates"}[login]
    for relation in [*HIDDEN_TABLES, f"results_gate_{other}"]:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            face.execute(f"SELECT * FROM {relation}")
    for change in (
        "UPDATE results_release SET opens_at = now()",
        "UPDATE results_release SET approved_through = 1",
        "DELETE FROM results_entry",
        f"UPDATE results_gate_{login} SET overall = 230",
        "SET ROLE portal_staff",
    ):
        with pytest.raises(
            (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)
        ):
            face.execute(change)


@pytest.mark.django_db(transaction=True)
def test_a_function_in_a_query_never_sees_a_row_behind_the_gate(role_connection):
    """A security barrier: a leaky condition runs after the gate's own."""
    closed = registered_entry(factories.session(opens_in=timedelta(hours=1)))
    factories.statement(closed, overall=176, result="B", cefr="B2", speaking=176)
    face = role_connection("candidates")
    rows = face.execute("SELECT * FROM results_gate_candidates WHERE 1 / (overall - 176) > 0").fetchall()
    assert rows == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("login", ["candidates", "centres"])
def test_before_the_instant_no_statement_is_even_read(role_connection, login):
    """EXPLAIN ANALYZE counts rows: with a right guess as with a wrong one, the statements are not touched."""
    closed = registered_entry(factories.session(opens_in=timedelta(hours=1)))
    factories.statement(closed, overall=176, result="B", cefr="B2", speaking=176)
    face = role_connection(login)
    for guess in (176, 175):
        plan = face.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM results_gate_{login}"
            f" WHERE entry_id = {closed.pk} AND overall = {guess}"
        ).fetchone()[0]
        scans = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "results_statement"]
        assert scans
        assert all(scan["Actual Loops"] == 0 for scan in scans)


def nodes(plan: dict) -> Iterator[dict]:
    """All nodes of a plan."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


@pytest.mark.django_db
def test_the_gate_belongs_to_an_owner_who_is_no_superuser_and_is_a_security_barrier():
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, r.rolsuper OR r.rolbypassrls, c.reloptions FROM pg_class c"
            " JOIN pg_roles r ON r.oid = c.relowner WHERE c.relname LIKE 'results_gate%'"
        )
        views = {name: (powerful, options) for name, powerful, options in cursor}
    assert set(views) == {"results_gate", "results_gate_candidates", "results_gate_centres"}
    assert all(view == (False, ["security_barrier=true"]) for view in views.values())
