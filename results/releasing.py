"""What the exams office does to a release: approve, withdraw, move.

Nothing here shows a result: the gate does (results/migrations/0007_gate.py), at the instant, by the
database's clock; and the database alone counts approvals and voids them. Each verb is one transaction and
records who did it; command, admin page and test call the same function.
"""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.acting import acting
from accounts.models import User
from results.locking import lock
from results.mailing import postponed
from results.models import Approval, Entry, Release, Statement
from results.standing import with_state

MAY_PREPARE = "results.change_release"
MAY_APPROVE = "results.approve_release"
PEOPLE_NEEDED = 2  # the triggers of results/migrations/0007_gate.py count them


@dataclass(frozen=True)
class Coverage:
    """What an approval would cover now.

    entries: of the session; statements: entries that have at least one; waiting: those of them whose newest
    no approval in effect covers; through: the highest statement id of the session, 0 without any.
    """

    entries: int
    statements: int
    waiting: int
    through: int

    @property
    def approved_before(self) -> int:
        return self.statements - self.waiting

    @property
    def entries_without(self) -> int:
        return self.entries - self.statements


def coverage(release: Release) -> Coverage:
    """Count what an approval of the release would cover now, in one query."""
    counted = Entry.objects.filter(session=release.session_id).aggregate(
        entries=Count("pk", distinct=True),
        with_statement=Count("statements__entry", distinct=True),
        waiting=Count("pk", filter=Q(statements__pk__gt=release.approved_through or 0), distinct=True),
        through=Max("statements__pk", default=0),
    )
    return Coverage(counted["entries"], counted["with_statement"], counted["waiting"], counted["through"])


def has_unapproved(release: Release) -> bool:
    """Whether the session has statements that no approval in effect covers."""
    through = release.approved_through or 0
    return Statement.objects.filter(entry__session=release.session_id, pk__gt=through).exists()


def standing_approvals(release: Release) -> QuerySet[Approval]:
    """The approvals that count now: those that wait for the second person's."""
    return release.approvals.filter(took_effect_at=None, voided_at=None).select_related("person")


def last_voided(release: Release) -> Approval | None:
    """The approval that was voided last, if none was given since: why the release is closed again."""
    newest = release.approvals.select_related("person").order_by("-pk").first()
    return newest if newest and newest.voided_at else None


def preparers(release: Release) -> list[User]:
    """Who loaded or corrected statements of the session that no approval in effect covers."""
    prepared = Statement.objects.filter(
        entry__session=release.session_id, pk__gt=release.approved_through or 0, made_by__isnull=False
    )
    return list(User.objects.filter(pk__in=prepared.values("made_by")).order_by("username"))


def opens_at_once(release: Release) -> bool:
    """Whether an approval would show results at once: an instant of the release has passed."""
    return (
        with_state(Release.objects.filter(pk=release.pk))
        .filter(Q(candidates_due=True) | Q(centres_due=True))
        .exists()
    )


def times_of(release: Release) -> str:
    """Both instants to the microsecond, for a page to carry which ones it showed."""
    return " ".join(str(instant) for instant in (release.opens_at, release.centres_open_at))


def approve(
    release: Release,
    by: User,
    *,
    seen_through: int | None = None,
    seen_times: str | None = None,
    open_now: bool = False,
) -> Approval:
    """Approve every statement that the session has now; with a second person's, that takes effect.

    A stopped release may be approved: it is how a corrected file is made ready before resuming.
    seen_through: the Coverage.through that the person was shown; the approval is refused if statements
    were stored since. seen_times: the times_of() that the person was shown; refused if another was set since.
    open_now: needed from both people where an instant has passed, since then the
    approval itself shows the results; refused before it.
    Raises ValidationError if `by` may not approve or has already, if there is nothing to approve, or on such
    a difference.
    """
    with acting(by, MAY_APPROVE):
        lock(release)
        covered = coverage(release)
        if seen_through is not None and covered.through != seen_through:
            raise ValidationError(
                _("Results were loaded while you looked. Check the new figures, then approve again."),
                code="changed_meanwhile",
            )
        if seen_times is not None and times_of(release) != seen_times:
            raise ValidationError(
                _("The opening time was changed while you looked. Check the new one, then approve again."),
                code="changed_meanwhile",
            )
        if not covered.through:
            raise ValidationError(_("There are no results to approve yet."), code="nothing_there")
        if covered.through == release.approved_through:
            raise ValidationError(_("Everything is approved already."), code="nothing_new")
        if standing_approvals(release).filter(person=by, open_now=open_now).exists():
            raise ValidationError(
                _("You have approved this already. It needs another person."), code="needs_another_person"
            )
        if opens_at_once(release) != open_now:
            raise ValidationError(
                _("The opening time has not come yet: approve without “open now”.")
                if open_now
                else _(
                    "The opening time has passed: results would show at once. Say “open now” if you mean it."
                ),
                code="open_now",
            )
        approval = Approval.objects.create(
            release=release, person=by, through=covered.through, open_now=open_now
        )
        approval.refresh_from_db()
        release.refresh_from_db()
    return approval


def withdraw(release: Release, by: User) -> int:
    """Take back the approvals that do not show anything yet; what is visible stays (stop it instead).

    Returns how many were voided. Raises ValidationError if `by` may not approve, or if there is none.
    """
    with acting(by, MAY_APPROVE), connection.cursor() as cursor:
        cursor.execute("SELECT results_withdraw_approvals(%s)", [release.pk])
        (voided,) = cursor.fetchone()
        if not voided:
            raise ValidationError(_("There is no approval to withdraw."), code="none")
        release.refresh_from_db()
    return voided


def move(release: Release, opens_at: datetime, centres_open_at: datetime | None, by: User) -> bool:
    """Set when the release opens; centres_open_at None means: when it opens for candidates.

    A new time voids the approvals (the database sees to it, by a trigger). Everybody registered is told a
    later one by mail.
    Returns whether one was voided by this. Raises ValidationError, by field, for a new time that has passed
    already, and if `by` may not.
    """
    with acting(by, MAY_PREPARE):
        before = lock(release)
        check_times(before, opens_at, centres_open_at)
        given = release.approvals.filter(voided_at=None).count()
        Release.objects.filter(pk=release.pk).update(opens_at=opens_at, centres_open_at=centres_open_at)
        release.refresh_from_db()
        postponed(release, before)
        is_void = before.approved_through is not None and release.approved_through is None
        return is_void or release.approvals.filter(voided_at=None).count() < given


def check_times(release: Release, opens_at: datetime | None, centres_open_at: datetime | None) -> None:
    """Raise ValidationError, by field, for a new time that has passed by the database's clock."""
    now = Release.objects.annotate(now=Now()).values_list("now", flat=True).get(pk=release.pk)
    passed = [
        field
        for field, instant in (("opens_at", opens_at), ("centres_open_at", centres_open_at))
        if instant is not None and instant != getattr(release, field) and instant <= now
    ]
    if passed:
        words = _("This time has passed. To show results at once, approve with “open now”.")
        raise ValidationError(dict.fromkeys(passed, words), code="passed")
