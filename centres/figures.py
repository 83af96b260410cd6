"""What a centre's results say together: of one session, and from session to session."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from centres.models import PreparationCentre
from results import distribution, figures
from results.checking import kinds
from results.exams import Exam, Skill
from results.figures import Figures
from results.models import CentreStatement, ExamSession

MOST_SESSIONS = 6  # of one exam, in the charts over time


@dataclass(frozen=True)
class Step:
    """A session with the centres' own figures and those of all candidates (None: not shown)."""

    session: ExamSession
    own: Figures
    everyone: Figures | None


@dataclass(frozen=True)
class Weakest:
    """The skill in which the centre's students stand lowest.

    Beside all candidates, where these are shown: what is hard for everyone is no weakness of a school's.
    Otherwise on the scale. own and everyone: the means, as they are shown; behind: own is the lower.
    """

    skill: Skill
    own: Decimal
    everyone: Decimal | None
    behind: bool


def steps(centres: Sequence[PreparationCentre], sessions: Sequence[ExamSession]) -> list[Step]:
    """The sessions of one exam in which the centres have results that are open, in the given order.

    Three queries, whatever the number of sessions and results.
    """
    if not sessions:
        return []
    ids = [centre.pk for centre in centres]
    open_now = CentreStatement.objects.filter(preparation_centre__in=ids, session__in=sessions)
    own = figures.of_outcomes(sessions[0].exam_facts, open_now)
    with_results = [each for each in sessions if each.pk in own and own[each.pk].people]
    everyone = figures.of_all([each.pk for each in with_results], ids)
    return [Step(each, own[each.pk], everyone.get(each.pk)) for each in with_results]


def weakest(exam: Exam, own: Figures, everyone: Figures | None) -> Weakest | None:
    """The weakest skill; None where no skill has a mean."""
    skills = [skill for skill in exam.skills if skill.value in own.means]
    if not skills:
        return None
    beside = everyone.means if everyone else {}
    if all(skill.value in beside for skill in skills):
        distance = {skill: own.means[skill.value] - beside[skill.value] for skill in skills}
    else:
        beside, distance = {}, {skill: own.means[skill.value] for skill in skills}
    lowest = min(skills, key=distance.__getitem__)
    mean, of_all = figures.rounded(exam, own.means[lowest.value]), beside.get(lowest.value)
    return Weakest(lowest, mean, of_all, behind=of_all is not None and mean < of_all)


def of_session(exam: Exam, step: Step) -> list[distribution.Distribution]:
    """How the results of a session spread, beside all candidates."""
    groups = [_series(exam, _("Your students"), step.own)]
    if step.everyone:
        groups.append(_series(exam, _("All candidates"), step.everyone))
    return distribution.pictures(exam, groups)


def over_time(exam: Exam, done: Sequence[Step]) -> list[distribution.Distribution]:
    """How the centre's results spread in the last sessions, the newest first."""
    newest = list(reversed(done))[: distribution.MOST_SERIES]
    groups = [_series(exam, f"{step.session.title} ({step.own.people})", step.own) for step in newest]
    return distribution.pictures(exam, groups)


def _series(exam: Exam, label: str, of: Figures) -> dict[str, distribution.Series]:
    return {
        column: distribution.Series(label, of.counts.get(column, Counter()), of.codes, of.rounded, of.people)
        for column in kinds(exam)
    }
