"""What every list of the staff face has: nothing in an address reads a secret or breaks the page."""

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import DataError, transaction
from django.shortcuts import redirect
from django.utils.translation import gettext as _

# Answers to lookups (?password__startswith=…) would give them away letter by letter.
SECRET_FIELDS = frozenset({"password", "secret_digest", "session_key", "session_data"})
NUL = "\0"  # PostgreSQL stores none, so nothing contains one


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
        return super().changelist_view(request, extra_context)

    def get_search_results(self, request, queryset, search_term):
        if NUL in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)
