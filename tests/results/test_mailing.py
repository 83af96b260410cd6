"""Mails about results: to whom, when, once; through a real mail server, by the real worker."""

import re
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from icalendar import Calendar
from procrastinate.exceptions import AlreadyEnqueued

from accounts.models import Choice
from bench.mails import kill_run
from results import mailing, releasing, stopping
from results.mailing.sending import send_due
from results.models import Entry, Mail, Release, Stop
from results.tasks import send_mails
from results_portal.office import APPROVER, HELP_DESK, OFFICER
from results_portal.roles import STAFF, WORKER
from tests import factories, plugin
from tests.conftest import database_role
from tests.mailbox import Mailbox, html_of, serve, text_of, work

SECOND = timedelta(seconds=1)
real_time = pytest.mark.django_db(transaction=True)


def wants_updates(user, agreed: bool = True) -> None:
    Choice.objects.create(user=user, kind="updates", agreed=agreed, text_version="2026-11-22")


def registered(session, email: str = "alice@example.org", *, updates: bool = True, **fields) -> Entry:
    """An entry with a statement, whose candidate has registered."""
    entry = factories.entry(session, **fields)
    user = factories.candidate(entry, email=email)
    wants_updates(user, updates)
    factories.statement(entry)
    return entry


def open_by_two(session) -> None:
    factories.approve_by_two(session.release)


def correct(entry: Entry, version: int = 2) -> None:
    factories.statement(entry, version, overall=183, result="A", cefr="C1", speaking=183)
    open_by_two(entry.session)


def send() -> None:
    with suppress(AlreadyEnqueued):
        send_mails.defer(timestamp=0)
    work()


def try_again() -> None:
    """As if the wait after a failure was over."""
    Mail.objects.filter(state="due").update(due_at=Now())
    send()


def lines(body: str) -> list[str]:
    """However the mail ends its lines."""
    return body.strip().splitlines()


def recipients(mailbox) -> list[str]:
    return [to for message in mailbox for to in message.envelope_to]


# --- At the instant ----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("opens_in", "told"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)], ids=["T-1s", "T", "T+1s"]
)
def test_candidates_and_centres_are_told_from_the_instant_on(mailbox, opens_in, told):
    centre = factories.centre()
    member = factories.member(centre)
    registered(factories.session(opens_in=opens_in), preparation_centre=centre)
    with database_role(WORKER):  # within one transaction the database's clock stands still
        send_due()
    assert recipients(mailbox) == (["alice@example.org", member.email] if told else [])


@real_time
def test_no_mail_leaves_before_the_instant_and_the_first_within_seconds(mailbox):
    session = factories.session(opens_in=2 * SECOND)
    registered(session)
    send()
    assert not mailbox
    assert not Mail.objects.exists()
    while factories.database_now() < session.release.opens_at:
        time.sleep(0.1)
    send()
    mail = Mail.objects.get()
    assert session.release.opens_at < mail.sent_at < session.release.opens_at + 5 * SECOND
    assert recipients(mailbox) == ["alice@example.org"]


@real_time
def test_each_is_told_once_however_often_the_worker_looks(mailbox):
    registered(factories.session())
    for _time in range(3):
        send()
    assert len(mailbox) == 1


@real_time
def test_unapproved_results_are_not_told(mailbox):
    registered(factories.session(approved=False))
    send()
    assert not mailbox


@real_time
def test_candidates_who_chose_no_updates_are_not_told(mailbox):
    session = factories.session()
    registered(session, "no@example.org", updates=False)
    changed = registered(session, "changed@example.org")
    wants_updates(changed.user, False)
    registered(session, "yes@example.org")
    send()
    assert recipients(mailbox) == ["yes@example.org"]


