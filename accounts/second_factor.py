"""The second factor: an authenticator app and recovery codes; for staff also passkeys beside them.

All staff have an app, set up at the first sign-in; people of preparation centres if they want one, or if a
centre of theirs or the exams office asks for it. What the database holds makes no code without the pepper
from the environment (accounts.models.AuthenticatorApp; recovery codes are kept as digests).
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.util import random_hex
from django_otp_webauthn.models import WebAuthnCredential

from accounts.models import AuthenticatorApp, Face, User
from accounts.sessions import end_sessions

RECOVERY_CODES = 10
APP_CODE = re.compile(r"[0-9]{6}")
RECOVERY_CODE = re.compile(r"[0-9]{12}")


def before_second_factor(view):
    """Mark a view that answers who gave the password but no code yet."""
    view.before_second_factor = True
    return view


@dataclass(frozen=True)
class Standing:
    """Where an account stands. enrolled: it has an app; required: it does not get on without one."""

    enrolled: bool
    required: bool


def standing_of(user: User) -> Standing:
    """One query."""
    if user.face == Face.STAFF:
        return Standing(is_enrolled(user), required=True)
    asked = Q(memberships__centre__wants_second_factor=True) | Q(
        memberships__centre__needs_second_factor=True
    )
    enrolled = Exists(AuthenticatorApp.objects.filter(user=OuterRef("pk"), confirmed=True))
    required = Exists(User.objects.filter(asked, pk=OuterRef("pk")))
    return Standing(*User.objects.filter(pk=user.pk).values_list(enrolled, required).get())


def is_enrolled(user: User) -> bool:
    return AuthenticatorApp.objects.filter(user=user, confirmed=True).exists()


def new_seed() -> str:
    """What a new app's key is made of."""
    return random_hex(20)


def authenticator(user: User, seed: str) -> AuthenticatorApp:
    """The app of a seed, not stored."""
    return AuthenticatorApp(user=user, key=seed, name="app")


def secret(app: AuthenticatorApp) -> str:
    """The app's key as people type it into a phone: base32."""
    return base64.b32encode(app.bin_key).decode()


def enrol(user: User, seed: str, code: str, *, replace: bool) -> AuthenticatorApp | None:
    """Store the app of a seed, if the code is its present one; else None.

    replace: in place of an earlier app. Without it, who has one gets None: a password alone changes nothing.
    """
    app = authenticator(user, seed)
    code = _plain(code)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        earlier = AuthenticatorApp.objects.filter(user=user)
        if (earlier.exists() and not replace) or not APP_CODE.fullmatch(code) or not app.verify_token(code):
            return None
        earlier.exclude(pk=app.pk).delete()
        return app


def check_code(user: User, code: str) -> Device | None:
    """The device that a code belongs to, if it is right and was never used; the code is used up by this.

    The caller has counted the try (accounts/throttle.py).
    """
    code = _plain(code)
    if RECOVERY_CODE.fullmatch(code):
        return _use_recovery_code(user, code)
    if not APP_CODE.fullmatch(code):
        return None
    with transaction.atomic():
        apps = AuthenticatorApp.objects.select_for_update().filter(user=user, confirmed=True)
        return next((app for app in apps if app.verify_token(code)), None)


def new_recovery_codes(user: User) -> list[str]:
    """Ten codes that work once each, in place of all earlier ones. They are shown once and never again."""
    codes = [f"{secrets.randbelow(10**12):012}" for _code in range(RECOVERY_CODES)]  # 40 bits each
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        device, _made = StaticDevice.objects.get_or_create(user=user, name="recovery")
        device.token_set.all().delete()
        for code in codes:
            device.token_set.create(token=_digest(user, code))
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def recovery_codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user).count()


def forget(user: User) -> None:
    """Forget the person's app and recovery codes."""
    with transaction.atomic():
        for model in (AuthenticatorApp, StaticDevice):
            model.objects.filter(user=user).delete()


def reset(user: User) -> None:
    """Forget the person's app, recovery codes and passkeys and sign them out. For the staff face."""
    with transaction.atomic():
        forget(user)
        WebAuthnCredential.objects.filter(user=user).delete()
        end_sessions(user)


def _use_recovery_code(user: User, code: str) -> StaticDevice | None:
    """One DELETE, so that of two who use a code at once one gets in."""
    used = StaticToken.objects.filter(device__user=user, token=_digest(user, code)).delete()[0]
    return StaticDevice.objects.get(user=user, name="recovery") if used else None


def _digest(user: User, code: str) -> str:
    """What is stored of a recovery code: 80 bits, as much as the column of the library holds."""
    key = settings.PASSWORD_PEPPER.encode()
    digest = hmac.digest(key, f"recovery:{user.pk}:{code}".encode(), hashlib.sha256)
    return base64.b32encode(digest)[:16].decode()


def _plain(code: str) -> str:
    """A code without the spaces and hyphens that people type or paste."""
    return re.sub(r"[\s-]", "", code)
