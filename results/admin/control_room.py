"""The control room: one page on which a session's release is watched and steered."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from results import distribution, preflight, registrations, stopping
from results.admin.common import SureForm, ask, bound, done
from results.admin.mail_previews import mail_as_html, mails_view
from results.admin.releases import approvals_in_words, describe, opens_apart, release_buttons
from results.admin.signs import SIGNS
from results.checking import outcomes_of
from results.mailing import MAY_REMIND, remind_unregistered
from results.models import Entry, ExamSession, Release, Result, Statement, Status
from results.standing import with_state
from results.templatetags.outcomes import result_in_words
from results.times import in_words
from results_portal import audit
from results_portal.models import AuditNote
from results_portal.spreadsheets import csv_file

MAY_SEE_RESULTS = "results.see_result"
MAY_SEE_FIGURES = "results.view_statement"  # how results spread, without names
MAY_SEE_ENTRIES = "results.view_entry"  # names, also as an export; mails, which hold no mark
MOST_VOIDED = 5  # approvals; the history has them all
MOST_CENTRES = 12  # named on the page; the rest are counted together


@dataclass(frozen=True)
class Instant:
    """When it opens for whom; seconds_left: by the database's clock, negative once it has come."""

    audience: str
    when: str
    seconds_left: int
    left: str


@dataclass(frozen=True)
class Sample:
    """A candidate whose page is worth a look: the first of those with this result."""

    result: str
    entry: Entry


