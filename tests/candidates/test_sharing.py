"""Links that show a result: made by its candidate, opened by whoever has one, from the gate alone."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from accounts.models import User
from candidates import links, sharing
from candidates.sharing import Outcome
from results import stopping
from results.models import Entry, Release, Share, SharedStatement, ShareOpening, Statement
from results.models.sharing import MOST_OPEN
from results.stopping import Notice
from results_portal.models import AuditEntry
from tests import factories
from tests.conftest import FaceClient

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
MARK, SKILL_MARK = 176, 169  # scores that stand nowhere else
SKILLS = ("reading", "use_of_english", "writing", "listening", "speaking")
NOTICE = Notice("Controlliamo.", "We are checking.")
FORM = {"for_whom": "Università di Padova", "shows": "skills", "until": "30"}


def marked(entry: Entry, version: int = 1, overall: int = MARK, skill: int = SKILL_MARK) -> Statement:
    marks = dict.fromkeys(SKILLS, skill) | {"overall": overall, "result": "B", "cefr": "B2"}
    return factories.statement(entry, version, **marks)


def sitting(opens_in: timedelta = -HOUR, **fields) -> tuple[Entry, User]:
    """An entry with a result, and its candidate."""
    entry = factories.entry(factories.session(opens_in=opens_in), **fields)
    marked(entry)
    return entry, factories.candidate(entry)


def link_to(entry: Entry, shows: str = "skills", for_whom: str = "nonna") -> tuple[Share, str]:
    """A link of the entry's candidate, and its path."""
    in_a_month = timezone.localdate() + 30 * DAY
    outcome, pk = sharing.make(
        User.objects.get(pk=entry.user_id), entry, for_whom=for_whom, shows=shows, last_day=in_a_month
    )
    assert outcome is Outcome.MADE
    share = Share.objects.get(pk=pk)
    return share, f"/shared/{links.token_of(share.seed)}/"


def browser_of(user: User) -> FaceClient:
    browser = FaceClient("candidates")
    browser.force_login(user)
    return browser


def read(path: str, **headers) -> str:
    """The page as somebody without an account gets it."""
    return FaceClient("candidates").get(path, headers=headers).content.decode()


def shows(page: str, *marks: int) -> bool:
    return any(f">{mark}<" in page for mark in marks or (MARK, SKILL_MARK))


# --- The reader -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_whoever_has_the_link_sees_the_result_without_an_account():
    entry, _user = sitting()
    _share, path = link_to(entry, for_whom="Università di Padova")
    response = FaceClient("candidates").get(path)
    page = response.content.decode()
    assert response.status_code == 200
    for words in ("Alice Bianchi", "B2 First", "June 2026", "Pass at Grade B", "Università di Padova",
                  "Overall score", "CEFR level", "This is not a certificate."):  # fmt: skip
        assert words in page
    assert shows(page, MARK)
    assert shows(page, SKILL_MARK)
    assert "Centro Esami Sirio, Authorised Exam Centre IT024. Version 1 of" in page
    assert "results.example.org" in page
    for private in (entry.id_number, entry.candidate_number, entry.reference_number, "14 March 2010"):
        assert private not in page


@pytest.mark.django_db
def test_a_link_to_the_overall_result_shows_no_skill():
    entry, _user = sitting()
    _share, path = link_to(entry, "overall")
    page = read(path)
    assert shows(page, MARK)
    assert str(SKILL_MARK) not in page
    assert '<svg class="chart"' not in page
    shown = SharedStatement.objects.get()
    assert [getattr(shown, skill) for skill in SKILLS] == [None] * 5


@pytest.mark.django_db
def test_the_page_speaks_to_the_reader_in_the_readers_language():
    entry, _user = sitting()
    _share, path = link_to(entry)
    page = read(path, accept_language="it")
    assert '<html lang="it">' in page
    assert "Pass at Grade B" in page
    for to_the_candidate in ("Congratulations", "Complimenti", "You passed", "I suoi", "Your scores"):
        assert to_the_candidate not in page
        assert to_the_candidate not in read(path)


