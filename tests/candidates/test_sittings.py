"""Several exams in one account: adding one, all of them on a page, each at its own address."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from accounts.models import User
from accounts.throttle import REGISTER_PER_NAME
from candidates import adding, registering, seeing
from candidates.adding import Outcome
from results import stopping
from results.models import Entry, Release, Seen
from results.numbers import digest_secret_number
from results.stopping import Notice
from results_portal.roles import CANDIDATES
from tests import factories
from tests.conftest import FaceClient, database_role, page_of
from tests.factories import PASSWORD, SECRET_NUMBER
from tests.mailbox import html_of, text_of, work

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
FIRST, SECOND_NUMBER = "SIR094701", "SIR094702"
MARK, EARLIER_MARK = 177, 153  # scores that stand nowhere else
ADD = "/account/exams/add/"


@pytest.fixture
def alice(db) -> User:
    """A candidate with an open B1 Preliminary of last year."""
    entry = factories.entry(
        factories.session("B1P", exam_date=date(2025, 6, 14), title="June 2025"), id_number=FIRST
    )
    skills = dict.fromkeys(("reading", "writing", "listening", "speaking"), EARLIER_MARK)
    factories.statement(entry, overall=EARLIER_MARK, result="B", cefr="B1", **skills)
    return factories.candidate(entry)


def second_exam(opens_in=-HOUR, user: User | None = None, exam="B2F", **fields) -> Entry:
    """Alice's B2 First of this year, with a result."""
    entry = factories.entry(
        factories.session(exam, opens_in=opens_in), **{"id_number": SECOND_NUMBER} | fields
    )
    skills = dict.fromkeys(("reading", "use_of_english", "writing", "listening", "speaking"), MARK)
    factories.statement(entry, overall=MARK, result="B", cefr="B2", **skills)
    if user:
        Entry.objects.filter(pk=entry.pk).update(user=user)
    return entry


def browser_of(user: User) -> FaceClient:
    browser = FaceClient("candidates")
    browser.force_login(user)
    return browser


def numbers(id_number=SECOND_NUMBER, secret_number=SECRET_NUMBER) -> dict:
    return {"id_number": id_number, "secret_number": secret_number}


def shows(page: str, mark: int = MARK) -> bool:
    """Whether a score stands anywhere on the page; a key of a row may be the same number."""
    return f">{mark}<" in page


def jobs() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs ORDER BY id")
        return [name for (name,) in cursor]


# --- Adding -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [SECOND_NUMBER, "sir 094-702", "S1R O947O2"])
def test_another_slip_comes_into_the_same_account(alice, typed):
    entry = second_exam()
    browser = browser_of(alice)
    response = browser.post(ADD, numbers(typed, "84 8-2"), follow=True)
    assert response.redirect_chain == [("/exams/", 302)]
    assert "B2 First, June 2026, is in your account now." in response.content.decode()
    entry.refresh_from_db()
    assert entry.user == alice
    assert User.objects.filter(face="candidates").count() == 1
    assert jobs() == ["candidates.tasks.send_exam_added"]
    assert f">{MARK}<" in browser.get(f"/statement/{entry.pk}/").content.decode()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"secret_number": "8483"}, "We cannot find this ID Number with this Secret Number"),
        ({"id_number": "SIR999999"}, "your entry may not be here yet: try again on the next working day"),
        ({"id_number": ""}, "Type the ID Number from your slip."),
        ({"secret_number": ""}, "Type the Secret Number from your slip."),
        ({"id_number": SECRET_NUMBER, "secret_number": SECOND_NUMBER}, "you have swapped the two numbers"),
        ({"id_number": "x" * 5000}, "at most 200 characters"),
        ({"id_number": "SIR\x00"}, "Null characters are not allowed"),
        ({"secret_number": "😀"}, "We cannot find"),
        ({"id_number": "٣" * 9}, "We cannot find"),
    ],
)
def test_a_fault_has_its_message_adds_nothing_and_keeps_what_was_typed(alice, changes, message):
    second_exam()
    response = browser_of(alice).post(ADD, numbers() | changes)
    page = response.content.decode()
    assert response.status_code == 200
    assert message in page
    assert "There is a problem" in page
    assert f'value="{changes.get("secret_number", SECRET_NUMBER)}"' in page or not changes.get(
        "secret_number", "x"
    )
    assert alice.entries.count() == 1
    assert jobs() == []


