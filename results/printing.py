"""The slip (statino) as PDF: one a page, A4, by the template templates/slips/slip.typ."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from django.conf import settings
from django.utils import translation

from results.models import ExamSession
from results.times import day_in_words, in_words
from results.typesetting import in_our_letters, qr_code, typeset

TEMPLATE = settings.BASE_DIR / "templates" / "slips" / "slip.typ"


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
    return typeset(TEMPLATE, {**_shared(session), "slips": [_in_our_letters(slip) for slip in slips]})


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
        "qr": qr_code(register_url),
    }


def _in_both_languages(words, moment) -> dict[str, str]:
    said = {}
    for language in ("it", "en"):
        with translation.override(language):
            said[language] = words(moment)
    return said


def _without_scheme(url: str) -> str:
    return url.partition("://")[2].rstrip("/")


def _in_our_letters(slip: Slip) -> dict[str, str]:
    return {field: in_our_letters(text) for field, text in asdict(slip).items()}
