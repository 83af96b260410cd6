"""The history of changes on the staff face: who changed what, when, from what to what; and saving with care.

It is read from the event tables that database triggers fill (django-pghistory), so it knows of every
change by any path. Password hashes and the digests of Secret Numbers are not in them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.apps import apps
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.forms.formsets import DELETION_FIELD_NAME
from django.utils.formats import date_format, localize
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from pghistory.models import Events

from results_portal.lists import CarefulListAdmin

# Only the database's own business: keys, and how far an approval reaches (beside it stand when and who).
NOT_SHOWN = {"id", "approved_through"}
TO_THE_SECOND = "j M Y, H:i:s"
NOTHING = "–"

Values = dict[str, tuple]  # (old, new) by column, as JSON holds them
Related = dict[type[models.Model], dict[int, models.Model]]


@dataclass(frozen=True)
class Change:
    """One event in words. who: an account's name, a command, or None; what: (field, old, new) each."""

    when: datetime
    who: str | None
    kind: str
    model: str
    what: list[tuple[str, str, str]]


class ChangesAdmin(CarefulListAdmin):
    """Its History button leads to the history of changes; a page never undoes what it did not show.

    The page carries the values that it showed (signed, so that they come back as they went). If one of
    them is another in the database when the page is saved, nothing is saved and the person reads which.
    Saving writes only what the form changed.

    history_models: tracked models whose events belong to the page: the object's own and those that
    point to it.
    """

    history_models: tuple[type[models.Model], ...] = ()
    object_history_template = "admin/changes.html"

    def history_view(self, request, object_id, extra_context=None):
        obj = self.get_object(request, object_id)
        changes = changes_of(obj, self.history_models or (self.model,)) if obj else []
        return super().history_view(request, object_id, {"changes": changes, **(extra_context or {})})

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if request.method != "POST" or object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction.atomic():
            obj = self.get_object(request, unquote(object_id))
            if obj and self.has_change_permission(request, obj):
                self.lock(obj)
                request.changed_meanwhile = self._changed_meanwhile(request, object_id)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def lock(self, obj: models.Model) -> None:
        """Wait for whoever is saving what the page may change, and let others wait until this is saved."""
        lock_rows(self.model._default_manager.filter(pk=obj.pk))

    def get_form(self, request, obj=None, change=False, **kwargs):
        form_class = super().get_form(request, obj, change, **kwargs)
        changed_meanwhile = getattr(request, "changed_meanwhile", [])
        if obj is None or not changed_meanwhile:
            return form_class

        class RefusedForm(form_class):
            def clean(self):
                raise ValidationError(
                    _(
                        "Somebody changed this meanwhile: %(fields)s. Your page was older. Nothing was saved."
                        " Open the page again, then make your change."
                    ),
                    code="changed_meanwhile",
                    params={"fields": ", ".join(changed_meanwhile)},
                )

        return RefusedForm

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj and request.method == "POST":
            context["shown"] = request.POST.get("shown", "")  # a refused page stays as old as it was
        elif obj and self.has_change_permission(request, obj):
            inlines = context["inline_admin_formsets"]
            shown = _values(context["adminform"].form, [(each.formset, each.opts) for each in inlines])
            context["shown"] = signing.dumps({key: value for key, (_label, value) in shown.items()})
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def _changed_meanwhile(self, request, object_id: str) -> list[str]:
        """Labels of what is another in the database now than on the page that was sent."""
        try:
            shown = signing.loads(request.POST.get("shown", ""))
        except signing.BadSignature:
            shown = {}
        obj = self.get_object(request, unquote(object_id))  # again: as it is since it was locked
        form = self.get_form(request, obj, change=True)(instance=obj)
        formsets = [
            (formset(instance=obj, queryset=inline.get_queryset(request)), inline)
            for formset, inline in self.get_formsets_with_inlines(request, obj)
        ]
        now = _values(form, formsets)
        return list(dict.fromkeys(label for key, (label, value) in now.items() if shown.get(key) != value))

    def save_model(self, request, obj, form, change):
        """Leave alone what somebody else changed since the page was opened, such as a registration."""
        if change:
            columns = {field.name for field in self.opts.concrete_fields}
            obj.save(update_fields=columns.intersection(form.changed_data))
        else:
            super().save_model(request, obj, form, change)


