"""The exams office's pages about sessions, releases, entries and statements, for an officer of the group."""

import re
from datetime import timedelta

import pghistory
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.confirming import CONFIRMED_AT
from accounts.models import User
from results import releasing, stopping
from results.models import Approval, CandidateStatement, Entry, ExamSession, Release, Statement, Stop
from results.times import in_words
from results_portal import office
from results_portal.lists import short
from tests import factories
from tests.office import save, shown_on

DAY = timedelta(days=1)
LISTS = ["results/examsession", "results/release", "results/entry", "results/statement", "results/stop"]
STOP = {"reason": "Wrong file", "notice_it": "Stiamo controllando.", "notice_en": "We are checking."}


@pytest.fixture
def officer(staff_face):
    """An officer of the group, signed in on the staff face."""
    person = factories.officer()
    staff_face.force_login(person)
    return person


def full_session(**fields) -> ExamSession:
    """A session with a registered candidate of a centre who has a statement."""
    session = factories.session(**fields)
    entry = factories.entry(session, preparation_centre=factories.centre())
    factories.candidate(entry)
    factories.statement(entry)
    return session


def page_of(response) -> str:
    assert response.status_code == 200, response
    return response.content.decode()


def shown(entry: Entry) -> bool:
    return CandidateStatement.objects.filter(entry=entry).exists()


def release_form(release: Release, **changed) -> dict:
    """What the browser sends from the session's page, as it stands."""
    session = release.session
    opens_at = timezone.localtime(release.opens_at)
    return {
        "code": session.code,
        "exam": session.exam,
        "title": session.title,
        "letter": session.letter,
        "exam_date": session.exam_date.isoformat(),
        "place": session.place,
        "release-TOTAL_FORMS": "1",
        "release-INITIAL_FORMS": "1",
        "release-MIN_NUM_FORMS": "1",
        "release-MAX_NUM_FORMS": "1",
        "release-0-id": release.pk,
        "release-0-session": session.pk,
        "release-0-opens_at_0": f"{opens_at:%Y-%m-%d}",
        "release-0-opens_at_1": f"{opens_at:%H:%M:%S}",
        "release-0-centres_open_at_0": "",
        "release-0-centres_open_at_1": "",
    } | changed


# --- Every page opens, with data, for an officer who is no superuser ----------------------------------


@pytest.mark.parametrize("path", LISTS)
def test_each_list_and_each_page_opens_for_an_officer(staff_face, officer, path):
    full_session()
    stopping.stop_candidates(Entry.objects.all(), officer, "Wrong file")
    model = {each._meta.model_name: each for each in (ExamSession, Release, Entry, Statement, Stop)}
    one = model[path.partition("/")[2]].objects.get()
    assert "B2F-" in page_of(staff_face.get(f"/admin/{path}/"))
    page_of(staff_face.get(f"/admin/{path}/{one.pk}/change/"))
    page_of(staff_face.get(f"/admin/{path}/{one.pk}/history/"))


@pytest.mark.parametrize("path", LISTS)
def test_a_list_asks_the_database_as_often_for_three_rows_as_for_one(staff_face, officer, path):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(staff_face.get(f"/admin/{path}/"))
        return len(captured)

    full_session()
    queries()  # content types and the like are remembered from here on
    with_one = queries()
    full_session()
    full_session(exam="YLS", approved=False)
    assert queries() == with_one


def test_the_front_page_lists_what_an_officer_works_with_and_no_rights(staff_face, officer):
    page = page_of(staff_face.get("/admin/"))
    for name in ("Exam sessions", "Releases", "Entries", "Statements", "Accounts", "Preparation centres"):
        assert f">{name}</a>" in page
    assert "Groups" not in page
    assert "Centro Esami Sirio" in page


def test_the_root_leads_to_the_admin(staff_face, officer):
    assert staff_face.get("/").headers["Location"] == "/admin/"


