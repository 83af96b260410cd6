"""The Statement of Results as PDF: the page's words on one page, for every exam, status and name."""

import io
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from html import unescape

import pytest
import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from pypdf import PdfReader

from results import document, sentences, typesetting, verification_codes, wording
from results.amendments import amendments
from results.chart import scale_chart
from results.document import AMENDMENTS_SHOWN, SIZES, Document, file_name, render, render_all
from results.exams import EXAMS
from results.models import CandidateStatement, CandidateVersion, Entry, ExamSession
from results_portal import branding

AT = datetime(2026, 7, 24, 8, 0, 5, 123, tzinfo=UTC)
SCORED = [exam for exam in EXAMS.values() if not exam.reports_shields]
CODES = ["X", "Z", "pending", "withheld"]
LONG = {"given_names": "W" * 80, "family_name": "M" * 80}


def outcome(exam_code: str, *values: int) -> dict:
    """A result with these scores or shields; by default in the middle of grade B, or some shields."""
    exam = EXAMS[exam_code]
    if exam.reports_shields:
        return dict(zip((skill.value for skill in exam.skills), values or (4, 5, 2), strict=True))
    middle = (exam.bands[1].low + exam.bands[1].high) // 2
    scores = dict(zip(exam.skills, values or [middle] * len(exam.skills), strict=True))
    overall = exam.overall(scores)
    band = exam.band(overall)
    columns = {skill.value: score for skill, score in scores.items()}
    return columns | {"overall": overall, "result": band.result, "cefr": band.cefr}


def made(
    exam_code: str = "B2F", status: str = "result", versions: int = 1, reason: str = "marking", **fields
):
    """A document without a database; versions: how many the candidate has been shown."""
    names = {"given_names": "Zoë", "family_name": "O’Hara-Rossi"}
    names |= {name: fields.pop(name) for name in names if name in fields}
    session = ExamSession(
        code="S", exam=exam_code, title="June 2026", exam_date=date(2026, 6, 13), place="Roma", letter="F"
    )
    entry = Entry(pk=1, session=session, candidate_number="5003", **names)
    values = (outcome(exam_code) if status == "result" else {}) | fields
    statement = CandidateStatement(
        entry_id=1, statement_id=versions, version=versions, issued_at=AT, status=status, **values
    )

    def shown(version: int) -> CandidateVersion:
        less = {
            name: value - (versions - version) if isinstance(value, int) else value
            for name, value in values.items()
        }
        return CandidateVersion(
            statement_id=version, version=version, issued_at=AT, status=status,
            shown_from=AT + timedelta(days=version), reason=reason if version > 1 else "", **less,
        )  # fmt: skip

    return Document(entry, statement, [shown(version) for version in range(1, versions + 1)])


