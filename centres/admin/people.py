"""Preparation centres and who may see what belongs to them."""

from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.models import Face, User
from centres.models import Membership, PreparationCentre
from results_portal.changes import ChangesAdmin


class MembershipInline(admin.TabularInline):
    """The people of a centre: accounts of the preparation centres' site."""

    model = Membership
    fields = ("user",)
    autocomplete_fields = ("user",)
    extra = 0
    verbose_name = _("member")
    verbose_name_plural = _("members")

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        kwargs["queryset"] = User.objects.filter(face=Face.CENTRES)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user", "centre")


@admin.register(PreparationCentre)
class PreparationCentreAdmin(ChangesAdmin):
    list_display = ("name", "code", "entry_count", "member_count")
    search_fields = ("name", "code")
    ordering = (Lower("name"),)
    inlines = (MembershipInline,)
    history_models = (PreparationCentre, Membership)

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(entry_count=_count("entries"), member_count=_count("memberships"))
        )

    @admin.display(description=_("entries"), ordering="entry_count")
    def entry_count(self, centre: PreparationCentre) -> str:
        url = reverse("admin:results_entry_changelist", query={"preparation_centre__id__exact": centre.pk})
        return format_html('<a href="{}">{}</a>', url, centre.entry_count)

    @admin.display(description=_("members"), ordering="member_count")
    def member_count(self, centre: PreparationCentre) -> int:
        return centre.member_count


def _count(related: str) -> Coalesce:
    """How many rows point at the centre, as a subquery: one number does not multiply the other."""
    counted = (
        PreparationCentre.objects.filter(pk=OuterRef("pk"))
        .order_by()
        .values("pk")
        .annotate(number=Count(related))
    )
    return Coalesce(Subquery(counted.values("number")), 0)
