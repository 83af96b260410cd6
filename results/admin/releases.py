"""The release: when a session opens; approving, stopping and resuming it."""

from collections.abc import Callable

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from results import releasing
from results.admin.common import NOTHING, AnnotatedFilter, ReasonForm, SureForm, ask, bound, done, short
from results.models import Entry, Release, Status
from results.standing import State, count_by_status, with_state
from results.times import in_words, zone
from results_portal.changes import ChangesAdmin


class ReleaseForm(forms.ModelForm):
    class Meta:
        model = Release
        fields = ("opens_at", "centres_open_at")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        helps = {
            "opens_at": _(
                "In %(zone)s. A new time takes the approval away, also from results that are open already:"
                " nothing is shown until you approve again."
            ),
            "centres_open_at": _(
                "In %(zone)s. Empty: together with the candidates. A new time takes the approval away too."
            ),
        }
        for name in helps.keys() & self.fields.keys():  # for who may only look there are no fields
            self.fields[name].help_text = helps[name] % {"zone": zone()}


class StateFilter(AnnotatedFilter):
    title = gettext_lazy("state of the release")
    parameter_name = "state"
    choices_of = State.choices


class ApprovalForm(forms.Form):
    """Carries how far the figures on the page reached, so that nothing unseen is approved."""

    through = forms.IntegerField()


class ReleaseFacts:
    """What the release's own page and its part of the session's page show alike."""

    form = ReleaseForm

    def get_queryset(self, request):
        return with_state(super().get_queryset(request).select_related("session", "approved_by"))

    @admin.display(description=gettext_lazy("approved"))
    def approval(self, release: Release) -> str:
        if not release.approved_at:
            return NOTHING
        return _("%(when)s, by %(person)s") % {
            "when": in_words(release.approved_at),
            "person": release.approved_by,
        }

    @admin.display(description=gettext_lazy("stopped"))
    def stop(self, release: Release) -> str:
        if not release.stopped_at:
            return NOTHING
        return _("%(when)s: %(reason)s") % {
            "when": in_words(release.stopped_at),
            "reason": release.stop_reason,
        }


def describe(release: Release, state: str) -> str:
    """Where a release stands, in a sentence; state: as results.standing annotates it."""
    words = {
        State.DRAFT: _("Draft: not approved"),
        State.APPROVED: _("Approved, opens %(when)s"),
        State.OPEN_FOR_CENTRES: _(
            "Open for preparation centres since %(centres_when)s; opens for candidates %(when)s"
        ),
        State.OPEN_FOR_CANDIDATES: _(
            "Open for candidates since %(when)s; opens for preparation centres %(centres_when)s"
        ),
        State.OPEN: _("Open since %(when)s"),
        State.STOPPED: _("Stopped: %(reason)s"),
    }
    if opens_apart(release):
        words |= {
            State.APPROVED: _(
                "Approved, opens for candidates %(when)s, for preparation centres %(centres_when)s"
            ),
            State.OPEN: _(
                "Open for candidates since %(when)s, for preparation centres since %(centres_when)s"
            ),
        }
    return words[state] % {
        "when": in_words(release.opens_at),
        "centres_when": in_words(release.centres_open_at or release.opens_at),
        "reason": release.stop_reason,
    }


def opens_apart(release: Release) -> bool:
    """Whether preparation centres have a time of their own."""
    return release.centres_open_at not in (None, release.opens_at)


def opens_in_short(release: Release) -> str:
    """When a release opens, for a column of a list."""
    if not opens_apart(release):
        return short(release.opens_at)
    return _("%(when)s; preparation centres %(centres_when)s") % {
        "when": short(release.opens_at),
        "centres_when": short(release.centres_open_at),
    }


def save_release(request: HttpRequest, release: Release) -> None:
    """Store a release from a form; a new time goes by its verb, and the person reads what that did."""
    if not release.pk:
        release.save()
    elif releasing.move(release, release.opens_at, release.centres_open_at, request.user):
        warning = _(
            "The new time took the approval away: nothing is shown until the release is approved again."
        )
        approve = reverse("admin:results_release_approve", args=[release.pk])
        messages.warning(request, format_html('{} <a href="{}">{}</a>', warning, approve, _("Approve again")))


class ReleaseButtons:
    """Says where a release stands, and offers approve, stop and resume, at the top of a page about it."""

    change_form_template = "admin/results/with_release_buttons.html"

    def release_of(self, obj) -> Release | None:
        raise NotImplementedError

    def standing_of(self, obj) -> str:
        raise NotImplementedError

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj:
            context["standing"] = self.standing_of(obj)
            context["state"] = obj.state
        if obj and request.user.has_perm(releasing.MAY_RELEASE):
            context["release"] = self.release_of(obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)


class ReleaseInline(ReleaseFacts, admin.StackedInline):
    """The release on its session's page."""

    model = Release
    can_delete = False
    min_num = max_num = 1
    fields = ("opens_at", "centres_open_at", "approval", "stop")
    readonly_fields = ("approval", "stop")


