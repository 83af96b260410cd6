"""The statements, for reading: nobody changes or deletes one, the database refuses it.

Marks are for those who may look at results, and each look is noted in the audit trail.
"""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from results.admin.common import NOTHING, AnnotatedFilter, ForReading, IdNumberSearch
from results.checking import doubtful, newest
from results.correcting import reason_in_words
from results.models import Outcome, Statement, Status
from results.standing import Standing, with_standing
from results_portal import audit
from results_portal.lists import CarefulListAdmin, short
from results_portal.models import AuditNote

MAY_SEE = "results.see_result"
MARKS = frozenset(field.name for field in Outcome._meta.get_fields())


class StandingFilter(AnnotatedFilter):
    title = _("visible?")
    parameter_name = "standing"
    choices_of = Standing.choices


class DoubtfulFilter(admin.SimpleListFilter):
    """Values that are not what the exam gives for the scores, in the newest versions."""

    title = _("values to look at")
    parameter_name = "doubtful"

    def lookups(self, request, model_admin):
        return [("yes", _("Yes"))]

    def queryset(self, request, queryset):
        return newest(queryset).filter(doubtful()) if self.value() else queryset


def short_status(status: str) -> str:
    """A status for a column of a list: “X”, “Pending”."""
    return status if status in {Status.X, Status.Z} else str(Status(status).label)


def sees_marks(request: HttpRequest) -> bool:
    """Whether the person may look at results; whoever shows one notes it by looked_at."""
    return request.user.has_perm(MAY_SEE)


def looked_at(request: HttpRequest, statement: Statement) -> None:
    """Note that the person has been shown the marks of a statement."""
    audit.record(request, AuditNote.Kind.LOOKED, statement)


class StatementFacts:
    @admin.display(description=_("reason"))
    def why(self, statement: Statement) -> str:
        return reason_in_words(statement.reason) or NOTHING

    @admin.display(description=_("visible?"))
    def standing_in_words(self, statement: Statement) -> str:
        return Standing(statement.standing).label

    @admin.display(description=_("loaded"), ordering="created_at")
    def loaded(self, statement: Statement) -> str:
        return short(statement.created_at)


class StatementInline(ForReading, StatementFacts, admin.TabularInline):
    """The versions of an entry's statement on the entry's page; a look at the marks is a step of its own."""

    model = Statement
    fields = ("version", "standing_in_words", "loaded", "why")
    readonly_fields = fields
    ordering = ("-version",)
    show_change_link = True

    def get_queryset(self, request):
        return with_standing(super().get_queryset(request))


@admin.register(Statement)
class StatementAdmin(IdNumberSearch, ForReading, StatementFacts, CarefulListAdmin):
    id_number_lookup = "entry__id_number"
    list_display = (
        "id_number",
        "name",
        "session_code",
        "version",
        "outcome",
        "cefr",
        "overall",
        "standing_in_words",
    )
    list_filter = (
        StandingFilter,
        DoubtfulFilter,
        "status",
        "result",
        "entry__session__exam",
        "entry__session",
    )
    search_fields = (
        "entry__id_number",
        "entry__family_name",
        "entry__given_names",
        "=entry__candidate_number",
    )
    date_hierarchy = "created_at"
    ordering = ("-pk",)
    show_full_result_count = False

    def get_queryset(self, request):
        statements = super().get_queryset(request).select_related("entry__session")
        return with_standing(statements.defer("entry__secret_digest"))

    def has_view_permission(self, request, obj=None):
        return super().has_view_permission(request, obj) and (obj is None or sees_marks(request))

    def get_list_display(self, request):
        shown = super().get_list_display(request)
        return shown if sees_marks(request) else [name for name in shown if name not in {"outcome", *MARKS}]

    def get_list_filter(self, request):
        filters = super().get_list_filter(request)
        return filters if sees_marks(request) else [each for each in filters if each not in MARKS]

    def lookup_allowed(self, lookup, value, request):
        """Without the right, no answer to ?overall__gt=170 gives a mark away."""
        hidden = not sees_marks(request) and not MARKS.isdisjoint(lookup.split("__"))
        return not hidden and super().lookup_allowed(lookup, value, request)

    def changelist_view(self, request, extra_context=None):
        response = super().changelist_view(request, extra_context)
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changelist and sees_marks(request):
            shown = ", ".join(statement.entry.id_number for statement in changelist.result_list)
            if shown:
                audit.record(request, AuditNote.Kind.LOOKED, words=_("in a list: %s") % shown)
        return response

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        looked_at(request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def get_fields(self, request, obj=None):
        exam = obj.entry.session.exam_facts
        overall = [] if exam.reports_shields else ["result", "cefr", "overall"]
        skills = [skill.value for skill in exam.skills]
        facts = ["entry_link", "session", "version", "why", "status", *overall, *skills]
        return [*facts, "standing_in_words", "loaded"]

    def get_readonly_fields(self, request, obj=None):
        return self.get_fields(request, obj)

    @admin.display(description=_("ID Number"), ordering="entry__id_number")
    def id_number(self, statement: Statement) -> str:
        return statement.entry.id_number

    @admin.display(description=_("name"), ordering="entry__family_name")
    def name(self, statement: Statement) -> str:
        return f"{statement.entry.family_name} {statement.entry.given_names}"

    @admin.display(description=_("exam session"), ordering="entry__session")
    def session_code(self, statement: Statement) -> str:
        return statement.entry.session.code

    @admin.display(description=_("result"), ordering="result")
    def outcome(self, statement: Statement) -> str:
        return statement.get_result_display() or short_status(statement.status)

    @admin.display(description=_("exam session"))
    def session(self, statement: Statement) -> str:
        return str(statement.entry.session)

    @admin.display(description=_("entry"))
    def entry_link(self, statement: Statement) -> str:
        url = reverse("admin:results_entry_change", args=[statement.entry_id])
        return format_html('<a href="{}">{}</a>', url, statement.entry)
