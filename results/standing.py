"""Where releases and statements stand, for the pages of the exams office.

These words explain to staff what the gate does and why (a test holds them against it); they decide
nothing about what candidates and preparation centres see.
"""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from results.models import Entry, ExamSession, Release, Statement


class State(models.TextChoices):
    """Where a release stands."""

    DRAFT = "draft", _("draft: not approved")
    APPROVED = "approved", _("approved, not open yet")
    OPEN = "open", _("open")
    STOPPED = "stopped", _("stopped")


class Standing(models.TextChoices):
    """Whether candidates may see a statement, and the first thing that stands against it if not."""

    OPEN = "open", _("open")
    REPLACED = "replaced", _("replaced by a newer version")
    STOPPED = "stopped", _("release stopped")
    HELD_BACK = "held_back", _("held back")
    UNAPPROVED = "unapproved", _("waits for approval")
    CLOSED = "closed", _("approved, not open yet")


def with_state(releases: QuerySet[Release]) -> QuerySet[Release]:
    """Releases with `state`, and `is_due` (their time has come), by the database's clock."""
    is_due = models.ExpressionWrapper(Q(opens_at__lte=TransactionNow()), output_field=models.BooleanField())
    return releases.annotate(state=_state(), is_due=is_due)


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
    newer_approved = Statement.objects.filter(
        entry=OuterRef("entry"),
        version__gt=OuterRef("version"),
        pk__lte=OuterRef("entry__session__release__approved_through"),
    )
    return statements.annotate(
        standing=Case(
            When(Exists(newer_approved), then=Value(Standing.REPLACED)),
            When(entry__session__release__stopped_at__isnull=False, then=Value(Standing.STOPPED)),
            When(entry__held_back=True, then=Value(Standing.HELD_BACK)),
            When(
                Q(entry__session__release__approved_through=None) | Q(pk__gt=through),
                then=Value(Standing.UNAPPROVED),
            ),
            When(entry__session__release__opens_at__gt=TransactionNow(), then=Value(Standing.CLOSED)),
            default=Value(Standing.OPEN),
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


def _state(release: str = "") -> Case:
    return Case(
        When(**{f"{release}stopped_at__isnull": False}, then=Value(State.STOPPED)),
        When(**{f"{release}approved_at": None}, then=Value(State.DRAFT)),
        When(**{f"{release}opens_at__gt": TransactionNow()}, then=Value(State.APPROVED)),
        default=Value(State.OPEN),
        output_field=models.CharField(choices=State),
    )


def _count(rows: QuerySet, what: str) -> Subquery:
    """How many different values of `what` there are, as a subquery: 0 without rows."""
    counted = rows.order_by().values(alone=Value(1)).annotate(number=Count(what, distinct=what != "pk"))
    return Coalesce(Subquery(counted.values("number")), 0)
