"""Stopping and lifting on the exams office’s pages, and what asks first who is at the keyboard."""

import pytest
from django.contrib.admin.models import LogEntry

from accounts.confirming import CONFIRMED_AT
from results import stopping
from results.models import Approval, Entry, Release, Statement, Stop
from tests import factories
from tests.office import DAY, STOP, full_session, page_of, shown


def test_a_stop_asks_for_a_reason_and_a_notice_and_lifting_undoes_it(staff_face, officer):
    session = full_session()
    entry = Entry.objects.get()
    address = f"/admin/results/stop/session/{session.release.pk}/"
    asking = page_of(staff_face.get(address))
    assert str(stopping.usual_notice().it) in asking.replace("&#x27;", "'")
    page = page_of(staff_face.post(address, STOP | {"sure": "yes", "reason": "", "notice_it": ""}))
    assert page.count("This field is required") == 2
    assert "We are checking." in page
    assert shown(entry)

    page = page_of(staff_face.post(address, STOP | {"sure": "yes"}, follow=True))

    assert "Stopped: Wrong file" in page
    stop = Stop.objects.get()
    assert (stop.notice_it, stop.notice_en) == (STOP["notice_it"], STOP["notice_en"])
    lift = f"/admin/results/stop/{stop.pk}/lift/"
    assert lift in page
    assert not shown(entry)
    assert "This is stopped already." in page_of(staff_face.post(address, STOP | {"sure": "yes"}))

    page_of(staff_face.get(lift))
    assert not shown(entry)
    page_of(staff_face.post(lift, {"sure": "yes"}, follow=True))
    assert shown(entry)
    assert staff_face.get(lift).status_code == 404
    assert [log.get_change_message() for log in LogEntry.objects.order_by("pk")] == [
        "Stopped: Wrong file",
        "The stop is lifted.",
    ]
    page = page_of(staff_face.get("/admin/results/stop/"))
    assert "Wrong file" in page
    assert STOP["notice_it"] in page_of(staff_face.get(f"/admin/results/stop/{stop.pk}/change/"))


def test_one_centre_of_a_session_is_stopped(staff_face, officer):
    session = full_session()
    entry = Entry.objects.get()
    other = factories.entry(session, preparation_centre=factories.centre())
    factories.candidate(other)
    factories.statement(other)
    outside = factories.centre()
    address = f"/admin/results/stop/centre/{session.release.pk}/"
    page = page_of(staff_face.get(address))
    assert str(entry.preparation_centre) in page
    assert str(outside) not in page
    refused = staff_face.post(address, STOP | {"sure": "yes", "centre": outside.pk})
    assert "Select a valid choice" in page_of(refused)
    centre = entry.preparation_centre_id
    page_of(staff_face.post(address, STOP | {"sure": "yes", "centre": centre}, follow=True))
    assert (shown(entry), shown(other)) == (False, True)


def confirmed_long_ago(staff_face) -> None:
    with staff_face.face_settings():
        session = staff_face.session
        session[CONFIRMED_AT] = 0
        session.save()


@pytest.mark.parametrize(
    "act",
    [
        "release/{release}/approve",
        "release/{release}/withdraw",
        "stop/session/{release}",
        "stop/centre/{release}",
        "stop/{stop}/lift",
        "entry/{entry}/stop",
        "entry/{entry}/lift",
        "entry/{entry}/correct",
    ],
)
def test_what_reaches_candidates_asks_first_who_is_at_the_keyboard(staff_face, officer, act):
    session = full_session(opens_in=DAY, approved=False)
    factories.approve_by_two(session.release)
    entry = session.entries.get()
    stop = stopping.stop_centre(session, entry.preparation_centre, officer, "Wrong file")
    if "entry/{entry}/lift" in act:
        stop = stopping.stop_candidates(Entry.objects.all(), officer, "Identity")[0]
    pks = {"release": session.release.pk, "stop": stop.pk, "entry": entry.pk}
    address = f"/admin/results/{act.format(**pks)}/"
    confirmed_long_ago(staff_face)

    asked = staff_face.get(address)
    assert asked.status_code == 302
    assert asked.url.startswith("/sign-in/confirm/")
    before = snapshot()
    page = page_of(staff_face.post(address, STOP | {"sure": "yes", "through": "1", "status": "X"}))
    assert "Confirm that it is you" in page
    assert snapshot() == before


def test_an_action_of_the_list_asks_first_who_is_at_the_keyboard(staff_face, officer):
    full_session()
    confirmed_long_ago(staff_face)
    ticked = {"action": "stop", "_selected_action": [Entry.objects.get().pk]}
    page = page_of(staff_face.post("/admin/results/entry/", ticked | STOP | {"sure": "yes"}))
    assert "Confirm that it is you" in page
    assert not Stop.objects.exists()


def snapshot() -> list:
    return [list(model.objects.order_by("pk").values()) for model in (Approval, Release, Stop, Statement)]


def test_entries_ticked_in_the_list_are_stopped_after_a_reason(staff_face, officer):
    full_session()
    full_session()
    stopped, other = Entry.objects.order_by("pk")
    ticked = {"action": "stop", "_selected_action": [stopped.pk]}

    page = page_of(staff_face.post("/admin/results/entry/", ticked))
    assert stopped.id_number in page
    assert other.id_number not in page
    assert shown(stopped)

    page = page_of(staff_face.post("/admin/results/entry/", ticked | STOP | {"sure": "yes"}, follow=True))

    assert "1 result is stopped." in page
    assert (shown(stopped), shown(other)) == (False, True)
    stop = Stop.objects.get()
    assert (stop.entry, stop.reason, stop.started_by) == (stopped, "Wrong file", officer)
    assert LogEntry.objects.get().object_id == str(stopped.pk)

    ticked["action"] = "lift"
    assert "Lift the stop?" in page_of(staff_face.post("/admin/results/entry/", ticked))
    assert not shown(stopped)
    page_of(staff_face.post("/admin/results/entry/", ticked | {"sure": "yes"}, follow=True))
    assert shown(stopped)


def test_all_entries_of_a_filter_are_stopped_together(staff_face, officer):
    session = full_session()
    for _more in range(2):
        factories.entry(session)
    outside = factories.entry(factories.session())
    ticked = {"action": "stop", "select_across": "1", "_selected_action": [session.entries.first().pk]}
    address = f"/admin/results/entry/?session__id__exact={session.pk}"
    page = page_of(staff_face.post(address, ticked))
    assert outside.id_number not in page
    assert 'name="select_across" value="1"' in page
    page_of(staff_face.post(address, ticked | STOP | {"sure": "yes"}, follow=True))
    assert set(Stop.objects.values_list("entry__session", flat=True)) == {session.pk}
    assert Stop.objects.count() == 3


def test_one_entry_is_stopped_from_its_own_page(staff_face, officer):
    full_session()
    entry = Entry.objects.get()
    address = f"/admin/results/entry/{entry.pk}"
    assert f"{address}/stop/" in page_of(staff_face.get(f"{address}/change/"))
    page_of(staff_face.get(f"{address}/stop/"))
    assert shown(entry)
    page = page_of(staff_face.post(f"{address}/stop/", STOP | {"sure": "yes"}, follow=True))
    assert "Yes: Wrong file" in page
    assert not shown(entry)
    page_of(staff_face.post(f"{address}/lift/", {"sure": "yes"}, follow=True))
    assert shown(entry)
