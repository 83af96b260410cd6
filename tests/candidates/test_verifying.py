"""Whoever holds a document asks whether it is genuine; and the gate, tried by that way."""

import io
import re
import zlib
from datetime import datetime, timedelta

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader, PdfWriter

from accounts import throttle
from candidates import verifying as views
from results import handing_out, inspecting, signing, verification_codes, verifying_files
from results.document import Document, render, render_all
from results.models import CandidateStatement, CentreStatement, Release, Statement, Stop, Verification
from results.verification_codes import address_of, code_of
from results_portal.demo import signing as demo
from tests import factories
from tests.conftest import FaceClient

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
MARKS = ("Pass at Grade B", ">176<", ">B2<")


def issued(session=None, *, registered: bool = True, **names) -> Statement:
    """A statement with the middle of grade B in a session, open by default."""
    entry = factories.entry(session or factories.session(), preparation_centre=factories.centre(), **names)
    made = factories.statement(entry)
    if registered:
        factories.candidate(entry)
    return made


def asked(of: Statement) -> str:
    """The page that the QR code on the document leads to."""
    response = FaceClient("candidates").get(f"/verify/{code_of(of.pk)}/")
    assert response.status_code == 200
    return response.content.decode()


def clock() -> datetime:
    """The database's clock as it runs within a test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def counted() -> list[tuple[int, str, str, int]]:
    return list(Verification.objects.order_by("pk").values_list("statement_id", "means", "outcome", "times"))


def shows_no_mark(page: str) -> bool:
    return not any(mark in page for mark in MARKS)


# --- What the holder is told ---------------------------------------------------------------------------


def test_a_current_document_is_said_to_be_with_what_stands_in_its_head():
    page = asked(issued(given_names="Zoë", family_name="Kuvetto", candidate_number="5003"))
    assert "This document is genuine and current" in page
    for said in ("Zoë Kuvetto", "B2 First", "June 2026", "26FIT0245003"):
        assert said in page, said
    for mark in MARKS:
        assert mark in page, mark


def test_the_page_shows_no_more_than_the_document_does():
    """Not the date of birth, not the ID Number, not the address, not the school, not a skill's score."""
    statement = issued(id_number="SIR094701", family_name="Kuvetto")
    page = asked(statement)
    assert "Kuvetto" in page
    entry = statement.entry
    for hidden in ("SIR094701", "14 March 2010", "2010", "alice@example.org", entry.preparation_centre.name,
                   "Reading", "Listening"):  # fmt: skip
        assert hidden not in page, hidden


def test_shields_are_shown_as_the_document_shows_them():
    page = asked(issued(factories.session("YLM")))
    assert page.count("4 of 5 shields") == 3
    assert "Overall score" not in page


@pytest.mark.parametrize("status", ["X", "Z", "pending", "withheld"])
def test_a_code_in_place_of_a_result_is_said_as_it_is(status):
    entry = factories.entry(factories.session())
    statement = factories.statement(entry, status=status)
    page = asked(statement)
    assert "genuine and current" in page
    assert statement.get_status_display() in page


def test_the_page_is_kept_by_nobody_and_listed_nowhere():
    response = FaceClient("candidates").get(f"/verify/{code_of(issued().pk)}/")
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "same-origin"


def test_it_comes_in_italian():
    browser = FaceClient("candidates")
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = "it"
    page = browser.get(f"/verify/{code_of(issued().pk)}/").content.decode()
    assert "Questo documento è autentico e attuale" in page
    assert "Pass at Grade B" in page


