"""How people get in: the requests of schools, and the invitations that lead to an account."""

import secrets
from datetime import timedelta

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from accounts.acting import LONGEST_REASON
from centres.models.people import Membership, PreparationCentre

VALID_FOR = timedelta(days=7)


# Tracked is what the exams office does; what the person wrote stands once.
@pghistory.track(
    fields=["state", "reason", "centre", "answered_at", "answered_by"], model_name="AccessRequestEvent"
)
class AccessRequest(models.Model):
    """A school that asks for access, on the preparation centres' site and in its own words."""

    class State(models.TextChoices):
        OPEN = "open", _("to be answered")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")

    school = models.CharField(_("school"), max_length=120)
    code = models.CharField(_("code"), max_length=20, blank=True)
    person = models.CharField(_("person"), max_length=160)
    position = models.CharField(_("role at the school"), max_length=120)
    email = models.EmailField(_("e-mail address"))
    message = models.CharField(_("message"), max_length=1000, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES)
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    state = models.CharField(_("state"), max_length=8, choices=State, db_default=State.OPEN)
    reason = models.CharField(_("reason"), max_length=LONGEST_REASON, blank=True, db_default="")
    centre = models.ForeignKey(
        PreparationCentre,
        models.SET_NULL,
        null=True,
        related_name="access_requests",
        verbose_name=_("preparation centre"),
    )
    answered_at = models.DateTimeField(_("answered"), null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("answered by")
    )

    class Meta:
        verbose_name = _("request for access")
        verbose_name_plural = _("requests for access")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="access_request_answer_whole",
                condition=Q(state="open", reason="", centre=None, answered_at=None, answered_by=None)
                | Q(state="accepted", reason="", answered_at__isnull=False, answered_by__isnull=False)
                | (
                    Q(state="refused", centre=None, answered_at__isnull=False, answered_by__isnull=False)
                    & ~Q(reason="")
                ),
            ),
            models.CheckConstraint(
                name="access_request_language_known",
                condition=Q(language__in=[code for code, _name in settings.LANGUAGES]),
            ),
            models.CheckConstraint(
                name="access_request_has_words", condition=~Q(school="") & ~Q(person="") & ~Q(email="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.school}, {self.person}"


def _new_seed() -> str:
    return secrets.token_urlsafe(24)


class InvitationQuerySet(models.QuerySet):
    def open(self) -> "InvitationQuerySet":
        """Neither used nor withdrawn; some may have expired."""
        return self.filter(accepted_at=None, withdrawn_at=None)


class InvitationManager(models.Manager.from_queryset(InvitationQuerySet)):
    """Leaves out what the link is made of: the centres' face may not read it."""

    def get_queryset(self) -> InvitationQuerySet:
        return super().get_queryset().defer("seed", "digest")


@pghistory.track(exclude=["seed", "digest"])
class Invitation(models.Model):
    """A link by mail with which one person joins a preparation centre, once and within VALID_FOR.

    The link's token is in no table: it is made of the seed with a key from the environment, and the database
    compares its digest (centres/links.py).
    """

    centre = models.ForeignKey(
        PreparationCentre,
        models.CASCADE,
        related_name="invitations",
        verbose_name=_("preparation centre"),
    )
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=7, choices=Membership.Role)
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    seed = models.CharField(max_length=32, unique=True, default=_new_seed, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField(_("sent"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("works until"), db_default=Now() + VALID_FOR, editable=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)

    objects = InvitationManager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                "centre",
                Lower("email"),
                name="invitation_open_once",
                condition=Q(accepted_at=None, withdrawn_at=None),
            ),
            # The address becomes what the account signs in with.
            models.CheckConstraint(
                name="invitation_address_signs_in", condition=Q(email__regex=r"^[^@A-Z]+@[^@A-Z]+$")
            ),
            models.CheckConstraint(
                name="invitation_role_known", condition=Q(role__in=Membership.Role.values)
            ),
            models.CheckConstraint(
                name="invitation_language_known",
                condition=Q(language__in=[code for code, _name in settings.LANGUAGES]),
            ),
            models.CheckConstraint(
                name="invitation_ends_one_way", condition=Q(accepted_at=None) | Q(withdrawn_at=None)
            ),
            models.CheckConstraint(
                name="invitation_expires", condition=Q(expires_at__lte=F("made_at") + VALID_FOR)
            ),
            models.CheckConstraint(
                name="invitation_digest_whole", condition=Q(digest__regex="^[0-9a-f]{64}$")
            ),
        ]

    def __str__(self) -> str:
        return self.email
