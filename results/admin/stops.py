"""Stopping a session, a preparation centre in it or single candidates; and lifting that again."""

from collections.abc import Callable

from django import forms
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.confirming import needs_fresh_identity
from results import stopping
from results.admin.common import ForReading, ReasonForm, SureForm, ask, bound, done
from results.admin.releases import session_page_of, what_lifting_shows
from results.models import Entry, Release, Stop
from results.models.releases import LONGEST_NOTICE
from results_portal.lists import CarefulListAdmin, short


class StopForm(ReasonForm):
    """A reason for the office, and what the people who are touched read."""

    notice_it = forms.CharField(
        label=gettext_lazy("Notice in Italian"),
        max_length=LONGEST_NOTICE,
        widget=forms.Textarea(attrs={"rows": 3, "lang": "it"}),
        help_text=gettext_lazy("Candidates and preparation centres read this in place of the result."),
    )
    notice_en = forms.CharField(
        label=gettext_lazy("Notice in English"),
        max_length=LONGEST_NOTICE,
        widget=forms.Textarea(attrs={"rows": 3, "lang": "en"}),
    )

    def __init__(self, *args, **kwargs):
        usual = stopping.usual_notice()
        super().__init__(*args, initial={"notice_it": usual.it, "notice_en": usual.en}, **kwargs)

    @property
    def notice(self) -> stopping.Notice:
        return stopping.Notice(self.cleaned_data["notice_it"], self.cleaned_data["notice_en"])


class CentreStopForm(StopForm):
    """With the preparation centre; sent_from: the centres that have candidates in the session."""

    field_order = ["centre"]
    centre = forms.ModelChoiceField(None, label=gettext_lazy("Preparation centre"))

    def __init__(self, data, *, centres):
        super().__init__(data)
        self.fields["centre"].queryset = centres


@admin.register(Stop)
class StopAdmin(ForReading, CarefulListAdmin):
    """Every stop there was; what is still on can be lifted."""

    list_display = ("what", "session", "reason", "since", "started_by", "until")
    list_filter = ("session",)
    search_fields = ("reason", "entry__id_number", "entry__family_name", "preparation_centre__name")
    fields = (
        "session",
        "preparation_centre",
        "candidate",
        "reason",
        "notice_it",
        "notice_en",
        "since",
        "started_by",
        "until",
        "lifted_by",
    )
    readonly_fields = fields
    change_form_template = "admin/results/stop.html"

    def get_queryset(self, request):
        stops = super().get_queryset(request)
        stops = stops.select_related("session", "preparation_centre", "entry", "started_by", "lifted_by")
        return stops.defer("entry__secret_digest")

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context["may_lift"] = obj and not obj.lifted_at and request.user.has_perm(stopping.MAY_STOP)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    @admin.display(description=gettext_lazy("what is stopped"))
    def what(self, stop: Stop) -> str:
        return what(stop)

    @admin.display(description=gettext_lazy("entry"))
    def candidate(self, stop: Stop) -> str:
        return str(stop.entry or "–")

    @admin.display(description=gettext_lazy("stopped"), ordering="started_at")
    def since(self, stop: Stop) -> str:
        return short(stop.started_at)

    @admin.display(description=gettext_lazy("lifted"), ordering="lifted_at")
    def until(self, stop: Stop) -> str:
        return short(stop.lifted_at) if stop.lifted_at else _("still stopped")

    def get_urls(self):
        pages = {
            "session/<int:pk>/": (self.stop_session_view, "session"),
            "centre/<int:pk>/": (self.stop_centre_view, "centre"),
            "<int:pk>/lift/": (self.lift_view, "lift"),
        }
        own = [
            path(address, self.admin_site.admin_view(view), name=f"results_stop_{name}")
            for address, (view, name) in pages.items()
        ]
        return own + super().get_urls()

    @method_decorator(needs_fresh_identity)
    def stop_session_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop a whole session; pk: of its release."""
        release = self._get_release(request, pk)
        form = bound(StopForm, request)

        def stop() -> str:
            reason = form.cleaned_data["reason"]
            stopping.stop_session(release.session, request.user, reason, form.notice)
            return _("Stopped: %s") % reason

        return self._act(
            request,
            release,
            form,
            stop,
            title=_("Stop the results of %s?") % release.session,
            text=_(
                "Every result of this session disappears at once, for candidates and preparation centres."
                " They read the notice below. You can lift the stop at any time."
            ),
            button=_("Stop now"),
        )

    @method_decorator(needs_fresh_identity)
    def stop_centre_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop one preparation centre's results in a session; pk: of its release."""
        release = self._get_release(request, pk)
        centres = Entry._meta.get_field("preparation_centre").related_model.objects.filter(
            entries__session=release.session_id
        )
        form = CentreStopForm(
            request.POST if "sure" in request.POST else None, centres=centres.distinct().order_by("name")
        )

        def stop() -> str:
            centre = form.cleaned_data["centre"]
            stopping.stop_centre(
                release.session, centre, request.user, form.cleaned_data["reason"], form.notice
            )
            return _("Stopped for %s.") % centre

        return self._act(
            request,
            release,
            form,
            stop,
            title=_("Stop the results of one preparation centre in %s?") % release.session,
            text=_(
                "The results of this centre’s students disappear at once, for the centre and for the"
                " students. Everybody else’s stay."
            ),
            button=_("Stop now"),
        )

    @method_decorator(needs_fresh_identity)
    def lift_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        stop = get_object_or_404(self.get_queryset(request), pk=pk, lifted_at=None)
        release = self._get_release(request, stop.session.release.pk)

        def lift() -> str:
            stopping.lift(Stop.objects.filter(pk=stop.pk), request.user)
            return _("The stop is lifted.")

        return self._act(
            request,
            release,
            bound(SureForm, request),
            lift,
            title=_("Lift the stop of %s?") % what(stop),
            text=what_lifting_shows(release),
            button=_("Lift the stop"),
        )

    def _get_release(self, request: HttpRequest, pk: int) -> Release:
        if not request.user.has_perm(stopping.MAY_STOP):
            raise PermissionDenied
        release = Release.objects.select_related("session").filter(pk=pk).first()
        if release is None:
            raise Http404
        return release

    def _act(
        self, request: HttpRequest, release: Release, form: forms.Form, verb: Callable[[], str], **page
    ) -> HttpResponse:
        """Do it and go to the session's page, with an entry in the log; or ask (again)."""

        def logged() -> str:
            message = verb()
            LogEntry.objects.log_actions(
                request.user.pk, [release.session], CHANGE, change_message=message, single_object=True
            )
            return message

        if done(request, form, logged):
            return redirect(session_page_of(release))
        return ask(request, self, form, back=session_page_of(release), room=release.session, **page)


def what(stop: Stop) -> str:
    """Whose results a stop keeps back, in words."""
    if stop.entry:
        return str(stop.entry)
    return str(stop.preparation_centre or _("the whole session %s") % stop.session.code)
