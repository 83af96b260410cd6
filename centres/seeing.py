"""What a preparation centre sees: its sessions, and the open statements of its own students."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from accounts.models import User
from centres.models import PreparationCentre
from results.models import CentreStatement, CentreStop, CentreVersion, ExamSession

_NOTICE = ("entry", "scope", "notice_it", "notice_en", "started_at")


def centres_of(user: User) -> list[PreparationCentre]:
    """The preparation centres that the user may act for."""
    return list(PreparationCentre.objects.filter(memberships__user=user))


def sessions_of(centres: list[PreparationCentre]) -> QuerySet[ExamSession]:
    """The sessions in which the centres have students, with students (number), opens_at, is_due, stopped."""
    stops = CentreStop.objects.filter(entry__session=OuterRef("pk"), preparation_centre__in=_ids(centres))
    return (
        ExamSession.objects.filter(entries__preparation_centre__in=centres)
        .annotate(
            students=Count("entries"),
            opens_at=Coalesce("release__centres_open_at", "release__opens_at"),
            is_due=Q(opens_at__lte=Now()),
            stopped=Exists(stops.exclude(scope=CentreStop.Scope.CANDIDATE)),
        )
        .order_by("-exam_date", "code")
    )


def stops_of(centres: list[PreparationCentre], session: ExamSession) -> list[CentreStop]:
    """The notices of stops that touch the centres' students in a session, by student's name."""
    stops = CentreStop.objects.filter(preparation_centre__in=_ids(centres), entry__session=session)
    names = ("entry__family_name", "entry__given_names")
    return list(stops.select_related("entry").only(*_NOTICE, "entry__session_id", *names).order_by(*names))


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


def statements_of(centres: list[PreparationCentre], session: ExamSession) -> QuerySet[CentreStatement]:
    """The open statements of the centres' students in a session, by name."""
    return (
        CentreStatement.objects.filter(preparation_centre__in=_ids(centres))
        .filter(entry__session=session)
        .select_related("entry")
        .only(
            *(field.attname for field in CentreStatement._meta.concrete_fields),
            *(
                f"entry__{name}"
                for name in ("id_number", "candidate_number", "family_name", "given_names", "session_id")
            ),
        )
        .order_by("entry__family_name", "entry__given_names", "entry_id")
    )


def _ids(centres: list[PreparationCentre]) -> list[int]:
    return [centre.pk for centre in centres]
