"""How the exams office acts: with a right, in one transaction, with its name beside every change."""

from collections.abc import Iterator
from contextlib import contextmanager

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from results.models import Release
from results.models.releases import LONGEST_REASON


@contextmanager
def acting(by: User, permission: str) -> Iterator[None]:
    """A transaction in which `by` acts. Raises ValidationError without the permission."""
    if not (by.is_active and by.is_staff and by.has_perm(permission)):
        raise ValidationError(
            _("%(person)s may not do this: it needs an active account of the exams office with this right."),
            code="not_permitted",
            params={"person": by},
        )
    with transaction.atomic(), pghistory.context(user=by.pk):
        yield


def lock(release: Release) -> Release:
    """The release as it stands, locked until the transaction ends.

    Whoever stores statements locks the session's release first, as whoever approves does: a statement
    whose transaction is still open could otherwise be covered without having been seen.
    """
    locked = Release.objects.select_for_update().get(pk=release.pk)
    release.refresh_from_db()
    return locked


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
