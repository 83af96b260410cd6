"""Pages of the staff face about signing in: second factor, confirmation of identity, “Your sign-in”."""

import json

import segno
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse, reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_otp_webauthn import exceptions
from django_otp_webauthn import views as webauthn
from django_otp_webauthn.models import WebAuthnCredential

from accounts import forms, second_factor
from accounts.confirming import asking_page, confirm, needs_fresh_identity, recently_confirmed
from accounts.devices import remember_device
from accounts.forms import SignInForm
from accounts.models import User
from accounts.second_factor import before_second_factor
from accounts.sessions import background
from accounts.views import SignInView, form_page

SEED = "second_factor_seed"  # key in the session, of an app that is being set up
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


# --- At sign-in -----------------------------------------------------------------------------------


@before_second_factor
@sensitive_post_parameters()
def give_code(request: HttpRequest) -> HttpResponse:
    """After the password: a code of the app, a recovery code, or a passkey."""
    if request.user.is_verified():
        return redirect(_next(request))
    if not second_factor.is_enrolled(request.user):
        return redirect("set-up-second-factor")
    form = forms.CodeForm(request, request.POST or None)
    if not form.is_valid():
        context = {"has_passkey": _passkeys(request).exists(), "next": _next(request)}
        return _page(request, "accounts/second_factor.html", _("Second step"), form=form, **context)
    confirm(request, form.device)
    if form.device.persistent_id.startswith("otp_static."):
        left = second_factor.recovery_codes_left(request.user)
        _log(request, _("Signed in with a recovery code."))
        messages.warning(request, _("You used a recovery code. Codes left: %d.") % left)
    return _let_in(request)


@before_second_factor
@sensitive_post_parameters()
def set_up(request: HttpRequest) -> HttpResponse:
    """An authenticator app: at the first sign-in, or another one later; then the recovery codes, once."""
    again = request.user.is_verified()
    if second_factor.is_enrolled(request.user) and not again:
        return redirect("second-factor")
    return needs_fresh_identity(_set_up)(request) if again else _set_up(request)


def _set_up(request: HttpRequest) -> HttpResponse:
    again = request.user.is_verified()
    seed = request.session.setdefault(SEED, second_factor.new_seed())
    form = forms.CodeForm(request, request.POST or None, seed=seed)
    if not form.is_valid():
        app = second_factor.authenticator(request.user, seed)
        context = {"qr": _qr(app.config_url), "secret": _in_fours(second_factor.secret(app)), "again": again}
        title = _("A new authenticator app") if again else _("Set up your second step")
        return _page(request, "accounts/set_up.html", title, form=form, next=_next(request), **context)
    del request.session[SEED]
    confirm(request, form.device)
    _log(request, _("Set up an authenticator app."))
    if again:
        messages.success(request, _("Your new authenticator app is set up. The old one no longer works."))
        return redirect("your-sign-in")
    response = _codes_page(request, second_factor.new_recovery_codes(request.user), _next(request))
    remember_device(request, response, request.user.username)
    return response


def _codes_page(request: HttpRequest, codes: list[str], onward: str) -> HttpResponse:
    """The recovery codes, shown this once."""
    return _page(request, "accounts/recovery_codes.html", _("Your recovery codes"), codes=codes, next=onward)


def _let_in(request: HttpRequest) -> HttpResponse:
    response = redirect(_next(request))
    remember_device(request, response, request.user.username)
    return response


def confirm_identity(request: HttpRequest) -> HttpResponse:
    """A code or a passkey again, before something that needs it; then back to where one was."""
    form = forms.CodeForm(request, request.POST or None)
    if not form.is_valid():
        return asking_page(request, form, next=_next(request))
    confirm(request, form.device)
    return redirect(_next(request))


# --- “Your sign-in” -------------------------------------------------------------------------------


@require_GET
def your_sign_in(request: HttpRequest) -> HttpResponse:
    context = {
        "passkeys": _passkeys(request).order_by("-created_at"),
        "codes_left": second_factor.recovery_codes_left(request.user),
        "fresh": recently_confirmed(request),
    }
    return _page(request, "accounts/your_sign_in.html", _("Your sign-in"), **context)


@require_http_methods(["GET", "POST"])
@needs_fresh_identity
def new_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Ten new codes; the earlier ones no longer work."""
    if request.method == "POST":
        codes = second_factor.new_recovery_codes(request.user)
        _log(request, _("Made new recovery codes."))
        return _codes_page(request, codes, reverse("your-sign-in"))
    return _sure(
        request,
        _("New recovery codes"),
        text=_("The recovery codes that you have now will no longer work."),
        button=_("Make new codes"),
    )


@require_http_methods(["GET", "POST"])
@needs_fresh_identity
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    passkey = get_object_or_404(_passkeys(request), pk=pk)
    if request.method == "POST":
        passkey.delete()
        _log(request, _("Removed a passkey."))
        messages.success(request, _("The passkey “%s” no longer works here.") % passkey.name)
        return redirect("your-sign-in")
    return _sure(
        request,
        _("Remove a passkey"),
        text=_("You can no longer sign in with the passkey “%s”.") % passkey.name,
        button=_("Remove"),
    )


def _sure(request: HttpRequest, title: str, **context) -> HttpResponse:
    return _page(request, "accounts/sure.html", title, back=reverse("your-sign-in"), **context)


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
        return {"next": _next(self.request)}

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
            _log(request, _("Added a passkey."))
        messages.success(request, _("The passkey “%s” is added.") % passkey.name)
        return JsonResponse({"next": reverse("your-sign-in")})


begin_passkey = before_second_factor(require_POST(BeginPasskeyView.as_view()))
use_passkey = before_second_factor(require_POST(UsePasskeyView.as_view()))
begin_new_passkey = require_POST(needs_fresh_identity(BeginNewPasskeyView.as_view()))
add_passkey = require_POST(needs_fresh_identity(AddPasskeyView.as_view()))


# --- What they share ------------------------------------------------------------------------------


def _page(request: HttpRequest, template: str, title: str, form=None, **context) -> HttpResponse:
    """A page in the admin's frame; before the second step without its menus."""
    frame = admin.site.each_context(request)
    if not request.user.is_verified():
        frame |= {"has_permission": False, "is_nav_sidebar_enabled": False, "available_apps": []}
    return form_page(request, template, form, **frame, title=title, **context)


def _next(request: HttpRequest) -> str:
    """Where the person wanted to go, on this site; else the admin's first page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if own else reverse("admin:index")


def _passkeys(request: HttpRequest):
    return WebAuthnCredential.objects.filter(user=request.user)


def _qr(text: str) -> str:
    """An SVG for inside the page, dark on light in every colour scheme."""
    code = segno.make(text, error="m")
    svg = code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None)
    return mark_safe(svg)  # noqa: S308 (drawn here, from squares)


def _in_fours(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _log(request: HttpRequest, message: str) -> None:
    """For the history of the person's account."""
    LogEntry.objects.log_actions(
        request.user.pk, [request.user], CHANGE, change_message=message, single_object=True
    )
