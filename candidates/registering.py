"""From the two numbers of the slip to an account."""

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction
from django.utils.translation import get_language

from accounts.models import Choice, Face, User
from candidates import tasks, texts
from results.models import Entry
from results.numbers import digest_secret_number


class NotFound(Exception):  # noqa: N818
    """No entry has this ID Number with this Secret Number; which of the two is wrong, nobody learns."""


class AlreadyRegistered(Exception):  # noqa: N818
    """Somebody who knows the Secret Number has registered with this entry before."""


def find_entry(id_number: str, secret_number: str) -> Entry:
    """The entry of a slip; both numbers normalised. The caller has counted the try (accounts.throttle).

    Raises NotFound for an unknown ID Number and for a wrong Secret Number, after the same work.
    """
    digest = digest_secret_number(id_number, secret_number)
    with connection.cursor() as cursor:
        cursor.execute("SELECT results_find_entry(%s, %s)", [id_number, digest])
        (found,) = cursor.fetchone()
    if found is None:
        raise NotFound
    return Entry.objects.for_candidates().get(pk=found)


def register(entry: Entry, secret_number: str, *, email: str, password: str, updates: bool) -> User:
    """Make the account of an entry, record the choices and queue the confirmation, all or nothing.

    entry: as found by find_entry with the same Secret Number, which the database asks for again. The
    password has passed the rule; the language is the page's.
    Raises AlreadyRegistered if somebody was faster: of two at once exactly one succeeds.
    """
    user = User(
        username=entry.id_number,
        face=Face.CANDIDATES,
        email=email,
        language=get_language(),
        password=make_password(password),
    )
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            with connection.cursor() as cursor:
                digest = digest_secret_number(entry.id_number, secret_number)
                cursor.execute("SELECT results_claim_entry(%s, %s, %s)", [entry.pk, digest, user.pk])
                if cursor.fetchone() != (True,):
                    raise AlreadyRegistered
            record_choice(user, Choice.Kind.TERMS, agreed=True)
            record_choice(user, Choice.Kind.UPDATES, agreed=updates)
            tasks.send_confirmation.defer(user_id=user.pk)
    except IntegrityError as error:
        raise AlreadyRegistered from error
    return user


def record_choice(user: User, kind: Choice.Kind, *, agreed: bool) -> None:
    """Note what the user chose, now, about the present version of the text."""
    version = {Choice.Kind.TERMS: texts.TERMS_VERSION, Choice.Kind.UPDATES: texts.UPDATES_VERSION}[kind]
    Choice.objects.create(user=user, kind=kind, agreed=agreed, text_version=version)


def wants_updates(user: User) -> bool:
    """The newest choice about updates."""
    newest = user.choices.filter(kind=Choice.Kind.UPDATES).order_by("-pk").first()
    return newest is not None and newest.agreed
