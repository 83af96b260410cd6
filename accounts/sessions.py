"""Sessions in PostgreSQL that know their user and their face.

A session of one face is not found by another; ending all sessions of a person is deleting rows. A session
of the staff face ends after 15 minutes in which the person asked for nothing.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

# Of the staff face. Source: OWASP ASVS 7.3.1 and 7.3.2 (both limits), for a desk that others pass by.
IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)  # a working day, however busy
WARNED_BEFORE = timedelta(minutes=2)
# The row is written at most this often, so a session may end by as much sooner, never later.
WRITTEN_EVERY = timedelta(minutes=1)
STARTED_AT = "started_at"  # key in the session: seconds since 1970
GIVEN_AT = "password_given_at"  # key in the session: when the password was, in seconds since 1970
PASSWORD_COUNTS_FOR = timedelta(minutes=10)  # for setting up a second step at an open desk


class SessionStore(DatabaseStore):
    expires_at: datetime | None = None  # of the row, once it is read or written
    is_background = False  # whether this request is the page's own doing: it keeps no session alive

    @classmethod
    def get_model_class(cls):
        from accounts.models import Session

        return Session

    def create_model_instance(self, data):
        session = super().create_model_instance(data)
        session.user_id = data.get(SESSION_KEY)
        session.face = settings.PORTAL_FACE
        self.expires_at = session.expire_date
        return session

    def get_expiry_date(self, **kwargs) -> datetime:
        if settings.PORTAL_FACE != "staff":
            return super().get_expiry_date(**kwargs)
        if self.is_background and self.expires_at:
            return self.expires_at
        now = timezone.now()
        # Not self.setdefault(): asking for the date must not make an empty session one to store.
        started = self.get(STARTED_AT, now.timestamp())
        return min(now + IDLE, datetime.fromtimestamp(started, UTC) + LONGEST)

    @property
    def seconds_left(self) -> int:
        """Until the session ends by itself, as it stands in the database."""
        if self.expires_at is None:
            return 0
        return max(0, int((self.expires_at - timezone.now()).total_seconds()))

    def keep_alive(self) -> None:
        """Begin the idle time anew, in the row alone: what other requests put into the session stays."""
        new = self.get_expiry_date()
        if self.expires_at and new - self.expires_at >= WRITTEN_EVERY:
            self.model.objects.filter(session_key=self.session_key).update(expire_date=new)
            self.expires_at = new

    def _validate_session_key(self, key):
        """Refuse what cannot be a key of ours before PostgreSQL sees it (a cookie may carry a NUL)."""
        return super()._validate_session_key(key) and key.isascii() and key.isalnum()

    def _get_session_from_db(self):
        try:
            session = self.model.objects.get(
                session_key=self.session_key, face=settings.PORTAL_FACE, expire_date__gt=timezone.now()
            )
        except self.model.DoesNotExist:
            self._session_key = None
            return None
        self.expires_at = session.expire_date
        return session


def note_password(request) -> None:
    """The person of this session has just given or set the password."""
    request.session[GIVEN_AT] = timezone.now().timestamp()


def gave_password_recently(request) -> bool:
    given_at = request.session.get(GIVEN_AT, 0)
    return timezone.now().timestamp() - given_at < PASSWORD_COUNTS_FOR.total_seconds()


def end_sessions(user, *, keep: str | None = None) -> None:
    """Sign the user out everywhere, at once, except in the session whose key is keep."""
    user.sessions.exclude(session_key=keep).delete()


def background(view):
    """Mark a view that pages ask by themselves, such as a progress bar: it keeps no session alive.

    A request to any other view can say the same of itself, by the header `X-Background: yes`.
    """
    view.is_background = True
    return view