@real_time
def test_the_mail_says_what_is_there_and_nothing_about_it(mailbox):
    entry = registered(factories.session(), given_names="Zoë", family_name="Kuvetto")
    send()
    (message,) = mailbox
    assert message["subject"] == "Your results are available: B2 First, June 2026"
    assert message["content-language"] == "en"
    for body in (text_of(message), html_of(message)):
        assert "Hello Zoë" in body
        assert "http://results.example.org" in body
        assert entry.id_number not in body
        assert not re.search(r"Grade|Pass at|\b176\b|\bB2\b(?! First)|/confirm/|new-password", body)


@real_time
def test_two_children_with_one_address_get_a_mail_each(mailbox):
    session = factories.session()
    registered(session, given_names="Alice")
    registered(session, given_names="Bruno")
    send()
    assert sorted(re.search("Hello (.*),", text_of(message))[1] for message in mailbox) == ["Alice", "Bruno"]


@real_time
def test_two_exams_of_one_account_are_a_mail_each_that_names_the_exam(mailbox):
    first = registered(factories.session("B1P", title="June 2025"))
    second = factories.entry(factories.session("B2F", opens_in=timedelta(hours=1), title="June 2026"))
    factories.statement(second)
    Entry.objects.filter(pk=second.pk).update(user=first.user)
    send()
    assert [message["subject"] for message in mailbox] == [
        "Your results are available: B1 Preliminary, June 2025"
    ]
    Release.objects.filter(session=second.session).update(opens_at=Now() - SECOND)
    factories.approve(second.session.release)
    send()
    send()
    assert [message["subject"] for message in mailbox[1:]] == [
        "Your results are available: B2 First, June 2026"
    ]


@real_time
def test_when_one_of_two_exams_is_stopped_the_other_is_told(mailbox):
    first = registered(factories.session("B1P"))
    second = factories.entry(factories.session("B2F"))
    factories.statement(second)
    Entry.objects.filter(pk=second.pk).update(user=first.user)
    stopping.stop_session(second.session, factories.officer(), "Wrong file")
    send()
    assert ["B1 Preliminary" in message["subject"] for message in mailbox] == [True]


@real_time
def test_a_centres_members_get_one_mail_each_not_one_a_student(mailbox):
    centre, session = factories.centre(name="Liceo Galvani"), factories.session()
    members = [factories.member(centre) for _n in range(2)]
    for number in range(3):
        registered(session, f"p{number}@example.org", preparation_centre=centre)
    send()
    told = recipients(mailbox)
    assert sorted(told[:3]) == ["p0@example.org", "p1@example.org", "p2@example.org"]  # candidates first
    assert sorted(told[3:]) == sorted(member.email for member in members)
    assert "students of Liceo Galvani" in text_of(mailbox[3])
    assert "http://centres.example.org" in text_of(mailbox[3])


@real_time
def test_who_joins_a_centre_later_is_not_told_of_what_was(mailbox):
    centre, session = factories.centre(), factories.session()
    registered(session, preparation_centre=centre)
    first = factories.member(centre)
    send()
    factories.member(centre)
    send()
    assert recipients(mailbox) == ["alice@example.org", first.email]


@real_time
def test_the_centre_is_told_at_its_own_instant(mailbox):
    centre, session = factories.centre(), factories.session(approved=False)
    factories.member(centre)
    registered(session, preparation_centre=centre)
    Release.objects.update(centres_open_at=factories.database_now() + timedelta(hours=1))
    factories.approve(session.release)
    send()
    assert recipients(mailbox) == ["alice@example.org"]


# --- Between queueing and sending ---------------------------------------------------------------------


def queued_while_the_server_is_down(settings, unused_port) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_port
    send()
    assert set(Mail.objects.values_list("state", flat=True)) == {"due"}


@pytest.fixture
def later(settings, unused_port):
    """Queue now, while the mail server is down; called again, it serves and the worker sends."""
    arrived, controllers = Mailbox(), []

    def again() -> Mailbox:
        if not controllers:
            controllers.append(serve(arrived, unused_port))
        try_again()
        return arrived

    def queue():
        queued_while_the_server_is_down(settings, unused_port)
        return again

    yield queue
    for controller in controllers:
        controller.stop()


