"""Exam sessions, entries, statements, releases, and what the gate lets through.

Only the two gate models at the end may be read by a public face: they map the views of
results/migrations/0002_gate.py, which hold the one rule of what is visible to whom and when.
"""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from results.exams import CEFR_LEVELS, EXAM_CHOICES, EXAMS, Exam, Skill

SCALE = (80, 230)  # lowest and highest points that any exam reports


@pghistory.track()
class ExamSession(models.Model):
    """One exam on one date at one place; its candidates' results are released together."""

    code = models.CharField(
        _("code"),
        max_length=30,
        unique=True,
        help_text=_("Letters, digits, dots and hyphens, such as B2F-2026-06."),
    )
    exam = models.CharField(_("exam"), max_length=4, choices=EXAM_CHOICES)
    title = models.CharField(
        _("title"), max_length=80, help_text=_("As on the Statement of Results: “June 2026”.")
    )
    exam_date = models.DateField(_("exam date"))
    place = models.CharField(_("place of entry"), max_length=80)
    letter = models.CharField(
        _("session letter"),
        max_length=1,
        help_text=_("Third character of the reference numbers (A for January)."),
    )

    class Meta:
        verbose_name = _("exam session")
        verbose_name_plural = _("exam sessions")
        ordering = ["-exam_date", "code"]
        constraints = [
            models.CheckConstraint(name="session_exam_known", condition=Q(exam__in=list(EXAMS))),
            models.CheckConstraint(
                name="session_code_plain",
                condition=Q(code__regex=r"^[A-Za-z0-9][A-Za-z0-9.-]*$"),
                violation_error_message=_("Use letters, digits, dots and hyphens."),
            ),
            models.CheckConstraint(
                name="session_letter_is_one",
                condition=Q(letter__regex=r"^[A-Z0-9]$"),
                violation_error_message=_("Use one capital letter or digit."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.get_exam_display()}, {self.title})"

    @property
    def exam_facts(self) -> Exam:
        return EXAMS[self.exam]


@pghistory.track()
@pgtrigger.register(
    pgtrigger.Trigger(
        name="new_time_voids_approval",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.AnyChange("opens_at", "centres_open_at"),
        func="NEW.approved_through = NULL; NEW.approved_at = NULL; NEW.approved_by_id = NULL; RETURN NEW;",
    )
)
class Release(models.Model):
    """When and whether a session's results are shown.

    approved_through is the highest statement id that an approval covered: what was loaded later waits for
    the next one, while what was approved stays visible. Nobody flips a flag at the hour; the gate compares
    opens_at with the database's clock.
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
    approved_at = models.DateTimeField(_("approved"), null=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("approved by"),
    )
    stopped_at = models.DateTimeField(_("stopped"), null=True, editable=False)
    stop_reason = models.CharField(_("reason for the stop"), max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        constraints = [
            models.CheckConstraint(
                name="release_approval_whole",
                condition=Q(approved_through=None, approved_at=None, approved_by=None)
                | Q(approved_through__isnull=False, approved_at__isnull=False, approved_by__isnull=False),
            ),
            models.CheckConstraint(
                name="release_stop_has_reason",
                condition=Q(stopped_at=None, stop_reason="")
                | (Q(stopped_at__isnull=False) & ~Q(stop_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.session)


class EntryQuerySet(models.QuerySet):
    """Entries with the columns that a role may read (results_portal/roles.py); others are not asked for."""

    def for_candidates(self) -> "EntryQuerySet":
        """With session and opening time, for the candidates' face."""
        return self.for_mails().only(*_FOR_MAILS, "date_of_birth")

    def for_mails(self) -> "EntryQuerySet":
        """With session and opening time, for the worker."""
        return self.select_related("session__release").only(*_FOR_MAILS)


_FOR_MAILS = (
    "id_number",
    "candidate_number",
    "family_name",
    "given_names",
    "user_id",
    *(f"session__{name}" for name in ("code", "exam", "title", "exam_date", "place", "letter")),
    *(f"session__release__{name}" for name in ("session_id", "opens_at", "centres_open_at", "stopped_at")),
)


@pghistory.track(exclude=["secret_digest"])
@pgtrigger.register(
    pgtrigger.Protect(
        name="claimed_once",
        operation=pgtrigger.Update,
        condition=pgtrigger.Q(
            old__user__isnull=False, new__user__isnull=False, old__user__df=pgtrigger.F("new__user")
        ),
    ),
    pgtrigger.Protect(
        name="registered_stays",
        operation=pgtrigger.Delete,
        condition=pgtrigger.Q(old__user__isnull=False),
    ),
)
class Entry(models.Model):
    """A candidate's entry for a session, as on the slip; user is who registered with it."""

    session = models.ForeignKey(
        ExamSession, models.PROTECT, related_name="entries", verbose_name=_("exam session")
    )
    id_number = models.CharField(_("ID Number"), max_length=14, unique=True)
    secret_digest = models.CharField(max_length=64, editable=False)
    candidate_number = models.CharField(_("candidate number"), max_length=6)
    family_name = models.CharField(_("family name"), max_length=80)
    given_names = models.CharField(_("given names"), max_length=80)
    date_of_birth = models.DateField(_("date of birth"))
    preparation_centre = models.ForeignKey(
        "centres.PreparationCentre",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="entries",
        verbose_name=_("preparation centre"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="entries",
        verbose_name=_("account"),
    )
    held_back = models.BooleanField(_("held back"), default=False, editable=False)
    hold_reason = models.CharField(_("reason for holding back"), max_length=200, blank=True, editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
            # Checked when a statement ends: two candidates may exchange their numbers.
            models.UniqueConstraint(
                fields=["session", "candidate_number"],
                name="entry_candidate_number_once",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                name="entry_id_number_form", condition=Q(id_number__regex=r"^[A-Z]{1,5}[0-9]{4,9}$")
            ),
            models.CheckConstraint(
                name="entry_candidate_number_form", condition=Q(candidate_number__regex=r"^[0-9]{4,6}$")
            ),
            models.CheckConstraint(
                name="entry_secret_is_digest",
                condition=Q(secret_digest__regex=r"^[0-9a-f]{64}$"),  # noqa: S106
            ),
            models.CheckConstraint(
                name="entry_hold_has_reason",
                condition=Q(held_back=False, hold_reason="") | (Q(held_back=True) & ~Q(hold_reason="")),
            ),
            models.CheckConstraint(name="entry_has_names", condition=~Q(family_name="") & ~Q(given_names="")),
        ]

    def __str__(self) -> str:
        return f"{self.id_number} {self.name}"

    @property
    def name(self) -> str:
        return f"{self.given_names} {self.family_name}"

    @property
    def reference_number(self) -> str:
        """Year (2), session (1), centre (5), candidate (4), as on the board's statements: 15BGB9615003."""
        session = self.session
        centre = settings.AUTHORISED_CENTRE["number"]
        return f"{session.exam_date:%y}{session.letter}{centre}{self.candidate_number}"


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

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
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


class OpenStatement(Outcome):
    """A statement that the gate lets through; read-only, a view."""

    statement_id = models.BigIntegerField()
    version = models.PositiveSmallIntegerField()
    issued_at = models.DateTimeField()

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

    class Meta:
        managed = False
        db_table = "results_gate_centres"
