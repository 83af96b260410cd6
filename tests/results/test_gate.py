"""The gate, tried from outside: with the faces' own database logins, at the instant and around it."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.db.models.functions import Now

from results.models import (
    CandidateStatement,
    CandidateStop,
    CandidateVersion,
    CentreStatement,
    CentreStop,
    CentreVersion,
    Entry,
    Release,
    Stop,
    Visible,
)
from tests import factories

SECOND = timedelta(seconds=1)
HIDDEN_TABLES = [
    "results_statement",
    "results_gate",
    "results_gate_versions",
    "results_shown",
    "results_visible",
    "results_stop",
    "results_stops",
    "results_approval",
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
    Release.objects.update(approved_through=first.pk)
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
    assert Release.objects.get().approved_through is None


def stop(entry: Entry, /, **scope) -> Stop:
    words = {"reason": "Wrong file", "notice_it": "In pausa.", "notice_en": "Paused."}
    return Stop.objects.create(session=entry.session, started_by=factories.staff(), **words, **scope)


SCOPES = {
    "session": lambda entry: {},
    "centre": lambda entry: {"preparation_centre": entry.preparation_centre},
    "candidate": lambda entry: {"entry": entry},
}


@pytest.mark.django_db
@pytest.mark.parametrize("scope", SCOPES)
def test_a_stopped_statement_is_never_visible_and_its_notice_is(scope):
    session = factories.session()
    entry, other = registered_entry(session), registered_entry(session)
    for each in (entry, other):
        factories.statement(each)
    stopped = stop(entry, **SCOPES[scope](entry))

    assert visible(entry) == (False, False)
    assert visible(other) == ((False, False) if scope == "session" else (True, True))
    for notices in (CandidateStop, CentreStop):
        notice = notices.objects.get(entry=entry)
        assert (notice.scope, notice.notice("it"), notice.notice("en")) == (scope, "In pausa.", "Paused.")
        assert notices.objects.filter(entry=other).exists() is (scope == "session")

    Stop.objects.filter(pk=stopped.pk).update(lifted_at=Now(), lifted_by=factories.staff())
    assert visible(entry) == (True, True)
    assert not CandidateStop.objects.exists()


@pytest.mark.django_db
def test_a_stop_in_one_session_leaves_the_same_centres_students_in_another_alone():
    entry = registered_entry(factories.session())
    other = registered_entry(factories.session())
    Entry.objects.update(preparation_centre=entry.preparation_centre)
    for each in (entry, other):
        factories.statement(each)
    stop(entry, preparation_centre=entry.preparation_centre)
    assert (visible(entry), visible(other)) == ((False, False), (True, True))


@pytest.mark.django_db
def test_of_several_stops_the_widest_one_speaks_and_one_lifted_leaves_the_others():
    entry = registered_entry(factories.session())
    factories.statement(entry)
    wide, narrow = stop(entry), stop(entry, entry=entry)
    assert CandidateStop.objects.get(entry=entry).scope == "session"
    Stop.objects.filter(pk=wide.pk).update(lifted_at=Now(), lifted_by=factories.staff())
    assert CandidateStop.objects.get(entry=entry).scope == "candidate"
    assert visible(entry) == (False, False)
    Stop.objects.filter(pk=narrow.pk).update(lifted_at=Now(), lifted_by=factories.staff())
    assert visible(entry) == (True, True)


# --- Versions that were shown --------------------------------------------------------------------------


def versions(entry: Entry) -> tuple[list[int], list[int]]:
    """The versions that the gate tells candidates and centres of."""
    return tuple(
        list(shown.objects.filter(entry=entry).values_list("version", flat=True))
        for shown in (CandidateVersion, CentreVersion)
    )


@pytest.mark.django_db
def test_an_amended_statement_comes_with_what_was_shown_before_and_why():
    session = factories.session(approved=False)
    entry = registered_entry(session)
    factories.statement(entry)
    factories.approve_by_two(session.release)
    factories.statement(entry, version=2, status="withheld", reason="Identity checked")
    assert versions(entry) == ([1], [1])
    factories.approve_by_two(session.release)

    assert versions(entry) == ([1, 2], [1, 2])
    first, second = CandidateVersion.objects.filter(entry=entry)
    assert (first.overall, first.reason, second.status, second.reason) == (
        *(176, ""),
        *("withheld", "Identity checked"),
    )
    assert first.shown_from < second.shown_from


@pytest.mark.django_db
def test_a_version_that_nobody_was_shown_is_not_told_of():
    session = factories.session(approved=False)
    entry = registered_entry(session)
    factories.statement(entry)
    factories.statement(entry, version=2, status="withheld", reason="Results file")
    factories.approve_by_two(session.release)
    assert versions(entry) == ([2], [2])


@pytest.mark.django_db
def test_a_version_approved_and_replaced_before_the_instant_is_not_told_of():
    session = factories.session(opens_in=timedelta(hours=1), approved=False)
    entry = registered_entry(session)
    factories.statement(entry)
    factories.approve_by_two(session.release)
    factories.statement(entry, version=2, status="withheld", reason="Results file")
    assert versions(entry) == ([], [])
    Release.objects.update(opens_at=factories.database_now())
    factories.approve_by_two(session.release)
    assert versions(entry) == ([2], [2])


def backdate(**when) -> None:
    """Move moments of all rows into the past, as the owner and past the triggers. when: by table_column."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name, ago in when.items():
            table, column = name.split("_", 1)
            cursor.execute(f"ALTER TABLE results_{table} DISABLE TRIGGER USER")
            cursor.execute(f"UPDATE results_{table} SET {column} = now() - %s", [ago])
            cursor.execute(f"ALTER TABLE results_{table} ENABLE TRIGGER USER")


