"""What the gate lets through: the only results that a public face may read.

Views, read-only (results/migrations/0007_gate.py): the statement that shows now, the versions of it
that were shown before, and the notice where a stop keeps it back. Each audience has its own.
"""

from datetime import datetime

from django.conf import settings
from django.db import models

from results.models.entries import Entry
from results.models.statements import Outcome


class OpenStatement(Outcome):
    """A statement that the gate lets through. reason: of a correction."""

    statement_id = models.BigIntegerField()
    version = models.PositiveSmallIntegerField()
    issued_at = models.DateTimeField()
    reason = models.CharField(max_length=200)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"entry {self.pk} v{self.version}"


class CandidateStatement(OpenStatement):
    """What candidates may see now; user is the one person who may see it."""

    entry = models.OneToOneField(Entry, models.DO_NOTHING, primary_key=True, related_name="open_to_candidate")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+")

    class Meta:
        managed = False
        db_table = "results_gate_candidates"


class CentreStatement(OpenStatement):
    """What preparation centres may see now; preparation_centre is the one that may see it."""

    entry = models.OneToOneField(Entry, models.DO_NOTHING, primary_key=True, related_name="open_to_centre")
    preparation_centre = models.ForeignKey("centres.PreparationCentre", models.DO_NOTHING, related_name="+")
    session = models.ForeignKey("results.ExamSession", models.DO_NOTHING, related_name="+")

    class Meta:
        managed = False
        db_table = "results_gate_centres"


class ShownVersion(OpenStatement):
    """A version of an open statement that was or is shown, the present one among them.

    shown_from: since when the audience could see it; reason: why it replaced the one before.
    """

    statement_id = models.BigIntegerField(primary_key=True)
    shown_from = models.DateTimeField()

    class Meta:
        abstract = True
        ordering = ["version"]


class CandidateVersion(ShownVersion):
    entry = models.ForeignKey(Entry, models.DO_NOTHING, related_name="versions_for_candidate")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+")

    class Meta(ShownVersion.Meta):
        managed = False
        db_table = "results_gate_versions_candidates"


class CentreVersion(ShownVersion):
    entry = models.ForeignKey(Entry, models.DO_NOTHING, related_name="versions_for_centre")
    preparation_centre = models.ForeignKey("centres.PreparationCentre", models.DO_NOTHING, related_name="+")

    class Meta(ShownVersion.Meta):
        managed = False
        db_table = "results_gate_versions_centres"


class VersionShown(ShownVersion):
    """A version that was the newest under an approval in effect, open now or not; for the exams office.

    was_shown: whether the audience (candidates or centres) could see it for a time that no stop covered.
    """

    entry = models.ForeignKey(Entry, models.DO_NOTHING, related_name="+")
    audience = models.CharField(max_length=10)
    was_shown = models.BooleanField()

    class Meta(ShownVersion.Meta):
        managed = False
        db_table = "results_shown"

    @property
    def created_at(self) -> datetime:
        """As a statement calls it."""
        return self.issued_at


class StopNotice(models.Model):
    """The notice that whoever may see an entry's result reads while it is stopped."""

    class Scope(models.TextChoices):
        SESSION = "session"
        CENTRE = "centre"
        CANDIDATE = "candidate"

    scope = models.CharField(max_length=10, choices=Scope)
    notice_it = models.TextField()
    notice_en = models.TextField()
    started_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.notice_en

    def notice(self, language: str) -> str:
        return self.notice_it if language == "it" else self.notice_en


class CandidateStop(StopNotice):
    entry = models.OneToOneField(
        Entry, models.DO_NOTHING, primary_key=True, related_name="stop_for_candidate"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+")

    class Meta:
        managed = False
        db_table = "results_stops_candidates"


class CentreStop(StopNotice):
    entry = models.OneToOneField(Entry, models.DO_NOTHING, primary_key=True, related_name="stop_for_centre")
    preparation_centre = models.ForeignKey("centres.PreparationCentre", models.DO_NOTHING, related_name="+")
    session = models.ForeignKey("results.ExamSession", models.DO_NOTHING, related_name="+")

    class Meta:
        managed = False
        db_table = "results_stops_centres"


class Visible(models.Model):
    """Which statement shows now, to whom: the gate without its marks, for mails.

    audience: candidates or centres; corrects: whether the audience has seen another version before.
    """

    statement_id = models.BigIntegerField(primary_key=True)
    audience = models.CharField(max_length=10)
    entry = models.ForeignKey(Entry, models.DO_NOTHING, related_name="+")
    session = models.ForeignKey("results.ExamSession", models.DO_NOTHING, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, related_name="+")
    preparation_centre = models.ForeignKey(
        "centres.PreparationCentre", models.DO_NOTHING, null=True, related_name="+"
    )
    version = models.PositiveSmallIntegerField()
    corrects = models.BooleanField()

    class Meta:
        managed = False
        db_table = "results_visible"

    def __str__(self) -> str:
        return f"entry {self.entry_id} v{self.version} to {self.audience}"
