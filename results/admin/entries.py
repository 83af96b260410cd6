"""The entries: found, corrected, stopped and let go again."""

from collections.abc import Callable
from functools import partial

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.confirming import needs_fresh_identity
from results import correcting, stopping
from results.admin.common import (
    NOTHING,
    AnnotatedFilter,
    IdNumberSearch,
    SureForm,
    ask,
    bound,
    done,
)
from results.admin.corrections import correct_view
from results.admin.slips import SlipIssueInline
from results.admin.statements import StatementInline, sees_marks, short_status
from results.admin.stops import StopForm
from results.models import Entry, Status, Stop
from results.standing import with_newest_status
from results_portal.changes import ChangesAdmin

MOST_NAMED = 20  # entries named on a page that asks about them; the rest are counted


class RegisteredFilter(admin.SimpleListFilter):
    title = gettext_lazy("registered")
    parameter_name = "registered"

    def lookups(self, request, model_admin):
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request, queryset):
        return queryset.filter(user__isnull=self.value() == "no") if self.value() else queryset


class StoppedFilter(admin.SimpleListFilter):
    title = gettext_lazy("stopped")
    parameter_name = "stopped"

    def lookups(self, request, model_admin):
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request, queryset):
        return queryset.filter(stop_reason__isnull=self.value() == "no") if self.value() else queryset


class NewestStatusFilter(AnnotatedFilter):
    title = gettext_lazy("newest result")
    parameter_name = "newest_status"
    without = ("none", gettext_lazy("No statement yet"))
    choices_of = [*Status.choices, without]

    def queryset(self, request, queryset):
        if self.value() == "none":
            return queryset.filter(newest_status=None)
        return super().queryset(request, queryset)


