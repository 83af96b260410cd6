"""The preparation centres' pages."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse_lazy

from accounts import forms as account_forms
from accounts import views as account_views
from centres import seeing

STUDENTS_A_PAGE = 100


class HomeView(account_views.SignInView):
    """Home: the box “Log in” and how a school gets an account."""

    template_name = "centres/home.html"
    authentication_form = account_forms.SignInForm
    next_page = reverse_lazy("sessions")


def sessions(request: HttpRequest) -> HttpResponse:
    """The sessions in which the centre has students, with their opening times."""
    centres = seeing.centres_of(request.user)
    return render(
        request, "centres/sessions.html", {"centres": centres, "sessions": seeing.sessions_of(centres)}
    )


def session(request: HttpRequest, code: str) -> HttpResponse:
    """The centre's students of one session; 404 where it has none."""
    centres = seeing.centres_of(request.user)
    found = get_object_or_404(seeing.sessions_of(centres), code=code)
    students = Paginator(seeing.statements_of(centres, found), STUDENTS_A_PAGE)
    page = students.get_page(request.GET.get("page"))
    context = {"session": found, "exam": found.exam_facts, "page": page}
    return render(request, "centres/session.html", context)


def account(request: HttpRequest) -> HttpResponse:
    return render(request, "centres/account.html", {"centres": seeing.centres_of(request.user)})


def change_password(request: HttpRequest) -> HttpResponse:
    return account_views.change_password(request, account_forms.ChangePasswordForm)
