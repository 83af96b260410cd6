"""The queue of schools that ask for access: accept with an invitation, or refuse with a reason."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.acting import LONGEST_REASON
from centres import joining
from centres.forms import ROLES_IN_WORDS, SigningInEmailField
from centres.models import AccessRequest, Membership, PreparationCentre
from results.admin import front
from results.admin.common import NOTHING, ForReading, ask, bound, done
from results_portal.changes import ChangesAdmin
from results_portal.lists import short

NEW, OTHER = "new", "other"


front.add_queue(
    "centres.view_accessrequest",
    lambda: AccessRequest.objects.filter(state=AccessRequest.State.OPEN),
    lambda number: ngettext("%(count)d school asks for access", "%(count)d schools ask for access", number),
)


class AcceptForm(forms.Form):
    """To which preparation centre, and as what. centre: the answer, not stored yet if it is a new one."""

    which = forms.ChoiceField(label=gettext_lazy("Preparation centre"), widget=forms.RadioSelect)
    other = forms.ModelChoiceField(
        PreparationCentre.objects.all(), label=gettext_lazy("Another one that is there"), required=False
    )
    name = forms.CharField(
        label=gettext_lazy("Name of a new one"),
        max_length=PreparationCentre._meta.get_field("name").max_length,
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    code = forms.CharField(
        label=gettext_lazy("Code of a new one"),
        max_length=PreparationCentre._meta.get_field("code").max_length,
        required=False,
        help_text=gettext_lazy("As in the files of entries."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    email = SigningInEmailField(
        label=gettext_lazy("The invitation goes to"), widget=forms.EmailInput(attrs={"class": "vTextField"})
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=ROLES_IN_WORDS, initial=Membership.Role.MANAGER
    )

    def __init__(self, data, *, asked: AccessRequest):
        suggested = [fits.centre for fits in joining.suggestions(asked)]
        first = str(suggested[0].pk) if suggested else NEW
        initial = {"which": first, "name": asked.school, "code": asked.code, "email": asked.email}
        super().__init__(data, initial=initial)
        self.centre = None
        self.suggested = {str(centre.pk): centre for centre in suggested}
        self.fields["which"].choices = [
            *(
                (key, f"{centre} ({centre.code})" if centre.code else str(centre))
                for key, centre in self.suggested.items()
            ),
            (OTHER, _("Another one that is there")),
            (NEW, _("A new one")),
        ]

    def clean(self):
        typed = self.cleaned_data
        match typed.get("which"):
            case None:
                pass
            case "new":
                self.centre = PreparationCentre(name=typed.get("name", ""), code=typed.get("code", ""))
                if not typed.get("name"):
                    self.add_error("name", _("Type the name of the new preparation centre."))
            case "other":
                self.centre = typed.get("other")
                if not self.centre:
                    self.add_error("other", _("Choose the preparation centre."))
            case key:
                self.centre = self.suggested[key]
        return typed


class RefuseForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"class": "vTextField", "autofocus": True}),
        help_text=gettext_lazy("The person reads it in the email."),
    )


@admin.register(AccessRequest)
class AccessRequestAdmin(ForReading, ChangesAdmin):
    """Which schools ask for access: the longest waiting first."""

    list_display = ("school", "code", "person", "asked", "state")
    list_filter = ("state",)
    search_fields = ("school", "code", "person", "email")
    ordering = (F("answered_at").desc(nulls_first=True), "asked_at")
    fields = readonly_fields = (
        "school",
        "code",
        "person",
        "position",
        "email",
        "message",
        "language",
        "asked",
        "state",
        "centre",
        "reason",
        "answered",
    )
    change_form_template = "admin/centres/access_request.html"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("answered_by", "centre")

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        may_answer = obj.state == AccessRequest.State.OPEN and request.user.has_perm(joining.MAY_ANSWER)
        context["may_answer"] = may_answer
        if may_answer:
            context["suggestions"] = joining.suggestions(obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    @admin.display(description=gettext_lazy("asked"), ordering="asked_at")
    def asked(self, asked: AccessRequest) -> str:
        return short(asked.asked_at)

    @admin.display(description=gettext_lazy("answered"))
    def answered(self, asked: AccessRequest) -> str:
        return f"{short(asked.answered_at)}, {asked.answered_by}" if asked.answered_at else NOTHING

    def get_urls(self):
        own = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(view),
                name=f"centres_accessrequest_{name}",
            )
            for name, view in (("accept", self.accept_view), ("refuse", self.refuse_view))
        ]
        return own + super().get_urls()

    def accept_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked = self._asked(request, pk)
        form = AcceptForm(request.POST if "sure" in request.POST else None, asked=asked)

        def accept() -> str:
            email = form.cleaned_data["email"]
            joining.accept(
                asked, request.user, centre=form.centre, email=email, role=form.cleaned_data["role"]
            )
            return _("Accepted. The invitation is on its way to %s.") % email

        if done(request, form, accept):
            return redirect("admin:centres_accessrequest_changelist")
        return ask(
            request,
            self,
            form,
            title=_("Accept the request of %s?") % asked.school,
            text=_(
                "%(person)s (%(position)s) gets an invitation by email, in the language of the request."
                " Its link works once, for 7 days."
            )
            % {"person": asked.person, "position": asked.position},
            button=_("Accept and send the invitation"),
            back=reverse("admin:centres_accessrequest_change", args=[pk]),
        )

    def refuse_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        asked = self._asked(request, pk)
        form = bound(RefuseForm, request)

        def refuse() -> str:
            joining.refuse(asked, request.user, form.cleaned_data["reason"])
            return _("Refused. %s is told by email.") % asked.person

        if done(request, form, refuse):
            return redirect("admin:centres_accessrequest_changelist")
        language = dict(AccessRequest._meta.get_field("language").flatchoices)[asked.language]
        return ask(
            request,
            self,
            form,
            title=_("Refuse the request of %s?") % asked.school,
            text=_("%(person)s gets an email with the reason. Write it in their language: %(language)s.")
            % {"person": asked.person, "language": language},
            button=_("Refuse"),
            back=reverse("admin:centres_accessrequest_change", args=[pk]),
        )

    def _asked(self, request: HttpRequest, pk: int) -> AccessRequest:
        if not request.user.has_perm(joining.MAY_ANSWER):
            raise PermissionDenied
        return get_object_or_404(AccessRequest, pk=pk)