@pytest.mark.django_db
def test_nobody_keeps_or_indexes_the_page_and_no_other_site_learns_its_address():
    entry, _user = sitting()
    share, path = link_to(entry)
    Share.objects.filter(pk=link_to(entry)[0].pk).update(revoked_at=factories.database_now())
    dead = f"/shared/{links.token_of(Share.objects.get(revoked_at__isnull=False).seed)}/"
    for each in (path, dead, "/shared/x/"):
        response = FaceClient("candidates").get(each)
        assert response["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert '<meta name="robots" content="noindex' in response.content.decode()
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "same-origin"
        assert response["X-Frame-Options"] == "DENY"
    assert share.seed not in read(path)


@pytest.mark.django_db
def test_shields_are_shown_for_a_young_learner():
    entry = factories.entry(factories.session("YLM"))
    factories.statement(entry, speaking=5, listening=3, reading_and_writing=4)
    user = factories.candidate(entry)
    browser = browser_of(user)
    form = browser.get(f"/sharing/new/{entry.pk}/").content.decode()
    assert 'name="shows"' not in form  # there is no overall result to show alone
    browser.post(f"/sharing/new/{entry.pk}/", {"for_whom": "nonna", "until": "7"})
    page = read(f"/shared/{links.token_of(Share.objects.get().seed)}/")
    assert "5 of 5 shields" in page
    assert "3 of 5 shields" in page


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["pending", "withheld", "X", "Z"])
def test_a_result_that_gave_way_to_a_code_is_no_longer_shown(status):
    entry, _user = sitting()
    _share, path = link_to(entry)
    factories.statement(entry, 2, status=status)
    page = read(path)
    assert not shows(page)
    assert Statement(status=status).get_status_display() in page
    assert "contact us" not in page  # that is said to the candidate


# --- The gate ---------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("opens_in", "shown"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)], ids=["T-1s", "T", "T+1s"]
)
def test_a_link_is_made_and_opened_from_the_instant_on(opens_in, shown):
    entry, user = sitting()
    _share, path = link_to(entry)
    Release.objects.update(opens_at=factories.database_now() + opens_in)
    factories.approve(Release.objects.get())
    page = read(path)
    assert shows(page) is shown
    assert ("Alice" in page) is shown
    assert ("cannot be shown at the moment" in page) is not shown
    response = browser_of(user).post(f"/sharing/new/{entry.pk}/", FORM)
    assert Share.objects.count() == (2 if shown else 1)
    assert response.url.startswith("/sharing/#link-" if shown else f"/statement/{entry.pk}/")
    assert ShareOpening.objects.count() == (1 if shown else 0)


@pytest.mark.django_db
def test_while_stopped_no_link_is_made_or_opened_and_afterwards_all_is_as_before():
    entry, user = sitting()
    _share, path = link_to(entry)
    officer = factories.officer()
    stopping.stop_session(entry.session, officer, "Check", NOTICE)
    page = read(path)
    assert not shows(page)
    assert "cannot be shown at the moment" in page
    for personal in ("Alice", "B2 First", "nonna", "June 2026", "Controlliamo", "We are checking"):
        assert personal not in page
    browser = browser_of(user)
    assert browser.get(f"/sharing/new/{entry.pk}/").url == f"/statement/{entry.pk}/"
    assert browser.post(f"/sharing/new/{entry.pk}/", FORM).url == f"/statement/{entry.pk}/"
    assert Share.objects.count() == 1
    assert "Now it shows nothing" in browser.get("/sharing/").content.decode()
    stopping.lift(entry.session.stops.all(), officer)
    assert shows(read(path))
    assert "Now it shows nothing" not in browser.get("/sharing/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ends_in", "shown"), [(SECOND, True), (timedelta(0), False), (-SECOND, False)], ids=["T-1s", "T", "T+1s"]
)
def test_a_link_ends_at_its_second(ends_in, shown):
    entry, _user = sitting()
    share, path = link_to(entry)
    now = factories.database_now()
    Share.objects.filter(pk=share.pk).update(made_at=now - DAY, ends_at=now + ends_in)
    response = FaceClient("candidates").get(path)
    page = response.content.decode()
    assert response.status_code == (200 if shown else 410)
    assert shows(page) is shown
    assert ("This link is over" in page) is not shown


