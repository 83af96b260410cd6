"""The Statement of Results as the candidate gets it."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from results.exams import EXAMS
from tests import factories
from tests.conftest import FaceClient
from tests.results.reading import text, words

pytestmark = pytest.mark.django_db
OFFICE = "mailto:esami@sirio.example.org"
CODES = ["X", "Z", "pending", "withheld"]


def page(exam: str, language: str = "en", **fields) -> str:
    """The page of a candidate of the exam; fields are those of the statement."""
    entry = factories.entry(
        factories.session(exam), candidate_number="5003", given_names="Zoë", family_name="O’Hara-Rossi"
    )
    factories.statement(entry, **fields)
    browser = FaceClient("candidates")
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    browser.force_login(factories.candidate(entry))
    response = browser.get("/statement/")
    assert response.status_code == 200
    return response.content.decode()


def scores(exam: str, *values: int) -> dict:
    """The columns of a result with these scores, in the order of the exam's skills."""
    facts = EXAMS[exam]
    by_skill = dict(zip(facts.skills, values, strict=True))
    columns = {skill.value: value for skill, value in by_skill.items()}
    if facts.reports_shields:
        return columns
    overall = facts.overall(by_skill)
    band = facts.band(overall)
    return columns | {"overall": overall, "result": band.result, "cefr": band.cefr}


class Attributes(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, html: str):
        super().__init__()
        self.tags = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_statement_carries_what_a_statement_carries():
    html = page("B2F", **scores("B2F", 178, 171, 169, 185, 174))
    shown = text(html)
    for said in (
        "B2 First",
        "Statement of Results",
        "Zoë O’Hara-Rossi",
        "June 2026",
        "Roma",
        "Reference number (to be quoted on all correspondence) 26FIT0245003",
        "Result Pass at Grade B Overall score 175 CEFR level B2",
        "180–190 Pass at Grade A C1",
        "173–179 yours Pass at Grade B B2",
        "160–172 Pass at Grade C B2",
        "140–159 Level B1 B1",
        "122–139 Score only",
        "The exam is about independent English at level B2.",
        "X absent from part of the exam",
        "Z absent from all parts of the exam",
        "Pending cannot be issued at present, will follow",
        "Withheld not given out for now",
        "This is not a certificate.",
        "Keep your slip until you receive the certificate.",
        "The exam board may amend these results before the certificates are issued.",
    ):
        assert said in shown


def test_the_chart_labels_every_skill_and_the_overall_score():
    (chart,) = re.findall(
        r"<svg class=\"chart\".*?</svg>", page("B2F", **scores("B2F", 176, 176, 176, 176, 176)), re.DOTALL
    )
    labels = [words(label) for label in re.findall(r'<text class="chart-label.*?</text>', chart, re.DOTALL)]
    assert labels == [
        "176 Overall", "176 Reading", "176 Use of English", "176 Writing", "176 Listening", "176 Speaking",
    ]  # fmt: skip
    assert chart.count("<circle") == 5
    assert 'role="img" aria-labelledby="chart-title"' in chart


def test_a_table_says_what_the_chart_draws():
    shown = text(page("A2KS", **scores("A2KS", 140, 135, 138)))
    assert "Skill Score Reading and Writing 140 Listening 135 Speaking 138 Overall score 138" in shown


def test_the_numbers_of_the_chart_have_no_decimal_comma_in_italian():
    html = page("B2F", "it", **scores("B2F", 178, 171, 169, 185, 174))
    (chart,) = re.findall(r"<svg class=\"chart\".*?</svg>", html, re.DOTALL)
    lengths = re.findall(r'\s(?:x|y|x1|x2|y1|y2|cx|cy|width|height|viewBox)="([^"]*)"', chart)
    assert len(lengths) > 50
    assert all(re.fullmatch(r"[\d.]+( [\d.]+)*", length) for length in lengths)
    assert all(
        re.fullmatch(r"[\d.]+,[\d.]+( [\d.]+,[\d.]+)*", line)
        for line in re.findall(r'points="([^"]*)"', chart)
    )


def test_in_italian_the_boards_words_stay_english_and_say_so():
    html = page("B2F", "it")
    assert '<html lang="it">' in html
    assert '<h1 lang="en">Statement of Results</h1>' in html
    assert '<dd lang="en">Pass at Grade B</dd>' in html
    assert "Questo non è un certificato." in html


