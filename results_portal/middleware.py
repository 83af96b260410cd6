"""What no view should have to look at."""

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
