"""What else is held about candidates, as they may read it.

Views, read-only (results/migrations/0017_my_data.py).
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from results.models.entries import Entry
from results.models.mails import Mail


class CandidateRecord(models.Model):
    """What the exams office holds of an entry beside what is on the slip.

    school: the name of the preparation centre; email: the entry's own address, for reminders.
    """

    entry = models.OneToOneField(Entry, models.DO_NOTHING, primary_key=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+")
    school = models.CharField(max_length=200)
    email = models.EmailField()
    registered_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "results_records_candidates"

    def __str__(self) -> str:
        return f"entry {self.pk}"


class CandidateLook(models.Model):
    """Who has opened an entry's result; nothing while the gate lets nothing through.

    name: of the school, else empty: no person of the office or a school is named. last_at: null for who opens
    once a row.
    """

    class Who(models.TextChoices):
        YOU = "you", _("you")
        OFFICE = "office", _("exams office")
        SCHOOL = "school", _("preparation centre")

    key = models.CharField(primary_key=True, max_length=50)
    entry = models.ForeignKey(Entry, models.DO_NOTHING, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+")
    who = models.CharField(max_length=6, choices=Who)
    name = models.CharField(max_length=200)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "results_looks_candidates"
        ordering = ["first_at", "key"]

    def __str__(self) -> str:
        return f"{self.key} {self.first_at}"


class CandidateMail(models.Model):
    """A mail about an entry's result or session that was sent to the account's address."""

    entry = models.ForeignKey(Entry, models.DO_NOTHING, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+")
    kind = models.CharField(max_length=10, choices=Mail.Kind)
    sent_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "results_mails_candidates"
        ordering = ["sent_at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.sent_at}"


class CandidateSlip(models.Model):
    """A slip that was made for an entry: when. The Secret Number is in no table."""

    entry = models.ForeignKey(Entry, models.DO_NOTHING, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+")
    issued_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "results_slips_candidates"
        ordering = ["issued_at", "pk"]

    def __str__(self) -> str:
        return f"entry {self.entry_id} {self.issued_at}"
