"""All statements of a session in one file, by the real worker: what is in it, for whom, and for how long."""

import io
import re
import zipfile
from datetime import timedelta

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob
from pypdf import PdfReader

from centres import packing, sending
from centres.models import CurrentPack, Membership, Pack, PackContent, PackPart
from results import stopping
from results.models import Entry, Release, Stop
from results_portal.roles import CENTRES, STAFF
from tests import factories
from tests.conftest import FaceClient, database_role
from tests.mailbox import work
from tests.results.reading import text

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
ASK = "/sessions/OPEN/statements/"
State, Trouble = Pack.State, Pack.Trouble


def work_on_packs() -> None:
    work(STAFF, [packing.QUEUE])


@pytest.fixture
def centre():
    return factories.centre(name="Liceo Volta")


@pytest.fixture
def session():
    return factories.session("B2F", code="OPEN")


def student(session, centre, name: str, **outcome) -> Entry:
    entry = factories.entry(session, family_name=name, preparation_centre=centre)
    factories.statement(entry, **outcome)
    return entry


@pytest.fixture
def students(session, centre) -> list[Entry]:
    student(session, factories.centre(), "Loro")
    student(session, None, "Nessuno")
    return [student(session, centre, name) for name in ("Altra", "Kuvetto", "Zeta")]


@pytest.fixture
def secretary(centre):
    browser = FaceClient("centres")
    browser.person = factories.member(centre)
    browser.force_login(browser.person)
    return browser


def ask(browser, kind: str = "zip", language: str = "en", **more) -> Pack:
    response = browser.post(ASK, {"kind": kind, "language": language, **more})
    assert response.status_code == 302, text(response.content.decode())
    pack = Pack.objects.latest("pk")
    assert response["Location"] == f"{ASK}{pack.pk}/"
    return pack


def made(browser, kind: str = "zip", language: str = "en", **more) -> Pack:
    pack = ask(browser, kind, language, **more)
    work_on_packs()
    pack.refresh_from_db()
    assert pack.state == State.READY, pack.trouble
    return pack


def page(browser, pack: Pack) -> str:
    response = browser.get(f"{ASK}{pack.pk}/")
    assert response.status_code == 200
    return text(response.content.decode())


def download(browser, pack: Pack):
    return browser.get(f"{ASK}{pack.pk}/file/")


def file_of(browser, pack: Pack) -> bytes:
    response = download(browser, pack)
    assert response.status_code == 200
    with database_role(CENTRES):  # the pieces are read after the view has answered
        content = b"".join(response)
    assert len(content) == int(response["Content-Length"]) == pack.size
    return content


def words_of(pdf: bytes) -> list[str]:
    return [" ".join(each.extract_text().split()) for each in PdfReader(io.BytesIO(pdf)).pages]


def is_refused(browser, pack: Pack) -> bool:
    """Neither the page offers the file, nor does its address give it, nor does the database."""
    response = download(browser, pack)
    with database_role(CENTRES):
        pieces = PackContent.objects.filter(pack=pack).count()
    offered = f"{ASK}{pack.pk}/file/" in browser.get(f"{ASK}{pack.pk}/").content.decode()
    refusals = {response.status_code == 302, pieces == 0, not offered}
    assert len(refusals) == 1
    return refusals == {True}


# --- What is in it -------------------------------------------------------------------------------------


def test_a_zip_holds_a_pdf_for_each_student_of_the_centre(secretary, students):
    pack = made(secretary)
    response = download(secretary, pack)
    assert response["Content-Type"] == "application/zip"
    name = 'attachment; filename="Statements-of-Results-OPEN-en.zip"'
    assert response["Content-Disposition"] == name
    assert "no-store" in response["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(file_of(secretary, pack))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            f"{entry.family_name}-Alice-{entry.candidate_number}.pdf" for entry in students
        ]
        for entry in students:
            [words] = words_of(archive.read(f"{entry.family_name}-Alice-{entry.candidate_number}.pdf"))
            assert f"Alice {entry.family_name}" in words
            assert "Pass at Grade B" in words


