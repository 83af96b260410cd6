"""The texts that people agree to: whole in both languages, and fixed under their version."""

import hashlib
import re
from pathlib import Path

import pytest

from candidates import texts

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "texts"
# Digest of the English and the Italian text together, by version. A changed text needs a new version, which
# is added here; the old ones stay, since people agreed to them.
TERMS = {"2026-11-22": "e6817daab6bdbf4e"}
UPDATES = {"2026-11-22": "1205486b85cfcea5"}


def digest(name: str) -> str:
    both = "".join(
        (FOLDER / language / f"{name}.html").read_text(encoding="utf-8") for language in ("en", "it")
    )
    return hashlib.sha256(both.encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("name", "version", "known"),
    [("terms", texts.TERMS_VERSION, TERMS), ("updates", texts.UPDATES_VERSION, UPDATES)],
)
def test_a_text_does_not_change_under_its_version(name, version, known):
    assert known[version] == digest(name)


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("page", ["terms", "privacy", "help"])
def test_a_text_is_a_page_in_both_languages_with_whole_links(candidates, page, language):
    candidates.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    response = candidates.get(f"/{page}/")
    html = response.content.decode()
    assert f'<html lang="{language}">' in html
    assert "esami@sirio.example.org" in html
    for address in set(re.findall(r'href="(/[^"#]*)', html)):
        if not address.startswith("/static/"):
            assert candidates.get(address).status_code in {200, 302}, address
    for anchor in set(re.findall(rf'href="(?:/{page}/)?#([\w-]+)"', html)):
        assert f'id="{anchor}"' in html, anchor


def test_the_help_answers_the_three_questions(candidates):
    page = candidates.get("/help/").content.decode()
    for question in ("Which number is which?", "I lost my slip", "It says “not found”"):
        assert re.search(rf"<h2[^>]*>{re.escape(question)}</h2>", page)


def test_the_terms_say_their_version(candidates):
    assert texts.TERMS_VERSION in candidates.get("/terms/").content.decode()
