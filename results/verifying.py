"""Telling whoever holds a document whether it is genuine and still counts.

The code on it says which version of which statement it is (results/verification_codes.py), the database what
the gate says of that and that somebody asked (results/migrations/0016_verification.py). Values of the result
come only for a version that the gate shows to candidates at that moment.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from results import verification_codes
from results.models import CandidateStatement, Entry, Means, OpenStatement, Verified


@dataclass(frozen=True)
class Finding:
    """What is found of a document that is ours.

    entry: with its session and release; version, issued_at: of the document, not of one that replaces it;
    statement: its values, if it is current.
    """

    outcome: Verified
    entry: Entry
    version: int
    issued_at: datetime
    statement: OpenStatement | None


def verify(code: str, means: Means) -> Finding | None:
    """What is found of the document with this code, and count that it was asked.

    code: as verification_codes.normalise() gives it; the caller has counted the try (accounts.throttle).
    None if no document that was ever shown to anybody bears it.
    """
    statement_id = verification_codes.statement_of(code)
    if statement_id is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM results_verify(%s, %s)", [statement_id, means])
        row = cursor.fetchone()
        if row is None:
            return None
        found = dict(zip((column.name for column in cursor.description), row, strict=True))
    outcome = Verified(found.pop("outcome"))
    entry = Entry.objects.for_candidates().select_related("session__release").get(pk=found["entry_id"])
    return Finding(
        outcome,
        entry,
        found["version"],
        found["issued_at"],
        CandidateStatement(**found) if outcome is Verified.CURRENT else None,
    )
