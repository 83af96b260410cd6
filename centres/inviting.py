"""The text that a school sends to those who have not registered yet."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from results.models import ExamSession
from results_portal import branding


def texts(session: ExamSession) -> list[tuple[str, str]]:
    """Language and text, ready to copy; session: with is_due and candidates_open_at (centres/seeing.py)."""
    found = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            context = {**branding.words(), "session": session}
            found.append((language, render_to_string("centres/register_text.txt", context).strip()))
    return found