def test_no_page_shows_a_digest_a_hash_or_a_secret_number(staff_face, officer):
    session = factories.session()
    entry = factories.entry(session, secret_number="93518274")
    user = factories.candidate(entry)
    factories.statement(entry)
    release = session.release
    staff_face.post(f"/admin/results/entry/{entry.pk}/stop/", STOP | {"sure": "yes"})
    secrets = [entry.secret_digest, "93518274", user.password, user.password[-20:], "argon2", "secret_digest"]
    pages = [
        *(f"/admin/{path}/" for path in LISTS),
        f"/admin/results/examsession/{session.pk}/change/",
        f"/admin/results/release/{release.pk}/change/",
        f"/admin/results/entry/{entry.pk}/change/",
        f"/admin/results/entry/{entry.pk}/history/",
        f"/admin/results/entry/{entry.pk}/lift/",
        f"/admin/results/statement/{Statement.objects.get().pk}/change/",
        f"/admin/accounts/user/{user.pk}/change/",
        f"/admin/accounts/user/{user.pk}/history/",
        "/admin/accounts/user/",
        "/admin/",
    ]
    for address in pages:
        page = page_of(staff_face.get(address))
        assert [secret for secret in secrets if secret in page] == [], address
    logged = " ".join(f"{log.object_repr} {log.change_message}" for log in LogEntry.objects.all())
    assert logged
    assert [secret for secret in secrets if secret in logged] == []


# --- Found, filtered, searched ------------------------------------------------------------------------


@pytest.fixture
def alice(db) -> Entry:
    session = factories.session(code="B2F-2026-06")
    alice = factories.entry(
        session, id_number="SIR094701", candidate_number="5003", family_name="D’Alò", given_names="Alice"
    )
    factories.statement(alice)
    other = factories.entry(session, id_number="SIR094702", family_name="Rossi", given_names="Marco")
    factories.statement(other)
    return alice


@pytest.mark.parametrize(
    "typed",
    ["SIR094701", "sir 094 701", "sir-094-701", "SIRO947O1", "SIR0947 alò", "D’Alò Alice", "5003", "alice"],
)
@pytest.mark.parametrize("path", ["results/entry", "results/statement"])
def test_a_candidate_is_found_as_people_type(staff_face, officer, alice, path, typed):
    page = page_of(staff_face.get(f"/admin/{path}/", {"q": typed}))
    assert "SIR094701" in page
    assert "SIR094702" not in page


def test_a_name_that_looks_like_an_id_number_with_the_candidate_number_is_found(staff_face, officer, alice):
    marco = Entry.objects.get(id_number="SIR094702")
    page = page_of(staff_face.get("/admin/results/entry/", {"q": f"Rossi {marco.candidate_number}"}))
    assert "SIR094702" in page


def test_entries_are_filtered_by_what_an_officer_asks(staff_face, officer):
    session, other = factories.session(), factories.session(exam="C1A")
    centre = factories.centre()
    found = factories.entry(session, preparation_centre=centre)
    factories.candidate(found)
    factories.statement(found)
    factories.statement(found, version=2, status="withheld")
    stopping.stop_candidates(Entry.objects.filter(pk=found.pk), officer, "Identity")
    plain = factories.entry(other)
    for query in (
        {"registered": "yes"},
        {"stopped": "yes"},
        {"newest_status": "withheld"},
        {"session__exam__exact": "B2F"},
        {"session__id__exact": session.pk},
        {"preparation_centre__id__exact": centre.pk},
    ):
        page = page_of(staff_face.get("/admin/results/entry/", query))
        assert found.id_number in page, query
        assert plain.id_number not in page, query
    for query in ({"registered": "no"}, {"newest_status": "none"}, {"stopped": "no"}):
        page = page_of(staff_face.get("/admin/results/entry/", query))
        assert plain.id_number in page, query
        assert found.id_number not in page, query
    assert found.id_number not in page_of(
        staff_face.get("/admin/results/entry/", {"newest_status": "result"})
    )


def test_statements_are_filtered_by_what_stands_against_them(staff_face, officer):
    entry = factories.entry(factories.session())
    factories.statement(entry)
    waiting = factories.entry(factories.session(approved=False))
    factories.statement(waiting, status="X")
    for query, there, absent in (
        ({"standing": "open"}, entry, waiting),
        ({"standing": "unapproved"}, waiting, entry),
        ({"status__exact": "X"}, waiting, entry),
        ({"result__exact": "B"}, entry, waiting),
        ({"entry__session__id__exact": waiting.session_id}, waiting, entry),
    ):
        page = page_of(staff_face.get("/admin/results/statement/", query))
        assert there.id_number in page, query
        assert absent.id_number not in page, query


