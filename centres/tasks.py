"""Jobs of the worker: mails to people of preparation centres."""

from procrastinate.contrib.django import app

from accounts import mails
from accounts.models import User
from centres.models import StudentQuestion


@app.task(queue="mail", pass_context=True, retry=mails.UntilDelivered())
def send_question_answered(context, question_id: int) -> None:
    """There is an answer: which session, and where to read it; no student's name, no answer.

    Nobody is told who has left the centre meanwhile.
    """
    question = (
        StudentQuestion.objects.select_related("session")
        .only("centre_id", "asked_by_id", *(f"session__{name}" for name in ("exam", "title", "code")))
        .get(pk=question_id)
    )
    person = _still_there(question)
    if person and person.email:
        mails.send(
            person,
            "question_answered",
            context.job.id,
            session=question.session,
            question_id=question.pk,
        )


def _still_there(question: StudentQuestion) -> User | None:
    members = User.objects.filter(memberships__centre=question.centre_id, is_active=True)
    return members.filter(pk=question.asked_by_id).first()
