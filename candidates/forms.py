"""Forms of the candidates' face: the registration page of the slip, the rule of its password, a lost slip."""

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import throttle
from accounts.forms import (
    LONGEST_EMAIL,
    LONGEST_TYPED,
    ChangePasswordForm,
    ForgottenPasswordForm,
    NewPasswordForm,
    SignInForm,
    passwords_differ,
    too_many_tries,
)
from accounts.models import User
from accounts.passwords import validate_candidate_password
from candidates import registering, signing_in, texts
from results import lost_slips
from results.birthdays import BirthdayField
from results.models import LostSlip
from results.numbers import ID_NUMBER, SECRET_NUMBER, normalise_id_number, normalise_secret_number

PASSWORD_RULE = _("Exactly 6 letters and 2 digits, in any order. Capital and small letters are different.")


class IdNumberField(forms.CharField):
    """An ID Number as people type it; its value is as stored."""

    default_error_messages = {"required": _("Type the ID Number from your slip.")}

    def __init__(self, **kwargs):
        attrs = {"autocomplete": "username", "autocapitalize": "characters", "spellcheck": "false"}
        super().__init__(
            label=_("ID Number"), max_length=LONGEST_TYPED, widget=forms.TextInput(attrs=attrs), **kwargs
        )

    def clean(self, value) -> str:
        return normalise_id_number(super().clean(value))


class SecretNumberField(forms.CharField):
    """A Secret Number as people type it; its value is as it is digested."""

    default_error_messages = {"required": _("Type the Secret Number from your slip.")}

    def __init__(self, **kwargs):
        attrs = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        super().__init__(
            label=_("Secret Number"),
            max_length=LONGEST_TYPED,
            help_text=_("On your slip, near the ID Number: 4 or 8 digits."),
            widget=forms.TextInput(attrs=attrs),
            **kwargs,
        )

    def clean(self, value) -> str:
        return normalise_secret_number(super().clean(value))


