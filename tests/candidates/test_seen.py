"""That a candidate has seen the result, and where the certificate is: known from the statement page alone."""

from datetime import date, timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext

from results.models import CandidateCertificate, Certificate, Release, Seen, Stop
from results_portal.roles import CANDIDATES
from tests import factories
from tests.conftest import FaceClient, database_role

HOUR = timedelta(hours=1)


def registered(session, **fields):
    """A registered candidate with a statement."""
    entry = factories.entry(session)
    factories.statement(entry, **fields)
    return factories.candidate(entry)


def browser_of(user) -> FaceClient:
    browser = FaceClient("candidates")
    browser.force_login(user)
    return browser


def queries_of(browser) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get("/statement/").status_code == 200
    around = ("ROLE", "SAVEPOINT")
    return [query["sql"] for query in captured if not any(word in query["sql"] for word in around)]


# --- Seen -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_first_view_is_noted_with_the_databases_time():
    user = registered(factories.session())
    assert not Seen.objects.exists()
    browser_of(user).get("/statement/")
    seen = Seen.objects.get()
    assert seen.entry == user.entries.get()
    assert seen.statement == seen.entry.statements.get()
    assert timedelta(0) <= seen.first_seen_at - factories.database_now() < timedelta(minutes=1)


@pytest.mark.django_db
def test_the_first_view_costs_two_statements_more_and_later_ones_nothing():
    browser = browser_of(registered(factories.session()))
    first, second, third = (queries_of(browser) for _view in range(3))
    assert [len(first), len(second), len(third)] == [5, 3, 3]
    assert Seen.objects.count() == 1


@pytest.mark.django_db
def test_another_browser_of_the_same_person_notes_nothing_anew():
    user = registered(factories.session())
    browser_of(user).get("/statement/")
    first = Seen.objects.get().first_seen_at
    browser_of(user).get("/statement/")
    assert Seen.objects.get().first_seen_at == first


@pytest.mark.django_db
def test_a_corrected_statement_is_seen_apart():
    user = registered(factories.session())
    browser = browser_of(user)
    browser.get("/statement/")
    corrected = factories.statement(user.entries.get(), version=2)
    browser.get("/statement/")
    assert Seen.objects.count() == 2
    assert Seen.objects.filter(statement=corrected).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("opens_in", [timedelta(seconds=1), HOUR])
def test_waiting_is_not_seeing(opens_in):
    user = registered(factories.session(opens_in=opens_in))
    browser_of(user).get("/statement/")
    assert not Seen.objects.exists()


@pytest.mark.django_db
def test_a_stopped_result_is_not_seen():
    user = registered(factories.session())
    Stop.objects.create(
        session=user.entries.get().session,
        reason="Wrong file",
        notice_it="x",
        notice_en="x",
        started_by=factories.staff(),
    )
    browser_of(user).get("/statement/")
    assert not Seen.objects.exists()


@pytest.mark.django_db
def test_what_the_school_looks_at_the_candidate_has_not_seen():
    centre = factories.centre()
    session = factories.session()
    entry = factories.entry(session, preparation_centre=centre)
    factories.statement(entry)
    browser = FaceClient("centres")
    browser.force_login(factories.member(centre))
    assert entry.id_number in browser.get(f"/sessions/{session.code}/").content.decode()
    assert not Seen.objects.exists()


@pytest.mark.django_db
def test_the_database_marks_nothing_that_the_gate_does_not_show_to_this_account():
    closed, other = registered(factories.session(opens_in=HOUR)), registered(factories.session())
    own, others = (user.entries.get().statements.get().pk for user in (closed, other))
    with database_role(CANDIDATES), connection.cursor() as cursor:
        for statement in (own, others, 0):
            cursor.execute("SELECT results_mark_seen(%s, %s)", [statement, closed.pk])
    assert not Seen.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM results_seen",
        "INSERT INTO results_seen (statement_id, entry_id) VALUES (1, 1)",
        "UPDATE results_seen SET first_seen_at = now()",
        "DELETE FROM results_seen",
        "SELECT * FROM results_certificate",
    ],
)
def test_the_candidates_role_reads_and_writes_no_such_row_itself(role_connection, sql):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role_connection("candidates").execute(sql)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["portal_centres", "portal_worker", "portal_staff"])
def test_no_other_role_marks_as_seen(role):
    with database_role(role), pytest.raises(ProgrammingError), transaction.atomic():
        connection.cursor().execute("SELECT results_mark_seen(1, 1)")