@pytest.mark.django_db
def test_a_revoked_link_shows_nothing_at_once_and_says_so_to_whoever_has_it():
    entry, user = sitting()
    share, path = link_to(entry)
    assert shows(read(path))
    response = browser_of(user).post(f"/sharing/{share.pk}/revoke/", follow=True)
    assert "The link is revoked" in response.content.decode()
    response = FaceClient("candidates").get(path)
    page = response.content.decode()
    assert response.status_code == 410
    assert "This link was revoked" in page
    for personal in ("Alice", "B2 First", "nonna"):
        assert personal not in page
    assert not SharedStatement.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "token", ["x", "A" * 42, "A" * 44, "A" * 43, "A" * 42 + "!", "%00", "%ff%fe", "è" * 43, "9" * 5000]
)
def test_a_link_that_never_was_is_not_found_and_says_what_to_do(candidates, token):
    response = candidates.get(f"/shared/{token}/")
    assert response.status_code == 404
    assert "There is nothing at this link" in response.content.decode()


@pytest.mark.django_db
def test_what_is_no_token_asks_the_database_nothing(django_assert_num_queries):
    browser = FaceClient("candidates")
    with django_assert_num_queries(2):  # those of the test's own role
        browser.get("/shared/" + "A" * 42 + "/")


@pytest.mark.django_db
@pytest.mark.parametrize("made_with", ["overall", "skills"])
@pytest.mark.parametrize("what", ["overall", "skill"])
def test_an_amendment_of_what_the_link_shows_is_marked_and_what_counts_now_is_shown(made_with, what):
    entry = factories.entry(factories.session(approved=False))
    marked(entry)
    factories.candidate(entry)
    release = entry.session.release
    factories.approve_by_two(release)
    _share, path = link_to(entry, made_with)
    assert "Amended on" not in read(path)
    marked(entry, 2, **({"overall": 178} if what == "overall" else {"skill": 171}))
    assert "Amended on" not in read(path)  # not approved yet
    assert shows(read(path), MARK)
    release.refresh_from_db()
    factories.approve_by_two(release)
    page = read(path)
    seen = what == "overall" or made_with == "skills"
    assert ("Amended on" in page) is seen
    assert shows(page, 178 if what == "overall" else MARK)
    assert "Enquiry on results" not in page  # why is between the candidate and the exams office
    if what == "overall":
        assert not shows(page, MARK)
    _share, newer = link_to(entry, made_with)
    assert "Amended on" not in read(newer)


@pytest.mark.django_db
def test_an_amendment_that_was_taken_back_is_marked_since_a_reader_may_have_seen_it():
    entry = factories.entry(factories.session(approved=False))
    marked(entry)
    factories.candidate(entry)
    release = entry.session.release
    factories.approve_by_two(release)
    _share, path = link_to(entry)
    for version, overall in ((2, 178), (3, MARK)):
        marked(entry, version, overall)
        release.refresh_from_db()
        factories.approve_by_two(release)
    assert shows(read(path), MARK)
    assert "Amended on" in read(path)


@pytest.mark.django_db
def test_an_entry_that_leaves_its_account_takes_its_links_with_it_for_good():
    entry, user = sitting()
    _share, path = link_to(entry)
    Entry.objects.filter(pk=entry.pk).update(user=None)
    assert "This link was revoked" in read(path)
    Entry.objects.filter(pk=entry.pk).update(user=user)
    assert not shows(read(path))
    assert "Alice" not in read(path)


@pytest.mark.django_db
def test_an_account_that_was_switched_off_shows_nothing():
    entry, user = sitting()
    _share, path = link_to(entry)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not shows(read(path))


