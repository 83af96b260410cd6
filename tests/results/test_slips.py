"""Slips: Secret Numbers that are issued, printed and known to nobody else."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from pypdf import PdfReader

from accounts.confirming import CONFIRMED_AT
from accounts.models import User
from results import printing, slips, typesetting
from results.models import Entry, LostSlip, SlipIssue
from results.numbers import digest_secret_number
from results_portal.models import AuditEntry
from results_portal.office import APPROVER, HELP_DESK, OFFICER
from tests import factories
from tests.conftest import FaceClient, database_role

pytestmark = pytest.mark.django_db

WEIRD_NAMES = [
    ("Łucja", "Nguyễn"),
    ("Dmytro", "Шевченко"),
    ("Zoë-Maëlle", "D’Angelo O'Brien"),
    ("#strong[x]", "$a_b$ *b* \\ // <x> @y"),
    ("A" * 80, "W" * 80),
]


def unnumbered(session, **fields) -> Entry:
    entry = factories.entry(session, **fields)
    entry.secret_digest = ""
    entry.save(update_fields=["secret_digest"])
    return entry


def pages(pdf: bytes) -> list[str]:
    """The text of each page, with its words as they stand, one space apart."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def number_on(page: str) -> str:
    """The Secret Number as it is printed."""
    return re.search(r"Secret Number ([0-9]{4} [0-9]{4})\b", page)[1]


def digest_of(entry: Entry, number: str) -> str:
    return digest_secret_number(entry.id_number, number.replace(" ", ""))


def downloaded(response) -> bytes:
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf", response.content.decode()[:3000]
    return response.content


def register(candidates, entry: Entry, number: str):
    form = {"id_number": entry.id_number, "secret_number": number, "email": "zoe@example.org"}
    form |= {"password": factories.PASSWORD, "confirm_password": factories.PASSWORD, "terms": "on"}
    return candidates.post("/register/", form)


@pytest.fixture
def session(db):
    return factories.session(code="B2F-2026-06", opens_in=timedelta(days=20))


@pytest.fixture
def office(staff_face):
    """The staff face with an officer signed in, who is its attribute `person`."""
    staff_face.person = factories.officer(OFFICER)
    staff_face.force_login(staff_face.person)
    return staff_face


# --- What stands on a slip -----------------------------------------------------------------------------


def test_a_slip_says_who_what_when_and_how(session):
    entry = unnumbered(session, preparation_centre=factories.centre(name="Liceo Volta"))
    [page] = pages(slips.issue_numbers(session, factories.officer()).pdf)
    for words in (
        "Centro Esami Sirio", "IT024", "esami@sirio.example.org", "+39 06 5550 0100",
        entry.name, "Liceo Volta", entry.id_number, entry.candidate_number,
        "B2 First", "June 2026", "13 giugno 2026", "13 June 2026",
        "results.example.org/register", "results.example.org/lost-slip", "Come fare", "What to do",
        "Conserva questo statino fino alla consegna del certificato",
        "Keep this slip until you get your certificate", "(ora italiana)", "(Italian time)",
    ):  # fmt: skip
        assert words in page, words


def test_each_candidate_has_a_page_with_a_number_of_their_own(session):
    entries = [unnumbered(session) for _each in range(5)]
    printed = slips.issue_numbers(session, factories.officer())
    texts = pages(printed.pdf)
    assert (len(texts), printed.slips, printed.left) == (5, 5, 0)
    for entry in entries:
        entry.refresh_from_db()
        [own] = [text for text in texts if entry.id_number in text]
        assert entry.secret_digest == digest_of(entry, number_on(own))
    assert len({number_on(text) for text in texts}) == 5


@pytest.mark.parametrize(("given", "family"), WEIRD_NAMES)
def test_a_name_is_printed_as_it_is_on_one_page(session, given, family):
    school = factories.centre(name=("Istituto Comprensivo #1 “Città” " * 4)[:120])
    unnumbered(session, given_names=given, family_name=family, preparation_centre=school)
    [page] = pages(slips.issue_numbers(session, factories.officer()).pdf)
    assert f"{given} {family}".replace(" ", "") in page.replace(" ", "")
    assert number_on(page)


