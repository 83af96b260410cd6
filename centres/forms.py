"""Forms of the centres' face about who gets in."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import throttle
from accounts.forms import LONGEST_EMAIL, too_many_tries
from centres import joining
from centres.models import AccessRequest, Membership

_SIGNS_IN = re.compile(r"[^@A-Z\s]+@[^@A-Z\s]+")  # as the accounts' table asks for


class SigningInEmailField(forms.EmailField):
    """An e-mail address that can sign in; its value is in small letters, as stored."""

    default_error_messages = {"required": _("Type the email address.")}

    def __init__(self, **kwargs):
        kwargs.setdefault("max_length", LONGEST_EMAIL)
        super().__init__(**kwargs)

    def clean(self, value) -> str:
        address = super().clean(value).lower()
        if address and not _SIGNS_IN.fullmatch(address):  # the standard allows more, in quotation marks
            raise ValidationError(gettext("This address cannot be used."), code="no_address")
        return address


def _longest(field: str) -> int:
    return AccessRequest._meta.get_field(field).max_length


class AccessRequestForm(forms.Form):
    """A school asks for access; it looks nothing up, so it tells nobody who has any."""

    school = forms.CharField(
        label=_("School or body"),
        max_length=_longest("school"),
        error_messages={"required": _("Type the name of the school.")},
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    code = forms.CharField(
        label=_("Code of the school (optional)"),
        max_length=_longest("code"),
        required=False,
        help_text=_("The code under which you enter candidates with us, if you know it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    person = forms.CharField(
        label=_("Your name"),
        max_length=_longest("person"),
        error_messages={"required": _("Type your name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
    )
    position = forms.CharField(
        label=_("Your role at the school"),
        max_length=_longest("position"),
        help_text=_("For example: secretary’s office, exams coordinator, head teacher."),
        error_messages={"required": _("Say what your role at the school is.")},
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    email = SigningInEmailField(
        label=_("Email address at the school"),
        help_text=_(
            "The invitation comes here, and you will log in with it. An address of the school, not a private"
            " one, shows us soonest who you are."
        ),
        error_messages={"required": _("Type your email address at the school.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    message = forms.CharField(
        label=_("What else we should know (optional)"),
        max_length=_longest("message"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, request, *args, **kwargs):
        self.request = request
        super().__init__(*args, **kwargs)

    def clean(self):
        if not self.errors:
            try:
                throttle.access_request(throttle.client_address(self.request))
            except throttle.TooManyTries as refused:
                raise too_many_tries(refused) from None
        return self.cleaned_data

    def save(self) -> None:
        joining.ask(**self.cleaned_data)


ROLES_IN_WORDS = (
    (Membership.Role.MEMBER, _("Member: sees the students’ results")),
    (Membership.Role.MANAGER, _("Manager: also invites and removes people")),
)


class InvitationForm(forms.Form):
    """Whom a manager invites, and as what."""

    email = SigningInEmailField(
        label=_("Email address"),
        help_text=_("The invitation goes there. The person will log in with this address."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=ROLES_IN_WORDS,
        initial=Membership.Role.MEMBER,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what the person may do.")},
    )

    def __init__(self, request, *args, **kwargs):
        self.request = request
        super().__init__(*args, **kwargs)

    def clean(self):
        if not self.errors:
            try:
                throttle.invitation(self.request.user.username)
            except throttle.TooManyTries as refused:
                raise too_many_tries(refused) from None
        return self.cleaned_data
