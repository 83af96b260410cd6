"""A candidate's page for staff, before the hour: by the candidate's own view and templates."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Face, User
from candidates import seeing
from candidates.views import statement_page
from results import previewing
from results.models import (
    CandidateCertificate,
    CandidateStatement,
    CandidateStop,
    CandidateVersion,
    Certificate,
    Entry,
    ExamSession,
    Result,
    Statement,
    Status,
)
from results.numbers import normalise_id_number
from results.previewing import Moment
from results_portal import audit
from results_portal.models import AuditNote


def find(request: HttpRequest, pk: int) -> HttpResponse:
    """From an ID Number to the page of its candidate; pk: of the session whose control room asks."""
    previewing.asked(request, "")
    session = get_object_or_404(ExamSession, pk=pk)
    typed = request.GET.get("id_number", "")
    entry = Entry.objects.filter(session=session, id_number=normalise_id_number(typed)).only("pk").first()
    if entry is None:
        messages.warning(request, _("No candidate of this session has the ID Number “%s”.") % typed[:40])
        return redirect("admin:results_examsession_control_room", session.pk)
    return redirect("preview-candidate", entry.pk)


@previewing.without_scripts_and_forms
def candidate(request: HttpRequest, pk: int) -> HttpResponse:
    """What the candidate with this entry sees: now, when it opens, or while stopped."""
    entries = Entry.objects.for_candidates().filter(session__release__isnull=False).with_time_left()
    entry = get_object_or_404(entries, pk=pk)
    user = User.objects.with_number_of_exams().filter(pk=entry.user_id).first()
    moment, language = previewing.asked(request, user.language if user else "it")
    audit.record(request, AuditNote.Kind.LOOKED, entry, _("Preview of the candidate’s page"))
    newest = previewing.newest_of([entry]).get(entry.pk)
    sight, versions = _sight(entry, user, newest, moment)
    visitor = user or User(face=Face.CANDIDATES, username=entry.id_number)
    bar = previewing.bar(request, entry.session, str(entry), _says(entry, newest, moment), moment, language)
    with previewing.at_face(Face.CANDIDATES, language):
        response = statement_page(
            previewing.visit(request, visitor, "/statement/"),
            sight,
            versions,
            face=Face.CANDIDATES,
            preview_bar=bar,
            pdf_url=reverse("statement-pdf"),
        )
    return previewing.in_language(response, language)


def _sight(
    entry: Entry, user: User | None, newest: Statement | None, moment: Moment
) -> tuple[seeing.Sight, list[CandidateVersion]]:
    """What the candidate sees at the moment, and the versions that the page tells apart."""
    session = entry.session
    if moment == Moment.NOW and user:
        sight = seeing.sight_of(user, entry.pk)
        return sight, seeing.versions_of(sight.statement) if sight.statement else []
    centre_id = Entry.objects.values_list("preparation_centre", flat=True).get(pk=entry.pk)
    stop = previewing.stop_that_touches(session, entry, centre_id)
    if moment == Moment.STOPPED or (moment == Moment.NOW and stop):
        notice = previewing.as_stopped(CandidateStop, entry, stop)
        return seeing.Sight(entry, 0, stop=notice), []
    if moment == Moment.NOW or newest is None:
        seconds_left = -int(-entry.left.total_seconds() // 1) if moment == Moment.NOW else 0
        return seeing.Sight(entry, seconds_left), []
    newest.entry = entry
    shown = previewing.shown_with(CandidateVersion, {entry.pk: newest}, session.release, for_centres=False)
    statement = previewing.as_open(CandidateStatement, entry, newest, user=user)
    return seeing.Sight(entry, 0, statement, None, _certificate(entry, newest)), shown.get(entry.pk, [])


def _certificate(entry: Entry, statement: Statement) -> CandidateCertificate | None:
    """What the page says of the certificate, as results_certificates_candidates does."""
    stored = Certificate.objects.filter(entry=entry).first()
    if stored is None and (statement.status != Status.RESULT or statement.result == Result.NONE):
        return None
    stored = stored or Certificate(entry=entry)
    columns = ("state", "arrived_on", "collected_on", "collected_by")
    return CandidateCertificate(entry=entry, **{column: getattr(stored, column) for column in columns})


def _says(entry: Entry, newest: Statement | None, moment: Moment) -> str:
    """Which statement is shown, and what stands between it and the candidate."""
    lines = []
    if moment == Moment.OPEN:
        if newest is None:
            lines.append(_("There is no result yet."))
        else:
            through = entry.session.release.approved_through or 0
            approved = _("Approved.") if newest.pk <= through else _("Not approved yet.")
            lines.append(
                _("Version %(version)d. %(approved)s") % {"version": newest.version, "approved": approved}
            )
    if entry.user_id is None:
        lines.append(_("Nobody has registered with this entry: until then nobody can open the page."))
    return " ".join(lines)
