"""Candidates who have lost their slip: they ask on the site, the exams office answers.

What is asked for tells nobody whether a person exists, and no Secret Number is ever sent by mail: the exams
office makes sure who asks, and hands out a new slip.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.acting import acting, checked_reason
from accounts.models import User
from results.models import Entry, LostSlip

MAY_ANSWER = "results.change_lostslip"
MOST_SUGGESTED = 8
MOST_LOOKED_AT = 500
_SHORTEST_WORD = 2  # letters of a name's word that says something
_SHORTEST_ALONE = 4  # letters of one that says something without the birthday


@dataclass(frozen=True)
class Suggestion:
    """An entry that may be the person's; same_birthday: whether the date of birth is the one given."""

    entry: Entry
    same_birthday: bool


def ask(
    *, name: str, date_of_birth: date, school: str, exam: str, email: str, phone: str, message: str
) -> None:
    """Put a request into the exams office's queue. The caller has counted it (accounts.throttle)."""
    with connection.cursor() as cursor:  # not by the model: that would read back what the face may not
        cursor.execute(
            "INSERT INTO results_lostslip (name, date_of_birth, school, exam, email, phone, message)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [name, date_of_birth, school, exam, email, phone, message],
        )


def answer(lost: LostSlip, by: User, state: LostSlip.State, note: str) -> None:
    """Close a request: DONE or COULD_NOT, with a note for the exams office.

    Raises ValidationError without a note, if somebody has answered it meanwhile, or if `by` may not.
    """
    with acting(by, MAY_ANSWER):
        note = checked_reason(note)
        answered = LostSlip.objects.filter(pk=lost.pk, state=LostSlip.State.OPEN).update(
            state=state, note=note, answered_at=Now(), answered_by=by
        )
        if not answered:
            raise ValidationError(_("Somebody has answered this meanwhile."), code="answered")


def suggestions(lost: LostSlip) -> list[Suggestion]:
    """Entries that fit, best first: a word of the name with the birthday, or the whole name without it."""
    asked = _words_of(lost.name)
    fits = Q(date_of_birth=lost.date_of_birth)
    for word in lost.name.split():
        if len(word) >= _SHORTEST_ALONE:
            fits |= Q(family_name__icontains=word)
    entries = (
        Entry.objects.filter(fits)
        .select_related("session", "preparation_centre")
        .defer("secret_digest")
        .order_by("-session__exam_date", "pk")
    )
    found = []
    for entry in entries[:MOST_LOOKED_AT]:
        shared = asked & _words_of(entry.name)
        same_birthday = entry.date_of_birth == lost.date_of_birth
        if shared and (same_birthday or shared == asked or shared == _words_of(entry.name)):
            found.append((same_birthday, len(shared), entry))
    found.sort(key=lambda each: each[:2], reverse=True)  # stable: the newest session first among equals
    return [Suggestion(entry, same_birthday) for same_birthday, _shared, entry in found[:MOST_SUGGESTED]]


def _words_of(name: str) -> set[str]:
    """The words of a name without accents and case, as people vary them."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l").replace("đ", "d"))
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return {word for word in re.split(r"\W+", bare) if len(word) >= _SHORTEST_WORD}
