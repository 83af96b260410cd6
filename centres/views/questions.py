"""Questions about students: asking one, and reading the answers."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.views import form_page
from centres import asking, seeing
from centres.question_forms import MissingForm, NotOursForm
from results.models import Entry

QUESTIONS_A_PAGE = 50


def of_session(request: HttpRequest, code: str) -> HttpResponse:
    """The centre's questions about a session, and the forms for another; 404 where it has no students.

    ?student=: the key of an entry of the centre's that is not its student; 404 for any other.
    """
    centres = seeing.centres_of(request.user)
    session = get_object_or_404(seeing.sessions_of(centres), code=code)
    student = _asked_about(request, asking.own_entries(centres, session))
    kind = request.POST.get("kind")
    not_ours = NotOursForm(
        request.POST if kind == asking.Kind.NOT_OURS else None,
        by=request.user,
        entries=asking.own_entries(centres, session),
        student=student,
    )
    missing = MissingForm(
        request.POST if kind == asking.Kind.MISSING else None,
        by=request.user,
        session=session,
        centres=[each for each in centres if asking.own_entries([each], session).exists()]
        if len(centres) > 1
        else centres,
    )
    sent = next((form for form in (not_ours, missing) if form.is_bound), None)
    if sent and sent.is_valid() and sent.save():
        messages.success(
            request, _("Your question is with the exams office. You find the answer here, and get a mail.")
        )
        return redirect("ask-about-student", code)
    return form_page(
        request,
        "centres/session_questions.html",
        sent or not_ours,
        session=session,
        student=student,
        not_ours=not_ours,
        missing=missing,
        questions=asking.questions_of(centres).filter(session=session),
    )


def _asked_about(request: HttpRequest, entries) -> Entry | None:
    number = request.GET.get("student")
    if number is None:
        return None
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise Http404
    return get_object_or_404(entries, pk=int(number))


def all_of_centre(request: HttpRequest) -> HttpResponse:
    """All questions of the centre: those that wait first, then the newest answers."""
    questions = asking.questions_of(seeing.centres_of(request.user))
    page = Paginator(questions, QUESTIONS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "centres/questions.html", {"page": page})
