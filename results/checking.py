"""What the newest statements of a session hold, counted; and whether values are as the exam gives them."""

from functools import reduce
from operator import or_

from django.db.models import BooleanField, Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, Value, When

from results.exams import EXAMS, Exam, Skill
from results.models import ExamSession, Release, Statement, Status


def newest(statements: QuerySet[Statement]) -> QuerySet[Statement]:
    """Those that no later version replaces."""
    later = Statement.objects.filter(entry=OuterRef("entry"), version__gt=OuterRef("version"))
    return statements.filter(~Exists(later))


def outcomes_of(session: ExamSession) -> list[dict]:
    """The newest statements of a session, counted by what they say; one query over all of them.

    Each row has the status and the result (or the shields of each skill), and of the statements that say so
    number, doubtful, unapproved (how many no approval covers) and first (the least key).
    """
    through = Release.objects.filter(session=session).values_list("approved_through", flat=True).first() or 0
    return list(
        newest(Statement.objects.filter(entry__session=session))
        .order_by()
        .values("status", *kinds(session.exam_facts))
        .annotate(
            number=Count("pk"),
            doubtful=Count("pk", filter=doubtful(session.exam_facts)),
            unapproved=Count("pk", filter=Q(pk__gt=through)),
            first=Min("pk"),
        )
    )


def kinds(exam: Exam) -> list[str]:
    """The columns that tell one outcome of an exam from another."""
    return [skill.value for skill in exam.skills] if exam.reports_shields else ["result"]


def doubtful(exam: Exam | None = None) -> Case:
    """Whether a value of a statement is not as the exam's facts give it (results/exams.py); for a filter.

    The board's values stand, so that a doubt is something to look at, not an error. exam: of all these
    statements, if it is known.
    """
    exams = [exam] if exam else list(EXAMS.values())
    of_exam = [_as_given(each) & (Q() if exam else Q(entry__session__exam=each.code)) for each in exams]
    return Case(
        When(~Q(status=Status.RESULT), then=Value(False)),
        When(reduce(or_, of_exam), then=Value(False)),
        default=Value(True),
        output_field=BooleanField(),
    )


def _as_given(exam: Exam) -> Q:
    allowed = exam.scores()
    reported = Q(**{f"{skill}__range": (allowed[0], allowed[-1]) for skill in exam.skills})
    others = Q(**{skill.value: None for skill in Skill if skill not in exam.skills})
    if exam.reports_shields:
        return reported & others & Q(overall=None)
    total = sum((F(skill.value) * weight for skill, weight in exam.weights.items()), Value(0))
    papers = sum(exam.weights.values())
    half_up = (total * 2 + papers) / (papers * 2)  # whole numbers, as Exam.overall rounds
    bands = [
        Q(overall__range=(band.low, band.high), result=band.result, cefr=band.cefr) for band in exam.bands
    ]
    return reported & others & Q(overall=half_up) & reduce(or_, bands)
