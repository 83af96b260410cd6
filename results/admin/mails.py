"""The mails about results: what was sent, what waits, and what was given up and why."""

from django.contrib import admin
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from results.admin.common import NOTHING, ForReading
from results.models import Mail
from results_portal.lists import CarefulListAdmin, short


@admin.register(Mail)
class MailAdmin(ForReading, CarefulListAdmin):
    """The rows of the outbox; the words of a mail are not stored, its preview shows them."""

    list_display = ("queued", "kind", "to_whom", "session_code", "state", "sent", "attempts", "last_error")
    list_filter = ("state", "kind", "audience", "session")
    search_fields = (
        "=user__username",
        "=user__email",
        "=address",
        "=entry__id_number",
        "entry__family_name",
        "preparation_centre__name",
    )
    search_help_text = _("ID Number, family name, e-mail address or preparation centre")
    ordering = ("-pk",)
    show_full_result_count = False
    fields = (
        "kind",
        "audience",
        "session_code",
        "to_whom",
        "state",
        "queued",
        "next_try",
        "sent",
        "attempts",
        "last_error",
        "message_id",
    )
    readonly_fields = fields
    change_list_template = "admin/results/mails.html"

    def get_queryset(self, request):
        mails = super().get_queryset(request).select_related("session", "entry", "preparation_centre", "user")
        return mails.defer("entry__secret_digest", "user__password")

    def changelist_view(self, request, extra_context=None):
        page = super().changelist_view(request, extra_context)
        if changes := getattr(page, "context_data", {}).get("cl"):
            counted = changes.queryset.order_by().values_list("state").annotate(Count("pk"))
            counts = dict(counted)
            page.context_data["counts"] = [
                (state.label, counts[state]) for state in Mail.State if state in counts
            ]
        return page

    @admin.display(description=_("to"))
    def to_whom(self, mail: Mail) -> str:
        if mail.entry:
            return f"{mail.entry.id_number} {mail.entry.family_name} {mail.entry.given_names}"
        return f"{mail.preparation_centre}: {mail.user}"

    @admin.display(description=_("exam session"), ordering="session")
    def session_code(self, mail: Mail) -> str:
        return mail.session.code

    @admin.display(description=_("queued"), ordering="made_at")
    def queued(self, mail: Mail) -> str:
        return short(mail.made_at)

    @admin.display(description=_("sent"), ordering="sent_at")
    def sent(self, mail: Mail) -> str:
        return short(mail.sent_at) if mail.sent_at else NOTHING

    @admin.display(description=_("next try"))
    def next_try(self, mail: Mail) -> str:
        return short(mail.due_at) if mail.state == Mail.State.DUE else NOTHING
