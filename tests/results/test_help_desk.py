"""The help desk's pages: one box that finds a person, the person's page without marks, and the buttons."""

from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from results import stopping
from results.finding import MOST_FOUND, find_entries
from results.models import Certificate, Entry
from results.numbers import read_reference_number
from results_portal.models import AuditNote
from results_portal.office import APPROVER, AUDITOR, EDITOR, HELP_DESK, OFFICER
from tests import factories
from tests.conftest import FaceClient, database_role

DESK = "/admin/help-desk/"
MARK = 177  # stands nowhere else
SKILLS = ("reading", "use_of_english", "writing", "listening", "speaking")


@pytest.fixture
def helper(staff_face) -> User:
    person = factories.officer(HELP_DESK)
    staff_face.force_login(person)
    return person


@pytest.fixture
def alice(db) -> Entry:
    """A registered candidate with an open result; another candidate is there too."""
    session = factories.session("B2F", exam_date=date(2026, 6, 13), letter="F")
    entry = factories.entry(
        session,
        id_number="SIR094701",
        candidate_number="5003",
        family_name="D’Alò Ćosić",
        given_names="Alice Zoë",
        preparation_centre=factories.centre(name="Liceo Galvani"),
    )
    factories.statement(entry, overall=MARK, result="B", cefr="B2", **dict.fromkeys(SKILLS, MARK))
    factories.candidate(entry, email="Alice.Dalo@example.org")
    factories.entry(session, candidate_number="5004", family_name="Bianchi", given_names="Bruno")
    return entry


def page_of(response) -> str:
    assert response.status_code == 200, response
    return response.content.decode()


def person(entry: Entry) -> str:
    return f"{DESK}entry/{entry.pk}/"


# --- Finding ----------------------------------------------------------------------------------------

WAYS = [
    "SIR094701",
    " sir 094-7o1 ",
    "SIR O94701",
    "5003",
    "26FIT0245003",
    "26 f it o24 5003",
    "D’Alò",
    "d'alo",
    "dalo",
    "d alo",
    "alo",
    "ALICE DALO",
    "cosic zoe alice",
    "ali cos",
    "Zoe\u0308",
    "alice.dalo@example.org",
    "ALICE.DALO@",
]


@pytest.mark.parametrize("typed", WAYS)
def test_the_one_person_who_is_meant_is_found_and_her_page_opens(staff_face, helper, alice, typed):
    response = staff_face.get(DESK, {"q": typed})
    assert (response.status_code, response.headers.get("Location")) == (302, person(alice)), typed


@pytest.mark.parametrize(
    "typed",
    ["Nobody", "SIR999999", "25FIT0245003", "26FIT0255003", "x@example.org", "lice", "%", "_", "’", "! &"],
)
def test_who_is_not_there_is_not_found(staff_face, helper, alice, typed):
    page = page_of(staff_face.get(DESK, {"q": typed}))
    assert "Nobody is found" in page
    assert "SIR094701" not in page


@pytest.mark.parametrize(
    "typed", ["", "   ", "\0", "x" * 201, "' OR 1=1 --", "a:* & b", "(", "\\", "😀", "İ"]
)
def test_nothing_that_is_typed_breaks_the_page(staff_face, helper, alice, typed):
    assert "SIR094701" not in page_of(staff_face.get(DESK, {"q": typed}))


def test_an_address_on_the_entry_finds_who_has_not_registered(staff_face, helper, alice):
    bob = factories.entry(alice.session, email="bob@school.example")
    assert staff_face.get(DESK, {"q": "bob@school"}).headers["Location"] == person(bob)


def test_several_hits_are_listed_and_told_apart(staff_face, helper, alice):
    factories.entry(factories.session("C1A"), family_name="Dalò", given_names="Aldo")
    page = page_of(staff_face.get(DESK, {"q": "dalo"}))
    for words in ("D’Alò Ćosić Alice Zoë", "Dalò Aldo", "B2 First", "C1 Advanced", "Liceo Galvani"):
        assert words in page
    assert str(MARK) not in page


def test_at_most_fifty_hits_are_shown_and_the_page_says_so(staff_face, helper):
    session = factories.session()
    for _more in range(MOST_FOUND + 1):
        factories.entry(session, family_name="Rossi")
    page = page_of(staff_face.get(DESK, {"q": "rossi"}))
    assert page.count(">Rossi Alice</a>") == MOST_FOUND
    assert "These are the first 50." in page