@real_time
def test_with_the_mail_server_down_nothing_is_lost_and_staff_see_why(later):
    for number in range(3):
        registered(factories.session(), f"p{number}@example.org")
    again = later()
    assert "refused" in Mail.objects.exclude(last_error="").get().last_error
    assert sorted(recipients(again())) == ["p0@example.org", "p1@example.org", "p2@example.org"]
    assert set(Mail.objects.values_list("state", "last_error")) == {("sent", "")}


@real_time
def test_a_stop_before_the_mail_leaves_keeps_it_and_lifting_sends_it(later):
    entry = registered(factories.session())
    again = later()
    stopping.stop_session(entry.session, factories.officer(), "Wrong file")
    assert again() == []
    assert Mail.objects.get().state == "dropped"
    stopping.lift(Stop.objects.all(), factories.officer())
    assert recipients(again()) == ["alice@example.org"]


@real_time
def test_a_stop_of_one_candidate_leaves_the_others_mails(later):
    session = factories.session()
    stopped = registered(session, "stopped@example.org")
    registered(session, "open@example.org")
    again = later()
    stopping.stop_candidates(Entry.objects.filter(pk=stopped.pk), factories.officer(), "Enquiry")
    assert recipients(again()) == ["open@example.org"]


@real_time
def test_a_release_moved_before_the_mail_leaves_takes_it_back(later):
    entry = registered(factories.session())
    again = later()
    Release.objects.update(opens_at=factories.database_now() + timedelta(hours=1))
    assert again() == []
    assert Mail.objects.get(kind="results").state == "dropped"
    assert entry.session.mails.filter(kind="results").count() == 1


@real_time
def test_who_opts_out_before_the_mail_leaves_gets_none(later):
    entry = registered(factories.session())
    again = later()
    wants_updates(entry.user, False)
    assert again() == []


@real_time
def test_a_student_moved_to_another_centre_is_told_to_that_one(later):
    old, new = factories.centre(), factories.centre()
    factories.member(old)
    member = factories.member(new)
    entry = registered(factories.session(), updates=False, preparation_centre=old)
    again = later()
    Entry.objects.filter(pk=entry.pk).update(preparation_centre=new)
    assert recipients(again()) == [member.email]


@real_time
def test_who_leaves_the_centre_before_the_mail_leaves_gets_none(later):
    centre = factories.centre()
    member = factories.member(centre)
    registered(factories.session(), updates=False, preparation_centre=centre)
    again = later()
    member.memberships.all().delete()
    assert again() == []


@real_time
def test_an_address_corrected_meanwhile_is_the_one_that_counts(later):
    entry = registered(factories.session())
    again = later()
    entry.user.email = "new@example.org"
    entry.user.save()
    assert recipients(again()) == ["new@example.org"]


# --- Amended ----------------------------------------------------------------------------------------


@real_time
def test_an_amended_result_is_told_to_the_candidate_even_without_updates_and_to_the_centre(mailbox):
    centre = factories.centre()
    member = factories.member(centre)
    entry = registered(factories.session(approved=False), updates=False, preparation_centre=centre)
    open_by_two(entry.session)
    send()
    assert recipients(mailbox) == [member.email]
    correct(entry)
    send()
    send()
    assert recipients(mailbox)[1:] == ["alice@example.org", member.email]
    to_candidate, to_centre = mailbox[1:]
    assert to_candidate["subject"] == "Your result was amended: B2 First, June 2026"
    assert "what was changed, when and why" in text_of(to_candidate)
    assert "one student" in text_of(to_centre)
    for message in (to_candidate, to_centre):
        assert not re.search(r"\b183\b|\b176\b|Grade|Enquiry", text_of(message) + html_of(message))