def test_unknown_number_and_wrong_secret_get_the_same_answer_after_the_same_work(alice):
    second_exam()
    browser, answers, statements = browser_of(alice), [], []
    for form in (numbers(secret_number="8483"), numbers("SIR555555")):
        with CaptureQueriesContext(connection) as captured:
            page = page_of(browser.post(ADD, form))
        statements.append(len(captured))
        answers.append(page.replace(form["id_number"], "ID").replace(form["secret_number"], "SECRET"))
    assert answers[0] == answers[1]
    assert statements[0] == statements[1]


def test_the_same_counters_stop_guessing_here_and_at_registration(alice):
    second_exam()
    browser, stranger = browser_of(alice), FaceClient("candidates")
    for guess in range(REGISTER_PER_NAME.failures):
        assert browser.post(ADD, numbers(secret_number=f"{guess:04d}")).status_code == 200
    refused = browser.post(ADD, numbers())
    assert refused.status_code == 429
    assert "Too many tries" in refused.content.decode()
    form = numbers() | {"email": "a@example.org", "password": PASSWORD, "confirm_password": PASSWORD}
    assert stranger.post("/register/", form | {"terms": "on"}).status_code == 429
    assert alice.entries.count() == 1


def test_who_is_not_signed_in_is_asked_to_sign_in(candidates):
    for address in (ADD, "/exams/", "/statement/1/"):
        assert candidates.get(address).url == f"/?next={address}"
        assert candidates.post(address, numbers()).status_code == 302


def test_an_exam_that_is_there_already_is_said_to_be_there(alice):
    page = browser_of(alice).post(ADD, numbers(FIRST)).content.decode()
    assert "This exam is in your account already." in page
    assert jobs() == []


def test_an_exam_with_an_account_of_its_own_stays_there_and_only_the_holder_of_the_slip_learns_it(alice):
    entry = second_exam()
    other = factories.candidate(entry)
    browser = browser_of(alice)
    page = browser.post(ADD, numbers()).content.decode()
    assert "There is an account for this slip already" in page
    assert "/help/#another-exam" in page
    assert "There is an account" not in browser.post(ADD, numbers(secret_number="0000")).content.decode()
    entry.refresh_from_db()
    assert entry.user == other


# --- One person an account --------------------------------------------------------------------------

SAME = [
    ("Alice", "Bianchi"),
    ("ALICE", "BIANCHI"),
    ("Alíce", "Bianchì"),
    ("Alice Maria", "Bianchi"),
    ("Bianchi", "Alice"),
    ("Alice", "Bianchi Rossi"),
    ("Alice", "Bian-chi"),
]
OTHERS = [
    {"given_names": "Bruno"},
    {"given_names": "Bruno", "date_of_birth": date(2012, 1, 1)},
    {"date_of_birth": date(2010, 3, 15)},
    {"family_name": "Rossi"},
    {"given_names": "Ali"},
    {"given_names": "Bruno", "family_name": "Bianchi Alic"},
    {"given_names": "-", "family_name": "-"},
    {"given_names": "Алиса", "family_name": "Белова"},
]


@pytest.mark.parametrize(("given_names", "family_name"), SAME)
def test_a_name_that_is_written_a_little_differently_is_the_same(alice, given_names, family_name):
    second_exam(given_names=given_names, family_name=family_name)
    assert adding.add_exam(alice, SECOND_NUMBER, SECRET_NUMBER).outcome is Outcome.ADDED


@pytest.mark.parametrize(
    ("one", "other"),
    [(("Anna", "De Luca"), ("Anna", "Deluca")), (("Zoë", "D’Angelo"), ("Zoe", "D'ANGELO")),
     (("Алиса", "Белова"), ("Алиса", "Белова")), (("😀", "李"), ("😀", "李"))],
)  # fmt: skip
def test_spaces_apostrophes_and_other_scripts_make_no_other_person(db, one, other):
    first = factories.entry(factories.session(), given_names=one[0], family_name=one[1])
    user = factories.candidate(first)
    second_exam(given_names=other[0], family_name=other[1])
    assert adding.add_exam(user, SECOND_NUMBER, SECRET_NUMBER).outcome is Outcome.ADDED


