"""A centre asks about a student; the exams office answers."""

import re
from datetime import date

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from centres import asking
from centres.models import StudentQuestion
from results.models import Entry
from results_portal.office import APPROVER, HELP_DESK, OFFICER
from tests import factories
from tests.conftest import FaceClient
from tests.mailbox import html_of, text_of, work
from tests.office import page_of

PAGE = "/sessions/OPEN/questions/"
MISSING = {
    "kind": "missing",
    "missing-name": " Zoë  Kuvetto ",
    "missing-date_of_birth": "14 marzo 2010",
    "missing-id_number": "sir 094 701",
    "missing-message": "Iscritta a settembre.",
}
LIST = "/admin/centres/studentquestion/"


@pytest.fixture
def centre(db):
    return factories.centre()


@pytest.fixture
def secretary(centre):
    return factories.member(centre)


@pytest.fixture
def school(secretary) -> FaceClient:
    browser = FaceClient("centres")
    browser.force_login(secretary)
    return browser


@pytest.fixture
def entry(centre) -> Entry:
    """A student of the centre, in a session that has not opened."""
    session = factories.session(code="OPEN", approved=False)
    return factories.entry(session, family_name="Ferri", given_names="Luca", preparation_centre=centre)


def not_ours(entry: Entry, **more) -> dict:
    return {"kind": "not_ours", "not_ours-id_number": entry.id_number} | more


def question(entry: Entry, by, **fields) -> StudentQuestion:
    asking.ask_not_ours(entry, by, fields.pop("message", ""))
    return StudentQuestion.objects.get(entry=entry)


# --- Asking -------------------------------------------------------------------------------------------


def test_a_missing_student_lands_in_the_queue(school, entry, centre, secretary):
    response = school.post(PAGE, MISSING)
    assert response.url == PAGE
    asked = StudentQuestion.objects.get()
    assert (asked.kind, asked.state, asked.centre, asked.session) == (
        "missing",
        "open",
        centre,
        entry.session,
    )
    assert (asked.name, asked.date_of_birth) == ("Zoë Kuvetto", date(2010, 3, 14))
    assert (asked.id_number, asked.message) == ("SIR094701", "Iscritta a settembre.")
    assert (asked.asked_by, asked.entry) == (secretary, None)
    page = page_of(school.get(PAGE))
    assert "Your question is with the exams office." in page
    assert "Zoë Kuvetto: a student is missing" in page
    assert "waits for an answer" in page


def test_only_the_name_of_a_missing_student_is_needed(school, entry):
    assert school.post(PAGE, {"kind": "missing", "missing-name": "Zoë Kuvetto"}).status_code == 302
    assert StudentQuestion.objects.get().date_of_birth is None


def test_a_student_who_is_not_ours_is_named_by_id_number(school, entry):
    assert school.post(PAGE, not_ours(entry, **{"not_ours-message": "Mai visto."})).url == PAGE
    asked = StudentQuestion.objects.get()
    assert (asked.kind, asked.entry, asked.name) == ("not_ours", entry, "Luca Ferri")
    assert asked.message == "Mai visto."


def test_the_row_of_a_student_leads_to_the_form_about_them(school, entry):
    address = f"{PAGE}?student={entry.pk}"
    page = page_of(school.get(address))
    assert "Luca Ferri is not your student?" in page
    assert "ID Number of the student" not in page
    assert school.post(address, {"kind": "not_ours"}).url == PAGE
    assert StudentQuestion.objects.get().entry == entry


def test_another_schools_student_is_not_found(school, entry):
    other = factories.centre()
    theirs = factories.entry(entry.session, family_name="Loro", preparation_centre=other)
    nobodys = factories.entry(entry.session, family_name="Nessuno")
    elsewhere = factories.entry(factories.session(), preparation_centre=entry.preparation_centre)
    for each in (theirs, nobodys, elsewhere):
        assert school.get(f"{PAGE}?student={each.pk}").status_code == 404
        assert school.post(f"{PAGE}?student={each.pk}", {"kind": "not_ours"}).status_code == 404
        page = page_of(school.post(PAGE, not_ours(each)))
        assert "None of your students of this session has this ID Number." in page
        assert "Loro" not in page
    assert not StudentQuestion.objects.exists()


