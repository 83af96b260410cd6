"""`make demo-code`: what the authenticator apps of the demo's staff show now."""

import base64
import csv
import sys
import time

from django_otp.oath import totp

from results_portal.demo.data import STAFF

STEP = 30  # seconds for which a code stands


def code_of(secret: str) -> str:
    """The present code of a key in base32."""
    return f"{totp(base64.b32decode(secret), step=STEP):06d}"


def main() -> int:
    if not STAFF.exists():
        print("Start the demo first: make demo", file=sys.stderr)
        return 1
    with STAFF.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            print(f"{code_of(row['totp_secret'])}  {row['email']}")
    print(f"For {STEP - int(time.time()) % STEP} more seconds; each code works once.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
