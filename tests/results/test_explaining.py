"""What the figures mean in everyday words: never against the board's own result, and nothing called bad."""

import re
from itertools import pairwise

import pytest
from django.utils import translation

from results import explaining, practising, young_learners
from results.exams import CEFR_BANDS, EXAMS, SHIELDS, Exam, Skill
from results.models import CandidateStatement, Result, Status

SCORED = [exam for exam in EXAMS.values() if not exam.reports_shields]
YOUNG = [exam for exam in EXAMS.values() if exam.reports_shields]
LANGUAGES = ["en", "it"]
HURTS = re.compile(
    r"\b(fail|bad|worst|weak|poor|wrong|bocciat|scars|pessim|debol|peggior|insuffic)", re.IGNORECASE
)


def scored(exam: Exam, overall: int, **fields) -> CandidateStatement:
    """A statement with the board's words for a score, and that score in every skill, or what fields say."""
    band = exam.band(overall)
    skills = dict.fromkeys((skill.value for skill in exam.skills), overall)
    facts = {"status": "result", "overall": overall, "result": band.result, "cefr": band.cefr}
    return CandidateStatement(**facts | skills | fields)


def with_skills(code: str, *scores: int) -> CandidateStatement:
    exam = EXAMS[code]
    by_skill = dict(zip(exam.skills, scores, strict=True))
    columns = {skill.value: score for skill, score in by_skill.items()}
    return scored(exam, exam.overall(by_skill), **columns)


def shields(*won: int | None) -> CandidateStatement:
    return CandidateStatement(status="result", listening=won[0], reading_and_writing=won[1], speaking=won[2])


def all_words(explanation: explaining.Explanation) -> list[str]:
    fields = [value for name, value in vars(explanation).items() if name != "advice"]
    return [text for text in [*fields, *(advice.text for advice in explanation.advice)] if text]


# --- The official worked sample -----------------------------------------------------------------------


def test_the_boards_worked_sample_is_grade_b_and_two_points_from_grade_a():
    statement = with_skills("A2K", 140, 135, 138)
    assert (statement.overall, statement.result, statement.cefr) == (138, "B", "A2")
    words = explaining.of(EXAMS["A2K"], statement)
    assert words.to_go == (
        "You are very close to the next step: Grade A begins at 140, only 2 points above your score."
    )
    assert words.strongest == "Reading and Writing, with 140 points. That is already level B1."
    assert words.weakest == "Listening, with 135 points: this is where you can grow most."
    assert [advice.skill for advice in words.advice] == [Skill.LISTENING]
    assert words.level == "A2"
    assert "B1 Preliminary" in words.next_exam


# --- Distance to the next result ----------------------------------------------------------------------


@pytest.mark.parametrize("exam", SCORED, ids=lambda exam: exam.code)
def test_at_every_boundary_the_next_result_is_as_far_as_its_lowest_score(exam):
    for above, band in pairwise(exam.bands):
        for overall in (band.low, band.high):
            assert explaining.points_to_go(exam, scored(exam, overall)) == (above.low - overall, above)
    assert explaining.points_to_go(exam, scored(exam, exam.bands[0].low)) is None
    assert explaining.of(exam, scored(exam, exam.highest)).to_go == ""


@pytest.mark.parametrize("exam", SCORED, ids=lambda exam: exam.code)
def test_every_score_of_every_exam_is_explained_in_both_languages(exam):
    for language in LANGUAGES:
        with translation.override(language):
            for overall in exam.scores():
                words = explaining.of(exam, scored(exam, overall))
                top = exam.band(overall) == exam.bands[0]
                assert bool(words.to_go) is not top, overall
                for text in all_words(words):
                    assert "%" not in text
                    assert not HURTS.search(text), text


