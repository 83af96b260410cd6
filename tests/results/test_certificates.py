"""Certificates: they arrive, somebody signs, a mistake is undone; by form and by file."""

from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from results import certificates
from results.importing import FaultyFile, import_certificates
from results.models import Certificate, Entry
from results_portal.office import APPROVER, AUDITOR, HELP_DESK, OFFICER
from tests import factories
from tests.conftest import database_role
from tests.results.loading import write

LIST = "/admin/results/certificateentry/"
DAY = date(2026, 7, 20)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def session(db):
    return factories.session("B2F", code="B2F-2026-06")


@pytest.fixture
def entry(session) -> Entry:
    return factories.entry(session, id_number="SIR000001", family_name="Dalò", given_names="Alice")


@pytest.fixture
def helper(db) -> User:
    return factories.officer(HELP_DESK)


def stored(entry: Entry) -> tuple:
    certificate = Certificate.objects.get(entry=entry)
    return (
        certificate.state,
        certificate.arrived_on,
        certificate.collected_on,
        certificate.collected_by,
    )


# --- The table --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        {"state": "lost"},
        {"state": "at_centre"},
        {"state": "expected", "arrived_on": DAY},
        {"state": "at_centre", "arrived_on": DAY, "collected_on": NEXT},
        {"state": "collected", "arrived_on": DAY, "collected_on": NEXT},
        {"state": "collected", "arrived_on": DAY, "collected_by": "Paola"},
        {"state": "collected", "arrived_on": NEXT, "collected_on": DAY, "collected_by": "Paola"},
    ],
)
def test_the_database_refuses_a_state_that_is_not_whole(entry, row):
    with pytest.raises(IntegrityError), transaction.atomic():
        Certificate.objects.create(entry=entry, **row)


def test_an_entry_has_one_certificate(entry):
    Certificate.objects.create(entry=entry)
    with pytest.raises(IntegrityError), transaction.atomic():
        Certificate.objects.create(entry=entry)


def test_nobody_deletes_a_certificate(entry):
    Certificate.objects.create(entry=entry)
    with database_role("portal_staff"), pytest.raises(ProgrammingError), transaction.atomic():
        Certificate.objects.all().delete()


# --- The verbs --------------------------------------------------------------------------------------


def test_certificates_arrive_together_and_those_that_had_stay(session, entry, helper):
    others = [factories.entry(session) for _other in range(3)]
    collected = others[0]
    certificates.collect(collected, "Paola", DAY, helper)
    with database_role("portal_staff"):
        assert certificates.arrive(Entry.objects.filter(session=session), DAY, helper) == 3
        assert certificates.arrive(Entry.objects.filter(session=session), NEXT, helper) == 0
    assert stored(entry) == ("at_centre", DAY, None, "")
    assert stored(collected) == ("collected", None, DAY, "Paola")
    event = Certificate.pgh_event_model.objects.filter(entry=entry).get()
    assert event.pgh_context["user"] == helper.pk


def test_a_certificate_is_collected_once_by_a_person_with_a_name(entry, helper):
    certificates.arrive(Entry.objects.filter(pk=entry.pk), DAY, helper)
    with database_role("portal_staff"):
        certificates.collect(entry, "  Paola   Dalò ", NEXT, helper, note="authority seen")
    assert stored(entry) == ("collected", DAY, NEXT, "Paola Dalò")
    with pytest.raises(ValidationError, match="collected already, on 21 July 2026 by Paola Dalò"):
        certificates.collect(entry, "Somebody else", NEXT, helper)
    assert stored(entry)[3] == "Paola Dalò"


def test_what_nobody_noted_as_arrived_can_be_collected(entry, helper):
    certificates.collect(entry, "Alice Dalò", DAY, helper)
    assert stored(entry) == ("collected", None, DAY, "Alice Dalò")


@pytest.mark.parametrize(
    ("who", "on", "field"),
    [
        ("", DAY, "who"),
        ("x" * 121, DAY, "who"),
        ("Paola", DAY - timedelta(days=1), "on"),
        ("Paola", date(2999, 1, 1), "on"),
    ],
)
def test_a_collection_that_cannot_be_is_refused_by_field(entry, helper, who, on, field):
    certificates.arrive(Entry.objects.filter(pk=entry.pk), DAY, helper)
    with pytest.raises(ValidationError) as refused:
        certificates.collect(entry, who, on, helper)
    assert list(refused.value.message_dict) == [field]
    assert stored(entry) == ("at_centre", DAY, None, "")