def test_the_list_of_sessions_says_where_each_stands(staff_face, officer):
    draft = factories.session(code="DRAFT", approved=False)
    later = factories.session(code="LATER", opens_in=DAY)
    opened = factories.session(code="OPENED")
    stopped = factories.session(code="STOPPED")
    stopping.stop_session(stopped, officer, "Wrong file")
    Release.objects.filter(session=opened).update(approved_through=0)
    factories.statement(factories.entry(opened))
    factories.statement(factories.entry(draft))

    page = page_of(staff_face.get("/admin/results/examsession/"))

    for words in (
        "draft: not approved",
        "approved, not open yet",
        "open; 1 result waits for approval",
        "stopped",
    ):
        assert f"</span> {words}</span></td>" in page
    for session, words in (
        (draft, "Draft: not approved<"),
        (later, "Approved, opens "),
        (opened, "(Italian time); 1 result waits for approval<"),
        (stopped, "Stopped: nobody sees these results<"),
    ):
        assert words in page_of(staff_face.get(f"/admin/results/examsession/{session.pk}/change/"))
    for state, code in (
        ("draft", "DRAFT"),
        ("approved", "LATER"),
        ("open", "OPENED"),
        ("stopped", "STOPPED"),
    ):
        page = page_of(staff_face.get("/admin/results/examsession/", {"state": state}))
        assert [each for each in ("DRAFT", "LATER", "OPENED", "STOPPED") if f">{each}</a>" in page] == [code]


@pytest.mark.parametrize(
    "query",
    [
        "state=%00",
        "exam__exact=%00",
        "session__exam__exact=%00",
        "standing=%00",
        "newest_status=%00",
        "status__exact=%00",
        "id_number=%00",
        "id_number__regex=(",
        "pk__in=x",
        "id__exact=99999999999999999999999",
        "exam_date__year=9999",
        "exam_date__year=99999999999999999999",
        "exam_date__gte=x",
        "opens_at__year=9999&opens_at__month=12&opens_at__day=31",
        "created_at__year=1",
        "q=%00",
        "q=SIR094%00701",
        "o=99.x.-",
        "p=x",
        "no_such_field=1",
    ],
)
@pytest.mark.parametrize("path", [*LISTS, "accounts/user", "centres/preparationcentre"])
def test_no_address_breaks_a_list(staff_face, officer, path, query):
    full_session()
    answer = staff_face.get(f"/admin/{path}/?{query}", follow=True)
    assert answer.status_code in {200, 400}  # 400: not a filter of this list


def test_a_filter_that_makes_no_sense_is_answered_with_a_message(staff_face, officer):
    page = page_of(staff_face.get("/admin/results/entry/?newest_status=%00", follow=True))
    assert "This list cannot be filtered like that." in page


@pytest.mark.parametrize("ticked", ["x", "\0", "", "-1", "99999999999999999999999"])
@pytest.mark.parametrize("action", ["stop", "lift", "delete_selected", "no_such_action"])
def test_nothing_ticked_breaks_an_action(staff_face, officer, action, ticked):
    full_session()
    form = {"action": action, "_selected_action": [ticked]}
    for sent in (form, form | STOP | {"sure": "yes"}):
        page_of(staff_face.post("/admin/results/entry/", sent, follow=True))
    assert not Stop.objects.exists()


@pytest.mark.parametrize(
    ("path", "lookup"),
    [
        ("accounts/user", "password__startswith"),
        ("accounts/user", "password"),
        ("accounts/user", "entries__secret_digest__startswith"),
        ("accounts/user", "sessions__session_key__startswith"),
        ("results/entry", "secret_digest__startswith"),
        ("results/entry", "secret_digest__gte"),
        ("results/entry", "user__password__startswith"),
        ("results/entry", "session__entries__secret_digest__startswith"),
        ("results/statement", "entry__secret_digest__startswith"),
        ("results/statement", "entry__user__password__startswith"),
        ("results/examsession", "entries__secret_digest__startswith"),
        ("results/release", "approvals__person__password__startswith"),
        ("results/stop", "started_by__password__startswith"),
        ("results/stop", "entry__secret_digest__startswith"),
        ("results/release", "session__entries__secret_digest__startswith"),
        ("centres/preparationcentre", "memberships__user__password__startswith"),
        ("centres/preparationcentre", "entries__secret_digest__startswith"),
    ],
)
def test_no_lookup_reaches_a_hash_or_a_digest(staff_face, officer, path, lookup):
    full_session()
    for value in ("", "a"):
        assert staff_face.get(f"/admin/{path}/", {lookup: value}).status_code == 400


# --- Releases -----------------------------------------------------------------------------------------


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


# --- Stopping candidates ------------------------------------------------------------------------------


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


