"""The verbs of the exams office on a release, and the command that approves."""

from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection

from results import releasing, standing
from results.models import CandidateStatement, CentreStatement, Entry, Release, Statement
from results.standing import Standing, State
from results_portal.office import GROUP
from tests import factories

HOUR = timedelta(hours=1)


@pytest.fixture
def officer(db):
    person = factories.staff()
    person.groups.add(Group.objects.get(name=GROUP))
    return person


def registered(session, **fields) -> Entry:
    entry = factories.entry(session, **fields)
    factories.candidate(entry)
    return entry


def shown(entry: Entry) -> int | None:
    """The version that the gate shows to the entry's candidate."""
    return CandidateStatement.objects.filter(entry=entry).values_list("version", flat=True).first()


def events(model) -> list[tuple[str, int]]:
    return [
        (event.pgh_label, (event.pgh_context or {}).get("user"))
        for event in model.pgh_event_model.objects.order_by("pk")
    ]


# --- Approving --------------------------------------------------------------------------------------


def test_an_approval_shows_what_is_loaded_and_names_who_gave_it(officer):
    session = factories.session(approved=False)
    entry = registered(session)
    factories.statement(entry)
    assert shown(entry) is None

    covered = releasing.approve(session.release, officer)

    assert shown(entry) == 1
    assert (covered.entries, covered.statements, covered.entries_without) == (1, 1, 0)
    release = Release.objects.get()
    assert release.approved_by == officer
    assert release.approved_at - factories.database_now() < timedelta(minutes=1)
    assert events(Release)[-1] == ("update", officer.pk)


def test_an_approval_counts_versions_once_and_says_how_many_entries_have_none(officer):
    session = factories.session(approved=False)
    corrected, plain = factories.entry(session), factories.entry(session)
    factories.entry(session)
    factories.statement(corrected)
    factories.statement(plain)
    newest = factories.statement(corrected, version=2)
    other = factories.statement(factories.entry(factories.session()))

    covered = releasing.approve(session.release, officer)

    assert (covered.entries, covered.statements, covered.entries_without) == (3, 2, 1)
    assert covered.through == newest.pk < other.pk
    assert session.release.approved_through == newest.pk


def test_approving_a_session_without_statements_lets_nothing_later_through(officer):
    session = factories.session(approved=False)
    entry = registered(session)
    covered = releasing.approve(session.release, officer)
    factories.statement(entry)
    assert (covered.statements, covered.through) == (0, 0)
    assert shown(entry) is None


def test_approving_again_covers_what_was_loaded_since(officer):
    session = factories.session(approved=False)
    entry = registered(session)
    factories.statement(entry)
    releasing.approve(session.release, officer)
    factories.statement(entry, version=2, status="withheld")
    assert shown(entry) == 1
    releasing.approve(session.release, officer)
    assert shown(entry) == 2


def test_a_stopped_release_may_be_approved_and_stays_stopped(officer):
    session = factories.session()
    entry = registered(session)
    factories.statement(entry)
    releasing.stop(session.release, "Wrong file", officer)
    factories.statement(entry, version=2, status="withheld")
    releasing.approve(session.release, officer)
    assert shown(entry) is None
    releasing.resume(session.release, officer)
    assert shown(entry) == 2


def test_an_approval_is_refused_when_results_were_loaded_after_the_figures_were_shown(officer):
    session = factories.session(approved=False)
    entry = registered(session)
    factories.statement(entry)
    seen = releasing.coverage(session.release)
    factories.statement(entry, version=2)
    with pytest.raises(ValidationError, match="loaded while you looked"):
        releasing.approve(session.release, officer, seen_through=seen.through)
    assert shown(entry) is None