@real_time
def test_each_version_is_told_once_and_only_when_two_people_let_it_through(mailbox):
    entry = registered(factories.session(approved=False), updates=False)
    open_by_two(entry.session)
    for version, status in ((2, "withheld"), (3, "result")):
        factories.statement(entry, version, status=status)
        send()
        assert len(mailbox) == version - 2
        open_by_two(entry.session)
        send()
        send()
        assert len(mailbox) == version - 1
    assert len({message["message-id"] for message in mailbox}) == 2


@real_time
def test_a_version_that_replaced_one_nobody_saw_is_no_amendment(mailbox):
    entry = registered(factories.session(approved=False))
    factories.statement(entry, 2)
    open_by_two(entry.session)
    send()
    assert [message["subject"] for message in mailbox] == ["Your results are available: B2 First, June 2026"]


@real_time
def test_a_file_of_corrections_is_one_mail_to_a_member(mailbox):
    centre, session = factories.centre(), factories.session(approved=False)
    factories.member(centre)
    entries = [
        registered(session, f"p{n}@example.org", updates=False, preparation_centre=centre) for n in range(3)
    ]
    open_by_two(session)
    send()
    mailbox.clear()
    for entry in entries:
        factories.statement(entry, 2, status="withheld")
    open_by_two(session)
    send()
    assert len(mailbox) == 4
    assert "the results of 3 students" in text_of(mailbox[-1])
    assert Mail.objects.filter(kind="amended", audience="centres", state="sent").count() == 3


@real_time
def test_a_correction_before_the_first_mail_leaves_is_told_instead_of_it(later):
    entry = registered(factories.session(approved=False))
    open_by_two(entry.session)
    again = later()
    correct(entry)
    assert [message["subject"] for message in again()] == ["Your result was amended: B2 First, June 2026"]


# --- Postponed ---------------------------------------------------------------------------------------


@real_time
def test_a_later_time_is_told_to_everybody_registered_and_their_centres_with_a_calendar_file(mailbox):
    centre = factories.centre()
    member = factories.member(centre)
    session = factories.session(opens_in=timedelta(hours=1))
    registered(session, updates=False, preparation_centre=centre, given_names="Zoë")
    factories.entry(session, email="not-registered@example.org")
    new = session.release.opens_at + timedelta(days=1)
    releasing.move(session.release, new, None, factories.officer())
    send()
    assert recipients(mailbox) == ["alice@example.org", member.email]
    to_candidate, to_centre = mailbox
    assert to_candidate["subject"] == "New time for the results: B2 First, June 2026"
    assert "Hello Zoë" in text_of(to_candidate)
    (attachment,) = to_candidate.iter_attachments()
    (event,) = Calendar.from_ical(attachment.get_content()).walk("VEVENT")
    assert (event["dtstart"].dt, event["sequence"]) == (new.replace(microsecond=0), 1)
    assert not list(to_centre.iter_attachments())


@real_time
def test_only_the_audience_whose_own_time_is_later_is_told(mailbox):
    centre = factories.centre()
    member = factories.member(centre)
    session = factories.session(opens_in=timedelta(hours=1))
    registered(session, preparation_centre=centre)
    opens_at = session.release.opens_at
    releasing.move(session.release, opens_at, opens_at + timedelta(hours=5), factories.officer())
    send()
    assert recipients(mailbox) == [member.email]
    mailbox.clear()
    later = opens_at + timedelta(hours=3)
    releasing.move(session.release, later, opens_at + timedelta(hours=5), factories.officer())
    send()
    assert recipients(mailbox) == ["alice@example.org"]


@real_time
def test_each_move_to_a_later_time_is_told_once_and_an_earlier_one_is_not(mailbox):
    session = factories.session(opens_in=timedelta(hours=1))
    registered(session)
    start = session.release.opens_at
    for days, mails in ((2, 1), (1, 1), (3, 2)):
        releasing.move(session.release, start + timedelta(days=days), None, factories.officer())
        send()
        send()
        assert len(mailbox) == mails


