"""How an account follows the news: its visits, the private address of its feed, and the weekly digest.

The address of a feed is a random number and its signature by the portal's key: whoever reads the database
cannot make one, and what was not made here never reaches the database. A new number revokes the old address
at once. The link that ends the digest is signed too, and can do nothing else.
"""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import connection
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import User
from centres.models import NewsReader

# Whoever comes back within it is still on the same visit: a reload does not make everything old.
SAME_VISIT = timedelta(minutes=30)
_feed = signing.Signer(salt="centres.following.feed", sep=".")
_digest = signing.Signer(salt="centres.following.digest", sep=".")

_VISIT = """
UPDATE centres_newsreader
SET new_from = CASE WHEN visited_at > now() - %s THEN new_from ELSE visited_at END, visited_at = now()
WHERE user_id = %s
RETURNING new_from
"""


def reader_of(user: User) -> NewsReader:
    """How the account follows the news; it begins with the first time somebody asks."""
    reader, _made = NewsReader.objects.get_or_create(user=user, defaults={"feed_number": _new_number()})
    return reader


def visit(user: User) -> datetime | None:
    """Note that the account looks at the list; since when posts are new to it: None at its first visit."""
    with connection.cursor() as cursor:
        cursor.execute(_VISIT, [SAME_VISIT, user.pk])
        if row := cursor.fetchone():
            return row[0]
        reader_of(user)
        cursor.execute(_VISIT, [SAME_VISIT, user.pk])
        return cursor.fetchone()[0]


def feed_address(reader: NewsReader) -> str:
    """Where the account's feed is, in full."""
    return _on_face("news-feed", _feed.sign(reader.feed_number))


def new_feed_address(user: User) -> None:
    """Give the account's feed another address; the old one is dead at once."""
    NewsReader.objects.filter(pk=reader_of(user).pk).update(feed_number=_new_number())


def reader_of_feed(token: str) -> NewsReader | None:
    """Whose feed it is, with its user.

    None if the address is none of ours or was revoked, and if its account has no preparation centre any more.
    """
    try:
        number = _feed.unsign(token)
    except signing.BadSignature:
        return None
    readers = NewsReader.objects.filter(feed_number=number, user__is_active=True)
    return readers.filter(user__memberships__isnull=False).select_related("user").distinct().first()


def choose_digest(user: User, *, wanted: bool) -> None:
    """Send the account the weekly digest from now on, or no more; when it chose is in the audit trail."""
    reader = NewsReader.objects.filter(pk=reader_of(user).pk).exclude(wants_digest=wanted)
    reader.update(wants_digest=wanted, wants_digest_since=Now() if wanted else None)


def end_digest_link(user_id: int) -> str:
    """The address at which the account ends its digest without signing in."""
    return _on_face("news-unsubscribe", _digest.sign(str(user_id)))


def user_of_digest_link(token: str) -> User | None:
    """Whose digest a link ends; None if it is none of ours or the account is gone."""
    try:
        return User.objects.filter(pk=int(_digest.unsign(token))).first()
    except signing.BadSignature:
        return None


def _new_number() -> str:
    return secrets.token_urlsafe(16)  # 128 bits, 22 characters


def _on_face(name: str, *args: str) -> str:
    return settings.FACE_URLS["centres"] + reverse(name, urlconf="results_portal.urls.centres", args=args)