@pytest.mark.parametrize(
    ("overall", "words"),
    [
        (179, "You are very close to the next step: Grade A begins at 180, only 1 point above your score."),
        (176, "The next step is Grade A: it begins at 180, 4 points above your score."),
        (172, "You are very close to the next step: Grade B begins at 173, only 1 point above your score."),
        (150, "The next step is Pass at Grade C: it begins at 160, 10 points above your score."),
        (139, "You are very close to the next step: Level B1 begins at 140, only 1 point above your score."),
        (122, "The next step is Level B1: it begins at 140, 18 points above your score."),
    ],
)
def test_the_distance_names_the_next_result_in_the_boards_words(overall, words):
    assert explaining.of(EXAMS["B2F"], scored(EXAMS["B2F"], overall)).to_go == words


@pytest.mark.parametrize(
    "fields",
    [
        {"result": "C"},
        {"result": "LEVEL", "cefr": "B1"},
        {"cefr": "C1"},
        {"cefr": ""},
        {"overall": 181},
        {"overall": 200},
        {"overall": 100},
        {"overall": None},
    ],
)
def test_where_the_files_own_words_do_not_belong_together_no_distance_is_told(fields):
    exam = EXAMS["B2F"]
    statement = scored(exam, 176)
    for name, value in fields.items():
        setattr(statement, name, value)
    assert explaining.points_to_go(exam, statement) is None
    words = explaining.of(exam, statement)
    assert words.to_go == ""
    assert words.level == statement.cefr


def test_a_statement_without_overall_score_is_explained_without_guessing():
    statement = CandidateStatement(status="result", speaking=170, reading=160)
    words = explaining.of(EXAMS["B2F"], statement)
    assert (words.can_do, words.to_go, words.next_exam) == ("", "", "")
    assert words.strongest == "Speaking, with 170 points."


# --- Levels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_level_has_its_own_everyday_words(language):
    with translation.override(language):
        texts = []
        for exam in SCORED:
            for band in exam.bands:
                words = explaining.of(exam, scored(exam, band.low))
                assert words.level == band.cefr
                texts.append((band.cefr or exam.code, words.can_do))
    assert {level for level, _text in texts} >= {band.level for band in CEFR_BANDS}
    by_level = dict(texts)
    assert all(by_level[level] == text for level, text in texts)
    lengths = [len(text) for level, text in by_level.items() if level in {"A1", "A2", "B1", "B2", "C1", "C2"}]
    assert min(lengths) > 100


@pytest.mark.parametrize("exam", SCORED, ids=lambda exam: exam.code)
def test_a_score_without_level_says_where_levels_begin(exam):
    words = explaining.of(exam, scored(exam, exam.lowest))
    assert words.level == ""
    assert f"Below {exam.bands[3].low} points {exam.name} states no level" in words.can_do


@pytest.mark.parametrize("exam", SCORED, ids=lambda exam: exam.code)
def test_the_scale_names_the_exams_own_part_and_where_a_pass_begins(exam):
    scale = explaining.of(exam, scored(exam, exam.lowest)).scale
    assert f"from {exam.lowest} to {exam.highest}, and a pass begins at {exam.bands[2].low}" in scale


# --- Skills -------------------------------------------------------------------------------------------


def test_ties_are_named_together_and_two_at_most_are_advised():
    words = explaining.of(EXAMS["B2F"], with_skills("B2F", 170, 170, 178, 178, 170))
    assert words.strongest == "Writing and Listening, with 178 points each."
    assert words.weakest.startswith("Reading, Use of English and Speaking, with 170 points each")
    assert [advice.skill for advice in words.advice] == [Skill.READING, Skill.USE_OF_ENGLISH]


@pytest.mark.parametrize(
    ("scores", "even"),
    [
        ((176, 176, 176, 176, 176), "Your skills are even: 176 points in all of them."),
        ((176, 177, 178, 177, 177), "Your skills are even: all of them lie between 176 and 178 points."),
        ((176, 177, 179, 177, 177), ""),
    ],
)
def test_a_couple_of_points_tell_no_skill_apart(scores, even):
    words = explaining.of(EXAMS["B2F"], with_skills("B2F", *scores))
    assert words.even == even
    assert bool(words.strongest) is bool(words.weakest) is bool(words.advice) is not bool(even)


