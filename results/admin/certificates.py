"""Certificates: which have arrived, who collected them; the list shows every entry, by session and centre."""

from collections.abc import Callable

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Lower
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from results import certificates
from results.admin.common import NOTHING, AnnotatedFilter, IdNumberSearch, SureForm, ask, bound, done
from results.models import Certificate, CertificateEntry, Entry
from results_portal.changes import changes_of
from results_portal.lists import CarefulListAdmin

MOST_NAMED = 20  # entries named on a page that asks about them; the rest are counted


class DayForm(forms.Form):
    on = forms.DateField(
        label=gettext_lazy("Day"),
        initial=timezone.localdate,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )


class CollectForm(DayForm):
    """Who signed for the certificates, and when."""

    field_order = ("who", "on", "note")
    who = forms.CharField(
        label=gettext_lazy("Collected by"),
        max_length=Certificate._meta.get_field("collected_by").max_length,
        help_text=gettext_lazy("The name of the person who signed; the candidate reads it."),
        widget=forms.TextInput(attrs={"class": "vTextField", "autofocus": True}),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=Certificate._meta.get_field("note").max_length,
        help_text=gettext_lazy("For the exams office only, such as a written authority."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )


class StateFilter(AnnotatedFilter):
    title = gettext_lazy("certificate")
    parameter_name = "certificate_state"
    choices_of = Certificate.State.choices


@admin.register(CertificateEntry)
class CertificateAdmin(IdNumberSearch, CarefulListAdmin):
    list_display = (
        "id_number",
        "name",
        "session_code",
        "preparation_centre",
        "state",
        "arrived",
        "collected",
        "signed_by",
    )
    list_filter = (StateFilter, "session__exam", "session", "preparation_centre")
    search_fields = ("id_number", "family_name", "given_names", "=candidate_number")
    ordering = (Lower("family_name"), Lower("given_names"))
    show_full_result_count = False
    actions = ("arrive", "collect", "undo")
    fields = readonly_fields = (
        "id_number",
        "name",
        "session",
        "preparation_centre",
        "state",
        "arrived",
        "collected",
        "signed_by",
        "note",
    )
    object_history_template = "admin/changes.html"

    def get_queryset(self, request):
        entries = super().get_queryset(request).select_related("session", "preparation_centre", "certificate")
        stored = Certificate.objects.filter(entry=OuterRef("pk")).values("state")
        state = Coalesce(Subquery(stored), Value(Certificate.State.EXPECTED))
        return entries.annotate(certificate_state=state).defer("secret_digest")

    # --- Rights: those of the certificates, not of the entries -----------------------------------

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("results.view_certificate")

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    def has_hand_out_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(certificates.MAY_HAND_OUT)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    # --- What is shown ---------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("name"), ordering=Lower("family_name"))
    def name(self, entry: Entry) -> str:
        return f"{entry.family_name} {entry.given_names}"

    @admin.display(description=gettext_lazy("exam session"), ordering="session")
    def session_code(self, entry: Entry) -> str:
        return entry.session.code

    @admin.display(description=gettext_lazy("state"), ordering="certificate_state")
    def state(self, entry: Entry) -> str:
        return str(Certificate.State(entry.certificate_state).label)

    @admin.display(description=gettext_lazy("arrived on"), ordering="certificate__arrived_on")
    def arrived(self, entry: Entry) -> str:
        return _day(entry, "arrived_on")

    @admin.display(description=gettext_lazy("collected on"), ordering="certificate__collected_on")
    def collected(self, entry: Entry) -> str:
        return _day(entry, "collected_on")

    @admin.display(description=gettext_lazy("collected by"))
    def signed_by(self, entry: Entry) -> str:
        certificate = getattr(entry, "certificate", None)
        return (certificate and certificate.collected_by) or NOTHING

    @admin.display(description=gettext_lazy("note"))
    def note(self, entry: Entry) -> str:
        certificate = getattr(entry, "certificate", None)
        return (certificate and certificate.note) or NOTHING

    def history_view(self, request, object_id, extra_context=None):
        certificate = Certificate.objects.filter(entry=object_id).first() if object_id.isdecimal() else None
        changes = changes_of(certificate, (Certificate,)) if certificate else []
        return super().history_view(request, object_id, {"changes": changes, **(extra_context or {})})

    # --- What is done ----------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Arrived at the exams office"), permissions=["hand_out"])
    def arrive(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        form = bound(DayForm, request)

        def arrive(entries: list[Entry]) -> str:
            arrived = certificates.arrive(
                Entry.objects.filter(pk__in=[entry.pk for entry in entries]),
                form.cleaned_data["on"],
                request.user,
            )
            return ngettext(
                "%(count)d certificate has arrived.", "%(count)d certificates have arrived.", arrived
            ) % {"count": arrived}

        return self._act(
            request,
            queryset,
            form,
            arrive,
            title=_("Have these certificates arrived?"),
            text=_(
                "The candidates who can see their result read that the certificate is at the exams office."
            ),
            button=_("Arrived"),
        )

    @admin.action(description=gettext_lazy("Collected"), permissions=["hand_out"])
    def collect(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        form = bound(CollectForm, request)

        def collect(entries: list[Entry]) -> str:
            for entry in entries:
                certificates.collect(entry, **form.cleaned_data, by=request.user)
            return ngettext(
                "%(count)d certificate is collected.", "%(count)d certificates are collected.", len(entries)
            ) % {"count": len(entries)}

        return self._act(
            request,
            queryset,
            form,
            collect,
            title=_("Has somebody signed for these certificates?"),
            text=_("The candidates read who collected the certificate, and when."),
            button=_("Collected"),
        )

    @admin.action(description=gettext_lazy("Undo the last step"), permissions=["hand_out"])
    def undo(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        def undo(entries: list[Entry]) -> str:
            for entry in entries:
                certificates.undo(entry, request.user)
            return ngettext(
                "%(count)d certificate is put back.", "%(count)d certificates are put back.", len(entries)
            ) % {"count": len(entries)}

        return self._act(
            request,
            queryset,
            bound(SureForm, request),
            undo,
            title=_("Undo the last step?"),
            text=_("A collected certificate is at the exams office again; one that arrived is expected."),
            button=_("Undo"),
        )

    def _act(
        self,
        request: HttpRequest,
        entries: QuerySet[Entry],
        form: forms.Form,
        verb: Callable[[list[Entry]], str],
        **page,
    ) -> HttpResponse | None:
        """Do it to all of them or to none, with an entry in the log (None: back to the list); or ask."""
        if not self.has_hand_out_permission(request):
            raise PermissionDenied
        chosen = list(entries)
        if not chosen:
            messages.warning(request, _("These entries are no longer there. Nothing was changed."))
            return None

        def logged() -> str:
            with transaction.atomic():
                message = verb(chosen)
                LogEntry.objects.log_actions(request.user.pk, chosen, CHANGE, change_message=message)
            return message

        if done(request, form, logged):
            return None
        ticked = {
            name: request.POST.getlist(name) for name in ("action", "select_across", "_selected_action")
        }
        return ask(
            request,
            self,
            form,
            named=chosen[:MOST_NAMED],
            more=max(len(chosen) - MOST_NAMED, 0),
            repeated=[(name, value) for name, values in ticked.items() for value in values],
            back=request.get_full_path(),
            **page,
        )


def _day(entry: Entry, field: str) -> str:
    certificate = getattr(entry, "certificate", None)
    day = certificate and getattr(certificate, field)
    return date_format(day, "j M Y") if day else NOTHING