# --- Whether it was opened --------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_candidate_sees_whether_and_when_a_link_was_opened():
    entry, user = sitting()
    share, path = link_to(entry)
    browser = browser_of(user)
    assert "Not opened yet." in browser.get("/sharing/").content.decode()
    read(path)
    read(path)  # the same minute counts once
    opening = ShareOpening.objects.get()
    assert opening.times == 1
    assert opening.first_at == opening.last_at == factories.database_now().replace(second=0, microsecond=0)
    assert "Opened once, on" in browser.get("/sharing/").content.decode()
    ShareOpening.objects.update(first_at=opening.first_at - DAY, last_at=opening.last_at - MINUTE)
    read(path)
    opening.refresh_from_db()
    assert (opening.times, opening.first_at) == (2, opening.last_at - DAY)
    page = browser.get("/sharing/").content.decode()
    assert "Opened 2 times, last on" in page
    assert share.for_whom in page


@pytest.mark.django_db
def test_the_candidates_own_look_and_a_messengers_are_no_opening():
    entry, user = sitting()
    _share, path = link_to(entry)
    page = browser_of(user).get(path).content.decode()
    assert shows(page)
    assert "Your own look is not counted." in page
    browser = FaceClient("candidates")
    for agent in (
        "WhatsApp/2.23.20.0",
        "TelegramBot (like TwitterBot)",
        "Slackbot-LinkExpanding 1.0",
        "facebookexternalhit/1.1 Facebot Twitterbot/1.0",
        "Mozilla/5.0 SkypeUriPreview",
    ):
        page = browser.get(path, headers={"user-agent": agent}).content.decode()
        assert not shows(page), agent
        assert "Alice" not in page
    assert not shows(browser.get(path, headers={"sec-purpose": "prefetch;prerender"}).content.decode())
    browser.head(path)
    assert not ShareOpening.objects.exists()
    assert 'href="?open"' in page
    # Whoever is taken for one goes on by a press; a telephone of that name is not.
    assert shows(browser.get(f"{path}?open", headers={"user-agent": "Examplebot"}).content.decode())
    assert shows(browser.get(path, headers={"user-agent": "Mozilla/5.0 (Linux; CUBOT P80)"}).content.decode())
    assert ShareOpening.objects.get().times == 1


