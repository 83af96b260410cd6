"""The centre's students of a session as a list: found, filtered and in order, each with what may be seen.

A page is cut from the entries first, and the gate is asked for its entries alone. Only a list that asks for
results, or is ordered by them, asks the gate for all the centre's entries of the session.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import BooleanField, F, FilteredRelation, Func, Q, QuerySet, Value
from django.utils.translation import gettext as _

from centres import seeing
from centres.listing import AMENDED, MISSING, Asked, Order, Progress
from centres.models import PreparationCentre
from centres.seeing import Shown
from results.amendments import Amendment, amendments
from results.exams import Exam
from results.models import CentreFollowing, CentreStatement, CentreStop, Entry, ExamSession, Result, Status
from results.numbers import normalise_id_number, read_reference_number


@dataclass(frozen=True)
class Student:
    """A line of the list. statement: the open one; stop: what keeps it back; neither: not here yet."""

    entry: Entry
    progress: Progress
    statement: CentreStatement | None
    stop: CentreStop | None
    amendments: list[Amendment]

    @property
    def why_nothing(self) -> str:
        """In place of a result, in short."""
        return _("paused") if self.stop else _("not here yet")


def listed(centres: list[PreparationCentre], session: ExamSession, asked: Asked) -> QuerySet[Entry]:
    """The entries that were asked for, in their order."""
    ids = [centre.pk for centre in centres]
    entries = seeing.entries_of(centres, session).annotate(
        open=FilteredRelation(
            "open_to_centre",
            condition=Q(open_to_centre__preparation_centre__in=ids, open_to_centre__session=session),
        ),
        followed=FilteredRelation(
            "followed_by_centre",
            condition=Q(followed_by_centre__preparation_centre__in=ids, followed_by_centre__session=session),
        ),
    )
    if asked.words:
        entries = entries.filter(_meant(asked.words))
    if asked.result == AMENDED:
        entries = entries.filter(pk__in=_amended(centres, session))
    elif asked.result == MISSING:
        entries = entries.filter(open__entry=None)
    elif asked.result in Status.values:
        entries = entries.filter(open__status=asked.result)
    elif asked.result in Result.values:
        entries = entries.filter(open__result=asked.result)
    if asked.progress == Progress.NOT_REGISTERED:
        entries = entries.filter(followed__registered=False)
    elif asked.progress:
        seen = asked.progress == Progress.SEEN
        entries = entries.filter(followed__registered=True, followed__seen_statement__isnull=not seen)
    return entries.order_by(*_ORDERS[asked.order])


_ORDERS = {
    Order.NAME: ("name_key", "pk"),
    Order.NUMBER: ("candidate_number", "pk"),
    Order.BEST: (F("open__overall").desc(nulls_last=True), "name_key", "pk"),
    Order.LOWEST: (F("open__overall").asc(nulls_last=True), "name_key", "pk"),
}


def with_what_shows(
    centres: list[PreparationCentre], exam: Exam, entries: Sequence[Entry], shown: Shown
) -> list[Student]:
    """The entries as lines of the list; shown: of these entries. One query."""
    followed = CentreFollowing.objects.filter(
        preparation_centre__in=[centre.pk for centre in centres], entry__in=[entry.pk for entry in entries]
    ).in_bulk()
    students = []
    for entry in entries:
        statement = shown.statements.get(entry.pk)
        steps = amendments(exam, shown.versions.get(entry.pk, []))
        progress = _progress(followed.get(entry.pk), statement, steps)
        students.append(Student(entry, progress, statement, shown.stops.get(entry.pk), steps))
    return students


def _progress(
    following: CentreFollowing | None, statement: CentreStatement | None, steps: list[Amendment]
) -> Progress:
    if following is None or not following.registered:
        return Progress.NOT_REGISTERED
    if following.seen_statement is None:
        return Progress.REGISTERED
    amended_since = steps and statement and following.seen_statement < statement.statement_id
    return Progress.SEEN_BEFORE if amended_since else Progress.SEEN


def _amended(centres: list[PreparationCentre], session: ExamSession) -> list[int]:
    """The entries whose open statement says something else than what the centre was shown before."""
    corrected = seeing.statements_of(centres, session).filter(version__gt=1)
    versions = seeing.versions_of(centres, corrected)
    exam = session.exam_facts
    return [statement.pk for statement, shown in versions.items() if amendments(exam, shown)]


def _meant(typed: str) -> Q:
    """Who is meant: by name, or by the beginning of a number, or by a reference number."""
    text = unicodedata.normalize("NFC", typed)
    found = _begins_words(text)
    if any(character.isdigit() for character in text):
        number = "".join(text.split())
        found |= Q(id_number__startswith=normalise_id_number(text)) | Q(candidate_number__startswith=number)
        if reference := read_reference_number(text):
            found |= Q(candidate_number=reference.candidate_number)
    return found


def _begins_words(typed: str) -> Q:
    """Every word typed begins a word of the name, without accents, apostrophes and case.

    The key of the name, which has the same letters, is looked at first: that costs a tenth.
    """
    patterns = Func(Value(typed), function="results_key_patterns", template="(%(function)s(%(expressions)s))")
    words = Func("family_name", "given_names", function="results_name_words")
    query = Func(Value(typed), function="results_words_query")
    return Q(_Holds("name_key", patterns, arg_joiner=" LIKE ALL ")) & Q(
        _Holds(words, query, arg_joiner=" @@ ")
    )


class _Holds(Func):
    """A comparison of two expressions; arg_joiner: its operator."""

    template = "(%(expressions)s)"
    output_field = BooleanField()
