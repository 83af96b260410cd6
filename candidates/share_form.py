"""The form “Share this result”."""

from datetime import date, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from candidates.sharing import months_later
from results.exams import Exam
from results.models import Share
from results.models.sharing import LONGEST_FOR_WHOM
from results.times import day_in_words

ANOTHER_DAY = "day"
_TYPED_DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %m %Y")


class ShareForm(forms.Form):
    """For whom, what it shows, until when. exam: of the result; where it reports shields, they are shown."""

    for_whom = forms.CharField(
        label=_("For whom?"),
        max_length=LONGEST_FOR_WHOM,
        help_text=_(
            "In your own words, for example: Università di Padova. Whoever opens the link reads them."
        ),
        error_messages={"required": _("Write for whom the link is.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    shows = forms.ChoiceField(
        label=_("What does it show?"),
        choices=(
            (Share.Shows.OVERALL, _("Only the overall result: grade, overall score and CEFR level")),
            (Share.Shows.SKILLS, _("That and the score of every skill")),
        ),
        initial=Share.Shows.OVERALL,
        error_messages={"required": _("Choose what the link shows.")},
        widget=forms.RadioSelect,
    )
    until = forms.ChoiceField(
        label=_("Until when?"),
        initial="30",
        error_messages={"required": _("Choose until when the link works.")},
        widget=forms.RadioSelect,
    )
    day = forms.DateField(
        label=_("Another day"),
        required=False,
        input_formats=_TYPED_DAYS,
        error_messages={"invalid": _("Write day, month and year, for example 31/12/2026.")},
    )

    def __init__(self, exam: Exam, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if exam.reports_shields:
            del self.fields["shows"]
        self.today = timezone.localdate()
        self.latest = months_later(self.today, 12)
        self._days = {
            "7": self.today + timedelta(days=7),
            "30": self.today + timedelta(days=30),
            "months": months_later(self.today, 6),
        }
        names = {"7": _("7 days"), "30": _("30 days"), "months": _("6 months")}
        until = _("%(span)s, until %(day)s")
        self.fields["until"].choices = [
            *(
                (key, until % {"span": names[key], "day": day_in_words(day)})
                for key, day in self._days.items()
            ),
            (ANOTHER_DAY, _("Until another day:")),
        ]
        limits = {"type": "date", "min": self.today.isoformat(), "max": self.latest.isoformat()}
        self.fields["day"].widget = forms.DateInput(limits, format="%Y-%m-%d")
        self.fields["day"].help_text = _("At the latest %s, a year from now.") % day_in_words(self.latest)

    def clean_for_whom(self) -> str:
        return " ".join(self.cleaned_data["for_whom"].split())

    def clean(self):
        typed = self.cleaned_data
        if typed.get("until") == ANOTHER_DAY and "day" not in self.errors:
            if not typed.get("day"):
                self.add_error("day", gettext("Choose the last day on which the link works."))
            elif not self.today <= typed["day"] <= self.latest:
                self.add_error("day", gettext("Choose a day from today to a year from now."))
        return typed

    @property
    def last_day(self) -> date:
        """Of a valid form."""
        return self._days.get(self.cleaned_data["until"]) or self.cleaned_data["day"]

    @property
    def what(self) -> Share.Shows:
        """Of a valid form: what the link shows."""
        return Share.Shows(self.cleaned_data.get("shows", Share.Shows.SKILLS))