def test_another_schools_session_is_not_found(school, entry):
    factories.entry(factories.session(code="THEIRS"), preparation_centre=factories.centre())
    for code in ("THEIRS", "NONE"):
        assert school.get(f"/sessions/{code}/questions/").status_code == 404
        assert school.post(f"/sessions/{code}/questions/", MISSING).status_code == 404


def test_another_schools_questions_are_on_no_page(school, entry):
    other = factories.centre()
    theirs = factories.entry(entry.session, family_name="Loro", preparation_centre=other)
    asked = question(theirs, factories.member(other), message="Segreto")
    asking.answer(asked, factories.officer(), "Risposta riservata")
    for address in (PAGE, "/questions/"):
        page = page_of(school.get(address))
        assert not re.search("Loro|Segreto|Risposta riservata", page)


def test_who_leaves_the_centre_reads_its_questions_no_more(school, entry, secretary):
    question(entry, secretary)
    assert "Luca Ferri" in page_of(school.get("/questions/"))
    secretary.memberships.all().delete()
    assert "Luca Ferri" not in page_of(school.get("/questions/"))
    assert school.get(PAGE).status_code == 404


def test_a_moved_students_new_name_does_not_reach_the_old_school(school, entry, secretary):
    question(entry, secretary)
    Entry.objects.filter(pk=entry.pk).update(
        preparation_centre=factories.centre(), family_name="Nuovo", given_names="Nome"
    )
    page = page_of(school.get("/questions/"))
    assert "Luca Ferri" in page
    assert "Nuovo" not in page


def test_the_same_question_twice_is_said_in_words(school, entry):
    for form in (not_ours(entry), MISSING):
        assert school.post(PAGE, form).status_code == 302
        page = page_of(school.post(PAGE, form | {"missing-name": "ZOË KUVETTO"}))
        assert "You have asked about this student already." in page
    assert StudentQuestion.objects.count() == 2


def test_an_answered_question_may_be_asked_again(school, entry, secretary):
    asking.answer(question(entry, secretary), factories.officer(), "È vostro.")
    assert school.post(PAGE, not_ours(entry)).status_code == 302
    assert StudentQuestion.objects.filter(entry=entry).count() == 2


def test_more_questions_than_the_office_can_read_are_refused_in_words(school, entry):
    for number in range(asking.MOST_OPEN):
        school.post(PAGE, MISSING | {"missing-name": f"Zoë {number}"})
    assert StudentQuestion.objects.count() == asking.MOST_OPEN
    page = page_of(school.post(PAGE, MISSING | {"missing-name": "One too many"}))
    assert "30 questions of yours wait for an answer" in page
    assert 'value="One too many"' in page
    asking.answer(StudentQuestion.objects.first(), factories.officer(), "Trovata.")
    assert school.post(PAGE, MISSING | {"missing-name": "One too many"}).status_code == 302


def test_a_student_who_moves_while_the_form_is_open_is_refused_in_words(entry, secretary):
    asked = asking.own_entries([entry.preparation_centre], entry.session).get()
    Entry.objects.filter(pk=entry.pk).update(preparation_centre=None)
    with pytest.raises(ValidationError, match="no longer among yours"):
        asking.ask_not_ours(asked, secretary, "")


def test_a_faulty_form_keeps_what_was_typed_and_says_what_is_wrong(school, entry):
    form = MISSING | {"missing-name": "", "missing-date_of_birth": "31 2 2010"}
    page = page_of(school.post(PAGE, form))
    assert page.index("There is a problem") < page.index('<h2 id="missing"')
    assert 'href="#id_missing-name"' in page
    assert "Type the student’s given names and family name." in page
    assert 'value="31 2 2010"' in page
    assert "Iscritta a settembre." in page
    assert 'href="#id_not_ours-id_number"' in page_of(school.post(PAGE, {"kind": "not_ours"}))


