"""The release: when a session opens; approving it by two people, and withdrawing that."""

from collections.abc import Callable

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.confirming import needs_fresh_identity
from accounts.models import User
from results import preflight, releasing, stopping
from results.admin.common import NOTHING, AnnotatedFilter, SureForm, ask, bound, done
from results.models import Approval, Release, Status
from results.standing import State, count_by_status, with_state
from results.times import in_words, zone
from results_portal.changes import ChangesAdmin
from results_portal.lists import short


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
            field = self.fields[name]
            field.help_text = helps[name] % {"zone": zone()}
            for part, words in zip(field.widget.widgets, (_("date"), _("time")), strict=True):
                part.attrs["aria-label"] = f"{field.label}: {words}"

    def clean(self):
        cleaned = super().clean()
        if self.instance.pk:
            stored = Release.objects.get(pk=self.instance.pk)
            for name in self.fields.keys() - set(self.changed_data):
                cleaned[name] = getattr(stored, name)  # to the microsecond, which a form does not show
            releasing.check_times(stored, cleaned.get("opens_at"), cleaned.get("centres_open_at"))
        return cleaned


class StateFilter(AnnotatedFilter):
    title = gettext_lazy("state of the release")
    parameter_name = "state"
    choices_of = State.choices


class ApprovalForm(forms.Form):
    """Carries how far the figures on the page reached, and its times, so that nothing unseen is approved."""

    through = forms.IntegerField(widget=forms.HiddenInput)
    times = forms.CharField(widget=forms.HiddenInput)


class OpenNowForm(ApprovalForm):
    """For an instant that has passed: both people say that they mean it."""

    open_now = forms.BooleanField(
        label=gettext_lazy("Open now: I know that these results are shown at once"),
        error_messages={"required": gettext_lazy("Tick this if you want the results to be shown at once.")},
    )


class ReleaseFacts:
    """What the release's own page and its part of the session's page show alike."""

    form = ReleaseForm

    def get_queryset(self, request):
        releases = super().get_queryset(request).select_related("session")
        return with_state(releases).prefetch_related("approvals__person")

    @admin.display(description=gettext_lazy("approved"))
    def approval(self, release: Release) -> str:
        return approvals_in_words(release) or NOTHING

    @admin.display(description=gettext_lazy("stopped"))
    def stop(self, release: Release) -> str:
        return (
            format_html_join(
                mark_safe("<br>"),
                "{}: {}",
                (
                    (short(stop.started_at), stop.reason)
                    for stop in stopping.active(release.session)
                    if not stop.entry_id
                ),
            )
            or NOTHING
        )


def approvals_in_words(release: Release) -> str:
    """Who approved what stands, or why the last approval is void; one line each."""
    approvals = sorted(release.approvals.all(), key=lambda approval: approval.pk, reverse=True)
    if not approvals:
        return ""
    newest = approvals[0]
    if newest.voided_at:
        return _("Not any more: %(reason)s (%(when)s).") % {
            "reason": newest.get_voided_because_display(),
            "when": short(newest.voided_at),
        }
    together = [
        approval
        for approval in reversed(approvals)
        if not approval.voided_at and approval.took_effect_at == newest.took_effect_at
    ]
    lines = [(short(approval.made_at), approval.person) for approval in together]
    if not newest.took_effect_at:
        return format_html(
            "{}<br>{}",
            format_html_join(mark_safe("<br>"), "{}, {}", lines),
            _("It needs another person’s approval."),
        )
    return format_html_join(mark_safe("<br>"), "{}, {}", lines)


def describe(release: Release, state: str) -> str:
    """Where a release stands, in a sentence; state: as results.standing annotates it."""
    words = {
        State.DRAFT: _("Draft: not approved"),
        State.HALF_APPROVED: _("Approved by one person: it needs another’s approval"),
        State.APPROVED: _("Approved, opens %(when)s"),
        State.OPEN_FOR_CENTRES: _(
            "Open for preparation centres since %(centres_when)s; opens for candidates %(when)s"
        ),
        State.OPEN_FOR_CANDIDATES: _(
            "Open for candidates since %(when)s; opens for preparation centres %(centres_when)s"
        ),
        State.OPEN: _("Open since %(when)s"),
        State.STOPPED: _("Stopped: nobody sees these results"),
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
    }


def opens_apart(release: Release) -> bool:
    """Whether preparation centres have a time of their own."""
    return release.centres_open_at not in (None, release.opens_at)


def what_lifting_shows(release: Release) -> str:
    """What happens when a stop ends, with both times."""
    if not opens_apart(release):
        return _("What is approved is shown from this time on; if it has come, at once: %s.") % in_words(
            release.opens_at
        )
    return _(
        "What is approved is shown from these times on; if they have come, at once: for candidates"
        " %(when)s, for preparation centres %(centres_when)s."
    ) % {"when": in_words(release.opens_at), "centres_when": in_words(release.centres_open_at)}


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


