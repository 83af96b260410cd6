"""Markdown of the exams office: what it may become on a page, and that nothing else gets through."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centres.markdown import SCHEMES, TAGS, beginning, is_safe_link, render

ALLOWED = {
    "a": {"href", "rel"},
    "ol": {"start"},
    "div": {"class", "tabindex", "role", "aria-label"},
    "th": {"class"},
    "td": {"class"},
}
VOID = {"br", "hr"}

# The classic vectors, and those that Markdown parsers were caught by.
VECTORS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<style>@import 'https://evil.example'</style>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<div style=\"background:url('https://evil.example')\">x</div>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](\\\\evil.example)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://a.example "onmouseover=alert(1)")',
    '[x](https://a.example/"onmouseover="alert(1))',
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    "![x][y]\n\n[y]: https://evil.example/pixel.png",
    '![x](https://a.example/i.png "t\\" onerror=\\"alert(1)")',
    "`<script>alert(1)</script>`",
    '```"><script>alert(1)</script>\nx\n```',
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "# <script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\x00<scr\x00ipt>alert(1)</script>",
    "<scr<script>ipt>alert(1)</script>",
]


class Reader(HTMLParser):
    """Reads a page as a browser would and complains of whatever is not on the list."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS, tag
        names = {name for name, _value in attrs}
        assert names <= ALLOWED.get(tag, set()), (tag, attrs)
        values = dict(attrs)
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        assert set((values.get("class") or "").split()) <= {"table-scroll", "align-center", "align-right"}
        if tag[0] == "h" and tag[1:].isdecimal():
            self.headings.append(int(tag[1:]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        pytest.fail(f"a comment: {data}")

    def handle_decl(self, decl):
        pytest.fail(f"a declaration: {decl}")

    def unknown_decl(self, data):
        pytest.fail(f"a declaration: {data}")

    def handle_pi(self, data):
        pytest.fail(f"an instruction: {data}")


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(render(text))
    reader.close()
    assert reader.open == []
    for link in reader.links:
        parts = urlsplit(link)
        assert parts.scheme in SCHEMES, link
        assert parts.scheme == "mailto" or parts.netloc, link
    return reader


@pytest.mark.parametrize("vector", VECTORS)
def test_known_vectors_do_no_harm(vector):
    assert "evil.example" not in {urlsplit(link).hostname for link in read(vector).links}
    assert "<script" not in render(vector)
    assert "<img" not in render(vector)


# Markdown's own signs, HTML's, and the parts of the vectors, put together at random.
pieces = st.sampled_from(
    [
        *"<>&\"'`[]()!*_#-|\\:/~=\n ",
        *("\n\n", "```", "| - |", "](", "<script>", "</script>", "<a href=", "onerror=", "<!--", "]]>"),
        *("javascript:", "data:", "https://a.example", "mailto:a@b.example", "&#106;", "&colon;"),
        *("\x00", "\x0b", "\u2028"),
    ]
)


@given(st.lists(pieces | st.text(max_size=3), max_size=40).map("".join))
def test_whatever_is_written_only_what_is_listed_comes_out(text):
    read(text)


@given(st.text(max_size=200))
def test_no_control_character_reaches_a_page_or_a_feed(text):
    html = render(text)
    assert all(sign in "\n\t" or ord(sign) >= 0x20 for sign in html)
    assert "\x7f" not in html


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8))
def test_headings_begin_at_h2_and_leave_no_level_out(levels):
    text = "\n\n".join(f"{'#' * level} Heading" for level in levels)
    headings = read(text).headings
    assert len(headings) == len(levels)
    assert set(headings) == set(range(2, max(headings) + 1))
    assert all(
        (one < other) == (a < b) or b == 6
        for one, a in zip(headings, levels, strict=True)
        for other, b in zip(headings, levels, strict=True)
    )


def test_the_usual_things_come_out_as_they_should():
    html = render(
        "A **bold** *word*,\nand ~~this~~ [link](https://a.example/?x=1&y=2).\n\n- one\n- two\n\n3. three"
    )
    assert "<strong>bold</strong> <em>word</em>,<br>" in html
    assert "<s>this</s>" in html
    assert '<a href="https://a.example/?x=1&amp;y=2" rel="noopener noreferrer">link</a>' in html
    assert "<ul>\n<li>one</li>" in html
    assert '<ol start="3">' in html


def test_a_table_can_be_scrolled_by_keyboard_and_keeps_its_alignment():
    html = render("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert '<div class="table-scroll" tabindex="0" role="region" aria-label="Table"><table>' in html
    assert '<td class="align-right">2</td>' in html
    assert "style=" not in html


def test_a_link_to_a_page_of_the_site_is_whole_also_in_a_feed_and_a_mail():
    assert 'href="http://centres.example.org/news/"' in render("[all](/news/)")


def test_a_picture_becomes_its_words():
    assert render("![The hall](https://evil.example/hall.png)") == "<p>The hall</p>\n"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example", True),
        ("HTTP://a.example", True),
        ("mailto:a@b.example", True),
        ("/news/", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("news/", False),
        ("", False),
        ("javascript:alert(1)", False),
        ("ftp://a.example", False),
    ],
)
def test_only_web_mail_and_own_pages_are_linked(url, safe):
    assert is_safe_link(url) is safe


@given(st.text(max_size=400))
def test_the_beginning_is_short_and_has_no_markup(text):
    words = beginning(text, 50)
    assert len(words) <= 50
    assert "\n" not in words


def test_the_beginning_reads_as_words():
    assert beginning("## Dates\n\nThe *oral*\nexams & 1 < 2", 100) == "Dates The oral exams & 1 < 2"


def test_the_beginning_ends_with_a_whole_word():
    assert beginning("One two, three four", 12) == "One two…"
    assert beginning("Donaudampfschiff", 10) == "Donaudamp…"


def test_a_very_long_and_deep_text_is_rendered_all_the_same():
    read(">" * 10_000 + "x")
    read("[" * 10_000)
    read("*a " * 6_000)
    read("- " * 5_000)