# --- Making and listing -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_candidate_makes_a_link_and_can_copy_it_then_and_later():
    entry, user = sitting()
    browser = browser_of(user)
    assert f'href="/sharing/new/{entry.pk}/"' in browser.get("/statement/").content.decode()
    response = browser.post(f"/sharing/new/{entry.pk}/", FORM | {"for_whom": "  Università \t di  Padova "})
    share = Share.objects.get()
    assert response.url == f"/sharing/#link-{share.pk}"
    assert (share.entry, share.user, share.for_whom) == (entry, user, "Università di Padova")
    for _visit in range(2):
        page = browser.get("/sharing/").content.decode()
        address = re.search(r'value="(http://results.example.org/shared/[^"]+)"', page).group(1)
        assert shows(read(address.removeprefix("http://results.example.org")))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("until", "last_day"),
    [
        ({"until": "7"}, lambda today: today + 7 * DAY),
        ({"until": "30"}, lambda today: today + 30 * DAY),
        ({"until": "months"}, lambda today: sharing.months_later(today, 6)),
        ({"until": "day", "day": "{today}"}, lambda today: today),
        ({"until": "day", "day": "{latest}"}, lambda today: sharing.months_later(today, 12)),
    ],
)
def test_the_link_works_to_the_end_of_its_last_day(until, last_day):
    entry, user = sitting()
    today = timezone.localdate()
    days = {"today": today.isoformat(), "latest": f"{sharing.months_later(today, 12):%d/%m/%Y}"}
    until = {name: value.format(**days) for name, value in until.items()}
    browser_of(user).post(f"/sharing/new/{entry.pk}/", FORM | until)
    share = Share.objects.get()
    assert share.last_day == last_day(today)
    assert timezone.localtime(share.ends_at).time().isoformat() == "00:00:00"


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
        (date(2026, 6, 30), 6, date(2026, 12, 30)),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day, months, later):
    assert sharing.months_later(day, months) == later


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"for_whom": ""}, "Write for whom the link is."),
        ({"for_whom": " \t "}, "Write for whom the link is."),
        ({"for_whom": "x" * 81}, "at most 80 characters"),
        ({"for_whom": "a\x00b"}, "Null characters are not allowed"),
        ({"shows": ""}, "Choose what the link shows."),
        ({"shows": "everything"}, "Select a valid choice"),
        ({"until": ""}, "Choose until when the link works."),
        ({"until": "36500"}, "Select a valid choice"),
        ({"until": "day"}, "Choose the last day on which the link works."),
        ({"until": "day", "day": "soon"}, "Write day, month and year"),
        ({"until": "day", "day": "\x00"}, "Write day, month and year"),
        ({"until": "day", "day": "9" * 400}, "Write day, month and year"),
        ({"until": "day", "day": "2020-01-01"}, "Choose a day from today to a year from now."),
        ({"until": "day", "day": "9999-12-31"}, "Choose a day from today to a year from now."),
    ],
)
def test_a_fault_has_its_message_makes_no_link_and_keeps_what_was_typed(changes, message):
    entry, user = sitting()
    response = browser_of(user).post(f"/sharing/new/{entry.pk}/", FORM | changes)
    page = response.content.decode()
    assert response.status_code == 200
    assert message in page
    assert "There is a problem" in page
    if "for_whom" not in changes:
        assert 'value="Università di Padova"' in page
    assert not Share.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "for_whom", ["😀" * 80, "Ж" * 80, "<script>alert(1)</script>", "\u202egnissap", "'\"&"]
)
def test_any_words_are_shown_as_words(for_whom):
    entry, user = sitting()
    browser = browser_of(user)
    browser.post(f"/sharing/new/{entry.pk}/", FORM | {"for_whom": for_whom})
    share = Share.objects.get()
    assert share.for_whom == for_whom
    for page in (read(f"/shared/{links.token_of(share.seed)}/"), browser.get("/sharing/").content.decode()):
        assert "<script>alert" not in page
        assert "<bdi>" in page


@pytest.mark.django_db
def test_a_covered_result_is_shared_only_once_it_is_uncovered():
    entry, user = sitting()
    User.objects.filter(pk=user.pk).update(covers_result=True)
    browser = browser_of(user)
    assert browser.post(f"/sharing/new/{entry.pk}/", FORM).url == f"/statement/{entry.pk}/"
    assert "/sharing/new/" not in browser.get("/sharing/").content.decode()
    assert "/sharing/new/" not in browser.get("/statement/").content.decode()
    assert not Share.objects.exists()
    browser.post(f"/statement/{entry.pk}/uncover/")
    browser.post(f"/sharing/new/{entry.pk}/", FORM)
    assert Share.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["pending", "withheld", "X", "Z"])
def test_a_code_in_place_of_a_result_cannot_be_shared(status):
    entry = factories.entry(factories.session())
    factories.statement(entry, status=status)
    user = factories.candidate(entry)
    browser = browser_of(user)
    assert browser.post(f"/sharing/new/{entry.pk}/", FORM).status_code == 302
    assert "Share this result" not in browser.get("/statement/").content.decode()
    in_a_week = timezone.localdate() + 7 * DAY
    answer = sharing.make(user, entry, for_whom="nonna", shows="overall", last_day=in_a_week)
    assert answer == (Outcome.NOT_OPEN, None)
    assert not Share.objects.exists()


@pytest.mark.django_db
def test_at_most_twenty_links_work_at_a_time_and_the_page_says_so():
    entry, user = sitting()
    made = [link_to(entry)[0] for _each in range(MOST_OPEN)]
    browser = browser_of(user)
    page = browser.post(f"/sharing/new/{entry.pk}/", FORM).content.decode()
    assert "20 links of yours work already" in page
    assert Share.objects.count() == MOST_OPEN
    browser.post(f"/sharing/{made[0].pk}/revoke/")
    assert browser.post(f"/sharing/new/{entry.pk}/", FORM).status_code == 302
    assert Share.objects.filter(revoked_at=None).count() == MOST_OPEN