@admin.register(Release)
class ReleaseAdmin(ReleaseButtons, ReleaseFacts, ChangesAdmin):
    list_display = ("code", "exam", "opens", "centres_open", "state", "approved_by")
    list_filter = (StateFilter,)
    search_fields = ("session__code", "session__title")
    ordering = ("-opens_at",)
    date_hierarchy = "opens_at"
    fields = ("session", *ReleaseInline.fields)
    readonly_fields = ("session", *ReleaseInline.readonly_fields)

    def has_add_permission(self, request):
        return False  # it comes with its session

    def has_delete_permission(self, request, obj=None):
        return False

    def release_of(self, obj):
        return obj

    def standing_of(self, obj):
        return describe(obj, obj.state)

    def save_model(self, request, obj, form, change):
        save_release(request, obj)

    @admin.display(description=gettext_lazy("exam session"), ordering="session__code")
    def code(self, release: Release) -> str:
        return release.session.code

    @admin.display(description=gettext_lazy("exam"), ordering="session__exam")
    def exam(self, release: Release) -> str:
        return release.session.get_exam_display()

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state(self, release: Release) -> str:
        return State(release.state).label

    @admin.display(description=gettext_lazy("opens for candidates"), ordering="opens_at")
    def opens(self, release: Release) -> str:
        return short(release.opens_at)

    @admin.display(description=gettext_lazy("opens for preparation centres"), ordering="centres_open_at")
    def centres_open(self, release: Release) -> str:
        return short(release.centres_open_at) if release.centres_open_at else _("with the candidates")

    def get_urls(self):
        acts = {"approve": self.approve_view, "stop": self.stop_view, "resume": self.resume_view}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"results_release_{name}")
            for name, view in acts.items()
        ]
        return own + super().get_urls()

    def approve_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        release = self._get_release(request, pk)
        covered = releasing.coverage(release)
        form = bound(ApprovalForm, request)

        def approve() -> str:
            approval = releasing.approve(release, request.user, seen_through=form.cleaned_data["through"])
            return ngettext(
                "Approved: %(count)d statement.", "Approved: %(count)d statements.", approval.statements
            ) % {"count": approval.statements}

        return self._act(
            request,
            release,
            form,
            approve,
            template="admin/results/approve.html",
            title=_("Approve the results of %s?") % release.session,
            button=_("Approve"),
            repeated=[("through", covered.through)],
            covered=covered,
            counted=_counted(release),
            held_back=Entry.objects.filter(session=release.session_id, held_back=True).count(),
        )

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        release = self._get_release(request, pk)
        form = bound(ReasonForm, request)

        def stop() -> str:
            releasing.stop(release, form.cleaned_data["reason"], request.user)
            return _("Stopped: %s") % release.stop_reason

        return self._act(
            request,
            release,
            form,
            stop,
            title=_("Stop the release of %s?") % release.session,
            text=_(
                "Every result of this session disappears at once, for candidates and preparation centres."
                " They read that the results are paused. You can resume at any time."
            ),
            button=_("Stop"),
        )

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        release = self._get_release(request, pk)

        def resume() -> str:
            releasing.resume(release, request.user)
            return _("Resumed.")

        return self._act(
            request,
            release,
            bound(SureForm, request),
            resume,
            title=_("Resume the release of %s?") % release.session,
            text=_resume_text(release),
            button=_("Resume"),
        )

    def _get_release(self, request: HttpRequest, pk: int) -> Release:
        release = self.get_object(request, str(pk))
        if release is None:
            raise Http404
        if not self.has_change_permission(request, release):
            raise PermissionDenied
        return release

    def _act(
        self, request: HttpRequest, release: Release, form: forms.Form, verb: Callable[[], str], **page
    ) -> HttpResponse:
        """Do it and go to the session's page, with an entry in the log; or ask (again)."""

        def logged() -> str:
            message = verb()
            self.log_change(request, release, message)
            return message

        session_page = reverse("admin:results_examsession_change", args=[release.session_id])
        if done(request, form, logged):
            return redirect(session_page)
        return ask(request, self, form, release=release, back=session_page, **page)


def _resume_text(release: Release) -> str:
    if not opens_apart(release):
        return _("What is approved is shown from this time on; if it has come, at once: %s.") % in_words(
            release.opens_at
        )
    return _(
        "What is approved is shown from these times on; if they have come, at once: for candidates"
        " %(when)s, for preparation centres %(centres_when)s."
    ) % {"when": in_words(release.opens_at), "centres_when": in_words(release.centres_open_at)}


def _counted(release: Release) -> list[tuple[str, int]]:
    """How many entries have which newest status, in the order of Status, then those without any."""
    counted = count_by_status(release.session_id)
    lines = [(status.label, counted.get(status, 0)) for status in Status]
    return [*lines, (_("No statement yet"), counted.get(None, 0))]
