"""Dates of birth as people type them."""

import re
from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class BirthdayField(forms.CharField):
    """A date of birth as people write it: 14/3/2010, 14 March 2010, 14 marzo 2010, 2010-03-14."""

    default_error_messages = {
        "required": _("Type your date of birth."),
        "invalid": _("Type day, month and year of your birth, for example 14 3 2010."),
    }
    _MONTHS = (
        ("gen", "jan"), ("feb",), ("mar",), ("apr",), ("mag", "may"), ("giu", "jun"), ("lug", "jul"),
        ("ago", "aug"), ("set", "sep"), ("ott", "oct"), ("nov",), ("dic", "dec"),
    )  # fmt: skip
    _FIRST_YEAR = 1900

    def clean(self, value) -> date | None:
        typed = super().clean(value)
        if not typed:
            return None
        parts = re.findall(r"[0-9]+|[^\W\d_]{3,}", typed.lower())
        if parts and len(parts[0]) == 4:
            parts.reverse()
        try:
            day, month, year = parts
            birthday = date(int(year), self._month(month), int(day))
        except (ValueError, OverflowError):
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
        if not (birthday.year >= self._FIRST_YEAR and birthday < timezone.localdate()):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return birthday

    def _month(self, text: str) -> int:
        """Raises ValueError."""
        if text.isdigit():
            return int(text)
        return next((n for n, names in enumerate(self._MONTHS, 1) if text.startswith(names)), 0)
