"""Slows guessing, exactly, without locking out a school behind one address or a guessed-at candidate.

Every try is counted in PostgreSQL before anything is hashed or compared, by one atomic statement, so that
no number of parallel guesses is evaluated beyond the limit; a try that succeeds takes its counts back, so
only failures count. A browser that signed in before (accounts/devices.py) has one counter of its own, and
no other applies to it: nobody can lock a candidate out by guessing. If the database does not answer,
nobody gets in; the limiter never fails open.

Source of the device counter: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.db import connection

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
# A botnet; known browsers get in all the same.
LOGIN_OVERALL = Limit("login-all", 5_000, 15 * MINUTE)

# Registering: a Secret Number of 4 digits has 10,000 values, so one ID Number stands 20 guesses a day.
REGISTER_PER_NAME = Limit("register-name", 5, HOUR)
REGISTER_PER_NAME_A_DAY = Limit("register-name-day", 20, DAY)
REGISTER_PER_ADDRESS = Limit("register-address", 150, HOUR)
REGISTER_PER_ADDRESS_A_DAY = Limit("register-address-day", 500, DAY)
REGISTER_OVERALL = Limit("register-all", 2_000, HOUR)

# Mails that anyone can ask for; every request counts, there is no success.
MAIL_PER_NAME = Limit("mail-name", 3, HOUR)
MAIL_PER_ADDRESS = Limit("mail-address", 100, HOUR)


class TooManyTries(Exception):  # noqa: N818
    """This try was not evaluated; until: when the next one will be, by the database's clock."""

    def __init__(self, until: datetime):
        self.until = until
        super().__init__(f"too many tries until {until:%H:%M}")


@dataclass(frozen=True)
class Try:
    """One counted try. Say succeeded() if it was right; otherwise its counts stay."""

    shared: tuple[tuple[str, datetime], ...]
    own: tuple[tuple[str, datetime], ...]

    def succeeded(self) -> None:
        """Take the counts back, and forget the failures of this name or browser."""
        _take_back(self.shared, forget=self.own)


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
    """The visitor's network address: an IPv4 address, or the /64 that one IPv6 household has.

    Behind TRUSTED_PROXIES proxies it is the entry of X-Forwarded-For that the outermost of them wrote,
    counted from the right; what stands further left is the visitor's own word.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        forwarded = request.headers.get("x-forwarded-for", "").split(",")
        if len(forwarded) >= settings.TRUSTED_PROXIES:
            address = forwarded[-settings.TRUSTED_PROXIES].strip() or address
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)


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
    SELECT t.key, counted.forget
    FROM accounts_throttlecounter t
    JOIN unnest(%(keys)s::text[], %(ends)s::timestamptz[], %(forget)s::bool[])
         AS counted (key, ends_at, forget)
      ON t.key = counted.key AND t.ends_at = counted.ends_at
    ORDER BY t.key
    FOR UPDATE OF t
)
UPDATE accounts_throttlecounter t
SET count = CASE WHEN locked.forget THEN 0 ELSE greatest(t.count - 1, 0) END
FROM locked WHERE t.key = locked.key
"""


def _count(tries: list[tuple[Limit, str]], own: list[Limit]) -> Try:
    limits = {_key(limit, subject): limit for limit, subject in tries}
    keys = sorted(limits)
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT, {"keys": keys, "seconds": [int(limits[key].window.total_seconds()) for key in keys]}
        )
        counted = cursor.fetchall()
        windows = tuple((key, ends_at) for key, _count, ends_at in counted)
        full = [ends_at for key, count, ends_at in counted if count > limits[key].failures]
        if full:
            # Not evaluated, so no guess: it must not use up what others share.
            _take_back(windows)
            raise TooManyTries(max(full))
    return Try(
        shared=tuple(window for window in windows if limits[window[0]] not in own),
        own=tuple(window for window in windows if limits[window[0]] in own),
    )


def _take_back(
    counted: tuple[tuple[str, datetime], ...], forget: tuple[tuple[str, datetime], ...] = ()
) -> None:
    """Lower counters by one, or to nothing."""
    windows = (*counted, *forget)
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE_BACK,
            {
                "keys": [key for key, _ends_at in windows],
                "ends": [ends_at for _key, ends_at in windows],
                "forget": [False] * len(counted) + [True] * len(forget),
            },
        )


def _key(limit: Limit, subject: str) -> str:
    """A counter's key; what was typed is digested, since people type passwords into the wrong field."""
    return f"{limit.name}:{hashlib.sha256(subject.encode()).hexdigest()[:32]}"
