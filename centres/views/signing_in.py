"""Home, the account, and the password of who signs in for a preparation centre."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy

from accounts import forms as account_forms
from accounts import views as account_views
from centres.views.joining import LINK


class HomeView(account_views.SignInView):
    """Home: the box “Log in” and how a school gets an account."""

    template_name = "centres/home.html"
    authentication_form = account_forms.SignInForm
    next_page = reverse_lazy("sessions")

    def form_valid(self, form) -> HttpResponse:
        """An invitation that waits for this sign-in goes on waiting; it is its address's alone."""
        token = self.request.session.get(LINK)
        response = super().form_valid(form)
        if token:
            self.request.session[LINK] = token
        return response


def account(request: HttpRequest) -> HttpResponse:
    memberships = request.user.memberships.select_related("centre").order_by("centre__name")
    return render(request, "centres/account.html", {"memberships": memberships})


def change_password(request: HttpRequest) -> HttpResponse:
    return account_views.change_password(request, account_forms.ChangePasswordForm)
