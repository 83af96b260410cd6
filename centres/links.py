"""The link of an invitation: one use, seven days.

Its token is made of the invitation's seed with a key from the environment, so a stolen database makes no
link; and the database compares digests, so it never holds a token. A queued mail carries neither.
"""

import base64
import hashlib

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts.models import Face
from centres.models import Invitation

SALT = "centres.links.invitation"


def token_of(seed: str) -> str:
    """The token of a seed: 256 bits, as it stands in the link."""
    made = salted_hmac(SALT, seed, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def digest_of(token: str) -> str:
    """What the database compares; token: as it came in an address."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def invitation_link(invitation: Invitation) -> str:
    """The address in the invitation's mail."""
    args = [token_of(invitation.seed)]
    return settings.FACE_URLS[Face.CENTRES] + reverse(
        "invitation", urlconf="results_portal.urls.centres", args=args
    )