def test_nothing_arrives_on_a_day_to_come(entry, helper):
    tomorrow = timezone.localdate() + timedelta(days=1)
    with pytest.raises(ValidationError):
        certificates.arrive(Entry.objects.filter(pk=entry.pk), tomorrow, helper)
    assert not Certificate.objects.exists()


def test_each_step_is_undone(entry, helper):
    certificates.arrive(Entry.objects.filter(pk=entry.pk), DAY, helper)
    certificates.collect(entry, "Paola", NEXT, helper)
    with database_role("portal_staff"):
        certificates.undo(entry, helper)
        assert stored(entry) == ("at_centre", DAY, None, "")
        certificates.undo(entry, helper)
        assert stored(entry) == ("expected", None, None, "")
        with pytest.raises(ValidationError, match="nothing to undo"):
            certificates.undo(entry, helper)


def test_a_collection_without_arrival_is_undone_to_expected(entry, helper):
    certificates.collect(entry, "Paola", DAY, helper)
    certificates.undo(entry, helper)
    assert stored(entry) == ("expected", None, None, "")


def test_nobody_hands_out_without_the_right(entry):
    one = Entry.objects.filter(pk=entry.pk)
    for by in (factories.officer(AUDITOR), factories.officer(APPROVER), factories.candidate()):
        for verb in (
            lambda by: certificates.arrive(one, DAY, by),
            lambda by: certificates.collect(entry, "Paola", DAY, by),
            lambda by: certificates.undo(entry, by),
        ):
            with pytest.raises(ValidationError, match="may not do this"):
                verb(by)
    assert not Certificate.objects.exists()


# --- The pages --------------------------------------------------------------------------------------


@pytest.fixture
def desk(staff_face, helper):
    staff_face.force_login(helper)
    return staff_face


def page_of(response) -> str:
    assert response.status_code == 200, response
    return response.content.decode()


def act(face, action: str, *entries: Entry, **form):
    ticked = {"action": action, "_selected_action": [entry.pk for entry in entries]}
    return face.post(LIST, ticked | form, follow=True)


def test_the_list_shows_every_entry_with_its_state(desk, session, entry, helper):
    other = factories.entry(session, family_name="Zeta")
    certificates.collect(other, "Paola Rossi", DAY, helper)
    page = page_of(desk.get(LIST))
    for words in ("SIR000001", "expected", "collected", "20 Jul 2026", "Paola Rossi"):
        assert words in page
    for query, there, absent in (
        ({"certificate_state": "expected"}, entry, other),
        ({"certificate_state": "collected"}, other, entry),
        ({"q": "sir 000 001"}, entry, other),
        ({"session__id__exact": session.pk, "certificate_state": "collected"}, other, entry),
    ):
        page = page_of(desk.get(LIST, query))
        assert there.id_number in page, query
        assert absent.id_number not in page, query


def test_the_list_is_narrowed_to_a_preparation_centre(desk, session, entry):
    centre = factories.centre()
    own = factories.entry(session, preparation_centre=centre)
    page = page_of(desk.get(LIST, {"preparation_centre__id__exact": centre.pk}))
    assert own.id_number in page
    assert entry.id_number not in page


def test_the_list_asks_the_database_as_often_for_three_rows_as_for_one(desk, session, entry, helper):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(desk.get(LIST))
        return len(captured)

    certificates.collect(entry, "Paola", DAY, helper)
    queries()
    with_one = queries()
    for _more in range(2):
        other = factories.entry(session, preparation_centre=factories.centre())
        certificates.collect(other, "Paola", DAY, helper)
    assert queries() == with_one


def test_certificates_are_marked_as_arrived_from_the_list(desk, session, entry, helper):
    other = factories.entry(session)
    asked = page_of(act(desk, "arrive", entry, other))
    assert "Have these certificates arrived?" in asked
    assert not Certificate.objects.exists()
    page = page_of(act(desk, "arrive", entry, other, sure="yes", on="2026-07-20"))
    assert "2 certificates have arrived." in page
    assert stored(entry) == stored(other) == ("at_centre", DAY, None, "")
    assert LogEntry.objects.filter(user=helper).count() == 2


