"""The password of a candidate: six letters and two digits, as the slip says, and none of the easy ones.

Source of the form: the slip's own instructions. What stands against its shortness is in docs/security.md.
"""

import re
import secrets
import unicodedata
from functools import cache
from pathlib import Path

from django.contrib.auth.password_validation import (
    MinimumLengthValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LETTERS, DIGITS = 6, 2
FORM = re.compile(r"(?=(?:[0-9]*[A-Za-z]){6}[0-9]*\Z)(?=(?:[A-Za-z]*[0-9]){2}[A-Za-z]*\Z)[A-Za-z0-9]{8}")
EASY_WORDS = Path(__file__).with_name("easy_words.txt")
SHORTEST_NAME = 3  # letters; shorter parts of a name ("Di", "Lo") stand in many a good password

# For suggestions: nothing that looks like something else.
_CLEAR_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_CLEAR_DIGITS = "23456789"


class LengthValidator(MinimumLengthValidator):
    """Django's, in words of ours: its catalogues lack the Italian."""

    def get_error_message(self) -> str:
        return ngettext(
            "The password needs at least %(count)d character.",
            "The password needs at least %(count)d characters.",
            self.min_length,
        ) % {"count": self.min_length}


class AddressValidator(UserAttributeSimilarityValidator):
    """Django's, in words of ours: it would name the column."""

    def get_error_message(self) -> str:
        return _("The password is too similar to the email address.")


def validate_candidate_password(password: str, names: str = "", secret_number: str = "") -> None:
    """Check a new password against the rule.

    names: the candidate's own names, as on the entry; secret_number: the slip's, normalised.
    Raises ValidationError that says what was typed, or why the password is easy to guess.
    """
    if not FORM.fullmatch(password):
        raise ValidationError(_wrong_form(password), code="password_form")
    letters = "".join(filter(str.isalpha, password)).lower()
    if _is_easy(letters):
        raise ValidationError(
            _("This password is easy to guess. Choose letters that make no word or name."),
            code="password_easy",
        )
    if any(_is_part(name, letters) for name in _fold(names).split()):
        raise ValidationError(
            _("Your own name is easy to guess. Choose letters that make no word or name."),
            code="password_own_name",
        )
    if secret_number and password.upper() == secret_number:
        raise ValidationError(_("Do not use your Secret Number as your password."), code="password_secret")


def suggest_password() -> str:
    """A random password of the form; the letters first, since that is easy to read out and type."""
    letters = [secrets.choice(_CLEAR_LETTERS) for _letter in range(LETTERS)]
    digits = [secrets.choice(_CLEAR_DIGITS) for _digit in range(DIGITS)]
    word = "".join(letters)
    return suggest_password() if _is_easy(word) else word + "".join(digits)


def _wrong_form(password: str) -> str:
    """What is wrong, in the words of what was typed: “You typed 5 letters and 3 digits.”"""
    if re.fullmatch(r"[0-9]{4}", password):
        return _(
            "This looks like your Secret Number. The password you make up yourself: 6 letters and 2 digits."
        )
    letters = len(re.findall(r"[A-Za-z]", password))
    digits = len(re.findall(r"[0-9]", password))
    others = len(password) - letters - digits
    counted = {
        "letters": ngettext("%(count)d letter", "%(count)d letters", letters) % {"count": letters},
        "digits": ngettext("%(count)d digit", "%(count)d digits", digits) % {"count": digits},
        "others": ngettext("%(count)d other character", "%(count)d other characters", others)
        % {"count": others},
    }
    if others:
        return (
            _(
                "The password has exactly 6 letters and 2 digits, without accents, spaces or signs."
                " You typed %(letters)s, %(digits)s and %(others)s."
            )
            % counted
        )
    return (
        _("The password has exactly 6 letters and 2 digits. You typed %(letters)s and %(digits)s.") % counted
    )


def _is_easy(letters: str) -> bool:
    return letters in _easy_words() or len(set(letters)) <= 2


def _is_part(name: str, letters: str) -> bool:
    """Whether a name stands in the letters, or the letters are how the name begins."""
    return len(name) >= SHORTEST_NAME and (name in letters or name.startswith(letters))


def _fold(names: str) -> str:
    """Names as people type them: lower case, without accents and apostrophes."""
    plain = unicodedata.normalize("NFKD", names.casefold())
    return re.sub(r"[^a-z ]", "", plain.replace("-", " "))


@cache
def _easy_words() -> frozenset[str]:
    lines = EASY_WORDS.read_text(encoding="ascii").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
