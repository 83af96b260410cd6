"""A fresh confirmation of identity: asked for when it is due, and nothing typed is lost by it."""

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator

from accounts.confirming import CONFIRMED_AT, CONFIRMED_FOR, TO_FILL_IN, needs_fresh_identity
from accounts.models import AuthenticatorApp
from results_portal.urls import staff
from tests.accounts.test_second_factor import code_of, enrolled

SECOND = timedelta(seconds=1)
CONFIRM = "/sign-in/confirm/"
ran = []


class Stopping:
    """As an admin class does it."""

    @method_decorator(needs_fresh_identity)
    def view(self, request, pk: int) -> HttpResponse:
        ran.append((request.method, pk, {name: request.POST.getlist(name) for name in request.POST}))
        return HttpResponse("done")


urlpatterns = [path("stop/<int:pk>/", Stopping().view), *staff.urlpatterns]


@pytest.fixture
def person(staff_face):
    person, _app = enrolled()
    staff_face.force_login(person)
    plain = staff_face.face_settings
    staff_face.face_settings = lambda: _with_the_page(plain())
    ran.clear()
    return person


def _with_the_page(settings):
    settings.options["ROOT_URLCONF"] = __name__
    return settings


def confirmed_ago(face, age: timedelta) -> None:
    with face.face_settings():
        session = face.session
        session[CONFIRMED_AT] -= age.total_seconds()
        session.save()


def hidden_fields(page: str) -> dict[str, list[str]]:
    fields = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page):
        fields.setdefault(name, []).append(value)
    return fields


def test_who_just_signed_in_is_not_asked_again(staff_face, person):
    assert staff_face.get("/stop/1/").content == b"done"


@pytest.mark.parametrize(("age", "asked"), [(CONFIRMED_FOR - 5 * SECOND, False), (CONFIRMED_FOR, True)])
def test_a_page_is_asked_for_again_after_ten_minutes(staff_face, person, age, asked):
    confirmed_ago(staff_face, age)
    response = staff_face.get("/stop/1/?why=x")
    assert (response.status_code == 302) == asked
    assert bool(ran) != asked
    if asked:
        assert response.url == f"{CONFIRM}?next=%2Fstop%2F1%2F%3Fwhy%3Dx"


def test_the_code_leads_back_to_the_page(staff_face, person):
    confirmed_ago(staff_face, CONFIRMED_FOR)
    asking = staff_face.get(staff_face.get("/stop/1/?why=x").url)
    assert "Confirm that it is you" in asking.content.decode()
    form = {"next": "/stop/1/?why=x"}
    wrong = staff_face.post(CONFIRM, form | {"code": "000000"})
    assert "This code is not right" in wrong.content.decode()
    assert not ran
    code = code_of(AuthenticatorApp.objects.get())
    assert staff_face.post(CONFIRM, form | {"code": code}).url == "/stop/1/?why=x"
    assert staff_face.get("/stop/1/?why=x").content == b"done"


@pytest.mark.parametrize(
    ("age", "asked"), [(CONFIRMED_FOR + TO_FILL_IN - 5 * SECOND, False), (CONFIRMED_FOR + TO_FILL_IN, True)]
)
def test_a_form_has_five_minutes_more(staff_face, person, age, asked):
    confirmed_ago(staff_face, age)
    response = staff_face.post("/stop/1/", {"reason": "Wrong file"})
    assert (response.content != b"done") == asked
    assert bool(ran) != asked


def test_what_was_typed_goes_through_the_confirmation_but_passwords(staff_face, person):
    confirmed_ago(staff_face, timedelta(hours=1))
    typed = {"reason": "“Wrong” <file>", "_selected": ["4", "5"], "new_password": "un treno"}
    asking = staff_face.post("/stop/1/", typed).content.decode()
    assert "What you typed is kept" in asking
    assert "un treno" not in asking
    kept = hidden_fields(asking)
    kept = {
        name: [value.replace("&lt;", "<").replace("&gt;", ">") for value in values]
        for name, values in kept.items()
    }
    kept.pop("csrfmiddlewaretoken", None)
    kept.pop("next", None)
    again = staff_face.post("/stop/1/", kept | {"identity-code": "000000"}).content.decode()
    assert "This code is not right" in again
    assert hidden_fields(again)["_selected"] == ["4", "5"]
    assert not ran
    code = code_of(AuthenticatorApp.objects.get())
    assert staff_face.post("/stop/1/", kept | {"identity-code": code}).content == b"done"
    assert ran == [("POST", 1, {"reason": ["“Wrong” <file>"], "_selected": ["4", "5"]})]


def test_another_persons_code_confirms_nothing(staff_face, person):
    confirmed_ago(staff_face, timedelta(hours=1))
    _other, app = enrolled()
    response = staff_face.post("/stop/1/", {"identity-code": code_of(app)})
    assert "This code is not right" in response.content.decode()
    assert not ran
