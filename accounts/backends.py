"""Who may be signed in on this face."""

from django.conf import settings
from django.contrib.auth.backends import ModelBackend


class FaceBackend(ModelBackend):
    """Django's backend, for the accounts of this process's face alone.

    An unknown name costs one hash, as a wrong password does. On the public faces the database refuses
    other faces' accounts too (row-level security, accounts/migrations).
    """

    def user_can_authenticate(self, user) -> bool:
        return user.face == settings.PORTAL_FACE and super().user_can_authenticate(user)
