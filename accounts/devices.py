"""Device cookies: a browser that signed in before is known again, for its own throttle counter.

The cookie is signed and says only, for up to MOST_NAMES names, "this browser once signed in with it"; it
opens nothing. Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import hashlib
import secrets

from django.conf import settings
from django.core import signing

MOST_NAMES = 5  # a family's phone
AGE = 365 * 24 * 60 * 60  # seconds
SALT = "accounts.devices"


def known_device(request, name: str) -> str | None:
    """The browser's mark for a name that it signed in with before; None for a stranger."""
    return _marks(request).get(_digest(name))


def remember_device(request, response, name: str) -> None:
    """Mark the browser as one that has signed in with the name."""
    marks = _marks(request)
    marks[_digest(name)] = marks.pop(_digest(name), None) or secrets.token_urlsafe(12)
    _store(response, dict(list(marks.items())[-MOST_NAMES:]))


def forget_device(request, response, name: str) -> None:
    """The browser no longer knows that anybody signed in with the name."""
    marks = _marks(request)
    if not marks.pop(_digest(name), None):
        return
    if marks:
        _store(response, marks)
    else:
        response.delete_cookie(_cookie_name(), samesite="Lax")


def _store(response, marks: dict[str, str]) -> None:
    response.set_cookie(
        _cookie_name(),
        signing.dumps(marks, salt=SALT),
        max_age=AGE,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _marks(request) -> dict[str, str]:
    try:
        return signing.loads(request.COOKIES.get(_cookie_name(), ""), salt=SALT, max_age=AGE)
    except signing.BadSignature:
        return {}


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _cookie_name() -> str:
    return f"{settings.COOKIE_PREFIX}{settings.PORTAL_FACE}_device"
