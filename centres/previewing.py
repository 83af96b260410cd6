"""A preparation centre's pages for staff, before the hour: by the centre's own views and templates."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Face, User
from centres import seeing, students
from centres.listing import Asked
from centres.models import Post, PreparationCentre, VisiblePost
from centres.models.news import PostWords
from centres.seeing import Figures, Shown
from centres.views.news import post_page
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


@previewing.without_scripts_and_forms
def post(request: HttpRequest, pk: int) -> HttpResponse:
    """A post as preparation centres read it, published or not, in either language."""
    if not request.user.has_perm("centres.view_post"):
        raise PermissionDenied
    found = get_object_or_404(Post.objects.with_state().as_read(), pk=pk)
    words = {field.attname: getattr(found, field.attname) for field in PostWords._meta.local_fields}
    read = VisiblePost(pk=pk, published_at=found.shown_from, updated_at=found.updated_at, **words)
    language = request.GET.get("language")
    language = language if language in dict(settings.LANGUAGES) else "it"
    bar = render_to_string(
        "centres/news_preview_bar.html",
        {
            "state": Post.State(found.state).label,
            "languages": [(code, name, code == language) for code, name in settings.LANGUAGES],
            "back": reverse("admin:centres_post_change", args=[pk]),
        },
    )
    with previewing.at_face(Face.CENTRES, language):
        visit = previewing.visit(request, User(face=Face.CENTRES), f"/news/{found.key}/")
        response = post_page(visit, read, face=Face.CENTRES, preview_bar=bar)
    return previewing.in_language(response, language)
