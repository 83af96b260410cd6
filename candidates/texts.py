"""The long texts of the candidates' pages, one file a language, and the versions people agree to.

A version is the date from which a text holds. tests/candidates/test_texts.py keeps each version with the
digest of its texts: a text cannot change under a version that somebody agreed to.
"""

from django.utils.translation import get_language

TERMS_VERSION = "2026-11-22"
UPDATES_VERSION = "2026-11-22"


def path(name: str) -> str:
    """The template of a text ("terms", "privacy", "help", "updates") in the reader's language."""
    return f"texts/{get_language()}/{name}.html"