def test_letters_that_the_fonts_lack_become_boxes_and_the_office_is_told_before(session, office):
    entry = unnumbered(session, given_names="李", family_name="Rossi")
    page = office.get(f"/admin/results/slipissue/session/{session.pk}/").content.decode()
    assert "a box stands for each that is missing" in page
    assert str(entry) in page
    [text] = pages(slips.issue_numbers(session, factories.officer()).pdf)
    assert f"{typesetting.NO_GLYPH} Rossi" in text


def test_the_file_is_tagged_for_readers_who_listen(session):
    entry = unnumbered(session, given_names="Łucja")
    reader = PdfReader(io.BytesIO(slips.issue_numbers(session, factories.officer()).pdf))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "it"
    assert "<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data().decode()
    assert [each.title for each in reader.outline] == [entry.name]
    assert reader.metadata.title == "Statini B2F-2026-06"


def test_numbers_and_places_are_random(session):
    for _each in range(40):
        unnumbered(session)
    numbers = [number_on(page) for page in pages(slips.issue_numbers(session, factories.officer()).pdf)]
    assert len(set(numbers)) == 40
    assert len({number[0] for number in numbers}) > 3


# --- Who gets one --------------------------------------------------------------------------------------


def test_who_has_a_number_or_has_registered_keeps_it(session):
    numbered = factories.entry(session)
    registered = factories.entry(session)
    factories.candidate(registered)
    waiting = unnumbered(session)
    before = dict(Entry.objects.values_list("pk", "secret_digest"))
    [page] = pages(slips.issue_numbers(session, factories.officer()).pdf)
    assert waiting.id_number in page
    after = dict(Entry.objects.values_list("pk", "secret_digest"))
    assert {pk for pk in after if after[pk] != before[pk]} == {waiting.pk}
    assert numbered.pk in after


def test_one_preparation_centre_gets_its_own_slips_only(session):
    volta, other = factories.centre(), factories.centre()
    own = unnumbered(session, preparation_centre=volta)
    left = [unnumbered(session, preparation_centre=other), unnumbered(session)]
    [page] = pages(slips.issue_numbers(session, factories.officer(), volta).pdf)
    assert own.id_number in page
    assert set(slips.waiting(session)) == set(left)


def test_a_big_session_comes_in_several_files(session, monkeypatch):
    monkeypatch.setattr(slips, "MOST_IN_A_FILE", 2)
    for _each in range(3):
        unnumbered(session)
    first = slips.issue_numbers(session, factories.officer())
    second = slips.issue_numbers(session, factories.officer())
    assert [(each.slips, each.left) for each in (first, second)] == [(2, 1), (1, 0)]


def test_nothing_to_issue_is_said(session):
    factories.entry(session)
    with pytest.raises(ValidationError, match="All these entries have a Secret Number already"):
        slips.issue_numbers(session, factories.officer())


def test_a_session_without_an_opening_time_issues_nothing(session):
    entry = unnumbered(session)
    session.release.delete()
    with pytest.raises(ValidationError, match="no opening time yet"):
        slips.issue_numbers(session, factories.officer())
    entry.refresh_from_db()
    assert entry.secret_digest == ""


def test_no_file_no_numbers(session, monkeypatch):
    """If the template fails, the transaction does too."""
    unnumbered(session)
    monkeypatch.setattr(printing, "TEMPLATE", b"#panic()")
    with pytest.raises(Exception, match="panicked"):
        slips.issue_numbers(session, factories.officer())
    assert slips.waiting(session).count() == 1
    assert not SlipIssue.objects.exists()
    assert not AuditEntry.objects.filter(kind="printed").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_officers_at_once_each_candidate_gets_one_slip():
    session = factories.session(opens_in=timedelta(days=20))
    for _each in range(20):
        unnumbered(session)
    people = [factories.officer(), factories.officer()]

    def issue(person: User) -> int:
        try:
            return slips.issue_numbers(session, person).slips
        except ValidationError:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(issue, people)) == [0, 20]
    assert SlipIssue.objects.count() == 20


# --- With the number the candidate registers -------------------------------------------------------------


def test_a_candidate_registers_with_the_number_as_it_is_printed(session, office, candidates):
    entry = unnumbered(session)
    pdf = downloaded(office.post(f"/admin/results/slipissue/session/{session.pk}/", {"sure": "yes"}))
    number = number_on(pages(pdf)[0])
    assert re.fullmatch(r"[0-9]{4} [0-9]{4}", number)
    assert register(candidates, entry, number).url == "/registered/"
    entry.refresh_from_db()
    assert entry.user.username == entry.id_number


