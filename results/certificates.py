"""What the exams office does with certificates: they arrive, somebody signs for them, a slip is undone.

Each verb is one transaction and records who did it; days are those of the exams office's calendar.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.acting import acting
from accounts.models import User
from results.models import Certificate, Entry
from results.times import day_in_words

MAY_HAND_OUT = "results.change_certificate"
State = Certificate.State


def arrive(entries: QuerySet[Entry], on: date, by: User) -> int:
    """The certificates of these entries have come to the exams office; those that had before stay so.

    Returns how many this changed. Raises ValidationError, by field, for a day to come, and if `by` may not.
    """
    with acting(by, MAY_HAND_OUT), connection.cursor() as cursor:
        _check_day("on", on)
        pks = list(entries.values_list("pk", flat=True).order_by("pk"))
        cursor.execute(
            """
            INSERT INTO results_certificate AS c (entry_id, state, arrived_on, collected_by, note)
            SELECT pk, 'at_centre', %s, '', '' FROM unnest(%s::bigint[]) AS entries (pk)
            ON CONFLICT (entry_id) DO UPDATE SET state = 'at_centre', arrived_on = excluded.arrived_on
            WHERE c.state = 'expected'
            """,
            [on, pks],
        )
        return cursor.rowcount


def collect(entry: Entry, who: str, on: date, by: User, note: str = "") -> Certificate:
    """Somebody has signed for the entry's certificate. who: the name of the person; note: for the office.

    A certificate whose arrival nobody noted can be collected all the same. Raises ValidationError, by field,
    for a day to come or before it arrived and for an empty name; also if it was collected already, or if `by`
    may not.
    """
    with acting(by, MAY_HAND_OUT):
        with _locked(entry) as certificate:
            if certificate.state == State.COLLECTED:
                raise ValidationError(
                    _("%(entry)s: collected already, on %(day)s by %(who)s."),
                    code="collected",
                    params={
                        "entry": entry,
                        "day": day_in_words(certificate.collected_on),
                        "who": certificate.collected_by,
                    },
                )
            _check_day("on", on)
            if certificate.arrived_on and on < certificate.arrived_on:
                raise ValidationError(
                    {"on": _("This is before the certificate arrived.")}, code="before_arrival"
                )
            certificate.state = State.COLLECTED
            certificate.collected_on = on
            certificate.collected_by = checked_name(who)
            certificate.note = " ".join(note.split())
        return certificate


def undo(entry: Entry, by: User) -> Certificate:
    """Take the last step back: not collected after all, or not arrived.

    Raises ValidationError if there is none, or if `by` may not.
    """
    with acting(by, MAY_HAND_OUT):
        with _locked(entry) as certificate:
            if certificate.state == State.EXPECTED:
                raise ValidationError(
                    _("%s: this certificate is expected; there is nothing to undo.") % entry, code="expected"
                )
            if certificate.state == State.COLLECTED and certificate.arrived_on:
                certificate.state = State.AT_CENTRE
            else:
                certificate.state, certificate.arrived_on = State.EXPECTED, None
            certificate.collected_on, certificate.collected_by = None, ""
        return certificate


def checked_name(who: str) -> str:
    """The name of who signed, as it is stored. Raises ValidationError by the field “who”."""
    who = " ".join(who.split())
    longest = Certificate._meta.get_field("collected_by").max_length
    if not 0 < len(who) <= longest:
        raise ValidationError({"who": _("Write the name of the person who signed.")}, code="no_name")
    return who


@contextmanager
def _locked(entry: Entry) -> Iterator[Certificate]:
    """The entry's certificate, locked, and stored at the end."""
    certificate, _made = Certificate.objects.select_for_update().get_or_create(entry=entry)
    yield certificate
    certificate.save()


def _check_day(field: str, day: date) -> None:
    if day > timezone.localdate():
        raise ValidationError({field: _("This day has not come yet.")}, code="to_come")
