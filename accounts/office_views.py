"""Pages that only the staff face has about signing in: its sign-in page, passkeys, staying signed in."""

import json

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_otp_webauthn import exceptions
from django_otp_webauthn import views as webauthn
from django_otp_webauthn.models import WebAuthnCredential

from accounts.confirming import confirm, needs_fresh_identity, passkeys_of
from accounts.devices import remember_device
from accounts.forms import SignInForm
from accounts.models import User
from accounts.second_factor import before_second_factor
from accounts.second_factor_views import log, onward, sure
from accounts.sessions import background
from accounts.views import SignInView

LONGEST_NAME = WebAuthnCredential._meta.get_field("name").max_length


class OfficeSignInView(SignInView):
    """The admin's page, with the throttle and the device cookie of the other faces."""

    template_name = "admin/login.html"
    authentication_form = SignInForm
    next_page = reverse_lazy("admin:index")

    def remember(self, response: HttpResponse, user: User) -> None:
        """Not yet: the password alone gives a browser no counter of its own."""

    def get_context_data(self, **kwargs):
        office = {
            **admin.site.each_context(self.request),
            "title": _("Log in"),
            "app_path": self.request.get_full_path(),
        }
        return super().get_context_data(**office, **kwargs)


# --- Staying signed in ----------------------------------------------------------------------------


def _seconds_left(request: HttpRequest) -> HttpResponse:
    """How long until this session ends by itself."""
    return JsonResponse({"seconds_left": request.session.seconds_left})


stay_signed_in = require_POST(_seconds_left)  # asking is enough: the middleware begins the idle time anew
seconds_left = background(require_GET(_seconds_left))  # asked by pages on their own


# --- Passkeys: what static/js/passkeys.js asks ----------------------------------------------------


class PasskeyView:
    """The library's views; nothing that a browser sends is an error of ours."""

    def _parse_request_data(self, request):
        try:
            data = json.loads(request.body or "{}")
        except (ValueError, RecursionError):
            raise exceptions.MalformedRequest from None
        if not isinstance(data, dict):
            raise exceptions.MalformedRequest
        return data


class BeginPasskeyView(PasskeyView, webauthn.BeginCredentialAuthenticationView):
    """The question to a passkey of who is signed in, at sign-in or to confirm one's identity."""


class UsePasskeyView(PasskeyView, webauthn.CompleteCredentialAuthenticationView):
    """The passkey's answer."""

    def complete_auth(self, device):
        confirm(self.request, device)

    def get_success_data(self, device):
        return {"next": onward(self.request)}

    def post(self, request):
        response = super().post(request)
        remember_device(request, response, request.user.username)
        return response


class BeginNewPasskeyView(PasskeyView, webauthn.BeginCredentialRegistrationView):
    """The question to a new passkey."""


class AddPasskeyView(PasskeyView, webauthn.CompleteCredentialRegistrationView):
    """The new passkey's answer, with the name that the person gives it."""

    def post(self, request):
        with transaction.atomic():
            response = super().post(request)
            passkey = WebAuthnCredential.objects.get(pk=json.loads(response.content)["id"])
            name = " ".join(str(request.GET.get("name", "")).replace("\0", "").split())[:LONGEST_NAME]
            passkey.name = name or _("Passkey")
            passkey.save(update_fields=["name"])
            log(request, _("Added a passkey."))
        messages.success(request, _("The passkey “%s” is added.") % passkey.name)
        return JsonResponse({"next": reverse("your-sign-in")})


@require_http_methods(["GET", "POST"])
@needs_fresh_identity
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    passkey = get_object_or_404(passkeys_of(request), pk=pk)
    if request.method == "POST":
        passkey.delete()
        log(request, _("Removed a passkey."))
        messages.success(request, _("The passkey “%s” no longer works here.") % passkey.name)
        return redirect("your-sign-in")
    return sure(
        request,
        _("Remove a passkey"),
        text=_("You can no longer sign in with the passkey “%s”.") % passkey.name,
        button=_("Remove"),
    )


begin_passkey = before_second_factor(require_POST(BeginPasskeyView.as_view()))
use_passkey = before_second_factor(require_POST(UsePasskeyView.as_view()))
begin_new_passkey = require_POST(needs_fresh_identity(BeginNewPasskeyView.as_view()))
add_passkey = require_POST(needs_fresh_identity(AddPasskeyView.as_view()))
