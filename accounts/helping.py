"""What the help desk does for candidates and centre members who cannot get on.

Nobody sees or sets a password, and no link is ever shown: it goes to the address on record. Each verb is one
transaction, logged with who did it; the admin's pages and a test call the same function. Staff accounts are a
superuser's business.

The way to an account is its mailbox, so an address counts only once somebody has followed a link from it: a
mistyped one must not get the account. Until then no password is reset; the address is corrected first if it
is wrong, and confirmed by the person.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from accounts import second_factor, sessions, tasks, throttle
from accounts.acting import acting, checked_reason, not_permitted
from accounts.models import Face, User
from results_portal import audit
from results_portal.models import AuditNote

MAY_HELP = "accounts.change_user"
# Of the app above: a candidate gets the mail with session and opening time again.
CANDIDATES_CONFIRMATION = "candidates.tasks.send_confirmation"


def names_of(account: User) -> set[str]:
    """What is counted for a person: what the account is called, and each ID Number that belongs to it."""
    return {account.username, *account.entries.values_list("id_number", flat=True)}


def unlock(names: Collection[str], face: str, by: User, about: models.Model) -> None:
    """Let the next try of a person be evaluated, whatever was counted.

    names: names_of(an account), or an ID Number that nobody has registered with yet; about: the account or
    entry, for the log. Raises ValidationError if `by` may not, or on a staff name.
    """
    with _helping(by, face):
        throttle.forget(names, face)
        _log(by, about, _("Unlocked."))


def resend_confirmation(user: User, by: User) -> None:
    """Send the mail that confirms the address again. Raises ValidationError as unlock."""
    with _helping(by, user.face):
        _may_sign_in(user)
        if user.face == Face.CANDIDATES and user.entries.exists():
            app.configure_task(CANDIDATES_CONFIRMATION, queue="mail").defer(user_id=user.pk)
        else:
            tasks.send_address_check.defer(user_id=user.pk)
        _log(by, user, _("Sent the confirmation again to %s.") % user.email)


def start_password_reset(user: User, by: User) -> None:
    """Send the usual one-use link for a new password to the address on record.

    Raises ValidationError as unlock, and while the address is not confirmed.
    """
    with _helping(by, user.face):
        _may_sign_in(user)
        if user.email_confirmed_at is None:
            raise ValidationError(
                _(
                    "The address is not confirmed, so it may be somebody else’s. If it is wrong, correct it;"
                    " then let the person follow the link in the confirmation email, and start again."
                ),
                code="not_confirmed",
            )
        tasks.send_password_link.defer(username=user.username, face=user.face)
        _log(by, user, _("Sent a link for a new password to %s.") % user.email)


def correct_address(user: User, address: str, by: User, reason: str, shown: str = "") -> None:
    """Give the account another address; it is not confirmed yet, and links sent before are dead.

    shown: the address that the helper had before them; refused if it is another meanwhile.
    reason: why, and how it was made sure who asks; for the log. Raises ValidationError as unlock, by field
    for an address that cannot be, and without a reason.
    """
    with _helping(by, user.face):
        address = checked_address(user, address)
        try:
            reason = checked_reason(reason)
        except ValidationError as refusal:
            raise ValidationError({"reason": refusal}) from None
        old = User.objects.select_for_update(no_key=True).get(pk=user.pk).email
        if shown and shown != old:
            raise ValidationError(
                {"address": _("Somebody changed the address meanwhile: %(address)s.") % {"address": old}},
                code="changed_meanwhile",
            )
        if address == old:
            raise ValidationError({"address": _("This is the address on record.")}, code="same")
        try:
            change_address(user, address)
        except IntegrityError as error:  # somebody else took it this moment
            raise _taken() from error
        words = _("Corrected the address from %(old)s to %(new)s: %(reason)s")
        _log(by, user, words % {"old": old, "new": address, "reason": reason})


def end_sessions(user: User, by: User) -> None:
    """Sign the person out everywhere, at once. Raises ValidationError as unlock."""
    with _helping(by, user.face):
        sessions.end_sessions(user)
        _log(by, user, _("Ended all sessions."))


def reset_second_factor(user: User, by: User) -> None:
    """Forget a centre member's app and recovery codes, sign them out everywhere and tell them by mail.

    Raises ValidationError as unlock.
    """
    with _helping(by, user.face):
        second_factor.reset(user)
        tasks.send_second_factor_changed.defer(user_id=user.pk, what="reset")
        _log(by, user, _("Reset the second step."))


def checked_address(user: User, address: str) -> str:
    """An address as the account would have it; all but candidates sign in with it, in small letters.

    Raises ValidationError by the field “address”.
    """
    address = address.strip()
    longest = User._meta.get_field("email").max_length
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValidationError({"address": error.messages}, code="no_address") from None
    if len(address) > longest or address.count("@") > 1:  # the standard allows more, in quotation marks
        raise ValidationError({"address": _("This address cannot be used.")}, code="no_address")
    if user.face == Face.CANDIDATES:
        return address
    address = address.lower()
    if User.objects.filter(username=address).exclude(pk=user.pk).exists():
        raise _taken()
    return address


def change_address(user: User, address: str) -> None:
    """Store a checked address: it is asked to confirm itself; the old one is told, if it ever was confirmed.

    For the verbs of staff, which log it.
    """
    with transaction.atomic():
        stored = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if stored.face != Face.STAFF:  # the staff face has no page that confirms an address
            if stored.email_confirmed_at:
                tasks.send_address_changed.defer(user_id=stored.pk, old_address=stored.email)
            tasks.send_address_check.defer(user_id=stored.pk)
        user.email, user.email_confirmed_at = address, None
        if stored.face != Face.CANDIDATES:
            user.username = address
        user.save(update_fields=["username", "email", "email_confirmed_at"])


@contextmanager
def _helping(by: User, face: str) -> Iterator[None]:
    """A transaction in which `by` helps an account of the face. Raises ValidationError if `by` may not."""
    if face == Face.STAFF:
        raise not_permitted(by)
    with acting(by, MAY_HELP):
        yield


def _may_sign_in(user: User) -> None:
    """Raises ValidationError for an account that was switched off."""
    if not user.is_active:
        raise ValidationError(_("This account is switched off."), code="switched_off")


def _taken() -> ValidationError:
    return ValidationError({"address": _("Another account signs in with this address.")}, code="taken")


def _log(by: User, about: models.Model, words: str) -> None:
    LogEntry.objects.log_actions(by.pk, [about], CHANGE, change_message=words, single_object=True)
    audit.record(None, AuditNote.Kind.OTHER, about, words)
