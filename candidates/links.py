"""The address of a link to a result.

Its token is made of the link's seed with a key from the environment, so a stolen database makes no link; and
the database compares digests, so it never holds a token. No number of a person stands in it.
"""

import base64
import hashlib
import re

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts.models import Face
from results.models import Share

SALT = "candidates.links.share"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits


def token_of(seed: str, key: str | None = None) -> str:
    """The token of a seed, as it stands in the address; key: another than PORTAL_SECRET_KEY."""
    made = salted_hmac(SALT, seed, secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def digest_of(token: str) -> str | None:
    """What the database compares; None for what is no token, which need not be looked up."""
    return hashlib.sha256(token.encode()).hexdigest() if _TOKEN.fullmatch(token) else None


def address_of(share: Share) -> str | None:
    """The whole address, to be copied; None if it was made with a key that the portal no longer has."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = token_of(share.seed, key)
        if digest_of(token) == share.digest:
            return settings.FACE_URLS[Face.CANDIDATES] + reverse(
                "shared", urlconf="results_portal.urls.candidates", args=[token]
            )
    return None
