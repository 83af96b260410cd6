"""Loading a file from the exams office's pages, with the real worker: what is seen, stored and kept."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from io import BytesIO

import psycopg
import pytest
import xlsxwriter
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import DatabaseError, IntegrityError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.confirming import CONFIRMED_AT
from results import tasks, uploading
from results.models import Entry, Release, Statement, Upload
from results_portal.office import APPROVER, AUDITOR, HELP_DESK, OFFICER
from results_portal.roles import STAFF
from tests import factories, plugin
from tests.conftest import database_role
from tests.mailbox import work
from tests.results.loading import entry_row, result_row, write

pytestmark = pytest.mark.django_db(transaction=True)

ADD = "/admin/results/upload/add/"
State, Trouble = Upload.State, Upload.Trouble


def work_in_office() -> None:
    work(STAFF, [uploading.QUEUE])


@pytest.fixture
def session():
    made = factories.session("B2F", code="B2F-2026-06", approved=False)
    for n in range(1, 4):
        factories.entry(made, id_number=f"SIR{n:06d}", candidate_number=f"{n:04d}")
    return made


@pytest.fixture
def officer():
    return factories.officer(OFFICER)


@pytest.fixture
def office(staff_face, officer):
    staff_face.force_login(officer)
    return staff_face


def csv_of(tmp_path, *rows) -> bytes:
    return write(tmp_path / "made.csv", list(rows)).read_bytes()


@pytest.fixture
def results(tmp_path) -> bytes:
    return csv_of(tmp_path, *(result_row("B2F", n) for n in (1, 2)))


def send(face, session, content: bytes, kind: str = "results", name: str = "results.csv"):
    file = ContentFile(content, name=name)
    return face.post(ADD, {"session": session.pk, "kind": kind, "file": file})


def checked(face, session, content: bytes, kind: str = "results", name: str = "results.csv") -> Upload:
    """The file as the worker has checked it."""
    assert send(face, session, content, kind, name).status_code == 302
    work_in_office()
    return Upload.objects.latest("pk")


def at(upload: Upload, verb: str = "change") -> str:
    return f"/admin/results/upload/{upload.pk}/{verb}/"


def page(face, upload: Upload) -> str:
    return face.get(at(upload, "change")).content.decode()


def words(html: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def confirm(face, upload: Upload, **changes):
    address = at(upload, "load")
    return face.post(address, {"sha256": upload.sha256} | changes)


def now(upload: Upload) -> Upload:
    return Upload.objects.get(pk=upload.pk)


def contents() -> list[int]:
    """The uploads that still have their file."""
    return list(Upload.objects.filter(content__isnull=False).values_list("pk", flat=True))


# --- From the file to the record -----------------------------------------------------------------------


def test_a_file_is_checked_previewed_confirmed_and_loaded(office, officer, session, results):
    answer = send(office, session, results)
    upload = Upload.objects.get()
    assert answer["Location"] == at(upload, "change")
    assert "It waits for its turn." in page(office, upload)

    work_in_office()
    preview = words(page(office, upload))
    assert "What the file would do Added 2 Changed 0 Unchanged 0" in preview
    assert "1 entry of this session has no result yet." in preview
    assert "Pass at Grade B 2 100.0 %" in preview
    assert "without a preparation centre 2 100.0 %" in preview
    assert not Statement.objects.exists()

    assert confirm(office, upload).status_code == 302
    work_in_office()
    record = words(page(office, upload))
    assert "Results – loaded" in record
    assert "What the file changed Added 2" in record
    assert f"results.csv ({len(results)} bytes)" in record
    assert sha256(results).hexdigest() in record
    assert set(Statement.objects.values_list("entry__id_number", "made_by")) == {
        ("SIR000001", officer.pk),
        ("SIR000002", officer.pk),
    }
    upload = now(upload)
    assert (upload.state, upload.confirmed_by, upload.added) == (State.LOADED, officer, 2)
    assert contents() == []


def test_the_record_leads_to_the_results_that_the_file_brought(office, session, results, tmp_path):
    upload = checked(office, session, results)
    confirm(office, upload)
    work_in_office()
    again = checked(office, session, csv_of(tmp_path, result_row("B2F", 3)))
    confirm(office, again)
    work_in_office()
    link = re.search(r'href="(/admin/results/statement/[?][^"]*)"', page(office, again))[1]
    listed = office.get(link.replace("&amp;", "&")).content.decode()
    assert "SIR000003" in listed
    assert "SIR000001" not in listed


def test_entries_are_loaded_the_same_way(office, tmp_path):
    empty = factories.session("B2F", approved=False)
    rows = [entry_row(11, preparation_centre="Scuola Nuova"), entry_row(12)]
    upload = checked(office, empty, csv_of(tmp_path, *rows), "entries")
    preview = words(page(office, upload))
    assert "Scuola Nuova 1 50.0 %" in preview
    assert "a new preparation centre" in preview
    confirm(office, upload)
    work_in_office()
    assert now(upload).state == State.LOADED
    assert empty.entries.count() == 2


def test_a_workbook_is_loaded_too(office, session, tmp_path):
    content = write(tmp_path / "results.xlsx", [result_row("B2F", 1)]).read_bytes()
    upload = checked(office, session, content, name="results.xlsx")
    confirm(office, upload)
    work_in_office()
    assert Statement.objects.count() == 1


def test_only_the_button_on_the_previewed_file_loads_it(office, session, results):
    upload = checked(office, session, results)
    address = at(upload, "load")
    assert office.get(address).status_code == 302
    assert "This is not the file whose preview you saw." in words(
        office.post(address, {"sha256": 64 * "0"}).content.decode()
    )
    assert office.post(address).status_code == 200
    work_in_office()
    assert now(upload).state == State.CHECKED
    assert not Statement.objects.exists()


def test_the_last_sessions_stand_beside_and_far_from_them_is_a_warning(office, tmp_path):
    def results_of(session, n, score):
        for place in range(20):
            entry = factories.entry(session, id_number=f"ABC{n}{place:04d}", candidate_number=f"{place:04d}")
            yield entry, result_row("B2F", at=score) | {"id_number": entry.id_number}

    earlier = factories.session("B2F", code="B2F-2026-05")
    for entry, row in results_of(earlier, 1, 165):
        factories.statement(entry, **{name: value for name, value in row.items() if name != "id_number"})
    session = factories.session("B2F", approved=False)
    upload = checked(office, session, csv_of(tmp_path, *(row for _e, row in results_of(session, 2, 185))))
    preview = words(page(office, upload))
    assert "Pass at Grade A 20 100.0 % 0.0 %" in preview
    assert "Pass at Grade C 0 0.0 % 100.0 %" in preview
    assert "100 % of the results lie elsewhere than in the last sessions (B2F-2026-05)" in preview


# --- Refusals ------------------------------------------------------------------------------------------


def test_faults_are_told_with_row_and_column_and_the_file_is_erased(office, session, tmp_path):
    rows = [result_row("B2F", 1), result_row("B2F", 2, overall=999), result_row("B2F", 99)]
    upload = checked(office, session, csv_of(tmp_path, *rows))
    assert upload.state == State.REFUSED
    refused = words(page(office, upload))
    assert "Faults (2)" in refused
    assert "3 overall 999 B2 First reports no score that is so high" in refused
    assert "4 id_number SIR000099 no candidate is entered with this ID Number" in refused
    assert "Load exactly this file" not in refused
    assert contents() == []
    confirm(office, upload)
    work_in_office()
    assert not Statement.objects.exists()


def formulas() -> bytes:
    stream = BytesIO()
    with xlsxwriter.Workbook(stream) as workbook:
        sheet = workbook.add_worksheet()
        row = result_row("B2F", 1)
        sheet.write_row(0, 0, list(row))
        sheet.write_row(1, 0, list(row.values()))
        sheet.write_formula(1, 2, "=170+3", value=173)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("results.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "protected with a password"),
        ("results.xlsx", b"PK\x03\x04 broken", "no Excel workbook"),
        ("results.pdf", b"%PDF-1.7", "a CSV file (.csv) or an Excel workbook (.xlsx)"),
        ("results.xlsx", formulas(), "this cell holds a formula"),
        ("results.csv", b"\n\n", "the file is empty"),
        ("results.csv", b"id_number,status\n", "this column is missing"),
    ],
)
def test_what_is_no_table_of_results_is_refused_in_words(office, session, name, content, said):
    upload = checked(office, session, content, name=name)
    assert upload.state == State.REFUSED
    assert said in words(page(office, upload))


def test_a_file_of_another_kind_or_session_is_one_line(office, session, results, tmp_path):
    entries = csv_of(tmp_path, *(entry_row(n) for n in range(1, 150)))
    assert [each["wrong"] for each in checked(office, session, entries).report["faults"]["first"]] == [
        "this is a file of entries"
    ]
    other = factories.session("B2F", approved=False)
    refused = checked(office, other, results)
    assert refused.report["faults"]["total"] == 1
    assert "this is a file of session B2F-2026-06" in page(office, refused)


def test_an_empty_form_and_an_empty_file_are_told_and_the_rest_is_kept(office, session):
    answer = office.post(ADD, {"session": session.pk, "kind": "results"}).content.decode()
    assert "This field is required." in answer
    assert f'<option value="{session.pk}" selected>' in answer
    answer = send(office, session, b"")
    assert "The submitted file is empty." in answer.content.decode()
    assert not Upload.objects.exists()


def test_a_file_that_is_too_large_is_refused_and_the_rest_is_kept(office, session):
    answer = send(office, session, bytes(30_000_001)).content.decode()
    assert "The file is too large: more than 30 MB. Nothing was read." in answer
    assert f'<option value="{session.pk}" selected>' in answer
    assert not Upload.objects.exists()


def test_of_200_megabytes_nothing_is_held(office, session):
    class Zeros:
        """A request body that counts how much of the file anybody asked for at once."""

        def __init__(self, head: bytes, left: int) -> None:
            self.head, self.left, self.largest = head, left, 0

        def read(self, size: int = -1) -> bytes:
            self.largest = max(self.largest, size if size >= 0 else self.left)
            if self.head:
                head, self.head = self.head[:size], self.head[size:]
                return head
            given = bytes(min(size, self.left))
            self.left -= len(given)
            return given

        readline = read

    head = (
        f'--x\r\nContent-Disposition: form-data; name="session"\r\n\r\n{session.pk}\r\n'
        '--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\nresults\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="r.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    ).encode()
    body = Zeros(head, 200_000_000)
    answer = office.generic(
        "POST",
        ADD,
        **{
            "wsgi.input": body,
            "CONTENT_TYPE": "multipart/form-data; boundary=x",
            "CONTENT_LENGTH": str(len(head) + body.left),
        },
    )
    assert "The file is too large: more than 30 MB." in answer.content.decode()
    assert body.left < 1_000_000
    assert body.largest < 1_000_000


@pytest.mark.parametrize("face", ["candidates", "centres", "staff_face"])
def test_no_other_page_takes_a_file(request, face, session):
    client = request.getfixturevalue(face)
    answer = client.post("/", {"file": ContentFile(bytes(3_000_000), name="x.csv")})
    assert not answer.wsgi_request.FILES
    assert not answer.wsgi_request._files


# --- Corrections of what is published ------------------------------------------------------------------


@pytest.fixture
def published(session, tmp_path):
    for entry in session.entries.all():
        factories.statement(entry, overall=173, result="B", cefr="B2", speaking=173)
    factories.approve_by_two(session.release)
    return session


def test_correcting_published_results_needs_a_reason(office, published, results):
    upload = checked(office, published, results)
    assert upload.corrected == 2
    assert "Published results corrected 2" in words(page(office, upload))
    answer = confirm(office, upload, reason=" ")
    assert "This field is required." in answer.content.decode()
    assert now(upload).state == State.CHECKED
    confirm(office, upload, reason="Enquiry on results")
    work_in_office()
    corrected = Statement.objects.filter(version=2)
    assert {statement.reason for statement in corrected} == {"Enquiry on results"}
    assert corrected.count() == 2
    assert "Enquiry on results" in page(office, upload)


def test_correcting_published_results_asks_who_you_are_again(office, published, results):
    upload = checked(office, published, results)
    with office.face_settings():
        signed_in = office.session
        signed_in[CONFIRMED_AT] = time.time() - 3600
        signed_in.save()
    answer = confirm(office, upload, reason="Enquiry on results")
    assert "Confirm that it is you" in answer.content.decode()
    assert "Enquiry on results" in answer.content.decode()
    work_in_office()
    assert now(upload).state == State.CHECKED


# --- Two officers, and what changes meanwhile ----------------------------------------------------------


def test_one_file_of_a_session_is_loaded_at_a_time_and_the_second_person_is_told(
    office, officer, session, results
):
    first, second = (checked(office, session, results) for _ in range(2))
    assert "Another file of this session is under way" in words(page(office, second))
    confirm(office, first)
    colleague = factories.officer(OFFICER)
    with pytest.raises(ValidationError, match=f"{officer} is loading “results.csv” for this session now"):
        uploading.confirm(second, colleague, second.sha256)
    assert now(second).state == State.CHECKED


def test_what_another_file_changed_is_told_and_the_file_is_checked_again(office, officer, session, results):
    first, second = (checked(office, session, results) for _ in range(2))
    confirm(office, first)
    work_in_office()
    answer = office.post(at(second, "load"), {"sha256": second.sha256}, follow=True)
    assert f"Something changed since the check: {officer} loaded “results.csv”" in words(
        answer.content.decode()
    )
    work_in_office()
    assert (now(second).state, now(second).added, now(second).unchanged) == (State.CHECKED, 0, 2)
    assert "The figures below are new." in page(office, second)
    assert Statement.objects.count() == 2


def test_a_file_that_would_do_something_else_than_its_preview_is_not_loaded(office, session, results):
    upload = checked(office, session, results)
    confirm(office, upload)
    factories.statement(session.entries.first(), status="X")
    work_in_office()
    upload = now(upload)
    assert (upload.state, upload.confirmed_by) == (State.CHECKED, None)
    assert (upload.added, upload.changed) == (1, 1)
    assert Statement.objects.count() == 1


def test_a_file_is_confirmed_once(office, officer, session, results):
    upload = checked(office, session, results)
    confirm(office, upload)
    with pytest.raises(ValidationError, match=f"{officer} has confirmed this file already"):
        uploading.confirm(upload, factories.officer(OFFICER), upload.sha256)
    work_in_office()
    with pytest.raises(ValidationError, match=f"{officer} has loaded this file already"):
        uploading.confirm(upload, factories.officer(OFFICER), upload.sha256)


def test_the_database_refuses_a_second_file_at_the_same_moment(officer, session):
    first, second = (_stored(session, officer, state=State.CHECKED) for _ in range(2))
    loading = {"state": State.LOADING, "confirmed_by": officer, "confirmed_at": factories.database_now()}
    Upload.objects.filter(pk=first.pk).update(**loading)
    with pytest.raises(IntegrityError, match="upload_one_loads"):
        Upload.objects.filter(pk=second.pk).update(**loading)


# --- Jobs that die -------------------------------------------------------------------------------------


@contextmanager
def office_worker():
    """The office's worker as it is run, a process of its own with the staff face's login."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "procrastinate", "worker", "-q", uploading.QUEUE],
        env=os.environ
        | {
            "DATABASE_URL": plugin.urls["staff"],
            "PORTAL_FACE": "staff",
            "DJANGO_SETTINGS_MODULE": "results_portal.settings",
        },
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(condition, seconds: int = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def somebody_waits_for(beside: psycopg.Connection) -> bool:
    """Whether another session waits for a lock that this one holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid)))",
            [beside.info.backend_pid],
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize("point", ["before a row is stored", "in the middle of storing", "while it is read"])
def test_a_worker_that_is_killed_stores_nothing_and_the_page_says_so(office, tmp_path, point):
    session = factories.session("B2F", approved=False)
    Entry.objects.bulk_create(
        Entry(
            session=session,
            id_number=f"SIR{n:06d}",
            candidate_number=f"{n:04d}",
            family_name="Bianchi",
            given_names="Alice",
            date_of_birth="2010-03-14",
        )
        for n in range(1, 4001)
    )
    upload = checked(office, session, csv_of(tmp_path, *(result_row("B2F", n) for n in range(1, 4001))))
    assert upload.added == 4000
    confirm(office, upload)

    with psycopg.connect(plugin.urls["owner"]) as beside:  # holds the load up where it is to be killed
        if point == "before a row is stored":
            beside.execute("SELECT FROM results_release WHERE session_id = %s FOR UPDATE", [session.pk])
        elif point == "in the middle of storing":
            beside.execute(
                "INSERT INTO results_statement (entry_id, version, reason, status, result, cefr)"
                " SELECT id, 1, '', 'X', '', '' FROM results_entry WHERE id_number = 'SIR002000'"
            )
        else:
            # Its progress cannot be written, so that only the beginning of the file is read.
            beside.execute("SELECT FROM results_upload WHERE id = %s FOR SHARE", [upload.pk])
        with office_worker() as worker:
            wait_for(lambda: somebody_waits_for(beside))
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
        beside.rollback()

    wait_for(lambda: "It was broken off; nothing was stored. Load it again." in page(office, upload))
    assert not Statement.objects.exists()
    assert contents() == []
    with office_worker():  # a new worker does not take it up again
        again = checked_by_running_worker(office, session, upload, tmp_path)
    assert again.added == 4000
    assert now(upload).state == State.FAILED
    assert not Statement.objects.exists()


def checked_by_running_worker(office, session, upload, tmp_path) -> Upload:
    assert send(office, session, (tmp_path / "made.csv").read_bytes()).status_code == 302
    again = Upload.objects.latest("pk")
    assert again.sha256 == upload.sha256
    wait_for(lambda: now(again).state == State.CHECKED)
    return now(again)


def test_a_job_that_is_lost_before_it_begins_is_told_too(office, session, results):
    send(office, session, results)
    upload = Upload.objects.get()
    assert uploading.settle() == 0
    with connection.cursor() as cursor:  # as a worker leaves it that is killed between the queue and the file
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        cursor.execute("UPDATE procrastinate_events SET at = now() - interval '1 minute'")
    assert "It was broken off; nothing was stored." in page(office, upload)


def test_a_job_does_not_run_twice(office, session, results):
    upload = checked(office, session, results)
    Upload.objects.filter(pk=upload.pk).update(state=State.CHECKING)  # started_at stays, as after a kill
    with database_role(STAFF):
        tasks.check_upload(upload.pk, "en")
    assert now(upload).state == State.CHECKING
    assert uploading.settle() == 1


def test_a_fault_of_the_portal_ends_the_job_and_is_told(office, officer, session):
    upload = _stored(session, officer, kind="unknown")
    with pytest.raises(KeyError):
        tasks.check_upload(upload.pk, "en")
    assert now(upload).trouble == Trouble.ERROR
    assert "The portal could not load it; nothing was stored. Load it again." in page(office, upload)


# --- Progress ------------------------------------------------------------------------------------------


def test_the_page_follows_the_job_with_and_without_javascript(office, officer, session):
    upload = _stored(session, officer)
    tasks.check_upload.defer(upload_id=upload.pk, language="en")
    waiting = page(office, upload)
    address = at(upload, "progress")
    assert f'data-address="{address}"' in waiting
    assert '<meta http-equiv="refresh"' in waiting

    with psycopg.connect(plugin.urls["staff"], autocommit=True) as job:
        job.execute("SELECT pg_advisory_lock(%s, %s)", [uploading._LOCK, upload.pk])
        for percent, told, said in [
            (40, 40, "Reading the file: 40 %."),
            (100, None, "Comparing all rows with what is stored. This takes about as long as reading."),
        ]:
            Upload.objects.filter(pk=upload.pk).update(started_at=factories.database_now(), progress=percent)
            answer = office.get(address, headers={"x-background": "yes"}).json()
            assert answer == {"is_running": True, "percent": told, "words": said}
    assert office.get(address).json()["is_running"] is False  # its lock is gone
    assert "http-equiv" not in page(office, upload)


def test_progress_is_written_while_the_file_is_read(role_connection, officer, session, tmp_path):
    content = csv_of(tmp_path, *(result_row("B2F", n) for n in range(1, 20_000)))
    upload = _stored(session, officer, content)
    beside = role_connection("staff")
    seen = []
    with uploading._at_work(upload.pk, State.CHECKING) as (started, progress):

        def watch(done, total):
            progress(done, total)
            seen.append(beside.execute("SELECT progress FROM results_upload").fetchone()[0])

        with pytest.raises(uploading.FaultyFile):
            uploading._run(started, dry_run=True, progress=watch)
    assert seen == sorted(seen)
    assert seen[-1] == 100


# --- What stays, and who may see it --------------------------------------------------------------------


def _stored(session, person, content: bytes = b"id_number\n", **fields) -> Upload:
    return Upload.objects.create(
        **{
            "session": session,
            "kind": "results",
            "name": "results.csv",
            "size": len(content),
            "sha256": sha256(content).hexdigest(),
            "content": content,
            "uploaded_by": person,
        }
        | fields
    )


def test_a_file_can_be_cancelled_before_it_is_loaded(office, session, results):
    upload = checked(office, session, results)
    office.post(at(upload, "cancel"))
    assert (now(upload).state, contents()) == (State.CANCELLED, [])
    confirm(office, upload)
    work_in_office()
    assert not Statement.objects.exists()


def test_a_file_that_is_being_loaded_is_not_cancelled(office, session, results):
    upload = checked(office, session, results)
    confirm(office, upload)
    office.post(at(upload, "cancel"))
    work_in_office()
    assert now(upload).state == State.LOADED


def test_a_file_that_is_cancelled_while_it_is_checked_stays_cancelled(office, session, results):
    send(office, session, results)
    upload = Upload.objects.get()
    office.post(at(upload, "cancel"))
    work_in_office()
    assert now(upload).state == State.CANCELLED


def test_a_file_that_nobody_loads_is_erased_after_a_day(office, officer, session, results):
    upload = checked(office, session, results)
    day_ago = factories.database_now() - timedelta(hours=24)
    for age, state in ((day_ago + timedelta(minutes=1), State.CHECKED), (day_ago, State.CANCELLED)):
        Upload.objects.filter(pk=upload.pk).update(uploaded_at=age)
        tasks.erase_uploads.defer(timestamp=0)
        work_in_office()
        assert now(upload).state == state
    assert contents() == []
    assert "Nobody loaded it within a day; the file was erased." in page(office, upload)


def test_the_history_says_who_did_what_and_holds_no_content(office, officer, session, results):
    upload = checked(office, session, results)
    confirm(office, upload)
    work_in_office()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM results_uploadevent ORDER BY pgh_id")
        columns = [column.name for column in cursor.description]
        events = [dict(zip(columns, row, strict=True)) for row in cursor]
    assert [event["state"] for event in events] == ["checking", "checked", "loading", "loaded"]
    assert {"content", "report"}.isdisjoint(columns)
    assert json.loads(json.dumps(events[-1]["pgh_context"], default=str))
    statement_time = Statement.objects.first().created_at
    assert now(upload).started_at < statement_time < now(upload).finished_at
    assert str(officer) in office.get(f"/admin/results/upload/{upload.pk}/history/").content.decode()


def test_no_secret_number_stays_in_a_report(office, tmp_path):
    empty = factories.session("B2F", approved=False)
    shifted = [entry_row(n, family_name=f"{8480 + n}", candidate_number="", secret_number="") for n in (1, 2)]
    rows = [entry_row(3, secret_number="84"), entry_row(4, date_of_birth="8484"), *shifted]
    upload = checked(office, empty, csv_of(tmp_path, *rows), "entries")
    assert upload.state == State.REFUSED
    for text in (json.dumps(upload.report), page(office, upload)):
        for secret in ("“84”", "8481", "8482", "8484"):
            assert secret not in text
    assert upload.report["faults"]["total"] >= 4


@pytest.mark.parametrize("role", ["candidates", "centres", "worker"])
def test_nobody_but_the_staff_face_reads_files(role_connection, officer, session, role):
    _stored(session, officer)
    for table in ("results_upload", "results_uploadevent"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            role_connection(role).execute(f"SELECT * FROM {table}")


@pytest.mark.parametrize("column", ["name", "sha256", "size", "session_id", "kind", "uploaded_by_id"])
def test_what_a_file_is_stays_as_it_was_chosen(role_connection, officer, session, column):
    _stored(session, officer)
    staff = role_connection("staff")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        staff.execute(f"UPDATE results_upload SET {column} = {column}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        staff.execute("DELETE FROM results_upload")


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "somewhere"},
        {"state": State.CANCELLED},  # with its content
        {"state": State.FAILED, "content": None},  # without an end and a trouble
        {"state": State.LOADING},  # confirmed by nobody
        {"trouble": Trouble.EXPIRED},
        {"content": None},
        {"content": b"another file"},
        {"progress": 101},
        {"sha256": "A" * 64},
        {"size": 30_000_001},
        {"kind": "Results file"},
    ],
)
def test_the_database_keeps_a_record_whole(officer, session, changes):
    upload = _stored(session, officer)
    with pytest.raises(DatabaseError), transaction.atomic():
        Upload.objects.filter(pk=upload.pk).update(**changes)


def test_what_has_ended_stays_on_record(officer, session):
    upload = _stored(session, officer)
    uploading.cancel(upload, officer)
    with pytest.raises(DatabaseError), transaction.atomic():
        Upload.objects.filter(pk=upload.pk).update(state=State.CHECKING, finished_at=None)
    with pytest.raises(DatabaseError), transaction.atomic():
        Upload.objects.filter(pk=upload.pk).delete()


@pytest.mark.parametrize(
    ("groups", "sees", "sees_rows", "loads"),
    [
        ([OFFICER], True, True, True),
        ([APPROVER], True, True, False),
        ([AUDITOR], True, False, False),
        ([HELP_DESK], False, False, False),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_who_may_see_and_load(staff_face, officer, session, tmp_path, groups, sees, sees_rows, loads):
    rows = [result_row("B2F", 1, result="A"), result_row("B2F", 2)]
    upload = _stored(session, officer, csv_of(tmp_path, *rows))
    tasks.check_upload(upload.pk, "en")
    staff_face.force_login(factories.officer(*groups))
    address = at(upload, "change")
    assert (staff_face.get(address).status_code == 200) is sees
    assert (staff_face.get(f"/admin/results/upload/{upload.pk}/progress/").status_code == 200) is sees
    assert (staff_face.get("/admin/results/upload/").status_code == 200) is sees
    if sees:
        seen = page(staff_face, upload)
        assert ("an overall score of 173 gives B" in seen) is sees_rows
        assert ("Load exactly this file" in seen) is loads
    for verb, form in (("load", {"sha256": upload.sha256}), ("cancel", {})):
        answer = staff_face.post(f"/admin/results/upload/{upload.pk}/{verb}/", form)
        assert (answer.status_code == 403) is not loads
    assert (staff_face.get(ADD).status_code == 200) is loads
    assert (send(staff_face, session, b"x").status_code == 302) is loads


@pytest.mark.parametrize(
    "lookup",
    ["report__icontains=173", "report__warnings__first__0__value=x", "content=x", "content__contains=x"],
)
def test_no_filter_of_the_list_reads_what_rows_hold(staff_face, officer, session, tmp_path, lookup):
    """Neither for who sees no rows, letter by letter, nor with an error for anybody."""
    upload = _stored(session, officer, csv_of(tmp_path, result_row("B2F", 1, result="A")))
    tasks.check_upload(upload.pk, "en")
    staff_face.force_login(factories.officer(AUDITOR))
    assert staff_face.get(f"/admin/results/upload/?{lookup}").status_code == 400


def test_the_verbs_ask_for_the_right_themselves(officer, session):
    upload = _stored(session, officer)
    approver = factories.officer(APPROVER)
    for verb in (
        lambda: uploading.choose(session, "results", ContentFile(b"x", name="x.csv"), approver),
        lambda: uploading.confirm(upload, approver, upload.sha256),
        lambda: uploading.cancel(upload, approver),
    ):
        with pytest.raises(ValidationError, match="may not do this"):
            verb()


def test_the_list_shows_all_files_by_session_and_state(office, officer, session, results):
    upload = checked(office, session, results)
    _stored(factories.session("B1P"), officer, name="elsewhere.csv", state=State.CHECKED)
    everything = office.get("/admin/results/upload/").content.decode()
    assert "results.csv" in everything
    assert "elsewhere.csv" in everything
    of_session = office.get(f"/admin/results/upload/?session__id__exact={session.pk}").content.decode()
    assert "results.csv" in of_session
    assert "elsewhere.csv" not in of_session
    confirm(office, upload)
    work_in_office()
    assert "2 + 0 + 0" in office.get("/admin/results/upload/?state__exact=loaded").content.decode()


def test_a_sessions_page_leads_to_the_form_with_that_session(office, session):
    link = f"{ADD}?session={session.pk}"
    assert link in office.get(f"/admin/results/examsession/{session.pk}/change/").content.decode()
    assert f'<option value="{session.pk}" selected>' in office.get(link).content.decode()
    assert office.get(f"{ADD}?session=nothing").status_code == 200


def test_a_file_that_is_not_there_is_told(office):
    assert office.get("/admin/results/upload/999999/change/").status_code == 302
    assert office.get("/admin/results/upload/999999/progress/").status_code == 404
    assert office.post("/admin/results/upload/999999/load/").status_code == 404


def test_the_findings_stand_in_the_language_of_who_chose_the_file(office, session, tmp_path):
    job = tasks.check_upload.configure()
    assert job.job.queue == uploading.QUEUE
    send(office, session, csv_of(tmp_path, result_row("B2F", 1)))
    assert ProcrastinateJob.objects.latest("pk").args["language"] == "en"


def test_an_approval_after_the_check_has_the_file_checked_again(office, published, tmp_path):
    upload = checked(office, published, csv_of(tmp_path, result_row("B2F", 1)))
    Release.objects.filter(session=published).update(approved_through=None)
    answer = confirm(office, upload, reason="Enquiry on results")
    assert answer.status_code == 302
    work_in_office()
    assert (now(upload).state, now(upload).corrected) == (State.CHECKED, 0)