class ControlRoom:
    """The pages of a session's control room, for the admin of exam sessions."""

    def control_room_urls(self) -> list:
        pages = {
            "control-room": (self.control_room_view, "control_room"),
            "not-registered": (self.export_view, "not_registered"),
            "remind": (self.remind_view, "remind"),
            "mails": (self.mails_view, "mails"),
            "mails/html": (self.mail_as_html_view, "mail_as_html"),
        }
        return [
            path(
                f"<int:pk>/{address}/",
                self.admin_site.admin_view(view),
                name=f"results_examsession_{name}",
            )
            for address, (view, name) in pages.items()
        ]

    def control_room_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        session = self._get_session(request, pk)
        release = _release_of(session)
        user = request.user
        sees_results, sees_figures = user.has_perm(MAY_SEE_RESULTS), user.has_perm(MAY_SEE_FIGURES)
        outcomes = outcomes_of(session) if sees_figures else []
        by_centre = registrations.by_centre(session)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Control room: %s") % session,
            "session": session,
            "checks": preflight.check(session, outcomes) if sees_figures else [],
            "distributions": distribution.of_session(session, outcomes),
            "stops": list(stopping.active(session)),
            "samples": _samples(outcomes) if sees_results else [],
            "centres": sorted(
                (row["preparation_centre__name"], row["preparation_centre"])
                for row in by_centre
                if row["preparation_centre"]
            ),
            "sees_results": sees_results,
            "may_remind": user.has_perm(MAY_REMIND),
            "may_export": user.has_perm(MAY_SEE_ENTRIES),
            **_registered(session, by_centre),
            **(_standing(request, release) if release else {"standing": _("No opening time yet")}),
        }
        return TemplateResponse(request, "admin/results/control_room.html", context)

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Who has not registered, as CSV; the export is an act of the audit trail."""
        session = self._get_session(request, pk)
        if not request.user.has_perm(MAY_SEE_ENTRIES):
            raise PermissionDenied
        audit.record(request, AuditNote.Kind.EXPORTED, session, _("who has not registered"))
        header = (
            _("Surname"),
            _("Given names"),
            _("Preparation centre"),
            _("Candidate number"),
            _("ID Number"),
            _("Email address"),
        )
        return csv_file(f"not-registered-{session.code}.csv", header, registrations.rows_for_export(session))

    def remind_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        session = self._get_session(request, pk)
        if not request.user.has_perm(MAY_REMIND):
            raise PermissionDenied
        form = bound(SureForm, request)
        back = reverse("admin:results_examsession_control_room", args=[session.pk])

        def remind() -> str:
            queued = remind_unregistered(session, request.user)
            return _(
                "On their way: mails to %(candidates)d candidates and %(members)d people of preparation"
                " centres. Candidates without an address: %(unreachable)d."
            ) % asdict(queued)

        if done(request, form, remind):
            return redirect(back)
        return ask(
            request,
            self,
            form,
            title=_("Remind those of %s who have not registered?") % session,
            text=_(
                "Those with an email address get a mail, and so do the people of their preparation centres."
                " The mails hold no Secret Number."
            ),
            button=_("Send reminders"),
            back=back,
            room=session,
        )

    def mails_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return mails_view(self, request, self._session_with_names(request, pk))

    def mail_as_html_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return mail_as_html(request, self._session_with_names(request, pk))

    def _session_with_names(self, request: HttpRequest, pk: int) -> ExamSession:
        if not request.user.has_perm(MAY_SEE_ENTRIES):
            raise PermissionDenied
        return self._get_session(request, pk)

    def _get_session(self, request: HttpRequest, pk: int) -> ExamSession:
        if not self.has_view_permission(request):
            raise PermissionDenied
        session = ExamSession.objects.filter(pk=pk).first()
        if session is None:
            raise Http404
        return session


def _release_of(session: ExamSession) -> Release | None:
    releases = with_state(Release.objects.filter(session=session)).annotate(now=Now())
    return releases.select_related("session").prefetch_related("approvals__person").first()


def _standing(request: HttpRequest, release: Release) -> dict:
    """Where the release stands, in words and with a sign, and what there is to do about it."""
    voided = [each for each in release.approvals.all() if each.voided_at]
    return {
        **release_buttons(request, release),
        "state": release.state,
        "sign": SIGNS[release.state],
        "standing": describe(release, release.state),
        "approvals": approvals_in_words(release),
        "instants": _instants(release),
        "voided": sorted(voided, key=lambda each: each.pk, reverse=True)[:MOST_VOIDED],
    }


def _instants(release: Release) -> list[Instant]:
    if not opens_apart(release):
        return [_instant(_("Candidates and preparation centres"), release.opens_at, release.now)]
    return [
        _instant(_("Candidates"), release.opens_at, release.now),
        _instant(_("Preparation centres"), release.centres_open_at, release.now),
    ]


def _instant(audience: str, moment: datetime, now: datetime) -> Instant:
    seconds_left = -int(-(moment - now).total_seconds() // 1)
    apart = timesince(min(moment, now), max(moment, now))
    left = (_("in %s") if seconds_left > 0 else _("%s ago")) % apart
    return Instant(audience, in_words(moment), seconds_left, left)


def _registered(session: ExamSession, by_centre: list[dict]) -> dict:
    """Registrations over time, and who is missing, by centre."""
    entries = sum(row["number"] for row in by_centre)
    missing = [row for row in by_centre if row["missing"]]
    return {
        "registrations": registrations.over_time(session, entries, timezone.localdate()),
        "unregistered": sum(row["missing"] for row in missing),
        "unregistered_by_centre": missing[:MOST_CENTRES],
        "unregistered_elsewhere": sum(row["missing"] for row in missing[MOST_CENTRES:]),
    }


def _samples(outcomes: list[dict]) -> list[Sample]:
    """The first candidate of each result, or of each status where shields are reported."""
    first: dict[tuple, int] = {}
    for row in outcomes:
        kind = (row["status"], row.get("result"))
        first[kind] = min(row["first"], first.get(kind, row["first"]))
    found = Statement.objects.filter(pk__in=first.values()).select_related("entry")
    order = [*Result.values, ""]
    statements = sorted(
        found.defer("entry__secret_digest"),
        key=lambda each: (order.index(each.result), Status.values.index(each.status)),
    )
    return [Sample(_result_in_words(each), each.entry) for each in statements]


def _result_in_words(statement: Statement) -> str:
    """The board's words; what else there is for shields and for a score without result."""
    words = result_in_words(statement)
    return str(statement.get_status_display()) if words == "–" else words
