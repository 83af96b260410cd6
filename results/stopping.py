"""Stopping: results that are not shown for now, of a session, a preparation centre or single candidates.

Whoever is touched reads the notice at once, by the gate (results/migrations/0007_gate.py); lifting shows
again what is approved and due. Each verb is one transaction and records who did it.
"""

from contextlib import suppress
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.acting import acting, checked_reason
from accounts.models import User
from results.models import Entry, ExamSession, Stop
from results.models.releases import LONGEST_NOTICE

MAY_STOP = "results.stop_release"
USUAL_NOTICE = gettext_lazy(
    "We have paused these results to check them. You need to do nothing: we will show them here again as soon"
    " as we can."
)


class AlreadyStopped(ValidationError):  # noqa: N818
    """A stop of the same session, preparation centre or candidate is on."""


@dataclass(frozen=True)
class Notice:
    """What the people who are touched read, in both languages."""

    it: str
    en: str


def usual_notice() -> Notice:
    """The words that fit most stops; the form starts with them."""
    words = {}
    for language in ("it", "en"):
        with translation.override(language):
            words[language] = str(USUAL_NOTICE)
    return Notice(**words)


def stop_session(session: ExamSession, by: User, reason: str, notice: Notice | None = None) -> Stop:
    """Hide every result of the session. reason: for the exams office alone.

    Raises ValidationError without a reason or notice, if it is stopped already, or if `by` may not.
    """
    with acting(by, MAY_STOP):
        return _stop(by, reason, notice, session=session)


def stop_centre(
    session: ExamSession, centre: models.Model, by: User, reason: str, notice: Notice | None = None
) -> Stop:
    """Hide the results of one preparation centre's students in the session; raises as stop_session."""
    with acting(by, MAY_STOP):
        return _stop(by, reason, notice, session=session, preparation_centre=centre)


def stop_candidates(
    entries: QuerySet[Entry], by: User, reason: str, notice: Notice | None = None
) -> list[Stop]:
    """Hide the results of single candidates; those stopped already keep their stop and its reason.

    Returns the stops that this made. Raises ValidationError without a reason or notice, or if `by` may not.
    """
    with acting(by, MAY_STOP):
        going_on = entries.filter(stops__lifted_at=None, stops__isnull=False).values("pk")
        touched = Entry.objects.filter(pk__in=entries.values("pk")).exclude(pk__in=going_on)
        stops = []
        for entry in touched.only("session_id").order_by("pk"):
            with suppress(AlreadyStopped):  # a colleague's, of the same moment
                stops.append(_stop(by, reason, notice, session_id=entry.session_id, entry=entry))
        return stops


def lift(stops: QuerySet[Stop], by: User) -> list[Stop]:
    """End stops: what is approved shows again as soon as its time has come; if it has, at once.

    Returns the stops that this ended. Raises ValidationError if `by` may not.
    """
    with acting(by, MAY_STOP):
        going_on = Stop.objects.filter(pk__in=stops.values("pk"), lifted_at=None)
        ended = list(going_on.select_for_update(of=("self",)).order_by("pk"))
        Stop.objects.filter(pk__in=[stop.pk for stop in ended]).update(lifted_at=Now(), lifted_by=by)
        return ended


def active(session: ExamSession) -> QuerySet[Stop]:
    """The session's stops that have not been lifted, the widest first."""
    stops = session.stops.filter(lifted_at=None).select_related("preparation_centre", "entry", "started_by")
    return stops.defer("entry__secret_digest").order_by("entry", "preparation_centre", "pk")


def _stop(by: User, reason: str, notice: Notice | None, **scope) -> Stop:
    notice = notice or usual_notice()
    stop = Stop(
        reason=checked_reason(reason),
        notice_it=_checked_notice(notice.it),
        notice_en=_checked_notice(notice.en),
        started_by=by,
        **scope,
    )
    try:
        with transaction.atomic():  # the database knows of a stop that comes at the same moment
            stop.save()
    except IntegrityError:
        raise AlreadyStopped(_("This is stopped already."), code="stopped") from None
    return stop


def _checked_notice(notice: str) -> str:
    notice = " ".join(notice.split())
    if not notice or len(notice) > LONGEST_NOTICE:
        raise ValidationError(
            _("Write a notice in both languages, of %(longest)d characters or fewer."),
            code="notice",
            params={"longest": LONGEST_NOTICE},
        )
    return notice