def pages(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def page(of: Document, language: str = "en") -> str:
    [words] = pages(render(of, language))
    return words


def squeezed(text: str) -> str:
    """Without spaces and invisible breaks: a line's end is none of the words."""
    return re.sub(r"[\s\u200b\xad]", "", text)


def said_on_the_page(of: Document, language: str) -> list[str]:
    """Every piece of text of the page's article, as the site shows it."""
    exam = of.entry.session.exam_facts
    with translation.override(language):
        html = render_to_string(
            "results/statement.html",
            {
                **branding.words(),
                "entry": of.entry,
                "exam": exam,
                "statement": of.statement,
                "amendments": amendments(exam, of.versions),
                "chart": scale_chart(exam, of.statement),
                "wording": wording.of(exam, of.statement),
            },
        )
    article = html[html.index("<article") : html.index("</article>")]
    article = re.sub(r"<button.*?</button>|<title.*?</title>", "", article, flags=re.DOTALL)
    found = (unescape(piece).strip() for piece in re.split(r"<[^>]+>", article))
    return [piece for piece in found if piece.strip(" ,.")]


# --- The same words as the page ------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("exam", EXAMS)
def test_the_document_says_everything_that_the_page_says(exam, language):
    documents = [made(exam, status) for status in ("result", *CODES)]
    missing = [
        (of.statement.status, words)
        for of, document_says in zip(documents, pages(render_all(documents, language)), strict=True)
        for words in said_on_the_page(of, language)
        if squeezed(words) not in squeezed(document_says)
    ]
    assert missing == []


@pytest.mark.parametrize("language", ["en", "it"])
def test_an_amended_document_says_what_the_page_says_of_it(language):
    of = made("B2F", versions=2)
    document_says = squeezed(page(of, language))
    for words in said_on_the_page(of, language):
        # The page has the values in a table, the document in a line.
        assert squeezed(words) in document_says or words in {"What was amended", "Before", "Now"} | {
            "Che cosa è stato rettificato", "Prima", "Adesso",
        }, words  # fmt: skip
    with translation.override(language):
        [step] = amendments(EXAMS["B2F"], of.versions)
        for change in step.changes:
            assert squeezed(change.in_words) in document_says


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("exam", ["B2F", "YLM", "A2K"])
def test_the_document_says_nothing_that_the_page_does_not(exam, language):
    """But whose it is and how to reach them, and in Italian a label in English beside."""
    of = made(exam)
    left = squeezed(page(of, language))
    known = said_on_the_page(of, language)
    with translation.override(language):
        known.append(str(sentences.AUTHORISED_CENTRE))
    known += ["Centro Esami Sirio", "IT024", "esami@sirio.example.org", "+39 06 5550 0100", "/", ","]
    known += [str(getattr(sentences, name)) for name in document._IN_ENGLISH_TOO]
    known += ["Authorised Exam Centre"]
    for words in sorted(known, key=len, reverse=True):
        left = left.replace(squeezed(words), "")
    assert left == ""


def test_the_document_carries_what_a_statement_carries():
    words = page(made("B2F", **outcome("B2F", 178, 171, 169, 185, 174)))
    for said in (
        "B2 First", "Statement of Results", "Zoë O’Hara-Rossi", "June 2026", "Roma",
        "Reference number (to be quoted on all correspondence)", "26FIT0245003",
        "Pass at Grade B", "175", "Centro Esami Sirio", "IT024", "Published by", "24 July 2026",
        "The exam is about independent English at level B2.", "This is not a certificate.",
        "The exam board may amend these results before the certificates are issued.",
    ):  # fmt: skip
        assert said in words, said


def test_the_boards_words_are_english_on_an_italian_document_and_labels_stand_in_both():
    words = page(made("B2F"), "it")
    assert "Pass at Grade B" in words
    assert "Questo non è un certificato." in words
    for english in ("Candidate name", "Session", "Overall score", "CEFR level", "Authorised Exam Centre"):
        assert english in words, english


def test_the_document_leads_to_its_check_by_picture_link_code_and_keyword():
    of = made("B2F")
    code = verification_codes.code_of(of.statement.statement_id)
    address = f"http://results.example.org/verify/{code}/"
    held = io.BytesIO()
    segno.make_qr(address, error="m").save(held, kind="svg", border=0, dark="#17222b", xmldecl=False)
    assert document._verification(of.statement)["qr"] == held.getvalue().decode()
    reader = PdfReader(io.BytesIO(render(of, "en")))
    [link] = reader.pages[0]["/Annots"]
    assert link.get_object()["/A"]["/URI"] == address
    assert reader.metadata["/Keywords"] == code
    assert code in squeezed(page(of))


# --- Scores come out right -------------------------------------------------------------------------------


def test_the_published_worked_sample_comes_out_right():
    words = page(made("A2K", **outcome("A2K", 140, 135, 138)))
    assert "Reading and Writing 140 Listening 135 Speaking 138 Overall score 138" in words
    assert "133–139 yours Pass at Grade B A2" in words


@pytest.mark.parametrize("exam", [exam.code for exam in SCORED])
def test_each_end_of_each_band_says_its_result_and_level(exam):
    facts = EXAMS[exam]
    ends = [(band, score) for band in facts.bands for score in (band.low, band.high)]
    documents = [made(exam, **outcome(exam, *[score] * len(facts.skills))) for _band, score in ends]
    for (band, score), words in zip(ends, pages(render_all(documents, "en")), strict=True):
        result = {"LEVEL": f"Level {band.cefr}", "NONE": "–"}.get(band.result, f"Pass at Grade {band.result}")
        box = words[words.index("(to be quoted on all") : words.index("Your scores on the")]
        assert f"Result {result} " in box
        assert f" {score} " in box
        assert f" {band.cefr or '–'} " in box
        assert re.findall(r"(\d+–\d+) yours", words) == [f"{band.low}–{band.high}"]


@pytest.mark.parametrize("status", CODES)
def test_a_code_shows_no_score_and_says_who_acts_next(status):
    words = page(made("B2F", status))
    assert status.capitalize() in words
    assert "What happens next" in words
    assert "esami@sirio.example.org" in words
    assert "Your scores" not in words
    assert " yours " not in words


def test_shields_come_with_strengths_and_next_steps_and_no_score():
    words = page(made("YLS", **outcome("YLS", 5, 4, 4)))
    for said in ("5 of 5 shields", "4 of 5 shields", "What you can do", "For parents", "A1 Movers"):
        assert said in words
    assert "Overall score" not in words


# --- One page, whatever stands on it ---------------------------------------------------------------------

NAMES = {
    "80 letters each": LONG,
    "many words": {"given_names": "Anna Maria " * 7, "family_name": "de la Cruz-Bianchi " * 4},
    "Cyrillic": {"given_names": "Дмитро", "family_name": "Шевченко"},
    "Vietnamese": {"given_names": "Nguyễn", "family_name": "Thị Hồng"},
    "source": {"given_names": "#strong[x]", "family_name": "$a_b$ *b* \\ // <x> @y `c` https://x.example"},
}


@pytest.mark.parametrize("exam", ["B2F", "YLF"])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_any_name_stands_on_one_page_as_it_is(exam, names):
    of = made(exam, **names)
    assert squeezed(of.entry.name) in squeezed(page(of, "it"))


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("exam", EXAMS)
def test_the_fullest_page_is_still_one(exam, language):
    of = made(exam, versions=5, reason="M" * 200, **LONG)
    of.entry.session.title = of.entry.session.place = "M" * 80
    words = squeezed(page(of, language))
    assert words.count("M" * 200) == AMENDMENTS_SHOWN
    with translation.override(language):
        assert squeezed(sentences.amended_before(4 - AMENDMENTS_SHOWN)) in words
    assert "26FIT0245003" in words


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Zoë 🎉", "Zoë □"),
        ("👩\u200d👩\u200d👧 Rossi", "□ Rossi"),
        ("👍🏽 Rossi", "□ Rossi"),
        ("李 Rossi", "□ Rossi"),
        ("李明 Rossi", "□□ Rossi"),
    ],
)
def test_what_the_fonts_lack_becomes_a_box_and_an_emoji_one(name, printed):
    assert typesetting.in_our_letters(name) == printed
    assert squeezed(printed) in squeezed(page(made(given_names=name)))


