"""The history of changes on the staff face: who changed what, when, from what to what.

It is read from the event tables that database triggers fill (django-pghistory), so it knows of every
change by any path. Password hashes and the digests of Secret Numbers are not in them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import models
from django.utils.formats import date_format, localize
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from pghistory.models import Events

# Only the database's own business: keys, and how far an approval reaches (beside it stand when and who).
NOT_SHOWN = {"id", "approved_through"}
TO_THE_SECOND = "j M Y, H:i:s"


@dataclass(frozen=True)
class Change:
    """One event in words. who: an account's name, a command, or None; what: (field, old, new) each."""

    when: datetime
    who: str | None
    kind: str
    model: str
    what: list[tuple[str, str, str]]


class ChangesAdmin(admin.ModelAdmin):
    """Its History button leads to the history of changes, and saving writes only what the form changed.

    history_models: tracked models whose events belong to the page: the object's own and those that
    point to it.
    """

    history_models: tuple[type[models.Model], ...] = ()
    object_history_template = "admin/changes.html"

    def history_view(self, request, object_id, extra_context=None):
        obj = self.get_object(request, object_id)
        changes = changes_of(obj, self.history_models or (self.model,)) if obj else []
        return super().history_view(request, object_id, {"changes": changes, **(extra_context or {})})

    def save_model(self, request, obj, form, change):
        """Leave alone what somebody else changed since the page was opened, such as a registration."""
        if change:
            columns = {field.name for field in self.opts.concrete_fields}
            obj.save(update_fields=columns.intersection(form.changed_data))
        else:
            super().save_model(request, obj, form, change)


def changes_of(obj: models.Model, tracked: Iterable[type[models.Model]]) -> list[Change]:
    """The changes of an object and of what points to it, newest first, in a fixed number of queries."""
    events = list(
        Events.objects.references(obj)
        .across(*(model.pgh_event_model for model in tracked))
        .order_by("-pgh_created_at", "-pgh_id")
    )
    names = _related_names(events)
    return [_change(event, names) for event in events]


def _change(event: Events, names: dict) -> Change:
    model = apps.get_model(event.pgh_obj_model)
    context = event.pgh_context or {}
    who = names[get_user_model()].get(context.get("user"))
    if command := context.get("command"):
        who = f"{who} ({command})" if who else command
    if event.pgh_label == "update":
        values = event.pgh_diff or {}
    else:
        values = {
            column: (None, value) for column, value in event.pgh_data.items() if value not in (None, "")
        }
    what = [
        (
            str(field.verbose_name),
            _words(field, values[field.column][0], names),
            _words(field, values[field.column][1], names),
        )
        for field in _fields(model)
        if field.column in values
    ]
    kinds = {"insert": _("added"), "update": _("changed"), "delete": _("removed")}
    return Change(event.pgh_created_at, who, kinds[event.pgh_label], str(model._meta.verbose_name), what)


def _words(field: models.Field, raw, names: dict) -> str:
    """A value of an event as people say it."""
    if raw is None or raw == "":
        return "–"
    if field.is_relation:
        return names[field.related_model].get(raw, _("no longer there (%s)") % raw)
    if field.choices:
        return str(dict(field.flatchoices).get(raw, raw))
    value = field.to_python(raw)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return date_format(localtime(value), TO_THE_SECOND)
    return str(localize(value))


def _related_names(events: list[Events]) -> dict[type[models.Model], dict[int, str]]:
    """What the foreign keys in the events, and who caused them, are called now: a query for each model."""
    wanted = defaultdict(set)
    for event in events:
        wanted[get_user_model()].add((event.pgh_context or {}).get("user"))
        for field in _fields(apps.get_model(event.pgh_obj_model)):
            if field.is_relation:
                changed = (event.pgh_diff or {}).get(field.column, [event.pgh_data.get(field.column)])
                wanted[field.related_model].update(changed)
    return defaultdict(
        dict,
        {
            model: {pk: str(each) for pk, each in model._default_manager.in_bulk(pks - {None}).items()}
            for model, pks in wanted.items()
        },
    )


def _fields(model: type[models.Model]) -> Iterator[models.Field]:
    return (field for field in model._meta.concrete_fields if field.name not in NOT_SHOWN)
