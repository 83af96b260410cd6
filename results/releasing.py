"""What the exams office does to a release: approve, move, stop, resume, hold back, let go.

Nothing here shows a result: the gate does (results/migrations/0002_gate.py), at the instant, by the
database's clock. Each verb is one transaction and records who did it; command, admin page and test call
the same function.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import User
from results.models import Entry, Release

MAY_RELEASE = "results.change_release"
MAY_HOLD_BACK = "results.change_entry"
LONGEST_REASON = 200  # characters


@dataclass(frozen=True)
class Coverage:
    """What an approval covers, or would cover now.

    entries: of the session; statements: entries that have at least one; through: the highest statement
    id of the session, 0 without any.
    """

    entries: int
    statements: int
    through: int

    @property
    def entries_without(self) -> int:
        return self.entries - self.statements


def coverage(release: Release) -> Coverage:
    """Count what an approval of the release would cover now, in one query."""
    counted = Entry.objects.filter(session=release.session_id).aggregate(
        entries=Count("pk", distinct=True),
        with_statement=Count("statements__entry", distinct=True),
        through=Max("statements__pk", default=0),
    )
    return Coverage(counted["entries"], counted["with_statement"], counted["through"])


def approve(release: Release, by: User, *, seen_through: int | None = None) -> Coverage:
    """Approve every statement that the session has now; what is loaded later waits for the next approval.

    A stopped release may be approved: it is how a corrected file is made ready before resuming.
    seen_through: the Coverage.through that the person was shown; the approval is refused if statements
    were stored since. Whoever stores statements locks the session's release first, as this does: a
    statement whose transaction is still open could otherwise be covered without having been seen.
    Raises ValidationError if `by` may not approve, or on such a difference.
    """
    with _acting(by, MAY_RELEASE):
        _lock(release)
        covered = coverage(release)
        if seen_through is not None and covered.through != seen_through:
            raise ValidationError(
                _("Results were loaded while you looked. Check the new figures, then approve again."),
                code="changed_meanwhile",
            )
        _update(release, approved_through=covered.through, approved_at=Now(), approved_by=by)
    return covered


def move(release: Release, opens_at: datetime, centres_open_at: datetime | None, by: User) -> bool:
    """Set when the release opens; centres_open_at None means: when it opens for candidates.

    A new time voids the approval (the database sees to it, by a trigger).
    Returns whether an approval was voided by this. Raises ValidationError if `by` may not.
    """
    with _acting(by, MAY_RELEASE):
        was_approved = _lock(release).approved_at is not None
        _update(release, opens_at=opens_at, centres_open_at=centres_open_at)
    return was_approved and release.approved_at is None


def stop(release: Release, reason: str, by: User) -> None:
    """Hide every result of the session, at once, until it is resumed; the approval stays.

    Raises ValidationError without a reason, if it is stopped already, or if `by` may not.
    """
    reason = _checked(reason)
    with _acting(by, MAY_RELEASE):
        if _lock(release).stopped_at:
            raise ValidationError(_("This release is stopped already."), code="stopped")
        _update(release, stopped_at=Now(), stop_reason=reason)


def resume(release: Release, by: User) -> None:
    """End a stop: what is approved shows again as soon as its time has come.

    Raises ValidationError if it is not stopped, or if `by` may not.
    """
    with _acting(by, MAY_RELEASE):
        if not _lock(release).stopped_at:
            raise ValidationError(_("This release is not stopped."), code="not_stopped")
        _update(release, stopped_at=None, stop_reason="")


def hold_back(entries: QuerySet[Entry], reason: str, by: User) -> list[Entry]:
    """Hide the results of single candidates; those held back already keep their reason.

    Returns the entries that are held back by this. Raises ValidationError without a reason, or if `by`
    may not.
    """
    reason = _checked(reason)
    with _acting(by, MAY_HOLD_BACK):
        return _hold(entries, held_back=True, hold_reason=reason)


def let_go(entries: QuerySet[Entry], by: User) -> list[Entry]:
    """End the holding back of single candidates' results.

    Returns the entries that are let go by this. Raises ValidationError if `by` may not.
    """
    with _acting(by, MAY_HOLD_BACK):
        return _hold(entries, held_back=False, hold_reason="")


@contextmanager
def _acting(by: User, permission: str) -> Iterator[None]:
    if not (by.is_active and by.is_staff and by.has_perm(permission)):
        raise ValidationError(
            _("%(person)s may not do this: it needs an active account of the exams office with this right."),
            code="not_permitted",
            params={"person": by},
        )
    with transaction.atomic(), pghistory.context(user=by.pk):
        yield


def _lock(release: Release) -> Release:
    return Release.objects.select_for_update().get(pk=release.pk)


def _update(release: Release, **values) -> None:
    Release.objects.filter(pk=release.pk).update(**values)
    release.refresh_from_db()


def _hold(entries: QuerySet[Entry], *, held_back: bool, hold_reason: str) -> list[Entry]:
    changing = list(
        Entry.objects.select_for_update()
        .filter(pk__in=entries.values("pk"), held_back=not held_back)
        .defer("secret_digest")
        .order_by("pk")
    )
    Entry.objects.filter(pk__in=[entry.pk for entry in changing]).update(
        held_back=held_back, hold_reason=hold_reason
    )
    return changing


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise ValidationError(_("Give a reason."), code="no_reason")
    if len(reason) > LONGEST_REASON:
        raise ValidationError(
            _("Give the reason in %(longest)d characters or fewer."),
            code="long_reason",
            params={"longest": LONGEST_REASON},
        )
    return reason