@real_time
def test_a_move_that_is_undone_tells_nobody(mailbox):
    session = factories.session(opens_in=timedelta(hours=1))
    registered(session)
    with transaction.atomic():
        releasing.move(
            session.release, session.release.opens_at + timedelta(days=1), None, factories.officer()
        )
        transaction.set_rollback(True)
    send()
    assert not mailbox


@pytest.mark.django_db
def test_the_staff_face_may_queue_what_a_move_tells():
    session = factories.session(opens_in=timedelta(hours=1))
    registered(session)
    officer = factories.officer()
    with database_role(STAFF):
        releasing.move(session.release, session.release.opens_at + timedelta(days=1), None, officer)
    assert Mail.objects.get().kind == "postponed"


# --- Reminders ----------------------------------------------------------------------------------------


@real_time
def test_a_reminder_goes_to_entries_with_an_address_and_to_the_centres_with_a_number_only(mailbox):
    centre = factories.centre(name="Liceo Galvani")
    member = factories.member(centre)
    session = factories.session(opens_in=timedelta(days=1))
    entries = [
        factories.entry(session, email=email, preparation_centre=centre, given_names="Zoë")
        for email in ("zoe@example.org", "")
    ]
    registered(session, "registered@example.org", preparation_centre=centre)
    counts = mailing.remind_unregistered(session, factories.officer(HELP_DESK))
    assert (counts.candidates, counts.members, counts.unreachable) == (1, 1, 1)
    send()
    assert recipients(mailbox) == ["zoe@example.org", member.email]
    to_entry, to_centre = mailbox
    assert to_entry["content-language"] == "it"
    assert "Zoë" in text_of(to_entry)
    assert "2 students of Liceo Galvani" in text_of(to_centre)
    for message in mailbox:
        for entry in entries:
            assert entry.id_number not in text_of(message) + html_of(message)


@real_time
def test_who_registers_before_the_reminder_leaves_gets_none(mailbox):
    session = factories.session(opens_in=timedelta(days=1))
    entry = factories.entry(session, email="zoe@example.org")
    mailing.remind_unregistered(session, factories.officer())
    factories.candidate(entry)
    send()
    assert not mailbox


@pytest.mark.django_db
def test_one_reminder_a_day():
    session = factories.session(opens_in=timedelta(days=1))
    factories.entry(session, email="zoe@example.org")
    mailing.remind_unregistered(session, factories.officer())
    with pytest.raises(ValidationError, match="24 hours"):
        mailing.remind_unregistered(session, factories.officer())
    Mail.objects.update(made_at=Now() - timedelta(days=1))
    assert mailing.remind_unregistered(session, factories.officer()).candidates == 1
    assert Mail.objects.count() == 2


@pytest.mark.django_db
def test_a_reminder_needs_the_right_and_somebody_to_remind():
    session = factories.session()
    with pytest.raises(ValidationError, match="may not"):
        mailing.remind_unregistered(session, factories.officer(APPROVER))
    with pytest.raises(ValidationError, match="Everybody"):
        mailing.remind_unregistered(session, factories.officer(OFFICER))
    factories.entry(session)
    with pytest.raises(ValidationError, match="no preparation centre"):
        mailing.remind_unregistered(session, factories.officer(OFFICER))


# --- The mail server ----------------------------------------------------------------------------------


class Difficult(Mailbox):
    """Refuses some for good, some for now, and drops the connection on every third mail."""

    def __init__(self):
        super().__init__()
        self.seen = 0
        self.dropping = False

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802
        if address.startswith("gone"):
            return f"550 5.1.1 <{address}> unknown"
        if address.startswith("grey"):
            return "451 4.7.1 Greylisted, try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        self.seen += 1
        if self.dropping and self.seen % 3 == 0:
            server.transport.abort()
            return "451 gone"
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def difficult(settings, unused_port):
    arrived = Difficult()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_port
    controller = serve(arrived, unused_port)
    yield arrived
    controller.stop()


