"""Slows guessing, exactly, without locking out a school behind one address or a guessed-at candidate.

Every try is counted in PostgreSQL before anything is hashed or compared, by one atomic statement, so that
no number of parallel guesses is evaluated beyond the limit; a try that succeeds takes its counts back, so
only failures count. A browser that signed in before (accounts/devices.py) has one counter of its own, and
no other applies to it: nobody can lock a candidate out by guessing. If the database does not answer,
nobody gets in; the limiter never fails open.

Source of the device counter: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.db import connection

logger = logging.getLogger(__name__)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """At most `failures` within `window` of the first one; `name` tells counters apart."""

    name: str
    failures: int
    window: timedelta


# Signing in. A form of 34 to 46 bits, less its easy words, stands years of 960 guesses a day.
LOGIN_PER_NAME = Limit("login-name", 10, 15 * MINUTE)
LOGIN_PER_DEVICE = Limit("login-device", 10, 15 * MINUTE)
# A school of 400 behind one address, every third mistyping, stays below.
LOGIN_PER_ADDRESS = Limit("login-address", 300, 15 * MINUTE)
LOGIN_PER_ADDRESS_A_DAY = Limit("login-address-day", 1_000, DAY)
# A botnet; known browsers get in all the same. At the peak to plan for (0.1 % of the candidates a second,
# 100,000 candidates) every twentieth mistyping and giving up makes 4,500.
LOGIN_OVERALL = Limit("login-all", 20_000, 15 * MINUTE)

# Registering: a Secret Number of 4 digits has 10,000 values, so one ID Number stands 20 guesses a day.
REGISTER_PER_NAME = Limit("register-name", 5, HOUR)
REGISTER_PER_NAME_A_DAY = Limit("register-name-day", 20, DAY)
REGISTER_PER_ADDRESS = Limit("register-address", 150, HOUR)
REGISTER_PER_ADDRESS_A_DAY = Limit("register-address-day", 500, DAY)
REGISTER_OVERALL = Limit("register-all", 4_000, HOUR)

# Mails that anyone can ask for; every request counts, there is no success.
MAIL_PER_NAME = Limit("mail-name", 3, HOUR)
MAIL_PER_ADDRESS = Limit("mail-address", 100, HOUR)


class TooManyTries(Exception):  # noqa: N818
    """This try was not evaluated; until: when the next one will be, by the database's clock."""

    def __init__(self, until: datetime):
        self.until = until
        super().__init__(f"too many tries until {until:%H:%M}")


@dataclass(frozen=True)
class Counted:
    """A counter as a try left it; is_own: of the name or browser alone; is_overall: shared by all."""

    key: str
    count: int
    ends_at: datetime
    is_own: bool
    is_overall: bool


@dataclass(frozen=True)
class Try:
    """One counted try. Say succeeded() if it was right; otherwise its counts stay."""

    counted: tuple["Counted", ...]

    def succeeded(self) -> None:
        """Take this try's counts back, and forget the failures of this name or browser.

        Overall, the name's earlier failures go too: who mistypes and then gets in was no attack. Not so with
        the address, or an attacker could make failures at one address good by a success at another.
        """
        earlier = min((each.count for each in self.counted if each.is_own), default=1)
        _take_back(
            {each: each.count if each.is_own else earlier if each.is_overall else 1 for each in self.counted}
        )


def login(name: str, address: str, device: str | None) -> Try:
    """Count a try to sign in.

    name: what was typed as ID Number or e-mail address; address: client_address(request); device: the
    browser's own mark for this name, if it signed in with it before.
    Raises TooManyTries.
    """
    if device:
        return _count([(LOGIN_PER_DEVICE, device)], own=[LOGIN_PER_DEVICE])
    return _count(
        [
            (LOGIN_PER_NAME, name),
            (LOGIN_PER_ADDRESS, address),
            (LOGIN_PER_ADDRESS_A_DAY, address),
            (LOGIN_OVERALL, ""),
        ],
        own=[LOGIN_PER_NAME],
    )


def registration(id_number: str, address: str) -> Try:
    """Count a try of an ID Number with a Secret Number. Raises TooManyTries."""
    return _count(
        [
            (REGISTER_PER_NAME, id_number),
            (REGISTER_PER_NAME_A_DAY, id_number),
            (REGISTER_PER_ADDRESS, address),
            (REGISTER_PER_ADDRESS_A_DAY, address),
            (REGISTER_OVERALL, ""),
        ],
        own=[REGISTER_PER_NAME, REGISTER_PER_NAME_A_DAY],
    )


