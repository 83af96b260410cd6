"""The pre-flight list: what it finds in a session's results, approvals and times, and in the machines."""

import hashlib
import socket
from datetime import timedelta
from time import monotonic

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from results import preflight, releasing
from results.models import Release, Upload
from results.preflight import Verdict
from tests import factories
from tests.conftest import database_role

pytestmark = pytest.mark.urls("results_portal.urls.staff")

DAY = timedelta(days=1)


@pytest.fixture
def session(db):
    """A session that opens in ten days at ten o’clock."""
    made = factories.session(approved=False)
    at_ten = (timezone.localtime() + 10 * DAY).replace(hour=10, minute=0, second=0, microsecond=0)
    Release.objects.filter(session=made).update(opens_at=at_ten)
    return made


def found(session, name: str) -> preflight.Check:
    """The check of this name, asked with the rights of the staff face."""
    with database_role("portal_staff"):
        return {check.name: check for check in preflight.check(session)}[name]


def with_results(session, number: int = 1) -> list:
    return [factories.statement(factories.entry(session)) for _each in range(number)]


def move(session, **times) -> None:
    Release.objects.filter(session=session).update(**times)


# --- Results ------------------------------------------------------------------------------------------


def test_a_session_without_a_result_is_a_fault_and_with_some_a_warning(session):
    factories.entry(session)
    check = found(session, "Entries with a result")
    assert (check.verdict, check.words) == (Verdict.FAULT, "0 of 1; 1 without")
    assert check.link == f"/admin/results/entry/?session__id__exact={session.pk}&newest_status=none"
    with_results(session)
    assert found(session, "Entries with a result").verdict == Verdict.WARNING


def test_a_session_without_entries_is_a_fault_that_leads_to_loading_them(session):
    check = found(session, "Entries with a result")
    assert (check.verdict, check.words) == (Verdict.FAULT, "There are no entries yet.")
    assert check.link == f"/admin/results/upload/add/?session={session.pk}&kind=entries"


def test_every_entry_with_a_result_is_in_order(session):
    with_results(session, 2)
    check = found(session, "Entries with a result")
    assert (check.verdict, check.words, check.link) == (Verdict.OK, "2 of 2; 0 without", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"overall": 177},  # the scores give 176
        {"result": "A"},
        {"cefr": "C1"},
        {"reading": 121},  # lower than the exam reports
        {"reading_and_writing": 170},  # not a paper of this exam
        {"writing": None},
    ],
)
def test_a_value_that_the_scores_do_not_give_is_found(session, wrong):
    given = dict.fromkeys(("reading", "use_of_english", "writing", "listening", "speaking"), 176)
    given |= {"overall": 176, "result": "B", "cefr": "B2"}
    factories.statement(factories.entry(session), **given)
    assert found(session, "Values as the exam gives them").verdict == Verdict.OK
    factories.statement(factories.entry(session), **given | wrong)
    check = found(session, "Values as the exam gives them")
    assert check.verdict == Verdict.WARNING
    assert check.words.startswith("1 result")
    assert "doubtful=yes" in check.link


def test_an_exact_half_rounds_up_as_the_exam_does(session):
    made = factories.session("B1P", approved=False)
    given = {"reading": 150, "writing": 150, "listening": 151, "speaking": 151, "result": "C", "cefr": "B1"}
    factories.statement(factories.entry(made), overall=151, **given)
    assert found(made, "Values as the exam gives them").verdict == Verdict.OK
    factories.statement(factories.entry(made), overall=150, **given)
    assert found(made, "Values as the exam gives them").words.startswith("1 result")


@pytest.mark.parametrize("exam", ["A2K", "A2KS", "B1P", "B2F", "C1A", "C2P", "YLS", "YLM", "YLF"])
def test_values_as_each_exam_gives_them_are_in_order(session, exam):
    made = factories.session(exam, approved=False)
    factories.statement(factories.entry(made))
    factories.statement(factories.entry(made), status="X")
    assert found(made, "Values as the exam gives them").verdict == Verdict.OK


def test_only_the_newest_version_counts(session):
    statement = with_results(session)[0]
    values = {name: getattr(statement, name) for name in ("reading", "writing", "listening", "speaking")}
    entry = factories.entry(session)
    wrong = {**values, "use_of_english": 176, "overall": 170, "result": "A", "cefr": "C1"}
    factories.statement(entry, **wrong)
    factories.statement(entry, version=2)
    assert found(session, "Values as the exam gives them").verdict == Verdict.OK


def test_the_list_behind_the_link_has_what_was_counted(session, staff_face):
    staff_face.force_login(factories.officer())
    with_results(session)
    doubtful = factories.entry(session, family_name="Dubbio")
    factories.statement(doubtful, speaking=150, overall=170, result="A", cefr="C1")
    page = staff_face.get(found(session, "Values as the exam gives them").link).content.decode()
    assert "Dubbio" in page
    assert "Bianchi" not in page


@pytest.mark.parametrize("status", ["pending", "withheld"])
def test_what_is_pending_or_withheld_is_counted(session, status):
    name = status.capitalize()
    assert found(session, name).verdict == Verdict.OK
    factories.statement(factories.entry(session), status=status)
    check = found(session, name)
    assert (check.verdict, check.words) == (Verdict.WARNING, "1 candidate")
    assert f"newest_status={status}" in check.link


def test_who_has_not_registered_is_counted(session):
    with_results(session)
    factories.candidate(factories.entry(session))
    check = found(session, "Candidates registered")
    assert (check.verdict, check.words) == (Verdict.WARNING, "1 of 2; 1 not yet")