@pytest.mark.django_db
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("narrowed", [False, True])
def test_a_wrong_version_that_was_stopped_before_the_instant_is_not_told_of(scope, narrowed):
    """Rows shifted: they were another candidate's marks, and a stop kept them back until the correction."""
    session = factories.session(opens_in=timedelta(hours=9), approved=False)
    entry = registered_entry(session)
    factories.statement(entry)
    factories.approve_by_two(session.release)
    stop(entry, **SCOPES[scope](entry))
    hours = timedelta(hours=1)
    backdate(
        approval_took_effect_at=3 * hours,
        stop_started_at=2 * hours,
        release_opens_at=hours,
        approval_opens_at=hours,
    )
    if narrowed and scope != "candidate":  # first everybody, then the one whom it concerns
        stop(entry, entry=entry)
        Stop.objects.filter(entry=None).update(lifted_at=Now(), lifted_by=factories.staff())
    factories.statement(entry, version=2, status="withheld", reason="Results file")
    factories.approve_by_two(Release.objects.get())
    assert versions(entry) == ([], [])
    Stop.objects.filter(lifted_at=None).update(lifted_at=Now(), lifted_by=factories.staff())

    assert versions(entry) == ([2], [2])
    assert not Visible.objects.filter(corrects=True).exists()
    newest = CandidateVersion.objects.get()
    assert newest.shown_from == Stop.objects.order_by("lifted_at").last().lifted_at


@pytest.mark.django_db
def test_a_version_that_was_shown_for_a_while_before_its_stop_is_told_of():
    session = factories.session(approved=False)
    entry = registered_entry(session)
    factories.statement(entry)
    factories.approve_by_two(session.release)
    stop(entry)
    factories.statement(entry, version=2, status="withheld", reason="Results file")
    factories.approve_by_two(session.release)
    Stop.objects.update(lifted_at=Now(), lifted_by=factories.staff())
    assert versions(entry) == ([1, 2], [1, 2])


@pytest.mark.django_db
def test_old_versions_disappear_with_the_new_one_while_stopped():
    session = factories.session(approved=False)
    entry = registered_entry(session)
    for version in (1, 2):
        factories.statement(entry, version=version)
        factories.approve_by_two(session.release)
    assert versions(entry) == ([1, 2], [1, 2])
    stop(entry)
    assert versions(entry) == ([], [])


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
    others = [f"results_{view}_{other}" for view in ("gate", "gate_versions", "stops")]
    for relation in [*HIDDEN_TABLES, *others]:
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
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, r.rolsuper OR r.rolbypassrls, c.reloptions FROM pg_class c"
            " JOIN pg_roles r ON r.oid = c.relowner WHERE c.relkind = 'v' AND c.relname LIKE 'results_%'"
        )
        views = {name: (powerful, options) for name, powerful, options in cursor}
    assert views.keys() >= {
        f"results_gate{part}{audience}"
        for part in ("", "_versions")
        for audience in ("", "_candidates", "_centres")
    }
    assert views.keys() >= {"results_visible", "results_stops", "results_stops_candidates"}
    assert all(view == (False, ["security_barrier=true"]) for view in views.values())
