"""What a candidate sees now: the statement, the time to wait, or why there is nothing yet; of each exam."""

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.db.models import FilteredRelation, Q

from accounts.models import User
from results.models import CandidateCertificate, CandidateStatement, CandidateStop, CandidateVersion, Entry
from results.models.entries import EntryQuerySet

SEEN = "seen_statements"  # key in the session: the statements that were shown


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


def sight_of(user: User, entry_pk: int | None = None) -> Sight | None:
    """What an entry of the user shows now, in one query; None if there is no such entry.

    entry_pk: without it, of several entries the one that has just opened or is about to.
    """
    entries = _entries(user)
    if entry_pk is not None:
        entries = entries.filter(pk=entry_pk)
    entry = entries.nearest_first().first()
    return _sight(entry) if entry else None


def sights_of(user: User) -> list[Sight]:
    """What each of the user's entries shows now, the newest exam first; in one query."""
    return [_sight(entry) for entry in _entries(user).order_by("-session__exam_date", "-pk")]


def _entries(user: User) -> EntryQuerySet:
    """The user's entries with what the gate gives of each; without an opening time nothing shows."""
    return (
        Entry.objects.for_candidates()
        .filter(user=user, session__release__isnull=False)
        .with_time_left()
        .annotate(
            open_statement=FilteredRelation("open_to_candidate", condition=Q(open_to_candidate__user=user)),
            open_stop=FilteredRelation("stop_for_candidate", condition=Q(stop_for_candidate__user=user)),
            its_certificate=FilteredRelation(
                "certificate_for_candidate", condition=Q(certificate_for_candidate__user=user)
            ),
        )
        .select_related("open_statement", "open_stop", "its_certificate")
    )


def _sight(entry: Entry) -> Sight:
    seconds_left = -int(-entry.left.total_seconds() // 1)
    found = (getattr(entry, name, None) for name in ("open_statement", "open_stop", "its_certificate"))
    return Sight(entry, seconds_left, *found)


def mark_seen(session: SessionBase, statement: CandidateStatement) -> None:
    """Note when the candidate's own page showed the statement first; the database asks the gate again.

    session: remembers it, so that every later view of the same browser costs nothing.
    """
    seen = session.get(SEEN, [])
    if statement.statement_id in seen:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT results_mark_seen(%s, %s)", [statement.statement_id, statement.user_id])
    session[SEEN] = [*seen, statement.statement_id]


def versions_of(statement: CandidateStatement) -> list[CandidateVersion]:
    """Every version that the candidate has been shown, the present one last; no query for the first."""
    if statement.version == 1:
        return []
    return list(CandidateVersion.objects.filter(user=statement.user_id, entry=statement.entry_id))
