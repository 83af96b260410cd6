"""What a preparation centre sees: its sessions, its own students, and the open statements of these."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.postgres.functions import TransactionNow
from django.db import connection
from django.db.models import Count, DurationField, Exists, ExpressionWrapper, F, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import User
from centres.models import PreparationCentre
from results.models import (
    CentreFollowing,
    CentreStatement,
    CentreStop,
    CentreVersion,
    Entry,
    ExamSession,
)

_STUDENT = ("id_number", "candidate_number", "family_name", "given_names", "session_id")


def centres_of(user: User) -> list[PreparationCentre]:
    """The preparation centres that the user may act for."""
    return list(PreparationCentre.objects.filter(memberships__user=user))


# --- Sessions -----------------------------------------------------------------------------------------


def sessions_of(centres: list[PreparationCentre]) -> QuerySet[ExamSession]:
    """The sessions in which the centres have students; students (number), stopped, and as _with_times."""
    stops = CentreStop.objects.filter(session=OuterRef("pk"), preparation_centre__in=_ids(centres))
    return (
        _with_times(ExamSession.objects.filter(entries__preparation_centre__in=_ids(centres)))
        .annotate(
            students=Count("entries"),
            stopped=Exists(stops.exclude(scope=CentreStop.Scope.CANDIDATE)),
        )
        .order_by("-exam_date", "code")
    )


@dataclass(frozen=True)
class Figures:
    """How many students a centre has in a session, and how far they have come.

    samples: one student of each of the centres; what stops a whole centre stops its sample.
    """

    students: int = 0
    registered: int = 0
    seen: int = 0
    samples: tuple[int, ...] = ()

    @property
    def not_registered(self) -> int:
        return self.students - self.registered


def session_of(centres: list[PreparationCentre], code: str) -> tuple[ExamSession, Figures] | None:
    """A session by its code, as _with_times, and its figures; None without students of the centres."""
    session = _with_times(ExamSession.objects.filter(code=code)).first()
    if session is None:
        return None
    figures = figures_of(centres, [session])[session.pk]
    return (session, figures) if figures.students else None


def figures_of(centres: list[PreparationCentre], sessions: Iterable[ExamSession]) -> dict[int, Figures]:
    """By session, how many students and how far; one query."""
    of_each_centre = (
        CentreFollowing.objects.filter(preparation_centre__in=_ids(centres), session__in=list(sessions))
        .values_list("session", "preparation_centre")
        .annotate(
            number=Count("pk"),
            registered_number=Count("pk", filter=Q(registered=True)),
            seen_number=Count("seen_statement"),
            sample=Min("pk"),
        )
        .order_by("preparation_centre")
    )
    figures: dict[int, Figures] = defaultdict(Figures)
    for session, _centre, number, registered, seen, sample in of_each_centre:
        so_far = figures[session]
        figures[session] = Figures(
            so_far.students + number,
            so_far.registered + registered,
            so_far.seen + seen,
            (*so_far.samples, sample),
        )
    return figures


def open_in(centres: list[PreparationCentre], sessions: Iterable[ExamSession]) -> dict[int, int]:
    """By session, how many of the centres' students have an open statement; one query."""
    statements = CentreStatement.objects.filter(
        preparation_centre__in=_ids(centres), session__in=list(sessions)
    )
    return dict(statements.order_by().values_list("session").annotate(Count("pk")))


def _with_times(sessions: QuerySet[ExamSession]) -> QuerySet[ExamSession]:
    """By the database's clock, opens_at, is_due and left (a timedelta) for centres; and for candidates
    candidates_open_at and candidates_due."""
    return sessions.annotate(
        opens_at=Coalesce("release__centres_open_at", "release__opens_at"),
        candidates_open_at=F("release__opens_at"),
        is_due=Q(opens_at__lte=TransactionNow()),
        candidates_due=Q(candidates_open_at__lte=TransactionNow()),
        left=ExpressionWrapper(F("opens_at") - TransactionNow(), output_field=DurationField()),
    )