@real_time
def test_an_address_refused_for_good_is_given_up_with_the_reason_and_the_others_go_on(difficult):
    session = factories.session()
    for address in ("gone@example.org", "grey@example.org", "fine@example.org"):
        registered(session, address)
    send()
    assert recipients(difficult) == ["fine@example.org"]
    given_up, waiting = Mail.objects.get(state="given_up"), Mail.objects.get(state="due")
    assert given_up.user.email == "gone@example.org"
    assert "550 5.1.1" in given_up.last_error
    assert "451 4.7.1" in waiting.last_error
    assert waiting.due_at > factories.database_now()
    send()
    assert len(difficult) == 1


@real_time
def test_a_connection_dropped_in_the_middle_loses_and_doubles_nothing(difficult):
    difficult.dropping = True
    session = factories.session()
    everybody = {f"p{number}@example.org" for number in range(10)}
    for address in everybody:
        registered(session, address)
    send()
    assert len(difficult) >= 6  # two of three, on new connections
    difficult.dropping = False
    try_again()
    assert sorted(recipients(difficult)) == sorted(everybody)


@real_time
def test_mails_are_spread_by_the_rate(mailbox, settings):
    settings.MAILS_PER_MINUTE = 300
    session = factories.session()
    for number in range(6):
        registered(session, f"p{number}@example.org")
    send()
    times = sorted(Mail.objects.values_list("sent_at", flat=True))
    assert len(times) == 6
    assert times[-1] - times[0] >= 5 * 0.2 * SECOND * 0.95


@real_time
def test_while_one_worker_sends_another_does_nothing(mailbox, role_connection):
    registered(factories.session())
    from results.mailing.sending import ONE_SENDER

    other = role_connection("worker")
    other.execute("SELECT pg_advisory_lock(%s)", [ONE_SENDER])
    send()
    assert not mailbox
    other.close()  # as PostgreSQL sees a killed worker
    send()
    assert len(mailbox) == 1


@real_time
def test_what_a_killed_worker_was_sending_goes_out_under_the_same_message_id(mailbox):
    registered(factories.session())
    send()
    first = mailbox[0]["message-id"]
    Mail.objects.update(state="sending", sent_at=None)  # killed before the server's answer was stored
    send()
    assert [message["message-id"] for message in mailbox] == [first, first]


@real_time
def test_a_worker_killed_again_and_again_loses_nothing_and_tells_nobody_twice():
    outcome = kill_run(plugin.urls["worker"], people=120, kills=4)
    assert (outcome.kills, outcome.lost, outcome.told_twice) == (4, 0, 0)
    assert outcome.doubled <= outcome.kills  # under the same Message-ID, in the window of a commit


# --- The database is the last guard ------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("constraint", "wrong"),
    [
        ("mail_once", {}),
        ("mail_kind_known", {"kind": "news"}),
        ("mail_state_known", {"state": "lost"}),
        ("mail_has_one_addressee", {"user": None}),
        ("mail_has_one_addressee", {"audience": "centres"}),
        ("mail_has_one_addressee", {"address": "zoe@example.org"}),
        ("mail_sent_has_time", {"state": "sent"}),
    ],
)
def test_the_database_refuses(constraint, wrong):
    entry = registered(factories.session())
    row = {"kind": "results", "audience": "candidates", "session": entry.session, "entry": entry}
    row["user"] = entry.user
    Mail.objects.create(**row)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Mail.objects.create(**row | wrong | ({"cause": 9} if wrong else {}))


@pytest.mark.django_db
def test_a_reminder_goes_with_its_entry():
    session = factories.session(opens_in=timedelta(days=1))
    entry = factories.entry(session, email="zoe@example.org")
    mailing.remind_unregistered(session, factories.officer())
    with database_role(STAFF):
        entry.delete()
    assert not Mail.objects.exists()


