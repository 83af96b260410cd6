"""Who gets in: schools ask on the site, the exams office answers, and an invitation leads to an account."""

import unicodedata
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.acting import acting, checked_reason
from accounts.models import Face, User
from centres import functions, links, tasks
from centres.models import AccessRequest, Invitation, Membership, PreparationCentre
from results_portal.changes import lock_rows

MAY_ANSWER = "centres.change_accessrequest"
MAY_INVITE = "centres.add_invitation"
MAY_WITHDRAW = "centres.change_invitation"
MOST_SUGGESTED = 5
_SHORTEST_WORD = 4  # letters of a word of a name that says something
_COMMON_WORDS = frozenset(
    "liceo scientifico classico linguistico istituto comprensivo superiore tecnico scuola statale school"
    " language lingue centro centre college".split()
)


# --- Requests -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Suggestion:
    """A preparation centre that may be the one that asks; same_code: whether it has the code given."""

    centre: PreparationCentre
    same_code: bool


def ask(*, school: str, code: str, person: str, position: str, email: str, message: str) -> None:
    """Put a request into the exams office's queue. The caller has counted it (accounts.throttle)."""
    with connection.cursor() as cursor:  # not by the model: that would read back what the face may not
        cursor.execute(
            "INSERT INTO centres_accessrequest (school, code, person, position, email, message, language)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [school, code, person, position, email, message, get_language()],
        )


def accept(
    asked: AccessRequest,
    by: User,
    *,
    centre: PreparationCentre,
    email: str,
    role: Membership.Role = Membership.Role.MANAGER,
) -> Invitation:
    """Answer a request with an invitation to a centre; centre: one that is there, or a new one to store.

    Raises ValidationError if `by` may not, if somebody has answered meanwhile, if the new centre's name or
    code is there already, and as invite.
    """
    with acting(by, MAY_ANSWER):
        if centre.pk is None:
            _store(centre)
        _answer(asked, by, state=AccessRequest.State.ACCEPTED, centre=centre)
        return _invite(centre, by, email=email, role=role, language=asked.language)


def refuse(asked: AccessRequest, by: User, reason: str) -> None:
    """Answer a request with no, by a mail that gives the reason.

    Raises ValidationError without a reason, if somebody has answered meanwhile, or if `by` may not.
    """
    with acting(by, MAY_ANSWER):
        _answer(asked, by, state=AccessRequest.State.REFUSED, reason=checked_reason(reason))
        tasks.send_refusal.defer(request_id=asked.pk)


def suggestions(asked: AccessRequest) -> list[Suggestion]:
    """Centres that may be the school, best first: with its code, then with words of its name."""
    wanted = _telling_words(asked.school)
    found = []
    for centre in PreparationCentre.objects.all():
        same_code = bool(asked.code) and centre.code.casefold() == asked.code.casefold()
        shared = len(wanted & _telling_words(centre.name))
        same_name = centre.name.casefold() == asked.school.casefold()
        if same_code or shared or same_name:
            found.append((same_code, same_name, shared, centre))
    found.sort(key=lambda each: each[:3], reverse=True)  # stable: by name among equals
    return [Suggestion(centre, same_code) for same_code, _name, _shared, centre in found[:MOST_SUGGESTED]]


def _answer(asked: AccessRequest, by: User, **answer) -> None:
    still_open = AccessRequest.objects.filter(pk=asked.pk, state=AccessRequest.State.OPEN)
    if not still_open.update(answered_at=Now(), answered_by=by, **answer):
        raise ValidationError(_("Somebody has answered this meanwhile."), code="answered")


def _store(centre: PreparationCentre) -> None:
    centre.full_clean()
    try:
        with transaction.atomic():
            centre.save()
    except IntegrityError as error:  # somebody else made it this moment
        raise ValidationError(_("A preparation centre of this name or code is there already.")) from error


