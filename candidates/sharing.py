"""Links that show a result to somebody without an account: made, listed, opened, revoked."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from candidates import links
from candidates.adding import exams_of
from results.models import Entry, Share, SharedStatement, ShareOpening
from results.models.sharing import new_seed

MOST_PAST = 30  # links that are over and still listed, the newest
# Programs that fetch a link as soon as it is sent, to show its page beside the message, or to index it: they
# are no reader, and what they fetch lies on their servers. The list cannot be complete; who is not on it
# counts. A telephone is called Cubot.
_PREVIEWERS = re.compile(r"(?<!cu)bot\b|^WhatsApp/|facebookexternalhit|preview|crawler|spider", re.IGNORECASE)


class Outcome(StrEnum):
    """What the database answers to somebody who wants a link."""

    MADE = "made"
    TOO_MANY = "too_many"  # as many links as an account may have work already
    NOT_OPEN = "not_open"  # the gate shows this account no result of the entry


@dataclass(frozen=True)
class Link:
    """A link as its candidate sees it.

    address: None if it is over, or cannot be shown again; pauses: it works, and the gate shows nothing now.
    """

    share: Share
    entry: Entry
    opening: ShareOpening | None
    address: str | None
    pauses: bool


def make(
    user: User, entry: Entry, *, for_whom: str, shows: Share.Shows, last_day: date
) -> tuple[Outcome, int | None]:
    """Make a link that works to the end of last_day, in the current time zone; and the key of its row.

    for_whom: 1 to 80 characters; last_day: today to a year from now, else the database refuses.
    """
    seed = new_seed()
    digest = links.digest_of(links.token_of(seed))
    arguments = [user.pk, entry.pk, for_whom, shows, end_of(last_day), seed, digest]
    with connection.cursor() as cursor:  # begins with no SELECT: only then the audit trail learns who acts
        cursor.execute(
            "WITH made AS (SELECT * FROM results_make_share(%s, %s, %s, %s, %s, %s, %s)) TABLE made",
            arguments,
        )
        outcome, pk = cursor.fetchone()
    return Outcome(outcome), pk


def revoke(user: User, pk: int) -> bool:
    """End one of the user's links at once and for good; False if the user has no such link that is left."""
    return bool(Share.objects.filter(user=user, pk=pk, revoked_at=None).update(revoked_at=Now()))


def links_of(user: User) -> list[Link]:
    """The user's links, the newest first: all that work, and of the others the newest."""
    entries = {entry.pk: entry for entry in exams_of(user)}
    shares = Share.objects.filter(user=user, entry__in=entries).with_state().select_related("opening")
    works = Q(revoked_at=None, ends_at__gt=Now())
    found = [*shares.filter(works), *shares.exclude(works).order_by("-pk")[:MOST_PAST]]
    shown = set(SharedStatement.objects.filter(user=user).values_list("share", flat=True))
    found.sort(key=lambda share: share.pk, reverse=True)
    return [_link(share, entries[share.entry_id], shown) for share in found]


def _link(share: Share, entry: Entry, shown: set[int]) -> Link:
    works = share.state == Share.State.WORKS
    return Link(
        share,
        entry,
        getattr(share, "opening", None),
        links.address_of(share) if works else None,
        works and share.pk not in shown,
    )


@dataclass(frozen=True)
class Shared:
    """What somebody who holds a link gets: the statement if it shows now; entry: with it."""

    share: Share
    statement: SharedStatement | None = None
    entry: Entry | None = None


def find(token: str) -> Shared | None:
    """What the link with this token shows now; None if there is none. What is no token is not looked up.

    Guessing a token of 256 bits is hopeless, so tries are not counted: a counter would be one more row that
    anybody can make the database write, and one more way to keep readers out.
    """
    digest = links.digest_of(token)
    share = Share.objects.with_state().filter(digest=digest).first() if digest else None
    if share is None or share.state != Share.State.WORKS:
        return Shared(share) if share else None
    statement = SharedStatement.objects.filter(digest=digest).first()
    if statement is None:
        return Shared(share)
    return Shared(share, statement, Entry.objects.for_candidates().get(pk=statement.entry_id))


def mark_opened(share: Share) -> None:
    """Count an opening; the database asks the gate again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT results_mark_opened(%s)", [share.digest])


def is_previewer(user_agent: str) -> bool:
    """Whether a program fetches the page for itself, and no reader has opened it."""
    return bool(_PREVIEWERS.search(user_agent))


def end_of(day: date) -> datetime:
    """The first moment after a day, in the current time zone."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
