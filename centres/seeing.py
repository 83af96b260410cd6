"""What a preparation centre sees: its sessions, and the open statements of its own students."""

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from accounts.models import User
from centres.models import PreparationCentre
from results.models import CentreStatement, ExamSession


def centres_of(user: User) -> list[PreparationCentre]:
    """The preparation centres that the user may act for."""
    return list(PreparationCentre.objects.filter(memberships__user=user))


def sessions_of(centres: list[PreparationCentre]) -> QuerySet[ExamSession]:
    """The sessions in which the centres have students, with students (number), opens_at and is_due."""
    return (
        ExamSession.objects.filter(entries__preparation_centre__in=centres)
        .annotate(
            students=Count("entries"),
            opens_at=Coalesce("release__centres_open_at", "release__opens_at"),
            is_due=Q(opens_at__lte=Now()),
        )
        .order_by("-exam_date", "code")
    )


def statements_of(centres: list[PreparationCentre], session: ExamSession) -> QuerySet[CentreStatement]:
    """The open statements of the centres' students in a session, by name."""
    return (
        CentreStatement.objects.filter(preparation_centre_id__in=[centre.pk for centre in centres])
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
