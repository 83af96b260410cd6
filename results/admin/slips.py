"""Slips: issuing and printing Secret Numbers, and the queue of those who have lost theirs."""

from collections.abc import Callable
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, F, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.confirming import needs_fresh_identity
from results import lost_slips, slips
from results.admin.common import NOTHING, ForReading, ReasonForm, ask, bound, done
from results.models import Entry, ExamSession, LostSlip, SlipIssue
from results.times import day_in_words
from results.typesetting import missing_letters
from results_portal.changes import ChangesAdmin
from results_portal.lists import CarefulListAdmin, short

FILES_SHOWN = 20


class CentreChoice(forms.ModelChoiceField):
    """A preparation centre with the number of slips it would get (its attribute `waiting`)."""

    def label_from_instance(self, obj: Model) -> str:
        return f"{obj} ({obj.waiting})"


class SlipsForm(forms.Form):
    centre = CentreChoice(None, label=gettext_lazy("For"), required=False)

    def __init__(self, data, *, session: ExamSession, count: int):
        super().__init__(data)
        waiting = slips.waiting(session).order_by().values("pk")
        centres = Entry._meta.get_field("preparation_centre").related_model.objects
        self.fields["centre"].queryset = (
            centres.filter(entries__in=waiting).annotate(waiting=Count("entries")).order_by("name")
        )
        self.fields["centre"].empty_label = _("the whole session (%d)") % count


class AnswerForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=LostSlip._meta.get_field("note").max_length,
        widget=forms.TextInput(attrs={"class": "vTextField", "autofocus": True}),
        help_text=gettext_lazy(
            "How you made sure who it is, and who got the slip; or why you could not help."
        ),
    )


class SlipIssueInline(ForReading, admin.TabularInline):
    """The slips issued to an entry, on its page; never a number."""

    model = SlipIssue
    extra = 0
    fields = readonly_fields = ("issued_at", "issued_by", "why")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("issued_by")

    @admin.display(description=gettext_lazy("reason"))
    def why(self, issue: SlipIssue) -> str:
        return issue.reason or NOTHING


