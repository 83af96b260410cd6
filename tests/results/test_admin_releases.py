"""Releases on the exams office’s pages: made, approved by two people, moved; and pages that grew old."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry

from results import releasing, stopping
from results.models import Approval, Entry, ExamSession, Release, Statement
from results.times import in_words
from results_portal import office
from results_portal.lists import short
from tests import factories
from tests.office import DAY, full_session, page_of, release_form, save, shown, shown_on


def test_a_session_is_made_with_its_opening_time_and_waits_for_approval(staff_face, officer):
    form = {
        "code": "B2F-2026-06",
        "exam": "B2F",
        "title": "June 2026",
        "letter": "F",
        "exam_date": "2026-06-13",
        "place": "Roma",
        "release-TOTAL_FORMS": "1",
        "release-INITIAL_FORMS": "0",
        "release-MIN_NUM_FORMS": "1",
        "release-MAX_NUM_FORMS": "1",
        "release-0-opens_at_0": "2026-07-10",
        "release-0-opens_at_1": "10:00",
        "release-0-centres_open_at_0": "",
        "release-0-centres_open_at_1": "",
    }
    without_time = form | {"release-0-opens_at_0": "", "release-0-opens_at_1": ""}
    assert "This field is required" in page_of(
        staff_face.post("/admin/results/examsession/add/", without_time)
    )
    assert not ExamSession.objects.exists()
    page_of(staff_face.get("/admin/results/examsession/add/"))

    assert staff_face.post("/admin/results/examsession/add/", form).status_code == 302

    release = Release.objects.get()
    assert release.opens_at.isoformat() == "2026-07-10T08:00:00+00:00"
    assert release.approved_through is None
    room = f"/admin/results/examsession/{release.session_id}/control-room/"
    assert "Next: load the entries, then the results." in page_of(staff_face.get(room))


def sent_from(session) -> dict[str, str]:
    """What the page that asks for an approval sends with its button."""
    release = Release.objects.get(session=session)
    through = releasing.coverage(release).through
    return {"sure": "yes", "through": str(through), "times": releasing.times_of(release)}


def test_approving_shows_first_what_will_be_approved_and_takes_two_people(staff_face, officer):
    session = full_session(approved=False)
    entry = Entry.objects.get()
    factories.entry(session)
    address = f"/admin/results/release/{session.release.pk}/approve/"
    assert address in page_of(staff_face.get(f"/admin/results/examsession/{session.pk}/change/"))
    assert address in page_of(staff_face.get(f"/admin/results/release/{session.release.pk}/change/"))

    page = page_of(staff_face.get(address))

    assert "what two people approve now is shown at once" in page
    assert "No statement yet</th><td>1<" in page
    assert "by nobody" in page
    assert not Approval.objects.exists()

    sure = sent_from(session) | {"open_now": "on"}
    page = page_of(staff_face.post(address, sure, follow=True))
    assert "It takes effect with another person’s approval." in page
    assert "Approved by one person" in page
    assert not shown(entry)
    assert "It needs another person." in page_of(staff_face.post(address, sure))
    assert "You have approved already." in page_of(staff_face.get(address))
    room = page_of(staff_face.get(f"/admin/results/examsession/{session.pk}/control-room/"))
    assert f'href="{address}" class="approve"' not in room

    colleague = factories.officer(office.APPROVER)
    staff_face.force_login(colleague)
    assert str(officer) in page_of(staff_face.get(address)).partition("Approved so far")[2]
    page = page_of(staff_face.post(address, sure, follow=True))
    assert "Approved by two people: 1 statement." in page
    assert shown(entry)
    assert [log.user for log in LogEntry.objects.order_by("pk")] == [officer, colleague]
    event = Release.pgh_event_model.objects.latest("pk")
    assert event.pgh_context["user"] == colleague.pk


def test_open_now_must_be_ticked_when_the_time_has_passed(staff_face, officer):
    session = full_session(approved=False)
    address = f"/admin/results/release/{session.release.pk}/approve/"
    sure = sent_from(session)
    assert "Tick this if you want the results to be shown at once." in page_of(staff_face.post(address, sure))
    assert not Approval.objects.exists()


def test_the_page_says_why_an_approval_does_not_count_any_more(staff_face, officer):
    session = full_session(opens_in=DAY, approved=False)
    address = f"/admin/results/release/{session.release.pk}"
    sure = sent_from(session)
    page_of(staff_face.post(f"{address}/approve/", sure, follow=True))
    factories.statement(factories.entry(session))
    words = "results were loaded or corrected after it"
    assert words in page_of(staff_face.get(f"{address}/approve/"))
    assert words in page_of(staff_face.get(f"/admin/results/examsession/{session.pk}/change/"))


def test_an_approval_is_withdrawn_by_a_button(staff_face, officer):
    session = full_session(opens_in=DAY, approved=False)
    factories.approve_by_two(session.release)
    address = f"/admin/results/release/{session.release.pk}/withdraw/"
    assert address in page_of(staff_face.get(f"/admin/results/examsession/{session.pk}/change/"))
    page_of(staff_face.get(address))
    assert Release.objects.get().approved_through is not None
    page = page_of(staff_face.post(address, {"sure": "yes"}, follow=True))
    assert "The approval is withdrawn." in page
    assert Release.objects.get().approved_through is None


APART = {  # candidates and preparation centres, from now: the state, what approving says
    (DAY, -DAY): ("open for preparation centres", "what two people approve now is shown to them at once"),
    (-DAY, DAY): ("open for candidates", "what two people approve now is shown to them at once"),
    (DAY, 2 * DAY): ("approved, not open yet", None),
    (-DAY, -2 * DAY): ("open", "what two people approve now is shown at once"),
}


@pytest.mark.parametrize(("opens_in", "centres_in"), APART)
def test_pages_say_for_whom_a_release_is_open_and_both_times(staff_face, officer, opens_in, centres_in):
    state, _approving = APART[opens_in, centres_in]
    session = full_session(opens_in=opens_in, approved=False)
    Release.objects.update(centres_open_at=factories.database_now() + centres_in)
    factories.approve(session.release)
    release = Release.objects.get()
    page = page_of(staff_face.get("/admin/results/examsession/"))
    assert f"</span> {state}</span></td>" in page
    assert f"{short(release.opens_at)}; preparation centres {short(release.centres_open_at)}" in page
    assert state in page_of(staff_face.get("/admin/results/release/"))
    for address in (f"examsession/{session.pk}/change", f"release/{release.pk}/change"):
        standing = page_of(staff_face.get(f"/admin/results/{address}/")).partition('<p class="standing')[2]
        standing = standing.partition("</p>")[0]
        assert in_words(release.opens_at) in standing
        assert in_words(release.centres_open_at) in standing
    stop = stopping.stop_session(session, officer, "Wrong file")
    page = page_of(staff_face.get(f"/admin/results/stop/{stop.pk}/lift/"))
    assert in_words(release.opens_at) in page
    assert in_words(release.centres_open_at) in page


@pytest.mark.parametrize(("opens_in", "centres_in"), APART)
def test_approving_warns_of_what_is_shown_at_once_to_whomever(staff_face, officer, opens_in, centres_in):
    _state, approving = APART[opens_in, centres_in]
    session = full_session(opens_in=opens_in, approved=False)
    Release.objects.update(centres_open_at=factories.database_now() + centres_in)
    page = page_of(staff_face.get(f"/admin/results/release/{session.release.pk}/approve/"))
    assert (approving in page) if approving else ("at once" not in page)


def test_an_approval_of_old_figures_is_asked_again_with_the_new_ones(staff_face, officer):
    session = full_session(approved=False)
    seen = sent_from(session)
    factories.statement(factories.entry(session))
    address = f"/admin/results/release/{session.release.pk}/approve/"

    page = page_of(staff_face.post(address, seen | {"open_now": "on"}))

    assert "Results were loaded while you looked" in page
    assert f'name="through" value="{Statement.objects.latest("pk").pk}"' in page
    assert not Approval.objects.exists()


def test_an_approval_of_an_old_time_is_asked_again_with_the_new_one(staff_face, officer):
    """Nobody moves the time under the hand of who approves, and then needs no other person."""
    session = full_session(opens_in=DAY, approved=False)
    address = f"/admin/results/release/{session.release.pk}/approve/"
    seen = dict(staff_face.get(address).context["repeated"]) | {"sure": "yes"}
    opens_at = factories.database_now() + timedelta(hours=1)
    releasing.move(session.release, opens_at, None, factories.officer(office.OFFICER))

    response = staff_face.post(address, seen)

    page = page_of(response)
    assert "The opening time was changed while you looked" in page
    assert in_words(opens_at) in page
    assert not Approval.objects.exists()
    staff_face.post(address, dict(response.context["repeated"]) | {"sure": "yes"})
    assert Approval.objects.get().opens_at == opens_at


def test_moving_the_time_takes_the_approval_away_and_the_page_says_so(staff_face, officer):
    session = full_session()
    entry = Entry.objects.get()
    assert shown(entry)
    address = f"/admin/results/examsession/{session.pk}/change/"
    unchanged = save(staff_face, address, release_form(session.release, title="July 2026"), follow=True)
    assert "took the approval away" not in page_of(unchanged)
    assert shown(entry)

    moved = release_form(
        session.release, **{"release-0-opens_at_0": "2030-01-10", "release-0-opens_at_1": "10:00"}
    )
    page = page_of(save(staff_face, address, moved | {"_continue": "1"}, follow=True))

    assert "The new time took the approval away" in page
    assert f'<a href="/admin/results/release/{session.release.pk}/approve/">Approve again</a>' in page
    assert "Draft: not approved" in page
    assert not shown(entry)
    assert Release.objects.get().opens_at.isoformat() == "2030-01-10T09:00:00+00:00"


def test_the_release_page_moves_the_time_in_the_same_way(staff_face, officer):
    session = full_session()
    form = {
        "opens_at_0": "2030-01-10",
        "opens_at_1": "10:00",
        "centres_open_at_0": "2030-01-09",
        "centres_open_at_1": "9:00",
    }
    address = f"/admin/results/release/{session.release.pk}/change/"
    assert "The new time took the approval away" in page_of(save(staff_face, address, form, follow=True))
    release = Release.objects.get()
    assert (release.approved_through, release.centres_open_at.isoformat()) == (
        None,
        "2030-01-09T08:00:00+00:00",
    )


def test_an_hour_that_the_clock_skips_is_refused(staff_face, officer):
    session = full_session()
    skipped = release_form(
        session.release, **{"release-0-opens_at_0": "2030-03-31", "release-0-opens_at_1": "02:30"}
    )
    page = page_of(save(staff_face, f"/admin/results/examsession/{session.pk}/change/", skipped))
    assert "couldn’t be interpreted in time zone Europe/Rome" in page
    assert Release.objects.get().approved_through is not None


@pytest.mark.parametrize("page", ["examsession", "release"])
def test_a_time_that_has_passed_is_refused_with_words(staff_face, officer, page):
    release = full_session(opens_in=DAY).release
    if page == "examsession":
        form = release_form(
            release, **{"release-0-opens_at_0": "2026-01-10", "release-0-opens_at_1": "10:00"}
        )
        address = f"/admin/results/examsession/{release.session_id}/change/"
    else:
        form = {"opens_at_0": "2026-01-10", "opens_at_1": "10:00"}
        form |= {"centres_open_at_0": "", "centres_open_at_1": ""}
        address = f"/admin/results/release/{release.pk}/change/"
    answer = page_of(save(staff_face, address, form))
    assert "This time has passed." in answer
    assert 'value="2026-01-10"' in answer
    assert Release.objects.get().opens_at == release.opens_at


def test_an_older_page_does_not_undo_what_a_colleague_changed(staff_face, officer):
    session = full_session()
    address = f"/admin/results/examsession/{session.pk}/change/"
    form = release_form(session.release, title="July 2026") | shown_on(staff_face, address)
    moved = session.release.opens_at + DAY
    Release.objects.update(opens_at=moved)

    for _try in range(2):  # the page does not grow younger by being refused
        page = page_of(staff_face.post(address, form))
        assert "Somebody changed this meanwhile: Opens for candidates. Your page was older." in page
        assert 'value="July 2026"' in page
        form["shown"] = re.search(r'name="shown" value="([^"]*)"', page)[1]

    assert ExamSession.objects.get().title == "June 2026"
    assert Release.objects.get().opens_at == moved
    form |= release_form(Release.objects.get(), title="July 2026")
    assert save(staff_face, address, form | shown_on(staff_face, address)).status_code == 302
    assert ExamSession.objects.get().title == "July 2026"


@pytest.mark.parametrize("shown", [{}, {"shown": ""}, {"shown": "\0[" * 9}, {"shown": "e30:1uX:forged"}])
def test_a_page_that_does_not_say_what_it_showed_is_not_saved(staff_face, officer, shown):
    session = full_session()
    form = release_form(session.release, title="July 2026") | shown
    page = page_of(staff_face.post(f"/admin/results/examsession/{session.pk}/change/", form))
    assert "Somebody changed this meanwhile" in page
    assert ExamSession.objects.get().title == "June 2026"


@pytest.mark.parametrize(
    "changed",
    [
        {"release-TOTAL_FORMS": "x"},
        {"release-INITIAL_FORMS": "0"},
        {"release-TOTAL_FORMS": "0", "release-INITIAL_FORMS": "0"},
        {"release-0-id": "x"},
        {"release-0-id": "\0"},
        {"release-0-id": "99999999999999999999"},
        {"release-0-session": "\0"},
        {"release-0-opens_at_0": "9999-12-31"},
        {"release-0-opens_at_0": "0001-01-01"},
        {"exam_date": "\0"},
        {"title": "\0"},
    ],
)
def test_nothing_sent_breaks_the_page_of_a_session(staff_face, officer, changed):
    session = full_session()
    address = f"/admin/results/examsession/{session.pk}/change/"
    response = save(staff_face, address, release_form(session.release, **changed))
    assert response.status_code in {200, 302}
    assert staff_face.get(address).status_code == 200
    assert Release.objects.count() == 1


def test_an_older_page_of_a_release_does_not_move_it_back(staff_face, officer):
    release = full_session().release
    address = f"/admin/results/release/{release.pk}/change/"
    sent = {
        "opens_at_0": "2030-01-10",
        "opens_at_1": "10:00",
        "centres_open_at_0": "",
        "centres_open_at_1": "",
    }
    sent |= shown_on(staff_face, address)
    Release.objects.update(centres_open_at=release.opens_at - DAY)
    assert "meanwhile: Opens for preparation centres." in page_of(staff_face.post(address, sent))
    assert Release.objects.get().opens_at == release.opens_at


def test_an_older_page_of_an_entry_does_not_undo_a_correction(staff_face, officer):
    entry = factories.entry(factories.session(), preparation_centre=factories.centre())
    address = f"/admin/results/entry/{entry.pk}/change/"
    form = {
        "family_name": "Bianchi",
        "given_names": "Alicia",
        "date_of_birth": "2010-03-14",
        "preparation_centre": entry.preparation_centre_id,
        "statements-TOTAL_FORMS": "0",
        "statements-INITIAL_FORMS": "0",
    } | shown_on(staff_face, address)
    Entry.objects.update(family_name="Bianco", preparation_centre=factories.centre())
    page = page_of(staff_face.post(address, form))
    assert "meanwhile: Family name, Preparation centre." in page
    assert Entry.objects.get().family_name == "Bianco"


def test_what_a_page_does_not_change_does_not_make_it_old(staff_face, officer):
    """A stop, an approval, a registration or a statement that comes meanwhile is no reason to refuse."""
    session = full_session()
    address = f"/admin/results/examsession/{session.pk}/change/"
    form = release_form(session.release, title="July 2026") | shown_on(staff_face, address)
    factories.statement(factories.entry(session))
    stopping.stop_session(session, officer, "Wrong file")
    assert staff_face.post(address, form).status_code == 302


def test_the_exam_of_a_session_with_entries_is_fixed(staff_face, officer):
    session = full_session()
    form = release_form(session.release, exam="A2K")
    page_of(save(staff_face, f"/admin/results/examsession/{session.pk}/change/", form, follow=True))
    assert ExamSession.objects.get().exam == "B2F"
