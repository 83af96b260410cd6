"""The entries: found, corrected, held back and let go."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from results import releasing
from results.admin.common import (
    NOTHING,
    AnnotatedFilter,
    IdNumberSearch,
    ReasonForm,
    SureForm,
    ask,
    bound,
    done,
)
from results.admin.statements import StatementInline, short_status
from results.models import Entry, Status
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
        "hold_mark",
        "newest_result",
    )
    list_filter = (
        RegisteredFilter,
        "held_back",
        NewestStatusFilter,
        "session__exam",
        "session",
        "preparation_centre",
    )
    search_fields = ("id_number", "family_name", "given_names", "=candidate_number")
    ordering = (Lower("family_name"), Lower("given_names"))
    show_full_result_count = False
    actions = ("hold_back", "let_go")
    autocomplete_fields = ("preparation_centre",)
    fields = (
        ("id_number", "candidate_number"),
        "session",
        ("family_name", "given_names"),
        "date_of_birth",
        "preparation_centre",
        "account",
        "hold",
    )
    readonly_fields = ("id_number", "candidate_number", "session", "account", "hold")
    inlines = (StatementInline,)
    change_form_template = "admin/results/entry.html"

    def get_queryset(self, request):
        entries = super().get_queryset(request).select_related("session", "preparation_centre", "user")
        return with_newest_status(entries.defer("secret_digest"))

    def has_add_permission(self, request):
        return False  # entries come by import, with their Secret Numbers

    def has_delete_permission(self, request, obj=None):
        """One at a time, and only what nobody has registered with and has no result yet."""
        if obj is None or obj.user_id is not None or obj.statements.exists():
            return False
        return super().has_delete_permission(request, obj)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "preparation_centre" and field:  # the entry's centre is chosen here, not changed
            field.widget.can_change_related = field.widget.can_delete_related = False
        return field

    @admin.display(description=gettext_lazy("name"), ordering=Lower("family_name"))
    def name(self, entry: Entry) -> str:
        return f"{entry.family_name} {entry.given_names}"

    @admin.display(description=gettext_lazy("exam session"), ordering="session")
    def session_code(self, entry: Entry) -> str:
        return entry.session.code

    @admin.display(description=gettext_lazy("registered"), boolean=True)
    def registered(self, entry: Entry) -> bool:
        return entry.user_id is not None

    @admin.display(description=gettext_lazy("held back"), ordering="held_back")
    def hold_mark(self, entry: Entry) -> str:
        return _("held back") if entry.held_back else ""

    @admin.display(description=gettext_lazy("newest result"))
    def newest_result(self, entry: Entry) -> str:
        return short_status(entry.newest_status) if entry.newest_status else NOTHING

    @admin.display(description=gettext_lazy("account"))
    def account(self, entry: Entry) -> str:
        if entry.user is None:
            return _("not registered")
        url = reverse("admin:accounts_user_change", args=[entry.user_id])
        return format_html('<a href="{}">{}</a>', url, entry.user.email)

    @admin.display(description=gettext_lazy("held back"))
    def hold(self, entry: Entry) -> str:
        return _("Yes: %s") % entry.hold_reason if entry.held_back else _("No")

    @admin.action(description=gettext_lazy("Hold back the results"), permissions=["change"])
    def hold_back(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        form = bound(ReasonForm, request)

        def hold() -> str:
            reason = form.cleaned_data["reason"]
            held = releasing.hold_back(queryset, reason, request.user)
            _log(request, held, _("Held back: %s") % reason)
            return ngettext(
                "%(count)d result is held back.", "%(count)d results are held back.", len(held)
            ) % {"count": len(held)}

        return self._act(
            request,
            queryset,
            form,
            hold,
            title=_("Hold back results?"),
            text=_(
                "The results of these candidates are not shown, to them or to their preparation centres,"
                " until you let them go."
            ),
            button=_("Hold back"),
        )

    @admin.action(description=gettext_lazy("Let the results go"), permissions=["change"])
    def let_go(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        def let_go() -> str:
            freed = releasing.let_go(queryset, request.user)
            _log(request, freed, _("Let go"))
            return ngettext("%(count)d result is let go.", "%(count)d results are let go.", len(freed)) % {
                "count": len(freed)
            }

        return self._act(
            request,
            queryset,
            bound(SureForm, request),
            let_go,
            title=_("Let results go?"),
            text=_(
                "The results of these candidates are shown as soon as their release is approved and open;"
                " if it is open now, at once."
            ),
            button=_("Let go"),
        )

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
            path("<int:pk>/hold-back/", self._for_one(self.hold_back), name="results_entry_hold_back"),
            path("<int:pk>/let-go/", self._for_one(self.let_go), name="results_entry_let_go"),
        ]
        return own + super().get_urls()

    def _for_one(self, act):
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            if not self.has_change_permission(request):
                raise PermissionDenied
            one = self.get_queryset(request).filter(pk=pk)
            if not one.exists():
                raise Http404
            return act(request, one) or redirect("admin:results_entry_change", pk)

        return self.admin_site.admin_view(view)


def _log(request: HttpRequest, entries: list[Entry], message: str) -> None:
    if entries:
        LogEntry.objects.log_actions(request.user.pk, entries, CHANGE, change_message=message)