def _telling_words(name: str) -> set[str]:
    """The words of a school's name that tell it from others, without accents and case."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(char if char.isalnum() else " " for char in plain if not unicodedata.combining(char))
    return {word for word in letters.split() if len(word) >= _SHORTEST_WORD} - _COMMON_WORDS


# --- Invitations of the exams office --------------------------------------------------------------


def invite(centre: PreparationCentre, by: User, *, email: str, role: str, language: str) -> Invitation:
    """Send somebody a link with which they join a centre; a link sent to them before no longer works.

    email: in small letters, as it will sign in. Raises ValidationError if `by` may not, if the person has
    access already, or if the address cannot sign in on the centres' site.
    """
    with acting(by, MAY_INVITE):
        return _invite(centre, by, email=email, role=role, language=language)


def withdraw(invitation: Invitation, by: User) -> None:
    """Make a link dead. Raises ValidationError if `by` may not, or if it was used or withdrawn meanwhile."""
    with acting(by, MAY_WITHDRAW):
        if not Invitation.objects.open().filter(pk=invitation.pk).update(withdrawn_at=Now()):
            raise ValidationError(gone_in_words(), code="gone")


def withdraw_those_of(person: User, centre: PreparationCentre) -> None:
    """Make the links dead that somebody who no longer manages the centre has sent for it."""
    Invitation.objects.open().filter(centre=centre, invited_by=person).update(withdrawn_at=Now())


def _invite(centre: PreparationCentre, by: User, *, email: str, role: str, language: str) -> Invitation:
    lock_rows(PreparationCentre.objects.filter(pk=centre.pk))
    if Membership.objects.filter(centre=centre, user__username=email).exists():
        raise ValidationError({"email": member_in_words(email)}, code="member")
    if User.objects.filter(username=email).exclude(face=Face.CENTRES, is_active=True).exists():
        raise ValidationError({"email": taken_in_words(email)}, code="taken")
    Invitation.objects.open().filter(centre=centre, email=email).update(withdrawn_at=Now())
    invitation = Invitation(centre=centre, email=email, role=role, language=language, invited_by=by)
    invitation.digest = links.digest_of(links.token_of(invitation.seed))
    invitation.save(force_insert=True)
    tasks.send_invitation.defer(invitation_id=invitation.pk)
    return invitation


def member_in_words(email: str) -> str:
    return _("%s has access already.") % email


def taken_in_words(email: str) -> str:
    return _("%s cannot sign in here. Use another address, or ask the exams office.") % email


def gone_in_words() -> str:
    return _("This invitation was used or withdrawn meanwhile.")


# --- Whoever follows the link ---------------------------------------------------------------------


def find(token: str) -> Invitation | None:
    """The invitation of a link's token, whatever has become of it."""
    pk = functions.ask("centres_find_invitation", links.digest_of(token))
    return Invitation.objects.select_related("centre", "invited_by").filter(pk=pk).first() if pk else None


def register(token: str, password: str) -> User | None:
    """Make the account of an invitation and let it in. The password has passed the rule.

    The language is the page's. None if the link no longer works, or if its address has an account: of two
    at once exactly one succeeds.
    """
    arguments = (links.digest_of(token), make_password(password), get_language())
    with transaction.atomic():
        account = functions.ask("centres_register_invited", *arguments)
        if account is None:
            return None
        membership = Membership.objects.select_related("user").get(user=account)
        _tell_managers(membership)
    return membership.user


def join(token: str, user: User) -> bool:
    """Let who has an account into the invitation's centre; False if the link no longer works for them."""
    with transaction.atomic():
        before = set(user.memberships.values_list("pk", flat=True))
        if not functions.ask("centres_accept_invitation", links.digest_of(token), user.pk):
            return False
        for membership in user.memberships.exclude(pk__in=before):
            _tell_managers(membership)
    return True


def _tell_managers(membership: Membership) -> None:
    """A mail to everybody who manages the centre: this person has joined."""
    others = Membership.objects.filter(
        centre=membership.centre_id, role=Membership.Role.MANAGER, user__is_active=True
    ).exclude(pk=membership.pk)
    for manager in others:
        tasks.send_joined.defer(user_id=manager.user_id, membership_id=membership.pk)