# --- Typing it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [str, str.lower, lambda code: code.replace("-", " "), lambda code: code.replace("0", "O"), address_of],
)
def test_a_code_is_found_as_people_type_it(candidates, typed):
    code = code_of(issued().pk)
    response = candidates.post("/verify/", {"code": typed(code)})
    assert response["Location"] == f"/verify/{code}/"
    assert "genuine and current" in candidates.get(response["Location"]).content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type the code from the document."),
        ("AB", "A code has 20 letters and digits, and this one 2."),
        ("0" * 19 + "1", "There is a slip in the code"),
        ("x" * 201, "at most 200 characters"),
        ("\x00" * 5, "Null characters are not allowed"),
        ("🎉" * 20, "There is a slip in the code"),
        ("<script>alert(1)</script>", "A code has 20 letters"),
    ],
)
def test_a_slip_of_the_finger_is_said_at_once_and_nothing_is_looked_up(candidates, typed, said):
    with CaptureQueriesContext(connection) as captured:
        page = candidates.post("/verify/", {"code": typed}).content.decode()
    assert said in page
    assert "error-summary" in page
    assert "<script>alert" not in page
    assert not [query for query in captured if "throttle" in query["sql"] or "verify" in query["sql"]]


def test_a_mistyped_code_in_the_address_gives_the_form_with_what_was_typed(candidates):
    page = candidates.get("/verify/RX3K7-0M2QD/").content.decode()
    assert "A code has 20 letters and digits, and this one 10." in page
    assert 'value="RX3K7-0M2QD"' in page


def test_a_well_typed_code_that_we_never_made_is_said_to_be_none(candidates):
    bare = "7" * 19
    code = verification_codes.normalise(bare + verification_codes._check(bare))
    page = candidates.get(f"/verify/{code}/").content.decode()
    assert "We have issued no document with this code" in page
    assert counted() == []


@pytest.mark.parametrize("limit", ["VERIFY_PER_ADDRESS", "VERIFY_OVERALL"])
def test_guessing_is_held_up_and_who_holds_a_document_is_not(candidates, monkeypatch, limit):
    monkeypatch.setattr(throttle, limit, throttle.Limit("verify-test", 2, throttle.HOUR))
    genuine = f"/verify/{code_of(issued().pk)}/"
    for _time in range(4):  # what is right is not counted
        assert "genuine and current" in candidates.get(genuine).content.decode()
    guesses = [f"/verify/{code_of(number)}/" for number in (2**34, 2**34 + 1, 2**34 + 2)]
    assert [candidates.get(guess).status_code for guess in guesses] == [200, 200, 429]
    refused = candidates.get(genuine)
    assert refused.status_code == 429
    assert "Too many tries. Wait" in refused.content.decode()
    assert shows_no_mark(refused.content.decode())


# --- The gate ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opens_in", "shown"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)], ids=["T-1s", "T", "T+1s"]
)
def test_a_document_exists_from_the_instant_on(opens_in, shown):
    statement = issued(factories.session(opens_in=opens_in), family_name="Kuvetto")
    page = asked(statement)
    assert ("genuine and current" in page) is shown
    assert ("We have issued no document with this code" in page) is not shown
    assert ("Kuvetto" in page) is shown
    assert shows_no_mark(page) is not shown
    assert bool(counted()) is shown


def test_what_was_loaded_and_not_approved_does_not_exist():
    statement = issued(factories.session(approved=False), family_name="Kuvetto")
    page = asked(statement)
    assert "We have issued no document with this code" in page
    assert "Kuvetto" not in page


@pytest.mark.parametrize(
    ("opens_in", "shown"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)], ids=["T-1s", "T", "T+1s"]
)
def test_a_schools_document_is_genuine_before_the_candidates_hour_and_its_marks_wait(opens_in, shown):
    session = factories.session(opens_in=opens_in)
    hour_ago = factories.database_now() - timedelta(hours=1)
    Release.objects.filter(session=session).update(centres_open_at=hour_ago)
    factories.approve(session.release)
    statement = issued(session)
    assert CentreStatement.objects.filter(statement_id=statement.pk).exists()
    page = asked(statement)
    assert "This document is genuine" in page
    assert ("This page shows the result too from" in page) is not shown
    assert shows_no_mark(page) is not shown
    assert counted() == [(statement.pk, "code", "current" if shown else "early", 1)]


