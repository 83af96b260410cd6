"""The forms with which a centre asks about a student."""

from collections.abc import Callable

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from centres import asking
from centres.models import PreparationCentre, StudentQuestion
from results.birthdays import BirthdayField
from results.models import Entry, ExamSession
from results.numbers import ID_NUMBER, normalise_id_number

LONGEST_NUMBER = StudentQuestion._meta.get_field("id_number").max_length
LONGEST_NAME = 160  # characters; entries have two names of 80


class QuestionForm(forms.Form):
    """What both forms have: a message, and a refusal in words."""

    message = forms.CharField(
        max_length=StudentQuestion._meta.get_field("message").max_length,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def _saved(self, ask: Callable[[], None]) -> bool:
        """Ask; a refusal stands in the form."""
        try:
            ask()
        except ValidationError as refusal:
            self.add_error(None, refusal)
            return False
        return True


class NotOursForm(QuestionForm):
    """A student in the centre's list who is not its own: chosen in the list, or by ID Number."""

    id_number = forms.CharField(
        label=gettext_lazy("ID Number of the student"),
        max_length=LONGEST_NUMBER,
        help_text=gettext_lazy("As in your list of this session, for example SIR094701."),
        error_messages={"required": gettext_lazy("Type the ID Number of the student.")},
        widget=forms.TextInput(
            attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    field_order = ("id_number", "message")

    def __init__(self, data, *, by: User, entries, student: Entry | None):
        """entries: of the centre; student: the one that is asked about, if it is known."""
        super().__init__(data, prefix=asking.Kind.NOT_OURS)
        self.by, self.entries, self.student = by, entries, student
        self.fields["message"].label = _("What you know about the student (optional)")
        self.fields["message"].help_text = _("For example: changed school in September.")
        if student:
            del self.fields["id_number"]

    def clean_id_number(self) -> str:
        id_number = normalise_id_number(self.cleaned_data["id_number"])
        self.student = self.entries.filter(id_number=id_number).first()
        if self.student is None:
            raise ValidationError(
                _("None of your students of this session has this ID Number."), code="not_found"
            )
        return id_number

    def save(self) -> bool:
        """Whether the question was taken; otherwise the form says why not."""
        return self._saved(lambda: asking.ask_not_ours(self.student, self.by, self.cleaned_data["message"]))


class MissingForm(QuestionForm):
    """A student whom the centre presented and does not find among its own."""

    centre = forms.ModelChoiceField(
        None,
        label=gettext_lazy("Preparation centre"),
        error_messages={
            "required": gettext_lazy("Choose the preparation centre."),
            "invalid_choice": gettext_lazy("Choose the preparation centre."),
        },
    )
    name = forms.CharField(
        label=gettext_lazy("Given names and family name"),
        max_length=LONGEST_NAME,
        error_messages={"required": gettext_lazy("Type the student’s given names and family name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    date_of_birth = BirthdayField(
        label=gettext_lazy("Date of birth (optional)"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Day, month, year, for example 14 3 2010."),
        error_messages={
            "invalid": gettext_lazy("Type day, month and year of the birth, for example 14 3 2010.")
        },
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    id_number = forms.CharField(
        label=gettext_lazy("ID Number, if you know it (optional)"),
        max_length=LONGEST_NUMBER,
        required=False,
        widget=forms.TextInput(
            attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    field_order = ("centre", "name", "date_of_birth", "id_number", "message")

    def __init__(self, data, *, by: User, session: ExamSession, centres: list[PreparationCentre]):
        """centres: of the person, with students in the session; asked for where there are several."""
        super().__init__(data, prefix=asking.Kind.MISSING)
        self.by, self.session, self.centres = by, session, centres
        self.fields["message"].label = _("What else we should know (optional)")
        if len(centres) > 1:
            keys = [centre.pk for centre in centres]
            self.fields["centre"].queryset = PreparationCentre.objects.filter(pk__in=keys)
        else:
            del self.fields["centre"]

    def clean_id_number(self) -> str:
        """As an ID Number is stored; what is none stays as it was typed, for the exams office to read."""
        typed = self.cleaned_data["id_number"]
        id_number = normalise_id_number(typed)
        return id_number if ID_NUMBER.fullmatch(id_number) else typed

    def save(self) -> bool:
        """Whether the question was taken; otherwise the form says why not."""
        asked = dict(self.cleaned_data)
        centre = asked.pop("centre", self.centres[0])
        return self._saved(lambda: asking.ask_missing(centre, self.session, self.by, **asked))
