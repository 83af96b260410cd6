"""What a candidate sees now: the statement, the time to wait, or why there is nothing yet."""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import DurationField, ExpressionWrapper, F, FilteredRelation, Q
from django.db.models.functions import Now

from accounts.models import User
from results.models import CandidateStatement, CandidateStop, CandidateVersion, Entry


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
    statement: CandidateStatement | None
    stop: CandidateStop | None
    seconds_left: int

    @property
    def page(self) -> View:
        """Only the choice of words: whether there is a statement, the gate has decided."""
        if self.statement:
            return View.STATEMENT
        if self.stop:
            return View.STOPPED
        return View.WAITING if self.seconds_left > 0 else View.NOT_YET


def sight_of(user: User) -> Sight | None:
    """What the user's entry shows now; None for an account without entry.

    One query where a statement shows; one more where none does, for the notice of a stop.
    """
    entry = (
        Entry.objects.for_candidates()
        .filter(user=user)
        .annotate(
            open_statement=FilteredRelation("open_to_candidate", condition=Q(open_to_candidate__user=user)),
            left=ExpressionWrapper(F("session__release__opens_at") - Now(), output_field=DurationField()),
        )
        .select_related("open_statement")
        .first()
    )
    if entry is None:
        return None
    seconds_left = -int(-entry.left.total_seconds() // 1)
    statement = getattr(entry, "open_statement", None)
    stop = None if statement else CandidateStop.objects.filter(user=user, entry=entry).first()
    return Sight(entry, statement, stop, seconds_left)


def versions_of(statement: CandidateStatement) -> list[CandidateVersion]:
    """Every version that the candidate has been shown, the present one last; empty if it is the first."""
    if statement.version == 1:
        return []
    versions = CandidateVersion.objects.filter(user=statement.user_id, entry=statement.entry_id)
    return list(versions) if len(versions) > 1 else []
