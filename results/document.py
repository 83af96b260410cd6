"""The Statement of Results as PDF: one A4 page by templates/statements/statement.typ, with the page's words.

The words are those of results/wording.py, results/sentences.py and results/amendments.py, the chart that of
results/chart.py. The same statement gives the same bytes. What changes from day to day (where the certificate
is) is not for a document, as it is not for the printed page.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from results import sentences as said
from results import verification_codes, wording, young_learners
from results.amendments import Amendment, amendments
from results.chart import ScaleChart, scale_chart
from results.exams import Exam
from results.models import Entry, OpenStatement
from results.models.gate import ShownVersion
from results.times import in_words
from results.typesetting import in_our_letters, qr_code, typeset

_FOLDER = settings.BASE_DIR / "templates" / "statements"
TEMPLATE, CHART_STYLE = _FOLDER / "statement.typ", _FOLDER / "chart.css"
# One page holds no more, with all their values, than these; who needs those before asks the exams office.
AMENDMENTS_SHOWN = 2
SIZES = (10.8, 9.8, 9.4, 9.0, 8.6, 8.2, 7.8, 7.4, 7.0, 6.6, 6.2, 5.8, 5.4, 5.0)  # of the text, in points
_PAGE = re.compile(rb"/Type/Page\b(?!s)")  # typst leaves the pages' own objects uncompressed
LONGEST_NAME = 60  # characters of a name in a file's name
# In both languages on an Italian document: a university abroad reads them too.
_IN_ENGLISH_TOO = ("NAME", "SESSION", "PLACE", "REFERENCE", "RESULT", "OVERALL", "LEVEL")


@dataclass(frozen=True)
class Document:
    """What one page tells: an entry with its session, the statement that the gate shows, and the versions
    of it that its reader has been shown (the present one last; empty if there was but one)."""

    entry: Entry
    statement: OpenStatement
    versions: Sequence[ShownVersion] = ()


def render(document: Document, language: str) -> bytes:
    """One statement as PDF, unsigned. Raises typst.TypstError if it cannot be set."""
    return render_all([document], language)


def render_all(documents: Sequence[Document], language: str) -> bytes:
    """At least one statement of a session, one a page, in this order, as one PDF, unsigned.

    Takes about 2.5 MB a page while it runs: a caller with many statements asks for some at a time.
    """
    with translation.override(language):
        pages = [_page(document) for document in documents]
    first = documents[0].entry
    shared = {
        "language": language,
        "title": f"{said.TITLE}, {pages[0]['name'] if len(pages) == 1 else first.session.code}",
        "centre": _centre(language),
        # Whoever is given the file finds the codes in it (results/inspecting.py).
        "keywords": [page["verification"]["code"] for page in pages],
    }
    issued = max(document.statement.issued_at for document in documents)
    dated = issued.astimezone(UTC).replace(microsecond=0)
    pdf = _typeset(pages, shared, dated)
    if len(pages) == 1:
        return pdf if _number_of_pages(pdf) == 1 else _make_fit(pages[0], shared, dated, tried=1)
    if _number_of_pages(pdf) == len(pages):
        return pdf
    for page in pages:
        _make_fit(page, shared, dated)
    return _typeset(pages, shared, dated)


def _typeset(pages: list[dict[str, Any]], shared: dict[str, Any], dated: datetime) -> bytes:
    return typeset(TEMPLATE, {**shared, "pages": pages}, dated)


def _make_fit(page: dict[str, Any], shared: dict[str, Any], dated: datetime, tried: int = 0) -> bytes:
    """The page in the largest of the sizes in which it is one; the last is small enough for any.

    tried: how many sizes are known to be too large; the page's size is set to what fits.
    """
    for size in SIZES[SIZES.index(page["size"]) + tried :]:
        page["size"] = size
        pdf = _typeset([page], shared, dated)
        if _number_of_pages(pdf) == 1:
            break
    return pdf


def _number_of_pages(pdf: bytes) -> int:
    return len(_PAGE.findall(pdf))


def file_name(entry: Entry) -> str:
    """A name for the file in plain ASCII: “Rossi-Anna-5003.pdf”; the number alone for other alphabets."""
    plain = unicodedata.normalize("NFKD", f"{entry.family_name} {entry.given_names}")
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in _unaccented(plain))
    return f"{'-'.join([*words[:LONGEST_NAME].split(), entry.candidate_number])}.pdf"


def _unaccented(text: str) -> str:
    return "".join(letter for letter in text if not unicodedata.combining(letter) and letter not in "'’")


def _centre(language: str) -> dict[str, Any]:
    centre = settings.AUTHORISED_CENTRE
    reach = (*centre["address"].splitlines(), centre["email"], centre["phone"])
    with translation.override(language):
        role = str(said.AUTHORISED_CENTRE)
    return {
        "name": in_our_letters(centre["name"]),
        "number": centre["number"],
        "role": {"own": role, "en": _english(said.AUTHORISED_CENTRE)},
        "reach": [in_our_letters(each) for each in reach if each],
    }


def _page(document: Document) -> dict[str, Any]:
    """Everything that stands on a page, in the active language; whatever people wrote in letters we have."""
    entry, statement = document.entry, document.statement
    session = entry.session
    exam = session.exam_facts
    words = wording.of(exam, statement)
    chart = scale_chart(exam, statement)
    amended = _amended(amendments(exam, document.versions))
    return {
        "size": _first_size(chart is not None, amended is not None),
        "exam": exam.name,
        "heading": said.TITLE,
        "name": in_our_letters(entry.name),
        "session": in_our_letters(session.title),
        "place": in_our_letters(session.place),
        "reference": entry.reference_number,
        "labels": {
            name: {"own": str(getattr(said, name)), "en": _english(getattr(said, name))}
            for name in _IN_ENGLISH_TOO
        },
        "outcome": _outcome(exam, statement, words.outcome),
        "amended": amended,
        "scores": _scores(exam, chart),
        "bands": _bands(exam, words.bands),
        "shields": _shields(words),
        "about": {"title": str(said.ABOUT), "text": words.targets},
        "codes": {
            "title": str(said.CODES_TITLE),
            "rows": [[code, str(meaning)] for code, meaning in said.CODES],
        },
        "small_print": {
            "no_certificate": str(said.NO_CERTIFICATE),
            "more": f"{said.KEEP_SLIP} {said.MAY_AMEND}",
            "published": in_our_letters(said.published(statement)),
            "reach": f"{said.OFFICE} {_reach()}",
        },
        "verification": _verification(statement),
    }


def _verification(statement: OpenStatement) -> dict[str, str]:
    """The code by which anybody can check the document, and the same as a picture to point a phone at."""
    code = verification_codes.code_of(statement.statement_id)
    return {
        "title": str(said.VERIFY),
        "how": str(said.VERIFY_BY),
        "where": said.verify_at(),
        "code": code,
        "qr": qr_code(verification_codes.address_of(code)),
        "address": verification_codes.address_of(code),
    }


def _first_size(has_chart: bool, is_amended: bool) -> float:
    """What mostly fits: labels in two languages take a line more."""
    if not has_chart:
        return SIZES[2] if is_amended else SIZES[0]
    return SIZES[4 if is_amended else 1 if translation.get_language() == "en" else 2]


def _english(lazy) -> str:
    with translation.override("en"):
        return str(lazy)


def _reach() -> str:
    """How to reach the exams office, as the page says it."""
    centre = settings.AUTHORISED_CENTRE
    return ", ".join(filter(None, (centre["email"], centre["phone"])))


def _outcome(exam: Exam, statement: OpenStatement, outcome: wording.Outcome) -> dict[str, Any]:
    figures = None
    if not exam.reports_shields:
        figures = [
            "–" if statement.overall is None else str(statement.overall),
            statement.cefr or "–",
        ]
    return {
        "headline": str(outcome.headline),
        "meaning": str(outcome.meaning),
        "result": outcome.result,
        "figures": figures,
        "next_title": str(said.NEXT),
        "next": str(outcome.next_step),
        "reach": f"{said.OFFICE} {_reach()}" if outcome.reach_office else "",
    }


def _amended(steps: list[Amendment]) -> dict[str, Any] | None:
    if not steps:
        return None
    return {
        "title": str(said.AMENDED),
        "replaces": str(said.REPLACES),
        "steps": [
            {
                "when": in_words(step.when),
                "reason": f"{said.REASON} {in_our_letters(step.reason)}",
                "changes": [change.in_words for change in step.changes],
            }
            for step in steps[:AMENDMENTS_SHOWN]
        ],
        "earlier": said.amended_before(len(steps) - AMENDMENTS_SHOWN),
    }


def _scores(exam: Exam, chart: ScaleChart | None) -> dict[str, Any] | None:
    if chart is None:
        return None
    return {
        "title": str(said.SCORES),
        "chart": {"drawing": _drawing(chart), "alt": said.about_the_chart(chart.overall.score)},
        "head": [str(said.SKILL), str(said.SCORE)],
        "rows": [[str(point.skill.label), str(point.score)] for point in chart.points],
        "total": [str(said.OVERALL), str(chart.overall.score)],
        "average": str(said.AVERAGE),
    }


def _drawing(chart: ScaleChart) -> str:
    """The page's own picture, as an SVG that stands alone."""
    picture = render_to_string("results/_chart.html", {"chart": chart})
    style = f"<style>{CHART_STYLE.read_text(encoding='utf-8')}</style>"
    return picture.replace("<title", f"{style}<title", 1).strip()


