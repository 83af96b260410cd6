"""The numbers on the slip: how they are written, forgiven and digested.

Source of the forms: the boards' Confirmation of Entry ("statino"); an ID Number is letters then digits,
usually 3 and 6, as in SIR094701.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

from django.conf import settings

ID_NUMBER = re.compile(r"[A-Z]{1,5}[0-9]{4,9}")
SECRET_NUMBER = re.compile(r"[A-Z0-9]{4,12}")
CANDIDATE_NUMBER = re.compile(r"[0-9]{4,6}")  # four, but for a session of more than 10,000 candidates

REFERENCE_NUMBER = re.compile(r"([0-9OIL]{2})([A-Z0-9])([A-Z]{2}[0-9OIL]{3})([0-9OIL]{4,6})")

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015.·_/\u200b\u2060\ufeff]+")
_TO_DIGIT = str.maketrans("OIL", "011")
_TO_LETTER = str.maketrans("01", "OI")
_USUAL_LETTERS, _USUAL_LENGTH = 3, 9


def normalise_id_number(typed: str) -> str:
    """An ID Number as it is stored: spaces, hyphens and case forgiven, O and 0, I and 1 told apart.

    Letters come first and digits after, so an O among the digits is a nought and a nought among the
    letters an O. What is no ID Number comes back as it is, in capitals; it is then simply not found.
    """
    text = _squeeze(typed)
    if len(text) == _USUAL_LENGTH:
        return text[:_USUAL_LETTERS].translate(_TO_LETTER) + text[_USUAL_LETTERS:].translate(_TO_DIGIT)
    first_digit = re.search(r"[0-9]", text)
    if first_digit is None:
        return text
    start = first_digit.start()
    return text[:start] + text[start:].translate(_TO_DIGIT)


@dataclass(frozen=True)
class ReferenceNumber:
    """The parts of a reference number, as on the board's statements: 15BGB9615003.

    year: of the exam date; letter: of the session; centre: the Authorised Exam Centre's number.
    """

    year: int
    letter: str
    centre: str
    candidate_number: str


def read_reference_number(typed: str) -> ReferenceNumber | None:
    """A reference number's parts, forgiven as an ID Number is; None if it has not the form of one."""
    if (parts := REFERENCE_NUMBER.fullmatch(_squeeze(typed))) is None:
        return None
    year, letter, centre, candidate = parts.groups()
    return ReferenceNumber(
        year=2000 + int(year.translate(_TO_DIGIT)),
        letter=letter,
        centre=centre[:2] + centre[2:].translate(_TO_DIGIT),
        candidate_number=candidate.translate(_TO_DIGIT),
    )


def normalise_secret_number(typed: str) -> str:
    """A Secret Number as it is digested; one made of digits forgives O for 0 and I or L for 1."""
    text = _squeeze(typed)
    as_digits = text.translate(_TO_DIGIT)
    return as_digits if as_digits.isdigit() else text


def digest_secret_number(id_number: str, secret_number: str) -> str:
    """HMAC-SHA-256 (hex) of a Secret Number, bound to its ID Number; both normalised.

    Without the key from the environment the 10,000 Secret Numbers of a stolen table cannot be tried.
    """
    message = f"{id_number}:{secret_number}".encode()
    return hmac.new(settings.SECRET_NUMBER_KEY.encode(), message, hashlib.sha256).hexdigest()


def _squeeze(typed: str) -> str:
    return _SEPARATORS.sub("", typed).upper()
