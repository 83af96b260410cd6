"""Every address of every face, asked for by every kind of user."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test.utils import override_settings
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Face, User
from tests import factories
from tests.conftest import FaceClient

# Pages that need no sign-in: all there are. A page that is added shows up here or stays closed.
PUBLIC = {
    "candidates": {
        "",
        "register/",
        "registered/",
        "lost-slip/",
        "lost-slip/sent/",
        "forgotten-password/",
        "new-password/<uidb64>/<token>/",
        "help/",
        "terms/",
        "privacy/",
        "language/",
        "sign-out/",
        "confirm/<str:token>/",
        "my-data/deleted/",
        "shared/<str:token>/",
        "verify/",
        "verify/<str:code>/",
    },
    "centres": {
        "",
        "ask-for-access/",
        "ask-for-access/sent/",
        "invitation/<str:token>/",
        "forgotten-password/",
        "new-password/<uidb64>/<token>/",
        "help/",
        "terms/",
        "privacy/",
        "language/",
        "sign-out/",
        "confirm/<str:token>/",
        "news/feed/<str:token>/",
        "news/unsubscribe/<str:token>/",
    },
    "staff": {
        "admin/login/",
        "help/",
        "terms/",
        "privacy/",
        "language/",
        "sign-out/",
    },
}
HOURS = timedelta(hours=1)
OPEN_MARK, CLOSED_MARK = "171", "167"


def patterns(urlpatterns, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in urlpatterns:
        route = prefix + str(each.pattern).lstrip("^").rstrip("$")
        if isinstance(each, URLResolver):
            yield from patterns(each.url_patterns, route)
        else:
            yield route, each


def addresses(face: str) -> list[tuple[str, URLPattern]]:
    return list(patterns(get_resolver(f"results_portal.urls.{face}").url_patterns))


def needs_sign_in(pattern: URLPattern) -> bool:
    return getattr(pattern.callback, "login_required", True)


@pytest.mark.parametrize("face", Face.values)
def test_the_public_pages_are_the_literal_list(face):
    assert {route for route, pattern in addresses(face) if not needs_sign_in(pattern)} == PUBLIC[face]


@pytest.fixture
def world(db) -> dict[str, User | None]:
    """Alice's statement is open, Bob's is not; both come from one centre. Charlie is a stranger."""
    centre, other_centre = factories.centre(), factories.centre()
    people = {"nobody": None, "officer": factories.staff(is_superuser=True)}
    for name, opens_in, mark in (("alice", -HOURS, OPEN_MARK), ("bob", HOURS, CLOSED_MARK)):
        session = factories.session("B2F", opens_in=opens_in, code=f"OF-{name}")
        entry = factories.entry(session, given_names=name, preparation_centre=centre)
        skills = dict.fromkeys(("reading", "use_of_english", "writing", "listening", "speaking"), int(mark))
        factories.statement(entry, overall=int(mark), result="C", cefr="B2", **skills)
        people[name] = factories.candidate(entry)
    people["charlie"] = factories.candidate(factories.entry(factories.session()))
    people["their school"] = factories.member(centre)
    people["another school"] = factories.member(other_centre)
    return people


def filled_in(route: str, world: dict[str, User | None]) -> Iterator[str]:
    """The addresses of a route: with Alice's, Bob's and made-up objects where it has a variable part."""
    if "<" not in route and "(?P" not in route:
        yield f"/{route}"
        return
    entries = [person.entries.get() for person in (world["alice"], world["bob"])]
    for value in ("OF-alice", "OF-bob", "1", "999999", "accounts", *(str(entry.pk) for entry in entries)):
        yield "/" + re.sub(r"<[^>]+>|\(\?P<[^>]+>[^)]*\)|\.\*", value, route)


@pytest.mark.parametrize("face", Face.values)
def test_every_address_for_every_kind_of_user(world, face):
    for who, user in world.items():
        browser = FaceClient(face, raise_request_exception=False)
        at_home = user is not None and user.face == face
        if at_home:
            browser.force_login(user)
        elif user is not None:
            continue  # the test below: nobody signs in on another face
        for route, pattern in addresses(face):
            for address in filled_in(route, world):
                response = browser.get(address)
                where = f"{who} at {face}:{address}"
                assert response.status_code in {200, 301, 302, 400, 403, 404, 405}, where
                body = b"".join(response) if response.streaming else response.content
                text = body.decode(errors="replace")
                if not at_home and needs_sign_in(pattern) and response.status_code == 200:
                    pytest.fail(f"{where} needs no sign-in")
                if who != "officer":
                    assert f">{CLOSED_MARK}<" not in text, where
                if f">{OPEN_MARK}<" in text:
                    assert who in {"alice", "their school", "officer"}, where
                if response.status_code == 405:
                    continue
        if at_home and face != "staff" and route != "sign-out/":
            assert browser.get("/account/").status_code == 200, who


def test_the_marks_would_show_if_they_could(world):
    """The walk above proves something: Alice and her school do see the open mark, each at one address."""
    alice, school = FaceClient("candidates"), FaceClient("centres")
    alice.force_login(world["alice"])
    school.force_login(world["their school"])
    assert f">{OPEN_MARK}<" in alice.get("/statement/").content.decode()
    assert f">{OPEN_MARK}<" in school.get("/sessions/OF-alice/").content.decode()


@pytest.mark.parametrize("face", Face.values)
def test_nobody_signs_in_on_another_face(world, face):
    for who, user in world.items():
        if user is None or user.face == face:
            continue
        password = factories.PASSWORD if user.face == Face.CANDIDATES else factories.LONG_PASSWORD
        browser = FaceClient(face)
        page = "/admin/login/" if face == "staff" else "/"
        response = browser.post(page, {"username": user.username, "password": password})
        assert response.status_code == 200, who
        assert f"{face}_session" not in browser.cookies, who


@pytest.mark.parametrize("face", ["candidates", "centres"])
def test_the_admin_exists_on_the_staff_face_only(face):
    with override_settings(ROOT_URLCONF=f"results_portal.urls.{face}"):
        assert not [route for route, _pattern in addresses(face) if "admin" in route]


def test_the_admin_leads_to_no_row_by_its_number(world, staff_face):
    """Django's “view on site” would ask for rows of any table, also of those that no staff may read."""
    staff_face.force_login(world["officer"])
    for content_type in ContentType.objects.all():
        for address in (f"/admin/r/{content_type.pk}/1/", f"/admin/r/%20{content_type.pk}/1/"):
            assert staff_face.get(address).status_code == 404, content_type