def test_who_acts_for_two_schools_says_for_which(entry, secretary):
    second = factories.centre()
    factories.entry(entry.session, preparation_centre=second)
    secretary.memberships.create(centre=second)
    browser = FaceClient("centres")
    browser.force_login(secretary)
    assert "Choose the preparation centre." in page_of(browser.post(PAGE, MISSING))
    stranger = factories.centre()
    assert "Choose the preparation centre." in page_of(
        browser.post(PAGE, MISSING | {"missing-centre": stranger.pk})
    )
    assert browser.post(PAGE, MISSING | {"missing-centre": second.pk}).status_code == 302
    assert StudentQuestion.objects.get().centre == second


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"kind": "x"},
        {"kind": "missing", "missing-name": "\x00"},
        {"kind": "missing", "missing-name": "x" * 5000},
        {"kind": "missing", "missing-name": "x", "missing-id_number": "ŉ" * 20},
        {"kind": "missing", "missing-name": "x", "missing-date_of_birth": "9" * 40},
        {"kind": "missing", "missing-name": "x", "missing-message": "x" * 1001},
        {"kind": "not_ours", "not_ours-id_number": "\ud800"},
        {"kind": "not_ours", "not_ours-id_number": "9" * 20},
    ],
)
def test_nothing_that_is_typed_breaks_the_page(school, entry, form):
    school.raise_request_exception = False
    form = {name: value.encode("utf-8", "surrogatepass") for name, value in form.items()}
    assert school.post(PAGE, form).status_code in {200, 302, 400}


@pytest.mark.parametrize("key", ["0", "-1", "x", "9" * 30, "%00", "²", "1e3", ""])
def test_a_student_that_is_none_is_not_found(school, entry, key):
    assert school.get(f"{PAGE}?student={key}").status_code == 404


