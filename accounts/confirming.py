"""A fresh confirmation of identity, for what a passer-by at an open desk must not do.

A view of the staff face that releases, stops or corrects says so, and on each face one that changes the
second step:

    @needs_fresh_identity
    def stop(request, pk): ...

    class ReleaseAdmin(...):
        @method_decorator(needs_fresh_identity)
        def stop_view(self, request, object_id): ...

Who gave a code or used a passkey within the last ten minutes, at sign-in or since, notices nothing. Others
are asked first, and come to the view afterwards; a form that they sent meanwhile arrives with what was typed.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_otp import login as otp_login
from django_otp.models import Device
from django_otp_webauthn.models import WebAuthnCredential

from accounts import forms, frames
from accounts.sessions import STARTED_AT
from accounts.views import form_page

CONFIRMED_AT = "identity_confirmed_at"  # key in the session: seconds since 1970
CONFIRMED_FOR = timedelta(minutes=10)
TO_FILL_IN = timedelta(minutes=5)  # longer for the form of a page that was opened in time
PREFIX = "identity"  # of the code's field beside the fields of a form that is kept


def recently_confirmed(request: HttpRequest, within: timedelta = CONFIRMED_FOR) -> bool:
    """Whether the person gave a code or used a passkey within that time, in this session."""
    confirmed_at = request.session.get(CONFIRMED_AT)
    return confirmed_at is not None and timezone.now().timestamp() - confirmed_at < within.total_seconds()


def confirm(request: HttpRequest, device: Device) -> None:
    """Note that the person has just used a device of theirs, at sign-in or again."""
    now = timezone.now().timestamp()
    if not request.user.is_verified():
        request.session.cycle_key()
        request.session[STARTED_AT] = now
    otp_login(request, device)
    request.session[CONFIRMED_AT] = now


def needs_fresh_identity(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view for who has a second factor: it runs only soon after a confirmation of identity.

    view: a function (request, ...); for a method use method_decorator(needs_fresh_identity).
    A GET whose confirmation is older than CONFIRMED_FOR is led to the page that asks, and back. A POST may
    be TO_FILL_IN older; later it is answered by a page that asks and carries the form's fields (never
    passwords), and runs with them once the code is right.
    """

    @wraps(view)
    def confirmed(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.method in {"GET", "HEAD"}:
            return view(request, *args, **kwargs) if recently_confirmed(request) else ask_first(request)
        if not recently_confirmed(request, CONFIRMED_FOR + TO_FILL_IN):
            form = forms.CodeForm(
                request, request.POST if f"{PREFIX}-code" in request.POST else None, prefix=PREFIX
            )
            if not form.is_valid():
                return asking_page(request, form, kept=_kept(request))
            confirm(request, form.device)
        request.POST = request.POST.copy()
        request.POST.pop(f"{PREFIX}-code", None)
        return view(request, *args, **kwargs)

    return confirmed


def passkeys_of(request: HttpRequest) -> QuerySet[WebAuthnCredential]:
    """The passkeys of who is signed in; only staff have any."""
    passkeys = WebAuthnCredential.objects.filter(user=request.user)
    return passkeys if frames.is_office() else passkeys.none()


def ask_first(request: HttpRequest) -> HttpResponse:
    """To the page that asks, and from there back to this address."""
    return redirect(f"{reverse('confirm-identity')}?{urlencode({'next': request.get_full_path()})}")


def asking_page(request: HttpRequest, form: forms.CodeForm, **context) -> HttpResponse:
    """“Confirm that it is you”; kept: name and value of each field to send along with the code."""
    page = {
        **frames.frame(request),
        "title": _("Confirm that it is you"),
        "has_passkey": passkeys_of(request).exists(),
        **context,
    }
    return form_page(request, "accounts/confirm_identity.html", form, **page)


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in {"csrfmiddlewaretoken", f"{PREFIX}-code"} and "password" not in name
    ]
