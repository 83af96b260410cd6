"""Releases: when a session's results are shown, who approved that, and what stops it."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from accounts.acting import LONGEST_REASON
from results.models.entries import Entry
from results.models.sessions import ExamSession

LONGEST_NOTICE = 500  # characters


@pghistory.track()
class Release(models.Model):
    """When a session's results are shown.

    approved_through is the highest statement id that two people's approval covers: what was loaded later
    waits for the next one, while what was approved stays visible. Triggers alone write it
    (results/migrations/0007_gate.py). Nobody flips a flag at the hour; the gate compares opens_at with
    the database's clock.
    """

    session = models.OneToOneField(ExamSession, models.CASCADE, verbose_name=_("exam session"))
    opens_at = models.DateTimeField(_("opens for candidates"))
    centres_open_at = models.DateTimeField(
        _("opens for preparation centres"),
        null=True,
        blank=True,
        help_text=_("Empty: when it opens for candidates."),
    )
    approved_through = models.BigIntegerField(null=True, editable=False)

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        permissions = [("approve_release", "Can approve releases"), ("stop_release", "Can stop releases")]

    def __str__(self) -> str:
        return str(self.session)


@pghistory.track()
class Approval(models.Model):
    """One person's approval of a release: of its statements up to `through`, at these instants.

    With the second person's it takes effect. What it covers is stored with it: a change of the statements,
    the times or the audience voids it, and the database says why. Rows are added, never changed by hand.
    """

    class Void(models.TextChoices):
        """What voided an approval."""

        STATEMENTS = "statements", _("results were loaded or corrected after it")
        TIME = "time", _("the opening time was changed after it")
        AUDIENCE = "audience", _("candidates were moved to another preparation centre after it")
        LATE = "late", _("the opening time came before the second approval")
        WITHDRAWN = "withdrawn", _("it was withdrawn")

    release = models.ForeignKey(
        Release, models.PROTECT, related_name="approvals", verbose_name=_("release"), editable=False
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"), editable=False
    )
    through = models.BigIntegerField(editable=False)
    open_now = models.BooleanField(_("open now"), editable=False)
    opens_at = models.DateTimeField(_("opens for candidates"), db_default=Now(), editable=False)
    centres_open_at = models.DateTimeField(_("opens for preparation centres"), null=True, editable=False)
    made_at = models.DateTimeField(_("approved"), db_default=Now(), editable=False)
    took_effect_at = models.DateTimeField(_("took effect"), null=True, editable=False)
    voided_at = models.DateTimeField(_("voided"), null=True, editable=False)
    voided_because = models.CharField(
        _("voided because"), max_length=10, choices=Void, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "person"],
                name="approval_once_a_person",
                condition=Q(took_effect_at=None, voided_at=None),
            ),
            models.CheckConstraint(
                name="approval_void_has_reason",
                condition=Q(voided_at=None, voided_because="")
                | (Q(voided_at__isnull=False) & ~Q(voided_because="")),
            ),
            models.CheckConstraint(
                name="approval_void_known",
                condition=Q(voided_because__in=["", "statements", "time", "audience", "late", "withdrawn"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {date_format(localtime(self.made_at), 'j M Y, H:i')}"


@pghistory.track()
class Stop(models.Model):
    """Results that are not shown for now: of a session, of one preparation centre in it, or of one candidate.

    Whom it touches reads the notice, in their language, and nothing else. It ends when it is lifted, and
    stays on record.
    """

    session = models.ForeignKey(
        ExamSession, models.PROTECT, related_name="stops", verbose_name=_("exam session")
    )
    preparation_centre = models.ForeignKey(
        "centres.PreparationCentre",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stops",
        verbose_name=_("preparation centre"),
    )
    entry = models.ForeignKey(
        Entry, models.PROTECT, null=True, blank=True, related_name="stops", verbose_name=_("entry")
    )
    reason = models.CharField(_("reason"), max_length=LONGEST_REASON)
    notice_it = models.CharField(_("notice in Italian"), max_length=LONGEST_NOTICE)
    notice_en = models.CharField(_("notice in English"), max_length=LONGEST_NOTICE)
    started_at = models.DateTimeField(_("stopped since"), db_default=Now(), editable=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("stopped by"),
        editable=False,
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True, editable=False)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("lifted by"),
        editable=False,
    )

    class Meta:
        verbose_name = _("stop")
        verbose_name_plural = _("stops")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "preparation_centre", "entry"],
                name="stop_once",
                condition=Q(lifted_at=None),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="stop_has_one_scope", condition=Q(preparation_centre=None) | Q(entry=None)
            ),
            models.CheckConstraint(
                name="stop_has_words", condition=~Q(reason="") & ~Q(notice_it="") & ~Q(notice_en="")
            ),
            models.CheckConstraint(
                name="stop_lift_whole",
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.entry or self.preparation_centre or self.session)
