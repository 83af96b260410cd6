"""The two forms of the page “Verify a document”: its code, or the file."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy

from accounts import throttle
from accounts.forms import LONGEST_TYPED, too_many_tries
from results import verification_codes, verifying, verifying_files
from results.models import Means


class CodeForm(forms.Form):
    """A code as people type it; its value is as printed."""

    code = forms.CharField(
        label=gettext_lazy("Code on the document"),
        max_length=LONGEST_TYPED,
        help_text=gettext_lazy(
            "At the foot of the page, beside the QR code: 20 letters and digits in four groups. Hyphens and"
            " capital letters don’t matter."
        ),
        error_messages={"required": gettext_lazy("Type the code from the document.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )

    def clean_code(self) -> str:
        try:
            return verification_codes.normalise(self.cleaned_data["code"])
        except verification_codes.Mistyped as mistyped:
            raise ValidationError(_what_is_wrong(mistyped), code="mistyped") from None


def _what_is_wrong(mistyped: verification_codes.Mistyped) -> str:
    if mistyped.length != verification_codes.LENGTH:
        return gettext("A code has %(all)d letters and digits, and this one %(typed)d. Look at it again.") % {
            "all": verification_codes.LENGTH,
            "typed": mistyped.length,
        }
    return gettext(
        "There is a slip in the code: a letter is wrong, or two have changed places. Look at it again."
    )


def look_up(request, code: str) -> verifying.Finding | None:
    """What is found of the document with this code, counted against guessing. Raises ValidationError."""
    try:
        counted = throttle.verification(throttle.client_address(request))
    except throttle.TooManyTries as refused:
        raise too_many_tries(refused) from None
    found = verifying.verify(code, Means.CODE)
    if found:
        counted.succeeded()
    return found


class FileForm(forms.Form):
    """A PDF. inspection: what it is, once the form is valid."""

    document = forms.FileField(
        label=gettext_lazy("PDF"),
        help_text=gettext_lazy("The file as you received it, up to 1 MB. We look at it and do not keep it."),
        error_messages={
            "required": gettext_lazy("Choose the PDF that you want to check."),
            "empty": gettext_lazy("The file is empty. Choose the PDF as you received it."),
        },
        widget=forms.FileInput(attrs={"accept": ".pdf,application/pdf"}),
    )
    is_busy = False

    def __init__(self, request, *args, **kwargs):
        self.request, self.inspection = request, None
        super().__init__(*args, **kwargs)

    def clean(self):
        request = self.request
        if getattr(request, "file_is_too_large", False):
            self.errors.pop("document", None)
            self.add_error("document", gettext("The file is larger than 1 MB; our documents are smaller."))
        elif getattr(request, "file_was_cut_off", False):
            self.errors.pop("document", None)
            self.add_error("document", gettext("The file did not arrive whole. Send it again."))
        if not self.errors:
            self.inspection = self._inspect(self.cleaned_data["document"].read())
        return self.cleaned_data

    def _inspect(self, pdf: bytes) -> verifying_files.Inspection:
        try:
            throttle.verification_file(throttle.client_address(self.request))
            return verifying_files.inspect(pdf)
        except throttle.TooManyTries as refused:
            raise too_many_tries(refused) from None
        except verifying_files.Busy:
            self.is_busy = True
            raise ValidationError(
                gettext("Many documents are being checked just now. Try again in a minute."), code="busy"
            ) from None
