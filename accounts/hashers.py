"""Password hashing: Argon2id over an HMAC pepper.

The parameters are frozen: changing them later would make the time of an answer tell whether an account
exists (the dummy hash for unknown numbers would cost more than the stored ones).
"""

import hashlib
import hmac

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher


class PepperedArgon2(Argon2PasswordHasher):
    """Argon2id, 19 MiB, t=2, p=1 (OWASP Password Storage Cheat Sheet), peppered from the environment."""

    algorithm = "argon2_peppered"
    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1

    def encode(self, password, salt):
        return super().encode(_pepper(password), salt)

    def verify(self, password, encoded):
        return super().verify(_pepper(password), encoded)

    def harden_runtime(self, password, encoded):
        """Nothing to level out: all hashes have the same parameters."""


def _pepper(password: str) -> str:
    return hmac.new(settings.PASSWORD_PEPPER.encode(), password.encode(), hashlib.sha256).hexdigest()
