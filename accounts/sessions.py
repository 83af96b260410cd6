"""Sessions in PostgreSQL that know their user and their face.

A session of one face is not found by another; ending all sessions of a person is deleting rows.
"""

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls):
        from accounts.models import Session

        return Session

    def create_model_instance(self, data):
        session = super().create_model_instance(data)
        session.user_id = data.get(SESSION_KEY)
        session.face = settings.PORTAL_FACE
        return session

    def _validate_session_key(self, key):
        """Refuse what cannot be a key of ours before PostgreSQL sees it (a cookie may carry a NUL)."""
        return super()._validate_session_key(key) and key.isascii() and key.isalnum()

    def _get_session_from_db(self):
        try:
            return self.model.objects.get(
                session_key=self.session_key, face=settings.PORTAL_FACE, expire_date__gt=timezone.now()
            )
        except self.model.DoesNotExist:
            self._session_key = None
            return None


def end_sessions(user, *, keep: str | None = None) -> None:
    """Sign the user out everywhere, at once, except in the session whose key is keep."""
    user.sessions.exclude(session_key=keep).delete()
