"""Setting documents by typst: A4, tagged (PDF/UA-1), with the fonts of results/fonts and no others.

Everything stays in memory. What stands in a document goes to its template as data, never as source, so
that a name is a name whatever it holds.
"""

import io
import json
import re
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import segno
import typst
from django.conf import settings

FONTS = settings.BASE_DIR / "results" / "fonts"
TAGGED = "ua-1"
NO_GLYPH = "□"  # stands for a letter that the fonts don't have
_JOINER = "\u200d"  # makes one emoji of two
_VARIES = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")  # the emoji before it: style, colour of skin

_SAMPLE = b'#set document(title: "sample")\n#set text(font: "Inter")\n#sys.inputs.text'


def typeset(template: Path, data: dict[str, Any], dated: datetime | None = None) -> bytes:
    """The PDF that the template makes of the data (what JSON can carry).

    dated: the date that the document bears inside, now by default; with it the same data give the same
    bytes. Raises typst.TypstError if it cannot be set; nothing is left behind then.
    """
    return _compiler().compile(
        template,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=TAGGED,
        timestamp=dated,
    )


def missing_letters(text: str) -> set[str]:
    """The letters that the fonts don't have; a document shows a box (NO_GLYPH) for each."""
    return {letter for letter in unicodedata.normalize("NFC", text) if not _has_glyph(letter)}


def in_our_letters(text: str) -> str:
    """The text with a box for each letter that the fonts don't have, and one for a whole emoji."""
    letters: list[str] = []
    joined = False
    for letter in unicodedata.normalize("NFC", text):
        in_a_box = letters[-1:] == [NO_GLYPH]
        if in_a_box and (joined or letter == _JOINER or _VARIES.match(letter)):
            joined = letter == _JOINER
        else:
            letters.append(letter if _has_glyph(letter) else NO_GLYPH)
            joined = False
    return "".join(letters)


@cache
def _has_glyph(letter: str) -> bool:
    if letter.isascii():
        return letter.isprintable()
    try:
        _compiler().compile(_SAMPLE, format="pdf", sys_inputs={"text": letter}, pdf_standards=TAGGED)
    except typst.TypstError:  # PDF/UA forbids text that no font can show
        return False
    return True


def qr_code(url: str) -> str:
    """An SVG; medium correction survives a fold in the paper."""
    drawing = io.BytesIO()
    segno.make_qr(url, error="m").save(drawing, kind="svg", border=0, dark="#17222b", xmldecl=False)
    return drawing.getvalue().decode()


def _compiler() -> typst.Compiler:
    """With our fonts only, so that a document is the same on every machine. A new one: no data stays."""
    return typst.Compiler(root=settings.BASE_DIR, font_paths=_fonts())


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
