"""Error pages: they come without a database and without a user, and say what to do next."""

import pytest
from django.contrib.auth import get_user
from django.contrib.messages.storage import default_storage
from django.test import RequestFactory
from django.test.utils import override_settings
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from accounts.sessions import SessionStore
from results_portal import errors

PAGES = {
    "400": (errors.bad_request, 400, "Type the address of this site exactly as it is on your slip"),
    "403": (errors.permission_denied, 403, "Go to the home page"),
    "404": (errors.page_not_found, 404, "home page"),
    "500": (errors.server_error, 500, "Wait a minute, then load this page again."),
    "csrf": (errors.csrf_failure, 403, "Go back to the form and load the page again."),
}


def bare_request():
    """What a view gets when the middleware came to nothing."""
    return RequestFactory().get("/anything/", SERVER_NAME="wrong.example.org")


def signed_in_request():
    """What a view gets from a browser with a session; whoever looks at it asks the database."""
    request = bare_request()
    request.session = SessionStore("a" * 32)
    request.user = SimpleLazyObject(lambda: get_user(request))
    request._messages = default_storage(request)
    return request


@pytest.mark.parametrize("face", ["candidates", "centres", "staff"])
@pytest.mark.parametrize("make_request", [bare_request, signed_in_request])
@pytest.mark.parametrize("name", PAGES)
def test_an_error_page_says_what_to_do_next_without_database_and_user(name, make_request, face):
    """pytest-django refuses every query here, since the test asks for no database."""
    view, status, next_step = PAGES[name]
    with override_settings(ROOT_URLCONF=f"results_portal.urls.{face}", PORTAL_FACE=face):
        response = view(make_request())
    html = response.content.decode()
    assert response.status_code == status
    assert next_step in html
    assert "Centro Esami Sirio" in html
    assert 'href="mailto:esami@sirio.example.org"' in html
    assert 'href=""' not in html


@pytest.mark.parametrize("name", PAGES)
def test_an_error_page_speaks_the_readers_language(name):
    view, _status, next_step = PAGES[name]
    with translation.override("it"):
        html = view(RequestFactory().get("/anything/")).content.decode()
    assert '<html lang="it">' in html
    assert next_step not in html
