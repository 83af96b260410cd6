"""Checks of documents by whoever holds one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from results.models.entries import Entry
from results.models.statements import Statement


class Verified(models.TextChoices):
    """What a check has found of a document that is ours. EARLY: genuine; its candidate must wait for it."""

    CURRENT = "current", _("genuine and current")
    EARLY = "early", _("genuine, before the results were out")
    SUPERSEDED = "superseded", _("replaced by a newer version")
    NOT_VALID = "not_valid", _("not valid at the time")


class Means(models.TextChoices):
    CODE = "code", _("by its code")
    FILE = "file", _("by the file")


class CheckFacts(models.Model):
    """How often a version was checked within a minute; of who checked nothing is kept."""

    checked_at = models.DateTimeField(_("checked"))
    means = models.CharField(_("how"), max_length=4, choices=Means)
    outcome = models.CharField(_("answer"), max_length=10, choices=Verified)
    times = models.PositiveIntegerField(_("times"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.outcome} {self.checked_at}"


class Verification(CheckFacts):
    """Written by the function results_verify alone (results/migrations/0016_verification.py)."""

    statement = models.ForeignKey(Statement, models.PROTECT, related_name="verifications")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "checked_at", "means", "outcome"], name="verification_once_a_minute"
            ),
            models.CheckConstraint(name="verification_means_known", condition=Q(means__in=Means.values)),
            models.CheckConstraint(
                name="verification_outcome_known", condition=Q(outcome__in=Verified.values)
            ),
            models.CheckConstraint(name="verification_counts", condition=Q(times__gte=1)),
        ]


class CandidateVerification(CheckFacts):
    """The checks of a candidate's own documents, from the hour of the results on; a view, read-only."""

    entry = models.ForeignKey(Entry, models.DO_NOTHING, related_name="verifications_for_candidate")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+")
    version = models.PositiveSmallIntegerField()

    class Meta:
        managed = False
        db_table = "results_verifications_candidates"
        ordering = ["-checked_at", "-id"]