def mail(name: str, address: str) -> Try:
    """Count a request for a mail to the holder of a name. Raises TooManyTries."""
    return _count([(MAIL_PER_NAME, name), (MAIL_PER_ADDRESS, address)], own=[])


def client_address(request) -> str:
    """The visitor's network address: an IPv4 address, or the /48 that one IPv6 site can have.

    Behind TRUSTED_PROXIES proxies it is the entry of X-Forwarded-For that the outermost of them wrote,
    counted from the right; what stands further left is the visitor's own word.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if not settings.TRUSTED_PROXIES and "x-forwarded-for" in request.headers:
        _complain_of_proxy()
    if settings.TRUSTED_PROXIES:
        forwarded = request.headers.get("x-forwarded-for", "").split(",")
        if len(forwarded) >= settings.TRUSTED_PROXIES:
            address = forwarded[-settings.TRUSTED_PROXIES].strip() or address
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 48), strict=False))
    return str(parsed)


@cache
def _complain_of_proxy() -> None:
    """Once a process: behind a proxy that is not counted, all visitors would share one counter."""
    logger.error("Requests come through a proxy, but TRUSTED_PROXIES is 0: set it to the number of proxies.")


def forget_expired() -> int:
    """Delete the counters whose window is over; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM accounts_throttlecounter WHERE key IN (SELECT key FROM accounts_throttlecounter"
            " WHERE ends_at <= now() FOR UPDATE SKIP LOCKED)"
        )
        return cursor.rowcount


# Both statements lock their rows in the order of the keys, so that no two tries wait for each other.
COUNT = """
INSERT INTO accounts_throttlecounter AS t (key, count, ends_at)
SELECT key, 1, now() + seconds * interval '1 second'
FROM unnest(%(keys)s::text[], %(seconds)s::int[]) AS tries (key, seconds)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN t.ends_at <= now() THEN 1 ELSE t.count + 1 END,
    ends_at = CASE WHEN t.ends_at <= now() THEN excluded.ends_at ELSE t.ends_at END
RETURNING key, count, ends_at
"""
# Only in the window in which it was counted: a window that has begun since owes nothing.
TAKE_BACK = """
WITH locked AS (
    SELECT t.key, counted.less
    FROM accounts_throttlecounter t
    JOIN unnest(%(keys)s::text[], %(ends)s::timestamptz[], %(less)s::int[]) AS counted (key, ends_at, less)
      ON t.key = counted.key AND t.ends_at = counted.ends_at
    ORDER BY t.key
    FOR UPDATE OF t
)
UPDATE accounts_throttlecounter t SET count = greatest(t.count - locked.less, 0)
FROM locked WHERE t.key = locked.key
"""


def _count(tries: list[tuple[Limit, str]], own: list[Limit]) -> Try:
    limits = {_key(limit, subject): (limit, subject) for limit, subject in tries}
    keys = sorted(limits)
    seconds = [int(limits[key][0].window.total_seconds()) for key in keys]
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"keys": keys, "seconds": seconds})
        counted = tuple(
            Counted(key, count, ends_at, is_own=limits[key][0] in own, is_overall=not limits[key][1])
            for key, count, ends_at in cursor
        )
    full = [each.ends_at for each in counted if each.count > limits[each.key][0].failures]
    if full:
        # Not evaluated, so no guess: it must not use up what others share.
        _take_back(dict.fromkeys(counted, 1))
        raise TooManyTries(max(full))
    return Try(counted)


def _take_back(counted: dict[Counted, int]) -> None:
    """Lower counters, each by so many."""
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE_BACK,
            {
                "keys": [each.key for each in counted],
                "ends": [each.ends_at for each in counted],
                "less": list(counted.values()),
            },
        )


def _key(limit: Limit, subject: str) -> str:
    """A counter's key: each face counts for itself, so that a storm of candidates never stops the staff.

    What was typed is digested, since people type passwords into the wrong field.
    """
    return f"{settings.PORTAL_FACE}:{limit.name}:{hashlib.sha256(subject.encode()).hexdigest()[:32]}"