def test_text_is_set_smaller_only_where_it_must_be():
    def size(of: Document) -> float:
        content = PdfReader(io.BytesIO(render(of, "en"))).pages[0]
        found = []
        content.extract_text(visitor_text=lambda text, _cm, _tm, _font, size: found.append((text, size)))
        return next(size for text, size in found if "You passed" in text)

    assert size(made("B2F")) == pytest.approx(SIZES[1])
    assert size(made("B2F", versions=4, reason="M" * 200, **LONG)) < SIZES[4]


def test_many_statements_are_one_file_with_a_page_each():
    documents = [made("B2F", given_names=f"Anna {n}") for n in range(7)]
    documents.insert(3, made("B2F", versions=4, reason="M" * 200, **LONG))
    texts = pages(render_all(documents, "it"))
    assert len(texts) == len(documents)
    for of, words in zip(documents, texts, strict=True):
        assert squeezed(of.entry.name) in squeezed(words)


# --- The file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("exam", ["B2F", "YLM"])
def test_the_file_is_tagged_for_readers_who_listen(exam, language):
    reader = PdfReader(io.BytesIO(render(made(exam), language)))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == language
    assert "<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data().decode()
    assert reader.metadata.title == "Statement of Results, Zoë O’Hara-Rossi"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    tags = [tag for tag, _alt in tree(root["/StructTreeRoot"])]
    assert tags.count("/H1") == 1
    assert tags.count("/H2") >= 3
    if exam == "B2F":
        assert tags.count("/Table") == 2
        assert tags.count("/TH") == 2 + 3
        assert [alt for tag, alt in tree(root["/StructTreeRoot"]) if tag == "/Figure"] == [
            sentences.about_the_chart(176) if language == "en" else alt_in_italian(176)
        ]