# --- The certificate --------------------------------------------------------------------------------


def section_of(user) -> str:
    page = browser_of(user).get("/statement/").content.decode()
    _before, found, after = page.partition("Your certificate</h2>")
    return after.partition("</section>")[0] if found else ""


@pytest.mark.django_db
def test_an_expected_certificate_comes_with_the_advice_to_keep_the_slip():
    words = section_of(registered(factories.session()))
    assert "about three weeks after the results" in words
    assert "Keep your slip until then" in words


@pytest.mark.django_db
def test_a_certificate_at_the_office_says_what_to_bring():
    user = registered(factories.session())
    Certificate.objects.create(entry=user.entries.get(), state="at_centre", arrived_on=date(2026, 7, 20))
    words = section_of(user)
    assert "since 20 July 2026" in words
    assert "bring your slip and an identity document" in words


@pytest.mark.django_db
def test_a_collected_certificate_says_when_and_by_whom():
    user = registered(factories.session())
    Certificate.objects.create(
        entry=user.entries.get(),
        state="collected",
        arrived_on=date(2026, 7, 20),
        collected_on=date(2026, 7, 21),
        collected_by="Paola D’Alò",
        note="with a written authority",
    )
    words = section_of(user)
    assert "Collected on 21 July 2026 by Paola D’Alò." in words
    assert "authority" not in words


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("exam", "fields", "expected"),
    [
        ("B2F", {"overall": 150, "speaking": 150, "result": "LEVEL", "cefr": "B1"}, True),
        ("B2F", {"overall": 130, "speaking": 130, "result": "NONE"}, False),
        ("B2F", {"status": "X"}, False),
        ("B2F", {"status": "pending"}, False),
        ("YLM", {}, True),
    ],
)
def test_a_certificate_is_expected_where_the_result_earns_one(exam, fields, expected):
    assert bool(section_of(registered(factories.session(exam), **fields))) is expected


@pytest.mark.django_db
@pytest.mark.parametrize("hide", ["not open", "not approved"])
def test_the_certificate_does_not_show_before_the_result(hide):
    user = registered(factories.session())
    Certificate.objects.create(entry=user.entries.get(), state="at_centre", arrived_on=date(2026, 7, 20))
    if hide == "not open":
        Release.objects.update(opens_at=factories.database_now() + HOUR)
    else:
        Release.objects.update(approved_through=None)
    page = browser_of(user).get("/statement/").content.decode()
    assert "July 2026" not in page
    with database_role(CANDIDATES):
        assert not CandidateCertificate.objects.exists()


@pytest.mark.django_db
def test_nobody_sees_another_candidates_certificate():
    session = factories.session()
    alice, bob = registered(session), registered(session)
    Certificate.objects.create(
        entry=alice.entries.get(), state="collected", collected_on=date(2026, 7, 21), collected_by="Paola"
    )
    assert "Paola" in section_of(alice)
    assert "Paola" not in section_of(bob)


@pytest.mark.django_db
def test_the_view_reads_the_rows_of_one_person():
    """The condition on the person reaches the tables behind the view: no scan grows with the session."""
    user = registered(factories.session())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT * FROM results_certificates_candidates WHERE user_id = %s", [user.pk])
        plan = "\n".join(line for (line,) in cursor)
    assert f"user_id = {user.pk}" in plan
    assert "Seq Scan" not in plan
