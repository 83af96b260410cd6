"""Home, the account, and the password of who signs in for a preparation centre."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy

from accounts import forms as account_forms
from accounts import views as account_views
from centres import seeing


class HomeView(account_views.SignInView):
    """Home: the box “Log in” and how a school gets an account."""

    template_name = "centres/home.html"
    authentication_form = account_forms.SignInForm
    next_page = reverse_lazy("sessions")


def account(request: HttpRequest) -> HttpResponse:
    return render(request, "centres/account.html", {"centres": seeing.centres_of(request.user)})


def change_password(request: HttpRequest) -> HttpResponse:
    return account_views.change_password(request, account_forms.ChangePasswordForm)
