"""Preparation centres and the people who may act for them."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _


@pghistory.track()
class PreparationCentre(models.Model):
    """A school or body that presents candidates at the Authorised Exam Centre.

    Who acts for it signs in with a second step if the centre or the exams office wants it so; each of the two
    has a say of its own, so that neither undoes the other's.
    """

    code = models.CharField(_("code"), max_length=20, blank=True)
    name = models.CharField(_("name"), max_length=120)
    wants_second_factor = models.BooleanField(
        _("the centre asks its people for the second step"), db_default=False, default=False
    )
    needs_second_factor = models.BooleanField(
        _("the exams office asks the centre’s people for the second step"), db_default=False, default=False
    )

    class Meta:
        verbose_name = _("preparation centre")
        verbose_name_plural = _("preparation centres")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="centre_name_unique",
                violation_error_message=_("A preparation centre of this name is there already."),
            ),
            models.UniqueConstraint(
                Lower("code"),
                name="centre_code_unique",
                condition=~Q(code=""),
                violation_error_message=_("A preparation centre with this code is there already."),
            ),
            models.CheckConstraint(name="centre_name_not_empty", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track(exclude=["joined_at"])
class Membership(models.Model):
    """A person who may see what belongs to a preparation centre; a manager says who else may."""

    class Role(models.TextChoices):
        MANAGER = "manager", _("manager")
        MEMBER = "member", _("member")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("account")
    )
    centre = models.ForeignKey(
        PreparationCentre, models.CASCADE, related_name="memberships", verbose_name=_("preparation centre")
    )
    role = models.CharField(
        _("role"), max_length=7, choices=Role, default=Role.MEMBER, db_default=Role.MEMBER
    )
    joined_at = models.DateTimeField(_("joined"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("member of a preparation centre")
        verbose_name_plural = _("members of preparation centres")
        constraints = [
            models.UniqueConstraint(fields=["user", "centre"], name="membership_once"),
            models.CheckConstraint(name="membership_role_known", condition=Q(role__in=["manager", "member"])),
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.centre}"
