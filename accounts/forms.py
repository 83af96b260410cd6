"""Forms of every face: signing in, forgotten password, new password, e-mail address."""

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, password_validation
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import second_factor, throttle
from accounts.devices import known_device
from accounts.models import User

LONGEST_TYPED = 200  # characters of a name or password that are looked at
LONGEST_EMAIL = User._meta.get_field("email").max_length


def too_many_tries(refused: throttle.TooManyTries) -> ValidationError:
    """The message of a try that was not evaluated; it says when the next one will be."""
    minutes = max(1, -int(-(refused.until - timezone.now()).total_seconds() // 60))
    message = ngettext(
        "Too many tries. Wait %(minutes)d minute, then try again: at %(time)s.",
        "Too many tries. Wait %(minutes)d minutes, then try again: at %(time)s.",
        minutes,
    )
    when = time_format(timezone.localtime(refused.until + throttle.MINUTE), "H:i")
    return ValidationError(message, code="too_many_tries", params={"minutes": minutes, "time": when})


def counted_try(request, name: str) -> throttle.Try:
    """Count a try to prove that one is `name`, before it is evaluated. Raises ValidationError."""
    try:
        return throttle.login(name, throttle.client_address(request), known_device(request, name))
    except throttle.TooManyTries as refused:
        raise too_many_tries(refused) from None


def counted_code(request) -> throttle.Try:
    """Count a try to give a code, before it is looked at. Raises ValidationError."""
    name = request.user.username
    try:
        return throttle.code(name, known_device(request, name))
    except throttle.TooManyTries as refused:
        raise too_many_tries(refused) from None


def was_refused(form: forms.BaseForm) -> bool:
    """Whether the throttle refused the form; the page then answers 429."""
    return form.has_error(forms.forms.NON_FIELD_ERRORS, "too_many_tries")


class SignInForm(AuthenticationForm):
    """Signing in by e-mail address: staff and centre members. Every failure has the same answer."""

    error_messages = {
        "invalid_login": _("The e-mail address or the password is not right. Check both and try again."),
    }

    def __init__(self, request=None, *args, **kwargs):
        super().__init__(request, *args, **kwargs)
        self.fields["username"] = forms.CharField(
            label=_("Email address"),
            max_length=LONGEST_TYPED,
            error_messages={"required": _("Type your email address.")},
            widget=forms.EmailInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
        )
        self.fields["password"].max_length = LONGEST_TYPED
        self.fields["password"].error_messages["required"] = _("Type your password.")

    def clean_username(self) -> str:
        return self.cleaned_data["username"].strip().lower()

    def account_of(self, name: str) -> User | None:
        """Whose name it is, in one query for known and unknown ones."""
        return User.objects.filter(username=name, face=settings.PORTAL_FACE).first()

    def clean(self):
        if self.errors:
            return self.cleaned_data
        name = self.cleaned_data["username"]
        account = self.account_of(name)
        # Under one name for all that an account signs in with: no second name gives further guesses.
        counted = counted_try(self.request, account.username if account else name)
        self.user_cache = authenticate(
            self.request, username=name, password=self.cleaned_data["password"], account=account
        )
        if self.user_cache is None:
            raise self.get_invalid_login_error()
        self.confirm_login_allowed(self.user_cache)
        counted.succeeded()
        return self.cleaned_data

    def get_invalid_login_error(self) -> ValidationError:
        return ValidationError(self.error_messages["invalid_login"], code="invalid_login")


class CodeForm(forms.Form):
    """A code of who is signed in: of the authenticator app, or a recovery code. device: what it belongs to.

    seed: of an app that is being set up; then only its code counts.
    Every failure has the same answer.
    """

    code = forms.CharField(
        label=_("Code"),
        max_length=LONGEST_TYPED,
        error_messages={"required": _("Type the code.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "size": 16, "spellcheck": "false"}
        ),
    )

    def __init__(self, request, *args, seed: str | None = None, **kwargs):
        self.request, self.seed, self.device = request, seed, None
        super().__init__(*args, **kwargs)

    def clean(self):
        if self.errors:
            return self.cleaned_data
        counted = counted_code(self.request)
        user, code = self.request.user, self.cleaned_data["code"]
        if self.seed:
            self.device = second_factor.enrol(user, self.seed, code, replace=user.is_verified())
        else:
            self.device = second_factor.check_code(user, code)
        if self.device is None:
            self.add_error(
                "code",
                gettext(
                    "This code is not right, or it was used already. Wait for the next one and try again."
                ),
            )
        else:
            counted.succeeded()
        return self.cleaned_data


class ForgottenPasswordForm(forms.Form):
    """Asks for a link by mail; says nothing about whether the account exists."""

    username = forms.CharField(
        label=_("Email address"),
        max_length=LONGEST_TYPED,
        error_messages={"required": _("Type your email address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )

    def __init__(self, request, *args, **kwargs):
        self.request = request
        super().__init__(*args, **kwargs)

    def clean_username(self) -> str:
        return self.cleaned_data["username"].strip().lower()

    def clean(self):
        if not self.errors:
            try:
                throttle.mail(self.cleaned_data["username"], throttle.client_address(self.request))
            except throttle.TooManyTries as refused:
                raise too_many_tries(refused) from None
        return self.cleaned_data


class NewPasswordForm(forms.Form):
    """A new password, typed twice."""

    new_password1 = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=LONGEST_TYPED,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. Several words make a good one."),
        error_messages={"required": _("Choose a new password.")},
    )
    new_password2 = forms.CharField(
        label=_("Confirm new password"),
        strip=False,
        max_length=LONGEST_TYPED,
        error_messages={"required": _("Type the new password a second time.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args, user: User, **kwargs):
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_new_password1(self) -> str:
        password = self.cleaned_data["new_password1"]
        self.check_rule(password)
        return password

    def check_rule(self, password: str) -> None:
        """The face's password rule. Raises ValidationError."""
        password_validation.validate_password(password, self.user)

    def clean(self):
        first, second = self.cleaned_data.get("new_password1"), self.cleaned_data.get("new_password2")
        if first and second and first != second:
            self.add_error("new_password2", passwords_differ())
        return self.cleaned_data

    def save(self) -> User:
        self.user.set_password(self.cleaned_data["new_password1"])
        self.user.save(update_fields=["password"])
        return self.user


def check_current_password(form: forms.Form, user: User) -> None:
    """Compare what was typed with the user's password; a wrong one is a fault of its field.

    form: with the attribute request. Raises ValidationError if there were too many tries.
    """
    counted = counted_try(form.request, user.username)
    if user.check_password(form.cleaned_data["current_password"]):
        counted.succeeded()
    else:
        form.add_error("current_password", gettext("This is not your current password."))


class CurrentPasswordForm(forms.Form):
    """A change that asks for the present password first; a wrong one counts as a try to sign in."""

    current_password = forms.CharField(
        label=_("Current password"),
        strip=False,
        max_length=LONGEST_TYPED,
        error_messages={"required": _("Type your current password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request, *args, **kwargs):
        self.request = request
        self.user = request.user
        super().__init__(*args, **kwargs)

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        check_current_password(self, self.user)
        return cleaned


class SetUpForm(CodeForm):
    """The code of an app that is being set up; and the password, if it was not given just now."""

    def __init__(self, request, *args, asks_password: bool, **kwargs):
        super().__init__(request, *args, **kwargs)
        if asks_password:
            self.fields["current_password"] = CurrentPasswordForm.base_fields["current_password"]

    def clean(self):
        if not self.errors and "current_password" in self.fields:
            check_current_password(self, self.request.user)
        return super().clean()


class ChangePasswordForm(CurrentPasswordForm, NewPasswordForm):
    """A new password for who is signed in."""

    field_order = ("current_password", "new_password1", "new_password2")

    def __init__(self, request, *args, **kwargs):
        super().__init__(request, *args, user=request.user, **kwargs)


class EmailForm(CurrentPasswordForm):
    """A new e-mail address."""

    email = forms.EmailField(
        label=_("New email address"),
        max_length=LONGEST_EMAIL,
        error_messages={"required": _("Type your new email address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    field_order = ("email", "current_password")


def passwords_differ() -> ValidationError:
    return ValidationError(
        gettext("The two passwords are not the same. Type both again."), code="password_mismatch"
    )
