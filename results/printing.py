"""The slip (statino) as PDF: one a page, A4, tagged (PDF/UA-1), by the template templates/slips/slip.typ.

Everything stays in memory. What stands on a slip goes to the template as data, never as source, so that a
name is a name whatever it holds.
"""

import io
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache

import segno
import typst
from django.conf import settings
from django.utils import translation

from results.models import ExamSession
from results.times import day_in_words, in_words

TEMPLATE = settings.BASE_DIR / "templates" / "slips" / "slip.typ"
FONTS = settings.BASE_DIR / "results" / "fonts"
TAGGED = "ua-1"
NO_GLYPH = "□"  # stands for a letter that the fonts don't have

_SAMPLE = b'#set document(title: "sample")\n#set text(font: "Inter")\n#sys.inputs.text'


@dataclass(frozen=True)
class Slip:
    """What stands on one candidate's slip; secret_number: in groups, as it is printed."""

    name: str
    school: str
    id_number: str
    secret_number: str
    candidate_number: str


def render(session: ExamSession, slips: Iterable[Slip]) -> bytes:
    """The slips of a session that has a release, in this order, as one PDF.

    Raises typst.TypstError if it cannot be rendered; nothing is left behind then.
    """
    data = {**_shared(session), "slips": [_in_our_letters(slip) for slip in slips]}
    return _compiler().compile(
        TEMPLATE, format="pdf", sys_inputs={"data": json.dumps(data)}, pdf_standards=TAGGED
    )


def missing_letters(text: str) -> set[str]:
    """The letters that the fonts don't have; a slip shows a box (NO_GLYPH) for each."""
    return {letter for letter in unicodedata.normalize("NFC", text) if not _has_glyph(letter)}


def _shared(session: ExamSession) -> dict:
    """What all slips of the session have in common."""
    centre, site = settings.AUTHORISED_CENTRE, settings.FACE_URLS["candidates"]
    register_url, lost_url = f"{site}/register/", f"{site}/lost-slip/"
    return {
        "title": f"Statini {session.code}",
        "centre": {
            "name": centre["name"],
            "number": centre["number"],
            "reach": [
                *filter(None, (*centre["address"].splitlines(), centre["email"], centre["phone"])),
            ],
        },
        "exam": session.get_exam_display(),
        "session": f"{session.title}, {session.place}",
        "exam_date": _in_both_languages(day_in_words, session.exam_date),
        "opens": _in_both_languages(in_words, session.release.opens_at),
        "register_url": register_url,
        "register_words": _without_scheme(register_url),
        "lost_url": lost_url,
        "lost_words": _without_scheme(lost_url),
        "qr": _qr_code(register_url),
    }


def _in_both_languages(words, moment) -> dict[str, str]:
    said = {}
    for language in ("it", "en"):
        with translation.override(language):
            said[language] = words(moment)
    return said


def _without_scheme(url: str) -> str:
    return url.partition("://")[2].rstrip("/")


def _qr_code(url: str) -> str:
    """An SVG; medium correction survives a fold in the paper."""
    drawing = io.BytesIO()
    segno.make_qr(url, error="m").save(drawing, kind="svg", border=0, dark="#17222b", xmldecl=False)
    return drawing.getvalue().decode()


def _in_our_letters(slip: Slip) -> dict[str, str]:
    return {
        field: "".join(
            letter if _has_glyph(letter) else NO_GLYPH for letter in unicodedata.normalize("NFC", text)
        )
        for field, text in asdict(slip).items()
    }


@cache
def _has_glyph(letter: str) -> bool:
    if letter.isascii():
        return True
    try:
        _compiler().compile(_SAMPLE, format="pdf", sys_inputs={"text": letter}, pdf_standards=TAGGED)
    except typst.TypstError:  # PDF/UA forbids text that no font can show
        return False
    return True


def _compiler() -> typst.Compiler:
    """With our fonts only, so that a slip is the same on every machine. A new one, so that no data stays."""
    return typst.Compiler(root=settings.BASE_DIR, font_paths=_fonts())


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