def test_one_pdf_holds_a_page_for_each_student_in_the_language_asked_for(secretary, students):
    pack = made(secretary, "pdf", "it")
    assert download(secretary, pack)["Content-Type"] == "application/pdf"
    pages = words_of(file_of(secretary, pack))
    assert len(pages) == len(students)
    for entry, words in zip(students, pages, strict=True):
        assert f"Alice {entry.family_name}" in words
        assert "Questo non è un certificato." in words


def test_more_students_than_one_pdf_holds_become_several_in_a_zip(secretary, students, monkeypatch):
    monkeypatch.setattr(packing, "MOST_IN_ONE_PDF", 2)
    pack = made(secretary, "pdf")
    with zipfile.ZipFile(io.BytesIO(file_of(secretary, pack))) as archive:
        assert archive.namelist() == ["OPEN-01.pdf", "OPEN-02.pdf"]
        assert [len(words_of(archive.read(name))) for name in archive.namelist()] == [2, 1]


def test_a_long_file_comes_in_pieces_and_whole(secretary, students, monkeypatch):
    monkeypatch.setattr(packing, "PART", 10_000)
    monkeypatch.setattr(packing, "AT_A_TIME", 2)
    pack = made(secretary)
    assert PackPart.objects.filter(pack=pack).count() == -(-pack.size // 10_000) > 2
    assert zipfile.ZipFile(io.BytesIO(file_of(secretary, pack))).testzip() is None


def test_an_amended_result_is_marked_in_it(secretary, centre):
    session = factories.session(code="OPEN", approved=False)
    entry = student(session, centre, "Kuvetto")
    factories.approve_by_two(session.release)
    factories.statement(entry, version=2, status="withheld", reason="Identity to be checked")
    factories.approve_by_two(session.release)
    [words] = words_of(file_of(secretary, made(secretary, "pdf")))
    assert "Result: Withheld (before: Pass at Grade B)" in words


def test_what_the_gate_keeps_back_is_not_in_it(secretary, session, students):
    stopping.stop_candidates(Entry.objects.filter(family_name="Kuvetto"), factories.officer(), "Identity")
    [first, second] = words_of(file_of(secretary, made(secretary, "pdf")))
    assert ("Altra" in first, "Zeta" in second) == (True, True)


def test_before_the_instant_there_is_nothing_to_make_even_for_who_asks_all_the_same(secretary, students):
    Release.objects.update(opens_at=factories.database_now() + HOUR)
    assert "No results of your students can be seen" in text(secretary.get(ASK).content.decode())
    pack = ask(secretary)
    work_on_packs()
    pack.refresh_from_db()
    assert (pack.state, pack.trouble) == (State.FAILED, Trouble.NOTHING)
    assert "No results of your students can be seen in this session now." in page(secretary, pack)
    assert not PackPart.objects.exists()


# --- Watching it ---------------------------------------------------------------------------------------


def test_the_page_shows_how_far_it_is_with_and_without_javascript(secretary, students):
    pack = ask(secretary)
    html = secretary.get(f"{ASK}{pack.pk}/").content.decode()
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in html
    assert f'data-address="{ASK}{pack.pk}/progress/"' in html
    assert "/static/js/progress.js" in html
    job = secretary.get(f"{ASK}{pack.pk}/progress/").json()
    assert (job["is_running"], job["percent"]) == (True, None)
    work_on_packs()
    job = secretary.get(f"{ASK}{pack.pk}/progress/").json()
    assert job == {"is_running": False, "percent": 100, "words": "3 of 3 statements"}
    assert "It holds the statements of 3 students." in page(secretary, pack)


def test_the_same_file_is_not_made_twice_at_once_and_a_few_at_a_time_are_enough(secretary, students):
    first = ask(secretary, "zip", "en")
    assert ask(secretary, "zip", "en") == first
    ask(secretary, "zip", "it")
    response = secretary.post(ASK, {"kind": "pdf", "language": "it"})
    assert response.status_code == 200
    assert "2 files of your centre are being made already." in text(response.content.decode())
    assert Pack.objects.count() == 2
    work_on_packs()
    made(secretary, "pdf", "it")


def test_a_newer_file_takes_the_place_of_the_old_one(secretary, students):
    old = made(secretary)
    new = made(secretary)
    assert is_refused(secretary, old)
    assert not is_refused(secretary, new)
    assert "This file was erased" in page(secretary, old)
    assert set(PackPart.objects.values_list("pack", flat=True)) == {new.pk}


@pytest.mark.parametrize(
    "form", [{}, {"kind": "exe", "language": "en"}, {"kind": "zip", "language": "\x00"}, {"kind": "zip" * 99}]
)
def test_an_odd_form_makes_nothing_and_says_what_is_wrong(secretary, students, form):
    response = secretary.post(ASK, form)
    assert response.status_code == 200
    assert "There is a problem" in text(response.content.decode()) or not form
    assert not Pack.objects.exists()


# --- Given out while the gate agrees ---------------------------------------------------------------------


def amend(entry: Entry) -> None:
    factories.statement(entry, version=2, status="withheld", reason="Identity to be checked")


MEANWHILE = {
    "amended": amend,
    "stopped": lambda entry: stopping.stop_candidates(
        Entry.objects.filter(pk=entry.pk), factories.officer(), "Identity"
    ),
    "session stopped": lambda entry: stopping.stop_session(entry.session, factories.officer(), "Wrong file"),
    "moved to another centre": lambda entry: Entry.objects.filter(pk=entry.pk).update(
        preparation_centre=factories.centre()
    ),
    "postponed": lambda _entry: Release.objects.update(opens_at=factories.database_now() + HOUR),
    "withdrawn": lambda _entry: Release.objects.update(approved_through=None),
    "two hours old": lambda _entry: Pack.objects.update(finished_at=Now() - timedelta(hours=2)),
}


@pytest.mark.parametrize("happens", MEANWHILE.values(), ids=MEANWHILE)
def test_a_file_in_which_something_is_no_longer_what_the_centre_sees_is_not_given_out(
    secretary, students, happens
):
    pack = made(secretary)
    assert not is_refused(secretary, pack)
    happens(students[1])
    assert is_refused(secretary, pack)
    assert "This file is out of date." in page(secretary, pack)


def test_a_stop_cuts_off_a_download_under_way(secretary, session, students, monkeypatch):
    monkeypatch.setattr(packing, "PART", 10_000)
    pack = made(secretary)
    pieces = packing.content(Pack.objects.get(pk=pack.pk))
    assert len(next(pieces)) == 10_000
    stopping.stop_session(session, factories.officer(), "Wrong file")
    with pytest.raises(LookupError):
        next(pieces)


def test_only_so_many_large_files_are_on_their_way_at_once(secretary, students, monkeypatch):
    """They keep a thread each, together with those of the material; pages of results have the other half."""
    monkeypatch.setattr(sending, "KEEPS_A_THREAD", 1_000)
    pack = made(secretary)
    under_way = [download(secretary, pack) for _each in range(sending.AT_ONCE)]
    assert {response.status_code for response in under_way} == {200}
    busy = download(secretary, pack)
    assert (busy.status_code, busy["Retry-After"]) == (503, "30")
    assert f'href="{ASK}{pack.pk}/file/"' in busy.content.decode()
    for response in under_way:  # whoever leaves half way makes room
        response.close()
    assert len(file_of(secretary, pack)) == pack.size
    assert file_of(secretary, pack)


def test_a_result_that_came_since_is_told_and_the_file_stays(secretary, session, centre, students):
    pack = made(secretary)
    student(session, centre, "Nuova")
    assert not is_refused(secretary, pack)
    assert "1 more result has come since." in page(secretary, pack)


def test_a_stop_that_is_lifted_brings_the_file_back(secretary, session, students):
    pack = made(secretary)
    stopping.stop_session(session, factories.officer(), "Wrong file")
    assert is_refused(secretary, pack)
    stopping.lift(Stop.objects.all(), factories.officer())
    assert not is_refused(secretary, pack)


# --- To whom -----------------------------------------------------------------------------------------------


def addresses(pack: Pack) -> list[str]:
    return [f"{ASK}{pack.pk}/", f"{ASK}{pack.pk}/progress/", f"{ASK}{pack.pk}/file/"]


def test_another_centres_file_is_not_found(secretary, session, students):
    pack = made(secretary)
    other = FaceClient("centres")
    other_centre = factories.centre()
    student(session, other_centre, "Loro")
    other.force_login(factories.member(other_centre))
    for address in addresses(pack):
        assert secretary.get(address).status_code == 200
        assert other.get(address).status_code == 404
    assert "Files that were asked for" not in text(other.get(ASK).content.decode())


def test_who_is_no_longer_a_member_gets_nothing(secretary, students):
    pack = made(secretary)
    Membership.objects.filter(user=secretary.person).delete()
    for address in (ASK, *addresses(pack)):
        assert secretary.get(address).status_code == 404


def test_a_file_is_found_under_its_own_session_only(secretary, centre, students):
    pack = made(secretary)
    student(factories.session(code="OTHER"), centre, "Altrove")
    for address in addresses(pack):
        assert secretary.get(address.replace("OPEN", "OTHER")).status_code == 404


def test_who_acts_for_two_centres_chooses_one(secretary, session, centre, students):
    second = factories.centre(name="Scuola Galilei")
    student(session, second, "Galileiana")
    stranger = factories.centre(name="Istituto Estraneo")
    Membership.objects.create(user=secretary.person, centre=second)
    html = secretary.get(ASK).content.decode()
    assert ("Scuola Galilei" in html, "Istituto Estraneo" in html) == (True, False)
    assert secretary.post(ASK, {"kind": "pdf", "language": "en", "centre": stranger.pk}).status_code == 200
    pack = made(secretary, "pdf", centre=second.pk)
    [words] = words_of(file_of(secretary, pack))
    assert "Galileiana" in words


def test_the_public_login_reads_no_piece_but_through_the_gate(role_connection, secretary, session, students):
    made(secretary)
    login = role_connection("centres")
    for forbidden in (
        "SELECT content FROM centres_packpart",
        "SELECT count(*) FROM centres_packpart",
        "UPDATE centres_pack SET state = 'ready'",
        "UPDATE centres_pack SET statements = '{}'",
        "DELETE FROM centres_pack",
        "INSERT INTO centres_pack (kind, language, state) VALUES ('zip', 'en', 'ready')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            login.execute(forbidden)
    assert login.execute("SELECT count(*) FROM centres_packs_content").fetchone()[0] == 1
    stopping.stop_session(session, factories.officer(), "Wrong file")
    assert login.execute("SELECT count(*) FROM centres_packs_content").fetchone()[0] == 0


@pytest.mark.parametrize("login", ["candidates", "worker", "staff"])
def test_no_other_login_reads_the_files(role_connection, secretary, students, login):
    made(secretary)
    for table in ("centres_packpart", "centres_packs_content"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            role_connection(login).execute(f"SELECT content FROM {table}")


# --- Broken off, and over --------------------------------------------------------------------------------


def test_a_job_that_was_killed_shows_as_broken_off_and_the_file_can_be_asked_for_again(secretary, students):
    pack = ask(secretary)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    Pack.objects.update(state=State.MAKING, started_at=Now())
    PackPart.objects.create(pack=pack, number=0, content=b"half a file")
    assert "The work was broken off." in page(secretary, pack)
    assert secretary.get(f"{ASK}{pack.pk}/progress/").json()["is_running"] is False
    assert is_refused(secretary, pack)
    again = ask(secretary)
    assert again != pack
    work_on_packs()
    again.refresh_from_db()
    assert again.state == State.READY
    packing.expire()
    pack.refresh_from_db()
    assert (pack.state, pack.trouble) == (State.FAILED, Trouble.BROKEN_OFF)
    assert not PackPart.objects.filter(pack=pack).exists()


def test_a_job_that_lives_or_waits_is_left_alone(secretary, students):
    pack = ask(secretary)
    assert packing.settle() == 0
    other = psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None})
    try:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [packing._LOCK, pack.pk])
        Pack.objects.update(state=State.MAKING, started_at=Now())
        assert packing.settle() == 0
        assert "The work was broken off." not in page(secretary, pack)
    finally:
        other.close()


