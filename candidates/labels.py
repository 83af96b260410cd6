"""The copy of one's data for who reads it: what each key of the file means, and its values in words.

Every key that candidates/my_data.py gives has its words here, whatever part it stands in; a test sees to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Choice
from candidates.my_data import LINK
from candidates.seeing import View
from results.correcting import reason_in_words
from results.exams import SKILL_LABELS
from results.models import (
    CandidateLook,
    CandidateVerification,
    Certificate,
    Mail,
    Result,
    Share,
    Status,
)
from results.times import day_in_words, in_words

KEYS = {
    "about": gettext_lazy("About this copy"),
    "format": gettext_lazy("Format"),
    "copy_made_at": gettext_lazy("Made"),
    "held_by": gettext_lazy("Who holds the data"),
    "contact": gettext_lazy("Contact"),
    "not_in_here": gettext_lazy("What is held too and is not in here"),
    "account": gettext_lazy("Your account"),
    "called": gettext_lazy("Name of the account"),
    "email": gettext_lazy("Email address"),
    "email_confirmed_at": gettext_lazy("Address confirmed"),
    "language": gettext_lazy("Language"),
    "covers_result": gettext_lazy("Result shows only at a button"),
    "created_at": gettext_lazy("Account made"),
    "last_login": gettext_lazy("Last logged in"),
    "choices": gettext_lazy("Your choices"),
    "text": gettext_lazy("Text"),
    "agreed": gettext_lazy("You agreed"),
    "text_version": gettext_lazy("Version of the text"),
    "chosen_at": gettext_lazy("When"),
    "sessions": gettext_lazy("Where you are logged in"),
    "this_one": gettext_lazy("This browser"),
    "password_given_at": gettext_lazy("Password last given there"),
    "ends_at": gettext_lazy("Ends by itself"),
    "exams": gettext_lazy("Your exams"),
    "exam": gettext_lazy("Exam"),
    "session": gettext_lazy("Session"),
    "session_code": gettext_lazy("Code of the session"),
    "exam_date": gettext_lazy("Exam date"),
    "place": gettext_lazy("Place of entry"),
    "id_number": gettext_lazy("ID Number"),
    "candidate_number": gettext_lazy("Candidate number"),
    "reference_number": gettext_lazy("Reference number"),
    "family_name": gettext_lazy("Family name"),
    "given_names": gettext_lazy("Given names"),
    "date_of_birth": gettext_lazy("Date of birth"),
    "preparation_centre": gettext_lazy("School or preparation centre"),
    "email_of_entry": gettext_lazy("Email address of the entry, for reminders"),
    "registered_at": gettext_lazy("In your account since"),
    "results_open_at": gettext_lazy("Results open"),
    "page_shows": gettext_lazy("What your page shows now"),
    "notice": gettext_lazy("Notice while the results are paused"),
    "statement": gettext_lazy("Statement of Results"),
    "earlier_versions": gettext_lazy("Earlier versions that you were shown"),
    "version": gettext_lazy("Version"),
    "issued_at": gettext_lazy("Issued"),
    "shown_from": gettext_lazy("Shown from"),
    "reason": gettext_lazy("Reason for the correction"),
    "status": gettext_lazy("Status"),
    "overall": gettext_lazy("Overall score"),
    "result": gettext_lazy("Result"),
    "cefr": gettext_lazy("CEFR level"),
    "measured_in": gettext_lazy("Skills are measured in"),
    **{skill.value: label for skill, label in SKILL_LABELS.items()},
    "certificate": gettext_lazy("Certificate"),
    "state": gettext_lazy("State"),
    "arrived_on": gettext_lazy("Arrived on"),
    "collected_on": gettext_lazy("Collected on"),
    "collected_by": gettext_lazy("Collected by"),
    "opened_by": gettext_lazy("Who has opened your result"),
    "who": gettext_lazy("Who"),
    "name": gettext_lazy("Which one"),
    "first_at": gettext_lazy("First time"),
    "last_at": gettext_lazy("Last time"),
    "emails": gettext_lazy("Emails about this exam"),
    "mail": gettext_lazy("Email"),
    "sent_at": gettext_lazy("Sent"),
    "slips": gettext_lazy("Slips with your numbers"),
    "slip_made_at": gettext_lazy("Made for you"),
    "links": gettext_lazy("Links with which you show this result"),
    "for_whom": gettext_lazy("For whom"),
    "shows": gettext_lazy("What it shows"),
    "made_at": gettext_lazy("Made"),
    "works_until": gettext_lazy("Works until"),
    "revoked_at": gettext_lazy("Revoked"),
    "checks": gettext_lazy("Checks of your documents"),
    "checked_at": gettext_lazy("Checked"),
    "means": gettext_lazy("How"),
    "outcome": gettext_lazy("Answer"),
    "times": gettext_lazy("Times"),
}
PAGES = {
    View.STATEMENT: gettext_lazy("your Statement of Results"),
    View.WAITING: gettext_lazy("the time until the results open"),
    View.STOPPED: gettext_lazy("that the results are paused"),
    View.NOT_YET: gettext_lazy("that the result is not ready yet"),
}
# Codes of the file that have words.
VALUES: dict[str, dict] = {
    "language": dict(settings.LANGUAGES),
    "text": dict(Choice.Kind.choices),
    "page_shows": PAGES,
    "status": dict(Status.choices),
    "result": dict(Result.choices),
    "measured_in": {
        "points": gettext_lazy("points of the Cambridge English Scale"),
        "shields": gettext_lazy("shields, from 1 to 5"),
    },
    "state": dict(Certificate.State.choices),
    "who": {**dict(CandidateLook.Who.choices), LINK: gettext_lazy("by a link of yours")},
    "shows": dict(Share.Shows.choices),
    "means": dict(CandidateVerification._meta.get_field("means").choices),
    "outcome": dict(CandidateVerification._meta.get_field("outcome").choices),
    "mail": dict(Mail.Kind.choices),
}
WIDEST_TABLE = 4  # columns; what has more is listed, so that it fits a phone and a sheet of paper
NOTHING = "–"


@dataclass
class Section:
    """A part of the readable copy. level: of its heading; table: heads and rows; lines: sentences."""

    title: str
    level: int
    facts: list[tuple[str, str]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    parts: list["Section"] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.facts or self.rows or self.lines or self.parts)


def keys_in(copy: Any) -> Iterator[str]:
    """Every key of a copy, at whatever depth."""
    if isinstance(copy, dict):
        for key, value in copy.items():
            yield key
            yield from keys_in(value)
    elif isinstance(copy, list):
        for row in copy:
            yield from keys_in(row)


def documented(copy: dict) -> dict:
    """The copy with what its keys mean, for the file."""
    return {**copy, "keys": {key: str(KEYS[key]) for key in dict.fromkeys(keys_in(copy))}}


def sections(copy: dict) -> list[Section]:
    """The copy as parts to read, in the active language."""
    return [_section(key, part, 2) for key, part in copy.items()]


def value_in_words(key: str, value: Any) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return in_words(value)
    if isinstance(value, date):
        return day_in_words(value)
    if key == "reason":
        return reason_in_words(value)
    return str(VALUES.get(key, {}).get(value, value))


def _section(key: str, part: dict | list, level: int, title: str = "") -> Section:
    section = Section(title or str(KEYS[key]), level)
    if isinstance(part, dict):
        _fill(section, part)
    elif all(isinstance(row, str) for row in part):
        section.lines = part
    elif all(_fits_a_table(row) for row in part):
        section.heads = [str(KEYS[name]) for name in part[0]]
        section.rows = [[value_in_words(name, value) for name, value in row.items()] for row in part]
    else:
        section.parts = [_section(key, row, level + 1, _title_of(row)) for row in part]
    return section


def _fill(section: Section, part: dict) -> None:
    for key, value in part.items():
        if isinstance(value, dict | list):
            section.parts.append(_section(key, value, section.level + 1))
        elif value is None and key in {"statement", "certificate"}:
            section.parts.append(Section(str(KEYS[key]), section.level + 1))
        else:
            section.facts.append((str(KEYS[key]), value_in_words(key, value)))


def _fits_a_table(row: dict) -> bool:
    return len(row) <= WIDEST_TABLE and not any(isinstance(value, dict | list) for value in row.values())


def _title_of(row: dict) -> str:
    if "exam" in row:
        return f"{row['exam']}, {row['session']}"
    if "for_whom" in row:
        return row["for_whom"]
    return _("Version %(number)s") % {"number": row["version"]}