class RegistrationForm(forms.Form):
    """The form of the slip. Its numbers are looked at only when all else is right: a slip of the thumb in
    the password costs no try."""

    id_number = IdNumberField(help_text=_("On your slip: letters, then digits, for example SIR094701."))
    secret_number = SecretNumberField()
    email = forms.EmailField(
        label=_("Email address"),
        help_text=_("We send the confirmation here. An address that you will still have in a year is best."),
        max_length=LONGEST_EMAIL,
        error_messages={"required": _("Type your email address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=LONGEST_TYPED,
        help_text=PASSWORD_RULE,
        error_messages={"required": _("Choose a password of 6 letters and 2 digits.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "data-suggest": True}),
    )
    confirm_password = forms.CharField(
        label=_("Confirm password"),
        max_length=LONGEST_TYPED,
        error_messages={"required": _("Type the password a second time.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    terms = forms.BooleanField(
        label=_("I agree to the terms of use"),
        error_messages={
            "required": _("Tick the box to agree to the terms of use. Without it we cannot register you.")
        },
    )
    updates = forms.BooleanField(label=_("Updates"), required=False)

    def __init__(self, request, *args, **kwargs):
        self.request = request
        self.entry = None
        super().__init__(*args, **kwargs)
        self.fields["terms"].help_text = format_html(
            '<a href="{}" target="_blank">{}</a>', reverse("terms"), _("Read the terms of use (in a new tab)")
        )
        self.fields["updates"].help_text = render_to_string(texts.path("updates"))

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        validate_candidate_password(password)
        return password

    def clean(self):
        typed = self.cleaned_data
        first, second = typed.get("password"), typed.get("confirm_password")
        if first and second and first != second:
            self.add_error("confirm_password", passwords_differ())
        if swapped(typed):
            self.add_error("id_number", gettext("It looks as if you have swapped the two numbers."))
        if not self.errors:
            self.entry = self._find_entry(typed["id_number"], typed["secret_number"])
            try:
                validate_candidate_password(first, self.entry.name, typed["secret_number"])
            except ValidationError as error:
                self.add_error("password", error)
        return typed

    def full_clean(self):
        """What was typed stays, except passwords; so say that they are to be typed again."""
        super().full_clean()
        if self._errors and "password" not in self._errors:
            self["password"].help_text = format_html(
                "<strong>{}</strong> {}", gettext("Type your password again, twice."), PASSWORD_RULE
            )

    def save(self):
        """Register. Returns the account, or None if somebody was faster; the form then says so."""
        typed = self.cleaned_data
        try:
            return registering.register(
                self.entry,
                typed["secret_number"],
                email=typed["email"],
                password=typed["password"],
                updates=typed["updates"],
            )
        except registering.AlreadyRegistered:
            self.add_error(None, _already_registered())
            return None

    def _find_entry(self, id_number: str, secret_number: str):
        try:
            counted = throttle.registration(id_number, throttle.client_address(self.request))
            entry = registering.find_entry(id_number, secret_number)
        except throttle.TooManyTries as refused:
            raise too_many_tries(refused) from None
        except registering.NotFound:
            raise not_found() from None
        counted.succeeded()
        if entry.user_id:
            raise _already_registered()
        return entry


def swapped(typed: dict) -> bool:
    """Whether each of the two numbers has the form of the other; typed: cleaned data of both fields."""
    return bool(
        SECRET_NUMBER.fullmatch(typed.get("id_number", ""))
        and ID_NUMBER.fullmatch(normalise_id_number(typed.get("secret_number", "")))
    )


def not_found() -> ValidationError:
    """The same for an ID Number that is not there (yet) and for a wrong Secret Number."""
    return ValidationError(
        format_html(
            '{} <a href="{}#not-found" target="_blank">{}</a> · <a href="{}">{}</a>',
            gettext(
                "We cannot find this ID Number with this Secret Number. Check both on your slip."
                " If your slip is new, your entry may not be here yet: try again on the next working day."
            ),
            reverse("help"),
            gettext("What else you can do (in a new tab)"),
            reverse("lost-slip"),
            gettext("I lost my slip"),
        ),
        code="not_found",
    )


def _already_registered() -> ValidationError:
    return ValidationError(
        format_html(
            '{} <a href="{}">{}</a> · <a href="{}">{}</a>',
            gettext("You are already registered with this slip."),
            reverse("home"),
            gettext("Log in"),
            reverse("forgotten-password"),
            gettext("I forgot my password"),
        ),
        code="already_registered",
    )


class CandidateSignInForm(SignInForm):
    """The box “Log in” of the slip."""

    error_messages = {
        "invalid_login": _(
            "The ID Number or the password is not right. Your password has 6 letters and 2 digits;"
            " you chose it when you registered. It is not the Secret Number."
        ),
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"] = IdNumberField()
        self.fields["password"].strip = True  # phones add a space; no password of ours has one

    def clean_username(self) -> str:
        return self.cleaned_data["username"]

    def account_of(self, name: str) -> User | None:
        return signing_in.account_of(name)


class CandidateForgottenPasswordForm(ForgottenPasswordForm):
    username = IdNumberField()

    def clean_username(self) -> str:
        """Under one name for all ID Numbers of an account, so that they share one limit."""
        return signing_in.name_of(self.cleaned_data["username"])


class CandidateNewPasswordForm(NewPasswordForm):
    """A new password of six letters and two digits."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = PASSWORD_RULE
        for name in ("new_password1", "new_password2"):
            self.fields[name].strip = True

    def check_rule(self, password: str) -> None:
        names = " ".join(entry.name for entry in self.user.entries.for_candidates())
        validate_candidate_password(password, names)


class CandidateChangePasswordForm(ChangePasswordForm, CandidateNewPasswordForm):
    """The present password, and a new one of six letters and two digits."""


def _longest(field: str) -> int:
    return LostSlip._meta.get_field(field).max_length


class LostSlipForm(forms.Form):
    """Asks the exams office for a new slip; it looks nothing up, so it tells nobody who is entered."""

    name = forms.CharField(
        label=_("Given names and family name"),
        max_length=_longest("name"),
        help_text=_("As in your identity document."),
        error_messages={"required": _("Type your given names and family name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
    )
    date_of_birth = BirthdayField(
        label=_("Date of birth"),
        max_length=40,
        help_text=_("Day, month, year, for example 14 3 2010."),
        widget=forms.TextInput(attrs={"autocomplete": "bday"}),
    )
    school = forms.CharField(
        label=_("School or preparation centre (optional)"), max_length=_longest("school"), required=False
    )
    exam = forms.CharField(
        label=_("Exam and exam date"),
        max_length=_longest("exam"),
        help_text=_("In your own words, for example: B2 First, in June, in Rome."),
        error_messages={"required": _("Say which exam it is, and when it was.")},
    )
    email = forms.EmailField(
        label=_("Email address"),
        max_length=_longest("email"),
        help_text=_("So that we can ask you something. We never send your numbers by email."),
        error_messages={"required": _("Type your email address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = forms.CharField(
        label=_("Phone (optional)"),
        max_length=_longest("phone"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
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
                throttle.lost_slip(throttle.client_address(self.request))
            except throttle.TooManyTries as refused:
                raise too_many_tries(refused) from None
        return self.cleaned_data

    def save(self) -> None:
        lost_slips.ask(**self.cleaned_data)
