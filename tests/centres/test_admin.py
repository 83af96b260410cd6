"""The exams office's pages about preparation centres and their people."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from centres.models import Invitation, Membership, PreparationCentre
from results_portal.office import OFFICER
from tests import factories
from tests.conftest import FaceClient
from tests.office import save, shown_on

LIST = "/admin/centres/preparationcentre/"


@pytest.fixture
def officer(staff_face):
    person = factories.staff()
    person.groups.add(Group.objects.get(name=OFFICER))
    staff_face.force_login(person)
    return person


def page_of(response) -> str:
    assert response.status_code == 200, response
    return response.content.decode()


def members(*users, initial: tuple = ()) -> dict:
    form = {"memberships-TOTAL_FORMS": len(initial) + len(users), "memberships-INITIAL_FORMS": len(initial)}
    for n, membership in enumerate(initial):
        form |= {f"memberships-{n}-id": membership.pk, f"memberships-{n}-centre": membership.centre_id}
        form |= {f"memberships-{n}-user": membership.user_id, f"memberships-{n}-role": membership.role}
    for n, user in enumerate(users, len(initial)):
        form |= {f"memberships-{n}-user": user.pk, f"memberships-{n}-role": "member"}
    return form


def test_the_list_counts_entries_and_members_apart(staff_face, officer):
    centre = factories.centre(name="Liceo Volta", code="RM01")
    session = factories.session()
    for _each in range(3):
        factories.entry(session, preparation_centre=centre)
    factories.member(centre)
    factories.member(centre)
    page = page_of(staff_face.get(LIST, {"q": "volta"}))
    assert f'<a href="/admin/results/entry/?preparation_centre__id__exact={centre.pk}">3</a>' in page
    assert '<td class="field-member_count">2</td>' in page
    page_of(staff_face.get(f"{LIST}{centre.pk}/change/"))


def test_the_list_asks_the_database_as_often_for_three_rows_as_for_one(staff_face, officer):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(staff_face.get(LIST))
        return len(captured)

    factories.member(factories.centre())
    queries()
    with_one = queries()
    factories.member(factories.centre())
    factories.member(factories.centre())
    assert queries() == with_one


def test_a_member_is_added_and_removed_and_both_are_in_the_history(staff_face, officer):
    centre = factories.centre()
    member = factories.member(factories.centre())
    form = {"name": centre.name, "code": centre.code}
    page_of(save(staff_face, f"{LIST}{centre.pk}/change/", form | members(member), follow=True))
    membership = Membership.objects.get(centre=centre)
    assert membership.user == member

    removed = form | members(initial=(membership,)) | {"memberships-0-DELETE": "on"}
    page_of(save(staff_face, f"{LIST}{centre.pk}/change/", removed, follow=True))
    assert not Membership.objects.filter(centre=centre).exists()

    page = page_of(staff_face.get(f"{LIST}{centre.pk}/history/"))
    assert "Member of a preparation centre added" in page
    assert "Member of a preparation centre removed" in page
    assert f"<li>Account: {member.username}</li>" in page
    assert officer.username in page


@pytest.mark.parametrize("then", [{"memberships-0-DELETE": "on"}, {"memberships-0-role": "member"}])
def test_whom_a_former_manager_has_invited_does_not_come_in(staff_face, officer, then):
    """As on the centres' own site; an invitation of a colleague stays."""
    centre = factories.centre()
    manager, colleague = factories.manager(centre), factories.manager(centre)
    _gone, token = factories.invitation(centre, invited_by=manager, role="manager")
    stays, _token = factories.invitation(centre, invited_by=colleague, email="altra@liceo.example.org")
    both = tuple(Membership.objects.order_by("pk"))
    form = {"name": centre.name, "code": centre.code} | members(initial=both)
    page_of(save(staff_face, f"{LIST}{centre.pk}/change/", form | then, follow=True))
    assert list(Membership.objects.filter(role="manager").values_list("user", flat=True)) == [colleague.pk]
    assert list(Invitation.objects.open()) == [stays]
    assert FaceClient("centres").get(f"/invitation/{token}/").status_code == 404


def test_an_older_page_neither_renames_back_nor_hides_a_new_member(staff_face, officer):
    centre = factories.centre()
    address = f"{LIST}{centre.pk}/change/"
    form = {"name": centre.name, "code": "RM99"} | members() | shown_on(staff_face, address)
    PreparationCentre.objects.update(name="Liceo Galvani")
    factories.member(centre)
    page = page_of(staff_face.post(address, form))
    assert "Somebody changed this meanwhile: Name, members, Account, Role." in page
    centre.refresh_from_db()
    assert centre.name == "Liceo Galvani"
    assert centre.code != "RM99"


@pytest.mark.parametrize("who", [factories.staff, factories.candidate])
def test_only_an_account_of_the_centres_site_becomes_a_member(staff_face, officer, who):
    centre = factories.centre()
    form = {"name": centre.name, "code": centre.code} | members(who())
    assert "not one of the available choices" in page_of(save(staff_face, f"{LIST}{centre.pk}/change/", form))
    assert not Membership.objects.exists()


def test_the_search_for_a_member_offers_only_accounts_of_the_centres_site(staff_face, officer):
    member = factories.member(factories.centre())
    factories.candidate(email="x@liceo.example.org")
    query = {"app_label": "centres", "model_name": "membership", "field_name": "user", "term": "liceo"}
    found = staff_face.get("/admin/autocomplete/", query).json()["results"]
    assert [each["text"] for each in found] == [member.username]


def test_a_name_that_is_there_already_is_refused_in_words(staff_face, officer):
    centre = factories.centre(name="Liceo Volta")
    page = page_of(staff_face.post(f"{LIST}add/", {"name": "LICEO VOLTA", "code": ""} | members()))
    assert "A preparation centre of this name is there already." in page
    assert list(PreparationCentre.objects.all()) == [centre]


def test_a_centre_with_entries_stays_and_one_without_can_go(staff_face, officer):
    kept, mistaken = factories.centre(), factories.centre()
    factories.entry(factories.session(), preparation_centre=kept)
    factories.member(mistaken)
    for centre in (kept, mistaken):
        staff_face.post(f"{LIST}{centre.pk}/delete/", {"post": "yes"})
    assert list(PreparationCentre.objects.all()) == [kept]
