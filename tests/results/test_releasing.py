"""The verbs of the exams office on a release, the two people it takes, and the command that approves."""

import threading
import time
from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from results import releasing, standing, stopping
from results.models import Approval, CandidateStatement, CentreStatement, Entry, Release, Statement, Stop
from results.standing import Standing, State
from results_portal.office import APPROVER, OFFICER
from tests import factories

HOUR = timedelta(hours=1)


@pytest.fixture
def officer(db):
    return factories.officer()


@pytest.fixture
def colleague(db):
    return factories.officer(APPROVER)


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


def loaded(opens_in: timedelta = HOUR):
    """A session that waits for its approval, with a registered candidate's result."""
    session = factories.session(opens_in=opens_in, approved=False)
    entry = registered(session, preparation_centre=factories.centre())
    factories.statement(entry)
    return session, entry


def voids(release: Release) -> list[str]:
    return list(release.approvals.values_list("voided_because", flat=True))


# --- Two people -------------------------------------------------------------------------------------


def test_an_approval_takes_effect_with_a_second_persons(officer, colleague):
    session, entry = loaded(-HOUR)

    first = releasing.approve(session.release, officer, open_now=True)
    assert first.took_effect_at is None
    assert (shown(entry), session.release.approved_through) == (None, None)
    second = releasing.approve(session.release, colleague, open_now=True)

    assert shown(entry) == 1
    assert second.took_effect_at is not None
    assert session.release.approved_through == Statement.objects.get().pk
    assert set(Approval.objects.values_list("person", flat=True)) == {officer.pk, colleague.pk}
    assert events(Approval)[0] == ("insert", officer.pk)
    assert events(Release)[-1] == ("update", colleague.pk)


