"""Who has access to a centre: its people see it, its managers change it, the last manager stays."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import throttle
from accounts.models import Session, User
from centres import managing
from centres.models import Invitation, Membership, PreparationCentre
from results_portal.office import OFFICER
from tests import factories
from tests.conftest import FaceClient, page_of
from tests.mailbox import html_of, text_of, work
from tests.office import save

PEOPLE = "/people/"
LAST = "A centre needs at least one manager."


def signed_in(user: User) -> FaceClient:
    browser = FaceClient("centres")
    browser.force_login(user)
    return browser


def of(user: User, centre: PreparationCentre | None = None) -> Membership:
    return user.memberships.get(centre=centre) if centre else user.memberships.get()


@pytest.fixture
def centre(db) -> PreparationCentre:
    return factories.centre(name="Liceo Volta")


@pytest.fixture
def alice(centre) -> User:
    """Manages the centre."""
    return factories.manager(centre, email="alice@liceo.example.org")


@pytest.fixture
def bob(centre) -> User:
    """A member of the centre."""
    return factories.member(centre, email="bob@liceo.example.org")


@pytest.fixture
def charlie(db) -> User:
    """Manages another centre."""
    return factories.manager(factories.centre(name="Liceo Galvani"), email="charlie@galvani.example.org")


# --- Seeing -----------------------------------------------------------------------------------------


def test_managers_and_members_see_who_has_access_and_nobody_else_does(alice, bob, charlie, centre):
    factories.invitation(centre, email="invitata@liceo.example.org")
    for user in (alice, bob):
        page = page_of(signed_in(user).get(PEOPLE))
        assert "alice@liceo.example.org" in page
        assert "bob@liceo.example.org" in page
        assert "charlie@galvani.example.org" not in page
    assert "invitata@liceo.example.org" in page_of(signed_in(alice).get(PEOPLE))
    assert "invitata@liceo.example.org" not in page_of(signed_in(bob).get(PEOPLE))
    theirs = page_of(signed_in(charlie).get(PEOPLE))
    assert "liceo.example.org" not in theirs
    assert "Liceo Volta" not in theirs


def test_the_page_says_since_when_and_when_last(alice, bob):
    User.objects.filter(pk=bob.pk).update(last_login="2026-10-05T08:30Z")
    Membership.objects.filter(user=bob).update(joined_at="2026-09-01T08:30Z")
    page = page_of(signed_in(alice).get(PEOPLE))
    assert "Since 1 September 2026" in page
    assert "last sign-in 5 October 2026, 10:30" in page


def test_only_a_manager_has_the_buttons(alice, bob, centre):
    def buttons(user: User) -> set[str]:
        page = page_of(signed_in(user).get(PEOPLE))
        return {each for each in ("Invite somebody", "Make manager", "Remove", "Leave") if each in page}

    assert buttons(alice) == {"Invite somebody", "Make manager", "Remove", "Leave"}
    assert buttons(bob) == {"Leave"}


def test_a_section_for_each_centre(alice, charlie):
    Membership.objects.create(user=alice, centre=of(charlie).centre)
    page = page_of(signed_in(alice).get(PEOPLE))
    assert page.index("Liceo Galvani") < page.index("Liceo Volta")
    assert "charlie@galvani.example.org" in page
    assert page.count("Invite somebody</a>") == 1  # she manages one of the two


def test_who_belongs_to_no_centre_reads_whom_to_ask(alice):
    alice.memberships.all().delete()
    browser = signed_in(alice)
    for address in ("/sessions/", PEOPLE):
        page = page_of(browser.get(address))
        assert "No access at present" in page
        assert "esami@sirio.example.org" in page
    assert "none at present" in page_of(browser.get("/account/"))


def test_the_page_costs_the_same_queries_with_one_and_with_many(alice, centre):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(signed_in(alice).get(PEOPLE))
        return len([query for query in captured if "ROLE" not in query["sql"]])

    factories.invitation(centre)
    before = queries()
    for number in range(3):
        factories.member(centre)
        other = factories.centre()
        Membership.objects.create(user=alice, centre=other, role="manager")
        factories.invitation(other, email=f"n{number}@liceo.example.org", invited_by=alice)
    assert queries() == before


# --- Inviting ---------------------------------------------------------------------------------------


def invite(browser: FaceClient, centre: PreparationCentre, email: str, role: str = "member", **options):
    return browser.post(f"/people/centre/{centre.pk}/invite/", {"email": email, "role": role}, **options)


@pytest.mark.django_db(transaction=True)
def test_a_manager_invites_by_mail(mailbox):
    centre = factories.centre(name="Liceo Volta")
    alice = factories.manager(centre, email="alice@liceo.example.org")
    browser = signed_in(alice)
    assert "Member: sees" in page_of(browser.get(f"/people/centre/{centre.pk}/invite/"))
    page = page_of(invite(browser, centre, "Nuova@Liceo.example.org ", "manager", follow=True))
    assert "on its way to nuova@liceo.example.org" in page
    invitation = Invitation.objects.get()
    assert (invitation.role, invitation.invited_by, invitation.centre) == ("manager", alice, centre)
    assert invitation.events.get().pgh_context["user"] == alice.pk
    work(queues=["mail"])
    (mail,) = mailbox
    assert mail.envelope_to == ["nuova@liceo.example.org"]
    for words in (text_of(mail), html_of(mail)):
        assert "alice@liceo.example.org invites you" in words
        assert "Liceo Volta" in words
        assert "You will be a manager" in words
    (link,) = set(re.findall(r"http://centres\.example\.org(/invitation/[\w-]+/)", html_of(mail)))
    stranger = FaceClient("centres")
    assert "nuova@liceo.example.org" in page_of(stranger.get(stranger.get(link).url))


def test_inviting_again_kills_the_first_link(alice, centre):
    browser = signed_in(alice)
    first, token = factories.invitation(centre)
    page = page_of(browser.post(f"/people/invitations/{first.pk}/again/", follow=True))
    assert "The earlier one no longer works." in page
    assert Invitation.objects.open().get().pk != first.pk
    assert FaceClient("centres").get(f"/invitation/{token}/").status_code == 404
    invite(browser, centre, first.email)
    assert Invitation.objects.open().count() == 1


def test_a_withdrawn_invitation_is_gone_from_the_page(alice, centre):
    browser = signed_in(alice)
    invitation, token = factories.invitation(centre)
    page_of(browser.post(f"/people/invitations/{invitation.pk}/withdraw/", follow=True))
    assert invitation.email not in page_of(browser.get(PEOPLE))
    assert FaceClient("centres").get(f"/invitation/{token}/").status_code == 404
    assert browser.post(f"/people/invitations/{invitation.pk}/withdraw/").status_code == 404


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("bob@liceo.example.org", "has access already"),
        ("x@", "Enter a valid email address."),
        ("", "Type the email address."),
        ('"a@b"@liceo.example.org', "This address cannot be used."),
        ("a\0@liceo.example.org", "Null characters are not allowed."),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused_in_words(alice, bob, centre, email, words):
    response = invite(signed_in(alice), centre, email)
    page = page_of(response)
    assert response.status_code == 200
    assert words in page
    assert "There is a problem" in page
    assert not Invitation.objects.exists()


def test_staff_and_odd_roles_are_not_invited(alice, centre):
    staff = factories.staff()
    assert "cannot sign in here" in page_of(invite(signed_in(alice), centre, staff.username))
    assert "Select a valid choice" in page_of(invite(signed_in(alice), centre, "a@b.example", "owner"))
    assert not Invitation.objects.exists()


def test_invitations_are_held_up_when_there_are_too_many(alice, centre, monkeypatch):
    monkeypatch.setattr(throttle, "INVITATION_PER_NAME", throttle.Limit("invitation-test", 1, throttle.HOUR))
    browser = signed_in(alice)
    invite(browser, centre, "a@liceo.example.org")
    refused = invite(browser, centre, "b@liceo.example.org")
    assert refused.status_code == 429
    assert "Too many tries" in refused.content.decode()
    page = page_of(browser.post(f"/people/invitations/{Invitation.objects.get().pk}/again/", follow=True))
    assert "Too many tries" in page


# --- Another's is not found, and a member manages nothing -------------------------------------------


def managing_addresses(centre: PreparationCentre, person: User, invitation: Invitation) -> list[str]:
    return [
        f"/people/{of(person, centre).pk}/role/",
        f"/people/{of(person, centre).pk}/remove/",
        f"/people/centre/{centre.pk}/invite/",
        f"/people/centre/{centre.pk}/second-step/",
        f"/people/invitations/{invitation.pk}/withdraw/",
        f"/people/invitations/{invitation.pk}/again/",
    ]


def test_another_centres_people_are_not_found_and_a_member_may_change_none(alice, bob, charlie, centre):
    invitation, _token = factories.invitation(centre)
    form = {"role": "member", "email": "x@y.example", "wanted": "yes"}
    for user, status in ((charlie, 404), (bob, 403)):
        browser = signed_in(user)
        for address in managing_addresses(centre, alice, invitation):
            assert browser.post(address, form).status_code == status, address
    assert signed_in(charlie).post(f"/people/{of(bob).pk}/leave/").status_code == 404
    assert signed_in(bob).post(f"/people/{of(alice).pk}/leave/").status_code == 404
    assert Membership.objects.filter(centre=centre).count() == 2
    assert Invitation.objects.open().count() == 1
    centre.refresh_from_db()
    assert not centre.wants_second_factor


@pytest.mark.parametrize("number", ["0", "9" * 30])
def test_numbers_that_are_nobodys_are_not_found(alice, number):
    browser = signed_in(alice)
    for address in ("{}/role/", "{}/remove/", "{}/leave/", "centre/{}/invite/", "invitations/{}/again/"):
        assert browser.post(f"/people/{address.format(number)}", {"role": "member"}).status_code == 404


# --- Roles, removing, leaving -----------------------------------------------------------------------


def test_a_manager_makes_a_manager_and_a_member_again(alice, bob):
    browser = signed_in(alice)
    for role in ("manager", "member"):
        page = page_of(browser.post(f"/people/{of(bob).pk}/role/", {"role": role}, follow=True))
        assert f"bob@liceo.example.org is now a {role}." in page
        assert of(bob).role == role
    assert browser.post(f"/people/{of(bob).pk}/role/", {"role": "owner"}).status_code == 404
    assert browser.get(f"/people/{of(bob).pk}/role/").status_code == 405
    history = of(bob).events.order_by("pgh_id")
    assert [event.role for event in history] == ["member", "manager", "member"]
    assert history.last().pgh_context["user"] == alice.pk


@pytest.mark.django_db(transaction=True)
def test_who_is_removed_is_signed_out_everywhere_and_told(mailbox):
    centre = factories.centre(name="Liceo Volta")
    alice, bob = factories.manager(centre), factories.member(centre)
    factories.entry(factories.session(code="OPEN"), preparation_centre=centre)
    browser, theirs = signed_in(alice), [signed_in(bob), signed_in(bob)]
    assert theirs[0].get("/sessions/OPEN/").status_code == 200
    address = f"/people/{of(bob).pk}/remove/"
    assert "signed out at once" in page_of(browser.get(address))
    assert of(bob)
    assert "no longer has access" in page_of(browser.post(address, follow=True))
    for each in theirs:
        assert each.get("/sessions/OPEN/").url.startswith("/?next=")
    again = signed_in(bob)
    assert again.get("/sessions/OPEN/").status_code == 404
    assert "No access at present" in page_of(again.get("/sessions/"))
    work(queues=["mail"])
    (mail,) = mailbox
    assert mail.envelope_to == [bob.email]
    assert "Liceo Volta" in text_of(mail)


def test_what_a_removed_manager_has_invited_does_not_come_in(alice, centre):
    bob = factories.manager(centre)
    _mine, kept = factories.invitation(centre, invited_by=alice, email="a@liceo.example.org")
    _theirs, dead = factories.invitation(centre, invited_by=bob, email="b@liceo.example.org")
    managing.remove(of(bob), alice)
    assert FaceClient("centres").get(f"/invitation/{dead}/").status_code == 404
    assert FaceClient("centres").get(f"/invitation/{kept}/").status_code == 302


def test_whom_a_manager_who_is_now_a_member_has_invited_does_not_come_in(alice, centre):
    charlie = factories.manager(centre)
    _sent, token = factories.invitation(centre, invited_by=charlie, role="manager")
    stays, _token = factories.invitation(centre, invited_by=alice, email="altra@liceo.example.org")
    signed_in(alice).post(f"/people/{of(charlie, centre).pk}/role/", {"role": "member"})
    assert of(charlie, centre).role == "member"
    assert list(Invitation.objects.open()) == [stays]
    assert FaceClient("centres").get(f"/invitation/{token}/").status_code == 404


def test_who_leaves_is_asked_first_and_signed_out_everywhere(alice, bob, centre):
    other_centre = factories.centre()
    Membership.objects.create(user=bob, centre=other_centre)
    browser, elsewhere = signed_in(bob), signed_in(bob)
    address = f"/people/{of(bob, centre).pk}/leave/"
    assert "signed out everywhere" in page_of(browser.get(address))
    page = page_of(browser.post(address, follow=True))
    assert "You no longer have access for Liceo Volta." in page
    assert elsewhere.get("/sessions/").status_code == 302
    assert not Session.objects.filter(user=bob).exists()
    assert [each.centre for each in bob.memberships.all()] == [other_centre]


def test_the_last_manager_neither_leaves_nor_steps_down(alice, bob):
    browser = signed_in(alice)
    for address, form in (
        (f"/people/{of(alice).pk}/leave/", {}),
        (f"/people/{of(alice).pk}/role/", {"role": "member"}),
    ):
        page = page_of(browser.post(address, form, follow=True))
        assert LAST in page
        assert "ask the exams office" in page
    assert of(alice).role == "manager"
    assert browser.get(PEOPLE).status_code == 200  # still signed in


def test_a_manager_who_is_switched_off_does_not_count(alice, centre):
    bob = factories.manager(centre)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(ValidationError, match=LAST):
        managing.remove(of(alice), alice)
    with pytest.raises(ValidationError, match="no longer manage"):
        managing.remove(of(alice), bob)
    managing.remove(of(bob), alice)
    assert not bob.memberships.exists()


def test_with_a_second_manager_the_first_may_go(alice, centre):
    factories.manager(centre)
    managing.remove(of(alice), alice)
    assert not alice.memberships.exists()


def test_the_exams_office_can_remove_the_last_manager_who_is_signed_out_and_told(staff_face, alice, centre):
    browser = signed_in(alice)
    staff_face.force_login(factories.officer(OFFICER))
    membership = of(alice)
    form = {
        "name": centre.name,
        "code": centre.code,
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
    }
    form |= {"memberships-0-id": membership.pk, "memberships-0-centre": centre.pk}
    form |= {"memberships-0-user": alice.pk, "memberships-0-role": "manager", "memberships-0-DELETE": "on"}
    save(staff_face, f"/admin/centres/preparationcentre/{centre.pk}/change/", form)
    assert not centre.memberships.exists()
    assert browser.get(PEOPLE).url.startswith("/?next=")
    assert list(ProcrastinateJob.objects.values_list("task_name", flat=True)) == [
        "centres.tasks.send_access_removed"
    ]


@pytest.mark.parametrize("verb", ["remove", "role"])
def test_who_no_longer_manages_is_told(alice, bob, centre, verb):
    """A page opened as a manager, sent as a member."""
    second = factories.manager(centre)
    page = {"remove": lambda: managing.remove(of(bob), second), "role": None}[verb]
    Membership.objects.filter(user=second).update(role="member")
    with pytest.raises(ValidationError, match="You no longer manage this centre"):
        page() if page else managing.change_role(of(bob), second, "manager")
    assert of(bob).role == "member"


def test_who_is_gone_already_is_said_to_be(alice, bob):
    membership = of(bob)
    managing.remove(membership, alice)
    browser = signed_in(alice)
    assert browser.post(f"/people/{membership.pk}/remove/").status_code == 404
    with pytest.raises(ValidationError):
        managing.remove(membership, alice)


def at_once(*verbs) -> list[str | None]:
    """Run the verbs in connections of their own, started together; the refusals' codes, None for done."""
    ready = Barrier(len(verbs))

    def run(verb) -> str | None:
        try:
            connection.ensure_connection()
            ready.wait(timeout=10)
            verb()
        except ValidationError as refusal:
            return refusal.code
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(run, verbs))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_time", range(3))
def test_of_two_managers_who_remove_each_other_one_stays(_time):
    centre = factories.centre()
    alice, bob = factories.manager(centre), factories.manager(centre)
    of_alice, of_bob = of(alice), of(bob)
    answers = at_once(lambda: managing.remove(of_bob, alice), lambda: managing.remove(of_alice, bob))
    assert sorted(answers, key=str) == [None, "not_permitted"]
    assert centre.memberships.count() == 1
    assert centre.memberships.get().role == "manager"


