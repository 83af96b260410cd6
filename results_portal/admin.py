"""The audit trail on the staff face: who did what, when, from where, to which object."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Model, Q, QuerySet
from django.db.models.fields.tuple_lookups import TupleLessThan
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from results.numbers import normalise_id_number
from results_portal import audit
from results_portal.changes import Related, Values, in_words, kinds, related_objects
from results_portal.models import AuditEntry, AuditNote
from results_portal.spreadsheets import csv_file
from results_portal.trail import NOTES, event_models, searched

A_PAGE = 50  # acts
A_CHUNK = 1_000  # acts of an export that are in memory at once
MOST_ACCOUNTS = 50  # that a part of a name may mean


@dataclass(frozen=True)
class Act:
    """One act in words. what: (field, old, new) each; link: the object's page, if it has one."""

    at: datetime
    who: str
    kind: str
    model: str
    object_id: int | None
    object: str
    link: str | None
    what: list[tuple[str, str, str]]
    words: str
    address: str
    page: str
    login: str


def _tracked() -> dict[str, type[Model]]:
    return {model.pgh_tracked_model._meta.label_lower: model.pgh_tracked_model for model in event_models()}


def _model_choices() -> list[tuple[str, str]]:
    named = [(label, capfirst(model._meta.verbose_name)) for label, model in _tracked().items()]
    return [("", gettext_lazy("Anything")), *sorted(named, key=lambda each: each[1])]


def _kind_choices() -> list[tuple[str, str]]:
    return [("", gettext_lazy("Anything")), *kinds().items(), *AuditNote.Kind.choices]


class Day(forms.DateField):
    """A day that a calendar has beside others."""

    widget = forms.DateInput(attrs={"type": "date"})
    default_validators = (MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31)))


class Search(forms.Form):
    """What of the audit trail to show; everything is optional."""

    who = forms.CharField(
        label=gettext_lazy("Who did it"),
        help_text=gettext_lazy("ID Number or e-mail address, or a part of it."),
        max_length=254,
        required=False,
    )
    about = forms.CharField(
        label=gettext_lazy("Whom it is about"),
        help_text=gettext_lazy("ID Number or e-mail address, as it is or was."),
        max_length=254,
        required=False,
    )
    address = forms.GenericIPAddressField(
        label=gettext_lazy("From which network address"), unpack_ipv4=True, required=False
    )
    kind = forms.ChoiceField(label=gettext_lazy("What was done"), choices=_kind_choices, required=False)
    model = forms.ChoiceField(label=gettext_lazy("To what"), choices=_model_choices, required=False)
    object_id = forms.IntegerField(
        label=gettext_lazy("With the number"), min_value=1, max_value=2**63 - 1, required=False
    )
    since = Day(label=gettext_lazy("From"), required=False)
    until = Day(label=gettext_lazy("To"), required=False)

    def found(self) -> QuerySet[AuditEntry]:
        """The acts that fit, newest first; none while the form is faulty."""
        if not self.is_valid():
            return AuditEntry.objects.none()
        asked = self.cleaned_data
        acts = AuditEntry.objects.order_by("-at", "-id", "-source")
        for name in ("address", "kind", "model", "object_id"):
            if asked[name]:
                acts = acts.filter(**{name: asked[name]})
        if asked["since"]:
            acts = acts.filter(at__gte=_midnight(asked["since"]))
        if asked["until"]:
            acts = acts.filter(at__lt=_midnight(asked["until"] + timedelta(days=1)))
        if asked["who"]:
            acts = acts.filter(user_id__in=[str(pk) for pk in _accounts(asked["who"])])
        if asked["about"]:
            entries, accounts = _people(asked["about"])
            acts = acts.filter(Q(entry_id__in=entries) | Q(account_id__in=accounts))
        return acts


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _people(text: str) -> tuple[list[int], list[int]]:
    """Keys of the entries and of the accounts that have or had this ID Number or e-mail address."""
    found = []
    for model, columns in searched():
        fits = Q()
        for column in columns:
            fits |= Q(**{f"{column}__iexact": text})
        if "id_number" in columns:
            fits |= Q(id_number__iexact=normalise_id_number(text))
        found.append(list(model.objects.filter(fits).values_list("pgh_obj_id", flat=True).distinct()))
    return found[0], found[1]


def _accounts(text: str) -> set[int]:
    """Keys of the accounts that are or were called so, or are called something with it."""
    _entries, accounts = _people(text)
    users = get_user_model().objects.filter(Q(username__icontains=text) | Q(email__icontains=text))
    return {*accounts, *users.values_list("pk", flat=True)[:MOST_ACCOUNTS]}


def acts_in_words(rows: list[AuditEntry]) -> list[Act]:
    """Rows of the trail as people say them, in a number of queries that does not grow with theirs."""
    tracked = _tracked()
    values = {row.key: _values(row) for row in rows if row.source != NOTES}
    events = [row for row in rows if row.key in values]
    whole = [(tracked[row.model], {c: (None, value) for c, value in row.data.items()}) for row in events]
    changes = [(tracked[row.model], values[row.key]) for row in events]
    related = related_objects([*whole, *changes], {row.context.get("user") for row in rows})
    return [_act(row, tracked.get(row.model), values.get(row.key), related) for row in rows]


def _values(row: AuditEntry) -> Values:
    """(old, new) of the columns that the act changed."""
    if row.kind == "update":
        old = row.old or {}
        return {c: (old.get(c), new) for c, new in row.data.items() if old.get(c) != new}
    filled = {c: value for c, value in row.data.items() if value not in (None, "")}
    return {c: (value, None) if row.kind == "delete" else (None, value) for c, value in filled.items()}