def test_a_certificate_is_handed_out_from_the_list(desk, entry, helper):
    page = page_of(act(desk, "collect", entry, sure="yes", on="2026-07-20", who="Paola Dalò"))
    assert "1 certificate is collected." in page
    assert stored(entry) == ("collected", None, DAY, "Paola Dalò")
    shown = page_of(desk.get(f"{LIST}{entry.pk}/change/"))
    assert "Paola Dalò" in shown
    history = page_of(desk.get(f"{LIST}{entry.pk}/history/"))
    assert helper.username in history
    assert "Paola Dalò" in history
    page_of(act(desk, "undo", entry, sure="yes"))
    assert stored(entry) == ("expected", None, None, "")


def test_of_several_all_are_collected_or_none(desk, session, entry, helper):
    collected = factories.entry(session, family_name="Zeta")
    certificates.collect(collected, "Paola", DAY, helper)
    page = page_of(act(desk, "collect", entry, collected, sure="yes", on="2026-07-20", who="A teacher"))
    assert "collected already" in page
    assert 'value="A teacher"' in page
    assert Certificate.objects.get().collected_by == "Paola"


@pytest.mark.parametrize(
    "form",
    [
        {"who": "", "on": "2026-07-20"},
        {"who": "Paola", "on": ""},
        {"who": "Paola", "on": "20 July"},
        {"who": "Paola", "on": "2999-01-01"},
        {"who": "\0", "on": "2026-07-20"},
        {"who": "x" * 500, "on": "0000-00-00"},
    ],
)
def test_a_refused_form_says_why_and_stores_nothing(desk, entry, form):
    page = page_of(act(desk, "collect", entry, sure="yes", **form))
    assert 'class="errorlist"' in page
    assert not Certificate.objects.exists()


def test_the_page_of_what_is_not_there_is_not_found(desk):
    assert desk.get(f"{LIST}999999/change/").status_code == 302
    assert desk.get(f"{LIST}x/history/").status_code == 302


@pytest.mark.parametrize("group", [APPROVER, AUDITOR])
def test_who_has_no_right_to_certificates_sees_none(staff_face, entry, group):
    staff_face.force_login(factories.officer(group))
    assert staff_face.get(LIST).status_code == 403
    assert staff_face.get(f"{LIST}{entry.pk}/change/").status_code == 403
    response = staff_face.post(LIST, {"action": "arrive", "_selected_action": entry.pk, "sure": "yes"})
    assert response.status_code == 403
    assert not Certificate.objects.exists()


def test_an_officer_hands_out_too(staff_face, entry):
    staff_face.force_login(factories.officer(OFFICER))
    page_of(act(staff_face, "arrive", entry, sure="yes", on="2026-07-20"))
    assert stored(entry) == ("at_centre", DAY, None, "")


def test_an_entry_with_a_certificate_is_not_deleted(staff_face, entry, helper):
    certificates.arrive(Entry.objects.filter(pk=entry.pk), DAY, helper)
    staff_face.force_login(factories.officer(OFFICER))
    staff_face.post(f"/admin/results/entry/{entry.pk}/delete/", {"post": "yes"})
    assert Entry.objects.filter(pk=entry.pk).exists()


# --- By file ----------------------------------------------------------------------------------------


def row(n: int = 1, state: str = "at_centre", **cells) -> dict:
    arrived = {"at_centre": "2026-07-20"}.get(state, "")
    return {
        "id_number": f"SIR{n:06d}",
        "state": state,
        "arrived_on": arrived,
        "collected_on": "",
        "collected_by": "",
    } | cells


COLLECTED = {"collected_on": "2026-07-21", "collected_by": "Paola Dalò"}


def load(session, path: Path, **options):
    with database_role("portal_staff"):
        return import_certificates(session, path, **options)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_file_says_where_certificates_are(session, entry, tmp_path, ending):
    second, third = (factories.entry(session, id_number=f"SIR00000{n}") for n in (2, 3))
    rows = [row(1), row(2, "Collected", **COLLECTED), row(3, "expected")]
    path = write(tmp_path / f"certificates.{ending}", rows)
    report = load(session, path)
    assert (report.added, report.changed, report.unchanged) == (2, 0, 1)
    assert stored(entry) == ("at_centre", DAY, None, "")
    assert stored(second) == ("collected", None, NEXT, "Paola Dalò")
    assert not Certificate.objects.filter(entry=third).exists()
    again = load(session, path)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 3)


