"""The statements, for reading: nobody changes or deletes one, the database refuses it."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from results.admin.common import AnnotatedFilter, ForReading, IdNumberSearch, short
from results.models import Statement, Status
from results.standing import Standing, with_standing
from results_portal.lists import CarefulListAdmin


class StandingFilter(AnnotatedFilter):
    title = _("state")
    parameter_name = "standing"
    choices_of = Standing.choices


def short_status(status: str) -> str:
    """A status for a column of a list: “X”, “Pending”."""
    return status if status in {Status.X, Status.Z} else str(Status(status).label)


class StatementFacts:
    @admin.display(description=_("state"))
    def standing_in_words(self, statement: Statement) -> str:
        return Standing(statement.standing).label

    @admin.display(description=_("loaded"), ordering="created_at")
    def loaded(self, statement: Statement) -> str:
        return short(statement.created_at)


class StatementInline(ForReading, StatementFacts, admin.TabularInline):
    """The versions of an entry's statement on the entry's page."""

    model = Statement
    fields = ("version", "status", "result", "cefr", "overall", "standing_in_words", "loaded", "reason")
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
    list_filter = (StandingFilter, "status", "result", "entry__session__exam", "entry__session")
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

    def get_fields(self, request, obj=None):
        exam = obj.entry.session.exam_facts
        overall = [] if exam.reports_shields else ["result", "cefr", "overall"]
        skills = [skill.value for skill in exam.skills]
        facts = ["entry_link", "session", "version", "reason", "status", *overall, *skills]
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