def lock_rows(rows: models.QuerySet) -> None:
    """Lock rows until the transaction ends; others may go on pointing at them."""
    list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _values(form: forms.ModelForm, formsets: list) -> dict[str, tuple[str, str]]:
    """What a page may change, as it stands: a label and a value by key; formsets: each with its inline."""
    values = _values_of(form, "")
    for formset, inline in formsets:
        if not formset.form.base_fields.keys() - {formset.fk.name, formset.model._meta.pk.name}:
            continue  # for reading
        prefix = formset.model._meta.label_lower
        rows = formset.initial_forms
        pks = sorted(row.instance.pk for row in rows)
        values[prefix] = (str(inline.verbose_name_plural), str(pks))
        for row in rows:
            values |= _values_of(row, f"{prefix}.{row.instance.pk}.")
    return values


def _values_of(form: forms.ModelForm, prefix: str) -> dict[str, tuple[str, str]]:
    return {
        f"{prefix}{name}": (str(field.label), _text(form.initial.get(name)))
        for name, field in form.fields.items()
        if not field.widget.is_hidden and name != DELETION_FIELD_NAME
    }


def _text(value) -> str:
    if isinstance(value, list):  # the other side of a many-to-many, or several choices
        return str(sorted(getattr(each, "pk", each) for each in value))
    return str(value)


def changes_of(obj: models.Model, tracked: Iterable[type[models.Model]]) -> list[Change]:
    """The changes of an object and of what points to it, newest first, in a fixed number of queries."""
    events = list(
        Events.objects.references(obj)
        .across(*(model.pgh_event_model for model in tracked))
        .order_by("-pgh_created_at", "-pgh_id")
    )
    rows = [(apps.get_model(event.pgh_obj_model), _event_values(event)) for event in events]
    related = related_objects(rows, {(event.pgh_context or {}).get("user") for event in events})
    return [
        _change(event, model, values, related) for event, (model, values) in zip(events, rows, strict=True)
    ]


def _event_values(event: Events) -> Values:
    if event.pgh_label == "update":
        return {column: tuple(values) for column, values in (event.pgh_diff or {}).items()}
    return {column: (None, value) for column, value in event.pgh_data.items() if value not in (None, "")}


def _change(event: Events, model: type[models.Model], values: Values, related: Related) -> Change:
    context = event.pgh_context or {}
    account = related[get_user_model()].get(context.get("user"))
    who = str(account) if account else None
    if command := context.get("command"):
        who = f"{who} ({command})" if who else command
    what = in_words(model, values, related)
    return Change(event.pgh_created_at, who, kinds()[event.pgh_label], str(model._meta.verbose_name), what)


def kinds() -> dict[str, str]:
    """What happened to a row, by the label of its event."""
    return {"insert": _("added"), "update": _("changed"), "delete": _("removed")}


def in_words(model: type[models.Model], values: Values, related: Related) -> list[tuple[str, str, str]]:
    """Name of the field, old and new value, as people say them; what is the database's own is left out."""
    return [
        (
            str(field.verbose_name),
            _words(field, values[field.column][0], related),
            _words(field, values[field.column][1], related),
        )
        for field in _fields(model)
        if field.column in values
    ]


def _words(field: models.Field, raw, related: Related) -> str:
    """A value of an event as people say it."""
    if raw in (None, "", []):
        return NOTHING
    if isinstance(raw, list):
        return ", ".join(_words(field.base_field, each, related) for each in raw)
    if field.is_relation:
        return str(related[field.related_model].get(raw) or _("no longer there (%s)") % raw)
    if field.choices:
        return str(dict(field.flatchoices).get(raw, raw))
    return _as_said(field.to_python(raw))


def _as_said(value) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return date_format(localtime(value), TO_THE_SECOND)
    return str(localize(value))


def related_objects(rows: Iterable[tuple[type[models.Model], Values]], accounts: set) -> Related:
    """What the foreign keys in events point to now, and these accounts: a query for each model."""
    wanted = defaultdict(set, {get_user_model(): {pk for pk in accounts if isinstance(pk, int)}})
    for model, values in rows:
        for field in _fields(model):
            if field.is_relation and field.column in values:
                wanted[field.related_model].update(values[field.column])
    return defaultdict(
        dict,
        {
            model: model._default_manager.select_related().in_bulk(pks - {None})
            for model, pks in wanted.items()
        },
    )


def _fields(model: type[models.Model]) -> Iterator[models.Field]:
    return (field for field in model._meta.concrete_fields if field.name not in NOT_SHOWN)
