"""The control room, the session list and the front page, for a person of the exams office."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from results import releasing, stopping
from results.models import Entry, LostSlip, Mail
from results_portal.models import AuditEntry, AuditNote
from results_portal.office import APPROVER, HELP_DESK, OFFICER
from tests import factories

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def officer(staff_face):
    """Somebody who prepares, signed in."""
    person = factories.officer(OFFICER)
    staff_face.force_login(person)
    return person


def room_of(session) -> str:
    return f"/admin/results/examsession/{session.pk}/control-room/"


def text_of(response) -> str:
    """What a reader of the page reads."""
    assert response.status_code == 200, response
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def waiting_session(entries: int = 1, **fields):
    """A session that opens in ten days, with statements that nobody has approved."""
    session = factories.session(opens_in=10 * DAY + HOUR, approved=False, **fields)
    centre = factories.centre()
    for _number in range(entries):
        factories.statement(factories.entry(session, preparation_centre=centre))
    return session


# --- Where it stands ----------------------------------------------------------------------------------


def test_the_page_says_in_words_and_a_sign_where_a_session_stands(staff_face, officer):
    session = waiting_session()
    page = text_of(staff_face.get(room_of(session)))
    assert "○ Draft: not approved" in page
    assert "Candidates and preparation centres:" in page
    assert "in 1 week, 3 days" in page
    releasing.approve(session.release, factories.officer(APPROVER))
    page = text_of(staff_face.get(room_of(session)))
    assert "◐ Approved by one person" in page
    assert "It needs another person’s approval." in page
    releasing.approve(session.release, factories.officer(APPROVER))
    assert "✓ Approved, opens" in text_of(staff_face.get(room_of(session)))


def test_both_audiences_are_named_where_their_times_are_apart(staff_face, officer):
    session = waiting_session()
    release = session.release
    releasing.move(release, release.opens_at, release.opens_at - DAY, officer)
    page = text_of(staff_face.get(room_of(session)))
    assert re.search(r"Candidates: .* in 1 week, 3 days", page)
    assert re.search(r"Preparation centres: .* in 1 week, 2 days", page)


def test_what_voided_an_approval_is_said(staff_face, officer):
    session = waiting_session()
    approver = factories.officer(APPROVER)
    releasing.approve(session.release, approver)
    factories.statement(factories.entry(session))
    page = text_of(staff_face.get(room_of(session)))
    assert "Approvals that do not count any more" in page
    assert re.search(rf"{approver}, given .*: results were loaded or corrected after it", page)


def test_active_stops_are_listed_with_their_reason_and_a_way_to_lift_them(staff_face, officer):
    session = waiting_session()
    stop = stopping.stop_session(session, officer, "Wrong file")
    response = staff_face.get(room_of(session))
    assert "■ Stopped: nobody sees these results" in text_of(response)
    assert "The whole session Wrong file" in text_of(response)
    assert f"/admin/results/stop/{stop.pk}/lift/" in response.content.decode()


def test_a_session_without_opening_time_has_a_control_room(staff_face, officer):
    session = waiting_session()
    session.release.delete()
    page = text_of(staff_face.get(room_of(session)))
    assert "No opening time yet" in page


# --- Figures ------------------------------------------------------------------------------------------


def test_results_stand_beside_those_of_the_last_sessions_as_picture_and_table(staff_face, officer):
    before = waiting_session(4, code="B2F-BEFORE", title="March 2026")
    session = waiting_session(2)
    factories.statement(factories.entry(session), status="pending")
    page = staff_face.get(room_of(session)).content.decode()
    assert "<svg" in page
    assert "style=" not in page.partition('class="control-room"')[2]
    table = text_of(staff_face.get(room_of(session)))
    assert f"June 2026 ({session.code}) {before.title} ({before.code})" in table
    assert "Grade B 2 (100.0 %) 4 (100.0 %)" in table
    assert "X, Z, Pending, Withheld 1 0" in table


def test_shields_are_drawn_skill_by_skill(staff_face, officer):
    session = waiting_session(3, exam="YLS")
    table = text_of(staff_face.get(room_of(session)))
    assert table.count("4 shields 3 (100.0 %)") == 3


def test_registrations_are_counted_day_by_day(staff_face, officer):
    session = waiting_session(3)
    for entry, days_ago in zip(session.entries.order_by("pk"), (2, 2), strict=False):
        user = factories.candidate(entry)  # one who has an account from an exam of last year
        now = factories.database_now()
        type(user).objects.filter(pk=user.pk).update(created_at=now - 365 * DAY)
        Entry.objects.filter(pk=entry.pk).update(registered_at=now - days_ago * DAY)
    page = text_of(staff_face.get(room_of(session)))
    assert "2 of 3" in page
    assert "1 has not registered" in page
    assert re.search(r"Day New In all \d+ \w+ \d{4} 2 2", page)


def test_a_person_without_the_right_sees_no_figures_of_results_and_no_names(staff_face):
    staff_face.force_login(factories.officer(HELP_DESK))
    session = waiting_session()
    page = text_of(staff_face.get(room_of(session)))
    assert "Draft: not approved" in page
    assert "Grade B" not in page
    assert "Bianchi" not in page


@pytest.mark.parametrize("exam", ["B2F", "YLS"])
def test_thirty_entries_cost_as_many_queries_as_one(staff_face, exam):
    staff_face.force_login(factories.officer())

    def queries(session) -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(staff_face.get(room_of(session)))
        return len(captured)

    one = waiting_session(1, exam=exam)
    queries(one)  # content types and the like are remembered from here on
    with_one = queries(one)
    with_thirty = queries(waiting_session(30, exam="C1A" if exam == "B2F" else "YLM"))
    assert with_thirty <= with_one + 6  # more candidates are sampled for their mails, at most
    assert with_thirty < 60


# --- Who has not registered ---------------------------------------------------------------------------


def test_the_export_names_those_who_have_not_registered_and_no_cell_is_a_formula(staff_face, officer):
    session = waiting_session()
    factories.candidate(factories.entry(session, family_name="Registrata"))
    centre = factories.centre(name="=HYPERLINK(1)")
    factories.entry(session, family_name="+39", preparation_centre=centre, email="luca@example.org")
    response = staff_face.get(f"/admin/results/examsession/{session.pk}/not-registered/")
    text = b"".join(response).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == [
        "Surname",
        "Given names",
        "Preparation centre",
        "Candidate number",
        "ID Number",
        "Email address",
    ]
    assert {row[0] for row in rows[1:]} == {"Bianchi", "'+39"}
    special = next(row for row in rows if row[0] == "'+39")
    assert (special[2], special[5]) == ("'=HYPERLINK(1)", "luca@example.org")
    assert "Registrata" not in text


def test_the_export_is_recorded(staff_face, officer):
    session = waiting_session()
    b"".join(staff_face.get(f"/admin/results/examsession/{session.pk}/not-registered/"))
    act = AuditEntry.objects.get(kind=AuditNote.Kind.EXPORTED)
    assert (act.model, act.object_id) == ("results.examsession", session.pk)
    assert act.user_id == str(officer.pk)


def test_reminders_are_asked_about_first_and_sent_once(staff_face, officer):
    session = waiting_session()
    factories.entry(session, email="luca@example.org")
    address = f"/admin/results/examsession/{session.pk}/remind/"
    assert "Remind those of" in text_of(staff_face.get(address))
    assert not Mail.objects.exists()
    page = text_of(staff_face.post(address, {"sure": "yes"}, follow=True))
    assert "mails to 1 candidates" in page
    assert Mail.objects.filter(kind=Mail.Kind.REMINDER, address="luca@example.org").count() == 1
    assert "within the last 24 hours" in text_of(staff_face.post(address, {"sure": "yes"}))


def test_only_who_may_sends_reminders(staff_face):
    staff_face.force_login(factories.officer(APPROVER))
    address = f"/admin/results/examsession/{waiting_session().pk}/remind/"
    assert staff_face.get(address).status_code == 403
    assert staff_face.post(address, {"sure": "yes"}).status_code == 403


# --- Mails --------------------------------------------------------------------------------------------


def test_a_mail_is_shown_as_it_will_be_sent_and_no_script_runs_in_it(staff_face, officer):
    session = waiting_session()
    entry = session.entries.get()
    query = {"kind": "results", "language": "it", "id_number": entry.id_number}
    page = text_of(staff_face.get(f"/admin/results/examsession/{session.pk}/mails/", query))
    assert "Alice" in page
    html = staff_face.get(f"/admin/results/examsession/{session.pk}/mails/html/", query)
    assert "Alice" in html.content.decode()
    policy = html.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


def test_a_mail_to_nobody_is_asked_for_again(staff_face, officer):
    session = waiting_session()
    address = f"/admin/results/examsession/{session.pk}/mails/"
    page = text_of(staff_face.get(address, {"id_number": "SIR000000", "kind": "nonsense"}))
    assert "No candidate of this session has this ID Number." in page
    assert staff_face.get(f"{address}html/", {"id_number": "SIR000000"}).status_code == 404


# --- The list and the front page ----------------------------------------------------------------------


def test_the_session_list_leads_to_the_control_room_and_says_who_is_missing(staff_face, officer):
    session = waiting_session(3)
    factories.candidate(session.entries.first())
    response = staff_face.get("/admin/results/examsession/")
    assert room_of(session) in response.content.decode()
    page = text_of(response)
    assert "○ draft: not approved" in page
    assert "1 of 3 · 2 not registered" in page


def test_the_front_page_says_what_opens_next_and_what_waits_for_this_person(staff_face):
    person = factories.officer(APPROVER)
    staff_face.force_login(person)
    session = waiting_session()
    page = text_of(staff_face.get("/admin/"))
    assert "in 10 days" in page
    assert f"{session} waits for your approval" in page
    releasing.approve(session.release, person)
    page = text_of(staff_face.get("/admin/"))
    assert "waits for your approval" not in page
    assert "◐ approved by one person of two" in page


def test_the_front_page_of_who_may_see_no_session_names_none(staff_face):
    session = waiting_session()
    staff_face.force_login(factories.staff())
    assert session.code not in text_of(staff_face.get("/admin/"))


def test_the_front_page_counts_what_waits_in_queues(staff_face, officer):
    LostSlip.objects.create(
        name="Alice Bianchi", date_of_birth="2010-03-14", exam="B2 First", email="alice@example.org"
    )
    response = staff_face.get("/admin/")
    assert "1 candidate asks for a lost slip" in text_of(response)
    assert "/admin/results/lostslip/?state__exact=open" in response.content.decode()
