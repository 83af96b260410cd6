"""Staff see the very page that a candidate or a preparation centre will get, before the hour."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.db import connection

from results import stopping
from results.models import Certificate, Entry, Release
from results_portal.models import AuditEntry, AuditNote
from results_portal.office import APPROVER, HELP_DESK, OFFICER
from tests import factories
from tests.conftest import FaceClient

DAY = timedelta(days=1)
MARKS = ("overall", "reading", "use_of_english", "writing", "listening", "speaking")
HIGH = dict.fromkeys(MARKS, 171) | {"result": "C", "cefr": "B2"}
LOW = dict.fromkeys(MARKS, 163) | {"result": "C", "cefr": "B2"}


@pytest.fixture
def officer(staff_face):
    person = factories.officer(OFFICER)
    staff_face.force_login(person)
    return person


@pytest.fixture
def closed(db):
    """A session that opens tomorrow, with a registered candidate of a centre and unapproved marks."""
    session = factories.session(opens_in=DAY, approved=False)
    entry = factories.entry(session, preparation_centre=factories.centre())
    factories.candidate(entry)
    factories.statement(entry, **HIGH)
    return entry


@pytest.fixture
def opened(db):
    """The same of a session that two people have opened already."""
    session = factories.session(approved=False)
    entry = factories.entry(session, preparation_centre=factories.centre())
    factories.candidate(entry)
    factories.statement(entry, **HIGH)
    factories.approve_by_two(session.release)
    return entry


def preview(face, entry, **query) -> str:
    response = face.get(f"/admin/preview/candidates/{entry.pk}/", query)
    assert response.status_code == 200, response
    return response.content.decode()


def preview_of_centre(face, entry, **query) -> str:
    address = f"/admin/preview/centres/{entry.session_id}/{entry.preparation_centre_id}/"
    response = face.get(address, query)
    assert response.status_code == 200, response
    return response.content.decode()


def words_of(page: str) -> str:
    """What a reader reads, without the staff's line above the page."""
    page = re.sub(
        r"<(aside class=\"preview-bar\"|script|style).*?</(aside|script|style)>", " ", page, flags=re.DOTALL
    )
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<body>")[2]).split())


