"""Accounts: found and helped by the exams office; staff accounts and rights by superusers alone."""

import re

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.forms import SetPasswordMixin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from accounts import helping, second_factor
from accounts.confirming import needs_fresh_identity
from accounts.models import Choice, Face, User
from accounts.sessions import end_sessions
from results_portal.changes import ChangesAdmin
from results_portal.lists import NUL, short
from results_portal.office import HELP_DESK


class AccountForm(forms.ModelForm):
    """An account as it stands; staff and centre members sign in with their address."""

    def clean_email(self) -> str:
        try:
            return helping.checked_address(self.instance, self.cleaned_data["email"])
        except ValidationError as refusal:
            raise ValidationError(refusal.messages) from None


class NewAccountForm(SetPasswordMixin, AccountForm):
    """A new account of a preparation centre's member or of staff, with a first password."""

    password1, password2 = SetPasswordMixin.create_password_fields(
        gettext_lazy("First password"), gettext_lazy("First password again")
    )

    def clean(self):
        cleaned = super().clean()
        self.validate_passwords()
        return cleaned

    def _post_clean(self):
        super()._post_clean()
        self.instance.username = self.instance.email
        self.instance.is_staff = self.instance.face == Face.STAFF
        self.validate_password_for_user(self.instance)  # it must not resemble the address

    def save(self, commit=True):
        self.instance.set_password(self.cleaned_data["password1"])
        return super().save(commit)


class ConfirmedFilter(admin.SimpleListFilter):
    title = gettext_lazy("address confirmed")
    parameter_name = "confirmed"

    def lookups(self, request, model_admin):
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        return queryset.filter(email_confirmed_at__isnull=self.value() == "no")