# --- Entries and statements ---------------------------------------------------------------------------


def test_correcting_a_name_keeps_a_registration_that_came_meanwhile(staff_face, officer):
    entry = factories.entry(factories.session())
    form = {
        "family_name": "Bianchi",
        "given_names": "Alicia",
        "date_of_birth": "2010-03-14",
        "preparation_centre": "",
        "statements-TOTAL_FORMS": "0",
        "statements-INITIAL_FORMS": "0",
        "slip_issues-TOTAL_FORMS": "0",
        "slip_issues-INITIAL_FORMS": "0",
    }
    with connection.execute_wrapper(RegistersMeanwhile(entry)):
        page_of(save(staff_face, f"/admin/results/entry/{entry.pk}/change/", form, follow=True))
    entry.refresh_from_db()
    assert entry.given_names == "Alicia"
    assert entry.user is not None


class RegistersMeanwhile:
    """Registers the candidate just before the page's first UPDATE of the entry."""

    def __init__(self, entry: Entry):
        self.entry = entry
        self.done = False

    def __call__(self, execute, sql, params, many, context):
        if 'UPDATE "results_entry"' in sql and not self.done:
            self.done = True
            user = User.objects.create_user(
                self.entry.id_number, "kutoVe84", face="candidates", email="a@example.org"
            )
            Entry.objects.filter(pk=self.entry.pk).update(user=user)
        return execute(sql, params, many, context)


@pytest.mark.parametrize(
    "address",
    [
        "/admin/results/statement/add/",
        "/admin/results/statement/{statement}/delete/",
        "/admin/results/entry/add/",
        "/admin/results/release/add/",
        "/admin/results/release/{release}/delete/",
        "/admin/results/examsession/{session}/delete/",
        "/admin/auth/group/",
    ],
)
def test_what_nobody_does_by_hand_is_refused(staff_face, officer, address):
    session = full_session()
    pks = {"statement": Statement.objects.get().pk, "release": session.release.pk, "session": session.pk}
    assert staff_face.get(address.format(**pks)).status_code == 403
    assert staff_face.post(address.format(**pks), {"post": "yes"}).status_code == 403
    if "group" not in address:
        User.objects.filter(pk=officer.pk).update(is_superuser=True)
        assert staff_face.post(address.format(**pks), {"post": "yes"}).status_code == 403


def test_a_statement_is_shown_with_the_skills_of_its_exam_and_cannot_be_saved(staff_face, officer):
    entry = factories.entry(factories.session(exam="YLS"))
    statement = factories.statement(entry)
    address = f"/admin/results/statement/{statement.pk}/change/"
    page = page_of(staff_face.get(address))
    assert "Reading and Writing" in page
    assert "Use of English" not in page
    assert 'name="_save"' not in page
    assert staff_face.post(address, {"speaking": "1"}).status_code == 403


# --- History ------------------------------------------------------------------------------------------


def test_the_history_says_who_changed_what_from_what_to_what(staff_face, officer):
    session = full_session(opens_in=DAY, approved=False)
    address = f"/admin/results/examsession/{session.pk}"
    save(staff_face, f"{address}/change/", release_form(session.release, title="July 2026"))
    staff_face.post(f"/admin/results/stop/session/{session.release.pk}/", STOP | {"sure": "yes"})

    page = page_of(staff_face.get(f"{address}/history/"))

    assert page.count(officer.username) >= 3
    assert "<li>Title: <del>June 2026</del> → <ins>July 2026</ins></li>" in page
    assert "<li>Reason: Wrong file</li>" in page
    assert "outside the exams office’s pages" in page
    assert "Approved_through" not in page


def test_the_history_of_an_entry_names_accounts_and_centres(staff_face, officer):
    session = full_session()
    entry = session.entries.get()
    Entry.objects.filter(pk=entry.pk).update(preparation_centre=factories.centre(name="Liceo Galvani"))
    page = page_of(staff_face.get(f"/admin/results/entry/{entry.pk}/history/"))
    assert f"<li>Account: {entry.user.username}</li>" in page
    assert f"<del>{entry.preparation_centre.name}</del> → <ins>Liceo Galvani</ins>" in page


def test_the_history_asks_the_database_as_often_for_three_changes_as_for_one(staff_face, officer):
    entry = factories.entry(factories.session())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(staff_face.get(f"/admin/results/entry/{entry.pk}/history/"))
        return len(captured)

    def change() -> None:
        with pghistory.context(user=factories.staff().pk):
            Entry.objects.update(preparation_centre=factories.centre())

    change()
    queries()
    with_one = queries()
    change()
    change()
    assert queries() == with_one


