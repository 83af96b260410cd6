"""What no view should have to look at."""

import pghistory
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

from results_portal import attribution
from results_portal.errors import bad_request


class PlainTextMiddleware:
    """Refuse forms in another encoding than UTF-8: no browser sends them, and some decode to what
    PostgreSQL cannot store."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.content_params.get("charset", "utf-8").lower().replace("-", "") != "utf8":
            return bad_request(request)
        return self.get_response(request)


class UploadsMiddleware:
    """Let the upload handlers drop what they hold still, however the request ended: a file cut off on its
    way leaves nothing behind, at once."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        try:
            return self.get_response(request)
        finally:
            for handler in request.upload_handlers:
                handler.drop()


class WhoActsMiddleware:
    """Put who asks, from where and on which page beside every change that the request makes.

    It costs no query: the facts go to the database in front of the statement that writes.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with attribution.facts():
            return self.get_response(request)

    def process_view(self, request, *_view):
        """The page is known now, and a page that needs a sign-in has asked who it is."""
        pghistory.context(**attribution.by_request(request))


@receiver(user_logged_in)
def name_who_signed_in(sender, request, user, **_kwargs) -> None:
    """From here on, the request is this person's."""
    pghistory.context(**attribution.by_user(user))
