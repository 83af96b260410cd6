"""A preparation centre's pages for staff, before the hour: by the centre's own views and templates."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Face, User
from centres import seeing
from centres.models import Post, PreparationCentre, VisiblePost
from centres.models.news import PostWords
from centres.views.news import post_page
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
