"""The code on a document by which anybody can ask whether it is genuine: RX3K7-0M2QD-9VTBA-WE41H.

Nothing is stored for it. It is the statement's number, sealed under a key that never changes (the one of the
Secret Numbers): 60 bits of seal, 35 bits of number that only the seal's key makes readable, and a check
character. So the same version always has the same code, every version has its own, it is looked up by its
primary key, and a stolen database yields none. A made-up code is right once in 2^95 for each statement that
there is, and no part of one says anything about another.

Source of the sealing: P. Rogaway, T. Shrimpton, "Deterministic Authenticated-Encryption" (SIV), 2006; of the
letters: D. Crockford, "Base 32", which has no I, L, O and U. The check character is a sum over GF(32) with
another weight at each place: it finds every wrong letter, and every two that have changed places.
"""

import hashlib
import hmac
import re

from django.conf import settings

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH, GROUP = 20, 5  # letters, the check character among them
_BITS = 5  # of a letter
_NUMBER_BITS = 35  # 34 billion statements
_SEAL_BITS = (LENGTH - 1) * _BITS - _NUMBER_BITS
_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1, primitive: the powers of x are 31 different weights

_SEPARATORS = re.compile(r"[\s\-\u00ad\u2010-\u2015\u2212.,:·_/\u200b\u2060\ufeff]+")
_FORGIVEN = str.maketrans("OIL", "011")


class Mistyped(Exception):  # noqa: N818
    """What was typed cannot be a code. length: how many letters it has, without what separates them."""

    def __init__(self, length: int):
        self.length = length
        super().__init__(f"no code: {length} letters")


def code_of(statement_id: int) -> str:
    """The code of a version of a statement, in groups as it is printed."""
    seal = _seal(statement_id)
    number = statement_id ^ _mask(seal)
    letters = _letters(seal << _NUMBER_BITS | number)
    code = letters + _check(letters)
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def normalise(typed: str) -> str:
    """A code as it is printed, whatever case, spaces and look-alikes were typed; out of its address too.

    Raises Mistyped if a letter is missing, wrong or in another's place: that takes no key and no database.
    """
    code = _SEPARATORS.sub("", typed.rpartition("/verify/")[2]).upper().translate(_FORGIVEN)
    if len(code) != LENGTH or set(code) - set(LETTERS) or _check(code[:-1]) != code[-1]:
        raise Mistyped(len(code))
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def statement_of(code: str) -> int | None:
    """The number of the statement whose code this is; None if no document ever bore it.

    code: as normalise() gives it. Whether the statement may be seen, the gate says.
    """
    value = 0
    for letter in code.replace("-", "")[:-1]:
        value = value << _BITS | LETTERS.index(letter)
    seal = value >> _NUMBER_BITS
    number = (value & (1 << _NUMBER_BITS) - 1) ^ _mask(seal)
    return number if hmac.compare_digest(str(_seal(number)), str(seal)) else None


def page() -> str:
    """The address of the page that checks documents, on the candidates' site."""
    return f"{settings.FACE_URLS['candidates']}/verify/"


def address_of(code: str) -> str:
    """Where a code leads: what the QR code on a document holds."""
    return f"{page()}{code}/"


def _seal(statement_id: int) -> int:
    return _digest(f"verification seal {statement_id}", _SEAL_BITS)


def _mask(seal: int) -> int:
    return _digest(f"verification mask {seal}", _NUMBER_BITS)


def _digest(message: str, bits: int) -> int:
    """No Secret Number has such a message (results/numbers.py): theirs hold no space."""
    digest = hmac.digest(settings.SECRET_NUMBER_KEY.encode(), message.encode(), hashlib.sha256)
    return int.from_bytes(digest) >> len(digest) * 8 - bits


def _letters(value: int) -> str:
    return "".join(LETTERS[value >> shift & 31] for shift in range((LENGTH - 2) * _BITS, -1, -_BITS))


def _check(letters: str) -> str:
    """The check character of the letters before it, by Horner's rule."""
    total = 0
    for letter in letters:
        total = _times_x(total ^ LETTERS.index(letter))
    return LETTERS[total]


def _times_x(value: int) -> int:
    value <<= 1
    return value ^ _POLYNOMIAL if value >> _BITS else value