class ChoiceInline(admin.TabularInline):
    """What the person chose, when, about which version of the text; never changed here."""

    model = Choice
    fields = readonly_fields = ("kind", "agreed", "text_version", "when")
    ordering = ("-pk",)

    @admin.display(description=gettext_lazy("when"))
    def when(self, choice: Choice) -> str:
        return short(choice.made_at)

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(User)
class AccountAdmin(ChangesAdmin):
    list_display = ("username", "who", "email", "face", "confirmed", "is_active")
    list_filter = ("face", "is_active", ConfirmedFilter)
    search_fields = ("username", "email", "entries__family_name", "entries__given_names")
    search_help_text = gettext_lazy("ID Number, e-mail address or name")
    ordering = ("username",)
    show_full_result_count = False
    filter_horizontal = ("groups",)

    def get_queryset(self, request):
        accounts = super().get_queryset(request).prefetch_related("entries__session", "memberships__centre")
        return accounts if request.user.is_superuser else accounts.exclude(face=Face.STAFF)

    def get_search_results(self, request, queryset, search_term):
        if NUL in search_term:
            return queryset.none(), False
        if request.GET.get("model_name") == "membership":
            queryset = queryset.filter(face=Face.CENTRES)
        number = re.sub(r"[\s-]", "", search_term).upper()
        by_number = queryset.filter(Q(username=number) | Q(entries__id_number=number)).distinct()
        if search_term and by_number.exists():
            return by_number, False
        return super().get_search_results(request, queryset, search_term)

    # --- What may be done -----------------------------------------------------------------------

    def has_delete_permission(self, request, obj=None):
        return False  # an account that must not sign in any more is switched off

    def get_form(self, request, obj=None, change=False, **kwargs):
        return super().get_form(
            request, obj, change, **{"form": AccountForm if obj else NewAccountForm, **kwargs}
        )

    def formfield_for_choice_field(self, db_field, request, **kwargs):
        if db_field.name == "face":  # candidates make their accounts themselves, with their slip
            faces = (Face.CENTRES, Face.STAFF) if request.user.is_superuser else (Face.CENTRES,)
            kwargs["choices"] = [(face.value, face.label) for face in faces]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            return [(None, {"fields": ("face", "email", "language", "password1", "password2")})]
        who = {Face.CANDIDATES: "entries", Face.CENTRES: "centres"}.get(obj.face)
        fields = ["username", "face", *([who] if who else []), "email", "confirmed_at", "is_active"]
        sets = [(None, {"fields": [*fields, "language", "created"]})]
        if obj.face == Face.STAFF:
            sets.append((gettext_lazy("Rights"), {"fields": ("groups", "is_superuser")}))
        return sets

    def get_readonly_fields(self, request, obj=None):
        if obj is None:
            return ()
        fixed = ("username", "face", "entries", "centres", "confirmed_at", "language", "created")
        # Nobody takes or gives rights away from themselves, and nobody locks themselves out.
        return (*fixed, "is_active", "groups", "is_superuser") if obj == request.user else fixed

    def get_inlines(self, request, obj):
        return [ChoiceInline] if obj and obj.face == Face.CANDIDATES else []

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, *args, **kwargs):
        return super().changeform_view(*args, **kwargs)

    # --- A lost phone ---------------------------------------------------------------------------

    def get_urls(self):
        address = path(
            "<int:pk>/reset-second-step/",
            self.admin_site.admin_view(self.reset_view),
            name="accounts_user_reset",
        )
        return [address, *super().get_urls()]

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context["may_reset"] = obj is not None and self.may_reset(request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def may_reset(self, request, user: User) -> bool:
        """For others only: nobody gets round their own second factor.

        Of the exams office superusers reset it, of preparation centres whoever helps them.
        """
        if user.face == Face.CENTRES:
            return request.user.has_perm(helping.MAY_HELP) and second_factor.is_enrolled(user)
        return request.user.is_superuser and user.face == Face.STAFF and user != request.user

    @method_decorator(needs_fresh_identity)
    def reset_view(self, request, pk: int):
        """Asks, then forgets the person's app, recovery codes and passkeys and signs them out."""
        user = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.may_reset(request, user):
            raise PermissionDenied
        back = reverse("admin:accounts_user_change", args=[user.pk])
        if request.method == "POST":
            if user.face == Face.CENTRES:
                helping.reset_second_factor(user, request.user)
                said = _("The second step is reset. %s is signed out, and told by email.")
            else:
                with transaction.atomic():
                    second_factor.reset(user)
                    self.log_change(request, user, _("Reset the second step."))
                said = _("The second step is reset. %s is signed out and sets up a new app.")
            messages.success(request, said % user)
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Reset the second step of %s") % user,
            "text": _(
                "App and recovery codes no longer work, and the person is signed out. At the next sign-in the"
                " password alone is enough, or leads to setting up a new app where the centre or we ask for"
                " it: make sure that it is the person who asks for this."
            )
            if user.face == Face.CENTRES
            else _(
                "App, recovery codes and passkeys no longer work, and the person is signed out. At the next"
                " sign-in the password alone leads to setting up a new app: make sure that it is the person"
                " who asks for this, and tell them now."
            ),
            "button": _("Reset"),
            "back": back,
        }
        return render(request, "admin/results/sure.html", context)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.save()
            if obj.face == Face.STAFF:
                obj.groups.add(Group.objects.get(name=HELP_DESK))
            return
        if "email" in form.changed_data:
            helping.change_address(obj, obj.email)
            if obj.face != Face.STAFF:
                messages.info(request, _("We have sent an email to %s, to confirm the address.") % obj.email)
        super().save_model(request, obj, form, change)
        if "is_active" in form.changed_data and not obj.is_active:
            end_sessions(obj)

    # --- What is shown --------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("name"))
    def who(self, user: User) -> str:
        names = dict.fromkeys(entry.name for entry in user.entries.all())
        return ", ".join([*names, *(membership.centre.name for membership in user.memberships.all())])

    @admin.display(description=gettext_lazy("confirmed"), boolean=True, ordering="email_confirmed_at")
    def confirmed(self, user: User) -> bool:
        return user.email_confirmed_at is not None

    @admin.display(description=gettext_lazy("address confirmed"))
    def confirmed_at(self, user: User) -> str:
        return short(user.email_confirmed_at) if user.email_confirmed_at else _("No")

    @admin.display(description=gettext_lazy("created"), ordering="created_at")
    def created(self, user: User) -> str:
        return short(user.created_at)

    @admin.display(description=gettext_lazy("entries"))
    def entries(self, user: User) -> str:
        return _links(
            (reverse("admin:results_entry_change", args=[entry.pk]), f"{entry} – {entry.session}")
            for entry in user.entries.all()
        )

    @admin.display(description=gettext_lazy("preparation centres"))
    def centres(self, user: User) -> str:
        return _links(
            (
                reverse("admin:centres_preparationcentre_change", args=[membership.centre_id]),
                membership.centre,
            )
            for membership in user.memberships.all()
        )


def _links(links) -> str:
    return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a>', links) or "–"
