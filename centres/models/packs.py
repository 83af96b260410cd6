"""Packs: all statements of a centre's students in a session in one file, made by a job."""

from datetime import timedelta

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from centres.models.people import PreparationCentre
from results.models import ExamSession

# Also in the view centres_packs_current (centres/migrations/0003_packs.py). Long enough for a lunch break.
KEPT_FOR = timedelta(hours=2)


@pghistory.track(exclude=["started_at", "total", "done", "entries", "statements"])
class Pack(models.Model):
    """A pack, from asking for it to its end (centres/packing.py moves it on).

    total, done: statements to set, and set so far. entries, statements: which ones the file holds, pair by
    pair; the database gives the file out while the gate shows the centre exactly these (CurrentPack).
    """

    class Kind(models.TextChoices):
        SINGLE = "zip", _("A zip file with a signed PDF for each student")
        TOGETHER = "pdf", _("One PDF with all students, for printing")

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for its turn")
        MAKING = "making", _("is being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("not made")
        ERASED = "erased", _("erased")

    class Trouble(models.TextChoices):
        """Why it was not made."""

        BROKEN_OFF = "broken_off", _("The work was broken off. Ask for the file again.")
        ERROR = "error", _("The portal could not make the file. Ask for it again, or tell the exams office.")
        NOTHING = "nothing", _("No results of your students can be seen in this session now.")

    RUNNING = (State.WAITING, State.MAKING)

    centre = models.ForeignKey(PreparationCentre, models.CASCADE, related_name="packs")
    session = models.ForeignKey(ExamSession, models.CASCADE, related_name="+")
    kind = models.CharField(_("file"), max_length=3, choices=Kind)
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=7, choices=State, default=State.WAITING, db_default=State.WAITING)
    trouble = models.CharField(max_length=10, choices=Trouble, blank=True, default="", db_default="")
    total = models.PositiveIntegerField(default=0, db_default=0)
    done = models.PositiveIntegerField(default=0, db_default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    size = models.PositiveBigIntegerField(null=True)  # bytes
    # A zip where one PDF would be too long for a printer and for this server's memory.
    is_zip = models.BooleanField(null=True)
    entries = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    statements = ArrayField(models.BigIntegerField(), default=list, db_default=[])

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="pack_kind_known", condition=Q(kind__in=["zip", "pdf"])),
            models.CheckConstraint(name="pack_language_known", condition=Q(language__in=["it", "en"])),
            models.CheckConstraint(
                name="pack_state_known",
                condition=Q(state__in=["waiting", "making", "ready", "failed", "erased"]),
            ),
            models.CheckConstraint(
                name="pack_failure_has_trouble",
                condition=Q(state="failed", trouble__in=["broken_off", "error", "nothing"])
                | (~Q(state="failed") & Q(trouble="")),
            ),
            models.CheckConstraint(
                name="pack_end_has_time",
                condition=Q(state__in=["waiting", "making"], finished_at=None)
                | Q(state__in=["ready", "failed", "erased"], finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="pack_ready_holds_something",
                condition=~Q(state="ready")
                | Q(size__gt=0, is_zip__isnull=False, statements__len__gt=0, entries__len__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.centre_id} {self.session_id} {self.kind} {self.language}"

    @property
    def is_running(self) -> bool:
        return self.state in self.RUNNING


class PackPart(models.Model):
    """A piece of a pack's file, in order; the public face reads it through PackContent alone."""

    pack = models.ForeignKey(Pack, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pack", "number"], name="pack_part_once")]

    def __str__(self) -> str:
        return f"{self.pack_id}, {self.number}"


class CurrentPack(models.Model):
    """A pack whose every statement is what the gate shows its centre at this moment; a view."""

    pack = models.OneToOneField(Pack, models.DO_NOTHING, primary_key=True, related_name="current")
    centre = models.ForeignKey(PreparationCentre, models.DO_NOTHING, related_name="+")

    class Meta:
        managed = False
        db_table = "centres_packs_current"

    def __str__(self) -> str:
        return str(self.pack_id)


class PackContent(models.Model):
    """The pieces of those packs; a view."""

    part = models.OneToOneField(PackPart, models.DO_NOTHING, primary_key=True, related_name="+")
    pack = models.ForeignKey(Pack, models.DO_NOTHING, related_name="+")
    centre = models.ForeignKey(PreparationCentre, models.DO_NOTHING, related_name="+")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        managed = False
        db_table = "centres_packs_content"

    def __str__(self) -> str:
        return str(self.part_id)
