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
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.db import connection

from results_portal.attribution import visitor_address

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

# The second factor: three of a million codes fit at a time, and only who has the password can guess. The
# day's limit leaves 1 in 6,600 a day, and less than 6 % a year to who guesses every day.
CODE_PER_NAME = Limit("code-name", 5, 15 * MINUTE)
CODE_PER_NAME_A_DAY = Limit("code-name-day", 50, DAY)
CODE_PER_DEVICE = Limit("code-device", 5, 15 * MINUTE)
CODE_PER_DEVICE_A_DAY = Limit("code-device-day", 50, DAY)

# Registering: a Secret Number of 4 digits has 10,000 values, so one ID Number stands 20 guesses a day.
REGISTER_PER_NAME = Limit("register-name", 5, HOUR)
REGISTER_PER_NAME_A_DAY = Limit("register-name-day", 20, DAY)
REGISTER_PER_ADDRESS = Limit("register-address", 150, HOUR)
REGISTER_PER_ADDRESS_A_DAY = Limit("register-address-day", 500, DAY)
REGISTER_OVERALL = Limit("register-all", 4_000, HOUR)

# Mails that anyone can ask for; every request counts, there is no success.
MAIL_PER_NAME = Limit("mail-name", 3, HOUR)
MAIL_PER_ADDRESS = Limit("mail-address", 100, HOUR)

# Counted under the name alone: what the help desk can undo for one person.
_PER_NAME = (LOGIN_PER_NAME, REGISTER_PER_NAME, REGISTER_PER_NAME_A_DAY, MAIL_PER_NAME)

# Lost slips, which anyone can ask for: a class of 30 at school, and no more than the exams office can read.
LOST_SLIP_PER_ADDRESS = Limit("lost-slip-address", 30, HOUR)
LOST_SLIP_OVERALL = Limit("lost-slip-all", 300, HOUR)

# Schools that ask for access: the few of one building, and no more than the exams office can read.
ACCESS_REQUEST_PER_ADDRESS = Limit("access-request-address", 10, HOUR)
ACCESS_REQUEST_OVERALL = Limit("access-request-all", 100, HOUR)
# Invitations of a centre's manager: a large school's staff at once, and no mail to the whole town.
INVITATION_PER_NAME = Limit("invitation-name", 30, HOUR)

# Codes on documents, which nobody guesses (results/verification_codes.py): an office that checks a class's
# documents mistypes some; a botnet. And files, which cost a second of a processor: a class's at once.
VERIFY_PER_ADDRESS = Limit("verify-address", 60, HOUR)
VERIFY_OVERALL = Limit("verify-all", 20_000, HOUR)
VERIFY_FILE_PER_ADDRESS = Limit("verify-file-address", 120, HOUR)


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

    name: what the account is called, whichever of its ID Numbers was typed, or what was typed if it is
    nobody's; address: client_address(request); device: the
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


def code(name: str, device: str | None) -> Try:
    """Count a try to give a code of one's second factor.

    name: the account's username; device: the browser's own mark for it, which it gets only once a code was
    right there, so that who knows the password alone has one counter in all.
    Raises TooManyTries.
    """
    limits = (CODE_PER_DEVICE, CODE_PER_DEVICE_A_DAY) if device else (CODE_PER_NAME, CODE_PER_NAME_A_DAY)
    return _count([(limit, device or name) for limit in limits], own=list(limits))


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


@dataclass(frozen=True)
class Lock:
    """A limit that holds for a name now; until: when the next try is evaluated, by the database's clock."""

    limit: Limit
    until: datetime


def locks_of(names: Collection[str], face: str) -> list[Lock]:
    """What is locked for a person's names now, for the help desk; face: of the account. Counts nothing.

    Browsers that signed in before have counters of their own, which no name leads to.
    """
    limits = {_key(limit, name, face): limit for limit in _PER_NAME for name in names}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, count, ends_at FROM accounts_throttlecounter"
            " WHERE key = ANY(%s) AND ends_at > now()",
            [list(limits)],
        )
        return [Lock(limits[key], ends_at) for key, count, ends_at in cursor if count >= limits[key].failures]


def forget(names: Collection[str], face: str) -> None:
    """Forget what was counted for a person's names, so that the next try is evaluated; face: its site's."""
    keys = [_key(limit, name, face) for limit in _PER_NAME for name in names]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_throttlecounter WHERE key = ANY(%s)", [keys])


def lost_slip(address: str) -> Try:
    """Count a request for a new slip. Raises TooManyTries."""
    return _count([(LOST_SLIP_PER_ADDRESS, address), (LOST_SLIP_OVERALL, "")], own=[])


def access_request(address: str) -> Try:
    """Count a school's request for access. Raises TooManyTries."""
    return _count([(ACCESS_REQUEST_PER_ADDRESS, address), (ACCESS_REQUEST_OVERALL, "")], own=[])


def invitation(name: str) -> Try:
    """Count an invitation by the manager of a preparation centre. Raises TooManyTries."""
    return _count([(INVITATION_PER_NAME, name)], own=[])


def verification(address: str) -> Try:
    """Count a try of a document's code. Raises TooManyTries."""
    return _count([(VERIFY_PER_ADDRESS, address), (VERIFY_OVERALL, "")], own=[])


def verification_file(address: str) -> Try:
    """Count a file that is handed in to be checked; every one counts. Raises TooManyTries."""
    return _count([(VERIFY_FILE_PER_ADDRESS, address)], own=[])


def client_address(request) -> str:
    """The visitor's network address for counting: an IPv4 address, or the /48 that one IPv6 site can have."""
    if not settings.TRUSTED_PROXIES and "x-forwarded-for" in request.headers:
        _complain_of_proxy()
    address = visitor_address(request)
    if not address:
        return "unknown"
    if isinstance(ip_address(address), IPv6Address):
        return str(ip_network((address, 48), strict=False))
    return address


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


def _key(limit: Limit, subject: str, face: str | None = None) -> str:
    """A counter's key: each face counts for itself, so that a storm of candidates never stops the staff.

    What was typed is digested, since people type passwords into the wrong field.
    """
    return f"{face or settings.PORTAL_FACE}:{limit.name}:{hashlib.sha256(subject.encode()).hexdigest()[:32]}"