def test_without_a_number_nobody_registers_and_the_answer_is_that_of_an_unknown_number(session, candidates):
    entry = unnumbered(session)
    unknown = Entry(id_number="XXX000000")
    answers = []
    for who, number in ((entry, "0000"), (entry, "12345678"), (unknown, "12345678")):
        page = register(candidates, who, number).content.decode()
        assert "We cannot find this ID Number with this Secret Number" in page
        tokens = re.sub(r'csrfmiddlewaretoken" value="\w+"', "", page)
        answers.append(tokens.replace(who.id_number, "ID").replace(number, "NUMBER"))
    assert answers[0] == answers[1] == answers[2]
    with database_role("portal_candidates"), connection.cursor() as cursor:
        cursor.execute("SELECT results_find_entry(%s, '')", [entry.id_number])
        assert cursor.fetchone() == (None,)
        cursor.execute("SELECT results_claim_entry(%s, '', %s)", [entry.pk, factories.candidate().pk])
        assert cursor.fetchone() == (False,)


# --- A new slip ------------------------------------------------------------------------------------------


def test_the_old_number_is_refused_after_a_new_slip(session, office, candidates):
    entry = unnumbered(session)
    old = number_on(pages(slips.issue_numbers(session, office.person).pdf)[0])
    page = office.get(f"/admin/results/slipissue/entry/{entry.pk}/").content.decode()
    assert "The number on the old slip dies at once" in page
    pdf = downloaded(
        office.post(f"/admin/results/slipissue/entry/{entry.pk}/", {"sure": "yes", "reason": "Lost on a bus"})
    )
    [text] = pages(pdf)
    assert "We cannot find" in register(candidates, entry, old).content.decode()
    assert register(candidates, entry, number_on(text)).url == "/registered/"


def test_a_new_slip_needs_a_reason(session, office):
    entry = factories.entry(session)
    before = entry.secret_digest
    page = office.post(f"/admin/results/slipissue/entry/{entry.pk}/", {"sure": "yes", "reason": " "})
    assert "This field is required" in page.content.decode()
    with pytest.raises(ValidationError, match="Give a reason"):
        slips.reissue(entry, office.person, " ")
    entry.refresh_from_db()
    assert entry.secret_digest == before


def test_a_registered_candidate_gets_no_new_slip_but_words_that_help(session, office):
    entry = factories.entry(session)
    factories.candidate(entry)
    before = entry.secret_digest
    with pytest.raises(ValidationError, match="I forgot my password"):
        slips.reissue(entry, office.person, "Lost")
    address = f"/admin/results/slipissue/entry/{entry.pk}/"
    assert "I forgot my password" in office.get(address, follow=True).content.decode()
    refused = office.post(address, {"sure": "yes", "reason": "Lost"})
    assert "I forgot my password" in refused.content.decode()
    assert address not in office.get(f"/admin/results/entry/{entry.pk}/change/").content.decode()
    entry.refresh_from_db()
    assert entry.secret_digest == before


def test_a_file_that_was_lost_is_issued_again(session, office):
    """With new numbers for who has not registered and has no later slip."""
    registered, later, waiting = (unnumbered(session) for _each in range(3))
    texts = pages(slips.issue_numbers(session, office.person).pdf)
    [batch] = {issue.batch for issue in SlipIssue.objects.all()}
    factories.candidate(registered)
    slips.reissue(later, office.person, "Torn")
    before = dict(Entry.objects.values_list("pk", "secret_digest"))

    address = f"/admin/results/slipissue/file/{batch}/"
    assert address in office.get(f"/admin/results/slipissue/session/{session.pk}/").content.decode()
    assert "1 candidate gets another number" in office.get(address).content.decode()
    [text] = pages(downloaded(office.post(address, {"sure": "yes", "reason": "The download broke off"})))
    assert waiting.id_number in text
    after = dict(Entry.objects.values_list("pk", "secret_digest"))
    assert {pk for pk in after if after[pk] != before[pk]} == {waiting.pk}
    assert number_on(text) not in "".join(texts)
    again = SlipIssue.objects.first()
    assert (again.entry, again.reason, again.issued_by) == (waiting, "The download broke off", office.person)
    with pytest.raises(ValidationError, match="Nothing was issued"):
        slips.issue_again(batch, office.person, "Once more")


# --- Nothing is left behind ------------------------------------------------------------------------------


