"""Preparation centres and who may see what belongs to them."""

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce, Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Face, User
from accounts.sessions import end_sessions
from centres import joining, tasks
from centres.forms import ROLES_IN_WORDS, SigningInEmailField
from centres.models import Invitation, Membership, PreparationCentre
from results.admin.common import SureForm, ask, bound, done
from results_portal.changes import ChangesAdmin


class MembershipInline(admin.TabularInline):
    """The people of a centre: accounts of the preparation centres' site."""

    model = Membership
    fields = ("user", "role")
    autocomplete_fields = ("user",)
    extra = 0
    verbose_name = _("member")
    verbose_name_plural = _("members")

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        kwargs["queryset"] = User.objects.filter(face=Face.CENTRES)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user", "centre")


class InviteForm(forms.Form):
    email = SigningInEmailField(
        label=_("Email address"), widget=forms.EmailInput(attrs={"class": "vTextField", "autofocus": True})
    )
    role = forms.ChoiceField(label=_("Role"), choices=ROLES_IN_WORDS)
    language = forms.ChoiceField(label=_("Language of the email"), choices=settings.LANGUAGES)


@admin.register(PreparationCentre)
class PreparationCentreAdmin(ChangesAdmin):
    list_display = ("name", "code", "entry_count", "member_count")
    search_fields = ("name", "code")
    ordering = (Lower("name"),)
    fields = ("name", "code", "needs_second_factor", "wants_second_factor")
    readonly_fields = ("wants_second_factor",)  # the centre's own business
    inlines = (MembershipInline,)
    history_models = (PreparationCentre, Membership, Invitation)
    change_form_template = "admin/centres/preparation_centre.html"

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(entry_count=_count("entries"), member_count=_count("memberships"))
        )

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj and request.user.has_perm("centres.view_invitation"):
            # Beside the form, not in it: who accepts meanwhile does not get in the way of saving.
            open_invitations = obj.invitations.open().select_related("invited_by").order_by("email")
            context |= {
                "invitations": open_invitations,
                "may_invite": request.user.has_perm(joining.MAY_INVITE),
                "may_withdraw": request.user.has_perm(joining.MAY_WITHDRAW),
                "now": timezone.now(),
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def save_formset(self, request, form, formset, change):
        """Who is removed is signed out at once, and told; whom a former manager has invited stays out."""
        super().save_formset(request, form, formset, change)
        for membership, changed in formset.changed_objects:
            if "role" in changed and membership.role == Membership.Role.MEMBER:
                joining.withdraw_those_of(membership.user, membership.centre)
        for membership in formset.deleted_objects:
            end_sessions(membership.user)
            joining.withdraw_those_of(membership.user, membership.centre)
            tasks.send_access_removed.defer(user_id=membership.user_id, centre_id=membership.centre_id)

    # --- Invitations ----------------------------------------------------------------------------

    def get_urls(self):
        pages = {
            "<int:pk>/invite/": (self.invite_view, "invite"),
            "invitations/<int:pk>/withdraw/": (self.withdraw_view, "withdraw"),
        }
        own = [
            path(address, self.admin_site.admin_view(view), name=f"centres_preparationcentre_{name}")
            for address, (view, name) in pages.items()
        ]
        return own + super().get_urls()

    def invite_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm(joining.MAY_INVITE):
            raise PermissionDenied
        centre = get_object_or_404(PreparationCentre, pk=pk)
        form = bound(InviteForm, request)

        def invite() -> str:
            joining.invite(centre, request.user, **form.cleaned_data)
            return (
                gettext("The invitation is on its way to %s. It works for 7 days.")
                % form.cleaned_data["email"]
            )

        back = reverse("admin:centres_preparationcentre_change", args=[pk])
        if done(request, form, invite):
            return redirect(back)
        return ask(
            request,
            self,
            form,
            title=gettext("Invite somebody to %s") % centre,
            text=gettext(
                "The person gets a link by email, chooses a password and sees the results of the centre’s"
                " students. Make sure that they work there."
            ),
            button=gettext("Send the invitation"),
            back=back,
        )

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm(joining.MAY_WITHDRAW):
            raise PermissionDenied
        invitation = get_object_or_404(Invitation.objects.open().select_related("centre"), pk=pk)
        form = bound(SureForm, request)

        def withdraw() -> str:
            joining.withdraw(invitation, request.user)
            return gettext("The invitation of %s is withdrawn. Its link no longer works.") % invitation.email

        back = reverse("admin:centres_preparationcentre_change", args=[invitation.centre_id])
        if done(request, form, withdraw):
            return redirect(back)
        return ask(
            request,
            self,
            form,
            title=gettext("Withdraw the invitation of %s?") % invitation.email,
            text=gettext("The link in the email no longer works. The person is not told."),
            button=gettext("Withdraw"),
            back=back,
        )

    # --- The list -------------------------------------------------------------------------------

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