@pytest.mark.django_db(transaction=True)
def test_of_two_managers_who_leave_at_once_one_stays():
    centre = factories.centre()
    alice, bob = factories.manager(centre), factories.manager(centre)
    of_alice, of_bob = of(alice), of(bob)
    answers = at_once(lambda: managing.remove(of_alice, alice), lambda: managing.remove(of_bob, bob))
    assert sorted(answers, key=str) == [None, "last_manager"]
    assert centre.memberships.count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_was_removed_first_reads_why_nothing_was_done(monkeypatch):
    """The page of the slower one: the answer of the database in words, and then the sign-in page."""
    centre = factories.centre()
    alice, bob = factories.manager(centre), factories.manager(centre)
    browser = signed_in(bob)
    address = f"/people/{of(alice).pk}/remove/"
    real = managing.remove

    def meanwhile(membership, by):
        real(of(bob), alice)  # Alice's own click, a moment before the database looks at Bob's
        real(membership, by)

    monkeypatch.setattr("centres.views.people.managing.remove", meanwhile)
    page = page_of(browser.post(address, follow=True))
    assert "You no longer manage this centre, so nothing was changed." in page
    assert "Log in" in page
    assert of(alice)


@pytest.mark.django_db(transaction=True)
def test_two_invitations_of_one_person_at_once_leave_one_open():
    centre = factories.centre()
    alice, bob = factories.manager(centre), factories.manager(centre)

    def inviting(by: User):
        return lambda: managing.invite(centre, by, email="a@b.example", role="member", language="it")

    assert at_once(inviting(alice), inviting(bob)) == [None, None]
    assert Invitation.objects.open().count() == 1


# --- The second step --------------------------------------------------------------------------------


def test_a_manager_asks_everybody_for_the_second_step_and_no_longer(alice, bob, centre):
    factories.app(alice)
    browser = signed_in(alice)
    address = f"/people/centre/{centre.pk}/second-step/"
    assert "Each person decides" in page_of(browser.get(PEOPLE))
    assert "with a second step" in page_of(browser.post(address, {"wanted": "yes"}, follow=True))
    assert "Everybody of this centre gives a code" in page_of(browser.get(PEOPLE))
    assert signed_in(bob).get(PEOPLE).url.startswith("/sign-in/set-up/")
    page_of(browser.post(address, {"wanted": "no"}, follow=True))
    assert signed_in(bob).get(PEOPLE).status_code == 200