def test_an_amended_document_is_superseded_and_shows_neither_its_marks_nor_the_new_ones():
    session = factories.session(approved=False)
    first = issued(session)
    factories.approve_by_two(session.release)
    assert "genuine and current" in asked(first)
    second = factories.statement(first.entry, 2, overall=170, result="C", cefr="B2", **dict.fromkeys(
        ("reading", "use_of_english", "writing", "listening", "speaking"), 170))  # fmt: skip
    assert "genuine and current" in asked(first)  # not approved yet
    assert "We have issued no document" in asked(second)
    factories.approve_by_two(session.release)

    old, new = asked(first), asked(second)
    assert "genuine, but no longer current" in old
    assert shows_no_mark(old)
    assert "Grade C" not in old
    assert ">170<" not in old
    assert ">170<" in new
    assert code_of(first.pk) != code_of(second.pk)


def test_a_version_that_was_replaced_before_the_hour_was_never_a_document():
    session = factories.session(approved=False, opens_in=timedelta(0))
    first = issued(session, family_name="Kuvetto")
    factories.statement(first.entry, 2, status="withheld")
    factories.approve_by_two(session.release)
    page = asked(first)
    assert "We have issued no document with this code" in page
    assert "Kuvetto" not in page


@pytest.mark.parametrize("scope", ["session", "centre", "candidate"])
def test_a_stopped_document_is_not_valid_and_shows_no_mark_until_the_stop_is_lifted(scope):
    session = factories.session(approved=False)
    statement, officer = issued(session), factories.officer()
    factories.approve_by_two(session.release)
    assert "genuine and current" in asked(statement)
    entry = statement.entry
    scopes = {"centre": {"preparation_centre": entry.preparation_centre}, "candidate": {"entry": entry}}
    stop = Stop.objects.create(
        session=session, reason="Wrong file", notice_it="x", notice_en="x", started_by=officer,
        started_at=clock(), **scopes.get(scope, {}),
    )  # fmt: skip
    page = asked(statement)
    assert "This document is not valid at present" in page
    assert shows_no_mark(page)
    Stop.objects.filter(pk=stop.pk).update(lifted_at=clock(), lifted_by=officer)
    assert "genuine and current" in asked(statement)
    assert [outcome for _pk, _means, outcome, _times in counted()] == ["current", "not_valid"]


def test_a_result_whose_hour_was_moved_is_not_valid():
    session = factories.session(approved=False)
    statement = issued(session)
    factories.approve_by_two(session.release)
    Release.objects.filter(session=session).update(opens_at=factories.database_now() + timedelta(days=1))
    page = asked(statement)
    assert "This document is not valid at present" in page
    assert "Alice Bianchi" in page
    assert shows_no_mark(page)


