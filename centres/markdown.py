"""Markdown of the exams office as HTML that cannot do harm; the same for pages, the feed and the preview.

Two walls: markdown-it knows no raw HTML, no images and no links but the ones below; whatever comes out of it
passes nh3 with a list of what may be there. A post's title is its page's h1: its own headings start at h2,
whichever the text begins with, and leave none out.
"""

import html
import re
from functools import lru_cache

import nh3
from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML

SCHEMES = {"http", "https", "mailto"}
TAGS = {
    *("p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s", "a", "ul", "ol", "li"),
    *("h2", "h3", "h4", "h5", "h6", "div", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href"},
    "ol": {"start"},
    "div": {"tabindex", "role", "aria-label"},  # of a table that is wider than the screen
}
ALIGNED = {"text-align:left": "", "text-align:center": "align-center", "text-align:right": "align-right"}
_CELL = {"align-center", "align-right"}
CLASSES = {"div": {"table-scroll"}, "th": _CELL, "td": _CELL}
MARKUP = 5  # times longer than its words is a text with many links; only so much is read for a beginning
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
# Control characters, which neither a page nor an XML document may hold.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


class _Renderer(RendererHTML):
    """Without inline styles, and with a frame around each table in which it can be scrolled."""

    def table_open(self, tokens, idx, options, env) -> str:
        label = escape(_("Table"))
        return f'<div class="table-scroll" tabindex="0" role="region" aria-label="{label}"><table>\n'

    def table_close(self, tokens, idx, options, env) -> str:
        return "</table></div>\n"

    def th_open(self, tokens, idx, options, env) -> str:
        name = ALIGNED.get(tokens[idx].attrGet("style") or "", "")
        return f'<{tokens[idx].tag} class="{name}">' if name else f"<{tokens[idx].tag}>"

    td_open = th_open

    def heading_open(self, tokens, idx, options, env) -> str:
        return f"<{env[tokens[idx].tag]}>"

    def heading_close(self, tokens, idx, options, env) -> str:
        return f"</{env[tokens[idx].tag]}>\n"

    def image(self, tokens, idx, options, env) -> str:
        """Its words alone: a picture would be another host's."""
        return escape(tokens[idx].content)

    def link_open(self, tokens, idx, options, env) -> str:
        href = tokens[idx].attrGet("href") or ""
        if href.startswith("/"):  # a page of the preparation centres' site, also from a feed or a mail
            href = settings.FACE_URLS["centres"] + href
        return f'<a href="{escape(href)}">'


def is_safe_link(url: str) -> bool:
    """Whether a link may be followed: to a web page, to a mail address, or to a page of this site."""
    if scheme := _SCHEME.match(url):
        return scheme[0][:-1].lower() in SCHEMES
    return bool(re.match(r"/(?![/\\])", url))


_parser = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer)
_parser.enable(["table", "strikethrough"]).disable(["html_block", "html_inline"])
_parser.validateLink = is_safe_link


def without_controls(text: str) -> str:
    return _CONTROLS.sub("", text)


def render(text: str) -> SafeString:
    """The HTML of a text in Markdown. A line break in the text is one on the page."""
    return _rendered(text, get_language())


# A post is the same for everybody who reads it, and a feed holds thirty: made once a process and language.
@lru_cache(maxsize=128)
def _rendered(text: str, _language: str) -> SafeString:
    tokens = _parser.parse(without_controls(text))
    headings = sorted({token.tag for token in tokens if token.type == "heading_open"})
    outline = {tag: f"h{min(level, 6)}" for level, tag in enumerate(headings, start=2)}
    clean = nh3.clean(
        _parser.renderer.render(tokens, _parser.options, outline),
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 (that is what the two walls are for)


def beginning(text: str, longest: int) -> str:
    """The first words of a text in Markdown, without its markup, in so many characters or fewer."""
    plain = nh3.clean(render(text[: longest * MARKUP]).replace("<br>", " "), tags=set())
    words = " ".join(html.unescape(plain).split())
    if len(words) <= longest:
        return words
    whole, _space, _part = words[:longest].rpartition(" ")
    return f"{(whole or words)[: longest - 1].rstrip(' .,;:')}…"
