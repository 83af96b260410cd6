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
