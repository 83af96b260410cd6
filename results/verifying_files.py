"""Checking a PDF that somebody hands in: whose it is, and whether a byte was changed since we signed it.

The file is looked at by a process of its own (results/inspecting.py), and kept nowhere.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from threading import BoundedSemaphore

from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from results import signing, verification_codes

LARGEST = 1_000_000  # bytes; a statement has 50,000
AT_ONCE = 2  # of a process's 8 threads, as documents are made (results/handing_out.py)
PATIENCE = 3  # seconds to wait for one's turn
TIME = 10  # seconds by the clock; what the process may do is less (results/inspecting.py)

_INSPECTOR = settings.BASE_DIR / "results" / "inspecting.py"
_turns = BoundedSemaphore(AT_ONCE)


class Verdict(StrEnum):
    """What a file is."""

    GENUINE = "genuine"  # signed by us, and not a byte was changed
    CHANGED = "changed"  # signed by us, and changed since
    FOREIGN = "foreign"  # signed by somebody else
    UNSIGNED = "unsigned"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"  # cannot be read, or not with what a check may take
    NOT_PDF = "not_pdf"


class Busy(Exception):  # noqa: N818
    """As many files as there may be are being looked at."""


@dataclass(frozen=True)
class Inspection:
    """What a file is; codes: of the statements in a genuine one, as printed."""

    verdict: Verdict
    codes: tuple[str, ...] = ()


def inspect(pdf: bytes) -> Inspection:
    """What the file is. Raises Busy; takes up to TIME and, as a rule, half a second."""
    if not _turns.acquire(timeout=PATIENCE):
        raise Busy
    try:
        # Without a variable of our own: no secret is where a hostile file is read.
        done = subprocess.run(
            [sys.executable, "-I", _INSPECTOR, *_certificates()],
            input=pdf, capture_output=True, timeout=TIME, env={}, check=True,
        )  # fmt: skip
        found = json.loads(done.stdout)
    except (subprocess.SubprocessError, json.JSONDecodeError):
        return Inspection(Verdict.DAMAGED)
    finally:
        _turns.release()
    return Inspection(Verdict(found["verdict"]), tuple(_codes(found.get("codes", ()))))


def _codes(found: list[str]):
    for code in found:
        try:
            yield verification_codes.normalise(code)
        except verification_codes.Mistyped:
            continue


def _certificates() -> list[str]:
    """Those with which documents are signed, and were: DER, in hex."""
    return [each.public_bytes(Encoding.DER).hex() for each in signing.our_certificates()]
