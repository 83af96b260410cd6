"""Slips: which were issued, and which candidates have lost. No Secret Number is in here."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.acting import LONGEST_REASON
from results.models.entries import Entry


@pghistory.track(pghistory.InsertEvent())
@pgtrigger.register(pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete))
class SlipIssue(models.Model):
    """A Secret Number that was issued to an entry, and printed on a slip; never the number.

    batch: shared by the slips of one file. reason: why an entry that had a number got another.
    """

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="slip_issues", verbose_name=_("entry"))
    issued_at = models.DateTimeField(_("issued"), db_default=Now())
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("issued by")
    )
    reason = models.CharField(_("reason"), max_length=LONGEST_REASON, blank=True)
    batch = models.UUIDField(_("file"), db_index=True)

    class Meta:
        verbose_name = _("issued slip")
        verbose_name_plural = _("issued slips")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "batch"], name="slip_once_a_file"),
        ]

    def __str__(self) -> str:
        return str(self.entry)


# Tracked is what the exams office does; what the person wrote stands once.
@pghistory.track(fields=["state", "note", "answered_at", "answered_by"], model_name="LostSlipEvent")
class LostSlip(models.Model):
    """A candidate who asks, on their site and in their own words, for a slip in place of a lost one."""

    class State(models.TextChoices):
        OPEN = "open", _("to be answered")
        DONE = "done", _("done")
        COULD_NOT = "could_not", _("could not help")

    name = models.CharField(_("name"), max_length=160)
    date_of_birth = models.DateField(_("date of birth"))
    school = models.CharField(_("school"), max_length=120, blank=True)
    exam = models.CharField(_("exam and date"), max_length=160)
    email = models.EmailField(_("e-mail address"))
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    message = models.CharField(_("message"), max_length=1000, blank=True)
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    state = models.CharField(_("state"), max_length=9, choices=State, db_default=State.OPEN)
    note = models.CharField(_("note"), max_length=LONGEST_REASON, blank=True, db_default="")
    answered_at = models.DateTimeField(_("answered"), null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("answered by")
    )

    class Meta:
        verbose_name = _("lost slip")
        verbose_name_plural = _("lost slips")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="lost_slip_answer_whole",
                condition=Q(state="open", note="", answered_at=None, answered_by=None)
                | (
                    Q(state__in=["done", "could_not"], answered_at__isnull=False, answered_by__isnull=False)
                    & ~Q(note="")
                ),
            ),
            models.CheckConstraint(name="lost_slip_has_words", condition=~Q(name="") & ~Q(exam="")),
        ]

    def __str__(self) -> str:
        return self.name
