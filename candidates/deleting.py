"""A candidate deletes the account. The result stays with the exams office, as the page says."""

from django.contrib.sessions.backends.base import SessionBase
from django.db import connection, transaction

from accounts.mails import given_names
from accounts.models import User
from accounts.sessions import end_sessions
from candidates import tasks


class NotDeleted(Exception):  # noqa: N818
    """The session is nobody's any more: it ended, or the account is gone already."""


def delete_account(user: User, session: SessionBase) -> None:
    """Delete the account whose session this is, and queue the mail that says so, all or nothing.

    The caller has made sure who asks (the password). Choices, sessions and queued mails go with the account;
    its entries are free, and whoever has the slip can register again. Raises NotDeleted.
    """
    with transaction.atomic():
        # First a statement that is no SELECT: pghistory puts who acts in front of those alone.
        end_sessions(user, keep=session.session_key)
        tasks.send_account_deleted.defer(address=user.email, language=user.language, name=given_names(user))
        with connection.cursor() as cursor:
            cursor.execute("SELECT results_delete_own_account(%s)", [session.session_key])
            if cursor.fetchone() != (True,):
                raise NotDeleted
