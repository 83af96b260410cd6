"""Whether a result shows at once or at the press of a button, as its candidate chose.

A courtesy and no protection, which is the gate's: a covered result is open. What is remembered belongs to one
browser until it signs out, and to one version: an amended statement is covered again.
"""

from django.contrib.sessions.backends.base import SessionBase

from accounts.models import User
from results.models import CandidateStatement

UNCOVERED = "uncovered"  # key in the session: by entry, the statement that was uncovered last


def is_covered(user: User, session: SessionBase, statement: CandidateStatement) -> bool:
    """Whether the statement waits for the button; costs no query."""
    return user.covers_result and _uncovered(session, statement) != statement.statement_id


def is_covered_anew(session: SessionBase, statement: CandidateStatement) -> bool:
    """Whether another version was uncovered in this browser before."""
    return _uncovered(session, statement) not in {None, statement.statement_id}


def uncover(session: SessionBase, statement: CandidateStatement) -> None:
    session[UNCOVERED] = {**session.get(UNCOVERED, {}), str(statement.entry_id): statement.statement_id}


def choose(user: User, session: SessionBase, *, covers: bool) -> None:
    """Take the choice, from now on; whoever covers in a browser that has shown the result covers that too."""
    user.covers_result = covers
    user.save(update_fields=["covers_result"])
    session.pop(UNCOVERED, None)


def _uncovered(session: SessionBase, statement: CandidateStatement) -> int | None:
    return session.get(UNCOVERED, {}).get(str(statement.entry_id))