@admin.register(Entry)
class EntryAdmin(IdNumberSearch, ChangesAdmin):
    list_display = (
        "id_number",
        "name",
        "session_code",
        "preparation_centre",
        "registered",
        "stop_mark",
        "newest_result",
    )
    list_filter = (
        RegisteredFilter,
        StoppedFilter,
        NewestStatusFilter,
        "session__exam",
        "session",
        "preparation_centre",
    )
    search_fields = ("id_number", "family_name", "given_names", "=candidate_number")
    ordering = (Lower("family_name"), Lower("given_names"))
    show_full_result_count = False
    actions = ("stop", "lift")
    autocomplete_fields = ("preparation_centre",)
    fields = (
        ("id_number", "candidate_number"),
        "session",
        ("family_name", "given_names"),
        "date_of_birth",
        "preparation_centre",
        "email",
        "account",
        "stopped",
    )
    readonly_fields = ("id_number", "candidate_number", "session", "account", "stopped")
    inlines = (StatementInline, SlipIssueInline)
    change_form_template = "admin/results/entry.html"

    def get_queryset(self, request):
        entries = super().get_queryset(request).select_related("session", "preparation_centre", "user")
        stop = Stop.objects.filter(entry=OuterRef("pk"), lifted_at=None)
        entries = entries.annotate(stop_reason=Subquery(stop.values("reason")[:1]))
        return with_newest_status(entries.defer("secret_digest"))

    def get_list_display(self, request):
        shown = super().get_list_display(request)
        return shown if sees_marks(request) else [name for name in shown if name != "newest_result"]

    def get_list_filter(self, request):
        filters = super().get_list_filter(request)
        return filters if sees_marks(request) else [each for each in filters if each != NewestStatusFilter]

    def lookup_allowed(self, lookup, value, request):
        hidden = lookup.split("__")[0] == NewestStatusFilter.parameter_name and not sees_marks(request)
        return not hidden and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request):
        return False  # entries come by import, with their Secret Numbers

    def has_delete_permission(self, request, obj=None):
        """One at a time, and only what nobody has registered with, has no result and no slip of ours yet."""
        if obj is None or obj.user_id is not None or obj.statements.exists() or obj.slip_issues.exists():
            return False
        return super().has_delete_permission(request, obj)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "preparation_centre" and field:  # the entry's centre is chosen here, not changed
            field.widget.can_change_related = field.widget.can_delete_related = False
        return field

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context["may_stop"] = self.has_stop_permission(request)
        context["may_correct"] = obj and obj.newest_status and request.user.has_perm(correcting.MAY_CORRECT)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    @admin.display(description=gettext_lazy("name"), ordering=Lower("family_name"))
    def name(self, entry: Entry) -> str:
        return f"{entry.family_name} {entry.given_names}"

    @admin.display(description=gettext_lazy("exam session"), ordering="session")
    def session_code(self, entry: Entry) -> str:
        return entry.session.code

    @admin.display(description=gettext_lazy("registered"), boolean=True)
    def registered(self, entry: Entry) -> bool:
        return entry.user_id is not None

    @admin.display(description=gettext_lazy("stopped"), ordering="stop_reason")
    def stop_mark(self, entry: Entry) -> str:
        return _("stopped") if entry.stop_reason else ""

    @admin.display(description=gettext_lazy("newest result"))
    def newest_result(self, entry: Entry) -> str:
        return short_status(entry.newest_status) if entry.newest_status else NOTHING

    @admin.display(description=gettext_lazy("account"))
    def account(self, entry: Entry) -> str:
        if entry.user is None:
            return _("not registered")
        url = reverse("admin:accounts_user_change", args=[entry.user_id])
        return format_html('<a href="{}">{}</a>', url, entry.user.email)

    @admin.display(description=gettext_lazy("stopped"))
    def stopped(self, entry: Entry) -> str:
        return _("Yes: %s") % entry.stop_reason if entry.stop_reason else _("No")

    @admin.action(description=gettext_lazy("Stop the results"), permissions=["stop"])
    @method_decorator(needs_fresh_identity)
    def stop(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        form = bound(StopForm, request)

        def stop() -> str:
            reason = form.cleaned_data["reason"]
            stops = stopping.stop_candidates(queryset, request.user, reason, form.notice)
            _log(request, stops, _("Stopped: %s") % reason)
            return ngettext("%(count)d result is stopped.", "%(count)d results are stopped.", len(stops)) % {
                "count": len(stops)
            }

        return self._act(
            request,
            queryset,
            form,
            stop,
            title=_("Stop results?"),
            text=_(
                "The results of these candidates disappear at once, for them and for their preparation"
                " centres, until you lift the stop. They read the notice below."
            ),
            button=_("Stop now"),
        )

    @admin.action(description=gettext_lazy("Lift the stop"), permissions=["stop"])
    @method_decorator(needs_fresh_identity)
    def lift(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        def lift() -> str:
            stops = stopping.lift(Stop.objects.filter(entry__in=queryset.values("pk")), request.user)
            _log(request, stops, _("Stop lifted"))
            return ngettext("%(count)d stop is lifted.", "%(count)d stops are lifted.", len(stops)) % {
                "count": len(stops)
            }

        return self._act(
            request,
            queryset,
            bound(SureForm, request),
            lift,
            title=_("Lift the stop?"),
            text=_(
                "The results of these candidates are shown as soon as their release is approved and open;"
                " if it is open now, at once."
            ),
            button=_("Lift the stop"),
        )

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(stopping.MAY_STOP)

    def _act(
        self, request: HttpRequest, entries: QuerySet[Entry], form, verb: Callable[[], str], **page
    ) -> HttpResponse | None:
        """Do it (None: back to the list); or ask, about one entry or about those ticked in the list."""
        named = list(entries[:MOST_NAMED])
        if not named:
            messages.warning(request, _("These entries are no longer there. Nothing was changed."))
            return None
        if done(request, form, verb):
            return None
        ticked = {
            name: request.POST.getlist(name) for name in ("action", "select_across", "_selected_action")
        }
        own_page = reverse("admin:results_entry_change", args=[named[0].pk])
        return ask(
            request,
            self,
            form,
            named=named,
            more=max(entries.count() - MOST_NAMED, 0),
            repeated=[(name, value) for name, values in ticked.items() for value in values],
            back=request.get_full_path() if "action" in request.POST else own_page,
            **page,
        )

    def get_urls(self):
        own = [
            path("<int:pk>/stop/", self._for_one(self.stop), name="results_entry_stop"),
            path("<int:pk>/lift/", self._for_one(self.lift), name="results_entry_lift"),
            path(
                "<int:pk>/correct/",
                self.admin_site.admin_view(needs_fresh_identity(partial(correct_view, self))),
                name="results_entry_correct",
            ),
        ]
        return own + super().get_urls()

    def _for_one(self, act):
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            if not self.has_stop_permission(request):
                raise PermissionDenied
            one = self.get_queryset(request).filter(pk=pk)
            if not one.exists():
                raise Http404
            return act(request, one) or redirect("admin:results_entry_change", pk)

        return self.admin_site.admin_view(view)


def _log(request: HttpRequest, stops: list[Stop], message: str) -> None:
    if stops:
        entries = Entry.objects.filter(pk__in=[stop.entry_id for stop in stops]).defer("secret_digest")
        LogEntry.objects.log_actions(request.user.pk, entries, CHANGE, change_message=message)
