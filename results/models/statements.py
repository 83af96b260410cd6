"""Statements: what an entry has achieved, as versions that nobody changes."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from results.exams import CEFR_LEVELS, Skill
from results.models.entries import Entry

SCALE = (80, 230)  # lowest and highest points that any exam reports


class Status(models.TextChoices):
    """What a statement reports: a result, or the board's code in its place."""

    RESULT = "result", _("Result")
    X = "X", _("X – absent from part of the exam")
    Z = "Z", _("Z – absent from all parts of the exam")
    PENDING = "pending", _("Pending")
    WITHHELD = "withheld", _("Withheld")


class Result(models.TextChoices):
    """The result that an overall score earns."""

    A = "A", _("Pass at Grade A")
    B = "B", _("Pass at Grade B")
    C = "C", _("Pass at Grade C")
    LEVEL = "LEVEL", _("Level below")
    NONE = "NONE", _("No result")


class Outcome(models.Model):
    """The columns of a result, in points of the Cambridge English Scale or in shields."""

    status = models.CharField(_("status"), max_length=8, choices=Status)
    overall = models.PositiveSmallIntegerField(_("overall score"), null=True)
    result = models.CharField(_("result"), max_length=5, choices=Result, blank=True)
    cefr = models.CharField(_("CEFR level"), max_length=2, blank=True)
    reading = models.PositiveSmallIntegerField(_("Reading"), null=True)
    use_of_english = models.PositiveSmallIntegerField(_("Use of English"), null=True)
    writing = models.PositiveSmallIntegerField(_("Writing"), null=True)
    listening = models.PositiveSmallIntegerField(_("Listening"), null=True)
    speaking = models.PositiveSmallIntegerField(_("Speaking"), null=True)
    reading_and_writing = models.PositiveSmallIntegerField(_("Reading and Writing"), null=True)

    class Meta:
        abstract = True

    def score(self, skill: Skill) -> int | None:
        return getattr(self, skill.value)


def _nothing_scored() -> Q:
    return Q(overall=None, result="", cefr="", **{skill.value: None for skill in Skill})


@pgtrigger.register(pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete))
class Statement(Outcome):
    """One version of an entry's result; never changed: a correction is a new version with a reason."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="statements", verbose_name=_("entry"))
    version = models.PositiveSmallIntegerField(_("version"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("loaded by")
    )

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        permissions = [
            ("correct_statement", "Can correct statements"),
            ("see_result", "Can look at a candidate's result"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["entry", "version"], name="statement_version_once"),
            models.CheckConstraint(name="statement_version_counts", condition=Q(version__gte=1)),
            models.CheckConstraint(name="statement_status_known", condition=Q(status__in=Status.values)),
            models.CheckConstraint(
                name="statement_result_known", condition=Q(result__in=["", *Result.values])
            ),
            models.CheckConstraint(name="statement_cefr_known", condition=Q(cefr__in=["", *CEFR_LEVELS])),
            models.CheckConstraint(
                name="statement_scores_on_scale",
                condition=(Q(overall=None) | Q(overall__range=SCALE))
                & Q(
                    *[
                        Q(**{skill.value: None}) | Q(**{f"{skill.value}__range": (1, SCALE[1])})
                        for skill in Skill
                    ]
                ),
            ),
            models.CheckConstraint(
                name="statement_code_has_no_score", condition=Q(status=Status.RESULT) | _nothing_scored()
            ),
            models.CheckConstraint(
                name="statement_result_has_speaking",
                condition=~Q(status=Status.RESULT) | Q(speaking__isnull=False),
            ),
            models.CheckConstraint(
                name="statement_overall_has_result",
                condition=(Q(overall=None) & Q(result="")) | (Q(overall__isnull=False) & ~Q(result="")),
            ),
            models.CheckConstraint(
                name="statement_correction_has_reason", condition=Q(version=1) | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry} v{self.version}"
