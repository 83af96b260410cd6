"""The form “Add another exam”."""

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy

from accounts import throttle
from accounts.forms import too_many_tries
from candidates import adding
from candidates.adding import Outcome
from candidates.forms import IdNumberField, SecretNumberField, not_found, swapped
from candidates.registering import NotFound


class AddExamForm(forms.Form):
    """The two numbers of another slip. added: the entry, once the form is valid."""

    id_number = IdNumberField(
        help_text=gettext_lazy("On the slip of the other exam: letters, then digits, for example SIR094701.")
    )
    secret_number = SecretNumberField()

    def __init__(self, request, *args, **kwargs):
        self.request, self.added = request, None
        super().__init__(*args, **kwargs)
        self.fields["id_number"].widget.attrs["autocomplete"] = "off"  # the browser knows another one

    def clean(self):
        typed = self.cleaned_data
        if swapped(typed):
            self.add_error("id_number", gettext("It looks as if you have swapped the two numbers."))
        if not self.errors:
            self.added = self._add(typed["id_number"], typed["secret_number"])
        return typed

    def _add(self, id_number: str, secret_number: str):
        """Counted as a try to register is: under the ID Number, the address and overall."""
        try:
            counted = throttle.registration(id_number, throttle.client_address(self.request))
            answer = adding.add_exam(self.request.user, id_number, secret_number)
        except throttle.TooManyTries as refused:
            raise too_many_tries(refused) from None
        except NotFound:
            raise not_found() from None
        counted.succeeded()
        if answer.outcome is not Outcome.ADDED:
            raise _refusal(answer.outcome)
        return answer.entry


def _refusal(outcome: Outcome) -> ValidationError:
    """What the holder of the slip is told, and where it goes on."""
    if outcome is Outcome.YOURS:
        words, link, linked = (
            gettext("This exam is in your account already."),
            reverse("exams"),
            gettext("My results"),
        )
    else:
        words, link, linked = (
            _taken() if outcome is Outcome.TAKEN else _another_person(),
            f"{reverse('help')}#another-exam",
            gettext("What you can do"),
        )
    return ValidationError(format_html('{} <a href="{}">{}</a>', words, link, linked), code=outcome)


def _taken() -> str:
    return gettext(
        "There is an account for this slip already: log in to it with this ID Number and the password that"
        " was chosen for it."
    )


def _another_person() -> str:
    return gettext(
        "The name or the date of birth of this entry is not the one in your account, so we have not added it:"
        " an account holds the exams of one person. If it is a brother’s or sister’s, sign out and register"
        " with this slip. If it is yours, do the same for now, and tell us what is wrong."
    )
