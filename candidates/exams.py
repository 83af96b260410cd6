"""The exams of one account: all of them on a page, and another one added."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.views import form_page
from candidates import seeing, uncovering
from candidates.exam_form import AddExamForm
from results import showing
from results.scale_over_time import scale_over_time


def exams(request: HttpRequest) -> HttpResponse:
    """Every exam of the account with where its result stands, and those with a score on one scale.

    What its candidate covers stays off the scale.
    """
    sights = seeing.sights_of(request.user)
    opened = [
        sight
        for sight in sights
        if sight.statement and not uncovering.is_covered(request.user, request.session, sight.statement)
    ]
    chart = scale_over_time([(sight.entry, sight.statement) for sight in opened])
    for sitting in chart.sittings if chart else ():
        seeing.mark_seen(request.session, sitting.statement)
    waiting = [sight.seconds_left for sight in sights if sight.page is seeing.View.WAITING]
    context = {
        "sights": sights,
        "chart": chart,
        "left_out": len(opened) - len(chart.sittings) if chart else 0,
        **(showing.waiting(min(waiting)) if waiting else {}),
    }
    return render(request, "candidates/exams.html", context)


def add(request: HttpRequest) -> HttpResponse:
    """Another ID Number and Secret Number, for the same account and password."""
    form = AddExamForm(request, request.POST or None)
    if form.is_valid():
        messages.success(request, _words_of_added(form.added))
        return redirect("exams")
    return form_page(request, "candidates/add_exam.html", form)


def _words_of_added(entry) -> str:
    session = entry.session
    facts = {"exam": session.get_exam_display(), "session": session.title}
    return _("%(exam)s, %(session)s, is in your account now.") % facts
