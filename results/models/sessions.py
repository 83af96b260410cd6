"""Exam sessions: one exam on one date at one place."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from results.exams import EXAM_CHOICES, EXAMS, Exam


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