def test_a_centre_member_is_found_by_address_and_by_the_centre(staff_face, helper, alice):
    member = factories.member(factories.centre(name="Istituto Rodari"))
    for typed in (member.email, member.email.upper(), "istituto rod"):
        assert staff_face.get(DESK, {"q": typed}).headers["Location"] == f"{DESK}account/{member.pk}/"
    page = page_of(staff_face.get(f"{DESK}account/{member.pk}/"))
    assert "Istituto Rodari" in page
    assert "Result seen" not in page


def test_staff_are_not_found_here(staff_face, helper):
    other = factories.staff()
    assert "Nobody is found" in page_of(staff_face.get(DESK, {"q": other.email}))
    assert staff_face.get(f"{DESK}account/{other.pk}/").status_code == 404
    assert staff_face.post(f"{DESK}account/{other.pk}/sign-out/").status_code == 404


def test_names_are_found_by_their_index(alice):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM results_entry"
            " WHERE results_name_words(family_name, given_names) @@ results_words_query('dalo ali')"
        )
        plan = "\n".join(line for (line,) in cursor)
    assert "results_entry_name_words" in plan
    assert "Seq Scan" not in plan


def test_finding_reads_no_digest(alice):
    with CaptureQueriesContext(connection) as captured, database_role("portal_staff"):
        assert list(find_entries("dalo")) == [alice]
    assert "secret_digest" not in "".join(query["sql"] for query in captured)


@pytest.mark.parametrize("typed", ["", "15BGB961500", "SIR094701", "15BGB961500333A", "è5BGB9615003"])
def test_what_has_not_its_form_is_no_reference_number(typed):
    assert read_reference_number(typed) is None


def test_a_reference_number_is_read_into_its_parts():
    number = read_reference_number("15 bgb-96i 5oo3")
    assert (number.year, number.letter, number.centre, number.candidate_number) == (
        2015,
        "B",
        "GB961",
        "5003",
    )


# --- The person's page ------------------------------------------------------------------------------


def test_the_page_tells_what_the_help_desk_needs_and_no_mark(staff_face, helper, alice, candidates):
    candidates.post("/", {"username": "SIR094701", "password": factories.PASSWORD})
    candidates.get("/statement/")
    User.objects.filter(username="SIR094701").update(email_confirmed_at=factories.database_now())
    Certificate.objects.create(entry=alice, state="at_centre", arrived_on=date(2026, 7, 20))
    page = page_of(staff_face.get(person(alice)))
    for words in (
        "SIR094701",
        "26FIT0245003",
        "14 March 2010",
        "Liceo Galvani",
        "(Italian time)",
        "<td>open</td>",
        "Alice.Dalo@example.org",
        "first on",
        "1 browser",
        "at the exams office: 20 July 2026",
    ):
        assert words in page, words
    for secret in (str(MARK), "Pass at Grade", "argon2", alice.secret_digest):
        assert secret not in page
    assert not AuditNote.objects.filter(kind="looked").exists()


def test_who_has_not_registered_has_a_page_too(staff_face, helper, alice):
    bob = Entry.objects.get(family_name="Bianchi")
    page = page_of(staff_face.get(person(bob)))
    assert "Correct the address" not in page
    assert staff_face.post(f"{person(bob)}unlock/").headers["Location"] == person(bob)
    assert LogEntry.objects.get().object_id == str(bob.pk)


@pytest.mark.parametrize("scope", ["session", "centre", "candidate"])
def test_a_stop_is_told_with_its_reason(staff_face, helper, alice, scope):
    by = factories.officer()
    match scope:
        case "session":
            stopping.stop_session(alice.session, by, "Wrong file")
        case "centre":
            stopping.stop_centre(alice.session, alice.preparation_centre, by, "Wrong file")
        case "candidate":
            stopping.stop_candidates(Entry.objects.filter(pk=alice.pk), by, "Wrong file")
    assert "Wrong file" in page_of(staff_face.get(person(alice)))
    bob = Entry.objects.get(family_name="Bianchi")
    assert ("Wrong file" in page_of(staff_face.get(person(bob)))) is (scope == "session")