def test_an_error_while_it_is_made_is_said_and_leaves_no_piece(secretary, students, monkeypatch):
    monkeypatch.setattr(packing, "PART", 10_000)
    real, calls = packing.handing_out.signed, []

    def breaks(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise RuntimeError("no memory")
        return real(*arguments)

    monkeypatch.setattr(packing.handing_out, "signed", breaks)
    pack = ask(secretary)
    work_on_packs()
    pack.refresh_from_db()
    assert (pack.state, pack.trouble) == (State.FAILED, Trouble.ERROR)
    assert not PackPart.objects.exists()
    assert "The portal could not make the file." in page(secretary, pack)


def test_a_file_is_erased_after_two_hours_and_its_record_after_a_month(secretary, students):
    pack = made(secretary)
    with database_role(STAFF):
        packing.expire()
    assert PackPart.objects.filter(pack=pack).exists()
    Pack.objects.update(finished_at=Now() - timedelta(hours=2, seconds=1))
    with database_role(STAFF):
        packing.expire()
    pack.refresh_from_db()
    assert pack.state == State.ERASED
    assert not PackPart.objects.exists()
    Pack.objects.update(finished_at=Now() - timedelta(days=31))
    with database_role(STAFF):
        packing.expire()
    assert not Pack.objects.exists()


def test_a_job_is_not_done_twice(secretary, students):
    pack = made(secretary)
    packing.make(pack.pk)
    assert Pack.objects.get().state == State.READY
    assert ProcrastinateJob.objects.filter(status="failed").count() == 0


# --- The database is the last guard ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "exe"},
        {"language": "fr"},
        {"state": "gone"},
        {"state": "failed", "trouble": ""},
        {"trouble": "error"},
        {"finished_at": None},
        {"size": 0},
        {"statements": []},
    ],
)
def test_the_database_refuses_a_pack_that_cannot_be(secretary, students, wrong):
    pack = made(secretary)
    with pytest.raises(IntegrityError), transaction.atomic():
        Pack.objects.filter(pk=pack.pk).update(**wrong)


