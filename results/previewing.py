"""Looking, as staff, at the very page that a candidate or preparation centre gets, before the hour.

The page is made by the view and templates of its own face; only where its statement comes from differs: from
the statements themselves, as the gate would let them through at the instant. Nothing is written except that
somebody looked, and the public faces read nothing of it. candidates/previewing.py and centres/previewing.py
have the views.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from csp.constants import NONE
from csp.decorators import csp_replace
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import get_script_prefix, get_urlconf, reverse, set_script_prefix, set_urlconf
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from results import stopping
from results.models import Entry, ExamSession, OpenStatement, Outcome, Release, Statement, Stop, VersionShown
from results.models.gate import StopNotice

MAY_SEE = "results.see_result"
OUTCOME = [field.attname for field in Outcome._meta.local_fields]

# A page to look at: its scripts would ask the staff's address again and again, its forms lead nowhere.
without_scripts_and_forms = csp_replace({"script-src": [NONE], "form-action": [NONE]})

Open = TypeVar("Open", bound=OpenStatement)
Notice = TypeVar("Notice", bound=StopNotice)


class Moment(models.TextChoices):
    """When the page is looked at."""

    NOW = "now", _("as it is now")
    OPEN = "open", _("when it opens")
    STOPPED = "stopped", _("while stopped")


def asked(request: HttpRequest, language: str) -> tuple[Moment, str]:
    """The moment and the language that the address asks for; language: where it asks for none.

    Raises PermissionDenied for who may not see results.
    """
    if not request.user.has_perm(MAY_SEE):
        raise PermissionDenied
    moment, other = request.GET.get("as"), request.GET.get("language")
    return (
        Moment(moment) if moment in Moment.values else Moment.OPEN,
        other if other in dict(settings.LANGUAGES) else language,
    )


@contextmanager
def at_face(face: str, language: str) -> Iterator[None]:
    """Within it, addresses are those of another face, in full, and words in a language."""
    urlconf, prefix = get_urlconf(), get_script_prefix()
    set_urlconf(f"results_portal.urls.{face}")
    set_script_prefix(f"{settings.FACE_URLS[face]}/")
    try:
        with translation.override(language):
            yield
    finally:
        set_urlconf(urlconf)
        set_script_prefix(prefix)


def visit(request: HttpRequest, user: User, path: str) -> HttpRequest:
    """A request as the visitor's browser would send it; it carries nothing of the staff's session."""
    visitor = HttpRequest()
    visitor.method, visitor.path, visitor.user = "GET", path, user
    visitor.META = {key: request.META[key] for key in ("SERVER_NAME", "SERVER_PORT") if key in request.META}
    visitor.GET = request.GET
    return visitor


def bar(
    request: HttpRequest, session: ExamSession, who: str, says: str, moment: Moment, language: str
) -> SafeString:
    """The line above the page that says what it is; says: which statement is shown, in words."""
    context = {
        "who": who,
        "says": says,
        "moments": [(each.value, each.label, each is moment) for each in Moment],
        "moment": moment,
        "languages": [(code, name, code == language) for code, name in settings.LANGUAGES],
        "language": language,
        "back": reverse("admin:results_examsession_control_room", args=[session.pk]),
    }
    return render_to_string("results/preview_bar.html", context)


def in_language(response: HttpResponse, language: str) -> HttpResponse:
    response.headers["Content-Language"] = language
    return response


def newest_of(entries: Iterable[Entry]) -> dict[int, Statement]:
    """The newest statement of each entry, approved or not, by the entry's key."""
    statements = Statement.objects.filter(entry__in=entries).order_by("entry", "-version").distinct("entry")
    return {statement.entry_id: statement for statement in statements}


def as_open(kind: type[Open], entry: Entry, statement: Statement | VersionShown, **more) -> Open:
    """A statement as the gate will let it through."""
    return kind(
        entry=entry,
        statement_id=statement.pk,
        version=statement.version,
        issued_at=statement.created_at,
        reason=statement.reason,
        **{column: getattr(statement, column) for column in OUTCOME},
        **more,
    )


def as_stopped(kind: type[Notice], entry: Entry, stop: Stop | None, **more) -> Notice:
    """A stop as its notice reads; without one the notice that a stop starts with, of the whole session."""
    words = stopping.Notice(stop.notice_it, stop.notice_en) if stop else stopping.usual_notice()
    scope = StopNotice.Scope.SESSION
    if stop and stop.entry_id:
        scope = StopNotice.Scope.CANDIDATE
    elif stop and stop.preparation_centre_id:
        scope = StopNotice.Scope.CENTRE
    return kind(
        entry=entry,
        scope=scope,
        notice_it=words.it,
        notice_en=words.en,
        started_at=stop.started_at if stop else None,
        **more,
    )


def stop_that_touches(session: ExamSession, entry: Entry | None, centre_id: int | None) -> Stop | None:
    """The widest active stop of an entry; without an entry, of a centre or its session."""
    for stop in stopping.active(session):
        of_centre = stop.preparation_centre_id in (None, centre_id)
        if of_centre and (stop.entry_id is None or (entry and stop.entry_id == entry.pk)):
            return stop
    return None


def shown_with(
    kind: type[Open], newest: dict[int, Statement], release: Release, *, for_centres: bool
) -> dict[int, list[Open]]:
    """By entry, the versions that its audience has been shown and the newest, if that makes more than one.

    Which were shown, the database tells as it tells the gate (results/migrations/0007_gate.py).
    """
    corrected = {entry: statement for entry, statement in newest.items() if statement.version > 1}
    if not corrected:
        return {}
    instant = (release.centres_open_at if for_centres else None) or release.opens_at
    now = Release.objects.values_list(Now(), flat=True).get(pk=release.pk)
    shown: dict[int, list[Open]] = defaultdict(list)
    since = dict.fromkeys(corrected, max(now, instant))
    audience = "centres" if for_centres else "candidates"
    for version in VersionShown.objects.filter(audience=audience, entry__in=corrected, was_shown=True):
        statement = corrected[version.entry_id]
        if version.version < statement.version:
            shown[version.entry_id].append(
                as_open(kind, statement.entry, version, shown_from=version.shown_from)
            )
        else:
            since[version.entry_id] = version.shown_from
    return {
        entry: [*versions, as_open(kind, corrected[entry].entry, corrected[entry], shown_from=since[entry])]
        for entry, versions in shown.items()
    }
