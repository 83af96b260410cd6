"""Opening an exam session: what it is, and when its results can be seen."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from results.exams import EXAMS
from results.models import ExamSession, Release


def create_session(
    code: str,
    *,
    exam: str,
    title: str,
    exam_date: date,
    place: str,
    opens_at: datetime,
    centres_open_at: datetime | None = None,
    letter: str = "",
) -> ExamSession:
    """Store a session and its release, which still has to be approved.

    exam: one of the codes of results.exams. opens_at, centres_open_at: aware; the latter is the former where
    it is None. letter: of the reference numbers; without it that of the exam's month, A for January.
    Raises ValidationError, by field, if the session exists or a value is not what its field asks for.
    """
    if exam not in EXAMS:
        known = ", ".join(EXAMS)
        raise ValidationError(
            {"exam": _("“%(exam)s” is not one of: %(known)s.") % {"exam": exam, "known": known}}
        )
    if ExamSession.objects.filter(code=code).exists():
        raise ValidationError({"code": _("Session “%s” exists already.") % code})
    for field, instant in (("opens_at", opens_at), ("centres_open_at", centres_open_at)):
        if instant is not None and timezone.is_naive(instant):
            raise ValidationError({field: _("The time needs its zone.")})
    session = ExamSession(
        code=code,
        exam=exam,
        title=title,
        exam_date=exam_date,
        place=place,
        letter=letter or month_letter(exam_date),
    )
    with transaction.atomic():
        session.full_clean()
        session.save()
        Release.objects.create(session=session, opens_at=opens_at, centres_open_at=centres_open_at)
    return session


def month_letter(exam_date: date) -> str:
    """The board's letter of a session: A for January to L for December."""
    return "ABCDEFGHIJKL"[exam_date.month - 1]
