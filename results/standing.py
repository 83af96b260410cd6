"""Where releases and statements stand, for the pages of the exams office.

These words explain to staff what the gate does and why (a test holds them against it); they decide
nothing about what candidates and preparation centres see.
"""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from results.models import Approval, Entry, ExamSession, Release, Statement, Stop


class State(models.TextChoices):
    """Where a release stands; OPEN: for candidates and preparation centres."""

    DRAFT = "draft", _("draft: not approved")
    HALF_APPROVED = "half_approved", _("approved by one person of two")
    APPROVED = "approved", _("approved, not open yet")
    OPEN_FOR_CENTRES = "open_centres", _("open for preparation centres")
    OPEN_FOR_CANDIDATES = "open_candidates", _("open for candidates")
    OPEN = "open", _("open")
    STOPPED = "stopped", _("stopped")


class Standing(models.TextChoices):
    """Who may see a statement, and the first thing that stands against it if nobody may."""

    OPEN = "open", _("open")
    OPEN_FOR_CENTRES = "open_centres", _("open for preparation centres")
    OPEN_FOR_CANDIDATES = "open_candidates", _("open for candidates")
    REPLACED = "replaced", _("replaced by a newer version")
    STOPPED = "stopped", _("stopped")
    UNAPPROVED = "unapproved", _("waits for approval")
    CLOSED = "closed", _("approved, not open yet")


def with_state(releases: QuerySet[Release]) -> QuerySet[Release]:
    """Releases with `state`, by the database's clock.

    Also candidates_due and centres_due: whether the time has come, approved or not.
    """
    candidates_due, centres_due = _due()
    return releases.annotate(
        state=_state(), candidates_due=_yes_or_no(candidates_due), centres_due=_yes_or_no(centres_due)
    )


def sessions_with_figures(sessions: QuerySet[ExamSession]) -> QuerySet[ExamSession]:
    """Sessions with their release's `state` and the numbers that the exams office asks for first.

    entry_count, registered_count, result_count (entries with a statement), waiting_count (entries with a
    statement that no approval covers); without a join, so that one number does not multiply another.
    """
    entries = Entry.objects.filter(session=OuterRef("pk"))
    statements = Statement.objects.filter(entry__session=OuterRef("pk"))
    waiting = statements.filter(pk__gt=Coalesce(OuterRef("release__approved_through"), 0))
    return sessions.annotate(
        state=_state("release__"),
        entry_count=_count(entries, "pk"),
        registered_count=_count(entries.filter(user__isnull=False), "pk"),
        result_count=_count(statements, "entry"),
        waiting_count=_count(waiting, "entry"),
    )


def with_standing(statements: QuerySet[Statement]) -> QuerySet[Statement]:
    """Statements with `standing`, by the database's clock."""
    through = F("entry__session__release__approved_through")
    stops = Stop.objects.filter(
        Q(preparation_centre=None) | Q(preparation_centre=OuterRef("entry__preparation_centre")),
        Q(entry=None) | Q(entry=OuterRef("entry")),
        session=OuterRef("entry__session"),
        lifted_at=None,
    )
    newer_approved = Statement.objects.filter(
        entry=OuterRef("entry"),
        version__gt=OuterRef("version"),
        pk__lte=OuterRef("entry__session__release__approved_through"),
    )
    return statements.annotate(
        standing=Case(
            When(Exists(newer_approved), then=Value(Standing.REPLACED)),
            When(Exists(stops), then=Value(Standing.STOPPED)),
            When(
                Q(entry__session__release__approved_through=None) | Q(pk__gt=through),
                then=Value(Standing.UNAPPROVED),
            ),
            *_open_for("entry__session__release__", Standing),
            default=Value(Standing.CLOSED),
            output_field=models.CharField(choices=Standing),
        )
    )


def with_newest_status(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """Entries with `newest_status`: the status of their newest statement, None without one."""
    newest = Statement.objects.filter(entry=OuterRef("pk")).order_by("-version")
    return entries.annotate(newest_status=Subquery(newest.values("status")[:1]))


def count_by_status(session_id: int) -> dict[str | None, int]:
    """How many entries of a session have which status in their newest statement; None: no statement."""
    entries = with_newest_status(Entry.objects.filter(session=session_id))
    return dict(
        entries.values("newest_status").annotate(number=Count("pk")).values_list("newest_status", "number")
    )


def stopped_wholly(session: str) -> Exists:
    """Whether the whole session is stopped; session: the path to its id."""
    stops = Stop.objects.filter(
        session=OuterRef(session), preparation_centre=None, entry=None, lifted_at=None
    )
    return Exists(stops)


def _state(release: str = "") -> Case:
    pending = Approval.objects.filter(release=OuterRef(f"{release}pk"), took_effect_at=None, voided_at=None)
    unapproved = Q(**{f"{release}approved_through": None})
    return Case(
        When(stopped_wholly("pk" if release else "session"), then=Value(State.STOPPED)),
        When(unapproved & Q(Exists(pending)), then=Value(State.HALF_APPROVED)),
        When(unapproved, then=Value(State.DRAFT)),
        *_open_for(release, State),
        default=Value(State.APPROVED),
        output_field=models.CharField(choices=State),
    )


def _open_for(release: str, word: type[State] | type[Standing]) -> tuple[When, When, When]:
    """For whom what nothing else stands against is open; no case: for nobody yet."""
    candidates_due, centres_due = _due(release)
    return (
        When(candidates_due & centres_due, then=Value(word.OPEN)),
        When(centres_due, then=Value(word.OPEN_FOR_CENTRES)),
        When(candidates_due, then=Value(word.OPEN_FOR_CANDIDATES)),
    )


def _due(release: str = "") -> tuple[Q, Q]:
    """Whether the time of candidates, and that of preparation centres, has come."""
    candidates_due = Q(**{f"{release}opens_at__lte": TransactionNow()})
    with_candidates = Q(**{f"{release}centres_open_at": None})
    centres_due = Q(**{f"{release}centres_open_at__lte": TransactionNow()})
    return candidates_due, (with_candidates & candidates_due) | (~with_candidates & centres_due)


def _yes_or_no(condition: Q) -> models.ExpressionWrapper:
    return models.ExpressionWrapper(condition, output_field=models.BooleanField())


def _count(rows: QuerySet, what: str) -> Subquery:
    """How many different values of `what` there are, as a subquery: 0 without rows."""
    counted = rows.order_by().values(alone=Value(1)).annotate(number=Count(what, distinct=what != "pk"))
    return Coalesce(Subquery(counted.values("number")), 0)
