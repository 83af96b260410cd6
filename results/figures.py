"""Figures of a group of candidates: how many, how their results spread, and the mean of each skill."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from django.db import connection
from django.db.models import Avg, Count, DecimalField, Q, QuerySet

from results.distribution import counted
from results.exams import Exam
from results.models import Outcome, Status

OVERALL = "overall"
FEWEST = 10  # people behind a figure, of others than one's own (results/migrations/0013_figures.py)


@dataclass(frozen=True)
class Figures:
    """Of a group: people, with a result; codes, people with a code in its place.

    By measure, which is OVERALL, “result” or a skill: means, in points or shields; counts, people by grade or
    by number of shields. rounded: as those of all candidates are, so that nobody can be worked out.
    """

    people: int = 0
    codes: int = 0
    means: dict[str, Decimal] = field(default_factory=dict)
    counts: dict[str, Counter] = field(default_factory=dict)
    rounded: bool = False


def measures(exam: Exam) -> list[str]:
    """What has a mean: the overall score, if the exam has one, and each skill."""
    skills = [skill.value for skill in exam.skills]
    return skills if exam.reports_shields else [OVERALL, *skills]


def rounded(exam: Exam, mean: Decimal) -> Decimal:
    """A mean as it is shown: whole points of the scale, or tenths of a shield."""
    return mean.quantize(Decimal("0.1") if exam.reports_shields else Decimal(1), ROUND_HALF_UP)


def of_outcomes(exam: Exam, outcomes: QuerySet[Outcome]) -> dict[int, Figures]:
    """By session, the exact figures of these outcomes of one exam; two queries, whatever their number."""
    session = "entry__session"
    rows = defaultdict(list)
    for row in counted(exam, outcomes, session):
        rows[row[session]].append(row)
    points = DecimalField(max_digits=9, decimal_places=4)
    means = {_mean(name): Avg(name, output_field=points) for name in measures(exam)}
    people = Count("pk", filter=Q(status=Status.RESULT))  # a code has no scores
    found = outcomes.order_by().values(session).annotate(people=people, **means)
    return {row[session]: _figures(exam, row, rows[row[session]]) for row in found}


def of_all(sessions: Iterable[int], own: Iterable[int]) -> dict[int, Figures]:
    """By session, all candidates as the centres' audience may know them; rounded; one query.

    own: the centres that ask. A session in which fewer than FEWEST others have a result is not in it, and
    no measure of which that is true.
    """
    found: dict[int, Figures] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT session_id, measure, value, people, mean FROM results_figures_of_all(%s, %s)",
            [list(sessions), list(own)],
        )
        rows = cursor.fetchall()
    people = defaultdict(int)
    for session, _measure, _value, number, _mean in rows:
        people[session] = max(people[session], number)
    for session, number in people.items():
        found[session] = Figures(people=number, rounded=True)
    for session, measure, value, number, mean in rows:
        if value:
            key = value if measure == "result" else int(value)
            found[session].counts.setdefault(measure, Counter())[key] = number
        elif mean is not None:
            found[session].means[measure] = mean
    return found


def _mean(measure: str) -> str:
    """An aggregate cannot have the name of its column."""
    return f"mean_{measure}"


def _figures(exam: Exam, row: dict, counts: list[dict]) -> Figures:
    spread: dict[str, Counter] = defaultdict(Counter)
    columns = [skill.value for skill in exam.skills] if exam.reports_shields else ["result"]
    codes = 0
    for each in counts:
        if each["status"] != Status.RESULT:
            codes += each["number"]
            continue
        for column in columns:
            if each[column] not in (None, ""):
                spread[column][each[column]] += each["number"]
    means = {name: row[_mean(name)] for name in measures(exam) if row[_mean(name)] is not None}
    return Figures(row["people"], codes, means, dict(spread))