# --- Approval and times -------------------------------------------------------------------------------


def test_two_people_have_to_approve(session):
    with_results(session)
    release = session.release
    assert found(session, "Approved by two people").verdict == Verdict.FAULT
    assert found(session, "Results approved").words == "0 of 1"
    first = factories.officer()
    releasing.approve(release, first)
    check = found(session, "Approved by two people")
    assert (check.verdict, check.words) == (Verdict.WARNING, f"1 of 2: {first}")
    releasing.approve(release, factories.officer())
    assert found(session, "Approved by two people").verdict == Verdict.OK
    assert found(session, "Results approved").verdict == Verdict.OK


def test_an_hour_at_which_nobody_looks_is_a_warning(session):
    assert found(session, "Opening time").verdict == Verdict.OK
    move(session, opens_at=timezone.localtime(session.release.opens_at).replace(hour=3) + 10 * DAY)
    check = found(session, "Opening time")
    assert check.verdict == Verdict.WARNING
    assert check.words.startswith("An unusual hour")


def test_a_time_that_passed_without_approval_is_a_warning(session):
    move(session, opens_at=factories.database_now() - DAY)
    assert found(session, "Opening time").words.startswith("It has passed")


def test_centres_after_the_candidates_are_a_warning(session):
    opens_at = Release.objects.get(session=session).opens_at
    assert found(session, "Preparation centres").words == "with the candidates"
    move(session, centres_open_at=opens_at - DAY)
    assert found(session, "Preparation centres").verdict == Verdict.OK
    move(session, centres_open_at=opens_at + DAY)
    assert found(session, "Preparation centres").verdict == Verdict.WARNING


def test_a_session_without_opening_time_is_a_fault(session):
    session.release.delete()
    session.refresh_from_db()
    assert found(session, "Opening time").verdict == Verdict.FAULT


# --- Machines -----------------------------------------------------------------------------------------


def test_a_mail_server_that_answers_is_in_order_and_gets_no_mail(session, mailbox):
    assert found(session, "Mail server").verdict == Verdict.OK
    assert list(mailbox) == []


def test_a_mail_server_that_refuses_is_a_fault(session):
    check = found(session, "Mail server")
    assert check.verdict == Verdict.FAULT
    assert "refused" in check.words


def test_a_mail_server_that_says_nothing_does_not_hold_up_the_list(session, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        began = monotonic()
        check = found(session, "Mail server")
        assert monotonic() - began < 2 * preflight.MAIL_PATIENCE + 1
    assert check.verdict == Verdict.FAULT


def test_a_worker_that_lives_is_told_by_its_heartbeat(session):
    assert found(session, "Mails and files in the background").verdict == Verdict.FAULT
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
        assert (
            found(session, "Mails and files in the background").verdict == Verdict.WARNING
        )  # of two, one is down
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    assert found(session, "Mails and files in the background").verdict == Verdict.OK
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    assert found(session, "Mails and files in the background").verdict == Verdict.FAULT


def test_a_queue_in_which_a_job_waits_too_long_is_named(session):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, scheduled_at)"
            " VALUES ('mail', 'any', 'todo', now() - interval '3 minutes'),"
            " ('sweep', 'any', 'todo', now() + interval '3 minutes')"
        )
    check = found(session, "Queue “mail”")
    assert check.verdict == Verdict.FAULT
    assert check.words.startswith("1 job ")
    with pytest.raises(KeyError):
        found(session, "Queue “sweep”")


def test_a_file_that_is_not_done_is_named_with_its_state(session):
    content = b"id_number"
    upload = Upload.objects.create(
        session=session,
        kind="results",
        name="june.csv",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        uploaded_by=factories.officer(),
    )
    check = found(session, "File “june.csv”")
    assert (check.verdict, check.words) == (Verdict.WARNING, "is being checked")
    assert check.link == f"/admin/results/upload/{upload.pk}/change/"


def test_the_clocks_of_this_machine_and_the_database_agree(session):
    assert found(session, "Clocks").verdict == Verdict.OK


@pytest.mark.parametrize(
    ("ahead", "verdict"), [(0, Verdict.OK), (1.9, Verdict.OK), (3, Verdict.FAULT), (-3, Verdict.FAULT)]
)
def test_clocks_that_differ_by_more_than_two_seconds_are_a_fault(ahead, verdict):
    now = timezone.now()
    check = preflight.clocks(now, now + timedelta(seconds=ahead), now)
    assert check.verdict == verdict
    assert (f"{abs(ahead):.1f} seconds apart" in check.words) is (verdict == Verdict.FAULT)


def test_a_mail_template_that_leaves_the_name_out_is_a_fault(session, settings, tmp_path):
    with_results(session)
    assert found(session, "Mails").verdict == Verdict.OK
    broken = tmp_path / "mails" / "results_available"
    broken.mkdir(parents=True)
    (broken / "body.txt").write_text("{{ nome }}", encoding="utf-8")
    own = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**own, "DIRS": [tmp_path, *own["DIRS"]]}]
    check = found(session, "Mails")
    assert check.verdict == Verdict.FAULT
    assert "The body is blank" in check.words


def test_thirty_entries_cost_as_many_queries_as_one(session):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            preflight.check(session)
        return len(captured)

    with_results(session, 4)  # as many as are sampled for their mails
    before = queries()
    with_results(session, 30)
    assert queries() == before