# --- What the gate shows ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """Of some entries, by their keys: the open statements, the versions of amended ones, notices of stops."""

    statements: dict[int, CentreStatement] = field(default_factory=dict)
    versions: dict[int, list[CentreVersion]] = field(default_factory=dict)
    stops: dict[int, CentreStop] = field(default_factory=dict)

    def is_stopped(self, figures: Figures) -> bool:
        """Whether the results of everybody are stopped, not of single students only."""
        wide = {pk for pk, stop in self.stops.items() if stop.scope != CentreStop.Scope.CANDIDATE}
        return wide.issuperset(figures.samples)


def shown_of(
    centres: list[PreparationCentre], session: ExamSession, entries: Iterable[Entry], figures: Figures
) -> Shown:
    """What the gate shows to the centres of those entries; two queries, and one where some were corrected.

    The notices are also those of the samples of the figures.
    """
    statements, stops = statements_of(centres, session), stops_of(centres, session)
    keys = [entry.pk for entry in entries]
    if len(keys) < figures.students:  # of everybody, the gate is asked without a list of them
        statements = statements.filter(entry__in=keys)
        stops = stops.filter(entry__in=[*keys, *figures.samples])
    return Shown(
        {statement.entry_id: statement for statement in statements},
        {statement.entry_id: versions for statement, versions in versions_of(centres, statements).items()},
        {stop.entry_id: stop for stop in stops},
    )


def statements_of(centres: list[PreparationCentre], session: ExamSession) -> QuerySet[CentreStatement]:
    """The open statements of the centres' students in a session, in no order."""
    return CentreStatement.objects.filter(preparation_centre__in=_ids(centres), session=session)


def with_students(statements: QuerySet[CentreStatement]) -> QuerySet[CentreStatement]:
    """Statements each with the entry of its student, by name."""
    return (
        statements.select_related("entry")
        .only(
            *(field.attname for field in CentreStatement._meta.concrete_fields),
            *(f"entry__{name}" for name in (*_STUDENT, "name_key")),
        )
        .order_by("entry__name_key", "entry_id")
    )


def stops_of(centres: list[PreparationCentre], session: ExamSession) -> QuerySet[CentreStop]:
    """The notices of stops that touch the centres' students in a session, one a student."""
    return CentreStop.objects.filter(preparation_centre__in=_ids(centres), session=session)


def notices(stops: Iterable[CentreStop]) -> list[CentreStop]:
    """Of several stops, each notice once."""
    return list({(stop.notice_it, stop.notice_en): stop for stop in stops}.values())


def versions_of(
    centres: list[PreparationCentre], statements: Iterable[CentreStatement]
) -> dict[CentreStatement, list[CentreVersion]]:
    """Of those statements that were amended, every version that the centre has been shown; one query."""
    corrected = {statement.entry_id: statement for statement in statements if statement.version > 1}
    if not corrected:
        return {}
    shown = defaultdict(list)
    for version in CentreVersion.objects.filter(preparation_centre__in=_ids(centres), entry__in=corrected):
        shown[corrected[version.entry_id]].append(version)
    return {statement: versions for statement, versions in shown.items() if len(versions) > 1}


def mark_looked(entry: Entry, user: User) -> None:
    """Note that somebody of the centre has opened a student’s statement; the database asks the gate again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT results_mark_looked(%s, %s, %s)", [entry.pk, entry.preparation_centre_id, user.pk]
        )


def entries_of(centres: list[PreparationCentre], session: ExamSession) -> QuerySet[Entry]:
    """The centres' students in a session, with what their face may read of an entry, in no order."""
    entries = Entry.objects.filter(session=session, preparation_centre__in=_ids(centres))
    return entries.only(*_STUDENT, "preparation_centre_id")


def _ids(centres: list[PreparationCentre]) -> list[int]:
    return [centre.pk for centre in centres]