@pytest.mark.parametrize("person", OTHERS)
def test_a_brothers_or_sisters_exam_is_not_added_and_the_page_says_what_to_do(alice, person):
    entry = second_exam(**person)
    page = browser_of(alice).post(ADD, numbers()).content.decode()
    assert "is not the one in your account" in page
    assert "register with this slip" in page
    entry.refresh_from_db()
    assert entry.user is None
    assert jobs() == []


def test_two_children_never_meet_by_way_of_a_name_that_fits_both(db):
    """“Maria” may be Maria Anna or Maria Chiara; whoever is there already decides."""
    session = factories.session()
    user = factories.candidate(factories.entry(session, given_names="Maria"))
    for number, given_names in (("SIR000011", "Maria Anna"), ("SIR000012", "Maria Chiara")):
        factories.entry(factories.session(), id_number=number, given_names=given_names)
    outcomes = [adding.add_exam(user, n, SECRET_NUMBER).outcome for n in ("SIR000011", "SIR000012")]
    assert outcomes == [Outcome.ADDED, Outcome.ANOTHER_PERSON]


@pytest.mark.django_db(transaction=True)
def test_nor_do_they_meet_when_both_are_added_at_once():
    user = factories.candidate(factories.entry(factories.session(), given_names="Maria"))
    slips = {"SIR000011": "Maria Anna", "SIR000012": "Maria Chiara"}
    for number, given_names in slips.items():
        factories.entry(factories.session(), id_number=number, given_names=given_names)
    together = Barrier(2)

    def add(number: str) -> Outcome:
        try:
            together.wait()
            return adding.add_exam(user, number, SECRET_NUMBER).outcome
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(add, slips)) == [Outcome.ADDED, Outcome.ANOTHER_PERSON]
    assert user.entries.count() == 2