@pytest.mark.django_db(transaction=True)
def test_nor_do_twenty_one_come_about_by_asking_at_once():
    entry, user = sitting()
    for _each in range(MOST_OPEN - 1):
        link_to(entry)
    together = Barrier(4)

    def make(number: int) -> Outcome:
        try:
            together.wait()
            day = timezone.localdate() + 7 * DAY
            return sharing.make(user, entry, for_whom=f"{number}", shows="overall", last_day=day)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(make, range(4))) == [Outcome.MADE] + 3 * [Outcome.TOO_MANY]


@pytest.mark.django_db
def test_anothers_entry_and_anothers_link_are_not_found():
    entry, _user = sitting()
    share, path = link_to(entry)
    _other, bob = sitting(given_names="Bob")
    browser = browser_of(bob)
    assert browser.get(f"/sharing/new/{entry.pk}/").status_code == 404
    assert browser.post(f"/sharing/new/{entry.pk}/", FORM).status_code == 404
    assert browser.post(f"/sharing/{share.pk}/revoke/").status_code == 404
    assert browser.post("/sharing/999999999999999999999/revoke/").status_code == 404
    assert share.for_whom not in browser.get("/sharing/").content.decode()
    assert shows(read(path))
    page = browser.get(path).content.decode()  # who holds the link sees it, signed in or not
    assert shows(page)
    assert "Your own look" not in page


@pytest.mark.django_db
def test_who_is_not_signed_in_is_asked_to_sign_in(candidates):
    entry, _user = sitting()
    share, path = link_to(entry)
    for address in ("/sharing/", f"/sharing/new/{entry.pk}/"):
        assert candidates.get(address).url == f"/?next={address}"
    assert candidates.post(f"/sharing/{share.pk}/revoke/").status_code == 302
    assert shows(read(path))


@pytest.mark.django_db
def test_the_buttons_own_form_revokes():
    entry, user = sitting()
    _share, path = link_to(entry)
    browser = FaceClient("candidates", enforce_csrf_checks=True)
    browser.force_login(user)
    form = browser.get("/sharing/").content.decode().partition('<form method="post" action="/sharing/')[2]
    address, token = re.match(r'([^"]+)".*?csrfmiddlewaretoken" value="(\w+)"', form, re.DOTALL).groups()
    assert browser.post(f"/sharing/{address}", {"csrfmiddlewaretoken": token}).status_code == 302
    assert not shows(read(path))


@pytest.mark.django_db
def test_following_a_link_or_a_forged_form_revokes_nothing():
    entry, user = sitting()
    share, path = link_to(entry)
    assert browser_of(user).get(f"/sharing/{share.pk}/revoke/").status_code == 405
    browser = FaceClient("candidates", enforce_csrf_checks=True)
    browser.force_login(user)
    assert browser.post(f"/sharing/{share.pk}/revoke/").status_code == 403
    assert browser.post(path).status_code in {403, 405}
    assert shows(read(path))


@pytest.mark.django_db
def test_links_that_are_over_stay_on_the_list_without_their_address():
    entry, user = sitting()
    share, _path = link_to(entry)
    ended, _path = link_to(entry, for_whom="zia")
    now = factories.database_now()
    Share.objects.filter(pk=ended.pk).update(made_at=now - 9 * DAY, ends_at=now - DAY)
    browser = browser_of(user)
    browser.post(f"/sharing/{share.pk}/revoke/")
    browser.post(f"/sharing/{share.pk}/revoke/")  # pressed twice
    page = browser.get("/sharing/").content.decode()
    assert "You revoked it on" in page
    assert "It worked until" in page
    assert "/shared/" not in page