def test_the_face_may_ask_about_a_document_and_nothing_more(role_connection):
    face = role_connection("candidates")
    assert face.execute("SELECT * FROM results_verify(1, 'code')").fetchall() == []
    assert face.execute("SELECT * FROM results_verify(NULL, 'code')").fetchall() == []
    for sql in (
        "SELECT * FROM results_verification",
        "INSERT INTO results_verification (statement_id) VALUES (1)",
        "UPDATE results_verification SET times = 0",
        "DELETE FROM results_verification",
        "SELECT * FROM results_shown",
        "SELECT * FROM results_gate",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            face.execute(sql)


@pytest.mark.parametrize("login", ["centres", "worker", "staff"])
def test_nobody_else_may_ask(role_connection, login):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role_connection(login).execute("SELECT * FROM results_verify(1, 'code')")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("which", ["closed", "unapproved", "open"])
def test_the_faces_own_login_gets_what_is_open_and_no_more(role_connection, which):
    session = factories.session(
        opens_in=timedelta(hours=1 if which == "closed" else -1), approved=which != "unapproved"
    )
    statement = issued(session)
    rows = role_connection("candidates").execute("SELECT * FROM results_verify(%s, 'code')", [statement.pk])
    assert len(rows.fetchall()) == (1 if which == "open" else 0)
    if which == "open":
        with pytest.raises(psycopg.errors.CheckViolation):
            role_connection("candidates").execute("SELECT * FROM results_verify(%s, 'x')", [statement.pk])


# --- Counting ------------------------------------------------------------------------------------------


def signed_in(user) -> FaceClient:
    browser = FaceClient("candidates")
    browser.force_login(user)
    return browser


def test_every_check_is_counted_to_the_minute_and_nothing_of_who_asked():
    statement = issued()
    for _time in range(3):
        asked(statement)
    assert counted() == [(statement.pk, "code", "current", 3)]
    [check] = Verification.objects.all()
    assert (check.checked_at.second, check.checked_at.microsecond) == (0, 0)
    assert {field.name for field in Verification._meta.fields} == {
        "id", "statement", "checked_at", "means", "outcome", "times",
    }  # fmt: skip


def test_the_candidate_sees_when_and_how_often_and_only_for_documents_of_ones_own():
    alice, bob = issued(), issued(factories.session("YLM", title="May 2026"))
    asked(alice), asked(alice), asked(bob)
    page = signed_in(alice.entry.user).get("/account/checks/").content.decode()
    assert "genuine and current" in page
    assert "2 times" in page
    assert "(Italian time)" in page
    assert "B2 First" in page
    assert "May 2026" not in page
    assert 'href="/account/checks/"' in signed_in(bob.entry.user).get("/account/").content.decode()


def test_before_the_hour_the_candidate_is_told_of_no_check():
    session = factories.session(opens_in=timedelta(hours=1))
    Release.objects.filter(session=session).update(centres_open_at=factories.database_now() - SECOND)
    factories.approve(session.release)
    statement = issued(session)
    assert "This document is genuine" in asked(statement)
    assert counted() == [(statement.pk, "code", "early", 1)]
    assert "Nobody has checked" in signed_in(statement.entry.user).get("/account/checks/").content.decode()


def test_the_page_of_checks_costs_the_same_with_one_and_with_many():
    statement = issued()
    browser = signed_in(statement.entry.user)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/account/checks/").status_code == 200
        return len([query for query in captured if "ROLE" not in query["sql"]])

    asked(statement)
    queries()
    with_one = queries()
    now = factories.database_now()
    Verification.objects.bulk_create(
        Verification(
            statement=statement, checked_at=now - n * SECOND, means="code", outcome="current", times=1
        )
        for n in range(views.MOST_SHOWN + 5)
    )
    assert queries() == with_one
    assert f"The newest {views.MOST_SHOWN}." in browser.get("/account/checks/").content.decode()


# --- The document bears it ------------------------------------------------------------------------------


def words(pdf: bytes) -> str:
    return re.sub(r"[\s\u200b]", "", PdfReader(io.BytesIO(pdf)).pages[0].extract_text())


def test_page_and_document_of_candidate_and_school_bear_the_same_code():
    statement = issued()
    code = code_of(statement.pk)
    alice = signed_in(statement.entry.user)
    school = FaceClient("centres")
    school.force_login(factories.member(statement.entry.preparation_centre))
    session, entry = statement.entry.session, statement.entry
    for browser, page in ((alice, "/statement/"), (school, f"/sessions/{session.code}/students/{entry.pk}/")):
        assert code in browser.get(page).content.decode()
        assert code in words(browser.get(f"{page}pdf/").content)


def test_the_pages_lead_to_the_check(candidates):
    for page in ("/", "/help/", "/register/"):
        assert 'href="/verify/"' in candidates.get(page).content.decode()


# --- The file -------------------------------------------------------------------------------------------


@pytest.fixture
def signer(settings):
    return sign_anew(settings)


def sign_anew(settings) -> bytes:
    """Another key, and its certificate, in the same name."""
    key, certificate = demo.make("Centro Esami Sirio")
    settings.STATEMENT_SIGNING_KEY = key.decode()
    settings.STATEMENT_SIGNING_CERTIFICATE = certificate.decode()
    return certificate


def document_of(statement: Statement) -> Document:
    shown = CandidateStatement.objects.get(statement_id=statement.pk)
    return Document(statement.entry, shown)


def handed_in(content: bytes, name: str = "statement.pdf"):
    file = SimpleUploadedFile(name, content, "application/pdf")
    return FaceClient("candidates").post("/verify/", {"file": "yes", "document": file})


def said_of(content: bytes) -> str:
    response = handed_in(content)
    assert response.status_code == 200
    return response.content.decode()


def test_a_file_as_we_issued_it_is_genuine_and_counted(signer):
    statement = issued()
    page = said_of(handing_out.signed(document_of(statement), "it"))
    assert "genuine and current" in page
    assert "not a byte was changed" in page
    assert "Pass at Grade B" in page
    assert counted() == [(statement.pk, "file", "current", 1)]


def test_a_genuine_file_of_a_stopped_result_is_not_valid(signer):
    session = factories.session(approved=False)
    statement = issued(session)
    factories.approve_by_two(session.release)
    pdf = handing_out.signed(document_of(statement), "en")
    Release.objects.filter(session=session).update(opens_at=factories.database_now() + timedelta(days=1))
    page = said_of(pdf)
    assert "This document is not valid at present" in page
    assert "not a byte was changed" in page
    assert shows_no_mark(page)


def test_a_file_changed_by_one_byte_is_said_to_be_and_tells_nothing(signer):
    pdf = handing_out.signed(document_of(issued(family_name="Kuvetto")), "en")
    for place in (0, 700, len(pdf) // 2, len(pdf) - 1):
        changed = bytearray(pdf)
        changed[place] ^= 1
        page = said_of(bytes(changed))
        assert "This file was changed after it was issued" in page, place
        assert "Kuvetto" not in page
    assert counted() == []


def test_wherever_a_byte_is_changed_it_is_found(signer):
    """In this process, for speed: every seventh byte of the signature and its surroundings, and others."""
    pdf = handing_out.signed(document_of(issued()), "en")
    ours = verifying_files._certificates()
    assert inspecting.inspect(pdf, ours)["verdict"] == "genuine"
    start = pdf.rindex(b"/Contents")
    places = {*range(0, len(pdf), 2500), *range(start - 200, start + 2000, 7)}
    verdicts = {}
    for place in places:
        changed = bytearray(pdf)
        changed[place] ^= 1
        verdicts.setdefault(inspecting.inspect(bytes(changed), ours)["verdict"], []).append(place)
    assert set(verdicts) == {"changed"}, verdicts


def test_a_file_that_was_added_to_is_changed(signer):
    pdf = handing_out.signed(document_of(issued()), "en")
    assert "was changed after it was issued" in said_of(pdf + b"\n% more\n")
    assert "was changed after it was issued" in said_of(pdf[:-300])


def test_the_code_of_one_document_in_anothers_file_is_not_believed(signer):
    """What is read from a file is read only if the signature holds."""
    statement = issued(family_name="Kuvetto")
    forged = render(document_of(statement), "en")
    page = said_of(forged)
    assert "This file has no signature" in page
    assert "Kuvetto" not in page
    assert counted() == []


def test_somebody_elses_signature_is_not_ours(signer, settings):
    mine = settings.STATEMENT_SIGNING_CERTIFICATE
    sign_anew(settings)
    foreign = handing_out.signed(document_of(issued(family_name="Kuvetto")), "en")
    settings.STATEMENT_SIGNING_CERTIFICATE = mine
    page = said_of(foreign)
    assert "This file is not signed by us" in page
    assert "Kuvetto" not in page


def test_a_file_signed_with_an_earlier_key_stays_genuine(signer, settings):
    pdf = handing_out.signed(document_of(issued()), "en")
    settings.STATEMENT_SIGNING_EARLIER_CERTIFICATES = signer.decode()
    sign_anew(settings)
    assert "genuine and current" in said_of(pdf)


def test_a_pack_says_how_many_it_holds_and_tells_of_none(signer):
    session = factories.session()
    documents = [document_of(issued(session, family_name=f"Kuvetto {n}")) for n in range(3)]
    page = said_of(signing.sign(render_all(documents, "it"), "Statements"))
    assert "genuine and unchanged" in page
    assert "It holds 3 Statements of Results." in page
    assert "Kuvetto" not in page
    assert counted() == []


def encrypted() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def bomb() -> bytes:
    """100 MB of spaces where the objects of a file are to be found, in 100 KB."""
    data = zlib.compress(b" " * 100_000_000, 9)
    body = b"%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 3/W[1 2 1]/Filter/FlateDecode/Root 2 0 R/Length "
    body += str(len(data)).encode() + b">>\nstream\n" + data + b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n"
    return body


ODD_FILES = {
    "text": (b"hello", "This file is not a PDF"),
    "an HTML page": (b"<html><script>alert(1)</script>", "This file is not a PDF"),
    "nothing but a head": (b"%PDF-1.7\n", "This file cannot be read"),
    "noise": (b"%PDF-1.7\n" + bytes(range(256)) * 40, "This file cannot be read"),
    "deep": (b"%PDF-1.7\n1 0 obj\n" + b"[" * 300_000 + b"\nstartxref\n9\n%%EOF", "This file cannot be read"),
    "a table that leads to itself": (
        (
            b"%PDF-1.4\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Root 1 0 R/Prev 9>>\n"
            b"startxref\n9\n%%EOF"
        ),
        "This file cannot be read",
    ),
    "with a password": (encrypted(), "This file is protected by a password"),
    "a bomb": (bomb(), "This file cannot be read"),
}


@pytest.mark.parametrize(("content", "said"), ODD_FILES.values(), ids=ODD_FILES)
def test_whatever_the_file_is_it_is_said_in_plain_words(signer, content, said):
    assert said in said_of(content)


def test_a_file_that_takes_too_long_is_given_up(signer, monkeypatch):
    monkeypatch.setattr(verifying_files, "TIME", 0.01)
    assert "This file cannot be read" in said_of(b"%PDF-1.7\n")


def test_a_file_that_is_too_large_is_refused_and_not_kept(signer):
    response = handed_in(b"%PDF-1.7\n" + b" " * verifying_files.LARGEST)
    assert "The file is larger than 1 MB" in response.content.decode()
    assert handed_in(b"%PDF-1.7\n" + b" " * 5_000_000).status_code == 200


def test_no_file_and_an_empty_one_are_said(candidates):
    page = candidates.post("/verify/", {"file": "yes"}).content.decode()
    assert "Choose the PDF that you want to check." in page
    assert 'href="#id_document"' in page
    assert "The file is empty." in handed_in(b"").content.decode()


def test_files_are_taken_on_this_page_alone(candidates):
    """Another page passes a file over; what is sent with another form is not looked at."""
    file = SimpleUploadedFile("statement.pdf", b"%PDF-1.7\n", "application/pdf")
    response = candidates.post("/lost-slip/", {"document": file})
    assert response.status_code == 200
    assert not response.wsgi_request.FILES


def test_many_files_from_one_address_are_held_up(signer, monkeypatch):
    monkeypatch.setattr(
        throttle, "VERIFY_FILE_PER_ADDRESS", throttle.Limit("verify-file-test", 1, throttle.HOUR)
    )
    assert handed_in(b"hello").status_code == 200
    refused = handed_in(b"hello")
    assert refused.status_code == 429
    assert "Too many tries. Wait" in refused.content.decode()


def test_when_many_files_are_looked_at_the_next_one_is_told_to_come_again(signer, monkeypatch):
    monkeypatch.setattr(verifying_files, "PATIENCE", 0.01)
    for _place in range(verifying_files.AT_ONCE):
        assert verifying_files._turns.acquire(blocking=False)
    try:
        response = handed_in(b"hello")
    finally:
        verifying_files._turns.release(verifying_files.AT_ONCE)
    assert response.status_code == 503
    assert "Many documents are being checked just now." in response.content.decode()
    assert "This file is not a PDF" in said_of(b"hello")


def test_the_process_that_looks_into_files_holds_no_secret(signer, monkeypatch, tmp_path):
    spy = tmp_path / "spy.py"
    spy.write_text("import json, os; print(json.dumps({'verdict': 'genuine', 'codes': list(os.environ)}))")
    seen = []
    monkeypatch.setattr(verifying_files, "_INSPECTOR", spy)
    monkeypatch.setattr(verifying_files, "_codes", lambda codes: seen.extend(codes) or ())
    verifying_files.inspect(b"%PDF-1.7")
    assert not [name for name in seen if name.startswith(("PORTAL", "DATABASE", "STATEMENT", "EMAIL"))]
