"""What a preparation centre may know of how far its students have come, and its looks at their results."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from results.models.entries import Entry
from results.models.sessions import ExamSession


class CentreFollowing(models.Model):
    """How far a student has come, as the student's preparation centre may know it; a view, read-only.

    seen_statement: the newest statement that the student's own page has shown; None before the first, and
    while nobody is registered. Who registered, and when, the view does not say.
    """

    entry = models.OneToOneField(
        Entry, models.DO_NOTHING, primary_key=True, related_name="followed_by_centre"
    )
    preparation_centre = models.ForeignKey("centres.PreparationCentre", models.DO_NOTHING, related_name="+")
    session = models.ForeignKey(ExamSession, models.DO_NOTHING, related_name="+")
    registered = models.BooleanField()
    seen_statement = models.BigIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "results_following_centres"

    def __str__(self) -> str:
        return f"entry {self.pk}"


class Look(models.Model):
    """Somebody of a preparation centre has opened a student's statement: first when, and last when.

    Written by the function results_mark_looked alone (results/migrations/0012_centre_lists.py), which asks
    the gate and the memberships.
    """

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="looks")
    preparation_centre = models.ForeignKey("centres.PreparationCentre", models.PROTECT, related_name="+")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    first_at = models.DateTimeField(_("first looked at"), db_default=Now())
    last_at = models.DateTimeField(_("last looked at"), db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "preparation_centre", "account"], name="look_once"),
            models.CheckConstraint(name="look_in_order", condition=Q(first_at__lte=F("last_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.last_at}"
