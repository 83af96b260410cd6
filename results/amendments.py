"""What was amended in a statement: when, why, and each value as it was and as it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.utils.translation import gettext as _

from results import wording
from results.correcting import reason_in_words
from results.exams import Exam
from results.models import Outcome, Status


@dataclass(frozen=True)
class Change:
    """One value of a statement that differs: its name, the old and the new one, in words."""

    name: str
    old: str
    new: str

    @property
    def in_words(self) -> str:
        return _("%(name)s: %(new)s (before: %(old)s)") % {
            "name": self.name,
            "new": self.new,
            "old": self.old,
        }


@dataclass(frozen=True)
class Amendment:
    """One step from a version that was shown to the next."""

    when: datetime
    reason: str
    changes: list[Change]


def amendments(exam: Exam, versions: Sequence) -> list[Amendment]:
    """The steps between versions that were shown, the newest first; versions: as the gate gives them.

    A version that says the same as the one before (a correction that was taken back unseen) is no step.
    """
    steps = [
        Amendment(after.shown_from, reason_in_words(after.reason), changes)
        for before, after in pairwise(versions)
        if (changes := differences(exam, before, after))
    ]
    return steps[::-1]


def differences(exam: Exam, before: Outcome, after: Outcome) -> list[Change]:
    """What differs between two outcomes, in the order of the statement."""
    return [
        Change(name, old, new)
        for (name, old), (_name, new) in zip(_values(exam, before), _values(exam, after), strict=True)
        if old != new
    ]


def _values(exam: Exam, outcome: Outcome) -> Iterable[tuple[str, str]]:
    yield _("Result"), _result(outcome)
    if not exam.reports_shields:
        yield _("Overall score"), _number(outcome.overall)
        yield _("CEFR level"), outcome.cefr or "–"
    for skill in exam.skills:
        yield str(skill.label), _number(outcome.score(skill))


def _result(outcome: Outcome) -> str:
    if outcome.status != Status.RESULT:
        return str(outcome.get_status_display())
    return wording.result_in_words(outcome.result, outcome.cefr) or "–"


def _number(points: int | None) -> str:
    return "–" if points is None else str(points)