def test_another_schools_session_is_not_found(world):
    browser = FaceClient("centres")
    browser.force_login(world["another school"])
    assert browser.get("/sessions/OF-alice/").status_code == 404


ODD_REQUESTS = {
    "an e-mail address longer than the column": (
        "/register/",
        {"email": f"{'a' * 64}@{'b' * 240}.example"},
        {},
    ),
    "a form in UTF-7": ("/register/", {"email": "x"}, {"content_type": "multipart/form-data; charset=utf-7"}),
    "a form in base64": (
        "/",
        {"username": "x"},
        {"content_type": "application/x-www-form-urlencoded; charset=base64"},
    ),
    "a NUL in a form": ("/", {"username": "SIR\x00", "password": "\x00"}, {}),
    "lone surrogates": ("/", {"username": "%ED%A0%80", "password": "\\ud800"}, {}),
    "a next that leads here": ("/?next=/", {"username": "SIR000001", "password": "x"}, {}),
    "no form at all": ("/register/", {}, {}),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "form", "extra"), ODD_REQUESTS.values(), ids=ODD_REQUESTS)
def test_nothing_a_visitor_sends_causes_a_500(address, form, extra):
    browser = FaceClient("candidates", raise_request_exception=False)
    data = form if not extra else "username=+AAA-&email=+2AA-"
    response = (
        browser.post(address, data, **extra) if not extra else browser.generic("POST", address, data, **extra)
    )
    assert response.status_code in {200, 302, 400, 403}


def test_a_next_that_leads_back_to_the_sign_in_page_makes_no_loop(world):
    for face, page in (("candidates", "/?next=/"), ("centres", "/?next=/")):
        browser = FaceClient(face)
        browser.force_login(world["alice" if face == "candidates" else "their school"])
        assert browser.get(page).status_code == 302
    browser = FaceClient("candidates")
    form = {"username": world["alice"].username, "password": factories.PASSWORD, "next": "/"}
    assert browser.post("/?next=/", form).url == "/statement/"


def test_odd_bytes_in_an_address_are_not_found(world):
    browser = FaceClient("centres", raise_request_exception=False)
    browser.force_login(world["their school"])
    for address in ("/sessions/%00/", "/sessions/%ff%fe/", "/sessions/../", "/%00"):
        assert browser.get(address).status_code == 404, address


def test_who_logs_in_after_somebody_elses_registration_does_not_see_it(world):
    browser = FaceClient("candidates")
    factories.entry(factories.session(), id_number="SIR094701", given_names="Zoë")
    form = {"id_number": "SIR094701", "secret_number": factories.SECRET_NUMBER, "email": "zoe@example.org"}
    form |= {"password": factories.PASSWORD, "confirm_password": factories.PASSWORD, "terms": "on"}
    browser.post("/register/", form)
    assert "Zoë" in browser.get("/registered/").content.decode()
    browser.post("/", {"username": world["alice"].username, "password": factories.PASSWORD})
    assert browser.get("/registered/").status_code == 302
