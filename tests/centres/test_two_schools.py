"""Every address of the preparation centres' site, for a school's own people, another school's, nobody's, and
one who has left: what belongs to a school is not found by the others, by any page or file."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from centres import asking
from centres.models import Pack, PackPart
from results.models import Entry
from tests import factories
from tests.conftest import FaceClient
from tests.test_access import addresses, needs_sign_in

NAME, MARK, TOLD = "Kuvetto", "171", "Riservato ai soli Volta"

# Addresses that hold something of one school: with what to fill them in.
OF_A_SCHOOL = {
    "session": ("code",),
    "not-registered": ("code",),
    "results-csv": ("code",),
    "results-xlsx": ("code",),
    "student": ("code", "entry"),
    "student-pdf": ("code", "entry"),
    "packs": ("code",),
    "pack": ("code", "pack"),
    "pack-progress": ("code", "pack"),
    "pack-file": ("code", "pack"),
    "session-figures": ("code",),
    "ask-about-student": ("code",),
    "change-role": ("membership",),
    "remove-person": ("membership",),
    "leave": ("own_membership",),
    "invite": ("centre",),
    "centre-second-step": ("centre",),
    "withdraw-invitation": ("invitation",),
    "invite-again": ("invitation",),
    "news-post": ("post",),
}
# The same address for everybody, with what belongs to whoever asks.
OWN = {"sessions", "figures", "questions", "people", "news", "account", "news-follow"}
# For whoever belongs to any school; nothing in it is one school's.
OF_ALL_SCHOOLS = {"material": (), "one-material": ("material",), "material-file": ("material",)}
# About the person who is signed in, or about nobody.
OF_THE_PERSON = {
    "change-password", "your-sign-in", "new-recovery-codes", "remove-second-factor", "second-factor",
    "set-up-second-factor", "confirm-identity", "news-choose-digest", "news-new-address",
}  # fmt: skip
HOLD_A_NAME = {"session", "not-registered", "results-csv", "student", "ask-about-student"}


@pytest.fixture
def school(db):
    """A school with a student whose result is open, and one thing of everything else."""
    centre = factories.centre(name="Liceo Volta")
    session = factories.session("B2F", code="OPEN")
    entry = factories.entry(session, family_name=NAME, preparation_centre=centre)
    skills = dict.fromkeys(("reading", "use_of_english", "writing", "listening", "speaking"), int(MARK))
    statement = factories.statement(entry, overall=int(MARK), result="C", cefr="B2", **skills)
    manager = factories.manager(centre)
    pack = Pack.objects.create(
        centre=centre, session=session, kind=Pack.Kind.SINGLE, language="en", asked_by=manager,
        state=Pack.State.READY, total=1, done=1, started_at=Now(), finished_at=Now(), size=4, is_zip=True,
        entries=[entry.pk], statements=[statement.pk],
    )  # fmt: skip
    PackPart.objects.create(pack=pack, number=0, content=b"PK" + MARK[:2].encode())
    asking.ask_not_ours(entry, manager, TOLD)
    post = factories.post(centre, title_en=TOLD, title_it=TOLD)
    invitation, _token = factories.invitation(centre)
    return {
        "centre": centre, "manager": manager, "code": session.code, "entry": entry.pk, "pack": pack.pk,
        "membership": factories.member(centre).memberships.get().pk, "invitation": invitation.pk,
        "own_membership": manager.memberships.get().pk,
        "post": post.key, "material": factories.material().public_id,
    }  # fmt: skip


def former(of) -> "User":  # noqa: F821
    person = factories.member(of)
    person.memberships.all().delete()
    return person


@pytest.fixture
def people(school) -> dict[str, FaceClient]:
    other = factories.centre(name="Liceo Galvani")
    factories.entry(factories.session(code="THEIRS"), family_name="Loro", preparation_centre=other)
    found = {}
    for who, person in {
        "own": school["manager"],
        "other": factories.manager(other),
        "none": factories.stranger(),
        "former": former(school["centre"]),
    }.items():
        found[who] = FaceClient("centres", raise_request_exception=False)
        found[who].force_login(person)
    return found


def address(name: str, school: dict) -> str:
    filled = [getattr(school[each], "pk", school[each]) for each in {**OF_A_SCHOOL, **OF_ALL_SCHOOLS}[name]]
    return reverse(name, urlconf="results_portal.urls.centres", args=filled)


def answer(browser: FaceClient, where: str, method: str = "get") -> tuple[int, str]:
    response = getattr(browser, method)(where)
    body = b"".join(response) if response.streaming else response.content
    return response.status_code, body.decode(errors="replace")


def test_every_address_of_the_site_is_in_one_of_the_lists():
    signed_in = {pattern.name for _route, pattern in addresses("centres") if needs_sign_in(pattern)}
    assert signed_in == {*OF_A_SCHOOL, *OWN, *OF_ALL_SCHOOLS, *OF_THE_PERSON}


@pytest.mark.parametrize("name", OF_A_SCHOOL)
def test_what_is_a_schools_is_found_by_its_own_people_alone(school, people, name):
    where = address(name, school)
    status, page = answer(people["own"], where)
    method = "get"
    if status == 405:  # a button: nobody presses it yet
        method = "post"
    else:
        assert status in {200, 302, 409}, status
        if name in HOLD_A_NAME:
            assert NAME in page
    for who in ("other", "none", "former"):
        status, page = answer(people[who], where, method)
        assert status == 404, f"{who} at {where}: {status}"
        assert NAME not in page
        assert f">{MARK}<" not in page


@pytest.mark.parametrize("name", sorted(OWN))
def test_a_page_that_all_have_holds_nothing_of_another_school(school, people, name):
    where = reverse(name, urlconf="results_portal.urls.centres")
    status, page = answer(people["own"], where)
    assert status == 200
    for who in ("other", "none", "former"):
        status, page = answer(people[who], where)
        assert status in {200, 302, 404}, f"{who} at {where}: {status}"
        for word in (NAME, TOLD, "Liceo Volta", "/sessions/OPEN/", f">{MARK}<"):
            assert word not in page, f"{who} at {where}: {word}"


def test_those_pages_do_hold_what_is_the_schools_own(school, people):
    """The test above proves something."""
    own = {name: answer(people["own"], f"/{name}/")[1] for name in OWN - {"news-follow"}}
    assert "/sessions/OPEN/" in own["sessions"]
    assert TOLD in own["questions"]
    assert TOLD in own["news"]
    assert "Liceo Volta" in own["people"]
    assert "Liceo Volta" in own["account"]


@pytest.mark.parametrize("name", OF_ALL_SCHOOLS)
def test_material_is_for_whoever_belongs_to_a_school(school, people, name):
    where = address(name, school)
    assert answer(people["own"], where)[0] == 200
    assert answer(people["other"], where)[0] == 200
    for who in ("none", "former"):
        status, page = answer(people[who], where)
        assert status == 404 or school["material"].hex not in page.replace("-", ""), f"{who} at {where}"


def test_a_student_who_moves_is_the_new_schools_at_once_and_no_longer_the_old_ones(school, people):
    other = Entry.objects.get(family_name="Loro").preparation_centre
    assert answer(people["own"], address("student", school))[0] == 200
    Entry.objects.filter(pk=school["entry"]).update(preparation_centre=other)
    for name in sorted(HOLD_A_NAME | {"student-pdf", "pack-file"}):
        status, page = answer(people["own"], address(name, school))
        # The centre has no student in the session any more, or no such file.
        assert status in {404, 409, 302}, f"{name}: {status}"
        assert NAME not in page, name
    for name in ("session", "student", "student-pdf", "results-csv"):
        status, page = answer(people["other"], address(name, school))
        assert status == 200, name
    assert NAME in answer(people["other"], address("session", school))[1]


def test_who_leaves_loses_the_school_with_the_next_request(school, people):
    assert answer(people["own"], address("session", school))[0] == 200
    school["manager"].memberships.all().delete()
    for name in OF_A_SCHOOL.keys() & HOLD_A_NAME:
        assert answer(people["own"], address(name, school))[0] == 404, name


def test_nothing_opens_before_the_instant_for_the_school_either(school, people):
    factories.entry(
        factories.session("B2F", opens_in=timedelta(hours=1), code="LATER"),
        family_name="Domani",
        preparation_centre=school["centre"],
    )
    later = Entry.objects.get(family_name="Domani")
    factories.statement(later, overall=167, result="C", cefr="B2", speaking=167)
    for where in (
        "/sessions/LATER/",
        f"/sessions/LATER/students/{later.pk}/",
        f"/sessions/LATER/students/{later.pk}/pdf/",
        "/sessions/LATER/results.csv",
        "/sessions/LATER/figures/",
        "/sessions/LATER/statements/",
        "/figures/?exam=B2F",
        "/sessions/",
    ):
        status, page = answer(people["own"], where)
        assert status in {200, 302, 404}, where
        assert "167" not in page.replace("LATER-167", ""), where
