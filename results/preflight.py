"""What is looked at before a session's results are shown: each check with its verdict, and where to act.

The checks change nothing and send nothing. Their number of queries does not depend on how many entries there
are; the mail server is asked meanwhile, and no longer than MAIL_PATIENCE.
"""

import smtplib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Thread
from time import monotonic

from django.core.mail.backends.smtp import EmailBackend
from django.db import connection, models
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from results import checking
from results.mailing import rendered_mails
from results.models import Entry, ExamSession, Release, Status
from results.releasing import PEOPLE_NEEDED, standing_approvals
from results.standing import Standing
from results.times import in_words

MAIL_PATIENCE = 0.8  # seconds for the mail server's answer: the page does not wait longer
CLOCKS_APART = timedelta(seconds=2)
WORKERS = 2  # processes: one sends mails and sees no marks, one loads files (docs/operations.md)
HEARTBEAT = timedelta(seconds=30)  # a worker says every 10 seconds that it lives
JOB_LATE = timedelta(minutes=2)  # a worker takes a job that is due within seconds
USUAL_HOURS = range(7, 21)  # local hours at which results are opened


class Verdict(models.TextChoices):
    """What a check found."""

    OK = "ok", gettext_lazy("in order")
    WARNING = "warning", gettext_lazy("look at this")
    FAULT = "fault", gettext_lazy("to be put right")


SIGNS = {Verdict.OK: "✓", Verdict.WARNING: "!", Verdict.FAULT: "✗"}


@dataclass(frozen=True)
class Check:
    """One line of the list. words: what was found; link: where to see it or act, or empty."""

    name: str
    verdict: Verdict
    words: str
    link: str = ""

    @property
    def sign(self) -> str:
        return SIGNS[self.verdict]

    @property
    def label(self) -> str:
        return str(self.verdict.label)


def findings(session: ExamSession) -> list[Check]:
    """The checks that are not in order."""
    return [each for each in check(session) if each.verdict != Verdict.OK]


def check(session: ExamSession, outcomes: list[dict] | None = None) -> list[Check]:
    """Every check of a session, in the order of the work: results, approval, times, then the machines.

    outcomes: of checking.outcomes_of, where they are known already.
    """
    mail_server = _Asked(mail_server_answers)
    release = Release.objects.filter(session=session).first()
    return [
        *_results(session, checking.outcomes_of(session) if outcomes is None else outcomes),
        *(_release(release) if release else [_no_release(session)]),
        *_uploads(session),
        _mails(session),
        _mail_server(mail_server),
        *_workers(),
        _clocks(),
    ]


def _results(session: ExamSession, outcomes: list[dict]) -> list[Check]:
    entries = Entry.objects.filter(session=session).aggregate(all=Count("pk"), registered=Count("user"))
    found = Counter(all=0, doubtful=0, unapproved=0)
    for row in outcomes:
        found.update({"all": row["number"], "doubtful": row["doubtful"], "unapproved": row["unapproved"]})
        found[row["status"]] += row["number"]
    without = entries["all"] - found["all"]
    unregistered = entries["all"] - entries["registered"]
    return [
        Check(
            _("Entries with a result"),
            _verdict(without or not entries["all"], Verdict.WARNING if found["all"] else Verdict.FAULT),
            _("%(number)d of %(all)d; %(without)d without")
            % {"number": found["all"], "all": entries["all"], "without": without}
            if entries["all"]
            else _("There are no entries yet."),
            _without_result(session, entries["all"], without),
        ),
        Check(
            _("Values as the exam gives them"),
            _verdict(found["doubtful"]),
            ngettext(
                "%(count)d result has an overall score, a result or a level that its scores do not give",
                "%(count)d results have an overall score, a result or a level that their scores do not give",
                found["doubtful"],
            )
            % {"count": found["doubtful"]}
            if found["doubtful"]
            else _("Overall scores, results and levels are what the scores give."),
            _statements(session, doubtful="yes") if found["doubtful"] else "",
        ),
        *(
            Check(
                name,
                _verdict(found[status]),
                ngettext("%(count)d candidate", "%(count)d candidates", found[status])
                % {"count": found[status]},
                _entries(session, newest_status=status) if found[status] else "",
            )
            for status, name in ((Status.PENDING, _("Pending")), (Status.WITHHELD, _("Withheld")))
        ),
        Check(
            _("Results approved"),
            _verdict(found["unapproved"], Verdict.FAULT),
            _("%(number)d of %(all)d") % {"number": found["all"] - found["unapproved"], "all": found["all"]},
            _statements(session, standing=Standing.UNAPPROVED) if found["unapproved"] else "",
        ),
        Check(
            _("Candidates registered"),
            _verdict(unregistered),
            _("%(number)d of %(all)d; %(without)d not yet")
            % {"number": entries["registered"], "all": entries["all"], "without": unregistered},
            _entries(session, registered="no") if unregistered else "",
        ),
    ]


