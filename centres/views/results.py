"""The sessions of a preparation centre's students, and their results."""

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from centres import exporting, inviting, listing, seeing, students
from centres.listing import Asked, Progress
from centres.models import PreparationCentre
from centres.seeing import Figures, Shown
from centres.views.people import no_centre
from results import showing
from results.models import ExamSession

STUDENTS_A_PAGE = 50
SESSIONS_A_PAGE = 20
EXPORTS = {"csv": exporting.as_csv, "xlsx": exporting.as_workbook}


def sessions(request: HttpRequest) -> HttpResponse:
    """The sessions in which the centre has students: when they open, and how far the students have come."""
    centres = seeing.centres_of(request.user)
    if not centres:
        return no_centre(request)
    found = seeing.sessions_of(centres)
    years = [day.year for day in found.dates("exam_date", "year", order="DESC")]
    year = request.GET.get("year", "")
    if year in {str(each) for each in years}:
        found = found.filter(exam_date__year=int(year))
    page = Paginator(found, SESSIONS_A_PAGE).get_page(request.GET.get("page"))
    figures, opened = seeing.figures_of(centres, page), seeing.open_in(centres, page)
    context = {
        "centres": centres,
        "page": page,
        "lines": [(each, figures[each.pk], opened.get(each.pk, 0)) for each in page],
        "years": years,
        "year": year,
        "query": _without_page(request),
    }
    return render(request, "centres/sessions.html", context)


def session(request: HttpRequest, code: str) -> HttpResponse:
    """The centre's students of one session, as the address asks for them; 404 where it has none."""
    centres, found, figures = _session_or_404(request, code)
    asked = Asked.read(request.GET, found.exam_facts, is_due=found.is_due)
    page = cut(request, students.listed(centres, found, asked), asked, figures)
    shown = seeing.shown_of(centres, found, page.object_list, figures)
    return session_page(request, centres, found, asked, page, shown, figures)


def cut(request: HttpRequest, entries, asked: Asked, figures: Figures) -> Page:
    """The page of the entries that the address asks for, read from the database."""
    paginator = Paginator(entries, STUDENTS_A_PAGE)
    if not asked.narrows:
        paginator.count = figures.students  # counted already
    page = paginator.get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    return page


def session_page(
    request: HttpRequest,
    centres: list[PreparationCentre],
    found: ExamSession,
    asked: Asked,
    page: Page,
    shown: Shown,
    figures: Figures,
    **more,
) -> HttpResponse:
    """The page of a session. page: of entries; shown: what shows of these.

    more: what else the templates are told (centres/previewing.py).
    """
    exam = found.exam_facts
    lines = students.with_what_shows(centres, exam, page.object_list, shown)
    is_stopped = shown.is_stopped(figures)
    has_results = found.is_due and not is_stopped
    context = {
        "session": found,
        "exam": exam,
        "asked": asked,
        "page": page,
        "lines": lines,
        "figures": figures,
        "stops": seeing.notices(shown.stops.values()),
        "is_stopped": is_stopped,
        "has_results": has_results,
        "some_missing": has_results and any(not line.statement and not line.stop for line in lines),
        "results": listing.results_of(exam) if has_results else [],
        "progresses": listing.PROGRESSES,
        "orders": listing.orders_of(exam, is_due=has_results),
        "query": _without_page(request),
    }
    if not found.is_due and not is_stopped:
        context |= _waiting(found)
    return render(request, "centres/session.html", {**context, **more})


def export(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """The students that the address asks for as a file, with what the gate shows now."""
    centres, found, figures = _session_or_404(request, code)
    asked = Asked.read(request.GET, found.exam_facts, is_due=found.is_due)
    entries = list(students.listed(centres, found, asked))
    shown = seeing.shown_of(centres, found, entries, figures)
    return EXPORTS[kind](found, students.with_what_shows(centres, found.exam_facts, entries, shown))


def student(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """A student's statement as the student sees it, or why there is none yet; 404 for another's student."""
    centres, found, figures = _session_or_404(request, code)
    entry = get_object_or_404(seeing.entries_of(centres, found), pk=pk)
    entry.session = found
    shown = seeing.shown_of(centres, found, [entry], figures)
    context = {"session": found, "entry": entry, "stop": shown.stops.get(entry.pk)}
    if statement := shown.statements.get(entry.pk):
        seeing.mark_looked(entry, request.user)
        context |= showing.statement(entry, statement, shown.versions.get(entry.pk, []))
        context["pdf_url"] = reverse("student-pdf", args=[code, pk])
    elif not found.is_due and not context["stop"]:
        context |= _waiting(found)
    else:
        context |= showing.late()
    return render(request, "centres/student.html", context)


def not_registered(request: HttpRequest, code: str) -> HttpResponse:
    """Who has not registered, and a text to send them."""
    centres, found, figures = _session_or_404(request, code)
    asked = Asked(progress=Progress.NOT_REGISTERED)
    page = cut(request, students.listed(centres, found, asked), asked, figures)
    context = {
        "session": found,
        "page": page,
        "figures": figures,
        "texts": inviting.texts(found),
        "query": _without_page(request),
    }
    return render(request, "centres/not_registered.html", context)


def _session_or_404(request: HttpRequest, code: str) -> tuple[list[PreparationCentre], ExamSession, Figures]:
    centres = seeing.centres_of(request.user)
    if (found := seeing.session_of(centres, code)) is None:
        raise Http404
    return centres, *found


def _waiting(session: ExamSession) -> dict:
    """For the countdown to the session's opening, a started second counted in full."""
    return showing.waiting(-int(-session.left.total_seconds() // 1)) if session.left else showing.late()


def _without_page(request: HttpRequest) -> str:
    """What the address asks for, for the links to other pages and files of the same list."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()