def bar_of(page: str) -> str:
    found = re.search(r'<aside class="preview-bar".*?</aside>', page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def open_it(session) -> None:
    """Approved by two, and the instant passes: it is put before now, as only the owner can."""
    release = Release.objects.get(session=session)
    factories.approve_by_two(release)
    through = Release.objects.get(pk=release.pk).approved_through
    passed = factories.database_now() - timedelta(hours=1)
    Release.objects.filter(pk=release.pk).update(opens_at=passed)
    Release.objects.filter(pk=release.pk).update(approved_through=through)


def as_candidate(entry) -> FaceClient:
    browser = FaceClient("candidates")
    browser.force_login(entry.user)
    return browser


def as_centre(entry) -> FaceClient:
    browser = FaceClient("centres")
    browser.force_login(factories.member(entry.preparation_centre))
    return browser


# --- The candidate's page -----------------------------------------------------------------------------


def test_before_the_hour_staff_see_the_marks_and_the_candidate_sees_none(staff_face, officer, closed):
    assert ">171<" in preview(staff_face, closed, language="en")
    assert "171" not in words_of(as_candidate(closed).get("/statement/").content.decode())


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_preview_is_word_for_word_what_the_candidate_reads_after_the_hour(
    staff_face, officer, closed, language
):
    shown = preview(staff_face, closed, language=language)
    open_it(closed.session)
    browser = as_candidate(closed)
    browser.cookies["language"] = language
    real = browser.get("/statement/", headers={"accept-language": language}).content.decode()
    assert words_of(shown) == words_of(real)
    assert "171" in words_of(real)


def test_the_preview_of_children_and_of_codes_is_word_for_word_the_page(staff_face, officer):
    session = factories.session("YLS", opens_in=DAY, approved=False)
    entries = [factories.entry(session), factories.entry(session)]
    for entry in entries:
        factories.candidate(entry)
    factories.statement(entries[0])
    factories.statement(entries[1], status="withheld")
    shown = [words_of(preview(staff_face, entry, language="en")) for entry in entries]
    open_it(session)
    for entry, words in zip(entries, shown, strict=True):
        assert words == words_of(as_candidate(entry).get("/statement/").content.decode())


def test_the_bar_says_whether_what_is_shown_is_approved(staff_face, officer, closed):
    bar = bar_of(preview(staff_face, closed))
    assert "Preview: only you see this." in bar
    assert "Version 1. Not approved yet." in bar
    factories.approve_by_two(closed.session.release)
    assert "Version 1. Approved." in bar_of(preview(staff_face, closed))


def test_as_it_is_now_the_preview_is_what_the_candidate_has_now(staff_face, officer, closed):
    page = words_of(preview(staff_face, closed, **{"as": "now", "language": "en"}))
    real = words_of(as_candidate(closed).get("/statement/").content.decode())
    assert page == real
    assert "171" not in page


def test_while_stopped_the_preview_has_the_notice_and_no_mark(staff_face, officer, closed):
    page = words_of(preview(staff_face, closed, **{"as": "stopped", "language": "en"}))
    assert "We have paused these results to check them." in page
    assert "171" not in page
    notice = stopping.Notice("Torna domani.", "Come back tomorrow.")
    stopping.stop_session(closed.session, officer, "Wrong file", notice)
    page = words_of(preview(staff_face, closed, **{"as": "stopped", "language": "it"}))
    assert "Torna domani." in page
    open_it(closed.session)
    browser = as_candidate(closed)
    browser.cookies["language"] = "it"
    assert page == words_of(browser.get("/statement/").content.decode())


def test_a_correction_is_previewed_with_what_was_amended(staff_face, officer, opened):
    factories.statement(opened, version=2, **LOW)
    shown = words_of(preview(staff_face, opened, language="en"))
    assert "171" in shown
    assert "163" in shown
    factories.approve_by_two(Release.objects.get(session=opened.session))
    assert shown == words_of(as_candidate(opened).get("/statement/").content.decode())


def test_a_correction_during_a_stop_is_previewed_as_it_will_be_after_it(staff_face, officer, opened):
    stops = stopping.stop_candidates(type(opened).objects.filter(pk=opened.pk), officer, "Wrong marks")
    factories.statement(opened, version=2, **LOW)
    shown = words_of(preview(staff_face, opened, language="en"))
    assert "171" in shown
    factories.approve_by_two(Release.objects.get(session=opened.session))
    stopping.lift(type(stops[0]).objects.filter(pk=stops[0].pk), officer)
    assert shown == words_of(as_candidate(opened).get("/statement/").content.decode())


def test_what_a_stop_kept_back_all_the_time_is_not_previewed_as_amended(staff_face, officer, closed):
    factories.approve_by_two(closed.session.release)
    stop = stopping.stop_session(closed.session, officer, "Rows shifted")
    with connection.cursor() as cursor:  # time passes
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("release", "approval", "stop"):
            cursor.execute(f"ALTER TABLE results_{table} DISABLE TRIGGER USER")
        cursor.execute("UPDATE results_approval SET took_effect_at = now() - '3 h'::interval")
        cursor.execute("UPDATE results_stop SET started_at = now() - '2 h'::interval")
        for table in ("release", "approval"):
            cursor.execute(f"UPDATE results_{table} SET opens_at = now() - '1 h'::interval")
        for table in ("release", "approval", "stop"):
            cursor.execute(f"ALTER TABLE results_{table} ENABLE TRIGGER USER")
    factories.statement(closed, version=2, **LOW)
    shown = words_of(preview(staff_face, closed, language="en"))
    assert "171" not in shown
    factories.approve_by_two(Release.objects.get())
    stopping.lift(type(stop).objects.all(), officer)
    assert shown == words_of(as_candidate(closed).get("/statement/").content.decode())


def test_a_correction_before_the_hour_is_previewed_as_the_first_that_is_shown(staff_face, officer, closed):
    factories.approve_by_two(closed.session.release)
    factories.statement(closed, version=2, **LOW)
    shown = words_of(preview(staff_face, closed, language="en"))
    assert "171" not in shown
    open_it(closed.session)
    assert shown == words_of(as_candidate(closed).get("/statement/").content.decode())


def test_the_certificate_is_on_the_preview_as_on_the_page(staff_face, officer, closed):
    Certificate.objects.create(entry=closed, state="at_centre", arrived_on=factories.database_now().date())
    shown = words_of(preview(staff_face, closed, language="en"))
    open_it(closed.session)
    assert shown == words_of(as_candidate(closed).get("/statement/").content.decode())


def test_an_entry_that_nobody_registered_with_is_previewed_too(staff_face, officer):
    entry = factories.entry(factories.session(opens_in=DAY, approved=False))
    page = preview(staff_face, entry, language="en")
    assert "Nobody has registered with this entry" in bar_of(page)
    assert "There is no result yet." in bar_of(page)
    assert "Your result is not here yet" in words_of(page)
    assert "Your result is not out yet" in words_of(
        preview(staff_face, entry, **{"as": "now", "language": "en"})
    )


def test_no_link_of_the_previewed_page_leads_into_the_staff_face(staff_face, officer, closed):
    page = re.sub(r"<aside.*?</aside>", "", preview(staff_face, closed), flags=re.DOTALL)
    links = re.findall(r'(?:href|action)="([^"]+)"', page)
    assert links
    own = [link for link in links if not link.startswith(("#", "/static/", "mailto:", "tel:"))]
    assert {link.partition("/account")[0].partition("/statement")[0][:26] for link in own} == {
        "http://results.example.org"
    }


def test_nothing_runs_and_nothing_can_be_sent_from_a_preview(staff_face, officer, closed):
    policy = staff_face.get(f"/admin/preview/candidates/{closed.pk}/").headers["Content-Security-Policy"]
    assert "script-src 'none'" in policy
    assert "form-action 'none'" in policy


# --- The centre's page --------------------------------------------------------------------------------


def test_before_the_hour_staff_see_the_centres_page_and_the_centre_sees_no_mark(staff_face, officer, closed):
    other = factories.entry(closed.session, family_name="Altrove", preparation_centre=factories.centre())
    factories.statement(other, **LOW)
    shown = preview_of_centre(staff_face, closed, language="en")
    assert ">171<" in shown
    assert "Altrove" not in shown
    assert "1 result is not approved yet." in bar_of(shown)
    address = f"/sessions/{closed.session.code}/"
    school = as_centre(closed)
    assert "171" not in school.get(address).content.decode()
    now = preview_of_centre(staff_face, closed, **{"as": "now", "language": "en"})
    assert words_of(now) == words_of(school.get(address).content.decode())
    open_it(closed.session)
    assert words_of(shown) == words_of(school.get(address).content.decode())


def test_while_stopped_the_centres_page_has_the_notice_and_no_mark(staff_face, officer, closed):
    page = words_of(preview_of_centre(staff_face, closed, **{"as": "stopped", "language": "en"}))
    assert "We have paused these results to check them." in page
    assert "171" not in page
    stopping.stop_session(closed.session, officer, "Wrong file")
    open_it(closed.session)
    real = as_centre(closed).get(f"/sessions/{closed.session.code}/").content.decode()
    assert page == words_of(real)


def test_a_correction_is_marked_on_the_centres_preview(staff_face, officer, opened):
    factories.statement(opened, version=2, **LOW)
    shown = words_of(preview_of_centre(staff_face, opened, language="en"))
    assert "amended" in shown
    factories.approve_by_two(Release.objects.get(session=opened.session))
    real = as_centre(opened).get(f"/sessions/{opened.session.code}/").content.decode()
    assert shown == words_of(real)


def test_a_centre_costs_as_many_queries_with_thirty_students(
    staff_face, officer, closed, django_assert_max_num_queries
):
    for _number in range(30):
        factories.statement(factories.entry(closed.session, preparation_centre=closed.preparation_centre))
    with django_assert_max_num_queries(30):
        preview_of_centre(staff_face, closed)


# --- Who may, and what stays --------------------------------------------------------------------------


@pytest.mark.parametrize("group", [HELP_DESK, None])
def test_without_the_right_nobody_looks(staff_face, closed, group):
    person = factories.officer(group) if group else factories.staff()
    staff_face.force_login(person)
    assert staff_face.get(f"/admin/preview/candidates/{closed.pk}/").status_code == 403
    centre = f"/admin/preview/centres/{closed.session_id}/{closed.preparation_centre_id}/"
    assert staff_face.get(centre).status_code == 403
    assert not AuditEntry.objects.filter(kind=AuditNote.Kind.LOOKED).exists()


def test_an_approver_may_look(staff_face, closed):
    staff_face.force_login(factories.officer(APPROVER))
    assert ">171<" in preview(staff_face, closed)


def test_every_look_is_recorded_with_who_and_at_whom(staff_face, officer, closed):
    preview(staff_face, closed)
    look = AuditEntry.objects.get(kind=AuditNote.Kind.LOOKED)
    assert (look.model, look.object_id, look.user_id) == ("results.entry", closed.pk, str(officer.pk))
    preview_of_centre(staff_face, closed)
    assert AuditEntry.objects.filter(kind=AuditNote.Kind.LOOKED, model="results.examsession").count() == 1


def test_looking_changes_nothing_but_the_record(staff_face, officer, closed):
    def everything() -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            tables = [name for (name,) in cursor]
            found = {}
            for name in tables:
                cursor.execute(f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM \"{name}\" t")
                (found[name],) = cursor.fetchone()
        return found

    preview(staff_face, closed)
    before = everything()
    for moment in ("now", "open", "stopped"):
        preview(staff_face, closed, **{"as": moment})
        preview_of_centre(staff_face, closed, **{"as": moment})
    changed = {name for name, rows in everything().items() if rows != before[name]}
    assert changed <= {"results_portal_auditnote", "accounts_session"}


# --- Finding a candidate, and what makes no sense -----------------------------------------------------


def test_an_id_number_as_people_type_it_finds_the_page(staff_face, officer, closed):
    typed = f"{closed.id_number[:3].lower()} {closed.id_number[3:]}"
    response = staff_face.get(f"/admin/preview/session/{closed.session_id}/candidate/", {"id_number": typed})
    assert response.headers["Location"] == f"/admin/preview/candidates/{closed.pk}/"


def test_an_id_number_of_another_session_is_not_found(staff_face, officer, closed):
    other = factories.entry(factories.session())
    address = f"/admin/preview/session/{closed.session_id}/candidate/"
    response = staff_face.get(address, {"id_number": other.id_number}, follow=True)
    assert "No candidate of this session has the ID Number" in response.content.decode()


def test_odd_questions_are_answered(staff_face, officer, closed):
    assert staff_face.get("/admin/preview/candidates/999999/").status_code == 404
    assert staff_face.get(f"/admin/preview/centres/{closed.session_id}/999999/").status_code == 404
    stranger = factories.centre()
    assert staff_face.get(f"/admin/preview/centres/{closed.session_id}/{stranger.pk}/").status_code == 404
    assert ">171<" in preview(staff_face, closed, **{"as": "\0", "language": signing.b62_encode(7)})


def test_of_several_exams_the_one_that_is_asked_for_is_previewed(staff_face, officer, closed, opened):
    Entry.objects.filter(pk=closed.pk).update(user=None)
    Entry.objects.filter(pk=closed.pk).update(user=opened.user)
    now = preview(staff_face, closed, **{"as": "now", "language": "en"})
    assert "Your result is not out yet" in now
    assert ">171<" not in now
    assert ">171<" in preview(staff_face, opened, **{"as": "now"})
    own = FaceClient("candidates")
    own.force_login(opened.user)
    page = own.get(f"/statement/{closed.pk}/").content.decode()
    for words in (now, page):
        assert "My results" in words