@pytest.mark.django_db
def test_a_changed_key_lets_readers_in_and_the_candidate_read_on():
    entry, user = sitting()
    _share, path = link_to(entry)
    with override_settings(SECRET_KEY="another key, of thirty characters or more"):
        assert shows(read(path))
        browser = browser_of(user)
        assert "cannot be shown here again" in browser.get("/sharing/").content.decode()
    old = override_settings(SECRET_KEY="another key", SECRET_KEY_FALLBACKS=[_secret_key()])
    with old:
        assert path in browser_of(user).get("/sharing/").content.decode()


def _secret_key() -> str:
    from django.conf import settings

    return settings.SECRET_KEY


@pytest.mark.django_db
def test_the_pages_cost_the_same_with_one_link_and_with_several():
    entry, user = sitting()
    browser = browser_of(user)
    counts = {"/sharing/": [], "shared": []}
    for _round in range(2):
        _share, path = link_to(entry)
        for name, address in (("/sharing/", "/sharing/"), ("shared", path)):
            with CaptureQueriesContext(connection) as captured:
                reader = browser if name == "/sharing/" else FaceClient("candidates")
                assert reader.get(address).status_code == 200
            counts[name].append(len(captured) - 2)  # those of the test's own role
        for _each in range(3):
            link_to(entry)
    assert counts == {"/sharing/": [7, 7], "shared": [4, 4]}


# --- The database is the last guard -----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_face_reads_no_mark_through_a_link_that_is_revoked_over_foreign_early_or_stopped(role_connection):
    """Even somebody who could run SQL there."""
    entry, user = sitting()
    share, _path = link_to(entry, "overall")
    face = role_connection("candidates")

    def seen() -> list[tuple]:
        return face.execute("SELECT overall, speaking FROM results_gate_shared").fetchall()

    assert seen() == [(MARK, None)]
    officer = factories.officer()
    stopping.stop_session(entry.session, officer, "Check", NOTICE)
    assert seen() == []
    stopping.lift(entry.session.stops.all(), officer)
    assert seen() == [(MARK, None)]
    Release.objects.update(opens_at=factories.database_now() + HOUR)
    factories.approve(Release.objects.get())
    assert seen() == []
    face.execute("SELECT results_mark_opened(%s)", [share.digest])
    assert not ShareOpening.objects.exists()
    arguments = "%s, %s, 'x', 'skills', now() + interval '1 day', 's', repeat('a', 64)"
    made = f"SELECT * FROM results_make_share({arguments})"
    assert face.execute(made, [user.pk, entry.pk]).fetchone() == ("not_open", None)
    Release.objects.update(opens_at=factories.database_now() - HOUR)
    factories.approve(Release.objects.get())
    assert face.execute(made, [factories.candidate().pk, entry.pk]).fetchone() == ("not_open", None)
    now = factories.database_now()
    Share.objects.filter(pk=share.pk).update(made_at=now - DAY, ends_at=now)
    assert seen() == []
    Share.objects.filter(pk=share.pk).update(ends_at=now + DAY)
    assert seen() == [(MARK, None)]
    face.execute("UPDATE results_share SET revoked_at = now() WHERE id = %s", [share.pk])
    assert seen() == []
    with pytest.raises(psycopg.errors.RaiseException, match="Cannot update"):
        face.execute("UPDATE results_share SET revoked_at = NULL WHERE id = %s", [share.pk])


@pytest.mark.django_db(transaction=True)
def test_the_view_tells_nothing_by_the_side_of_what_the_gate_keeps_back(role_connection):
    """Neither a function in a condition nor an operator sees a row that is not let through."""
    entry, _user = sitting()
    link_to(entry, "overall")
    Release.objects.update(opens_at=factories.database_now() + HOUR)
    factories.approve(Release.objects.get())
    face = role_connection("candidates")
    for condition in ("1 / (overall - 176) > 0", "speaking = 169", "overall = 176"):
        assert face.execute(f"SELECT * FROM results_gate_shared WHERE {condition}").fetchall() == []
    Release.objects.update(opens_at=factories.database_now() - HOUR)
    factories.approve(Release.objects.get())
    assert face.execute("SELECT * FROM results_gate_shared WHERE speaking = 169").fetchall() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "refused",
    [
        "INSERT INTO results_share (for_whom) VALUES ('x')",
        "DELETE FROM results_share",
        "UPDATE results_share SET ends_at = now() + interval '1 year'",
        "UPDATE results_share SET shows = 'skills'",
        "UPDATE results_share SET user_id = 1",
        "UPDATE results_share SET digest = ''",
        "INSERT INTO results_shareopening VALUES (1, 1, now(), now())",
        "UPDATE results_shareopening SET times = 0",
        "DELETE FROM results_shareopening",
        "INSERT INTO results_gate_shared (overall) VALUES (200)",
    ],
)
def test_the_face_changes_nothing_of_a_link_but_that_it_is_revoked(role_connection, refused):
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)):
        role_connection("candidates").execute(refused)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["centres", "worker", "staff"])
