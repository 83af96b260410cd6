"""The list of students as a file, for who goes on with it in a spreadsheet."""

from collections.abc import Iterator, Sequence

from django.http import HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from centres.students import Student
from results.exams import Exam
from results.models import ExamSession
from results.templatetags.outcomes import result_in_words
from results_portal.spreadsheets import csv_file, workbook

COMMA_IS_DECIMAL = {"it"}  # where it is, spreadsheet programs part the columns of a CSV file by semicolons


def as_csv(session: ExamSession, students: Sequence[Student]) -> HttpResponse:
    """Parted as the spreadsheet programs of the page's language expect it."""
    delimiter = ";" if get_language() in COMMA_IS_DECIMAL else ","
    header = [title for title, _width in _columns(session.exam_facts)]
    return csv_file(f"{_name(session)}.csv", header, list(_rows(session, students)), delimiter)


def as_workbook(session: ExamSession, students: Sequence[Student]) -> HttpResponse:
    return workbook(
        f"{_name(session)}.xlsx", session.code, _columns(session.exam_facts), _rows(session, students)
    )


def _name(session: ExamSession) -> str:
    """A session's code has letters, digits, dots and hyphens."""
    return f"results-{session.code}"


def _columns(exam: Exam) -> list[tuple[str, int]]:
    """Each column's title, and its width in characters."""
    overall = [] if exam.reports_shields else [(_("Overall score"), 14), (_("CEFR level"), 12)]
    return [
        (_("Surname"), 22),
        (_("Given names"), 22),
        (_("ID Number"), 13),
        (_("Candidate number"), 18),
        (_("Exam"), 26),
        (_("Session"), 16),
        (_("Result"), 30),
        *overall,
        *((str(skill.label), 16) for skill in exam.skills),
        (_("Amended"), 12),
        (_("Registration"), 24),
    ]


def _rows(session: ExamSession, students: Sequence[Student]) -> Iterator[list[str | int | None]]:
    exam = session.exam_facts
    for student in students:
        entry, statement = student.entry, student.statement
        values = [None] * (len(exam.skills) + (0 if exam.reports_shields else 2))
        if statement:
            overall = [] if exam.reports_shields else [statement.overall, statement.cefr]
            values = [*overall, *(statement.score(skill) for skill in exam.skills)]
        yield [
            entry.family_name,
            entry.given_names,
            entry.id_number,
            entry.candidate_number,
            exam.name,
            session.code,
            result_in_words(statement) if statement else student.why_nothing,
            *values,
            _("amended") if student.amendments else "",
            str(student.progress.label),
        ]
