"""The forms of “My data”."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import CurrentPasswordForm


class PasswordForm(CurrentPasswordForm):
    """The password before one's data are handed out; a wrong one counts as a try to sign in."""

    def __init__(self, request, *args, **kwargs):
        super().__init__(request, *args, **kwargs)
        self.fields["current_password"].strip = True  # phones add a space; no password of ours has one


class DeleteAccountForm(PasswordForm):
    """The password is looked at only when the box is ticked: a slip of the thumb costs no try."""

    sure = forms.BooleanField(
        label=_("I want to delete my account"),
        error_messages={"required": _("Tick the box if you really want to delete your account.")},
    )

    field_order = ("sure", "current_password")