def _without_result(session: ExamSession, entries: int, without: int) -> str:
    """Where to see the entries that have none, or to load the first."""
    if not entries:
        return reverse("admin:results_upload_add", query={"session": session.pk, "kind": "entries"})
    return _entries(session, newest_status="none") if without else ""


def _no_release(session: ExamSession) -> Check:
    link = reverse("admin:results_examsession_change", args=[session.pk])
    return Check(_("Opening time"), Verdict.FAULT, _("There is none yet."), link)


def _release(release: Release) -> list[Check]:
    return [_approvals(release), *_times(release)]


def _approvals(release: Release) -> Check:
    approve = reverse("admin:results_release_approve", args=[release.pk])
    given = [str(approval.person) for approval in standing_approvals(release)]
    if given:
        words = _("%(number)d of %(needed)d: %(people)s") % {
            "number": len(given),
            "needed": PEOPLE_NEEDED,
            "people": ", ".join(given),
        }
        return Check(_("Approved by two people"), Verdict.WARNING, words, approve)
    if release.approved_through is None:
        return Check(_("Approved by two people"), Verdict.FAULT, _("Nobody has approved."), approve)
    return Check(_("Approved by two people"), Verdict.OK, _("Yes"))


def _times(release: Release) -> list[Check]:
    """Whether the instants are ahead, at hours at which people look, and in the usual order."""
    link = reverse("admin:results_examsession_change", args=[release.session_id])
    centres = release.centres_open_at or release.opens_at
    now = _database_now()
    hour = timezone.localtime(release.opens_at).hour
    when = in_words(release.opens_at)
    if release.opens_at <= now:
        opens = (
            Check(_("Opening time"), Verdict.OK, _("Open to candidates since %s") % when)
            if release.approved_through
            else Check(
                _("Opening time"),
                Verdict.WARNING,
                _("It has passed (%s): two approvals open at once, or choose another time.") % when,
                link,
            )
        )
    elif hour not in USUAL_HOURS:
        opens = Check(_("Opening time"), Verdict.WARNING, _("An unusual hour: %s") % when, link)
    else:
        opens = Check(_("Opening time"), Verdict.OK, when)
    if centres == release.opens_at:
        apart = Check(_("Preparation centres"), Verdict.OK, _("with the candidates"))
    elif centres < release.opens_at:
        apart = Check(
            _("Preparation centres"), Verdict.OK, _("before the candidates: %s") % in_words(centres)
        )
    else:
        words = _("after the candidates, who will ask them: %s") % in_words(centres)
        apart = Check(_("Preparation centres"), Verdict.WARNING, words, link)
    return [opens, apart]


def _uploads(session: ExamSession) -> list[Check]:
    """Files that are not done: one at work or waiting for a person may still change the results."""
    unfinished = session.uploads.exclude(finished_at__isnull=False)
    return [
        Check(
            _("File “%s”") % upload.name,
            Verdict.WARNING,
            upload.get_state_display(),
            reverse("admin:results_upload_change", args=[upload.pk]),
        )
        for upload in unfinished.order_by("pk")
    ]


