"""A preparation centre's page for staff, before the hour: by the centre's own view and templates."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Face, User
from centres import seeing
from centres.models import PreparationCentre
from centres.views.results import session_page
from results import previewing
from results.models import CentreStatement, CentreStop, CentreVersion, Entry, ExamSession, Release
from results.previewing import Moment
from results_portal import audit
from results_portal.models import AuditNote


@previewing.without_scripts_and_forms
def centre(request: HttpRequest, session_pk: int, centre_pk: int) -> HttpResponse:
    """What a centre sees of a session: now, when it opens, or while stopped."""
    moment, language = previewing.asked(request, "it")
    centre = get_object_or_404(PreparationCentre, pk=centre_pk)
    session = get_object_or_404(seeing.sessions_of([centre]), pk=session_pk, release__isnull=False)
    audit.record(request, AuditNote.Kind.LOOKED, session, _("Preview of the page of %s") % centre)
    sight, says = _sight(session, centre, moment)
    visitor = User(face=Face.CENTRES)
    bar = previewing.bar(request, session, str(centre), says, moment, language)
    with previewing.at_face(Face.CENTRES, language):
        response = session_page(
            previewing.visit(request, visitor, f"/sessions/{session.code}/"),
            session,
            *sight,
            face=Face.CENTRES,
            preview_bar=bar,
        )
    return previewing.in_language(response, language)


def _sight(session: ExamSession, centre: PreparationCentre, moment: Moment) -> tuple[tuple, str]:
    """Statements, their versions and notices of stops as the centre sees them; and in words, which."""
    if moment == Moment.NOW:
        statements = seeing.statements_of([centre], session)
        return (
            statements,
            lambda page: seeing.versions_of([centre], page),
            seeing.stops_of([centre], session),
        ), ""
    entries = list(
        Entry.objects.filter(session=session, preparation_centre=centre)
        .defer("secret_digest")
        .order_by("family_name", "given_names", "pk")
    )
    if moment == Moment.STOPPED:
        session.stopped = True
        stop = previewing.stop_that_touches(session, None, centre.pk)
        notices = [
            previewing.as_stopped(CentreStop, entry, stop, preparation_centre=centre) for entry in entries
        ]
        return ([], lambda _page: {}, notices), ""
    session.stopped, session.is_due = False, True
    release = Release.objects.get(session=session)
    newest = previewing.newest_of(entries)
    for entry in entries:
        if entry.pk in newest:
            newest[entry.pk].entry = entry
    statements = [
        previewing.as_open(CentreStatement, entry, newest[entry.pk], preparation_centre=centre)
        for entry in entries
        if entry.pk in newest
    ]
    shown = previewing.shown_with(CentreVersion, newest, release, for_centres=True)
    by_statement = {each: shown[each.entry_id] for each in statements if each.entry_id in shown}
    unapproved = sum(each.pk > (release.approved_through or 0) for each in newest.values())
    says = (
        ngettext(
            "%(count)d result is not approved yet.", "%(count)d results are not approved yet.", unapproved
        )
        % {"count": unapproved}
        if unapproved
        else _("All approved.")
    )
    return (
        statements,
        lambda page: {each: by_statement[each] for each in page if each in by_statement},
        [],
    ), says