def test_a_locked_person_is_seen_and_unlocked_by_a_button(staff_face, helper, alice, candidates):
    for _try in range(11):
        candidates.post("/", {"username": "SIR094701", "password": "wrongW00"})
    assert "signing in: until" in page_of(staff_face.get(person(alice)))
    page = page_of(staff_face.post(f"{person(alice)}unlock/", follow=True))
    assert "Unlocked" in page
    assert "signing in: until" not in page


def test_the_buttons_do_what_they_say(staff_face, helper, alice, candidates):
    user = alice.user
    User.objects.filter(pk=user.pk).update(email_confirmed_at=factories.database_now())
    candidates.force_login(user)
    for verb, words in (
        ("unlock", "Unlocked: the next try"),
        ("resend", "We have sent the confirmation again, to Alice.Dalo@example.org."),
        ("reset", "We have sent a link for a new password to Alice.Dalo@example.org."),
        ("sign-out", "Signed out everywhere."),
    ):
        assert words in page_of(staff_face.post(f"{DESK}account/{user.pk}/{verb}/", follow=True)), verb
    assert candidates.get("/account/").status_code == 302
    assert LogEntry.objects.filter(user=helper, object_id=str(user.pk)).count() == 4
    note = AuditNote.objects.filter(account_id=user.pk).first()
    assert (note.context["user"], note.context["address"]) == (helper.pk, "127.0.0.1")


def test_a_reset_is_refused_in_words_while_the_address_is_not_confirmed(staff_face, helper, alice):
    page = page_of(staff_face.post(f"{DESK}account/{alice.user_id}/reset/", follow=True))
    assert "The address is not confirmed, so it may be somebody else’s." in page
    assert "We have sent a link" not in page


def test_an_address_is_corrected_with_a_reason(staff_face, helper, alice):
    form = {"address": "right@example.org", "reason": "Mistyped; identity card seen"}
    page = page_of(staff_face.post(f"{DESK}account/{alice.user_id}/address/", form, follow=True))
    assert "We have sent an email to right@example.org" in page
    assert User.objects.get(pk=alice.user_id).email == "right@example.org"


@pytest.mark.parametrize(
    ("address", "reason", "words"),
    [
        ("right@example", "Mistyped", "Enter a valid email address."),
        ("right@example.org", "", "This field is required."),
        ("right@example.org", " ", "This field is required."),
        ("Alice.Dalo@example.org", "Mistyped", "This is the address on record."),
        ("a\0b@example.org", "Mistyped", "Null characters are not allowed."),
    ],
)
def test_a_refused_address_keeps_what_was_typed(staff_face, helper, alice, address, reason, words):
    form = {"address": address, "reason": reason}
    page = page_of(staff_face.post(f"{DESK}account/{alice.user_id}/address/", form))
    assert words in page
    assert "\0" in address or f'value="{address}"' in page
    assert User.objects.get(pk=alice.user_id).email == "Alice.Dalo@example.org"


