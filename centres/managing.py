"""What the manager of a preparation centre does about who has access, and leaving.

The database asks who may (centres/migrations/0002b_joining_functions.py); here its answers become words.
"""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from centres import functions, joining, links, tasks
from centres.models import Invitation, Membership, PreparationCentre


def invite(centre: PreparationCentre, by: User, *, email: str, role: str, language: str) -> None:
    """Send somebody a link with which they join the centre; a link sent to them before no longer works.

    email: in small letters. The caller has counted it (accounts.throttle). Raises ValidationError if `by`
    does not manage the centre, if the person has access already, or if the address cannot sign in here.
    """
    made = Invitation()  # for its seed
    arguments = (
        by.pk,
        centre.pk,
        email,
        role,
        language,
        made.seed,
        links.digest_of(links.token_of(made.seed)),
    )
    with transaction.atomic():
        _checked(functions.ask("centres_invite", *arguments), email)
        stored = Invitation.objects.open().get(centre=centre, email=email)
        tasks.send_invitation.defer(invitation_id=stored.pk)


def withdraw(invitation: Invitation, by: User) -> None:
    """Make a link dead. Raises ValidationError if `by` may not, or if it was used or withdrawn meanwhile."""
    with transaction.atomic():
        if functions.ask("centres_withdraw_invitation", by.pk, invitation.pk) == "gone":
            raise ValidationError(joining.gone_in_words(), code="gone")


def change_role(membership: Membership, by: User, role: str) -> None:
    """Make somebody a manager or a member; whom a manager who is none any more has invited does not come in.

    Raises ValidationError if `by` may not, if the person is no longer there, and for the last manager.
    """
    with transaction.atomic():
        _checked(functions.ask("centres_change_role", by.pk, membership.pk, role))
        if role == Membership.Role.MANAGER or membership.user_id == by.pk:
            return
        sent = Invitation.objects.open().filter(centre=membership.centre_id, invited_by=membership.user_id)
        for invitation in sent:
            functions.ask("centres_withdraw_invitation", by.pk, invitation.pk)


def remove(membership: Membership, by: User) -> None:
    """End a person's access to a centre, one's own too, and all their sessions; they are told by mail.

    Raises ValidationError if `by` may not, if the person is no longer there, and for the last manager.
    """
    with transaction.atomic():
        _checked(functions.ask("centres_remove_member", by.pk, membership.pk))
        tasks.send_access_removed.defer(user_id=membership.user_id, centre_id=membership.centre_id)


def ask_second_factor(centre: PreparationCentre, by: User, wanted: bool) -> None:
    """Ask the centre's people for a second step at sign-in, or no longer.

    What the exams office asks for stays. Raises ValidationError if `by` may not.
    """
    with transaction.atomic():
        _checked(functions.ask("centres_ask_second_factor", by.pk, centre.pk, wanted))


def _checked(answer: str, email: str = "") -> None:
    """Raises ValidationError unless the database's answer is that it is done."""
    if answer == "done":
        return
    words = {
        "not_permitted": _("You no longer manage this centre, so nothing was changed."),
        "gone": _("This person no longer has access."),
        "last_manager": _(
            "A centre needs at least one manager. Make somebody else a manager first, or ask the exams"
            " office."
        ),
        "member": joining.member_in_words(email),
        "taken": joining.taken_in_words(email),
    }[answer]
    raise ValidationError(words, code=answer)
