"""Another exam in the account of a candidate who is signed in."""

from dataclasses import dataclass
from enum import StrEnum

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import User
from candidates import tasks
from candidates.registering import NotFound
from results.models import Entry
from results.numbers import digest_secret_number


class Outcome(StrEnum):
    """What the database answers to somebody who knows the Secret Number."""

    ADDED = "added"
    YOURS = "yours"  # the account has this exam already
    TAKEN = "taken"  # another account has it
    ANOTHER_PERSON = "another_person"  # name or date of birth is not that of the account's other exams


@dataclass(frozen=True)
class Answer:
    """What became of it; entry: of the slip."""

    outcome: Outcome
    entry: Entry


def exams_of(user: User) -> QuerySet[Entry]:
    """The entries of an account, the newest exam first."""
    return Entry.objects.for_candidates().filter(user=user).order_by("-session__exam_date", "-pk")


def add_exam(user: User, id_number: str, secret_number: str) -> Answer:
    """Add the exam of a slip to the account and queue the mail that says so, all or nothing.

    Both numbers normalised; the caller has counted the try (accounts.throttle). The database compares the
    Secret Number and the person (results/migrations/0014_sittings.py); of two accounts at once exactly one
    gets the exam. Raises NotFound as candidates.registering.find_entry, after the same work.
    """
    digest = digest_secret_number(id_number, secret_number)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM results_add_entry(%s, %s, %s)", [id_number, digest, user.pk])
            outcome, pk = cursor.fetchone()
        if outcome == "not_found":
            raise NotFound
        if outcome == Outcome.ADDED:
            tasks.send_exam_added.defer(user_id=user.pk, entry_id=pk)
    return Answer(Outcome(outcome), Entry.objects.for_candidates().get(pk=pk))
