"""Addresses that every face has."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.generic import RedirectView

from accounts import views

urlpatterns = [
    path("language/", views.set_language, name="set-language"),
    path("sign-out/", views.sign_out, name="sign-out"),
]

handlers = {
    "handler400": "results_portal.errors.bad_request",
    "handler403": "results_portal.errors.permission_denied",
    "handler404": "results_portal.errors.page_not_found",
    "handler500": "results_portal.errors.server_error",
}


def _at_candidates(page: str):
    url = f"{settings.FACE_URLS['candidates']}/{page}/"
    return path(f"{page}/", login_not_required(RedirectView.as_view(url=url)), name=page)


# The texts are the candidates' site's; the other faces lead there.
texts_elsewhere = [_at_candidates(page) for page in ("help", "terms", "privacy")]