# --- Who gets in --------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["candidate", "member"])
def test_accounts_of_the_other_faces_cannot_sign_in(staff_face, who):
    if who == "candidate":
        person, password = factories.candidate(), factories.PASSWORD
    else:
        person, password = factories.member(factories.centre()), factories.LONG_PASSWORD
    response = staff_face.post("/admin/login/", {"username": person.username, "password": password})
    assert "is not right" in page_of(response)
    assert staff_face.get("/admin/").status_code == 302


def test_staff_sign_in_and_are_slowed_down_after_wrong_passwords(staff_face):
    person = factories.staff()
    page_of(staff_face.get("/admin/login/"))
    wrong = {"username": person.email, "password": "not the password"}
    codes = [staff_face.post("/admin/login/", wrong).status_code for _try in range(11)]
    assert codes == [200] * 10 + [429]
    right = {"username": person.email, "password": factories.LONG_PASSWORD}
    assert staff_face.post("/admin/login/", right).status_code == 429


def test_a_sign_in_leads_to_the_page_that_was_asked_for(staff_face):
    person = factories.staff()
    to_login = staff_face.get("/admin/results/entry/")
    assert to_login.headers["Location"] == "/admin/login/?next=/admin/results/entry/"
    right = {
        "username": person.email.upper(),
        "password": factories.LONG_PASSWORD,
        "next": "/admin/results/entry/",
    }
    response = staff_face.post("/admin/login/", right)
    assert response.headers["Location"] == "/admin/results/entry/"
    assert staff_face.post("/admin/logout/").status_code == 302
    assert staff_face.get("/admin/").status_code == 302


def test_staff_without_the_group_see_and_change_nothing(staff_face):
    session = full_session(approved=False)
    staff_face.force_login(factories.staff())
    for path in LISTS:
        assert staff_face.get(f"/admin/{path}/").status_code == 403
    release, entry = session.release.pk, session.entries.get().pk
    for act in (
        f"release/{release}/approve",
        f"release/{release}/withdraw",
        f"stop/session/{release}",
        f"stop/centre/{release}",
        f"entry/{entry}/stop",
        f"entry/{entry}/lift",
        f"entry/{entry}/correct",
    ):
        assert staff_face.post(f"/admin/results/{act}/").status_code == 403
    assert not Approval.objects.exists()
    assert not Stop.objects.exists()


def test_who_may_only_look_finds_no_buttons(staff_face):
    session = full_session(approved=False)
    person = factories.staff()
    person.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    staff_face.force_login(person)
    for address in (
        f"/admin/results/examsession/{session.pk}/change/",
        f"/admin/results/release/{session.release.pk}/change/",
        f"/admin/results/entry/{session.entries.get().pk}/change/",
    ):
        page = page_of(staff_face.get(address))
        assert [
            act
            for act in ("/approve/", "/stop/session/", f"entry/{session.entries.get().pk}/stop/", "/correct/")
            if act in page
        ] == []
    assert staff_face.get(f"/admin/results/release/{session.release.pk}/approve/").status_code == 403


@pytest.mark.parametrize("name", office.GROUPS)
def test_each_group_has_exactly_the_permissions_of_the_list(db, name):
    group = Group.objects.get(name=name)
    group.permissions.add(Permission.objects.get(codename="delete_user"))
    group.permissions.remove(group.permissions.first())
    office.apply_permissions()
    held = {
        f"{each.content_type.app_label}.{each.codename}"
        for each in group.permissions.select_related("content_type")
    }
    assert held == office.GROUPS[name]


@pytest.mark.django_db
def test_only_an_entry_without_account_and_result_can_be_deleted(staff_face):
    session = factories.session()
    registered, with_result, plain = (factories.entry(session) for _entry in range(3))
    factories.candidate(registered)
    factories.statement(with_result)
    staff_face.force_login(factories.staff(is_superuser=True))
    for entry, status in ((registered, 403), (with_result, 403), (plain, 302)):
        response = staff_face.post(f"/admin/results/entry/{entry.pk}/delete/", {"post": "yes"})
        assert response.status_code == status
    assert set(Entry.objects.values_list("pk", flat=True)) == {registered.pk, with_result.pk}
    assert "delete_selected" not in staff_face.get("/admin/results/entry/").content.decode()
