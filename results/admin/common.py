"""What the pages of the exams office share: asking before acting, searching, reading without changing."""

from collections.abc import Callable

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts.acting import LONGEST_REASON
from results.numbers import ID_NUMBER, normalise_id_number

NOTHING = "–"


class SureForm(forms.Form):
    """Nothing to fill in: the button is the answer."""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"class": "vTextField", "autofocus": True}),
        help_text=_("For the exams office only. Candidates and preparation centres don’t see it."),
    )


def bound(form_class: type[forms.Form], request: HttpRequest) -> forms.Form:
    """The form with what was sent from its own page; unbound on the way to it."""
    return form_class(request.POST if "sure" in request.POST else None)


def ask(request: HttpRequest, model_admin: admin.ModelAdmin, form: forms.Form, **context) -> HttpResponse:
    """The page that says what will happen; its button posts the form to the same address.

    context: title, button and back (where “No, take me back” leads); text or a template of its own;
    repeated: (name, value) pairs that are sent along; room: the session whose control room the page
    belongs to.
    """
    page = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts, "form": form, **context}
    return TemplateResponse(request, page.get("template", "admin/results/sure.html"), page)


def done(request: HttpRequest, form: forms.Form, verb: Callable[[], str]) -> bool:
    """Run the verb if the form was sent and is right, and tell the person what it returns.

    A refusal (ValidationError) stands in the form afterwards.
    """
    if not form.is_valid():
        return False
    try:
        message = verb()
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return False
    messages.success(request, message)
    return True


class AnnotatedFilter(admin.SimpleListFilter):
    """Filters by an annotation of the list that has the filter's parameter_name."""

    choices_of: list[tuple[str, str]] = []

    def lookups(self, request, model_admin):
        return self.choices_of

    def queryset(self, request, queryset):
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class IdNumberSearch:
    """Finds an ID Number typed with spaces, hyphens or small letters; anything else as the admin does."""

    id_number_lookup = "id_number"
    search_help_text = _("ID Number, names or candidate number")

    def get_search_results(self, request, queryset, search_term):
        id_number = normalise_id_number(search_term)
        if ID_NUMBER.fullmatch(id_number):
            found = queryset.filter(**{self.id_number_lookup: id_number})
            if found.exists():
                return found, False
        return super().get_search_results(request, queryset, search_term)


class ForReading:
    """Shown to who may view it; never added, changed or deleted by hand."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
