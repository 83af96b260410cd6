"""Reads pages as a person does."""

import re
from html import unescape


def text(html: str) -> str:
    """The words of a page's main part, with one space between any two."""
    main = html[html.index("<main") : html.index("</main>")]
    return words(main)


def words(fragment: str) -> str:
    """The words of a piece of HTML."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", fragment)).split())


def has_number(page: str, number: int) -> bool:
    """Whether a number stands in a page or file by itself, not within another, a moment or a token."""
    return re.search(rf"(?<![\w.:/-]){number}(?![\w:/-])", page) is not None
