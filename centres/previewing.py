"""A preparation centre's page for staff, before the hour: by the centre's own view and templates."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Face, User
from centres import seeing, students
from centres.listing import Asked
from centres.models import PreparationCentre
from centres.seeing import Figures, Shown
from centres.views.results import cut, session_page
from results import previewing
from results.models import CentreStatement, CentreStop, CentreVersion, Entry, ExamSession, Release
from results.previewing import Moment
from results_portal import audit
from results_portal.models import AuditNote


@previewing.without_scripts_and_forms
def centre(request: HttpRequest, session_pk: int, centre_pk: int) -> HttpResponse:
    """What a centre sees of a session: now, when it opens, or while stopped; everybody, by name."""
    moment, language = previewing.asked(request, "it")
    centre = get_object_or_404(PreparationCentre, pk=centre_pk)
    session = get_object_or_404(ExamSession, pk=session_pk, release__isnull=False)
    if (found := seeing.session_of([centre], session.code)) is None:
        raise Http404
    session, figures = found
    audit.record(request, AuditNote.Kind.LOOKED, session, _("Preview of the page of %s") % centre)
    says = _says(session, centre) if moment == Moment.OPEN else ""
    session.is_due = session.is_due or moment != Moment.NOW
    bar = previewing.bar(request, session, str(centre), says, moment, language)
    visit = previewing.visit(request, User(face=Face.CENTRES), f"/sessions/{session.code}/")
    with previewing.at_face(Face.CENTRES, language):
        asked = Asked()
        page = cut(visit, students.listed([centre], session, asked), asked, figures)
        shown = _shown(session, centre, page.object_list, figures, moment)
        response = session_page(
            visit, [centre], session, asked, page, shown, figures, face=Face.CENTRES, preview_bar=bar
        )
    return previewing.in_language(response, language)


def _shown(
    session: ExamSession, centre: PreparationCentre, entries: list[Entry], figures: Figures, moment: Moment
) -> Shown:
    """What the page's entries show at the moment."""
    if moment == Moment.NOW:
        return seeing.shown_of([centre], session, entries, figures)
    if moment == Moment.STOPPED:
        stop = previewing.stop_that_touches(session, None, centre.pk)
        about = {"preparation_centre": centre, "session": session}
        notice = previewing.as_stopped(CentreStop, entries[0], stop, **about)
        return Shown(stops=dict.fromkeys([*(entry.pk for entry in entries), *figures.samples], notice))
    newest = previewing.newest_of(entries)
    for entry in entries:
        if entry.pk in newest:
            newest[entry.pk].entry = entry
    release = Release.objects.get(session=session)
    return Shown(
        {
            entry.pk: previewing.as_open(
                CentreStatement, entry, newest[entry.pk], preparation_centre=centre, session=session
            )
            for entry in entries
            if entry.pk in newest
        },
        previewing.shown_with(CentreVersion, newest, release, for_centres=True),
    )


def _says(session: ExamSession, centre: PreparationCentre) -> str:
    """How many of all the centre's results wait for an approval, in words."""
    newest = previewing.newest_of(seeing.entries_of([centre], session))
    through = Release.objects.values_list("approved_through", flat=True).get(session=session) or 0
    unapproved = sum(statement.pk > through for statement in newest.values())
    if not unapproved:
        return _("All approved.")
    words = ngettext(
        "%(count)d result is not approved yet.", "%(count)d results are not approved yet.", unapproved
    )
    return words % {"count": unapproved}
