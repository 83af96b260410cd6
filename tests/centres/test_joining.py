"""Getting in: a school asks, the exams office answers, an invitation leads to an account."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import throttle
from accounts.models import Face, User
from centres import joining, links
from centres.models import AccessRequest, Invitation, Membership, PreparationCentre
from results_portal.office import APPROVER, HELP_DESK, OFFICER
from tests import factories
from tests.conftest import FaceClient, page_of
from tests.mailbox import html_of, text_of, work

ASK, QUEUE = "/ask-for-access/", "/admin/centres/accessrequest/"
ASKED = {
    "school": "Liceo  D’Azeglio",
    "code": "TOPC01",
    "person": "Zoë Kuvetto",
    "position": "Segreteria",
    "email": " Zoe.Kuvetto@Liceo.example.org ",
    "message": "Siamo nuovi.\nGrazie!",
}
NEW = {"new_password1": factories.LONG_PASSWORD, "new_password2": factories.LONG_PASSWORD}


@pytest.fixture
def centre(db) -> PreparationCentre:
    return factories.centre(name="Liceo Volta", code="RM01")


@pytest.fixture
def officer(staff_face) -> User:
    person = factories.officer(OFFICER)
    staff_face.force_login(person)
    return person


def asked(**fields) -> AccessRequest:
    fields = {
        "school": "Liceo D’Azeglio",
        "person": "Zoë Kuvetto",
        "position": "Segreteria",
        "email": "zoe@liceo.example.org",
        "language": "it",
    } | fields
    return AccessRequest.objects.create(**fields)


def link(token: str) -> str:
    return f"/invitation/{token}/"


def follow(browser: FaceClient, token: str):
    """Open the link of a mail, and the page that it leads to."""
    response = browser.get(link(token))
    return browser.get(response.url) if response.status_code == 302 else response


def accept(browser: FaceClient, invitation: Invitation, **form):
    return browser.post(link("accept"), {"invitation": invitation.pk} | NEW | form)


def queued() -> list[str]:
    return list(ProcrastinateJob.objects.order_by("id").values_list("task_name", flat=True))


def expire(invitation: Invitation) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(
        made_at=F("made_at") - timedelta(days=8), expires_at=F("made_at") - timedelta(days=1)
    )


# --- Asking -----------------------------------------------------------------------------------------


def test_a_request_lands_in_the_queue(centres):
    assert centres.post(ASK, ASKED).url == "/ask-for-access/sent/"
    request = AccessRequest.objects.get()
    assert (request.school, request.code, request.person) == ("Liceo  D’Azeglio", "TOPC01", "Zoë Kuvetto")
    assert (request.email, request.language, request.state) == ("zoe.kuvetto@liceo.example.org", "en", "open")


def test_the_answer_is_the_same_whoever_asks(centres, centre):
    member = factories.member(centre)
    pages = [
        page_of(centres.post(ASK, ASKED | {"email": email, "school": school}, follow=True))
        for email, school in ((member.email, centre.name), ("nobody@example.org", "Nessuna"))
    ]
    assert pages[0] == pages[1]
    assert "7 days" in pages[0]
    assert queued() == []


def test_a_faulty_request_keeps_what_was_typed_and_says_what_is_wrong(centres):
    page = centres.post(ASK, ASKED | {"email": "zoe@", "position": ""}).content.decode()
    assert "Say what your role at the school is." in page
    assert "Enter a valid email address." in page
    assert "Siamo nuovi." in page
    assert 'value="TOPC01"' in page
    page = centres.post(ASK, {"school": ""}).content.decode()
    for words in ("Type the name of the school.", "Type your name.", "Type your email address at"):
        assert words in page
    assert not AccessRequest.objects.exists()


ODD = {
    "a NUL": {"school": "Liceo\0"},
    "an address that cannot sign in": {"email": '"a@b"@liceo.example.org'},
    "a long name": {"person": "x" * 161},
    "a long message": {"message": "x" * 1001},
    "a long address": {"email": f"{'a' * 64}@{'b' * 250}.org"},
}


@pytest.mark.parametrize("fields", ODD.values(), ids=ODD)
def test_odd_requests_are_refused_in_words(centres, fields):
    response = centres.post(ASK, ASKED | fields)
    assert response.status_code == 200
    assert "There is a problem" in response.content.decode()
    assert not AccessRequest.objects.exists()


@pytest.mark.parametrize("limit", ["ACCESS_REQUEST_PER_ADDRESS", "ACCESS_REQUEST_OVERALL"])
def test_a_flood_of_requests_is_held_up_with_words(centres, monkeypatch, limit):
    monkeypatch.setattr(throttle, limit, throttle.Limit("access-test", 2, throttle.HOUR))
    for _each in range(2):
        assert centres.post(ASK, ASKED).status_code == 302
    refused = centres.post(ASK, ASKED)
    assert refused.status_code == 429
    assert "Too many tries. Wait" in refused.content.decode()
    assert AccessRequest.objects.count() == 2


def test_the_home_page_leads_there_and_the_page_says_how_to_reach_the_office(centres):
    assert f'href="{ASK}"' in centres.get("/").content.decode()
    assert "esami@sirio.example.org" in centres.get(ASK).content.decode()


# --- The exams office answers -----------------------------------------------------------------------


def test_the_queue_shows_who_waits_and_which_centre_fits(staff_face, officer, centre):
    other = factories.centre(name="Liceo D'Azeglio", code="TO02")
    by_name, by_code = asked(), asked(school="Volta Roma", code="rm01")
    assert "2 schools ask for access" in staff_face.get("/admin/").content.decode()
    assert "Zoë Kuvetto" in page_of(staff_face.get(QUEUE))
    page = page_of(staff_face.get(f"{QUEUE}{by_name.pk}/change/"))
    assert f"/preparationcentre/{other.pk}/change/" in page
    assert f"/preparationcentre/{centre.pk}/change/" not in page
    page = page_of(staff_face.get(f"{QUEUE}{by_code.pk}/change/"))
    assert f"/preparationcentre/{centre.pk}/change/" in page
    assert "same code" in page


@pytest.mark.django_db(transaction=True)
def test_a_request_is_accepted_for_a_new_centre(staff_face, officer, mailbox):
    request = asked(code="TO02")
    assert 'value="Liceo D’Azeglio"' in page_of(staff_face.get(f"{QUEUE}{request.pk}/accept/"))
    form = {"which": "new", "name": "Liceo D’Azeglio", "code": "TO02", "email": request.email}
    response = staff_face.post(f"{QUEUE}{request.pk}/accept/", form | {"role": "manager", "sure": "yes"})
    assert response.status_code == 302
    made = PreparationCentre.objects.get()
    request.refresh_from_db()
    assert (request.state, request.centre, request.answered_by) == ("accepted", made, officer)
    invitation = Invitation.objects.get()
    assert (invitation.centre, invitation.email, invitation.role) == (made, request.email, "manager")
    work(queues=["mail"])
    (mail,) = mailbox
    assert mail.envelope_to == [request.email]
    assert mail["Subject"].strip() == "Il tuo accesso ai risultati d’esame di Liceo D’Azeglio"
    for words in (text_of(mail), html_of(mail)):
        assert "http://centres.example.org/invitation/" in words
        assert officer.email not in words


def test_a_request_is_accepted_for_a_centre_that_is_there(staff_face, officer, centre):
    request = asked(code="RM01")
    page_form = {"which": str(centre.pk), "email": request.email, "role": "member", "sure": "yes"}
    staff_face.post(f"{QUEUE}{request.pk}/accept/", page_form)
    assert Invitation.objects.get().centre == centre
    another = asked(school="Altra")
    form = {"which": "other", "other": centre.pk, "email": "b@liceo.example.org", "role": "member"}
    staff_face.post(f"{QUEUE}{another.pk}/accept/", form | {"sure": "yes"})
    assert Invitation.objects.filter(centre=centre).count() == 2
    assert list(PreparationCentre.objects.all()) == [centre]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"which": "new", "name": ""}, "Type the name of the new preparation centre."),
        ({"which": "new", "name": "LICEO VOLTA"}, "A preparation centre of this name is there already."),
        ({"which": "new", "name": "Altro", "code": "rm01"}, "with this code is there already"),
        ({"which": "other"}, "Choose the preparation centre."),
        ({"which": "99999999999999999999"}, "Select a valid choice"),
        ({"which": "other", "other": "9" * 30}, "Select a valid choice"),
        ({"which": "new", "name": "Altro", "email": "x"}, "Enter a valid email address."),
        ({}, "This field is required."),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused_in_words(staff_face, officer, centre, form, words):
    request = asked()
    form = {"email": request.email, "role": "manager", "sure": "yes"} | form
    assert words in page_of(staff_face.post(f"{QUEUE}{request.pk}/accept/", form))
    assert not Invitation.objects.exists()
    request.refresh_from_db()
    assert request.state == "open"


@pytest.mark.django_db(transaction=True)
def test_a_request_is_refused_with_a_reason_that_is_mailed(staff_face, officer, mailbox):
    request = asked()
    page = page_of(staff_face.get(f"{QUEUE}{request.pk}/refuse/"))
    assert "Write it in their language: Italian." in page
    assert "This field is required." in page_of(
        staff_face.post(f"{QUEUE}{request.pk}/refuse/", {"sure": "yes"})
    )
    form = {"reason": "La scuola non ci presenta candidati.", "sure": "yes"}
    staff_face.post(f"{QUEUE}{request.pk}/refuse/", form)
    request.refresh_from_db()
    assert (request.state, request.answered_by) == ("refused", officer)
    work(queues=["mail"])
    (mail,) = mailbox
    assert mail.envelope_to == [request.email]
    for words in (text_of(mail), html_of(mail)):
        assert "La scuola non ci presenta candidati." in words
        assert "Zoë Kuvetto" in words


def test_of_two_answers_the_second_is_refused(staff_face, officer, centre):
    request = asked()
    joining.refuse(request, factories.officer(HELP_DESK), "No")
    form = {"which": "new", "name": "Altro", "email": request.email, "role": "manager", "sure": "yes"}
    page = page_of(staff_face.post(f"{QUEUE}{request.pk}/accept/", form))
    assert "Somebody has answered this meanwhile." in page
    assert not Invitation.objects.exists()
    assert list(PreparationCentre.objects.all()) == [centre]  # what was begun is undone


@pytest.mark.parametrize(("group", "status"), [(HELP_DESK, 200), (OFFICER, 200), (APPROVER, 403)])
def test_the_queue_is_for_officers_and_the_help_desk(staff_face, group, status):
    request = asked()
    person = factories.officer(group)
    staff_face.force_login(person)
    for page in ("", f"{request.pk}/change/", f"{request.pk}/accept/", f"{request.pk}/refuse/"):
        assert staff_face.get(QUEUE + page).status_code == status, page


def test_staff_invite_and_withdraw_on_the_centres_page(staff_face, officer, centre):
    address = f"/admin/centres/preparationcentre/{centre.pk}/"
    assert f"{address}invite/" in page_of(staff_face.get(f"{address}change/"))
    form = {"email": "Nuova@liceo.example.org", "role": "member", "language": "it", "sure": "yes"}
    staff_face.post(f"{address}invite/", form)
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.invited_by) == ("nuova@liceo.example.org", officer)
    assert "nuova@liceo.example.org" in page_of(staff_face.get(f"{address}change/"))
    withdraw = f"/admin/centres/preparationcentre/invitations/{invitation.pk}/withdraw/"
    assert "no longer works" in page_of(staff_face.get(withdraw))
    staff_face.post(withdraw, {"sure": "yes"})
    page_of(staff_face.get(f"{address}change/"))  # with the message that names it
    assert "nuova@liceo.example.org" not in page_of(staff_face.get(f"{address}change/"))
    assert staff_face.post(withdraw, {"sure": "yes"}).status_code == 404
    history = page_of(staff_face.get(f"{address}history/"))
    assert "Invitation added" in history
    assert "Invitation changed" in history


def test_nobody_is_invited_who_is_in_or_cannot_sign_in_there(staff_face, officer, centre):
    address = f"/admin/centres/preparationcentre/{centre.pk}/invite/"
    form = {"role": "member", "language": "it", "sure": "yes"}
    member = factories.member(centre)
    assert "has access already" in page_of(staff_face.post(address, form | {"email": member.email}))
    assert "cannot sign in here" in page_of(staff_face.post(address, form | {"email": officer.email}))
    switched_off = factories.member(factories.centre(), is_active=False)
    assert "cannot sign in here" in page_of(staff_face.post(address, form | {"email": switched_off.email}))
    assert not Invitation.objects.exists()


def test_a_centre_with_an_open_invitation_can_go(staff_face, officer, centre):
    factories.invitation(centre)
    asked(state="accepted", centre=centre, answered_by=officer, answered_at=factories.database_now())
    page_of(staff_face.get(f"/admin/centres/preparationcentre/{centre.pk}/delete/"))
    staff_face.post(f"/admin/centres/preparationcentre/{centre.pk}/delete/", {"post": "yes"})
    assert not PreparationCentre.objects.exists()
    assert not Invitation.objects.exists()
    assert AccessRequest.objects.get().centre is None


# --- The link ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_link_leads_to_a_password_and_in(centres, centre, mailbox):
    manager = factories.manager(centre)
    invitation, token = factories.invitation(centre, role="member", invited_by=manager)
    response = centres.get(link(token))
    assert response.url == link("accept")
    page = page_of(centres.get(response.url))
    assert "Liceo Volta" in page
    assert manager.email in page
    assert token not in page
    response = accept(centres, invitation)
    assert response.url == "/sessions/"
    user = User.objects.get(username=invitation.email)
    assert (user.face, user.email, user.language) == (Face.CENTRES, invitation.email, "en")
    assert user.email_confirmed_at is not None
    assert user.check_password(factories.LONG_PASSWORD)
    membership = Membership.objects.get(user=user)
    assert (membership.centre, membership.role) == (centre, "member")
    assert "Welcome" in page_of(centres.get("/sessions/"))
    assert membership.events.get().pgh_context["page"] == "invitation"
    work(queues=["mail"])
    (mail,) = mailbox
    assert mail.envelope_to == [manager.email]
    assert invitation.email in text_of(mail)
    assert "/people/" in html_of(mail)


def test_a_link_works_once(centres, centre):
    invitation, token = factories.invitation(centre)
    follow(centres, token)
    accept(centres, invitation)
    for browser in (centres, FaceClient("centres")):
        response = browser.get(link(token))
        assert response.status_code == 404
        assert "You have used it already? Then log in" in response.content.decode()


DEAD = {
    "expired": expire,
    "withdrawn": lambda invitation: Invitation.objects.update(withdrawn_at=factories.database_now()),
    "replaced": lambda invitation: joining.invite(
        invitation.centre, factories.officer(OFFICER), email=invitation.email, role="member", language="it"
    ),
}


@pytest.mark.parametrize("die", DEAD.values(), ids=DEAD)
def test_a_dead_link_says_what_to_do_and_lets_nobody_in(centres, centre, die):
    invitation, token = factories.invitation(centre)
    other = FaceClient("centres")
    follow(other, token)  # opened while it worked
    die(invitation)
    response = centres.get(link(token))
    assert response.status_code == 404
    assert "This link no longer works" in response.content.decode()
    assert "esami@sirio.example.org" in response.content.decode()
    assert accept(other, invitation).status_code == 404
    assert not User.objects.filter(username=invitation.email).exists()


@pytest.mark.parametrize("token", ["x", "accept", "%00", "%ff%fe", "é" * 300, "a" * 5000])
def test_what_is_no_token_is_a_dead_link(centres, token):
    assert centres.get(f"/invitation/{token}/").status_code == 404
    assert centres.post(f"/invitation/{token}/", NEW).status_code == 404


@pytest.mark.parametrize("password", ["", "corta", "qwertyqwerty", "123456123456", "nuova@liceo.example"])
def test_a_password_that_is_easy_to_guess_is_refused(centres, centre, password):
    invitation, token = factories.invitation(centre)
    follow(centres, token)
    response = accept(centres, invitation, new_password1=password, new_password2=password)
    assert response.status_code == 200
    assert "There is a problem" in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_token_is_in_no_table_and_no_job(centre, mailbox):
    invitation = joining.invite(
        centre, factories.officer(OFFICER), email="a@liceo.example.org", role="member", language="it"
    )
    token = links.token_of(invitation.seed)
    with connection.cursor() as cursor:
        cursor.execute("SELECT i::text, j::text FROM centres_invitation i, procrastinate_jobs j")
        assert token not in str(cursor.fetchall())
    work(queues=["mail"])
    assert f"/invitation/{token}/" in text_of(mailbox[0])


@pytest.mark.django_db(transaction=True)
def test_a_withdrawn_invitation_is_not_mailed_any_more(centre, mailbox):
    officer = factories.officer(OFFICER)
    invitation = joining.invite(centre, officer, email="a@liceo.example.org", role="member", language="it")
    joining.withdraw(invitation, officer)
    work(queues=["mail"])
    assert mailbox == []


def test_two_invitations_in_two_tabs_are_not_mixed_up(centres, centre):
    first, first_token = factories.invitation(centre)
    second, second_token = factories.invitation(factories.centre(), email="altra@liceo.example.org")
    follow(centres, first_token)
    follow(centres, second_token)
    page = accept(centres, first).content.decode()  # sent from the first tab
    assert second.email in page
    assert not User.objects.exists()
    accept(centres, second)
    assert User.objects.get().username == second.email


def test_who_has_an_account_logs_in_and_then_joins_with_the_same_password(centre):
    other_centre = factories.centre()
    user = factories.member(other_centre)
    before = user.password
    invitation, token = factories.invitation(centre, email=user.email, role="manager")
    browser = FaceClient("centres")
    page = page_of(follow(browser, token))
    assert "You have an account already." in page
    assert "new_password1" not in page
    assert accept(browser, invitation).status_code == 200  # a password sent all the same changes nothing
    form = {"username": user.username, "password": factories.LONG_PASSWORD, "next": link("accept")}
    assert browser.post("/", form).url == link("accept")
    assert "Accept the invitation" in page_of(browser.get(link("accept")))
    response = browser.post(link("accept"), {"invitation": invitation.pk})
    assert response.url == "/sessions/"
    user.refresh_from_db()
    assert user.password == before
    assert set(user.memberships.values_list("centre", "role")) == {
        (other_centre.pk, "member"),
        (centre.pk, "manager"),
    }


def test_who_is_signed_in_as_somebody_else_joins_nothing(centre):
    stranger = factories.member(factories.centre())
    browser = FaceClient("centres")
    browser.force_login(stranger)
    invitation, token = factories.invitation(centre)
    page = page_of(follow(browser, token))
    assert "This invitation is for somebody else" in page
    assert accept(browser, invitation).status_code == 200
    assert not joining.join(token, stranger)
    assert not Membership.objects.filter(centre=centre).exists()


def test_a_second_click_on_join_is_no_fault(centre):
    user = factories.member(factories.centre())
    browser = FaceClient("centres")
    browser.force_login(user)
    invitation, token = factories.invitation(centre, email=user.email)
    follow(browser, token)
    for _click in range(2):
        assert browser.post(link("accept"), {"invitation": invitation.pk}).status_code in {302, 404}
    assert user.memberships.filter(centre=centre).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_clicks_at_once_one_makes_the_account():
    centre = factories.centre()
    invitation, token = factories.invitation(centre)

    def click(_number) -> bool:
        try:
            return joining.register(token, factories.LONG_PASSWORD) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(click, range(4))) == [False, False, False, True]
    assert Membership.objects.get().user.username == invitation.email


@pytest.mark.django_db(transaction=True)
def test_of_many_joins_at_once_one_membership_remains():
    centre, user = factories.centre(), factories.member(factories.centre())
    _invitation, token = factories.invitation(centre, email=user.email)

    def join(_number) -> bool:
        try:
            return joining.join(token, user)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(join, range(4))) == 1
    assert user.memberships.filter(centre=centre).count() == 1


def test_an_address_that_staff_sign_in_with_makes_no_account(centres, centre):
    invitation, token = factories.invitation(centre, email="nuova@sirio.example.org")
    User.objects.create_staff(invitation.email, factories.LONG_PASSWORD)
    follow(centres, token)
    response = accept(centres, invitation)
    assert response.status_code in {200, 302}
    assert not Membership.objects.exists()
    assert User.objects.get().face == Face.STAFF


# --- The database -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_face_hands_in_requests_and_reads_none(role_connection):
    factories.manager(factories.centre())
    factories.invitation(PreparationCentre.objects.get())
    face = role_connection("centres")
    for sql in (
        "SELECT id FROM centres_accessrequest",
        "UPDATE centres_accessrequest SET reason = ''",
        "DELETE FROM centres_accessrequest",
        (
            "INSERT INTO centres_accessrequest (school, person, position, email, language, state)"
            " VALUES ('x', 'x', 'x', 'x', 'it', 'accepted')"
        ),
        "SELECT digest FROM centres_invitation",
        "SELECT seed FROM centres_invitation",
        "SELECT * FROM centres_accessrequestevent",
        "SELECT * FROM centres_invitationevent",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            face.execute(sql)


BREAK_IN = (
    "INSERT INTO centres_membership (user_id, centre_id) SELECT id, {centre} FROM accounts_user",
    "UPDATE centres_membership SET role = 'manager'",
    "UPDATE centres_membership SET centre_id = {centre}",
    "DELETE FROM centres_membership",
    "UPDATE centres_preparationcentre SET needs_second_factor = false",
    "UPDATE centres_invitation SET email = 'x@y.example'",
    "UPDATE centres_invitation SET withdrawn_at = NULL, accepted_at = NULL",
    (
        "INSERT INTO centres_invitation (centre_id, email, role, language, seed, digest)"
        " VALUES ({centre}, 'x@y.example', 'manager', 'it', 'x', repeat('0', 64))"
    ),
    "UPDATE accounts_user SET username = 'nuova@liceo.example.org'",
    (
        "INSERT INTO accounts_user (username, face, email, language, password, is_active, is_staff,"
        " is_superuser) VALUES ('x@y.example', 'centres', '', 'en', '!', true, false, false)"
    ),
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sql", BREAK_IN)
def test_the_face_makes_nobody_a_member_by_plain_sql(role_connection, sql):
    centre = factories.centre()
    factories.member(factories.centre())
    factories.invitation(centre)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role_connection("centres").execute(sql.format(centre=centre.pk))


@pytest.mark.django_db(transaction=True)
def test_the_functions_let_nobody_in_without_a_link_or_a_manager(role_connection):
    centre, other = factories.centre(), factories.centre()
    stranger, member = factories.manager(other), factories.member(centre)
    victim = factories.manager(centre)
    invitation, token = factories.invitation(centre)
    face = role_connection("centres")
    digest = links.digest_of(token)

    def answer(call: str):
        return face.execute(f"SELECT {call}").fetchone()[0]

    for account in (stranger.pk, member.pk, 0, "NULL"):
        invite = (
            f"centres_invite({account}, {centre.pk}, 'x@y.example', 'manager', 'it', 's', repeat('0', 64))"
        )
        assert answer(invite) == "not_permitted"
        assert answer(f"centres_withdraw_invitation({account}, {invitation.pk})") == "not_permitted"
        theirs = victim.memberships.get().pk
        assert answer(f"centres_change_role({account}, {theirs}, 'member')") == "not_permitted"
        assert answer(f"centres_remove_member({account}, {theirs})") == "not_permitted"
        assert answer(f"centres_ask_second_factor({account}, {centre.pk}, true)") == "not_permitted"
        assert answer(f"centres_accept_invitation('{digest}', {account})") is False
    for no_digest in ("'x'", "''", "NULL", "repeat('0', 64)"):
        assert answer(f"centres_register_invited({no_digest}, '!', 'it')") is None
        assert answer(f"centres_accept_invitation({no_digest}, {stranger.pk})") is False
        assert answer(f"centres_find_invitation({no_digest})") is None
    assert Membership.objects.filter(centre=centre).count() == 2
    assert Invitation.objects.open().count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_mail_worker_reads_no_digest_and_no_message(role_connection):
    worker = role_connection("worker")
    for column in ("digest FROM centres_invitation", "message FROM centres_accessrequest"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            worker.execute(f"SELECT {column}")


def refused(make) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


def test_the_tables_refuse_what_makes_no_sense(centre):
    officer = factories.staff()
    refused(lambda: asked(language="de"))
    refused(lambda: asked(school=""))
    refused(lambda: asked(state="maybe"))
    refused(lambda: asked(state="refused", answered_by=officer, answered_at=factories.database_now()))
    refused(lambda: asked(state="open", reason="No"))
    refused(lambda: factories.invitation(centre, role="owner"))
    refused(lambda: factories.invitation(centre, language="de"))
    refused(lambda: factories.invitation(centre, email="A@liceo.example.org"))
    late = factories.database_now() + timedelta(days=8)
    refused(lambda: factories.invitation(centre, expires_at=late))
    now = factories.database_now()
    refused(lambda: factories.invitation(centre, accepted_at=now, withdrawn_at=now))
    factories.invitation(centre)
    refused(lambda: factories.invitation(centre))
    refused(lambda: Membership.objects.create(user=factories.candidate(), centre=centre, role="owner"))
