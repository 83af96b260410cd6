"""Pages of the second step, for each face that has one: at sign-in, setting it up, confirming one's identity.

The staff face shows them in the admin's frame, the centres' face in its own (accounts/frames.py).
"""

import segno
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from accounts import forms, frames, second_factor, tasks
from accounts.confirming import asking_page, confirm, needs_fresh_identity, passkeys_of, recently_confirmed
from accounts.devices import remember_device
from accounts.second_factor import before_second_factor
from accounts.sessions import gave_password_recently
from accounts.views import form_page

SEED = "second_factor_seed"  # key in the session, of an app that is being set up


# --- At sign-in -----------------------------------------------------------------------------------


@before_second_factor
@sensitive_post_parameters()
def give_code(request: HttpRequest) -> HttpResponse:
    """After the password: a code of the app, a recovery code, or a passkey."""
    if request.user.is_verified():
        return redirect(onward(request))
    if not second_factor.is_enrolled(request.user):
        return redirect("set-up-second-factor")
    form = forms.CodeForm(request, request.POST or None)
    if not form.is_valid():
        context = {"has_passkey": passkeys_of(request).exists(), "next": onward(request), "before": True}
        return _page(request, "accounts/second_factor.html", _("Second step"), form=form, **context)
    confirm(request, form.device)
    if form.device.persistent_id.startswith("otp_static."):
        left = second_factor.recovery_codes_left(request.user)
        log(request, _("Signed in with a recovery code."))
        messages.warning(request, _("You used a recovery code. Codes left: %d.") % left)
    response = redirect(onward(request))
    remember_device(request, response, request.user.username)
    return response


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
    # Who finds a browser open must not lock its owner out with an app of their own.
    asks_password = not (again or gave_password_recently(request))
    form = forms.SetUpForm(request, request.POST or None, seed=seed, asks_password=asks_password)
    if not form.is_valid():
        app = second_factor.authenticator(request.user, seed)
        context = {"qr": _qr(app.config_url), "secret": _in_fours(second_factor.secret(app)), "again": again}
        if not again:
            context["before"] = second_factor.standing_of(request.user).required
        title = _("A new authenticator app") if again else _("Set up your second step")
        return _page(request, "accounts/set_up.html", title, form=form, next=onward(request), **context)
    del request.session[SEED]
    confirm(request, form.device)
    log(request, _("Set up an authenticator app."))
    _tell(request, "set_up")
    if again:
        messages.success(request, _("Your new authenticator app is set up. The old one no longer works."))
        return redirect("your-sign-in")
    response = _codes_page(request, second_factor.new_recovery_codes(request.user), onward(request))
    remember_device(request, response, request.user.username)
    return response


def _codes_page(request: HttpRequest, codes: list[str], then: str) -> HttpResponse:
    """The recovery codes, shown this once."""
    return _page(request, "accounts/recovery_codes.html", _("Your recovery codes"), codes=codes, next=then)


def confirm_identity(request: HttpRequest) -> HttpResponse:
    """A code or a passkey again, before something that needs it; then back to where one was."""
    if not request.user.is_verified():  # nothing to confirm with
        return redirect("your-sign-in")
    form = forms.CodeForm(request, request.POST or None)
    if not form.is_valid():
        return asking_page(request, form, next=onward(request))
    confirm(request, form.device)
    return redirect(onward(request))


# --- “Your sign-in” -------------------------------------------------------------------------------


@require_GET
def your_sign_in(request: HttpRequest) -> HttpResponse:
    context = {
        "has_app": request.user.is_verified(),
        "required": second_factor.standing_of(request.user).required,
        "passkeys": passkeys_of(request).order_by("-created_at"),
        "codes_left": second_factor.recovery_codes_left(request.user),
        "fresh": recently_confirmed(request),
    }
    return _page(request, "accounts/your_sign_in.html", _("Your sign-in"), **context)


@require_http_methods(["GET", "POST"])
def new_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Ten new codes; the earlier ones no longer work."""
    return _new_recovery_codes(request) if request.user.is_verified() else redirect("your-sign-in")


@needs_fresh_identity
def _new_recovery_codes(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        codes = second_factor.new_recovery_codes(request.user)
        log(request, _("Made new recovery codes."))
        return _codes_page(request, codes, reverse("your-sign-in"))
    return sure(
        request,
        _("New recovery codes"),
        text=_("The recovery codes that you have now will no longer work."),
        button=_("Make new codes"),
    )


@require_http_methods(["GET", "POST"])
def remove_second_factor(request: HttpRequest) -> HttpResponse:
    """For who has one without being asked to; not on the staff face."""
    if not request.user.is_verified():
        return redirect("your-sign-in")
    if second_factor.standing_of(request.user).required:
        messages.error(request, _("You are asked to have a second step, so it stays."))
        return redirect("your-sign-in")
    return _remove_second_factor(request)


@needs_fresh_identity
def _remove_second_factor(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        with transaction.atomic():
            second_factor.forget(request.user)
            _tell(request, "switched_off")
        messages.success(request, _("Your second step is switched off: your password alone signs you in."))
        return redirect("your-sign-in")
    return sure(
        request,
        _("Switch the second step off?"),
        text=_("Then your password alone signs you in, and so does anybody who knows it."),
        button=_("Switch it off"),
    )


# --- What they share ------------------------------------------------------------------------------


def sure(request: HttpRequest, title: str, **context) -> HttpResponse:
    """The page that asks before it acts; “no” leads back to “Your sign-in”."""
    return _page(request, frames.sure_template(), title, back=reverse("your-sign-in"), **context)


def onward(request: HttpRequest) -> str:
    """Where the person wanted to go, on this site; else the face's first page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if own else frames.first_page()


def log(request: HttpRequest, message: str) -> None:
    """For the history of a person of the exams office; what schools do is not watched."""
    if frames.is_office():
        LogEntry.objects.log_actions(
            request.user.pk, [request.user], CHANGE, change_message=message, single_object=True
        )


def _tell(request: HttpRequest, what: str) -> None:
    """A mail to a person of a preparation centre: if it was not them, they know. what: as the task says."""
    if not frames.is_office():
        tasks.send_second_factor_changed.defer(user_id=request.user.pk, what=what)


def _page(request: HttpRequest, template: str, title: str, form=None, **context) -> HttpResponse:
    return form_page(request, template, form, **frames.frame(request), title=title, **context)


def _qr(text: str) -> str:
    """An SVG for inside the page, dark on light in every colour scheme."""
    code = segno.make(text, error="m")
    svg = code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None)
    return mark_safe(svg)  # noqa: S308 (drawn here, from squares)


def _in_fours(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
