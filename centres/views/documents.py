"""A student's Statement of Results as a document."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from centres import seeing
from results import handing_out
from results.document import Document


def student_pdf(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The statement of a student, pk: of the entry; 404 unless the gate shows it to a centre of the user."""

    def answer() -> HttpResponse:
        centres = seeing.centres_of(request.user)
        session = get_object_or_404(seeing.sessions_of(centres), code=code)
        students = seeing.with_students(seeing.statements_of(centres, session))
        statement = students.filter(entry=pk).first()
        if statement is None:
            raise Http404
        statement.entry.session = session
        versions = seeing.versions_of(centres, [statement]).get(statement, [])
        return handing_out.as_pdf(Document(statement.entry, statement, versions))

    return handing_out.when_it_is_your_turn(request, answer, reverse("session", args=[code]))
