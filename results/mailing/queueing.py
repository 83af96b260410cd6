"""Who is to be told what: rows of the outbox, each person and cause once.

Results that are available or amended are found by the worker, from the gate alone: before the instant, while
stopped or unapproved there is nothing to find. Postponed sessions and reminders are acts of the exams office,
queued in their transaction.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F, Max, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.acting import acting
from accounts.models import User
from results.locking import lock
from results.models import Entry, ExamSession, Mail, Release

MAY_REMIND = "results.add_mail"
RECENT = timedelta(days=3)  # most sessions are opened, stopped and lifted within these days of the instant
BETWEEN_REMINDERS = timedelta(days=1)

# What was sent, waits or was given up stays so; what was dropped, not being true any more, waits again.
_AGAIN = """
ON CONFLICT ON CONSTRAINT mail_once DO UPDATE SET state = 'due', due_at = now()
WHERE results_mail.state = 'dropped'
"""
_TO_CANDIDATES = f"""
INSERT INTO results_mail (kind, audience, session_id, entry_id, user_id, cause)
SELECT told.kind, 'candidates', v.session_id, v.entry_id, v.user_id, told.cause
FROM results_visible v
JOIN accounts_user u ON u.id = v.user_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN v.corrects THEN 'amended' ELSE 'results' END AS kind,
           CASE WHEN v.corrects THEN v.statement_id ELSE 0 END AS cause
) AS told
WHERE v.audience = 'candidates' AND v.session_id = ANY(%s) AND u.is_active AND u.email <> ''
  AND (v.corrects OR (
      SELECT c.agreed FROM accounts_choice c WHERE c.user_id = v.user_id AND c.kind = 'updates'
      ORDER BY c.id DESC LIMIT 1
  ))
  AND NOT EXISTS (
      SELECT FROM results_mail m
      WHERE m.session_id = v.session_id AND m.kind = told.kind AND m.entry_id = v.entry_id
        AND m.user_id = v.user_id AND m.cause = told.cause AND m.state <> 'dropped'
  )
{_AGAIN}
"""  # noqa: S608 (no value is put together)
# To the members that a centre has when its results begin or one is amended; who joins later reads them there.
_TO_CENTRES = f"""
INSERT INTO results_mail (kind, audience, session_id, preparation_centre_id, user_id, cause)
SELECT DISTINCT told.kind, 'centres', v.session_id, v.preparation_centre_id, u.id, told.cause
FROM results_visible v
JOIN centres_membership member ON member.centre_id = v.preparation_centre_id
JOIN accounts_user u ON u.id = member.user_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN v.corrects THEN 'amended' ELSE 'results' END AS kind,
           CASE WHEN v.corrects THEN v.statement_id ELSE 0 END AS cause
) AS told
WHERE v.audience = 'centres' AND v.session_id = ANY(%s) AND u.is_active AND u.email <> ''
  AND NOT EXISTS (
      SELECT FROM results_mail m
      WHERE m.session_id = v.session_id AND m.kind = told.kind AND m.entry_id IS NULL
        AND m.preparation_centre_id = v.preparation_centre_id AND m.cause = told.cause
        AND (m.user_id <> u.id OR m.state <> 'dropped')
        AND NOT EXISTS (
            SELECT FROM results_mail mine
            WHERE mine.session_id = v.session_id AND mine.kind = told.kind AND mine.entry_id IS NULL
              AND mine.preparation_centre_id = v.preparation_centre_id AND mine.cause = told.cause
              AND mine.user_id = u.id AND mine.state = 'dropped'
        )
  )
{_AGAIN}
"""  # noqa: S608


@dataclass(frozen=True)
class Reminders:
    """Whom a reminder was queued for. unreachable: entries not registered without an address."""

    candidates: int
    members: int
    unreachable: int


def collect(*, everything: bool = False) -> int:
    """Queue what the gate shows now and nobody was told yet; returns how many rows.

    Looks at the sessions whose instant was in the last three days, or at everything, which costs more.
    Somebody who registers or asks for updates when the results are open already is told too.
    """
    due = Q(opens_at__lte=Now()) | Q(centres_open_at__lte=Now())
    if not everything:
        due &= Q(opens_at__gt=Now() - RECENT) | Q(centres_open_at__gt=Now() - RECENT)
    sessions = list(Release.objects.filter(due).values_list("session_id", flat=True))
    queued = 0
    if sessions:
        with connection.cursor() as cursor:
            for rows in (_TO_CANDIDATES, _TO_CENTRES):
                cursor.execute(rows, [sessions])
                queued += cursor.rowcount
    return queued


def postponed(release: Release, before: Release) -> int:
    """Queue the new time for everybody registered in the session and the members of its preparation centres.

    release: moved already, in the transaction of the move, which has locked it; before: as it was. Each
    audience is told if its own new time is later than its old. Returns how many people are told.
    """
    kind, session = Mail.Kind.POSTPONED, release.session_id
    cause = _next_cause(session, kind)
    rows = []
    if release.opens_at > before.opens_at:
        registered = Entry.objects.filter(session=session, user__isnull=False).values_list("pk", "user_id")
        rows += [
            Mail(
                kind=kind,
                audience="candidates",
                session_id=session,
                entry_id=entry,
                user_id=user,
                cause=cause,
            )
            for entry, user in registered
        ]
    if (release.centres_open_at or release.opens_at) > (before.centres_open_at or before.opens_at):
        rows += _to_members(kind, session, Q(), cause)
    return len(Mail.objects.bulk_create(rows))


def remind_unregistered(session: ExamSession, by: User) -> Reminders:
    """Queue a reminder for each entry that is not registered and has an address, and one for each member of a
    preparation centre with such students.

    Raises ValidationError if `by` may not, if the session has no opening time, if everybody is registered,
    and within a day of the last reminder.
    """
    with acting(by, MAY_REMIND):
        release = Release.objects.filter(session=session).first()
        if release is None:
            raise ValidationError(_("This session has no opening time yet."), code="no_release")
        lock(release)
        kind = Mail.Kind.REMINDER
        last = Mail.objects.filter(session=session, kind=kind, made_at__gt=Now() - BETWEEN_REMINDERS)
        if last.exists():
            raise ValidationError(
                _("A reminder went out within the last 24 hours. One a day is enough."), code="too_soon"
            )
        missing = Q(session=session, user=None)
        entries = list(Entry.objects.filter(missing).values_list("pk", "email"))
        if not entries:
            raise ValidationError(_("Everybody has registered."), code="nobody")
        cause = _next_cause(session.pk, kind)
        rows = [
            Mail(
                kind=kind,
                audience="candidates",
                session=session,
                entry_id=entry,
                address=address,
                cause=cause,
            )
            for entry, address in entries
            if address
        ]
        members = _to_members(kind, session.pk, Q(user=None), cause)
        if not rows and not members:
            raise ValidationError(
                _("Nobody of them has an address, and no preparation centre."), code="nobody"
            )
        Mail.objects.bulk_create([*rows, *members])
        return Reminders(len(rows), len(members), len(entries) - len(rows))


def _to_members(kind: Mail.Kind, session: int, students: Q, cause: int) -> list[Mail]:
    """A row for each member of each preparation centre that has such students in the session."""
    centres = Entry.objects.filter(students, session=session, preparation_centre__isnull=False)
    members = (
        User.objects.filter(memberships__centre__in=centres.values("preparation_centre"), is_active=True)
        .exclude(email="")
        .annotate(of_centre=F("memberships__centre"))
        .values_list("pk", "of_centre")
    )
    return [
        Mail(
            kind=kind,
            audience="centres",
            session_id=session,
            preparation_centre_id=centre,
            user_id=user,
            cause=cause,
        )
        for user, centre in members
    ]


def _next_cause(session: int, kind: Mail.Kind) -> int:
    last = Mail.objects.filter(session=session, kind=kind).aggregate(last=Max("cause", default=0))
    return last["last"] + 1