def _act(row: AuditEntry, model: type[Model] | None, values: Values | None, related: Related) -> Act:
    if values is None:
        kind, what = str(AuditNote.Kind(row.kind).label), []
        name = words_of_object = row.data["object"]
        if row.model:
            name = str(apps.get_model(row.model)._meta.verbose_name)
    else:
        kind, what = kinds()[row.kind], in_words(model, values, related)
        name, words_of_object = str(model._meta.verbose_name), _object(model, row.data, related)
    return Act(
        at=row.at,
        who=_who(row.context, related),
        kind=kind,
        model=name,
        object_id=row.object_id,
        object=words_of_object,
        link=_link(row),
        what=what,
        words=row.data["words"] if values is None else "",
        address=row.context.get("address", ""),
        page=row.context.get("page") or row.context.get("task") or row.context.get("command", ""),
        login=row.context.get("login", ""),
    )


def _who(context: dict[str, Any], related: Related) -> str:
    """Called as they were called then; events of old say the account's number alone."""
    who = context.get("name") or related[get_user_model()].get(context.get("user"))
    if not who:
        who = context.get("os_user") or (_("nobody signed in") if context.get("face") else _("the portal"))
    if command := context.get("command"):
        return f"{who} ({command})"
    return str(who)


def _object(model: type[Model], data: dict[str, Any], related: Related) -> str:
    """The object as it was called after the act."""
    instance = model()
    for field in model._meta.concrete_fields:
        if field.column in data:
            raw = data[field.column]
            setattr(instance, field.attname, field.to_python(raw))
            if field.is_relation and raw in related[field.related_model]:
                field.set_cached_value(instance, related[field.related_model][raw])
    try:
        return str(instance)
    except ObjectDoesNotExist:  # what it belonged to is gone
        return ""


def _link(row: AuditEntry) -> str | None:
    if row.kind == "delete" or not row.model or row.object_id is None:
        return None
    try:
        return reverse(f"admin:{row.model.replace('.', '_')}_change", args=[row.object_id])
    except NoReverseMatch:
        return None


def _place(row: AuditEntry) -> str:
    """Where in the trail a page ends, for the address of the next one."""
    return f"{row.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{row.id}_{row.source}"


def _after(acts: QuerySet[AuditEntry], place: str) -> QuerySet[AuditEntry]:
    """The acts that come after a place. Raises ValueError for what is no place."""
    at, number, source = place.split("_", 2)
    moment = parse_datetime(at)
    if moment is None or not number.isdecimal() or len(number) > 9 or not source.isidentifier():
        raise ValueError(place)
    return acts.filter(TupleLessThan(("at", "id", "source"), (moment, int(number), source)))


@admin.register(AuditEntry)
class AuditAdmin(admin.ModelAdmin):
    """A page of the trail, its search, and its export. Nothing here adds, changes or removes an act."""

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("results_portal.view_audit")

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_urls(self):
        pages = {"changelist": ("", self.changelist_view), "export": ("export/", self.export_view)}
        return [
            path(route, self.admin_site.admin_view(view), name=f"results_portal_auditentry_{name}")
            for name, (route, view) in pages.items()
        ]

    def changelist_view(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        """The newest acts that fit, or those after ?after=."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        search = Search(request.GET)
        found = search.found()
        if place := request.GET.get("after"):
            try:
                found = _after(found, place)
            except ValueError:
                raise Http404 from None
        rows = list(found[: A_PAGE + 1])
        query = request.GET.copy()
        query.pop("after", None)
        older = query.copy()
        if more := len(rows) > A_PAGE:
            older["after"] = _place(rows[A_PAGE - 1])
        context = {
            **self.admin_site.each_context(request),
            "title": _("Audit trail"),
            "opts": self.opts,
            "search": search,
            "acts": acts_in_words(rows[:A_PAGE]),
            "query": query.urlencode(),
            "older": older.urlencode() if more else "",
            "newest": bool(place),
        }
        return TemplateResponse(request, "admin/audit.html", context)

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """The acts that fit as CSV, in UTF-8; the export is itself an act."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        search = Search(request.GET)
        if not search.is_valid():
            return self.changelist_view(request)
        asked = ", ".join(
            f"{search.fields[name].label}: {value}" for name, value in search.cleaned_data.items() if value
        )
        audit.record(request, AuditNote.Kind.EXPORTED, words=f"{_('Audit trail')}. {asked}".strip())
        rows = _lines(search.found(), translation.get_language())
        return csv_file(f"audit-{timezone.localtime():%Y%m%d-%H%M}.csv", _header(), rows)


def _header() -> list[str]:
    return [
        _("When"),
        _("Who"),
        _("What"),
        _("To what"),
        _("Number"),
        _("Which"),
        _("Changes"),
        _("Words"),
        _("Network address"),
        _("Page or command"),
        _("Database login"),
    ]


def _lines(found: QuerySet[AuditEntry], language: str) -> Iterator[Iterable[Any]]:
    """Rows of the export, a chunk in memory at a time. Django streams them after the request's language."""
    acts = found
    while rows := list(acts[:A_CHUNK]):
        with translation.override(language):
            lines = [_line(act) for act in acts_in_words(rows)]
        yield from lines
        acts = _after(found, _place(rows[-1]))


def _line(act: Act) -> Iterable[Any]:
    changes = "; ".join(f"{capfirst(field)}: {old} → {new}" for field, old, new in act.what)
    when = timezone.localtime(act.at).isoformat(sep=" ", timespec="seconds")
    return (
        when,
        act.who,
        act.kind,
        act.model,
        act.object_id,
        act.object,
        changes,
        act.words,
        act.address,
        act.page,
        act.login,
    )