# --- The database is the last guard -----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_candidates_face_can_put_no_entry_into_an_account_by_itself(role_connection):
    """Even somebody who could run SQL there: not without the Secret Number, and not another person's."""
    alice = factories.candidate(factories.entry(factories.session(), id_number=FIRST))
    entry = factories.entry(factories.session(), id_number=SECOND_NUMBER)
    brother = factories.entry(factories.session(), id_number="SIR094703", given_names="Bruno")
    face = role_connection("candidates")
    for refused in (
        f"UPDATE results_entry SET user_id = {alice.pk}",
        "UPDATE results_entry SET registered_at = now()",
        "SELECT registered_at FROM results_entry",
        f"INSERT INTO results_entry (user_id) VALUES ({alice.pk})",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            face.execute(refused)

    def add(number: str, secret: str) -> tuple:
        digest = digest_secret_number(number, secret) if secret else ""
        return face.execute(
            "SELECT * FROM results_add_entry(%s, %s, %s)", [number, digest, alice.pk]
        ).fetchone()

    Entry.objects.filter(pk=entry.pk).update(secret_digest="")
    assert add(SECOND_NUMBER, "") == ("not_found", None)  # an entry without a number is nobody's
    Entry.objects.filter(pk=entry.pk).update(secret_digest=digest_secret_number(SECOND_NUMBER, SECRET_NUMBER))
    assert add(SECOND_NUMBER, "8483") == ("not_found", None)
    assert add("SIR094703", SECRET_NUMBER) == ("another_person", brother.pk)
    claim = "SELECT results_claim_entry(%s, %s, %s)"
    for each in (entry, brother):  # the way of registration gives a first entry and no other
        digest = digest_secret_number(each.id_number, SECRET_NUMBER)
        assert face.execute(claim, [each.pk, digest, alice.pk]).fetchone() == (False,)
    assert add(SECOND_NUMBER, SECRET_NUMBER) == ("added", entry.pk)
    assert add(SECOND_NUMBER, SECRET_NUMBER) == ("yours", entry.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("account", ["switched off", "without an exam", "of a school", "not there"])
def test_no_other_account_gets_an_entry(account):
    entry = second_exam()
    match account:
        case "switched off":
            pk = factories.candidate(factories.entry(factories.session()), is_active=False).pk
        case "without an exam":
            pk = factories.candidate().pk
        case "of a school":
            pk = factories.member(factories.centre()).pk
        case _:
            pk = 0
    assert adding.add_exam(User(pk=pk), SECOND_NUMBER, SECRET_NUMBER).outcome is Outcome.ANOTHER_PERSON
    assert Entry.objects.get(pk=entry.pk).user is None


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["portal_centres", "portal_worker", "portal_staff"])
def test_no_other_role_adds(role):
    with database_role(role), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute("SELECT results_add_entry('SIR094702', 'x', 1)")


@pytest.mark.django_db
def test_an_added_entry_neither_changes_hands_nor_vanishes(alice):
    entry = second_exam(user=alice)
    bob = factories.candidate()
    for forbidden in (
        lambda: Entry.objects.filter(pk=entry.pk).update(user=bob),
        lambda: Entry.objects.filter(pk=entry.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
            forbidden()


@pytest.mark.django_db(transaction=True)
def test_of_accounts_and_a_registration_at_once_exactly_one_gets_the_exam():
    users = [factories.candidate(factories.entry(factories.session())) for _each in range(4)]
    entry = factories.entry(factories.session(), id_number=SECOND_NUMBER)
    together = Barrier(8)

    def add(user: User) -> bool:
        try:
            together.wait()
            return adding.add_exam(user, SECOND_NUMBER, SECRET_NUMBER).outcome is Outcome.ADDED
        finally:
            connection.close()

    def register(number: int) -> bool:
        try:
            found = registering.find_entry(SECOND_NUMBER, SECRET_NUMBER)
            together.wait()
            registering.register(
                found, SECRET_NUMBER, email=f"{number}@example.org", password=PASSWORD, updates=False
            )
        except registering.AlreadyRegistered:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(add, user) for user in users] + [pool.submit(register, n) for n in range(4)]
        assert sorted(each.result() for each in tries) == [False] * 7 + [True]
    entry.refresh_from_db()
    assert entry.user is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone() == (1,)
    assert User.objects.filter(entries=None, face="candidates").count() == 0


@pytest.mark.django_db
def test_an_entry_knows_since_when_it_has_its_account(alice):
    User.objects.filter(pk=alice.pk).update(created_at=factories.database_now() - 300 * DAY)
    entry = second_exam()
    assert entry.registered_at is None
    adding.add_exam(alice, SECOND_NUMBER, SECRET_NUMBER)
    entry.refresh_from_db()
    assert entry.registered_at == factories.database_now()
    Entry.objects.filter(pk=entry.pk).update(user=None)
    entry.refresh_from_db()
    assert entry.registered_at is None


# --- Each at its own address, from the gate alone ---------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("opens_in", "shown"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)], ids=["T-1s", "T", "T+1s"]
)
@pytest.mark.parametrize("page", ["/exams/", "/statement/", "/statement/{pk}/"])
def test_the_second_exam_shows_from_its_instant_on_every_page(alice, opens_in, shown, page):
    entry = second_exam(opens_in, alice)
    text = browser_of(alice).get(page.format(pk=entry.pk)).content.decode()
    assert shows(text) is shown
    assert ("Pass at Grade B" in text) is (shown or False)


@pytest.mark.django_db
def test_each_exam_has_its_own_page_while_another_waits(alice):
    entry = second_exam(26 * HOUR, alice)
    browser = browser_of(alice)
    waiting = browser.get(f"/statement/{entry.pk}/").content.decode()
    seconds = int(re.search(r'data-seconds-left="(\d+)"', waiting).group(1))
    assert 26 * 3600 - 60 < seconds <= 26 * 3600
    assert not shows(waiting)
    first = alice.entries.get(id_number=FIRST)
    assert f">{EARLIER_MARK}<" in browser.get(f"/statement/{first.pk}/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        (-DAY, 30 * DAY, "first"),  # what has just opened
        (-150 * DAY, 3 * DAY, "second"),  # what one waits for
        (-150 * DAY, -DAY, "second"),  # the newest
        (-DAY, timedelta(0), "second"),  # the one that opens this moment
        (-3 * DAY, -3 * DAY, "second"),  # of the same instant the later exam
    ],
)
def test_the_one_address_shows_what_has_just_opened_or_is_about_to(alice, first, second, shown):
    Release.objects.update(opens_at=factories.database_now() + first)
    factories.approve(Release.objects.get())
    second_exam(second, alice)
    sight = seeing.sight_of(alice)
    assert sight.entry.id_number == {"first": FIRST, "second": SECOND_NUMBER}[shown]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "it"])
