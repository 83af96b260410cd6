"""Questions of a preparation centre about a student of a session, and the exams office's answers."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from centres.models.people import PreparationCentre
from results.models import Entry, ExamSession

LONGEST_TEXT = 1000  # characters


# Tracked is what the exams office does; what the person wrote stands once.
@pghistory.track(
    fields=["centre", "session", "kind", "entry", "state", "answer", "answered_at", "answered_by"],
    model_name="StudentQuestionEvent",
)
class StudentQuestion(models.Model):
    """One student whom a centre does not know, or misses; it waits for the exams office's answer.

    name, date_of_birth and id_number stand as the centre knew or typed them: of a student who is not theirs
    the name is kept, so that the question can be read after the entry has moved or changed its name. entry
    is empty for a missing student, and for an entry that is gone. The database checks what is asked
    (centres/migrations/0004_questions.py).
    """

    class Kind(models.TextChoices):
        NOT_OURS = "not_ours", _("not our student")
        MISSING = "missing", _("a student is missing")

    class State(models.TextChoices):
        OPEN = "open", _("to be answered")
        ANSWERED = "answered", _("closed")

    centre = models.ForeignKey(
        PreparationCentre, models.PROTECT, related_name="questions", verbose_name=_("preparation centre")
    )
    session = models.ForeignKey(ExamSession, models.PROTECT, related_name="+", verbose_name=_("exam session"))
    kind = models.CharField(_("question"), max_length=8, choices=Kind)
    entry = models.ForeignKey(
        Entry, models.SET_NULL, null=True, related_name="questions", verbose_name=_("entry")
    )
    name = models.CharField(_("student"), max_length=161)
    date_of_birth = models.DateField(_("date of birth"), null=True)
    id_number = models.CharField(_("ID Number"), max_length=20, blank=True)
    message = models.CharField(_("message"), max_length=LONGEST_TEXT, blank=True)
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("asked by")
    )
    state = models.CharField(_("state"), max_length=8, choices=State, db_default=State.OPEN)
    answer = models.CharField(_("answer"), max_length=LONGEST_TEXT, blank=True, db_default="")
    answered_at = models.DateTimeField(_("answered"), null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("answered by")
    )

    class Meta:
        verbose_name = _("question about a student")
        verbose_name_plural = _("questions about students")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="question_kind_known",
                condition=Q(kind="not_ours", date_of_birth=None, id_number="")
                | Q(kind="missing", entry=None),
            ),
            models.CheckConstraint(
                name="question_answer_whole",
                condition=Q(state="open", answer="", answered_at=None, answered_by=None)
                | (Q(state="answered", answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer="")),
            ),
            models.CheckConstraint(name="question_has_name", condition=~Q(name="")),
            models.UniqueConstraint(
                fields=["centre", "entry"],
                name="question_once_a_student",
                condition=Q(state="open", entry__isnull=False),
            ),
            models.UniqueConstraint(
                "centre",
                "session",
                Lower("name"),
                name="question_once_a_name",
                condition=Q(state="open", kind="missing"),
            ),
        ]

    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.get_kind_display()), self.name)))