def alt_in_italian(overall: int) -> str:
    with translation.override("it"):
        return sentences.about_the_chart(overall)


def tree(node):
    """The tags of the file, each with its alternative text."""
    node = node.get_object()
    if isinstance(node, list):
        for child in node:
            yield from tree(child)
    elif isinstance(node, dict):
        if "/S" in node:
            yield node["/S"], node.get("/Alt")
        if "/K" in node:
            yield from tree(node["/K"])


def test_page_and_document_have_the_same_picture():
    of = made("B2F")
    chart = scale_chart(EXAMS["B2F"], of.statement)
    drawing = document._drawing(chart)
    assert (
        re.sub(r"<style>.*?</style>", "", drawing, flags=re.DOTALL)
        == render_to_string("results/_chart.html", {"chart": chart}).strip()
    )
    classes = set(re.findall(r'class="([^"]+)"', drawing)) - {"chart"}
    styled = document.CHART_STYLE.read_text(encoding="utf-8")
    for name in {name for names in classes for name in names.split()} - {"chart-label"}:
        assert f".{name}" in styled, name


IN_A_PROCESS = """
import hashlib, django
django.setup()
from results.document import render
from tests.results.test_document import made
print(hashlib.sha256(render(made("B2F", versions=2), "it")).hexdigest())
"""


def test_the_same_statement_gives_the_same_bytes_in_every_process():
    environment = {**os.environ, "PYTHONHASHSEED": "1", "DJANGO_SETTINGS_MODULE": "results_portal.settings"}
    other = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS],
        capture_output=True, text=True, check=True, cwd=settings.BASE_DIR, env=environment,
    )  # fmt: skip
    here = render(made("B2F", versions=2), "it")
    assert other.stdout.strip() == sha256(here).hexdigest()
    assert here == render(made("B2F", versions=2), "it")


def test_another_statement_gives_other_bytes():
    assert render(made("B2F"), "en") != render(made("B2F", given_names="Anna"), "en")


@pytest.mark.parametrize(
    ("given", "family", "name"),
    [
        ("Zoë", "O’Hara-Rossi", "OHara-Rossi-Zoe-5003.pdf"),
        ("Дмитро", "Шевченко", "5003.pdf"),
        ("../../etc", "passwd\r\nX: y", "passwd-X-y-etc-5003.pdf"),
        ("W" * 80, "M" * 80, f"{'M' * 60}-5003.pdf"),
        ("🎉", "Łącki", "acki-5003.pdf"),
    ],
)
def test_the_name_of_a_file_is_plain(given, family, name):
    assert file_name(made(given_names=given, family_name=family).entry) == name


def test_no_font_and_no_template_is_fetched_from_elsewhere():
    assert {path.name for path in document.TEMPLATE.parent.iterdir()} == {"statement.typ", "chart.css"}
    source = document.TEMPLATE.read_text(encoding="utf-8")
    assert "#import" not in source
    assert "http" not in source.replace("http://www.w3.org/2000/svg", "")
