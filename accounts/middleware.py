"""Keeps signed-in pages out of every cache."""

from django.utils.cache import add_never_cache_headers


class PrivatePagesMiddleware:
    """Mark whatever depends on who asks as `no-store`: no proxy, disk or back button keeps a result."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response