def test_the_pages_cost_as_many_queries_with_three_hits_as_with_two(staff_face, helper, alice):
    def queries(query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(staff_face.get(DESK, {"q": query}))
        return len(captured)

    factories.entry(alice.session, family_name="Dalo")
    queries("dalo")
    with_two = queries("dalo")
    factories.entry(factories.session(), family_name="Dalo", preparation_centre=factories.centre())
    assert queries("dalo") == with_two


# --- Rights -----------------------------------------------------------------------------------------

POSTS = ("unlock", "resend", "reset", "sign-out", "address")


@pytest.mark.parametrize("group", [APPROVER, AUDITOR])
def test_who_may_only_look_has_no_buttons_and_no_verb(staff_face, alice, group):
    staff_face.force_login(factories.officer(group))
    page = page_of(staff_face.get(person(alice)))
    assert "What you can do" not in page
    for verb in POSTS:
        form = {"address": "right@example.org", "reason": "Mistyped"}
        page = page_of(staff_face.post(f"{DESK}account/{alice.user_id}/{verb}/", form, follow=True))
        assert "may not do this" in page, verb
    assert "may not do this" in page_of(staff_face.post(f"{person(alice)}unlock/", follow=True))
    assert User.objects.get(pk=alice.user_id).email == "Alice.Dalo@example.org"


def test_an_editor_does_not_get_in(staff_face, alice):
    staff_face.force_login(factories.officer(EDITOR))
    for address in (DESK, person(alice), f"{DESK}account/{alice.user_id}/"):
        assert staff_face.get(address).status_code == 403
    assert "Help desk" not in page_of(staff_face.get("/admin/"))


def test_who_is_not_signed_in_is_led_to_the_sign_in_page(staff_face, alice):
    assert staff_face.get(DESK).status_code == 302
    assert staff_face.post(f"{DESK}account/{alice.user_id}/sign-out/").status_code == 302
    assert not LogEntry.objects.exists()


def test_a_verb_is_never_done_by_following_a_link(staff_face, helper, alice):
    for verb in POSTS:
        assert staff_face.get(f"{DESK}account/{alice.user_id}/{verb}/").status_code == 405


def test_the_front_page_has_the_box(staff_face, helper):
    assert f'action="{DESK}"' in page_of(staff_face.get("/admin/"))


# --- Looking at a result ----------------------------------------------------------------------------


def test_a_look_at_a_statement_is_noted_each_time(staff_face, alice):
    officer = factories.officer(OFFICER)
    staff_face.force_login(officer)
    statement = alice.statements.get()
    for _look in range(2):
        assert str(MARK) in page_of(staff_face.get(f"/admin/results/statement/{statement.pk}/change/"))
    notes = AuditNote.objects.filter(kind="looked")
    assert [(note.object_id, note.entry_id, note.context["user"]) for note in notes] == [
        (statement.pk, alice.pk, officer.pk)
    ] * 2


def test_a_list_with_marks_is_noted_with_whose_they_were(staff_face, alice):
    staff_face.force_login(factories.officer(OFFICER))
    assert str(MARK) in page_of(staff_face.get("/admin/results/statement/"))
    assert AuditNote.objects.get(kind="looked").words == "in a list: SIR094701"
    page_of(staff_face.get("/admin/results/statement/", {"q": "Nobody"}))
    assert AuditNote.objects.filter(kind="looked").count() == 1


def test_the_entrys_page_shows_no_mark_and_leads_to_the_statement(staff_face, alice):
    staff_face.force_login(factories.officer(OFFICER))
    page = page_of(staff_face.get(f"/admin/results/entry/{alice.pk}/change/"))
    assert str(MARK) not in page
    assert f"/admin/results/statement/{alice.statements.get().pk}/change/" in page
    assert not AuditNote.objects.filter(kind="looked").exists()


@pytest.fixture
def reader(staff_face) -> User:
    """May view statements, but not look at results."""
    person = factories.officer(HELP_DESK)
    person.user_permissions.add(Permission.objects.get(codename="view_statement"))
    staff_face.force_login(person)
    return person


def test_without_the_right_lists_have_no_marks_and_pages_do_not_open(staff_face, reader, alice):
    page = page_of(staff_face.get("/admin/results/statement/"))
    assert "SIR094701" in page
    assert str(MARK) not in page
    assert "Pass at Grade" not in page
    address = f"/admin/results/statement/{alice.statements.get().pk}/change/"
    assert staff_face.get(address).status_code == 403
    assert staff_face.get(address.replace("change", "history")).status_code == 403
    assert not AuditNote.objects.filter(kind="looked").exists()


@pytest.mark.parametrize(
    ("model", "query"),
    [
        ("statement", "overall__gt=170"),
        ("statement", "result__exact=B"),
        ("statement", "status__exact=result"),
        ("statement", "reading=177"),
        ("entry", "statements__overall__gt=170"),
        ("entry", "newest_status=result"),
        ("certificateentry", "statements__overall__gt=170"),
    ],
)
def test_without_the_right_no_question_to_a_list_gives_a_mark_away(staff_face, reader, alice, model, query):
    response = FaceClient("staff", raise_request_exception=False)
    response.force_login(reader)
    right, wrong = (
        response.get(f"/admin/results/{model}/?{text}")
        for text in (query, query.replace("170", "199").replace("=B", "=C").replace("=result", "=X"))
    )
    assert right.status_code == wrong.status_code
    assert right.status_code in {302, 400}


def test_the_help_desk_sees_no_code_in_place_of_a_result(staff_face, helper, alice):
    bob = Entry.objects.get(family_name="Bianchi")
    factories.statement(bob, status="withheld")
    for address in ("/admin/results/entry/", f"/admin/results/entry/{bob.pk}/change/", person(bob)):
        assert "Withheld" not in page_of(staff_face.get(address)), address
    staff_face.force_login(factories.officer(OFFICER))
    assert "Withheld" in page_of(staff_face.get("/admin/results/entry/"))


def test_a_session_that_opens_later_says_when(staff_face, helper):
    entry = factories.entry(factories.session(opens_in=timedelta(days=3)))
    assert "approved, not open yet" in page_of(staff_face.get(person(entry)))


# --- Several exams in one account -------------------------------------------------------------------


@pytest.fixture
def alices_second(alice) -> Entry:
    entry = factories.entry(
        factories.session("C1A", exam_date=date(2026, 11, 14), title="November 2026"),
        id_number="SIR094702",
        family_name="D’Alò Ćosić",
        given_names="Alice Zoë",
    )
    factories.statement(entry)
    Entry.objects.filter(pk=entry.pk).update(user=alice.user)
    entry.refresh_from_db()
    return entry


def test_each_exam_has_its_page_and_leads_to_the_others(staff_face, helper, alice, alices_second):
    for entry, other in ((alice, alices_second), (alices_second, alice)):
        page = page_of(staff_face.get(person(entry)))
        assert "Other exams in this account" in page
        assert f'href="{person(other)}"' in page
        assert "SIR094701, SIR094702" in page
        assert page.count("Alice.Dalo@example.org") >= 1
        assert str(MARK) not in page


def test_an_account_with_one_exam_has_no_list_of_others(staff_face, helper, alice):
    assert "Other exams" not in page_of(staff_face.get(person(alice)))


def test_each_number_and_the_name_find_the_person(staff_face, helper, alice, alices_second):
    for entry in (alice, alices_second):
        assert staff_face.get(DESK, {"q": entry.id_number}).headers["Location"] == person(entry)
    for typed in ("alice dalo", "alice.dalo@"):
        page = page_of(staff_face.get(DESK, {"q": typed}))
        assert f'href="{person(alice)}"' in page
        assert f'href="{person(alices_second)}"' in page


@pytest.mark.parametrize("tried", ["SIR094701", "SIR094702"])
@pytest.mark.parametrize("on", ["first", "second", "account"])
def test_a_lock_is_seen_and_undone_from_every_exam(
    staff_face, helper, alice, alices_second, candidates, tried, on
):
    form = {"username": tried, "password": "wrongW00"}
    for _try in range(11):
        candidates.post("/", form)
    for entry in (alice, alices_second):
        assert "signing in: until" in page_of(staff_face.get(person(entry)))
    address = {
        "first": f"{person(alice)}unlock/",
        "second": f"{person(alices_second)}unlock/",
        "account": f"{DESK}account/{alice.user_id}/unlock/",
    }[on]
    staff_face.post(address)
    for entry in (alice, alices_second):
        assert "signing in: until" not in page_of(staff_face.get(person(entry)))
    right = {"username": "SIR094702", "password": factories.PASSWORD}
    assert candidates.post("/", right).status_code == 302


def test_after_a_button_the_exam_that_was_looked_at_is_still_there(staff_face, helper, alice, alices_second):
    stranger = factories.candidate(factories.entry(factories.session())).entries.get()
    address = f"{DESK}account/{alice.user_id}/resend/"
    newest = person(alices_second)
    for asked, back in (
        (alice.pk, person(alice)),
        (alices_second.pk, newest),
        (stranger.pk, newest),
        ("", newest),
        ("9" * 40, newest),
        ("x\0", newest),
    ):
        assert staff_face.post(address, {"entry": asked}).headers["Location"] == back, asked
    page = page_of(
        staff_face.post(f"{DESK}account/{alice.user_id}/address/", {"address": "", "entry": alice.pk})
    )
    assert "<td>SIR094701</td>" in page
    assert staff_face.get(f"{DESK}account/{alice.user_id}/").headers["Location"] == newest


def test_the_page_costs_the_same_with_more_exams(staff_face, helper, alice, alices_second):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(staff_face.get(person(alice)))
        return len(captured)

    queries()
    before = queries()
    for number in range(3):
        entry = factories.entry(factories.session(), id_number=f"TIR00000{number}")
        Entry.objects.filter(pk=entry.pk).update(user=alice.user)
    assert queries() == before
