"""What a list of students is asked for: words, result, how far they have come, order; all in the address.

Whatever the address holds makes a list: a value that means nothing counts as not asked for.
"""

from dataclasses import dataclass
from typing import Self

from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from results import wording
from results.exams import Exam
from results.models import Status

LONGEST_TYPED = 100  # characters


class Progress(models.TextChoices):
    """How far a student has come."""

    NOT_REGISTERED = "not-registered", pgettext_lazy("registration", "Not registered")
    REGISTERED = "registered", pgettext_lazy("registration", "Registered")  # and has not seen the result
    SEEN = "seen", pgettext_lazy("registration", "Has seen the result")
    SEEN_BEFORE = "seen-before", pgettext_lazy("registration", "Has not seen the amended result")


PROGRESSES = [(each.value, each.label) for each in Progress if each != Progress.SEEN_BEFORE]


class Order(models.TextChoices):
    """In which order the students come."""

    NAME = "name", gettext_lazy("Surname and name")
    NUMBER = "number", gettext_lazy("Candidate number")
    BEST = "best", gettext_lazy("Result, highest first")
    LOWEST = "lowest", gettext_lazy("Result, lowest first")


MISSING = "missing"  # in place of a result: not here yet
AMENDED = "amended"


@dataclass(frozen=True)
class Asked:
    """A list as it was asked for; empty: everybody, by name.

    result: a Result, a Status, MISSING or AMENDED; progress: one of Progress but SEEN_BEFORE.
    """

    words: str = ""
    result: str = ""
    progress: str = ""
    order: Order = Order.NAME

    @classmethod
    def read(cls, query: QueryDict, exam: Exam, *, is_due: bool) -> Self:
        """From an address. is_due: whether results may be there at all; before, nothing is asked of them."""
        result, progress, order = (query.get(name, "") for name in ("result", "status", "sort"))
        orders = dict(orders_of(exam, is_due=is_due))
        return cls(
            words=" ".join(query.get("q", "").replace("\0", "").split())[:LONGEST_TYPED],
            result=result if is_due and result in dict(results_of(exam)) else "",
            progress=progress if progress in dict(PROGRESSES) else "",
            order=Order(order) if order in orders else Order.NAME,
        )

    @property
    def narrows(self) -> bool:
        """Whether it asks for some of the students only."""
        return bool(self.words or self.result or self.progress)


def results_of(exam: Exam) -> list[tuple[str, str]]:
    """The results that can be asked for, each with its words."""
    if exam.reports_shields:
        found = [(Status.RESULT.value, _("Shields"))]
    else:
        found = [
            (band.result, wording.result_in_words(band.result, band.cefr) or _("Score only"))
            for band in exam.bands
        ]
    codes = [(status.value, str(status.label)) for status in Status if status != Status.RESULT]
    return [*found, *codes, (MISSING, _("Not here yet")), (AMENDED, _("Amended results"))]


def orders_of(exam: Exam, *, is_due: bool) -> list[tuple[str, str]]:
    """Shields are not added up: nobody comes first in an exam without an overall result."""
    by_result = is_due and not exam.reports_shields
    return [
        (order.value, order.label) for order in Order if by_result or order not in {Order.BEST, Order.LOWEST}
    ]
