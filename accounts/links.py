"""Links sent by mail: a new password (one use, 60 minutes) and the confirmation of an address."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import User

EMAIL_SALT = "accounts.links.email"


def password_link(user: User) -> str:
    """The address at which the user may choose a new password; it dies with use, sign-in and time."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return _on_face(user, "new-password", uid, default_token_generator.make_token(user))


def confirmation_link(user: User) -> str:
    """The address that confirms the user's present e-mail address."""
    return _on_face(user, "confirm-email", signing.dumps([user.pk, user.email], salt=EMAIL_SALT))


def read_confirmation(token: str) -> tuple[int, str] | None:
    """The account and the address that a confirmation link stands for; None if it is not one of ours."""
    try:
        pk, email = signing.loads(token, salt=EMAIL_SALT)
    except (signing.BadSignature, ValueError):
        return None
    return pk, email


def _on_face(user: User, name: str, *args: str) -> str:
    return settings.FACE_URLS[user.face] + reverse(
        name, urlconf=f"results_portal.urls.{user.face}", args=args
    )