def _mails(session: ExamSession) -> Check:
    """Every mail, rendered with real rows: nothing is blank or left behind by a template."""
    link = reverse("admin:results_examsession_mails", args=[session.pk])
    problems = rendered_mails(session)
    if not problems:
        return Check(_("Mails"), Verdict.OK, _("Written with real names, none is blank."), link)
    return Check(_("Mails"), Verdict.FAULT, "; ".join(str(problem) for problem in problems[:3]), link)


def _database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def _clocks() -> Check:
    before = timezone.now()
    return clocks(before, _database_now(), timezone.now())


def clocks(before: datetime, database: datetime, after: datetime) -> Check:
    """Whether the database's clock agrees with this server's, which was read before and after it."""
    apart = max(before - database, database - after, timedelta(0))
    words = _("This server and the database are %(seconds).1f seconds apart.") % {
        "seconds": apart.total_seconds()
    }
    verdict = Verdict.OK if apart <= CLOCKS_APART else Verdict.FAULT
    return Check(_("Clocks"), verdict, words if apart > CLOCKS_APART else _("They agree."))


def mail_server_answers() -> None:
    """Connect, sign in and say NOOP, as the worker would before a mail; raises OSError or SMTPException."""
    server = EmailBackend(timeout=MAIL_PATIENCE)
    server.open()
    try:
        server.connection.noop()
    finally:
        server.close()


class _Asked:
    """A question that is put in a thread of its own; only so long is waited for its answer."""

    def __init__(self, question: Callable[[], None]):
        self._question = question
        self._error: Exception | None = None
        self._give_up = monotonic() + MAIL_PATIENCE
        self._thread = Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        try:
            self._question()
        except (OSError, smtplib.SMTPException) as error:
            self._error = error

    def error(self) -> Exception | None:
        """What went wrong; None if the answer was good."""
        self._thread.join(max(self._give_up - monotonic(), 0))
        return TimeoutError(_("no answer")) if self._thread.is_alive() else self._error


def _mail_server(asked: _Asked) -> Check:
    error = asked.error()
    if error is None:
        return Check(_("Mail server"), Verdict.OK, _("It answers."))
    return Check(_("Mail server"), Verdict.FAULT, _("It does not answer: %s") % error)


def _workers() -> list[Check]:
    """Whether a worker lives, and for each queue in which jobs wait too long, that they do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > clock_timestamp() - %s",
            [HEARTBEAT],
        )
        (alive,) = cursor.fetchone()
        cursor.execute(
            "SELECT queue_name, count(*) FROM procrastinate_jobs job WHERE status = 'todo' AND coalesce("
            "scheduled_at, (SELECT min(at) FROM procrastinate_events WHERE job_id = job.id)"
            ") < clock_timestamp() - %s GROUP BY queue_name ORDER BY queue_name",
            [JOB_LATE],
        )
        late = cursor.fetchall()
    words = ngettext(
        "%(count)d is running; %(needed)d are needed, one for mails and one for files.",
        "%(count)d are running; %(needed)d are needed, one for mails and one for files.",
        alive,
    ) % {"count": alive, "needed": WORKERS}
    return [
        Check(
            _("Mails and files in the background"),
            Verdict.OK if alive >= WORKERS else Verdict.WARNING if alive else Verdict.FAULT,
            words if alive else _("None is running: no mail is sent, no file is loaded."),
        ),
        *(
            Check(
                _("Queue “%s”") % queue,
                Verdict.FAULT,
                ngettext(
                    "%(count)d job should have begun more than two minutes ago.",
                    "%(count)d jobs should have begun more than two minutes ago.",
                    number,
                )
                % {"count": number},
            )
            for queue, number in late
        ),
    ]


def _verdict(number: int, otherwise: Verdict = Verdict.WARNING) -> Verdict:
    return otherwise if number else Verdict.OK


def _entries(session: ExamSession, **query) -> str:
    return reverse("admin:results_entry_changelist", query={"session__id__exact": session.pk, **query})


def _statements(session: ExamSession, **query) -> str:
    query = {"entry__session__id__exact": session.pk, **query}
    return reverse("admin:results_statement_changelist", query=query)
