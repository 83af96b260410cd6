"""What differs between the faces in the pages of the second step: their frame, and the way onward."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Face


def is_office() -> bool:
    """Whether this is the staff face."""
    return settings.PORTAL_FACE == Face.STAFF


def frame(request: HttpRequest) -> dict:
    """Template variables; before the second step the admin's frame comes without its menus.

    The centres' frame does so where the page says `before`: there not everyone owes a code.
    """
    if not is_office():
        return {"frame": "accounts/frame_centres.html"}
    office = {"frame": "accounts/frame_office.html", **admin.site.each_context(request)}
    if not request.user.is_verified():
        office |= {"has_permission": False, "is_nav_sidebar_enabled": False, "available_apps": []}
    return office


def sure_template() -> str:
    """The page that asks before it acts."""
    return "accounts/sure.html" if is_office() else "centres/sure.html"


def first_page() -> str:
    """Where who is signed in begins."""
    return reverse("admin:index" if is_office() else "home")
