"""What every list of the staff face has: nothing in an address reads a secret or breaks the page."""

from datetime import datetime

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import DataError, transaction
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# Answers to lookups (?password__startswith=…) would give them away letter by letter.
SECRET_FIELDS = frozenset({"password", "secret_digest", "session_key", "session_data"})
# Django's own words, said anew in our catalogue: its Italian gives every noun the masculine article.
_SAVED = (
    gettext_noop("The {name} “{obj}” was added successfully."),
    gettext_noop("The {name} “{obj}” was added successfully. You may add another {name} below."),
    gettext_noop("The {name} “{obj}” was changed successfully."),
    gettext_noop("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    gettext_noop("The {name} “{obj}” was changed successfully. You may edit it again below."),
)
NUL = "\0"  # PostgreSQL stores none, so nothing contains one


def short(moment: datetime) -> str:
    """A moment for a column of a list: “12 Jun 2026, 10:00”."""
    return date_format(localtime(moment), "j M Y, H:i")


class CarefulListAdmin(admin.ModelAdmin):
    """Refuses lookups that reach a secret, and answers what makes no sense with a message."""

    def lookup_allowed(self, lookup, value, request):
        return SECRET_FIELDS.isdisjoint(lookup.split("__")) and super().lookup_allowed(lookup, value, request)

    def get_changelist_instance(self, request):
        try:
            with transaction.atomic():  # what the database refuses must not spoil the message about it
                return super().get_changelist_instance(request)
        except (IncorrectLookupParameters, DataError, ValueError, OverflowError) as error:
            messages.warning(request, _("This list cannot be filtered like that."))
            raise IncorrectLookupParameters(str(error)) from error

    def changelist_view(self, request, extra_context=None):
        if not all(ticked.isdecimal() for ticked in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            messages.warning(request, _("What was ticked is not in this list."))
            return redirect(request.get_full_path())
        # Plainer than Django’s “Select … to change”, which in Italian also gets the gender wrong.
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_search_results(self, request, queryset, search_term):
        if NUL in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)