def test_a_later_file_brings_certificates_forward_and_keeps_the_day_of_arrival(session, entry, tmp_path):
    load(session, write(tmp_path / "first.csv", [row(1)]))
    report = load(session, write(tmp_path / "second.csv", [row(1, "collected", **COLLECTED)]))
    assert (report.added, report.changed) == (0, 1)
    assert stored(entry) == ("collected", DAY, NEXT, "Paola Dalò")


def test_a_dry_run_stores_nothing(session, entry, tmp_path):
    assert load(session, write(tmp_path / "c.csv", [row(1)]), dry_run=True).added == 1
    assert not Certificate.objects.exists()


@pytest.mark.parametrize(
    ("faulty", "words"),
    [
        (row(9), "no candidate is entered with this ID Number"),
        (row(1, "lost"), "not a state of a certificate"),
        (row(1, "at_centre", arrived_on=""), "the cell is empty"),
        (row(1, "at_centre", arrived_on="20/07/2026"), "not a date in this form"),
        (row(1, "at_centre", arrived_on="2026-02-30"), "not a date in this form"),
        (row(1, "at_centre", arrived_on="2999-01-01"), "this day has not come yet"),
        (row(1, "at_centre", collected_by="Paola"), "with state at_centre this cell is empty"),
        (row(1, "expected", arrived_on="2026-07-20"), "with state expected this cell is empty"),
        (row(1, "collected", collected_on="2026-07-21"), "column collected_by: the cell is empty"),
        (row(1, "collected", collected_by="Paola"), "column collected_on: the cell is empty"),
        (row(1, "collected", **COLLECTED, arrived_on="2026-07-22"), "before the certificate arrived"),
        (row(1, "collected", **COLLECTED | {"collected_by": "12345"}), "not a name"),
    ],
)
def test_one_fault_refuses_the_whole_file(session, entry, tmp_path, faulty, words):
    factories.entry(session, id_number="SIR000002")
    with pytest.raises(FaultyFile) as refused:
        load(session, write(tmp_path / "c.csv", [row(2), faulty]))
    assert words in str(refused.value)
    assert "ow 3" in str(refused.value)
    assert not Certificate.objects.exists()


def test_the_same_candidate_twice_and_another_sessions_are_faults(session, entry, tmp_path):
    other = factories.entry(factories.session("C1A", code="C1A-2026-06"))
    rows = [row(1), row(1), row() | {"id_number": other.id_number}]
    with pytest.raises(FaultyFile) as refused:
        load(session, write(tmp_path / "c.csv", rows))
    assert "the same ID Number stands in row 2" in str(refused.value)
    assert "this candidate is entered for session C1A-2026-06" in str(refused.value)


@pytest.mark.parametrize(
    "older", [row(1), row(1, "expected"), row(1, "collected", **COLLECTED | {"collected_by": "Bob"})]
)
def test_an_older_list_takes_nothing_back(session, entry, helper, tmp_path, older):
    certificates.collect(entry, "Paola Dalò", NEXT, helper)
    with pytest.raises(FaultyFile, match="collected already, on 21 July 2026 by Paola Dalò"):
        load(session, write(tmp_path / "c.csv", [older]))
    assert stored(entry) == ("collected", None, NEXT, "Paola Dalò")


def test_what_has_arrived_is_not_expected_again_by_a_file(session, entry, helper, tmp_path):
    certificates.arrive(Entry.objects.filter(pk=entry.pk), DAY, helper)
    with pytest.raises(FaultyFile, match="arrived already"):
        load(session, write(tmp_path / "c.csv", [row(1, "expected")]))


def test_the_command_prints_what_it_did(session, entry, tmp_path):
    out = StringIO()
    path = write(tmp_path / "c.csv", [row(1)])
    with database_role("portal_staff"):
        call_command("import_certificates", session.code, str(path), stdout=out, no_color=True)
    assert out.getvalue() == "Stored: 1 added, 0 changed, 0 unchanged.\n"
    with pytest.raises(CommandError, match="no session"):
        call_command("import_certificates", "X", str(path))
