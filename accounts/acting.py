"""How the exams office acts: with a right, in one transaction, with its name beside every change."""

from collections.abc import Iterator
from contextlib import contextmanager

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User

LONGEST_REASON = 200  # characters


@contextmanager
def acting(by: User, permission: str) -> Iterator[None]:
    """A transaction in which `by` acts. Raises ValidationError without the permission."""
    if not (by.is_active and by.is_staff and by.has_perm(permission)):
        raise not_permitted(by)
    with transaction.atomic(), pghistory.context(user=by.pk):
        yield


def not_permitted(by: User) -> ValidationError:
    """The refusal of whoever may not."""
    return ValidationError(
        _("%(person)s may not do this: it needs an active account of the exams office with this right."),
        code="not_permitted",
        params={"person": by},
    )


def checked_reason(reason: str) -> str:
    """The reason as it is stored. Raises ValidationError if it is empty or too long."""
    reason = " ".join(reason.split())
    if not reason:
        raise ValidationError(_("Give a reason."), code="no_reason")
    if len(reason) > LONGEST_REASON:
        raise ValidationError(
            _("Give the reason in %(longest)d characters or fewer."),
            code="long_reason",
            params={"longest": LONGEST_REASON},
        )
    return reason