def test_of_two_exams_one_can_be_stopped(alice, language):
    entry = second_exam(user=alice)
    notice = Notice(it="Stiamo controllando.", en="We are checking.")
    stopping.stop_session(entry.session, factories.officer(), "Wrong file", notice)
    browser = browser_of(alice)
    browser.cookies["language"] = language
    for address in ("/exams/", f"/statement/{entry.pk}/"):
        page = browser.get(address).content.decode()
        assert not shows(page), address
        assert "Wrong file" not in page
    assert getattr(notice, language) in page
    assert (
        f">{EARLIER_MARK}<"
        in browser.get(f"/statement/{alice.entries.get(id_number=FIRST).pk}/").content.decode()
    )


@pytest.mark.django_db
@pytest.mark.parametrize("hide", ["not approved", "loaded after the approval"])
def test_a_second_exam_that_nobody_approved_shows_nowhere(alice, hide):
    entry = second_exam(user=alice)
    release = Release.objects.filter(session=entry.session)
    release.update(approved_through=None if hide == "not approved" else 0)
    browser = browser_of(alice)
    for address in ("/exams/", "/statement/", f"/statement/{entry.pk}/"):
        assert not shows(browser.get(address).content.decode()), address


@pytest.mark.django_db
def test_with_every_check_in_python_removed_nothing_that_is_closed_shows(alice, monkeypatch):
    entry = second_exam(HOUR, alice)
    monkeypatch.setattr(seeing.Sight, "page", seeing.View.STATEMENT)
    browser = browser_of(alice)
    browser.raise_request_exception = False
    for address in ("/exams/", "/statement/", f"/statement/{entry.pk}/"):
        assert not shows(browser.get(address).content.decode()), address


@pytest.mark.django_db
def test_another_persons_exam_is_not_found_and_nothing_odd_breaks(alice):
    other = second_exam()
    factories.candidate(other)
    browser = browser_of(alice)
    for value in (other.pk, 0, 10**30, f"{other.pk}%00", "x"):
        response = browser.get(f"/statement/{value}/")
        assert response.status_code == 404, value
        assert not shows(response.content.decode())
    assert not shows(browser.get(f"/exams/?user={other.user_id}&entry={other.pk}").content.decode())


@pytest.mark.django_db
def test_each_statement_is_marked_as_seen_once(alice):
    entry = second_exam(user=alice)
    first = alice.entries.get(id_number=FIRST)
    browser = browser_of(alice)

    def queries(of: Entry) -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get(f"/statement/{of.pk}/")
        return len([q for q in captured if not re.search("ROLE|SAVEPOINT", q["sql"])])

    assert [queries(each) for each in (first, entry, first, entry)] == [5, 5, 3, 3]
    assert Seen.objects.count() == 2


@pytest.mark.django_db
def test_scores_in_the_chart_are_seen_and_a_list_without_scores_is_not(alice):
    browser = browser_of(alice)
    assert browser.get("/exams/").status_code == 200
    assert not Seen.objects.exists()
    second_exam(user=alice)
    browser.get("/exams/")
    assert Seen.objects.count() == 2


# --- The page of all exams --------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_page_says_of_each_exam_where_it_stands(alice):
    waiting = second_exam(26 * HOUR, alice)
    stopped = factories.entry(factories.session("C1A", title="July 2026"))
    not_ready = factories.entry(factories.session("A2K", title="March 2024", exam_date=date(2024, 3, 2)))
    Entry.objects.filter(pk__in=[stopped.pk, not_ready.pk]).update(user=alice)
    stopping.stop_session(stopped.session, factories.officer(), "Wrong file")
    page = browser_of(alice).get("/exams/").content.decode()
    items = [
        re.sub(r"<[^>]+>|\s+", " ", item) for item in re.findall(r'<li class="exam.*?</li>', page, re.DOTALL)
    ]
    assert len(items) == 4
    for title, words in (
        ("B2 First , June 2026", "You can see it from"),
        ("C1 Advanced , July 2026", "The results are paused"),
        ("A2 Key , March 2024", "not ready to be shown yet"),
        ("B1 Preliminary , June 2025", "Your Statement of Results is open."),
    ):
        assert any(title in item and words in item for item in items), title
    assert f'href="/statement/{waiting.pk}/"' in page
    assert not shows(page, EARLIER_MARK)  # one score is no course
    assert int(re.search(r'http-equiv="refresh" content="(\d+)"', page).group(1)) - 10 < 26 * 3600 - 60


