"""The exam session, with its release and its figures."""

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from results.admin.common import NOTHING
from results.admin.control_room import ControlRoom
from results.admin.releases import (
    ReleaseButtons,
    ReleaseInline,
    StateFilter,
    describe,
    opens_in_short,
    save_release,
)
from results.admin.signs import SIGNS
from results.models import ExamSession, Release, Stop
from results.standing import State, sessions_with_figures, with_state
from results_portal.changes import ChangesAdmin, lock_rows


class SessionList(ChangeList):
    """The main way into a session is its control room."""

    def url_for_result(self, result):
        return reverse("admin:results_examsession_control_room", args=[result.pk])


@admin.register(ExamSession)
class ExamSessionAdmin(ControlRoom, ReleaseButtons, ChangesAdmin):
    list_display = (
        "code",
        "exam",
        "day",
        "opens",
        "state_in_words",
        "registered_in_words",
        "results",
    )
    list_filter = (StateFilter, "exam")
    search_fields = ("code", "title", "place")
    date_hierarchy = "exam_date"
    fields = ("code", "exam", "title", "letter", "exam_date", "place")
    inlines = (ReleaseInline,)
    history_models = (ExamSession, Release, Stop)

    def get_changelist(self, request, **kwargs):
        return SessionList

    def get_urls(self):
        return self.control_room_urls() + super().get_urls()

    def get_queryset(self, request):
        return sessions_with_figures(super().get_queryset(request).select_related("release"))

    def get_fields(self, request, obj=None):
        return [*self.fields, ("entries", "results", "registered")] if obj else self.fields

    def get_readonly_fields(self, request, obj=None):
        figures = ("entries", "results", "registered") if obj else ()
        # The exam decides what the results mean.
        return ("exam", *figures) if obj and obj.entry_count else figures

    def has_delete_permission(self, request, obj=None):
        return False

    def response_add(self, request, obj, post_url_continue=None):
        if not {"_continue", "_addanother", "_popup"}.isdisjoint(request.POST):
            return super().response_add(request, obj, post_url_continue)
        messages.success(
            request, _("The session %s is there. Next: load the entries, then the results.") % obj
        )
        return redirect("admin:results_examsession_control_room", obj.pk)

    def release_of(self, obj):
        release = getattr(obj, "release", None)
        if release is None or release.pk is None:  # a refused form leaves one that is not stored
            return None
        return with_state(Release.objects.filter(pk=release.pk).select_related("session")).get()

    def lock(self, obj):
        super().lock(obj)
        lock_rows(Release.objects.filter(session=obj))

    def save_formset(self, request, form, formset, change):
        for release in formset.save(commit=False):
            save_release(request, release)

    @admin.display(description=_("exam date"), ordering="exam_date")
    def day(self, session: ExamSession) -> str:
        return date_format(session.exam_date, "j M Y")

    @admin.display(description=_("opens"), ordering="release__opens_at")
    def opens(self, session: ExamSession) -> str:
        release = getattr(session, "release", None)
        return opens_in_short(release) if release else NOTHING

    @admin.display(description=_("state"), ordering="state")
    def state_in_words(self, session: ExamSession) -> str:
        if getattr(session, "release", None) is None:
            return NOTHING
        words = _with_waiting(State(session.state).label, session)
        return format_html(
            '<span class="state state-{}"><span class="sign" aria-hidden="true">{}</span> {}</span>',
            session.state,
            SIGNS[session.state],
            words,
        )

    @admin.display(description=_("registered"), ordering="registered_count")
    def registered_in_words(self, session: ExamSession) -> str:
        missing = session.entry_count - session.registered_count
        figures = _("%(number)d of %(all)d") % {
            "number": session.registered_count,
            "all": session.entry_count,
        }
        linked = _link("results_entry", figures, session__id__exact=session.pk)
        if not missing:
            return linked
        words = ngettext("%(count)d not registered", "%(count)d not registered", missing) % {"count": missing}
        query = {"session__id__exact": session.pk, "registered": "no"}
        return format_html("{} · {}", linked, _link("results_entry", words, **query))

    def standing_of(self, session):
        release = self.release_of(session)
        if release is None:
            return _("No opening time yet")
        return _with_waiting(describe(release, session.state), session)

    @admin.display(description=_("entries"), ordering="entry_count")
    def entries(self, session: ExamSession) -> str:
        return _link("results_entry", session.entry_count, session__id__exact=session.pk)

    @admin.display(description=_("results"), ordering="result_count")
    def results(self, session: ExamSession) -> str:
        return _link("results_statement", session.result_count, entry__session__id__exact=session.pk)

    @admin.display(description=_("registered"), ordering="registered_count")
    def registered(self, session: ExamSession) -> str:
        return _link(
            "results_entry", session.registered_count, session__id__exact=session.pk, registered="yes"
        )


def _with_waiting(words: str, session: ExamSession) -> str:
    """The words, and how many results no approval covers, if there was one."""
    if not session.waiting_count or session.state == State.DRAFT:
        return words
    waiting = ngettext(
        "%(count)d result waits for approval", "%(count)d results wait for approval", session.waiting_count
    )
    return f"{words}; {waiting % {'count': session.waiting_count}}"


def _link(model: str, words: str | int, **query) -> str:
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{model}_changelist", query=query), words)