def release_buttons(request: HttpRequest, release: Release) -> dict:
    """What the buttons about a release need: may_approve, may_stop, and what there is to do."""
    return {
        "release": release,
        "may_approve": request.user.has_perm(releasing.MAY_APPROVE),
        # Not to who has approved already: the next step is another person's.
        "can_approve": releasing.has_unapproved(release) and not _has_approved(release, request.user),
        "may_stop": request.user.has_perm(stopping.MAY_STOP),
        "session_stop": stopping.active(release.session).filter(entry=None, preparation_centre=None).first(),
        "can_withdraw": any(
            not approval.voided_at and not (approval.took_effect_at and release.candidates_due)
            for approval in release.approvals.all()
        ),
    }


def _has_approved(release: Release, user: User) -> bool:
    return releasing.standing_approvals(release).filter(person=user).exists()


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
        release = self.release_of(obj) if obj else None
        if release:
            context |= release_buttons(request, release)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)


class ReleaseInline(ReleaseFacts, admin.StackedInline):
    """The release on its session's page."""

    model = Release
    can_delete = False
    min_num = max_num = 1
    fields = ("opens_at", "centres_open_at", "approval", "stop")
    readonly_fields = ("approval", "stop")

    def get_fields(self, request, obj=None):
        return self.fields if obj else ("opens_at", "centres_open_at")


@admin.register(Release)
class ReleaseAdmin(ReleaseButtons, ReleaseFacts, ChangesAdmin):
    list_display = ("code", "exam", "opens", "centres_open", "state")
    list_filter = (StateFilter,)
    search_fields = ("session__code", "session__title")
    ordering = ("-opens_at",)
    date_hierarchy = "opens_at"
    history_models = (Release, Approval)
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
        acts = {"approve": self.approve_view, "withdraw": self.withdraw_view}
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"results_release_{name}")
            for name, view in acts.items()
        ]
        return own + super().get_urls()

    @method_decorator(needs_fresh_identity)
    def approve_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        release = self._get_release(request, pk)
        covered, shown_times = releasing.coverage(release), releasing.times_of(release)
        at_once = release.candidates_due or release.centres_due
        form = bound(OpenNowForm if at_once else ApprovalForm, request)

        def approve() -> str:
            given = releasing.approve(
                release,
                request.user,
                seen_through=form.cleaned_data["through"],
                seen_times=form.cleaned_data["times"],
                open_now=form.cleaned_data.get("open_now", False),
            )
            if given.took_effect_at is None:
                return _("You have approved. It takes effect with another person’s approval.")
            return ngettext(
                "Approved by two people: %(count)d statement.",
                "Approved by two people: %(count)d statements.",
                covered.waiting,
            ) % {"count": covered.waiting}

        return self._act(
            request,
            release,
            form,
            approve,
            template="admin/results/approve.html",
            title=_("Approve the results of %s?") % release.session,
            button=_("Approve and open now") if at_once else _("Approve"),
            repeated=[("through", covered.through), ("times", shown_times)],
            covered=covered,
            counted=_counted(release),
            approvals=releasing.standing_approvals(release),
            has_approved=_has_approved(release, request.user),
            preparers=releasing.preparers(release),
            voided=releasing.last_voided(release),
            stops=list(stopping.active(release.session)),
            findings=preflight.findings(release.session),
            at_once=at_once,
        )

    @method_decorator(needs_fresh_identity)
    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        release = self._get_release(request, pk)

        def withdraw() -> str:
            releasing.withdraw(release, request.user)
            return _("The approval is withdrawn.")

        return self._act(
            request,
            release,
            bound(SureForm, request),
            withdraw,
            title=_("Withdraw the approval of %s?") % release.session,
            text=_(
                "Nothing that waits for its time is shown then, until two people approve it again. What is"
                " visible already stays: stop it if it must not be seen."
            ),
            button=_("Withdraw"),
        )

    def _get_release(self, request: HttpRequest, pk: int) -> Release:
        release = self.get_object(request, str(pk))
        if release is None:
            raise Http404
        if not request.user.has_perm(releasing.MAY_APPROVE):
            raise PermissionDenied
        return release

    def _act(
        self, request: HttpRequest, release: Release, form: forms.Form, verb: Callable[[], str], **page
    ) -> HttpResponse:
        """Do it and go to the control room, with an entry in the log; or ask (again)."""

        def logged() -> str:
            message = verb()
            self.log_change(request, release, message)
            return message

        session_page = session_page_of(release)
        if done(request, form, logged):
            return redirect(session_page)
        return ask(request, self, form, release=release, back=session_page, room=release.session, **page)


def session_page_of(release: Release) -> str:
    return reverse("admin:results_examsession_control_room", args=[release.session_id])


def _counted(release: Release) -> list[tuple[str, int]]:
    """How many entries have which newest status, in the order of Status, then those without any."""
    counted = count_by_status(release.session_id)
    lines = [(status.label, counted.get(status, 0)) for status in Status]
    return [*lines, (_("No statement yet"), counted.get(None, 0))]