@pytest.mark.parametrize(
    "person",
    [
        lambda: factories.staff(is_active=False, is_superuser=True),
        factories.staff,
        factories.candidate,
        lambda: factories.member(factories.centre()),
    ],
    ids=["inactive", "without the right", "candidate", "centre member"],
)
def test_who_may_not_release_changes_nothing(db, person):
    session = factories.session(approved=False)
    entry = registered(session)
    factories.statement(entry)
    by, release = person(), session.release
    later = factories.database_now() + HOUR
    for refused in (
        lambda: releasing.approve(release, by),
        lambda: releasing.stop(release, "No reason", by),
        lambda: releasing.resume(release, by),
        lambda: releasing.move(release, later, None, by),
        lambda: releasing.hold_back(Entry.objects.all(), "No reason", by),
        lambda: releasing.let_go(Entry.objects.all(), by),
    ):
        with pytest.raises(ValidationError, match="may not do this"):
            refused()
    assert events(Release) == [("insert", None)]
    assert not Entry.objects.filter(held_back=True).exists()


@pytest.mark.django_db(transaction=True)
def test_an_approval_waits_for_who_is_storing_statements(role_connection):
    """A statement that is not committed yet has a lower number than the approval's: it must not slip in."""
    session = factories.session(approved=False)
    importer = role_connection("staff")
    with importer.transaction():
        importer.execute("SELECT 1 FROM results_release WHERE session_id = %s FOR UPDATE", [session.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
            try:
                with pytest.raises(Exception, match="lock timeout"):
                    releasing.approve(session.release, factories.staff(is_superuser=True))
            finally:
                cursor.execute("RESET lock_timeout")
    assert Release.objects.get().approved_at is None


# --- Moving, stopping, resuming ---------------------------------------------------------------------


def test_moving_the_time_takes_the_approval_away_and_says_so(officer):
    session = factories.session()
    entry = registered(session)
    factories.statement(entry)
    assert shown(entry) == 1
    earlier = session.release.opens_at - HOUR

    assert releasing.move(session.release, earlier, None, officer) is True

    assert shown(entry) is None
    assert Release.objects.get().opens_at == earlier
    assert releasing.move(session.release, earlier, None, officer) is False
    assert events(Release)[-1] == ("update", officer.pk)


def test_moving_to_the_same_time_keeps_the_approval(officer):
    session = factories.session()
    assert releasing.move(session.release, session.release.opens_at, None, officer) is False
    assert Release.objects.get().approved_at is not None


def test_a_stop_hides_at_once_and_keeps_approval_and_reason(officer):
    session = factories.session()
    entry = registered(session)
    factories.statement(entry)

    releasing.stop(session.release, "  Wrong file ", officer)

    assert shown(entry) is None
    release = Release.objects.get()
    assert (release.stop_reason, release.approved_at is not None) == ("Wrong file", True)
    with pytest.raises(ValidationError, match="stopped already"):
        releasing.stop(session.release, "Again", officer)
    releasing.resume(session.release, officer)
    assert shown(entry) == 1
    with pytest.raises(ValidationError, match="not stopped"):
        releasing.resume(session.release, officer)
    assert events(Release)[-2:] == [("update", officer.pk)] * 2


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_a_stop_and_a_hold_need_a_reason_that_fits(officer, reason):
    session = factories.session()
    factories.entry(session)
    with pytest.raises(ValidationError, match="reason"):
        releasing.stop(session.release, reason, officer)
    with pytest.raises(ValidationError, match="reason"):
        releasing.hold_back(Entry.objects.all(), reason, officer)


# --- Holding back -----------------------------------------------------------------------------------


def test_holding_back_hides_these_candidates_alone_until_they_are_let_go(officer):
    session = factories.session()
    held, other = registered(session), registered(session)
    factories.statement(held)
    factories.statement(other)
    only = Entry.objects.filter(pk=held.pk)

    assert releasing.hold_back(only, "Identity to be checked", officer) == [held]

    assert (shown(held), shown(other)) == (None, 1)
    assert events(Entry)[-1] == ("update", officer.pk)
    assert releasing.hold_back(Entry.objects.all(), "Another reason", officer) == [other]
    assert Entry.objects.get(pk=held.pk).hold_reason == "Identity to be checked"
    assert releasing.let_go(only, officer) == [held]
    assert (shown(held), shown(other)) == (1, None)
    assert releasing.let_go(only, officer) == []


# --- The words of the staff face --------------------------------------------------------------------


BEFORE, NOW, AFTER = -HOUR, timedelta(0), timedelta(seconds=1)


def opens_apart(session, centres_in: timedelta | None) -> None:
    """Give preparation centres a time of their own, counted from the database's now."""
    if centres_in is not None:
        Release.objects.filter(session=session).update(centres_open_at=factories.database_now() + centres_in)


@pytest.mark.parametrize("approved", [True, False])
@pytest.mark.parametrize("stopped", [True, False])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("opens_in", [BEFORE, NOW, AFTER])
@pytest.mark.parametrize("centres_in", [None, BEFORE, NOW, AFTER])
def test_a_statement_is_called_open_if_and_only_if_the_gate_shows_it(
    officer, approved, stopped, held, opens_in, centres_in
):
    session = factories.session(opens_in=opens_in, approved=False)
    opens_apart(session, centres_in)
    entry = registered(session, preparation_centre=factories.centre())
    first, second = factories.statement(entry), factories.statement(entry, version=2)
    if approved:
        releasing.approve(session.release, officer)
    late = factories.statement(entry, version=3)
    if stopped:
        releasing.stop(session.release, "Wrong file", officer)
    if held:
        releasing.hold_back(Entry.objects.all(), "Identity", officer)

    called = {each.pk: each.standing for each in standing.with_standing(Statement.objects.all())}
    state = standing.with_state(Release.objects.all()).get().state

    may_show = approved and not stopped and not held
    for gate, audience, due in (
        (CandidateStatement, "FOR_CANDIDATES", opens_in <= NOW),
        (CentreStatement, "FOR_CENTRES", (opens_in if centres_in is None else centres_in) <= NOW),
    ):
        visible = set(gate.objects.values_list("statement_id", flat=True))
        words = {Standing.OPEN, Standing[f"OPEN_{audience}"]}
        assert {pk for pk, word in called.items() if word in words} == visible
        assert visible == ({second.pk} if may_show and due else set())
        if not held:
            assert (state in {State.OPEN, State[f"OPEN_{audience}"]}) is bool(visible)
    assert (called[first.pk] == Standing.REPLACED) is approved
    if not stopped and not held:
        assert called[late.pk] == Standing.UNAPPROVED


@pytest.mark.parametrize(
    ("approved", "stopped", "opens_in", "centres_in", "state"),
    [
        (False, False, BEFORE, None, State.DRAFT),
        (True, False, AFTER, None, State.APPROVED),
        (True, False, AFTER, AFTER, State.APPROVED),
        (True, False, AFTER, NOW, State.OPEN_FOR_CENTRES),
        (True, False, NOW, AFTER, State.OPEN_FOR_CANDIDATES),
        (True, False, NOW, None, State.OPEN),
        (True, False, NOW, BEFORE, State.OPEN),
        (False, False, AFTER, BEFORE, State.DRAFT),
        (True, True, AFTER, BEFORE, State.STOPPED),
        (True, True, BEFORE, None, State.STOPPED),
        (False, True, AFTER, None, State.STOPPED),
    ],
)
def test_the_state_of_a_release_follows_approval_stop_and_both_times(
    officer, approved, stopped, opens_in, centres_in, state
):
    session = factories.session(opens_in=opens_in, approved=False)
    opens_apart(session, centres_in)
    if approved:
        factories.approve(session.release)
    if stopped:
        releasing.stop(session.release, "Wrong file", officer)
    release = standing.with_state(Release.objects.all()).get()
    assert release.state == state
    assert standing.sessions_with_figures(type(session).objects.all()).get().state == state
    assert release.candidates_due is (opens_in <= NOW)
    assert release.centres_due is ((opens_in if centres_in is None else centres_in) <= NOW)


def test_the_figures_of_a_session_do_not_multiply_each_other(db):
    session = factories.session(approved=False)
    both = registered(session)
    registered(session)
    factories.entry(session)
    first = factories.statement(both)
    Release.objects.update(
        approved_through=first.pk, approved_at=factories.database_now(), approved_by=factories.staff()
    )
    factories.statement(both, version=2)
    factories.statement(registered(factories.session()))

    figures = standing.sessions_with_figures(type(session).objects.filter(pk=session.pk)).get()

    assert (figures.entry_count, figures.registered_count) == (3, 2)
    assert (figures.result_count, figures.waiting_count) == (1, 1)


# --- The command ------------------------------------------------------------------------------------


def approve_release(*arguments) -> str:
    out = StringIO()
    call_command("approve_release", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_approves_and_says_what_opens_when(officer):
    session = factories.session(opens_in=timedelta(days=400), approved=False, code="B2F-2026-06")
    factories.statement(factories.entry(session))
    factories.entry(session)

    out = approve_release("B2F-2026-06", "--by", f" {officer.email.upper()} ")

    assert out.startswith(f"B2 First, June 2026: 1 statement approved by {officer.email}; opens ")
    assert "(Italian time).\n1 entry has no statement yet." in out
    assert Release.objects.get().approved_by == officer
    event = Release.pgh_event_model.objects.latest("pk")
    assert event.pgh_context == {"command": "approve_release", "user": officer.pk}


@pytest.mark.parametrize(
    ("stopped", "words"), [(False, "; open since "), (True, "; it stays stopped: Wrong file.")]
)
def test_the_command_says_whether_it_is_open_or_stopped(officer, stopped, words):
    session = factories.session(approved=False)
    if stopped:
        releasing.stop(session.release, "Wrong file", officer)
    assert f": 0 statements approved by {officer.email}{words}" in approve_release(
        session.code, "--by", officer.email
    )


@pytest.mark.parametrize(
    ("opens_in", "centres_in", "words"),
    [
        (AFTER, BEFORE, "; open for preparation centres; opens for candidates "),
        (BEFORE, AFTER, "not yet for preparation centres"),
    ],
)
def test_the_command_says_for_whom_it_is_open(officer, opens_in, centres_in, words):
    session = factories.session(opens_in=opens_in, approved=False)
    opens_apart(session, centres_in)
    assert words in approve_release(session.code, "--by", officer.email)


def test_the_command_names_what_it_does_not_know(officer):
    session = factories.session(approved=False)
    with pytest.raises(CommandError, match=rf"There is no session NONE\. The newest are: {session.code}\."):
        approve_release("NONE", "--by", officer.email)
    with pytest.raises(CommandError, match=r"The exams office has no account nobody@sirio\.example\.org\."):
        approve_release(session.code, "--by", "nobody@sirio.example.org")
    with pytest.raises(CommandError, match="may not do this"):
        approve_release(session.code, "--by", factories.staff().email)
    member = factories.member(factories.centre())
    with pytest.raises(CommandError, match="has no account"):
        approve_release(session.code, "--by", member.email)
    assert Release.objects.get().approved_at is None


# --- The database ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_staff_role_cannot_change_statements_or_history(role_connection):
    session = factories.session()
    factories.statement(factories.entry(session))
    staff = role_connection("staff")
    histories = [
        "results_entryevent",
        "results_examsessionevent",
        "results_releaseevent",
        "accounts_userevent",
        "centres_preparationcentreevent",
        "centres_membershipevent",
        "django_admin_log",
    ]
    for table in ["results_statement", *histories]:
        column = {"results_statement": "overall = 190", "django_admin_log": "change_message = ''"}
        changes = f"UPDATE {table} SET {column.get(table, 'pgh_label = NULL')}", f"DELETE FROM {table}"
        for change in changes:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                staff.execute(change)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_even_the_owner_cannot_change_statements_or_history(change):
    session = factories.session()
    factories.statement(factories.entry(session))
    for table, column in [
        ("results_statement", "reason"),
        ("results_entryevent", "hold_reason"),
        ("results_examsessionevent", "title"),
        ("results_releaseevent", "stop_reason"),
        ("accounts_userevent", "email"),
    ]:
        with connection.cursor() as cursor, pytest.raises(Exception, match="Cannot update or delete rows"):
            cursor.execute(change.format(table, column, "'x'"))
