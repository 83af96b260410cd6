"""Preparation material: what teachers download, how often, and since when it is new to somebody."""

from pathlib import PurePath
from uuid import uuid4

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Greatest, Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from centres.models.people import PreparationCentre
from results.exams import EXAM_CHOICES, SKILL_LABELS, Skill

# Bytes: what the source document asks for. An hour of listening as MP3 is 60 MB, ten minutes of video 150.
LARGEST_FILE = 200_000_000
LONGEST_FILE_NAME = 150  # characters

SKILL_CHOICES = [(skill.value, label) for skill, label in SKILL_LABELS.items()]


class Kind(models.TextChoices):
    SAMPLE_PAPER = "sample_paper", _("Sample paper")
    ANSWER_KEY = "answer_key", _("Answer key")
    AUDIO = "audio", _("Audio")
    VIDEO = "video", _("Video")
    LESSON = "lesson", _("Lesson plan or worksheet")
    HANDBOOK = "handbook", _("Handbook")
    OTHER = "other", _("Other")


class MaterialQuerySet(models.QuerySet):
    def published(self) -> "MaterialQuerySet":
        """What preparation centres may see; the database asks the same of their role.

        Newest first, with fresh_at: since when a centre can have it as it is.
        """
        return (
            self.filter(published_at__lte=Now())
            .defer("uploaded_by")  # not for the centres' role
            .annotate(fresh_at=Greatest("published_at", "uploaded_at"))
            .order_by("-fresh_at", "-pk")
        )

    def with_downloads(self) -> "MaterialQuerySet":
        """With downloads: how often it was downloaded."""
        counted = Download.objects.filter(material=models.OuterRef("pk")).order_by().values("material")
        total = counted.annotate(total=models.Sum("count")).values("total")
        return self.annotate(downloads=Coalesce(models.Subquery(total), 0))


@pghistory.track(exclude=["public_id", "stored_name"])
class Material(models.Model):
    """A file for the preparation centres, with what stands beside it (centres/shelving.py keeps it).

    exams: codes of results.exams.EXAMS, one or more. skills: none for the whole exam. published_at: since
    when centres see it, or None. stored_name: of the file (centres/storing.py); file_name: its own, under
    which it is downloaded. uploaded_at: when this version of the file came in.
    """

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    title_it = models.CharField(_("title in Italian"), max_length=120)
    title_en = models.CharField(_("title in English"), max_length=120)
    description_it = models.TextField(_("description in Italian"), max_length=2000, blank=True)
    description_en = models.TextField(_("description in English"), max_length=2000, blank=True)
    exams = ArrayField(models.CharField(max_length=10, choices=EXAM_CHOICES), verbose_name=_("exams"))
    skills = ArrayField(
        models.CharField(max_length=20, choices=SKILL_CHOICES),
        verbose_name=_("skills"),
        blank=True,
        default=list,
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    stored_name = models.CharField(max_length=32, unique=True, editable=False)
    file_name = models.CharField(_("name of the file"), max_length=LONGEST_FILE_NAME, editable=False)
    size = models.PositiveIntegerField(_("size in bytes"), editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    media_type = models.CharField(_("type"), max_length=100, editable=False)
    uploaded_at = models.DateTimeField(_("uploaded"), db_default=Now(), editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("uploaded by"),
        editable=False,
    )

    objects = MaterialQuerySet.as_manager()

    class Meta:
        verbose_name = _("preparation material")
        verbose_name_plural = _("preparation material")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="material_titles_in_both", condition=~Q(title_it="") & ~Q(title_en="")
            ),
            models.CheckConstraint(
                name="material_description_in_both_or_none",
                condition=Q(description_it="", description_en="")
                | (~Q(description_it="") & ~Q(description_en="")),
                violation_error_message=_("Write the description in both languages, or in neither."),
            ),
            models.CheckConstraint(
                name="material_exams_known",
                condition=Q(exams__contained_by=[code for code, _name in EXAM_CHOICES], exams__len__gt=0),
            ),
            models.CheckConstraint(
                name="material_skills_known", condition=Q(skills__contained_by=[each.value for each in Skill])
            ),
            models.CheckConstraint(name="material_kind_known", condition=Q(kind__in=Kind.values)),
            models.CheckConstraint(
                name="material_stored_name_form", condition=Q(stored_name__regex=r"^[0-9a-f]{32}$")
            ),
            models.CheckConstraint(
                name="material_file_name_plain",
                condition=~Q(file_name="") & ~Q(file_name__regex=r"[/\\[:cntrl:]]"),
            ),
            models.CheckConstraint(
                name="material_size_allowed", condition=Q(size__gt=0, size__lte=LARGEST_FILE)
            ),
            models.CheckConstraint(name="material_sha256_form", condition=Q(sha256__regex=r"^[0-9a-f]{64}$")),
            models.CheckConstraint(
                name="material_media_type_form", condition=Q(media_type__regex=r"^[a-z]+/[a-z0-9.+-]+$")
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return self.title_it if get_language() == "it" else self.title_en

    @property
    def description(self) -> str:
        return self.description_it if get_language() == "it" else self.description_en

    @property
    def exam_links(self) -> list[tuple[str, str]]:
        """Code and name of each exam."""
        names = dict(EXAM_CHOICES)
        return [(code, names[code]) for code in self.exams]

    @property
    def exam_names(self) -> list[str]:
        return [name for _code, name in self.exam_links]

    @property
    def skill_labels(self) -> list[str]:
        return [SKILL_LABELS[Skill(skill)] for skill in self.skills]

    @property
    def format(self) -> str:
        """As people say it: “PDF”. The name of a file agrees with what it holds (centres/media.py)."""
        return PurePath(self.file_name).suffix.removeprefix(".").upper()


class Download(models.Model):
    """How often the people of a centre downloaded a material on a day; nothing about who."""

    material = models.ForeignKey(Material, models.CASCADE, related_name="+", verbose_name=_("material"))
    centre = models.ForeignKey(
        PreparationCentre, models.CASCADE, related_name="+", verbose_name=_("preparation centre")
    )
    day = models.DateField(_("day"))
    count = models.PositiveIntegerField(_("downloads"))

    class Meta:
        verbose_name = _("downloads of a day")
        verbose_name_plural = _("downloads of a day")
        constraints = [
            models.UniqueConstraint(fields=["material", "centre", "day"], name="download_one_row_a_day"),
            models.CheckConstraint(name="download_counts_up", condition=Q(count__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.material_id}, {self.day}: {self.count}"


class MaterialVisit(models.Model):
    """When a person last looked through the material: what came since the visit before is new to them.

    before_at: when the visit before this one ended; None during the first.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    before_at = models.DateTimeField(null=True)
    latest_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.latest_at}"