@pytest.mark.parametrize(
    "refused",
    [
        "SELECT seed FROM results_share",
        "SELECT digest FROM results_share",
        "SELECT * FROM results_gate_shared",
        "SELECT results_mark_opened('x')",
        "SELECT results_make_share(1, 1, 'x', 'skills', now(), 'x', 'x')",
        "UPDATE results_share SET revoked_at = now()",
    ],
)
def test_no_other_role_has_anything_of_a_link(role_connection, role, refused):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role_connection(role).execute(refused)


@pytest.mark.django_db
def test_a_stolen_database_opens_nothing_without_the_key():
    entry, _user = sitting()
    share, path = link_to(entry)
    with connection.cursor() as cursor:
        cursor.execute("SELECT s::text FROM results_share s")
        (row,) = cursor.fetchone()
    token = path.removeprefix("/shared/").rstrip("/")
    assert token not in row
    assert share.seed in row
    for guess in (share.seed, share.digest, links.token_of(share.seed, "another key")):
        assert FaceClient("candidates").get(f"/shared/{guess}/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"shows": "all"}, "share_shows_known"),
        ({"for_whom": ""}, "share_has_words"),
        ({"digest": "X" * 64}, "share_digest_whole"),
        ({"ends_at": timedelta(0)}, "share_ends_within_a_year"),
        ({"ends_at": 368 * DAY}, "share_ends_within_a_year"),
    ],
)
def test_the_constraints_hold(fields, constraint):
    entry, _user = sitting()
    share, _path = link_to(entry)
    fields = {
        name: share.made_at + value if isinstance(value, timedelta) else value
        for name, value in fields.items()
    }
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Share.objects.filter(pk=share.pk).update(**fields)


@pytest.mark.django_db
def test_an_opening_is_one_at_least_and_in_order():
    entry, _user = sitting()
    share, _path = link_to(entry)
    now = factories.database_now()
    for times, first_at in ((0, now), (1, now + SECOND)):
        with pytest.raises(IntegrityError, match="share_opening_in_order"), transaction.atomic():
            ShareOpening.objects.create(share=share, times=times, first_at=first_at, last_at=now)


@pytest.mark.django_db
def test_an_account_takes_its_links_with_it():
    entry, user = sitting()
    _share, path = link_to(entry)
    read(path)
    Entry.objects.filter(pk=entry.pk).update(user=None)
    user.delete()
    assert not Share.objects.exists()
    assert not ShareOpening.objects.exists()
    assert FaceClient("candidates").get(path).status_code == 404


@pytest.mark.django_db
def test_making_and_revoking_stand_in_the_audit_trail_without_what_makes_the_link():
    entry, user = sitting()
    browser = browser_of(user)
    browser.post(f"/sharing/new/{entry.pk}/", FORM)
    share = Share.objects.get()
    browser.post(f"/sharing/{share.pk}/revoke/")
    acts = AuditEntry.objects.filter(model="results.share").order_by("id")
    assert [act.kind for act in acts] == ["insert", "update"]
    assert {act.user_id for act in acts} == {str(user.pk)}
    assert {act.entry_id for act in acts} == {entry.pk}
    for act in acts:
        assert not {"seed", "digest"} & act.data.keys()