def _bands(exam: Exam, bands: Sequence[wording.BandWords]) -> dict[str, Any] | None:
    if not bands:
        return None
    return {
        "title": said.bands_of(exam.name),
        "head": [str(said.OVERALL), str(said.RESULT), str(said.LEVEL)],
        "yours": str(said.YOURS),
        "score_only": str(said.SCORE_ONLY),
        "rows": [
            {"scores": band.scores, "result": band.result, "cefr": band.cefr, "reached": band.reached}
            for band in bands
        ],
    }


def _shields(words: wording.Wording) -> dict[str, Any] | None:
    if not words.skills:
        return None
    return {
        "title": str(said.SHIELDS),
        "can_do": str(said.CAN_DO),
        "work_on": str(said.WORK_ON),
        "not_reported": str(said.NOT_REPORTED),
        "skills": [
            {
                "name": str(skill.skill.label),
                "won": skill.shields or 0,
                "words": said.in_shields(skill.shields) if skill.shields else "",
                "strengths": skill.strengths,
                "work_on": skill.work_on,
            }
            for skill in words.skills
        ],
        "ready": said.ready_for(words.ready_for) if words.ready_for else "",
        **_voices(words.voices),
    }


def _voices(voices: young_learners.TwoVoices | None) -> dict[str, Any]:
    """The line to the child, and what parents ask: title and text each."""
    if voices is None:
        return {"to_child": "", "parents": None}
    shields = f"{said.ONE_TO_FIVE} {said.NO_FAIL} {voices.level}"
    return {
        "to_child": voices.to_child,
        "parents": {
            "title": str(said.FOR_PARENTS),
            "parts": [
                [str(said.SHIELDS_MEAN), shields],
                [str(said.AT_HOME), f"{voices.strengths} {voices.practice}"],
                [str(said.NEXT_EXAM), voices.next_exam],
            ],
        },
    }
