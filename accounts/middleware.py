"""Keeps signed-in pages out of every cache; asks for the second factor where there is one."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.shortcuts import redirect
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from accounts.second_factor import standing_of


class PrivatePagesMiddleware:
    """Mark whatever depends on who asks as `no-store`: no proxy, disk or back button keeps a result."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's, and on the staff face the sign-in page says why a session is no longer there."""

    def handle_no_permission(self, request, view_func):
        if settings.PORTAL_FACE == "staff" and request.COOKIES.get(settings.SESSION_COOKIE_NAME):
            messages.info(
                request,
                _(
                    "You were signed out: a session ends after 15 minutes without activity."
                    " Log in to go on where you were."
                ),
            )
        return super().handle_no_permission(request, view_func)


class SecondFactorMiddleware:
    """Deny by default: who gave the password alone and owes a code gets no page but those marked for it.

    A page that needs no sign-in answers as ever; accounts.second_factor.before_second_factor marks others.
    Staff always owe a code; people of preparation centres if they have an app, or are asked to have one.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, _args, _kwargs):
        if request.user.is_anonymous or request.user.is_verified():
            return None
        if getattr(view, "before_second_factor", False) or not getattr(view, "login_required", True):
            return None
        standing = standing_of(request.user)
        if not (standing.enrolled or standing.required):
            return None
        page = redirect("second-factor" if standing.enrolled else "set-up-second-factor")
        if request.method == "GET":
            page["Location"] += f"?{urlencode({'next': request.get_full_path()})}"
        return page


class IdleSessionMiddleware:
    """Every request of a person begins the idle time anew; those that a page makes by itself do not."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, _args, _kwargs):
        session = request.session
        session.is_background = (
            getattr(view, "is_background", False) or request.headers.get("X-Background") == "yes"
        )
        if request.user.is_authenticated and not session.is_background:
            session.keep_alive()