def test_the_pages_cost_the_same_queries_with_one_student_and_with_many(secretary, session, centre):
    student(session, centre, "Prima")

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert secretary.get(address).status_code == 200
        return len([query for query in captured if "ROLE" not in query["sql"]])

    pack = made(secretary)
    before = queries(ASK), queries(f"{ASK}{pack.pk}/")
    for number in range(4):
        student(session, centre, f"Altra {number}")
    made(secretary, "pdf")
    pack = made(secretary)
    assert (queries(ASK), queries(f"{ASK}{pack.pk}/")) == before


def test_who_asked_for_a_file_stays_on_record(secretary, students):
    pack = made(secretary)
    event = Pack.pgh_event_model.objects.filter(pgh_obj=pack).earliest("pgh_id")
    assert (event.pgh_label, event.asked_by_id) == ("insert", secretary.person.pk)
    columns = {field.name for field in Pack.pgh_event_model._meta.fields}
    assert not columns & {"statements", "entries"}


def test_too_many_is_a_refusal_in_words(centre, session, students):
    person = factories.member(centre)
    packing.ask(centre, session, "zip", "en", person)
    packing.ask(centre, session, "zip", "it", person)
    with pytest.raises(ValidationError, match="being made already"):
        packing.ask(centre, session, "pdf", "it", person)
    assert re.search("centre", str(CurrentPack._meta.db_table))