@admin.register(SlipIssue)
class SlipIssueAdmin(ForReading, CarefulListAdmin):
    """Every slip that was issued, and the pages that issue."""

    list_display = ("entry", "session", "issued", "issued_by", "reason")
    list_filter = ("entry__session",)
    search_fields = ("=entry__id_number", "entry__family_name", "reason")
    fields = readonly_fields = ("entry", "session", "issued", "issued_by", "reason")

    def get_queryset(self, request):
        issues = super().get_queryset(request).select_related("entry__session", "issued_by")
        return issues.defer("entry__secret_digest")

    @admin.display(description=gettext_lazy("exam session"), ordering="entry__session")
    def session(self, issue: SlipIssue) -> str:
        return issue.entry.session.code

    @admin.display(description=gettext_lazy("issued"), ordering="issued_at")
    def issued(self, issue: SlipIssue) -> str:
        return short(issue.issued_at)

    def get_urls(self):
        pages = {
            "session/<int:pk>/": (self.session_view, "session"),
            "file/<uuid:batch>/": (self.again_view, "again"),
            "entry/<int:pk>/": (self.entry_view, "entry"),
        }
        own = [
            path(address, self.admin_site.admin_view(view), name=f"results_slipissue_{name}")
            for address, (view, name) in pages.items()
        ]
        return own + super().get_urls()

    @method_decorator(needs_fresh_identity)
    def session_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Issue numbers to the session's entries that have none."""
        _must_issue(request)
        session = get_object_or_404(ExamSession, pk=pk)
        waiting = slips.waiting(session)
        count = waiting.count()
        form = SlipsForm(request.POST if "sure" in request.POST else None, session=session, count=count)
        return self._print(
            request,
            form,
            lambda: slips.issue_numbers(session, request.user, form.cleaned_data["centre"]),
            name=session.code,
            template="admin/results/slips.html",
            title=_("Slips of %s") % session,
            button=_("Issue the numbers and download the slips"),
            back=reverse("admin:results_examsession_control_room", args=[pk]),
            room=session,
            session=session,
            count=count,
            most=slips.MOST_IN_A_FILE,
            files=slips.files(session)[:FILES_SHOWN],
            boxed=_with_boxes(waiting) if count else [],
        )

    @method_decorator(needs_fresh_identity)
    def again_view(self, request: HttpRequest, batch: UUID) -> HttpResponse:
        """Print a file again that was lost on the way, with new numbers."""
        _must_issue(request)
        issue = SlipIssue.objects.select_related("entry__session").filter(batch=batch).first()
        if issue is None:
            raise Http404
        session, count = issue.entry.session, slips.of_file(batch).count()
        form = bound(ReasonForm, request)
        return self._print(
            request,
            form,
            lambda: slips.issue_again(batch, request.user, form.cleaned_data["reason"]),
            name=session.code,
            template="admin/results/slips_again.html",
            title=_("Issue these slips again?"),
            button=_("Issue again and download the slips"),
            back=reverse("admin:results_slipissue_session", args=[session.pk]),
            room=session,
            session=session,
            issue=issue,
            count=count,
        )

    @method_decorator(needs_fresh_identity)
    def entry_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A new slip for one candidate."""
        _must_issue(request)
        entry = get_object_or_404(Entry.objects.select_related("session"), pk=pk)
        own_page = reverse("admin:results_entry_change", args=[pk])
        form = bound(ReasonForm, request)
        if entry.user_id and not form.is_bound:
            messages.warning(request, slips.already_registered())
            return redirect(own_page)
        return self._print(
            request,
            form,
            lambda: slips.reissue(entry, request.user, form.cleaned_data["reason"]),
            name=entry.id_number,
            template="admin/results/slips_entry.html",
            title=_("A new slip for %s?") % entry.name,
            button=_("Issue the number and download the slip"),
            back=own_page,
            entry=entry,
            has_number=bool(entry.secret_digest),
            boxed=_with_boxes(Entry.objects.filter(pk=pk)),
        )

    def _print(
        self,
        request: HttpRequest,
        form: forms.Form,
        verb: Callable[[], slips.SlipFile],
        *,
        name: str,
        **page,
    ) -> HttpResponse:
        """The file, if the form was sent and is right; or the page that asks (again)."""
        if form.is_valid():
            try:
                printed = verb()
            except ValidationError as refusal:
                form.add_error(None, refusal)
            else:
                return _as_download(printed, name)
        return ask(request, self, form, **page)


@admin.register(LostSlip)
class LostSlipAdmin(ForReading, ChangesAdmin):
    """Who asked for a new slip on the candidates' site: the longest waiting first."""

    list_display = ("name", "asked", "date_of_birth", "school", "exam", "state")
    list_filter = ("state",)
    search_fields = ("name", "email", "school")
    ordering = (F("answered_at").desc(nulls_first=True), "asked_at")
    fields = readonly_fields = (
        "name",
        "date_of_birth",
        "school",
        "exam",
        "email",
        "phone",
        "message",
        "asked",
        "state",
        "note",
        "answered",
    )
    change_form_template = "admin/results/lost_slip.html"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("answered_by")

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context |= {
            "may_answer": obj.state == LostSlip.State.OPEN and request.user.has_perm(lost_slips.MAY_ANSWER),
            "may_issue": request.user.has_perm(slips.MAY_ISSUE),
            "suggestions": lost_slips.suggestions(obj),
        }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    @admin.display(description=gettext_lazy("asked"), ordering="asked_at")
    def asked(self, lost: LostSlip) -> str:
        return short(lost.asked_at)

    @admin.display(description=gettext_lazy("answered"))
    def answered(self, lost: LostSlip) -> str:
        return f"{short(lost.answered_at)}, {lost.answered_by}" if lost.answered_at else NOTHING

    def get_urls(self):
        own = [
            path("<int:pk>/done/", self.admin_site.admin_view(self.done_view), name="results_lostslip_done"),
            path(
                "<int:pk>/could-not/",
                self.admin_site.admin_view(self.could_not_view),
                name="results_lostslip_could_not",
            ),
        ]
        return own + super().get_urls()

    def done_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._answer(
            request, pk, LostSlip.State.DONE, _("Close this request: a new slip was handed out?"), _("Done")
        )

    def could_not_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._answer(
            request,
            pk,
            LostSlip.State.COULD_NOT,
            _("Close this request without a new slip?"),
            _("Could not help"),
        )

    def _answer(
        self, request: HttpRequest, pk: int, state: LostSlip.State, title: str, button: str
    ) -> HttpResponse:
        if not request.user.has_perm(lost_slips.MAY_ANSWER):
            raise PermissionDenied
        lost = get_object_or_404(LostSlip, pk=pk)
        form = bound(AnswerForm, request)

        def answer() -> str:
            lost_slips.answer(lost, request.user, state, form.cleaned_data["note"])
            return _("The request of %s is closed.") % lost.name

        if done(request, form, answer):
            return redirect("admin:results_lostslip_changelist")
        return ask(
            request,
            self,
            form,
            title=title,
            text=_("%(name)s asked on %(day)s. The portal writes nothing to them: tell them yourself.")
            % {"name": lost.name, "day": day_in_words(timezone.localdate(lost.asked_at))},
            button=button,
            back=reverse("admin:results_lostslip_change", args=[pk]),
        )


def _must_issue(request: HttpRequest) -> None:
    if not request.user.has_perm(slips.MAY_ISSUE):
        raise PermissionDenied


def _as_download(printed: slips.SlipFile, name: str) -> HttpResponse:
    """Kept by no cache; the name says what and when, since a file printed later has other numbers."""
    filename = f"statini-{name}-{timezone.localtime():%Y-%m-%d-%H%M}.pdf"
    return HttpResponse(
        printed.pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"},
    )


def _with_boxes(entries: QuerySet[Entry]) -> list[str]:
    """Candidates whose names have letters that the slips' fonts don't have."""
    people = entries.only("id_number", "family_name", "given_names")
    return [str(entry) for entry in people if missing_letters(entry.name)]