def test_the_numbers_are_in_no_table_no_log_and_no_cache(session, office, caplog):
    caplog.set_level(0)
    unnumbered(session)
    response = office.post(f"/admin/results/slipissue/session/{session.pk}/", {"sure": "yes"})
    [page] = pages(downloaded(response))
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Disposition"].startswith('attachment; filename="statini-B2F-2026-06-')
    number = number_on(page)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM \"{table}\" t")
            (rows,) = cursor.fetchone()
            for written in (number, number.replace(" ", "")):
                assert not re.search(rf"\b{written}\b", rows), table
    for written in (number, number.replace(" ", "")):
        assert written not in caplog.text


def test_nothing_is_written_to_disk(session, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    unnumbered(session)
    slips.issue_numbers(session, factories.officer())
    assert not list(tmp_path.iterdir())
    assert {path.name for path in printing.TEMPLATE.parent.iterdir()} == {"slip.typ"}


def test_who_issued_what_and_why_is_on_record_and_stays(session, office):
    entry = unnumbered(session)
    slips.issue_numbers(session, office.person)
    office.post(f"/admin/results/slipissue/entry/{entry.pk}/", {"sure": "yes", "reason": "Lost on a bus"})
    newest, first = entry.slip_issues.all()
    assert (newest.reason, first.reason) == ("Lost on a bus", "")
    assert newest.issued_by == first.issued_by == office.person
    assert newest.batch != first.batch
    page = office.get(f"/admin/results/entry/{entry.pk}/change/").content.decode()
    assert "Lost on a bus" in page
    assert AuditEntry.objects.filter(kind="printed").count() == 2
    assert AuditEntry.objects.filter(model="results.slipissue", entry_id=entry.pk).count() == 2
    for act in (
        lambda: entry.slip_issues.update(reason="x"),
        lambda: SlipIssue.objects.filter(pk=newest.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_an_entry_with_a_slip_is_not_deleted(session, office):
    entry = unnumbered(session)
    slips.issue_numbers(session, office.person)
    office.post(f"/admin/results/entry/{entry.pk}/delete/", {"post": "yes"})
    assert Entry.objects.filter(pk=entry.pk).exists()


# --- Who may ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [HELP_DESK, APPROVER])
def test_only_who_has_the_right_issues(session, staff_face, group):
    entry = unnumbered(session)
    person = factories.officer(group)
    staff_face.force_login(person)
    issue = SlipIssue.objects.create(entry=entry, issued_by=person, batch=uuid4())
    for address in (f"session/{session.pk}", f"entry/{entry.pk}", f"file/{issue.batch}"):
        for ask in (staff_face.get, staff_face.post):
            assert ask(f"/admin/results/slipissue/{address}/").status_code == 403
    page = staff_face.get(f"/admin/results/entry/{entry.pk}/change/").content.decode()
    assert "Issue a new slip" not in page
    for verb in (
        lambda: slips.issue_numbers(session, person),
        lambda: slips.reissue(entry, person, "x"),
        lambda: slips.issue_again(issue.batch, person, "x"),
    ):
        with pytest.raises(ValidationError, match="may not do this"):
            verb()
    entry.refresh_from_db()
    assert entry.secret_digest == ""


def test_issuing_needs_a_fresh_confirmation_of_identity(session):
    entry = unnumbered(session)
    browser = FaceClient("staff")
    browser.force_login(factories.officer(OFFICER))
    with browser.face_settings():
        stored = browser.session
        stored[CONFIRMED_AT] -= 3600
        stored.save()
    for address in (f"session/{session.pk}", f"entry/{entry.pk}"):
        response = browser.get(f"/admin/results/slipissue/{address}/")
        assert response.status_code == 302
        assert response.url.startswith("/sign-in/confirm/")
        sent = browser.post(f"/admin/results/slipissue/{address}/", {"sure": "yes", "reason": "x"})
        assert "Confirm that it is you" in sent.content.decode()
    entry.refresh_from_db()
    assert entry.secret_digest == ""


def test_the_session_page_leads_to_the_slips(session, office):
    page = office.get(f"/admin/results/examsession/{session.pk}/change/").content.decode()
    assert f"/admin/results/slipissue/session/{session.pk}/" in page


def test_the_page_says_before_what_will_be_issued(session, office):
    centre = factories.centre(name="Liceo Volta")
    unnumbered(session, preparation_centre=centre)
    unnumbered(session)
    page = office.get(f"/admin/results/slipissue/session/{session.pk}/").content.decode()
    for words in (
        "2 entries of this session have no Secret Number yet",
        "the whole session (2)",
        "Liceo Volta (1)",
        "The numbers are in this one file and nowhere else.",
        "If the download broke off",
    ):
        assert words in page, words
    pdf = downloaded(
        office.post(
            f"/admin/results/slipissue/session/{session.pk}/", {"sure": "yes", "centre": str(centre.pk)}
        )
    )
    assert len(pages(pdf)) == 1


# --- The queue of lost slips --------------------------------------------------------------------------------


def lost(**fields) -> LostSlip:
    fields = {"name": "Alice Bianchi", "date_of_birth": "2010-03-14", "exam": "B2 First"} | fields
    return LostSlip.objects.create(email="alice@example.org", **fields)


def test_a_request_suggests_the_entries_that_fit(session, office):
    fits = factories.entry(session, given_names="Łucja Maria", family_name="Nguyễn")
    factories.entry(session, given_names="Marco", family_name="Rossi")  # born on the same day
    elsewhere = factories.entry(
        session, given_names="Lucja", family_name="Nguyen", date_of_birth="2009-01-01"
    )
    request = lost(name="nguyen lucja")
    page = office.get(f"/admin/results/lostslip/{request.pk}/change/").content.decode()
    assert page.index(fits.id_number) < page.index(elsewhere.id_number)
    assert f"/admin/results/entry/{fits.pk}/change/" in page
    assert "another date of birth" in page
    assert "Rossi" not in page
    assert f"/admin/results/slipissue/entry/{fits.pk}/" in page


def test_a_request_that_nobody_fits_says_so(session, office):
    factories.entry(session, given_names="Marco", family_name="Rossi")
    request = lost(name="Zoë Kuvetto")
    page = office.get(f"/admin/results/lostslip/{request.pk}/change/").content.decode()
    assert "No entry fits" in page


@pytest.mark.parametrize(
    ("address", "state"), [("done", LostSlip.State.DONE), ("could-not", LostSlip.State.COULD_NOT)]
)
def test_a_request_is_answered_once_with_a_note(staff_face, address, state):
    person = factories.officer(HELP_DESK)
    staff_face.force_login(person)
    request, other = lost(), lost(name="Bob Verdi")
    page = f"/admin/results/lostslip/{request.pk}/{address}/"
    assert "This field is required" in staff_face.post(page, {"sure": "yes"}).content.decode()
    form = {"sure": "yes", "note": "Passport seen"}
    assert staff_face.post(page, form).url == "/admin/results/lostslip/"
    request.refresh_from_db()
    assert (request.state, request.note, request.answered_by) == (state, "Passport seen", person)
    assert request.answered_at is not None
    assert "Somebody has answered this meanwhile" in staff_face.post(page, form).content.decode()
    other.refresh_from_db()
    assert other.state == LostSlip.State.OPEN
    assert AuditEntry.objects.filter(model="results.lostslip", kind="update", user_id=str(person.pk)).exists()
    history = staff_face.get(f"/admin/results/lostslip/{request.pk}/history/").content.decode()
    assert "Passport seen" in history


def test_the_longest_waiting_request_comes_first_and_answered_ones_last(office):
    answered, old, new = lost(name="Anna Uno"), lost(name="Bruno Due"), lost(name="Carla Tre")
    office.post(f"/admin/results/lostslip/{answered.pk}/done/", {"sure": "yes", "note": "At school"})
    LostSlip.objects.filter(pk=old.pk).update(asked_at=factories.database_now() - timedelta(days=2))
    office.get("/admin/results/lostslip/")  # with the message about the answer
    page = office.get("/admin/results/lostslip/").content.decode()
    assert page.index(old.name) < page.index(new.name) < page.index(answered.name)


def test_the_database_refuses_half_an_answer():
    request = lost()
    for half in ({"state": "done"}, {"note": "x"}, {"state": "sent", "note": "x"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            LostSlip.objects.filter(pk=request.pk).update(**half)
    with pytest.raises(DatabaseError), transaction.atomic():
        lost(name="")


def test_an_approver_sees_no_queue(staff_face):
    staff_face.force_login(factories.officer(APPROVER))
    assert staff_face.get("/admin/results/lostslip/").status_code == 403
    assert staff_face.post(f"/admin/results/lostslip/{lost().pk}/done/").status_code == 403
