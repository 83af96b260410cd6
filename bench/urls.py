"""The candidates' addresses, and an empty view: what gunicorn, Django and its middleware cost alone."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.urls import path

from results_portal.urls import candidates


@login_not_required
def empty(request):
    return HttpResponse(b"")


urlpatterns = [path("empty/", empty), *candidates.urlpatterns]
handler400, handler403, handler404, handler500 = (
    candidates.handler400,
    candidates.handler403,
    candidates.handler404,
    candidates.handler500,
)