def test_the_same_person_twice_is_one_person(officer):
    session, entry = loaded(-HOUR)
    releasing.approve(session.release, officer, open_now=True)
    with pytest.raises(ValidationError, match="needs another person"):
        releasing.approve(session.release, officer, open_now=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.create(
            release=session.release, person=officer, through=Statement.objects.get().pk, open_now=True
        )
    assert shown(entry) is None


def test_who_loaded_the_results_is_named_and_cannot_approve_alone(officer, colleague):
    session, entry = loaded(-HOUR)
    factories.statement(entry, version=2, made_by=officer)
    assert releasing.preparers(session.release) == [officer]
    releasing.approve(session.release, officer, open_now=True)
    assert shown(entry) is None
    releasing.approve(session.release, colleague, open_now=True)
    assert shown(entry) == 2


def load_another(session, entry, officer) -> None:
    factories.statement(registered(session))


def correct(session, entry, officer) -> None:
    factories.statement(entry, version=2)


def move(session, entry, officer) -> None:
    releasing.move(session.release, session.release.opens_at + HOUR, None, officer)


def part_the_audiences(session, entry, officer) -> None:
    opens_at = session.release.opens_at
    releasing.move(session.release, opens_at, opens_at + HOUR, officer)


def move_a_candidate(session, entry, officer) -> None:
    entry.preparation_centre = factories.centre()
    entry.save(update_fields=["preparation_centre"])


CHANGES = {
    load_another: "statements",
    correct: "statements",
    move: "time",
    part_the_audiences: "time",
    move_a_candidate: "audience",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("people", [1, 2])
def test_a_change_before_the_opening_voids_every_approval_and_the_database_says_why(
    officer, colleague, change, people
):
    session, entry = loaded()
    for person in (officer, colleague)[:people]:
        releasing.approve(session.release, person)

    change(session, entry, officer)

    assert voids(session.release) == [CHANGES[change]] * people
    assert Release.objects.get().approved_through is None
    assert releasing.last_voided(session.release).voided_because == CHANGES[change]
    release = session.release
    release.refresh_from_db()
    releasing.approve(release, officer)
    assert releasing.last_voided(release) is None
    assert release.approved_through is None
    releasing.approve(release, colleague)
    assert release.approved_through == Statement.objects.latest("pk").pk


def test_what_does_not_touch_the_release_leaves_its_approvals(officer, colleague):
    session, entry = loaded()
    for person in (officer, colleague):
        releasing.approve(session.release, person)
    _other, other_entry = loaded()
    factories.statement(other_entry, version=2)
    factories.entry(session, preparation_centre=factories.centre())
    entry.given_names = "Alicia"
    entry.save(update_fields=["given_names"])
    releasing.move(session.release, session.release.opens_at, None, officer)
    assert voids(session.release) == ["", ""]
    assert Release.objects.get(session=session).approved_through is not None


@pytest.mark.parametrize("change", [load_another, correct, move_a_candidate])
def test_after_the_opening_what_is_visible_stays_and_what_is_new_waits_for_two(officer, colleague, change):
    session, entry = loaded(-HOUR)
    for person in (officer, colleague):
        releasing.approve(session.release, person, open_now=True)
    newest = factories.statement(entry, version=2)
    releasing.approve(session.release, officer, open_now=True)

    if change is correct:
        newest = factories.statement(entry, version=3)
    else:
        change(session, entry, officer)

    assert shown(entry) == 1
    assert voids(session.release) == ["", "", CHANGES[change]]
    for person in (officer, colleague):
        assert shown(entry) == 1
        releasing.approve(session.release, person, open_now=True)
    assert shown(entry) == newest.version


def test_a_new_time_hides_what_is_open_until_two_approve_again(officer, colleague):
    session, entry = loaded(-HOUR)
    for person in (officer, colleague):
        releasing.approve(session.release, person, open_now=True)
    assert releasing.move(session.release, factories.database_now() + HOUR, None, officer) is True
    assert shown(entry) is None
    assert voids(session.release) == ["time", "time"]


# --- The instant ------------------------------------------------------------------------------------


def test_an_instant_that_has_passed_opens_only_by_open_now_from_both(officer, colleague):
    session, entry = loaded(timedelta(0))
    with pytest.raises(ValidationError, match="results would show at once"):
        releasing.approve(session.release, officer)
    releasing.approve(session.release, officer, open_now=True)
    with pytest.raises(ValidationError, match="results would show at once"):
        releasing.approve(session.release, colleague)
    assert shown(entry) is None
    releasing.approve(session.release, colleague, open_now=True)
    assert shown(entry) == 1


def test_open_now_is_refused_before_the_instant(officer):
    session, _entry = loaded()
    with pytest.raises(ValidationError, match="has not come yet"):
        releasing.approve(session.release, officer, open_now=True)


def test_the_centres_instant_counts_too(officer):
    session, _entry = loaded()
    Release.objects.update(centres_open_at=factories.database_now())
    with pytest.raises(ValidationError, match="results would show at once"):
        releasing.approve(session.release, officer)


def test_a_first_approval_that_the_instant_overtook_does_not_count(officer, colleague):
    """What one person approved for later must not open at once by the other's word alone."""
    session, entry = loaded()
    releasing.approve(session.release, officer)
    # Time passes: as the owner, past the trigger that a change of the time would set off.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE results_release DISABLE TRIGGER time_voids")
        Release.objects.update(opens_at=factories.database_now() - HOUR)
        cursor.execute("ALTER TABLE results_release ENABLE TRIGGER time_voids")
    release = Release.objects.get()

    releasing.approve(release, colleague, open_now=True)

    assert shown(entry) is None
    assert voids(release) == ["late", ""]
    releasing.approve(release, officer, open_now=True)
    assert shown(entry) == 1


@pytest.mark.parametrize("open_now", [True, False])
def test_the_database_refuses_an_approval_that_is_not_what_it_says(officer, open_now):
    session, _entry = loaded(HOUR if open_now else -HOUR)
    through = Statement.objects.get().pk
    for refused in (
        {"through": through, "open_now": open_now},
        {"through": through - 1, "open_now": not open_now},
        {"through": 2**62, "open_now": not open_now},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.create(release=session.release, person=officer, **refused)


def test_the_database_takes_an_approval_from_staff_alone(db):
    session, entry = loaded(-HOUR)
    for person in (factories.member(factories.centre()), entry.user, factories.staff(is_active=False)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.create(
                release=session.release, person=person, through=Statement.objects.get().pk, open_now=True
            )


def test_a_release_begins_without_approval_whatever_is_inserted(db):
    session = factories.session(approved=False)
    other = factories.session(approved=False)
    Release.objects.filter(session=other).delete()
    Release.objects.create(session=other, opens_at=session.release.opens_at, approved_through=2**62)
    assert Release.objects.get(session=other).approved_through is None


# --- Withdrawing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [1, 2])
def test_an_approval_can_be_withdrawn_before_the_opening(officer, colleague, people):
    session, _entry = loaded()
    for person in (officer, colleague)[:people]:
        releasing.approve(session.release, person)
    assert releasing.withdraw(session.release, colleague) == people
    assert session.release.approved_through is None
    assert voids(session.release) == ["withdrawn"] * people
    with pytest.raises(ValidationError, match="no approval to withdraw"):
        releasing.withdraw(session.release, colleague)


def test_withdrawing_leaves_what_is_visible(officer, colleague):
    session, entry = loaded(-HOUR)
    for person in (officer, colleague):
        releasing.approve(session.release, person, open_now=True)
    factories.statement(entry, version=2)
    releasing.approve(session.release, officer, open_now=True)
    assert releasing.withdraw(session.release, officer) == 1
    assert shown(entry) == 1


# --- What an approval covers ------------------------------------------------------------------------


def test_an_approval_counts_versions_once_and_says_how_many_entries_have_none(officer):
    session = factories.session(approved=False)
    corrected, plain = factories.entry(session), factories.entry(session)
    factories.entry(session)
    factories.statement(corrected)
    factories.statement(plain)
    newest = factories.statement(corrected, version=2)
    other = factories.statement(factories.entry(factories.session()))

    covered = releasing.coverage(session.release)

    assert (covered.entries, covered.statements, covered.entries_without) == (3, 2, 1)
    assert (covered.waiting, covered.approved_before) == (2, 0)
    assert covered.through == newest.pk < other.pk


def test_a_session_without_statements_cannot_be_approved(officer):
    session = factories.session(approved=False)
    with pytest.raises(ValidationError, match="no results to approve"):
        releasing.approve(session.release, officer, open_now=True)


def test_what_is_approved_already_needs_no_approval(officer, colleague):
    session, _entry = loaded()
    for person in (officer, colleague):
        releasing.approve(session.release, person)
    with pytest.raises(ValidationError, match="approved already"):
        releasing.approve(session.release, officer)


def test_a_stopped_release_may_be_approved_and_stays_stopped(officer, colleague):
    session, entry = loaded(-HOUR)
    stop = stopping.stop_session(session, officer, "Wrong file")
    for person in (officer, colleague):
        releasing.approve(session.release, person, open_now=True)
    assert shown(entry) is None
    stopping.lift(Stop.objects.filter(pk=stop.pk), officer)
    assert shown(entry) == 1


def test_an_approval_is_refused_when_results_were_loaded_after_the_figures_were_shown(officer):
    session, entry = loaded()
    seen = releasing.coverage(session.release)
    factories.statement(entry, version=2)
    with pytest.raises(ValidationError, match="loaded while you looked"):
        releasing.approve(session.release, officer, seen_through=seen.through)
    assert not Approval.objects.exists()


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
    session, _entry = loaded(-HOUR)
    by, release = person(), session.release
    later = factories.database_now() + HOUR
    stop = stopping.stop_session(session, factories.officer(), "Wrong file")
    for refused in (
        lambda: releasing.approve(release, by, open_now=True),
        lambda: releasing.withdraw(release, by),
        lambda: releasing.move(release, later, None, by),
        lambda: stopping.stop_session(session, by, "No reason"),
        lambda: stopping.stop_candidates(Entry.objects.all(), by, "No reason"),
        lambda: stopping.lift(Stop.objects.all(), by),
    ):
        with pytest.raises(ValidationError, match="may not do this"):
            refused()
    assert events(Release) == [("insert", None)]
    assert not Approval.objects.exists()
    assert Stop.objects.get() == stop


def test_an_officer_without_the_approvers_right_prepares_and_cannot_approve(db):
    session, _entry = loaded()
    officer = factories.officer(OFFICER)
    releasing.move(session.release, session.release.opens_at + HOUR, None, officer)
    with pytest.raises(ValidationError, match="may not do this"):
        releasing.approve(session.release, officer)


@pytest.mark.django_db(transaction=True)
def test_an_approval_waits_for_who_is_storing_statements(role_connection):
    """A statement that is not committed yet has a lower number than the approval's: it must not slip in."""
    session, _entry = loaded()
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
    assert not Approval.objects.exists()


# --- Moving -----------------------------------------------------------------------------------------


def test_moving_to_the_same_time_keeps_the_approval(officer):
    session = factories.session()
    assert releasing.move(session.release, session.release.opens_at, None, officer) is False
    assert Release.objects.get().approved_through is not None


@pytest.mark.parametrize("field", ["opens_at", "centres_open_at"])
def test_a_time_that_has_passed_cannot_be_set(officer, field):
    session, _entry = loaded()
    opens_at = session.release.opens_at
    past = factories.database_now() - HOUR
    times = (past, None) if field == "opens_at" else (opens_at, past)
    with pytest.raises(ValidationError, match="This time has passed") as refusal:
        releasing.move(session.release, *times, officer)
    assert list(refusal.value.message_dict) == [field]
    assert Release.objects.get().opens_at == opens_at


# --- The words of the staff face --------------------------------------------------------------------


BEFORE, NOW, AFTER = -HOUR, timedelta(0), HOUR


def opens_apart(session, centres_in: timedelta | None) -> None:
    """Give preparation centres a time of their own, counted from the database's now."""
    if centres_in is not None:
        Release.objects.filter(session=session).update(centres_open_at=factories.database_now() + centres_in)


@pytest.mark.parametrize("approved", [True, False])
@pytest.mark.parametrize("stopped", [None, "session", "centre", "candidate"])
@pytest.mark.parametrize("opens_in", [BEFORE, NOW, AFTER])
@pytest.mark.parametrize("centres_in", [None, BEFORE, NOW, AFTER])
def test_a_statement_is_called_open_if_and_only_if_the_gate_shows_it(
    officer, approved, stopped, opens_in, centres_in
):
    session = factories.session(opens_in=opens_in, approved=False)
    opens_apart(session, centres_in)
    entry = registered(session, preparation_centre=factories.centre())
    first, second = factories.statement(entry), factories.statement(entry, version=2)
    if approved:
        Release.objects.update(approved_through=second.pk)
    is_due = min(opens_in, opens_in if centres_in is None else centres_in) <= NOW
    # What is loaded after the approval voids it, unless results are visible already.
    late = factories.statement(entry, version=3) if is_due or not approved else None
    if stopped == "session":
        stopping.stop_session(session, officer, "Wrong file")
    elif stopped == "centre":
        stopping.stop_centre(session, entry.preparation_centre, officer, "Wrong file")
    elif stopped == "candidate":
        stopping.stop_candidates(Entry.objects.all(), officer, "Wrong file")

    called = {each.pk: each.standing for each in standing.with_standing(Statement.objects.all())}
    state = standing.with_state(Release.objects.all()).get().state

    may_show = approved and not stopped
    for gate, audience, due in (
        (CandidateStatement, "FOR_CANDIDATES", opens_in <= NOW),
        (CentreStatement, "FOR_CENTRES", (opens_in if centres_in is None else centres_in) <= NOW),
    ):
        visible = set(gate.objects.values_list("statement_id", flat=True))
        words = {Standing.OPEN, Standing[f"OPEN_{audience}"]}
        assert {pk for pk, word in called.items() if word in words} == visible
        assert visible == ({second.pk} if may_show and due else set())
        if stopped in {None, "session"}:
            assert (state in {State.OPEN, State[f"OPEN_{audience}"]}) is bool(visible)
    assert (called[first.pk] == Standing.REPLACED) is approved
    if late and not stopped:
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
        stopping.stop_session(session, officer, "Wrong file")
    release = standing.with_state(Release.objects.all()).get()
    assert release.state == state
    assert standing.sessions_with_figures(type(session).objects.all()).get().state == state
    assert release.candidates_due is (opens_in <= NOW)
    assert release.centres_due is ((opens_in if centres_in is None else centres_in) <= NOW)


def test_a_release_that_one_person_approved_is_called_so(officer):
    session, _entry = loaded()
    releasing.approve(session.release, officer)
    assert standing.with_state(Release.objects.all()).get().state == State.HALF_APPROVED
    assert standing.sessions_with_figures(type(session).objects.all()).get().state == State.HALF_APPROVED


def test_the_figures_of_a_session_do_not_multiply_each_other(db):
    session = factories.session(approved=False)
    both = registered(session)
    registered(session)
    factories.entry(session)
    first = factories.statement(both)
    Release.objects.filter(session=session).update(approved_through=first.pk)
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


def test_the_command_approves_and_says_what_opens_when(officer, colleague):
    session = factories.session(opens_in=timedelta(days=400), approved=False, code="B2F-2026-06")
    factories.statement(factories.entry(session))
    factories.entry(session)

    out = approve_release("B2F-2026-06", "--by", f" {officer.email.upper()} ")
    assert out == (f"B2 First, June 2026: approved by {officer.email}; it needs another person’s approval.\n")
    out = approve_release("B2F-2026-06", "--by", colleague.email)

    assert out.startswith("B2 First, June 2026: 1 statement approved; opens ")
    assert "(Italian time).\n1 entry has no statement yet." in out
    context = Release.pgh_event_model.objects.latest("pk").pgh_context
    assert (context["command"], context["user"]) == ("approve_release", colleague.pk)


@pytest.mark.parametrize(("stopped", "words"), [(False, "; open since "), (True, "; it stays stopped.")])
def test_the_command_says_whether_it_is_open_or_stopped(officer, colleague, stopped, words):
    session, _entry = loaded(-HOUR)
    if stopped:
        stopping.stop_session(session, officer, "Wrong file")
    approve_release(session.code, "--by", officer.email, "--open-now")
    assert f": 1 statement approved{words}" in approve_release(
        session.code, "--by", colleague.email, "--open-now"
    )


@pytest.mark.parametrize(
    ("opens_in", "centres_in", "words"),
    [
        (AFTER, BEFORE, "; open for preparation centres; opens for candidates "),
        (BEFORE, AFTER, "not yet for preparation centres"),
    ],
)
def test_the_command_says_for_whom_it_is_open(officer, colleague, opens_in, centres_in, words):
    session, _entry = loaded(opens_in)
    opens_apart(session, centres_in)
    approve_release(session.code, "--by", officer.email, "--open-now")
    assert words in approve_release(session.code, "--by", colleague.email, "--open-now")


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
    assert not Approval.objects.exists()


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
    factories.statement(registered(session))
    for table, column in [
        ("results_statement", "reason"),
        ("results_entryevent", "given_names"),
        ("results_examsessionevent", "title"),
        ("results_releaseevent", "pgh_label"),
        ("accounts_userevent", "email"),
    ]:
        with connection.cursor() as cursor, pytest.raises(Exception, match="Cannot update or delete rows"):
            cursor.execute(change.format(table, column, "'x'"))


@pytest.mark.django_db(transaction=True)
def test_the_staff_role_approves_by_its_row_alone_and_stops_by_theirs(role_connection):
    """Neither how far an approval reaches, nor an approval, nor what a stop says can be written."""
    session, _entry = loaded(-HOUR)
    officer = factories.officer()
    releasing.approve(session.release, officer, open_now=True)
    stopping.stop_session(session, officer, "Wrong file")
    staff = role_connection("staff")
    for change in (
        "UPDATE results_release SET approved_through = 1",
        "DELETE FROM results_release",
        "UPDATE results_approval SET took_effect_at = now()",
        "UPDATE results_approval SET person_id = person_id + 1",
        "DELETE FROM results_approval",
        "UPDATE results_stop SET reason = 'Another'",
        "DELETE FROM results_stop",
        "SELECT results_void_approvals(1, 'time', true)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            staff.execute(change)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["results_approval", "results_stop"])
def test_even_the_owner_deletes_no_approval_and_no_stop(table):
    session, _entry = loaded(-HOUR)
    releasing.approve(session.release, factories.officer(), open_now=True)
    stopping.stop_session(session, factories.officer(), "Wrong file")
    with connection.cursor() as cursor, pytest.raises(IntegrityError):
        cursor.execute(f"DELETE FROM {table}")


# The second row comes two seconds after the first.
TWO_ROWS = """
INSERT INTO results_statement (entry_id, version, reason, status, result, cefr, speaking)
SELECT entry, 2, 'x', 'pending', '', '', nullif(length(pg_sleep(wait)::text), 0)
FROM (VALUES (%s::bigint, 0.0), (%s, 2.0)) AS rows (entry, wait)
"""


@pytest.mark.django_db(transaction=True)
def test_the_staff_role_gives_no_statement_a_number_that_an_approval_covers(role_connection):
    """The number says which approval covers it: a low one would be shown without anybody's approval."""
    session, entry = loaded(-HOUR)
    factories.approve_by_two(session.release)
    columns, values = "entry_id, version, reason, status", (entry.pk, 2, "x", "pending")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role_connection("staff").execute(
            f"INSERT INTO results_statement (id, {columns}) VALUES (-1, %s, %s, %s, %s)", values
        )
    with pytest.raises(IntegrityError, match="comes after the approvals"), transaction.atomic():
        factories.statement(entry, version=2, pk=-1)
    assert shown(entry) == 1


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_an_approval_overtook_is_refused(role_connection):
    """Stored without locking the release first: its number was given before those that two people saw."""
    session, entry = loaded(-HOUR)
    second, third = (registered(session) for _ in range(2))
    factories.statement(second)
    importer = role_connection("staff")
    refusals = []

    def store() -> None:
        try:
            importer.execute(TWO_ROWS, [entry.pk, second.pk])
        except psycopg.errors.CheckViolation as refusal:
            refusals.append(refusal)

    storing = threading.Thread(target=store)
    storing.start()
    time.sleep(0.5)  # the first row has its number
    factories.statement(third)
    factories.approve_by_two(session.release)
    storing.join()
    assert "comes after the approvals" in str(refusals[0])
    assert shown(entry) == 1


@pytest.mark.django_db(transaction=True)
def test_a_statement_without_an_entry_is_refused_at_once(role_connection):
    """Its foreign key is checked at the end of the transaction only, when the entry may be anybody's."""
    with pytest.raises(psycopg.errors.CheckViolation, match="has an entry"):
        role_connection("staff").execute(
            "INSERT INTO results_statement (entry_id, version, reason, status, result, cefr)"
            " VALUES (999999, 1, '', 'pending', '', '')"
        )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "way",
    [
        "UPDATE results_entry SET session_id = {session} WHERE id = {entry}",
        "DELETE FROM results_entry WHERE id = {entry}",
        "UPDATE results_entry SET id = id + 1000 WHERE id = {entry}",
    ],
)
def test_an_entry_with_a_statement_stays_in_its_session(role_connection, way):
    """In an open session with later statements, its own would show without anybody's approval."""
    _draft, entry = loaded()
    opened, _other = loaded(-HOUR)
    factories.approve_by_two(opened.release)
    staff = role_connection("staff")
    staff.execute("UPDATE results_entry SET user_id = NULL WHERE id = %s", [entry.pk])
    with pytest.raises(psycopg.errors.CheckViolation, match="stays in its session"):
        staff.execute(way.format(session=opened.pk, entry=entry.pk))
    plain = factories.entry(_draft)
    staff.execute("UPDATE results_entry SET session_id = %s WHERE id = %s", [opened.pk, plain.pk])
    staff.execute("DELETE FROM results_entry WHERE id = %s", [plain.pk])