def test_the_pages_cost_the_same_queries_with_one_question_and_with_many(school, entry, secretary):
    def queries(page: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(school.get(page))
        return len([query for query in captured if "ROLE" not in query["sql"]])

    question(entry, secretary)
    before = queries(PAGE), queries("/questions/")
    for number in range(4):
        more = factories.entry(factories.session(), preparation_centre=entry.preparation_centre)
        asking.answer(question(more, secretary), factories.officer(), "Sì.")
        school.post(PAGE, MISSING | {"missing-name": f"Zoë {number}"})
    page_of(school.get(PAGE))  # the messages of what was sent
    assert (queries(PAGE), queries("/questions/")) == before


# --- Answering ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_answer_is_on_the_page_and_whoever_asked_is_told(school, entry, secretary, mailbox):
    asked = question(entry, secretary, message="Mai visto in classe")
    asking.answer(asked, factories.officer(HELP_DESK), " Spostato alla sua scuola. ")
    work(queues=["mail"])
    (mail,) = mailbox
    assert mail["To"] == secretary.email
    assert mail["Subject"] == "Your question is answered: B2 First, June 2026"
    for words in (text_of(mail), html_of(mail)):
        assert f"http://centres.example.org/questions/#question-{asked.pk}" in words
        assert not re.search("Ferri|Luca|Spostato|Mai visto|SIR0", words)
    page = page_of(school.get("/questions/"))
    assert f'id="question-{asked.pk}"' in page
    assert "Spostato alla sua scuola." in page
    assert "waits for an answer" not in page


@pytest.mark.django_db(transaction=True)
def test_the_mail_is_in_the_askers_language(entry, secretary, mailbox):
    secretary.language = "it"
    secretary.save()
    asking.answer(question(entry, secretary), factories.officer(), "Spostato.")
    work(queues=["mail"])
    assert mailbox[0]["Subject"].strip() == "C’è la risposta alla vostra segnalazione: B2 First, June 2026"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("gone", ["left", "inactive", "deleted"])
def test_who_is_no_longer_there_gets_no_mail(entry, secretary, mailbox, gone):
    asking.answer(question(entry, secretary), factories.officer(), "Spostato.")
    if gone == "left":
        secretary.memberships.all().delete()
    elif gone == "inactive":
        secretary.is_active = False
        secretary.save()
    else:
        secretary.delete()
    work(queues=["mail"])
    assert mailbox == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM procrastinate_jobs WHERE task_name LIKE '%question%'")
        assert cursor.fetchall() == [("succeeded",)]
    assert StudentQuestion.objects.get().answer == "Spostato."


def test_an_answer_needs_words_a_right_and_an_open_question(entry, secretary):
    asked, officer = question(entry, secretary), factories.officer()
    for text, who, words in (
        ("  ", officer, "Write an answer"),
        ("x" * 1001, officer, "1000 characters or fewer"),
        ("Sì.", factories.officer(APPROVER), "may not do this"),
        ("Sì.", secretary, "may not do this"),
    ):
        with pytest.raises(ValidationError, match=words):
            asking.answer(asked, who, text)
    asking.answer(asked, officer, "Sì.")
    with pytest.raises(ValidationError, match="answered this meanwhile"):
        asking.answer(asked, officer, "No.")
    assert StudentQuestion.objects.get().answer == "Sì."
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE '%question%'")
        assert cursor.fetchone() == (1,)


# --- The queue in the admin ---------------------------------------------------------------------------


@pytest.fixture
def help_desk(staff_face):
    person = factories.officer(HELP_DESK)
    staff_face.force_login(person)
    return person


def test_the_front_page_counts_what_waits_and_leads_there(staff_face, help_desk, entry, secretary):
    assert "waits for an answer" not in page_of(staff_face.get("/admin/"))
    question(entry, secretary)
    page = page_of(staff_face.get("/admin/"))
    assert "1 question about a student waits for an answer" in page
    link = re.search(r'href="(/admin/centres/studentquestion/[^"]*)"', page)[1]
    assert "Luca Ferri" in page_of(staff_face.get(link))
    staff_face.force_login(factories.officer(APPROVER))
    assert "about a student" not in page_of(staff_face.get("/admin/"))
    assert staff_face.get(LIST).status_code == 403


def test_the_longest_waiting_stands_first(staff_face, help_desk, entry, secretary, centre):
    names = ("Answered", "First", "Second")
    for name in names:
        student = factories.entry(entry.session, given_names=name, preparation_centre=centre)
        asked = question(student, secretary)
        if name == "Answered":
            asking.answer(asked, help_desk, "Sì.")
    page = page_of(staff_face.get(LIST))
    places = [page.index(f"{name} Bianchi") for name in ("First", "Second", "Answered")]
    assert places == sorted(places)


def test_a_question_is_answered_on_its_page(staff_face, help_desk, entry, secretary):
    asked = question(entry, secretary)
    page = page_of(staff_face.get(f"{LIST}{asked.pk}/change/"))
    assert f"/admin/results/entry/{entry.pk}/change/" in page
    assert "An exams officer can move the entry." in page
    address = f"{LIST}{asked.pk}/answer/"
    assert f'href="{address}"' in page
    assert "This field is required" in page_of(staff_face.post(address, {"sure": "yes", "answer": ""}))
    page = page_of(staff_face.post(address, {"sure": "yes", "answer": "Spostato."}, follow=True))
    assert "is answered." in page
    asked.refresh_from_db()
    assert (asked.state, asked.answer, asked.answered_by) == ("answered", "Spostato.", help_desk)
    assert address not in page_of(staff_face.get(f"{LIST}{asked.pk}/change/"))
    assert "Spostato." in page_of(staff_face.get(f"{LIST}{asked.pk}/history/"))


def test_the_missing_student_is_looked_for(staff_face, help_desk, school, entry):
    elsewhere = factories.entry(
        entry.session, family_name="Kuvetto", given_names="Zoe", date_of_birth=date(2010, 3, 14)
    )
    other = factories.entry(factories.session(), family_name="Kuvetto", given_names="Zoë")
    school.post(PAGE, MISSING)
    asked = StudentQuestion.objects.get()
    page = page_of(staff_face.get(f"{LIST}{asked.pk}/change/"))
    assert page.index(f"entry/{elsewhere.pk}/") < page.index(f"entry/{other.pk}/")
    assert "without a preparation centre" in page
    assert "same date of birth" in page
    for sought in ("Kuvetto", asked.centre.name, "SIR094701"):
        assert "Zoë Kuvetto" in page_of(staff_face.get(LIST, {"q": sought}))


def test_the_list_asks_the_database_as_often_for_three_rows_as_for_one(
    staff_face, help_desk, entry, secretary, centre
):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(staff_face.get(LIST))
        return len(captured)

    question(entry, secretary)
    queries()
    before = queries()
    for _each in range(2):
        more = factories.entry(factories.session(), preparation_centre=centre)
        question(more, factories.member(centre))
    assert queries() == before


def test_whoever_may_not_answer_is_refused(staff_face, entry, secretary):
    asked = question(entry, secretary)
    staff_face.force_login(factories.officer(APPROVER))
    assert staff_face.post(f"{LIST}{asked.pk}/answer/", {"sure": "yes", "answer": "x"}).status_code == 403
    assert staff_face.get(f"{LIST}{asked.pk}/change/").status_code == 403
    asked.refresh_from_db()
    assert asked.state == "open"


def test_an_entry_that_is_a_mistake_can_go_and_the_question_stays(staff_face, entry, secretary):
    asked = question(entry, secretary)
    staff_face.force_login(factories.officer(OFFICER))
    staff_face.post(f"/admin/results/entry/{entry.pk}/delete/", {"post": "yes"})
    assert not Entry.objects.exists()
    asked.refresh_from_db()
    assert (asked.entry, asked.name) == (None, "Luca Ferri")
    assert "no longer there" in page_of(staff_face.get(f"{LIST}{asked.pk}/change/"))


# --- The database is the last guard -------------------------------------------------------------------


def insert(**columns) -> None:
    names = ", ".join(columns)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO centres_studentquestion ({names}) VALUES ({', '.join(['%s'] * len(columns))})",
            list(columns.values()),
        )


