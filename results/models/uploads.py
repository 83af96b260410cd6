"""Files that were given to the exams office's pages to be loaded: the record of who loaded which file."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.acting import LONGEST_REASON
from results.models.sessions import ExamSession

LARGEST_FILE = 30_000_000  # bytes: six times 100,000 results as CSV
LONGEST_FILE_NAME = 200  # characters


class UploadQuerySet(models.QuerySet):
    def with_people(self) -> "UploadQuerySet":
        return self.select_related("session", "uploaded_by", "confirmed_by")


class UploadManager(models.Manager.from_queryset(UploadQuerySet)):
    """Leaves the content of the files where it lies."""

    def get_queryset(self):
        return super().get_queryset().defer("content")


@pghistory.track(exclude=["content", "progress", "report", "started_at"])
@pgtrigger.register(
    pgtrigger.Trigger(
        name="content_as_named",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("content"),
        func=pgtrigger.Func(
            """
            IF NEW.content IS NOT NULL AND (
                octet_length(NEW.content) <> NEW.size OR encode(sha256(NEW.content), 'hex') <> NEW.sha256
            ) THEN
                RAISE EXCEPTION 'the content is not the file that was named'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'upload_content_as_named';
            END IF;
            RETURN NEW;
            """
        ),
    ),
    pgtrigger.Protect(
        name="ended_stays",
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(old__state__in=["refused", "loaded", "failed", "cancelled"]),
    ),
    pgtrigger.Protect(name="stays_on_record", operation=pgtrigger.Delete),
)
class Upload(models.Model):
    """A file of a session, from choosing it to what became of it (results/uploading.py moves it on).

    kind: of results.uploading.KINDS. content: the file, until it is loaded, refused, cancelled or a day
    old; never in a folder. progress: percent of the file that is read, in the present step. report: what
    the check or the load found, as results.uploading writes it, without any Secret Number.
    """

    class State(models.TextChoices):
        CHECKING = "checking", _("is being checked")
        CHECKED = "checked", _("checked, not loaded yet")
        LOADING = "loading", _("is being loaded")
        LOADED = "loaded", _("loaded and stored")
        REFUSED = "refused", _("refused: the file has faults")
        FAILED = "failed", _("failed: nothing was stored")
        CANCELLED = "cancelled", _("cancelled")

    class Trouble(models.TextChoices):
        """Why it ended without a word about the file."""

        BROKEN_OFF = "broken_off", _("It was broken off; nothing was stored. Load it again.")
        ERROR = "error", _("The portal could not load it; nothing was stored. Load it again.")
        EXPIRED = "expired", _("Nobody loaded it within a day; the file was erased.")

    RUNNING = (State.CHECKING, State.LOADING)

    session = models.ForeignKey(
        ExamSession, models.PROTECT, related_name="uploads", verbose_name=_("exam session")
    )
    kind = models.CharField(_("kind of file"), max_length=20)
    name = models.CharField(_("file"), max_length=LONGEST_FILE_NAME)
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    content = models.BinaryField(null=True)
    reason = models.CharField(
        _("reason"),
        max_length=LONGEST_REASON,
        blank=True,
        help_text=_("Why published results are corrected. Candidates and preparation centres read this."),
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.CHECKING)
    trouble = models.CharField(_("trouble"), max_length=10, choices=Trouble, blank=True)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)
    report = models.JSONField(_("report"), default=dict)
    added = models.PositiveIntegerField(_("rows added"), null=True)
    changed = models.PositiveIntegerField(_("rows changed"), null=True)
    unchanged = models.PositiveIntegerField(_("rows unchanged"), null=True)
    corrected = models.PositiveIntegerField(_("published results corrected"), null=True)
    uploaded_at = models.DateTimeField(_("chosen"), db_default=Now())
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("chosen by")
    )
    # Of the job at work: empty while it waits for its turn.
    started_at = models.DateTimeField(_("started"), null=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = UploadManager()

    class Meta:
        verbose_name = _("loaded file")
        verbose_name_plural = _("loaded files")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="upload_kind_plain", condition=Q(kind__regex=r"^[a-z]+$")),
            models.CheckConstraint(
                name="upload_state_known",
                condition=Q(
                    state__in=[
                        "checking",
                        "checked",
                        "loading",
                        "loaded",
                        "refused",
                        "failed",
                        "cancelled",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="upload_trouble_known",
                condition=Q(trouble="")
                | Q(state="failed", trouble__in=["broken_off", "error"])
                | Q(state="cancelled", trouble="expired"),
            ),
            models.CheckConstraint(
                name="upload_failure_has_trouble", condition=~Q(state="failed") | ~Q(trouble="")
            ),
            models.CheckConstraint(name="upload_sha256_form", condition=Q(sha256__regex=r"^[0-9a-f]{64}$")),
            models.CheckConstraint(name="upload_size_allowed", condition=Q(size__lte=LARGEST_FILE)),
            models.CheckConstraint(name="upload_progress_percent", condition=Q(progress__lte=100)),
            models.CheckConstraint(
                name="upload_content_until_the_end",
                condition=Q(state__in=["checking", "checked", "loading"], content__isnull=False)
                | Q(state__in=["loaded", "refused", "failed", "cancelled"], content=None),
            ),
            models.CheckConstraint(
                name="upload_end_has_time",
                condition=Q(state__in=["checking", "checked", "loading"], finished_at=None)
                | Q(state__in=["loaded", "refused", "failed", "cancelled"], finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="upload_confirmed_by_somebody",
                condition=Q(confirmed_at=None, confirmed_by=None)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="upload_loads_what_was_confirmed",
                condition=~Q(state__in=["loading", "loaded"]) | Q(confirmed_by__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["session"], name="upload_one_loads", condition=Q(state="loading")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_running(self) -> bool:
        return self.state in self.RUNNING
