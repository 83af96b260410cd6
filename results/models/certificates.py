"""Certificates: on their way, at the exams office, or collected."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from results.models.entries import Entry


@pghistory.track()
class Certificate(models.Model):
    """Where an entry's certificate is. The row is made when there is something to say: none means expected.

    collected_by: the name of the person who signed for it.
    """

    class State(models.TextChoices):
        EXPECTED = "expected", _("expected")
        AT_CENTRE = "at_centre", _("at the exams office")
        COLLECTED = "collected", _("collected")

    entry = models.OneToOneField(
        Entry, models.PROTECT, related_name="certificate", verbose_name=_("entry"), editable=False
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.EXPECTED)
    arrived_on = models.DateField(_("arrived on"), null=True, blank=True)
    collected_on = models.DateField(_("collected on"), null=True, blank=True)
    collected_by = models.CharField(_("collected by"), max_length=120, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        constraints = [
            models.CheckConstraint(
                name="certificate_state_whole",
                condition=Q(state="expected", arrived_on=None, collected_on=None, collected_by="")
                | Q(state="at_centre", arrived_on__isnull=False, collected_on=None, collected_by="")
                | Q(state="collected", collected_on__isnull=False) & ~Q(collected_by=""),
            ),
            models.CheckConstraint(
                name="certificate_arrives_first",
                condition=Q(arrived_on=None) | Q(collected_on=None) | Q(arrived_on__lte=F("collected_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry}: {self.get_state_display()}"


class CertificateEntry(Entry):
    """An entry as the list of certificates shows it, also where nothing is stored of its certificate yet."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")


class CandidateCertificate(models.Model):
    """What a candidate may know of the certificate: nothing before the gate lets the result through.

    A view, read-only (results/migrations/0011_help_desk.py): one row where the result earns a
    certificate, or one has come.
    """

    entry = models.OneToOneField(
        Entry, models.DO_NOTHING, primary_key=True, related_name="certificate_for_candidate"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+")
    state = models.CharField(max_length=9, choices=Certificate.State)
    arrived_on = models.DateField(null=True)
    collected_on = models.DateField(null=True)
    collected_by = models.CharField(max_length=120)

    class Meta:
        managed = False
        db_table = "results_certificates_candidates"

    def __str__(self) -> str:
        return f"entry {self.pk}: {self.state}"
