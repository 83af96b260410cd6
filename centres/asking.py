"""Questions about students: a centre asks, the exams office answers.

A centre sees its own questions and their answers. Whoever asked is told by mail that there is an answer; the
mail holds neither the answer nor a name.
"""

from collections.abc import Sequence
from datetime import date

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, F, QuerySet, When
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.acting import acting
from accounts.models import User
from centres import tasks
from centres.models import PreparationCentre, StudentQuestion
from centres.models.questions import LONGEST_TEXT
from results import finding
from results.models import Entry, ExamSession

MAY_ANSWER = "centres.change_studentquestion"
MOST_OPEN = 30  # questions of a centre (centres/migrations/0004_questions.py)
MOST_SUGGESTED = 8

Kind, State = StudentQuestion.Kind, StudentQuestion.State
# What the face may read of a question; the answer needs neither birthday nor number.
_SHOWN = (
    "centre",
    "session",
    "kind",
    "entry",
    "name",
    "message",
    "asked_at",
    "state",
    "answer",
    "answered_at",
)


def own_entries(centres: Sequence[PreparationCentre], session: ExamSession) -> QuerySet[Entry]:
    """The centres' students in a session, as far as a question needs them."""
    return Entry.objects.filter(preparation_centre__in=centres, session=session).only(
        "id_number", "family_name", "given_names", "session_id", "preparation_centre_id"
    )


def questions_of(centres: Sequence[PreparationCentre]) -> QuerySet[StudentQuestion]:
    """The centres' questions: those that wait first, then the newest answer."""
    session = (f"session__{name}" for name in ("code", "exam", "title"))
    return (
        StudentQuestion.objects.filter(centre__in=centres)
        .select_related("session", "centre")
        .only(*_SHOWN, *session, "centre__name")
        .order_by(F("answered_at").desc(nulls_first=True), "asked_at", "pk")
    )


def ask_not_ours(entry: Entry, by: User, message: str) -> None:
    """Say that an entry of one's own centre is not a student of it. Raises ValidationError; see _ask."""
    _ask(
        centre_id=entry.preparation_centre_id,
        session_id=entry.session_id,
        kind=Kind.NOT_OURS,
        entry_id=entry.pk,
        name=entry.name,
        date_of_birth=None,
        id_number="",
        message=message,
        asked_by_id=by.pk,
    )


def ask_missing(
    centre: PreparationCentre,
    session: ExamSession,
    by: User,
    *,
    name: str,
    date_of_birth: date | None,
    id_number: str,
    message: str,
) -> None:
    """Say that a student of one's centre is not among its students. Raises ValidationError; see _ask."""
    _ask(
        centre_id=centre.pk,
        session_id=session.pk,
        kind=Kind.MISSING,
        entry_id=None,
        name=" ".join(name.split()),
        date_of_birth=date_of_birth,
        id_number=id_number,
        message=message,
        asked_by_id=by.pk,
    )


def _ask(**columns) -> None:
    """Put a question into the queue. The database is the judge of what a centre may ask.

    Raises ValidationError where the same is asked already, where too many questions wait, and where the
    student, the session or the person is not the centre's (any more).
    """
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    try:
        # Not by the model: that would name columns that are not the face's to write.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO centres_studentquestion ({names}) VALUES ({places})",  # noqa: S608
                [str(value) if isinstance(value, Kind) else value for value in columns.values()],
            )
    except IntegrityError as refused:
        raise _in_words(refused.__cause__.diag.constraint_name) from refused


def _in_words(constraint: str) -> ValidationError:
    match constraint:
        case "question_once_a_student" | "question_once_a_name":
            return ValidationError(
                _("You have asked about this student already. The exams office has not answered yet."),
                code="asked",
            )
        case "question_most_open":
            return ValidationError(
                _(
                    "%(count)d questions of yours wait for an answer, and more are not taken at once."
                    " Are there many students? Write to the exams office, with a list."
                ),
                code="too_many",
                params={"count": MOST_OPEN},
            )
    return ValidationError(
        _("This student is no longer among yours. Go back to the session and look again."), code="moved"
    )


def answer(question: StudentQuestion, by: User, text: str) -> None:
    """Close a question with an answer that the centre reads; whoever asked is told by mail.

    Raises ValidationError without a text, if somebody has answered meanwhile, or if `by` may not.
    """
    with acting(by, MAY_ANSWER):
        text = text.strip()
        if not text:
            raise ValidationError(_("Write an answer."), code="no_answer")
        if len(text) > LONGEST_TEXT:
            raise ValidationError(
                _("Write the answer in %(longest)d characters or fewer."),
                code="long_answer",
                params={"longest": LONGEST_TEXT},
            )
        answered = StudentQuestion.objects.filter(pk=question.pk, state=State.OPEN).update(
            state=State.ANSWERED, answer=text, answered_at=Now(), answered_by=by
        )
        if not answered:
            raise ValidationError(_("Somebody has answered this meanwhile."), code="answered")
        tasks.send_question_answered.defer(question_id=question.pk)


def suggestions(question: StudentQuestion) -> list[Entry]:
    """Entries that may be the missing student: in the session first; by ID Number, otherwise by name."""
    found = finding.find_entries(question.id_number) if question.id_number else Entry.objects.none()
    if not found.exists():
        found = finding.find_entries(question.name)
    elsewhere = Case(When(session=question.session_id, then=0), default=1)
    return list(found.order_by(elsewhere, *found.query.order_by)[:MOST_SUGGESTED])
