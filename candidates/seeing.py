"""What a candidate sees now: the statement, the time to wait, or why there is nothing yet."""

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F, FilteredRelation, Q
from django.db.models.functions import Now

from accounts.models import User
from results.models import CandidateCertificate, CandidateStatement, CandidateStop, CandidateVersion, Entry

SEEN = "seen_statement"  # key in the session: the statement that was shown last


class View(StrEnum):
    """The page a candidate gets."""

    STATEMENT = "statement"
    WAITING = "waiting"
    STOPPED = "stopped"
    NOT_YET = "not_yet"


@dataclass(frozen=True)
class Sight:
    """An entry with what its candidate may see. seconds_left: to the opening, by the database's clock."""

    entry: Entry
    seconds_left: int
    statement: CandidateStatement | None = None
    stop: CandidateStop | None = None
    certificate: CandidateCertificate | None = None

    @property
    def page(self) -> View:
        """Only the choice of words: whether there is a statement, the gate has decided."""
        if self.statement:
            return View.STATEMENT
        if self.stop:
            return View.STOPPED
        return View.WAITING if self.seconds_left > 0 else View.NOT_YET


def sight_of(user: User) -> Sight | None:
    """What the user's entry shows now, in one query; None for an account without entry."""
    entry = (
        Entry.objects.for_candidates()
        .filter(user=user)
        .annotate(
            open_statement=FilteredRelation("open_to_candidate", condition=Q(open_to_candidate__user=user)),
            open_stop=FilteredRelation("stop_for_candidate", condition=Q(stop_for_candidate__user=user)),
            its_certificate=FilteredRelation(
                "certificate_for_candidate", condition=Q(certificate_for_candidate__user=user)
            ),
            left=ExpressionWrapper(F("session__release__opens_at") - Now(), output_field=DurationField()),
        )
        .select_related("open_statement", "open_stop", "its_certificate")
        .first()
    )
    if entry is None:
        return None
    seconds_left = -int(-entry.left.total_seconds() // 1)
    found = (getattr(entry, name, None) for name in ("open_statement", "open_stop", "its_certificate"))
    return Sight(entry, seconds_left, *found)


def mark_seen(session: SessionBase, statement: CandidateStatement) -> None:
    """Note when the candidate's own page showed the statement first; the database asks the gate again.

    session: remembers it, so that every later view of the same browser costs nothing.
    """
    if session.get(SEEN) == statement.statement_id:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT results_mark_seen(%s, %s)", [statement.statement_id, statement.user_id])
    session[SEEN] = statement.statement_id


def versions_of(statement: CandidateStatement) -> list[CandidateVersion]:
    """Every version that the candidate has been shown, the present one last; no query for the first."""
    if statement.version == 1:
        return []
    return list(CandidateVersion.objects.filter(user=statement.user_id, entry=statement.entry_id))