@pytest.mark.parametrize("status", CODES)
@pytest.mark.parametrize("exam", ["B2F", "YLM"])
def test_a_code_is_told_in_plain_words_with_what_happens_next_and_how_to_reach_them(exam, status):
    html = page(exam, status=status)
    shown = text(html)
    assert f"Result {status.capitalize()}" in shown
    assert ("Overall score – CEFR level –" in shown) == (exam == "B2F")  # shields have neither
    assert "What happens next" in shown
    assert OFFICE in html[html.index("What happens next") : html.index("What the exam is about")]
    assert "<svg" not in html
    assert "5 shields" not in html


def test_the_worked_sample_of_the_board_comes_out_with_what_it_means_and_what_comes_next():
    shown = text(page("A2K", **scores("A2K", 140, 135, 138)))
    for said in (
        "Result Pass at Grade B Overall score 138 CEFR level A2",
        "What your result means Level A2 You can manage the simple situations of every day",
        "The scale The Cambridge English Scale is like one long ruler",
        "Grade A begins at 140, only 2 points above your score.",
        "Strongest Reading and Writing, with 140 points. That is already level B1.",
        "To work on Listening, with 135 points: this is where you can grow most.",
        "Try this for Listening Listen to something short every day",
        "Your next exam Your next exam can be B1 Preliminary.",
    ):
        assert said in shown


@pytest.mark.parametrize("status", CODES)
def test_a_code_is_told_without_levels_skills_and_next_exams(status):
    shown = text(page("B2F", status=status))
    for said in ("What your result means", "Where to go from here", "Strongest", "Your next exam"):
        assert said not in shown


def test_the_result_comes_before_session_and_reference_number():
    shown = text(page("B2F"))
    in_order = ("B2 First", "Statement of Results", "Zoë", "Congratulations!", "Overall score 176", "Session")
    places = [shown.index(said) for said in in_order]
    assert places == sorted(places)


def test_the_headings_of_the_page_leave_no_level_out():
    for exam in ("B2F", "YLM"):
        levels = [
            int(tag[1]) for tag, _attributes in Attributes(page(exam)).tags if re.fullmatch("h[1-6]", tag)
        ]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_score_below_every_result_is_told_kindly():
    shown = text(page("B1P", **scores("B1P", 118, 112, 104, 110)))
    assert "No result this time" in shown
    assert "Result – Overall score 111 CEFR level –" in shown
    assert "fail" not in shown.lower()


def test_shields_come_with_strengths_and_what_to_work_on_next():
    html = page("YLM", **scores("YLM", 4, 5, 2))
    shown = text(html)
    for said in (
        "Well done! Reading and Writing is your star skill",
        "Listening 4 of 5 shields Reading and Writing 5 of 5 shields Speaking 2 of 5 shields",
        "Listening What you can do You understand short conversations well",
        "What to work on next Watch short films in English",
        "For parents What the shields mean",
        "What helps at home Most shields are for Reading and Writing. For Speaking, let your child",
        "The next exam With four or five shields in every skill a child is ready for the next exam,",
        "Nobody passes or fails this exam",
    ):
        assert said in shown
    assert html.count("shield-won") == 4 + 5 + 2
    assert html.count('<svg class="shield') == 15
    assert "Overall score" not in shown
    assert "Congratulations" not in shown


@pytest.mark.parametrize(("won", "ready"), [((4, 5, 4), True), ((4, 5, 3), False)])
def test_a_child_with_four_or_five_shields_everywhere_is_ready_for_the_next_exam(won, ready):
    shown = text(page("YLS", **scores("YLS", *won)))
    assert ("you are ready to prepare for the next exam, A1 Movers" in shown) is ready


@pytest.mark.parametrize("exam", EXAMS)
@pytest.mark.parametrize("language", ["en", "it"])
def test_the_page_keeps_to_the_content_security_policy(exam, language):
    parsed = Attributes(page(exam, language))
    for tag, attributes in parsed.tags:
        assert tag != "style"
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        if tag == "script":
            assert attributes["src"].startswith("/static/js/")
        if tag == "img":
            assert attributes["src"].startswith("/static/")
    ids = [attributes["id"] for _tag, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_what_is_printed_and_shared_does_not_tell_how_to_sign_in():
    entry = factories.entry(factories.session(), id_number="QZX094701")
    factories.statement(entry)
    browser = FaceClient("candidates")
    browser.force_login(factories.candidate(entry))
    html = browser.get("/statement/").content.decode()
    assert "Pass at Grade B" in html
    assert "QZX094701" not in html


def test_a_correction_says_which_version_it_is():
    entry = factories.entry(factories.session())
    factories.statement(entry)
    factories.statement(entry, version=2, **scores("B2F", 181, 181, 181, 181, 181))
    browser = FaceClient("candidates")
    browser.force_login(factories.candidate(entry))
    shown = text(browser.get("/statement/").content.decode())
    assert "Pass at Grade A" in shown
    assert "Version 2 of" in shown
