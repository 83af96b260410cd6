"""Which statements their candidates have seen."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from results.models.entries import Entry
from results.models.statements import Statement


class Seen(models.Model):
    """The candidate's own page has shown this statement; never changed.

    Written by the function results_mark_seen alone (results/migrations/0011_help_desk.py), which asks the
    gate: what does not show cannot be marked.
    """

    statement = models.OneToOneField(Statement, models.PROTECT, primary_key=True, related_name="seen")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="seen")
    first_seen_at = models.DateTimeField(_("first seen"), db_default=Now())

    def __str__(self) -> str:
        return f"{self.statement_id} {self.first_seen_at}"