@pytest.mark.django_db
def test_no_mark_and_no_number_of_a_slip_is_in_the_outbox():
    columns = {field.column for field in Mail._meta.concrete_fields}
    assert not columns & {"overall", "result", "cefr", "status", "id_number", "secret_digest", "body"}
    with connection.cursor() as cursor, database_role(WORKER), transaction.atomic():
        with pytest.raises(Exception, match="permission denied"):
            cursor.execute("SELECT overall FROM results_statement")
        transaction.set_rollback(True)


# --- Looking before ---------------------------------------------------------------------------------


@pytest.fixture
def with_everybody(db):
    """A session before its instant: registered with and without updates, not registered, with a centre."""
    session = factories.session(opens_in=timedelta(days=1), approved=False)
    centre = factories.centre(name="Liceo D’Azeglio & figli")
    registered(session, preparation_centre=centre, given_names="Zoë <3")
    registered(session, updates=False, given_names="Bruno")
    factories.entry(session, given_names="Carla")
    return session


def test_the_pre_flight_finds_nothing_wrong_with_good_mails(with_everybody):
    with database_role(STAFF):
        assert mailing.rendered_mails(with_everybody) == []
    assert not Mail.objects.exists()


@pytest.mark.parametrize(
    ("file", "words", "problem"),
    [
        ("subject.txt", "  ", "subject is blank"),
        ("body.txt", "", "body is blank"),
        ("body.html", "<html><body></body></html>", "body is blank"),
        ("body.txt", "Hello {{ nome }}, http://results.example.org", "name is missing"),
        ("body.txt", "Hello {{ name }}, see the site", "link to the site is missing"),
        ("body.txt", "Hello {{ name }} {{ missing.thing|default_if_none:'' }}() {{ face_url }}", "unfilled"),
        ("body.txt", "Hello {% templatetag openvariable %} name }} {{ name }} {{ face_url }}", "unfilled"),
        ("body.txt", "Hello {{ name }} None {{ face_url }}", "unfilled"),
        ("body.txt", "{% nonsense %}", "cannot be written"),
    ],
)
def test_the_pre_flight_finds_a_bad_template(with_everybody, settings, tmp_path, file, words, problem):
    bad = tmp_path / "mails" / "results_available" / file
    bad.parent.mkdir(parents=True)
    bad.write_text(words, encoding="utf-8")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    found = mailing.rendered_mails(with_everybody)
    assert {finding.kind for finding in found} == {"results"}
    assert {finding.language for finding in found} == {"it", "en"}
    assert problem in str(found[0])


@real_time
def test_the_preview_is_the_very_mail(mailbox):
    centre = factories.centre()
    factories.member(centre)
    entry = registered(factories.session(), preparation_centre=centre)
    previews = []
    with database_role(STAFF):
        previews.extend(mailing.preview_mail("results", to, "en") for to in (entry, centre))
    send()
    assert [(m["subject"].strip(), lines(text_of(m)), lines(html_of(m))) for m in mailbox] == [
        (subject, lines(text), lines(html)) for subject, text, html in previews
    ]


# --- The office's list ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_office_sees_what_was_sent_and_given_up(staff_face):
    entry = registered(factories.session())
    row = {"kind": "results", "audience": "candidates", "session": entry.session, "entry": entry}
    Mail.objects.create(**row, user=entry.user, state="given_up", last_error="550 unknown")
    mail = Mail.objects.get()
    staff_face.force_login(factories.officer(HELP_DESK))
    listed = staff_face.get("/admin/results/mail/?state=given_up").content.decode()
    assert "550 unknown" in listed
    assert "Given up: <strong>1</strong>" in listed
    assert entry.id_number in listed
    assert "550 unknown" in staff_face.get(f"/admin/results/mail/{mail.pk}/change/").content.decode()
    assert "550 unknown" not in staff_face.get("/admin/results/mail/?state=sent").content.decode()
    assert staff_face.post(f"/admin/results/mail/{mail.pk}/delete/", {"post": "yes"}).status_code == 403