def columns_of(entry: Entry, by) -> dict:
    return {
        "centre_id": entry.preparation_centre_id,
        "session_id": entry.session_id,
        "kind": "not_ours",
        "entry_id": entry.pk,
        "name": "Luca Ferri",
        "id_number": "",
        "message": "",
        "asked_by_id": by.pk,
    }


def test_what_a_centre_may_not_ask_the_database_refuses(entry, secretary):
    other = factories.centre()
    theirs = factories.entry(entry.session, preparation_centre=other)
    elsewhere = factories.entry(factories.session(), preparation_centre=entry.preparation_centre)
    empty = factories.session()
    for constraint, faulty in (
        ("question_about_own", {"entry_id": theirs.pk}),
        ("question_about_own", {"entry_id": elsewhere.pk}),
        ("question_about_own", {"entry_id": None}),
        ("question_about_own", {"kind": "missing", "entry_id": None, "session_id": empty.pk}),
        ("question_by_member", {"centre_id": other.pk, "entry_id": theirs.pk}),
        ("question_by_member", {"asked_by_id": factories.member(other).pk}),
        ("question_by_member", {"asked_by_id": None}),
        ("question_kind_known", {"kind": "other"}),
        ("question_kind_known", {"kind": "missing"}),
        ("question_kind_known", {"id_number": "SIR094701"}),
        ("question_has_name", {"name": ""}),
        ("question_answer_whole", {"state": "answered"}),
        ("question_answer_whole", {"answer": "Sì"}),
        ("question_answer_whole", {"state": "closed"}),
    ):
        with pytest.raises(IntegrityError) as refused:
            insert(**columns_of(entry, secretary) | faulty)
        assert refused.value.__cause__.diag.constraint_name == constraint, faulty
    insert(**columns_of(entry, secretary))


def test_the_face_writes_questions_and_nothing_else(role_connection):
    face = role_connection("centres")
    for sql in (
        "UPDATE centres_studentquestion SET answer = 'x'",
        "DELETE FROM centres_studentquestion",
        "SELECT date_of_birth FROM centres_studentquestion",
        "SELECT id_number FROM centres_studentquestion",
        "SELECT answered_by_id FROM centres_studentquestion",
        "INSERT INTO centres_studentquestion (name, state) VALUES ('x', 'answered')",
        "INSERT INTO centres_studentquestion (name, asked_at) VALUES ('x', now())",
        "SELECT 1 FROM centres_studentquestionevent",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            face.execute(sql)
    for login in ("candidates", "worker"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            role_connection(login).execute("SELECT name FROM centres_studentquestion")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role_connection("staff").execute("UPDATE centres_studentquestion SET message = 'x'")


@pytest.mark.django_db(transaction=True)
def test_two_questions_at_once_do_not_step_over_the_limit(role_connection, monkeypatch):
    centre = factories.centre()
    entry = factories.entry(factories.session(), preparation_centre=centre)
    by = factories.member(centre)
    missing = {**columns_of(entry, by), "kind": "missing", "entry_id": None}
    for number in range(asking.MOST_OPEN - 1):
        insert(**missing | {"name": f"Zoë {number}"})
    names = ", ".join(missing)
    sql = f"INSERT INTO centres_studentquestion ({names}) VALUES ({', '.join(['%s'] * len(missing))})"
    first, second = role_connection("centres"), role_connection("centres")
    first.execute("BEGIN")
    first.execute(sql, list((missing | {"name": "Last"}).values()))
    second.execute("SET lock_timeout = '200ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        second.execute(sql, list((missing | {"name": "One more"}).values()))
    first.execute("COMMIT")
    with pytest.raises(psycopg.errors.CheckViolation, match="too many"):
        second.execute(sql, list((missing | {"name": "One more"}).values()))
