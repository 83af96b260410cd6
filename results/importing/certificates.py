"""Certificates: which have arrived, and who has signed for which."""

import re
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from results.importing.entries import name
from results.importing.loading import Cells, Loader, WrongCell, id_number
from results.importing.reports import Finding
from results.models import Certificate
from results.times import day_in_words

_STATES = tuple(Certificate.State.values)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SEPARATORS = re.compile(r"[\s_-]+")


def state(text: str) -> str:
    """Raises WrongCell, as all these rules do."""
    tidy = _SEPARATORS.sub("_", text.lower())
    if tidy not in _STATES:
        raise WrongCell(_("not a state of a certificate"), ", ".join(_STATES))
    return tidy


def past_day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise WrongCell(_("not a date in this form"), _("a date such as 2026-07-14 (year, month, day)"))
    if day > today:
        raise WrongCell(_("this day has not come yet"), _("today, or a day before"))
    return day


class CertificateFile(Loader):
    """A file of a session's certificates: a row replaces what is stored; entries that it does not name stay.

    A file brings certificates forward only: what an older list would take back is a fault.
    """

    called = gettext_lazy("certificates")
    telling = frozenset({"state", "arrived_on", "collected_on", "collected_by"})
    columns = ("id_number", "state", "arrived_on", "collected_on", "collected_by")
    staged = "row integer, id_number text, state text, arrived_on date, collected_on date, collected_by text"

    def parse(self, number: int, cells: Cells) -> tuple:
        today = timezone.localdate()
        who = self.value(number, cells, "id_number", id_number)
        where = self.value(number, cells, "state", state)
        needed = {"at_centre": ("arrived_on",), "collected": ("collected_on", "collected_by")}.get(where, ())
        welcome = ("arrived_on", *needed) if where == "collected" else needed
        values = {}
        for column, rule in (("arrived_on", past_day), ("collected_on", past_day), ("collected_by", name)):
            given = cells[column] or column in needed
            if where and given and column not in welcome:
                self.fault(
                    _("with state %s this cell is empty") % where,
                    _("an empty cell"),
                    row=number,
                    column=column,
                    value=cells[column],
                )
            elif given:
                arguments = (today,) if rule is past_day else ()
                values[column] = self.value(number, cells, column, rule, *arguments)
        arrived, collected = values.get("arrived_on"), values.get("collected_on")
        if arrived and collected and collected < arrived:
            self.fault(
                _("this is before the certificate arrived"),
                _("the day of arrival, or a later one"),
                row=number,
                column="collected_on",
                value=cells["collected_on"],
            )
        return number, who, where, arrived, collected, values.get("collected_by") or ""

    def check(self, cursor) -> None:
        self.check_once(cursor, "id_number", _("the same ID Number stands in row %d"))
        self.check_entered(cursor)
        cursor.execute(
            "SELECT 1 FROM results_certificate c JOIN results_entry e ON e.id = c.entry_id"
            " WHERE e.session_id = %s ORDER BY c.id FOR UPDATE OF c",
            [self.session.pk],
        )
        self.query(
            cursor,
            self.report.faults,
            """
            SELECT s.row, s.state, c.state AS stored, c.collected_on, c.collected_by FROM staged s
            JOIN results_entry e ON e.id_number = s.id_number
            JOIN results_certificate c ON c.entry_id = e.id
            WHERE c.state = 'at_centre' AND s.state = 'expected'
               OR c.state = 'collected' AND (s.state, s.collected_on, s.collected_by)
                  IS DISTINCT FROM (c.state, c.collected_on, c.collected_by)
            """,
            [],
            lambda row, value, stored, day, who: Finding(
                _("this certificate was collected already, on %(day)s by %(who)s")
                % {"day": day_in_words(day), "who": who}
                if stored == Certificate.State.COLLECTED
                else _("this certificate has arrived already"),
                _("what is stored; undo it in the admin first if it is wrong"),
                row,
                "state",
                value,
            ),
        )

    def store(self, cursor) -> None:
        cursor.execute(
            """
            WITH stored AS (
                INSERT INTO results_certificate AS c
                    (entry_id, state, arrived_on, collected_on, collected_by, note)
                SELECT e.id, s.state, s.arrived_on, s.collected_on, s.collected_by, '' FROM staged s
                JOIN results_entry e ON e.id_number = s.id_number
                WHERE s.state <> 'expected'
                ORDER BY s.row
                ON CONFLICT (entry_id) DO UPDATE SET
                    state = excluded.state, arrived_on = coalesce(excluded.arrived_on, c.arrived_on),
                    collected_on = excluded.collected_on, collected_by = excluded.collected_by
                WHERE (c.state, c.arrived_on, c.collected_on, c.collected_by) IS DISTINCT FROM
                    (excluded.state, coalesce(excluded.arrived_on, c.arrived_on), excluded.collected_on,
                     excluded.collected_by)
                RETURNING (xmax = 0) AS is_new
            )
            SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new),
                   (SELECT count(*) FROM staged)
            FROM stored
            """
        )
        self.report.added, self.report.changed, rows = cursor.fetchone()
        self.report.unchanged = rows - self.report.added - self.report.changed