@pytest.mark.parametrize("exam", SCORED, ids=lambda exam: exam.code)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lowest_beside_the_highest_score_is_told_kindly_for_every_skill(exam, language):
    with translation.override(language):
        for skill in exam.skills:
            statement = scored(exam, exam.bands[2].low, **dict.fromkeys(exam.skills, exam.highest))
            setattr(statement, skill.value, exam.lowest)
            words = explaining.of(exam, statement)
            assert str(skill.label) in words.weakest
            assert str(exam.lowest) in words.weakest
            assert [advice.skill for advice in words.advice] == [skill]
            assert not HURTS.search(" ".join(all_words(words)))


def test_a_skills_level_is_told_only_above_the_statements_own():
    def strongest(*scores):
        return explaining.of(EXAMS["B2F"], with_skills("B2F", *scores)).strongest

    assert "already level C1" in strongest(180, 170, 170, 170, 170)
    assert "already" not in strongest(179, 170, 170, 170, 170)
    assert "already" not in strongest(150, 125, 125, 125, 125)  # no level is stated


def test_a_skill_that_is_not_reported_is_not_compared():
    words = explaining.of(EXAMS["B2F"], scored(EXAMS["B2F"], 176, reading=None, speaking=170))
    assert "Reading" not in words.strongest + words.weakest
    alone = dict.fromkeys(("reading", "use_of_english", "writing", "listening"))
    words = explaining.of(EXAMS["B2F"], scored(EXAMS["B2F"], 176, **alone))
    assert (words.strongest, words.weakest, words.even, words.advice) == ("", "", "", ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_advice_differs_by_skill_and_level_and_is_two_sentences(language):
    texts = set()
    with translation.override(language):
        for skill in Skill:
            levels = 2 if skill == Skill.READING_AND_WRITING else 4
            found = {practising.advice(skill, score) for score in (82, 139, 140, 159, 160, 179, 180, 230)}
            assert len(found) == levels
            texts |= found
    assert len(texts) == 22
    for text in texts:
        assert len(re.findall(r"[.!?](?= |$)", text)) == 2, text


@pytest.mark.parametrize(("below", "at"), [(139, 140), (159, 160), (179, 180)])
def test_advice_changes_where_a_level_begins(below, at):
    assert practising.advice(Skill.SPEAKING, below) != practising.advice(Skill.SPEAKING, at)
    assert practising.advice(Skill.SPEAKING, below - 1) == practising.advice(Skill.SPEAKING, below)


# --- The next exam ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "result", "names"),
    [
        ("B2F", "A", {"C1 Advanced"}),
        ("B2F", "B", {"C1 Advanced"}),
        ("B2F", "C", {"C1 Advanced"}),
        ("B2F", "LEVEL", {"B2 First"}),
        ("B2F", "NONE", {"B1 Preliminary", "B2 First"}),
        ("B2FS", "A", {"C1 Advanced"}),
        ("B1PS", "A", {"B2 First for Schools"}),
        ("B1PS", "NONE", {"A2 Key for Schools", "B1 Preliminary for Schools"}),
        ("A2K", "B", {"B1 Preliminary"}),
        ("A2K", "NONE", {"A2 Key"}),
        ("C1A", "A", {"C2 Proficiency"}),
        ("C2P", "LEVEL", {"C2 Proficiency"}),
        ("C2P", "NONE", {"C1 Advanced", "C2 Proficiency"}),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_next_exam_suits_the_result(code, result, names, language):
    exam = EXAMS[code]
    band = next(band for band in exam.bands if band.result == result)
    with translation.override(language):
        text = explaining.of(exam, scored(exam, band.low)).next_exam
    found = set()
    for name in sorted((exam.name for exam in EXAMS.values()), key=len, reverse=True):
        if name in text:
            found.add(name)
            text = text.replace(name, "")
    assert found == names


@pytest.mark.parametrize("overall", [200, 213, 230])
def test_above_the_highest_exam_there_is_none(overall):
    assert "no exam above" in explaining.of(EXAMS["C2P"], scored(EXAMS["C2P"], overall)).next_exam


@pytest.mark.parametrize("exam", SCORED, ids=lambda exam: exam.code)
def test_who_has_shown_the_next_level_is_told_so_and_nobody_else(exam):
    for band in exam.bands:
        shown = "already" in explaining.of(exam, scored(exam, band.low)).next_exam
        assert shown is (band.result == Result.A and exam.code != "C2P")
    stated_otherwise = scored(exam, exam.bands[0].low, cefr=exam.level)
    assert "already" not in explaining.of(exam, stated_otherwise).next_exam


# --- Codes and shields --------------------------------------------------------------------------------


@pytest.mark.parametrize("exam", EXAMS.values(), ids=lambda exam: exam.code)
@pytest.mark.parametrize("status", [status for status in Status if status != Status.RESULT])
def test_a_code_is_explained_by_its_own_words_alone(exam, status):
    statement = CandidateStatement(status=status)
    assert explaining.of(exam, statement) is None
    if exam.reports_shields:
        assert young_learners.two_voices(exam, statement) is None


@pytest.mark.parametrize("exam", YOUNG, ids=lambda exam: exam.code)
@pytest.mark.parametrize("language", LANGUAGES)
def test_all_shields_there_can_be_have_words_in_two_voices(exam, language):
    with translation.override(language):
        for listening in SHIELDS:
            for speaking in SHIELDS:
                statement = shields(listening, 3, speaking)
                assert explaining.of(exam, statement) is None
                voices = young_learners.two_voices(exam, statement)
                for text in vars(voices).values():
                    assert text
                    assert "%" not in text
                    assert not HURTS.search(text), text


@pytest.mark.parametrize(
    ("won", "to_child", "to_parents"),
    [
        ((5, 3, 2), "Listening is your star skill", "Most shields are for Listening."),
        ((5, 3, 5), "Listening and Speaking are your star skills", "Listening and Speaking"),
        ((5, 5, 5), "every skill went really well", "growing in all of them alike"),
        ((4, 4, 4), "every skill went really well", "growing in all of them alike"),
        ((1, 1, 1), "growing together", "growing in all of them alike"),
        ((None, 3, 2), "Reading and Writing is your star skill", "Reading and Writing"),
    ],
)
def test_the_child_hears_what_went_best_and_so_do_the_parents(won, to_child, to_parents):
    voices = young_learners.two_voices(EXAMS["YLM"], shields(*won))
    assert to_child in voices.to_child
    assert to_parents in voices.strengths


def test_parents_read_what_helps_at_home_for_the_skill_with_fewest_shields():
    def practice(*won):
        return young_learners.two_voices(EXAMS["YLS"], shields(*won)).practice

    assert practice(1, 3, 5).startswith("For Listening")
    assert practice(3, 1, 5).startswith("For Reading and Writing")
    assert practice(3, 5, 1).startswith("For Speaking")
    assert practice(4, 5, 4).startswith("Everything goes well.")


@pytest.mark.parametrize(
    ("code", "won", "says"),
    [
        ("YLS", (4, 5, 4), "you can think of A1 Movers"),
        ("YLF", (4, 4, 4), "you can think of A2 Key for Schools"),
        ("YLM", (4, 3, 5), "A2 Flyers. Your child can still grow in Reading and Writing"),
        (
            "YLM",
            (3, 3, 3),
            "A2 Flyers. Your child can still grow in Listening, Reading and Writing and Speaking",
        ),
        ("YLM", (None, 5, 5), "ready for the next exam, A2 Flyers."),
    ],
)
def test_parents_read_when_the_next_exam_comes(code, won, says):
    words = young_learners.two_voices(EXAMS[code], shields(*won)).next_exam
    assert says in words
    ready = bool(young_learners.ready_for(EXAMS[code], shields(*won)))
    assert ("Yours is" in words) is ready


def test_without_any_shield_nothing_is_told():
    assert young_learners.two_voices(EXAMS["YLM"], shields(None, None, None)) is None
