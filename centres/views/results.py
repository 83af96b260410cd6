"""The sessions of a preparation centre's students, and their results."""

from collections.abc import Callable, Iterable, Sequence

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from centres import seeing
from centres.views.people import no_centre
from results.amendments import amendments
from results.models import CentreStatement, CentreStop, CentreVersion, ExamSession

STUDENTS_A_PAGE = 100


def sessions(request: HttpRequest) -> HttpResponse:
    """The sessions in which the centre has students, with their opening times."""
    centres = seeing.centres_of(request.user)
    if not centres:
        return no_centre(request)
    return render(
        request, "centres/sessions.html", {"centres": centres, "sessions": seeing.sessions_of(centres)}
    )


def session(request: HttpRequest, code: str) -> HttpResponse:
    """The centre's students of one session; 404 where it has none."""
    centres = seeing.centres_of(request.user)
    found = get_object_or_404(seeing.sessions_of(centres), code=code)
    return session_page(
        request,
        found,
        seeing.statements_of(centres, found),
        lambda page: seeing.versions_of(centres, page),
        seeing.stops_of(centres, found),
    )


def session_page(
    request: HttpRequest,
    found: ExamSession,
    statements: Sequence[CentreStatement] | QuerySet[CentreStatement],
    versions_of: Callable[[Iterable[CentreStatement]], dict[CentreStatement, list[CentreVersion]]],
    stops: list[CentreStop],
    **more,
) -> HttpResponse:
    """The page of a session; versions_of: tells of a page's statements which were amended.

    more: what else the templates are told (centres/previewing.py).
    """
    page = Paginator(statements, STUDENTS_A_PAGE).get_page(request.GET.get("page"))
    exam = found.exam_facts
    context = {
        "session": found,
        "exam": exam,
        "page": page,
        "amended": {
            statement: steps
            for statement, versions in versions_of(page.object_list).items()
            if (steps := amendments(exam, versions))
        },
        "stops": stops,
    }
    return render(request, "centres/session.html", {**context, **more})