@pytest.mark.django_db
def test_the_pages_cost_the_same_with_one_exam_and_with_several(alice):
    browser = browser_of(alice)

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address).status_code == 200
        return len([q for q in captured if not re.search("ROLE|SAVEPOINT", q["sql"])])

    addresses = ("/exams/", "/statement/", "/account/")

    def all_queries() -> list[int]:
        for address in addresses:
            queries(address)  # the first view notes that it is seen
        return [queries(address) for address in addresses]

    one = all_queries()
    assert one == [3, 3, 4]
    for exam in ("B2F", "C1A"):
        second_exam(user=alice, exam="B2F", id_number=f"{exam[:1]}XX000001")
    assert all_queries() == one


@pytest.mark.django_db
def test_the_navigation_says_my_results_with_several_exams_on_every_page(alice):
    browser = browser_of(alice)
    pages = ("/statement/", "/exams/", "/account/", ADD, "/help/")
    for page in pages:
        text = browser.get(page).content.decode()
        assert '<a href="/statement/">My result</a>' in text, page
    second_exam(user=alice)
    for page in pages:
        text = browser.get(page).content.decode()
        assert '<a href="/exams/">My results</a>' in text, page
        assert ">My result<" not in text, page


@pytest.mark.django_db
def test_the_account_page_tells_every_number_that_signs_in(alice):
    second_exam(user=alice)
    page = browser_of(alice).get("/account/").content.decode()
    for words in (FIRST, SECOND_NUMBER, "B1 Preliminary, June 2025", ADD):
        assert words in page


# --- Mails ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "B2 First, June 2026, is in your account now"),
        ("it", "B2 First, June 2026: ora è nel tuo account"),
    ],
)
def test_the_mail_of_an_added_exam_names_it_and_brings_the_calendar_file(mailbox, language, subject):
    alice = factories.candidate(factories.entry(factories.session("B1P"), id_number=FIRST), language=language)
    second_exam(26 * HOUR)
    browser_of(alice).post(ADD, numbers())
    work()
    (message,) = mailbox
    assert message.envelope_to == ["alice@example.org"]
    assert (message["subject"], message["content-language"]) == (subject, language)
    for body in (text_of(message), html_of(message)):
        assert "B2 First" in body
        assert "(Italian time)" in body or "(ora italiana)" in body
        assert not re.search(rf"{FIRST}|{SECOND_NUMBER}|{SECRET_NUMBER}|{MARK}|Grade B", body)
    calendar = Calendar.from_ical(next(message.iter_attachments()).get_content())
    assert "B2 First" in str(calendar.walk("VEVENT")[0]["summary"])


@pytest.mark.django_db(transaction=True)
def test_the_mail_of_an_exam_that_is_open_already_has_no_calendar_file(mailbox):
    alice = factories.candidate(factories.entry(factories.session("B1P"), id_number=FIRST))
    second_exam(-HOUR)
    browser_of(alice).post(ADD, numbers())
    work()
    assert "log in to see your result" in text_of(mailbox[0])
    assert list(mailbox[0].iter_attachments()) == []


@pytest.mark.django_db(transaction=True)
def test_the_confirmation_asked_for_again_is_about_the_exam_that_one_waits_for(mailbox):
    alice = factories.candidate(
        factories.entry(factories.session("B1P", opens_in=-150 * DAY), id_number=FIRST)
    )
    second_exam(3 * DAY, alice)
    browser_of(alice).post("/account/confirmation/")
    work()
    assert mailbox[0]["subject"] == "You are registered for your B2 First results"


@pytest.mark.django_db
def test_the_gate_is_asked_for_one_person_and_reads_no_other_row(alice):
    second_exam(user=alice)
    for _other in range(60):
        factories.entry(factories.session())
    with database_role(CANDIDATES):
        query = str(seeing._entries(alice).nearest_first().query)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE results_entry, results_release, results_statement")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {query}")
        plan = "\n".join(line for (line,) in cursor)
    assert f"user_id = {alice.pk}" in plan
    assert "Seq Scan on results_statement" not in plan
    assert "Seq Scan on results_entry" not in plan
