"""Loading the results of a session: what a file says, what it must not say, and what is stored."""

import pytest
from django.core.exceptions import ValidationError

from results.exams import EXAMS, Skill
from results.models import CandidateStatement, Release, Statement
from tests import factories
from tests.results.loading import coded_row, load_results, result_row, whole_database, write

pytestmark = pytest.mark.django_db

SCALE_EXAMS = [code for code, exam in EXAMS.items() if not exam.reports_shields]
YOUNG_LEARNERS = [code for code, exam in EXAMS.items() if exam.reports_shields]

# Lowest and highest overall score of each result with its CEFR level, from the board's tables
# (domain facts, section 1), written out here so that results/exams.py is checked, too.
A2 = [
    ("A", 140, 150, "B1"),
    ("B", 133, 139, "A2"),
    ("C", 120, 132, "A2"),
    ("LEVEL", 100, 119, "A1"),
    ("NONE", 82, 99, ""),
]
B1 = [
    ("A", 160, 170, "B2"),
    ("B", 153, 159, "B1"),
    ("C", 140, 152, "B1"),
    ("LEVEL", 120, 139, "A2"),
    ("NONE", 102, 119, ""),
]
B2 = [
    ("A", 180, 190, "C1"),
    ("B", 173, 179, "B2"),
    ("C", 160, 172, "B2"),
    ("LEVEL", 140, 159, "B1"),
    ("NONE", 122, 139, ""),
]
C1 = [
    ("A", 200, 210, "C2"),
    ("B", 193, 199, "C1"),
    ("C", 180, 192, "C1"),
    ("LEVEL", 160, 179, "B2"),
    ("NONE", 142, 159, ""),
]
C2 = [
    ("A", 220, 230, "C2"),
    ("B", 213, 219, "C2"),
    ("C", 200, 212, "C2"),
    ("LEVEL", 180, 199, "C1"),
    ("NONE", 162, 179, ""),
]
BANDS = {"A2K": A2, "A2KS": A2, "B1P": B1, "B1PS": B1, "B2F": B2, "B2FS": B2, "C1A": C1, "C2P": C2}


def entered(exam: str, *, candidates: int = 1, **options):
    """A session, not approved, with the candidates SIR000001, SIR000002, …"""
    session = factories.session(exam, approved=False, **options)
    for n in range(1, candidates + 1):
        factories.entry(session, id_number=f"SIR{n:06d}", candidate_number=f"{n:04d}")
    return session


@pytest.fixture(params=["csv", "xlsx"])
def path(request, tmp_path):
    """A file of either kind."""
    return tmp_path / f"results.{request.param}"


# --- What is stored ------------------------------------------------------------------------------------


@pytest.mark.parametrize("exam", EXAMS)
def test_a_row_becomes_the_first_version_of_a_statement(path, exam):
    session = entered(exam)
    row = result_row(exam)
    report = load_results(session, write(path, [row]))

    assert (report.added, report.changed, report.unchanged) == (1, 0, 0)
    assert not report.warnings
    statement = Statement.objects.get()
    assert (statement.entry.id_number, statement.version, statement.reason) == ("SIR000001", 1, "")
    stored = {name: getattr(statement, name) for name in row if name != "id_number"}
    assert stored == {name: value for name, value in row.items() if name != "id_number"}
    assert statement.created_at is not None


@pytest.mark.parametrize("exam", YOUNG_LEARNERS)
@pytest.mark.parametrize(
    "grading", [{}, {"overall": "", "result": "", "cefr": ""}], ids=["left out", "empty"]
)
def test_young_learners_have_shields_and_nothing_else(path, exam, grading):
    session = entered(exam, candidates=2)
    rows = [result_row(exam, 1, **grading), result_row(exam, 2, speaking=5, listening=1, **grading)]
    assert not load_results(session, write(path, rows)).faults
    statement = Statement.objects.get(entry__id_number="SIR000002")
    assert (statement.speaking, statement.listening, statement.reading_and_writing) == (5, 1, 3)
    assert (statement.overall, statement.result, statement.cefr) == (None, "", "")


@pytest.mark.parametrize("exam", ["B2F", "YLM"])
@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("X", "X"),
        ("x", "X"),
        ("z", "Z"),
        ("Pending", "pending"),
        ("WITHHELD", "withheld"),
        (" pending ", "pending"),
    ],
)
def test_a_code_stands_in_place_of_a_result(path, exam, written, stored):
    session = entered(exam)
    assert not load_results(session, write(path, [coded_row(exam, written)])).faults
    statement = Statement.objects.get()
    assert statement.status == stored
    assert (statement.overall, statement.result, statement.cefr) == (None, "", "")
    assert all(statement.score(skill) is None for skill in EXAMS[exam].skills)


def test_status_result_and_level_are_forgiven_their_case(path):
    session = entered("B2F")
    row = result_row("B2F", status="RESULT", result="b", cefr="b2")
    report = load_results(session, write(path, [row]))
    assert not report.warnings
    assert [(s.status, s.result, s.cefr) for s in Statement.objects.all()] == [("result", "B", "B2")]


def test_loading_the_same_file_again_changes_nothing_and_says_so(path):
    session = entered("B2F", candidates=3)
    write(path, [result_row("B2F", 1), coded_row("B2F", "X", 2), result_row("B2F", 3, at=122)])
    load_results(session, path)
    before = whole_database()
    report = load_results(session, path)
    assert whole_database() == before
    assert str(report).splitlines()[0] == "Nothing changed: 3 rows of the file, all stored already."


@pytest.mark.parametrize(
    "change",
    [{"overall": 175}, {"speaking": 190}, {"cefr": "C1"}, {"result": "C"}],
    ids=["overall", "a skill", "level", "result"],
)
def test_a_row_that_differs_becomes_the_next_version_with_a_reason(path, change):
    session = entered("B2F", candidates=2)
    load_results(session, write(path, [result_row("B2F", 1), result_row("B2F", 2)]))
    report = load_results(session, write(path, [result_row("B2F", 1, **change), result_row("B2F", 2)]))

    assert (report.added, report.changed, report.unchanged) == (0, 1, 1)
    first, second = Statement.objects.filter(entry__id_number="SIR000001").order_by("version")
    assert (second.version, second.reason) == (2, "Results file")
    [(name, value)] = change.items()
    assert (getattr(first, name), getattr(second, name)) == (result_row("B2F")[name], value)


def test_a_result_that_was_pending_comes_as_a_new_version_and_may_become_pending_again(path):
    session = entered("B2F")
    for row in (coded_row("B2F", "pending"), result_row("B2F"), coded_row("B2F", "pending")):
        assert load_results(session, write(path, [row])).unchanged == 0
    assert list(Statement.objects.order_by("version").values_list("version", "status", "overall")) == [
        (1, "pending", None),
        (2, "result", 173),
        (3, "pending", None),
    ]


def test_a_row_is_compared_with_the_newest_version_only(path):
    session = entered("B2F")
    entry = session.entries.get()
    factories.statement(entry, status="X")
    factories.statement(entry, version=2, status="Z")
    assert load_results(session, write(path, [coded_row("B2F", "X")])).changed == 1
    assert Statement.objects.latest("version").version == 3


def test_results_come_in_waves_and_leave_the_others_alone(path):
    session = entered("B2F", candidates=3)
    load_results(session, write(path, [result_row("B2F", 1)]))
    before = Statement.objects.values().get()
    report = load_results(session, write(path, [result_row("B2F", 3), result_row("B2F", 2)]))
    assert report.added == 2
    assert Statement.objects.values().get(entry__id_number="SIR000001") == before


# --- Releases ------------------------------------------------------------------------------------------


def test_loading_is_not_releasing(path):
    session = entered("B2F")
    factories.candidate(session.entries.get())
    report = load_results(session, write(path, [result_row("B2F")]))
    assert report.notes == ["1 statement of this session waits for approval."]
    assert not CandidateStatement.objects.exists()


def test_what_is_loaded_after_an_approval_waits_for_the_next_one_and_says_so(path):
    session = entered("B2F", candidates=2)
    factories.candidate(session.entries.get(id_number="SIR000001"))
    load_results(session, write(path, [result_row("B2F", 1)]))
    approved = Statement.objects.get()
    Release.objects.update(approved_through=approved.pk)

    again = load_results(session, path)
    assert again.notes == ["1 entry of this session has no result yet."]
    file = write(path, [coded_row("B2F", "withheld", 1), result_row("B2F", 2)])
    report = load_results(session, file, reason="The board withholds it")
    assert report.notes == [
        "2 statements of this session wait for approval.",
        "The release was approved before: what this file brings stays hidden until the next one.",
    ]
    assert CandidateStatement.objects.get().statement_id == approved.pk


# --- Corrections of what is published -----------------------------------------------------------------


@pytest.fixture
def published(path):
    """Two candidates whose results are approved and open, and one whose result waits."""
    session = entered("B2F", candidates=3)
    load_results(session, write(path, [result_row("B2F", 1), result_row("B2F", 2)]))
    factories.approve_by_two(session.release)
    load_results(session, write(path, [result_row("B2F", 3)]))
    return session


def corrected(path, *numbers):
    return write(path, [result_row("B2F", n, speaking=190) for n in numbers])


def test_a_file_that_corrects_published_results_needs_a_reason(published, path):
    before = whole_database()
    report = load_results(published, corrected(path, 1, 2, 3), reason=" ")
    assert str(report.faults) == (
        "This file corrects 2 published results. Expected: a reason, which the candidates will read."
    )
    assert whole_database() == before


def test_a_dry_run_without_a_reason_says_that_one_is_needed(published, path):
    report = load_results(published, corrected(path, 1, 3), dry_run=True)
    assert (report.changed, report.corrected, len(report.faults)) == (2, 1, 0)
    assert "This file corrects 1 published result." in str(report.warnings)


def test_the_reason_of_a_correction_stands_with_the_new_versions(published, path):
    report = load_results(published, corrected(path, 1, 3), reason="  Enquiry\non results ")
    assert (report.changed, report.corrected) == (2, 1)
    assert set(Statement.objects.filter(version=2).values_list("reason", flat=True)) == {"Enquiry on results"}


def test_without_a_published_result_no_reason_is_needed(published, path):
    report = load_results(published, corrected(path, 3))
    assert (report.changed, report.corrected) == (1, 0)
    assert Statement.objects.get(version=2).reason == "Results file"


def test_a_published_version_counts_also_below_one_that_waits(published, path):
    load_results(published, corrected(path, 1), reason="Enquiry on results")
    report = load_results(published, write(path, [result_row("B2F", 1)]))
    assert len(report.faults) == 1


def test_a_reason_that_is_too_long_is_refused(published, path):
    with pytest.raises(ValidationError, match="200 characters"):
        load_results(published, corrected(path, 1), reason="x" * 201)


def test_who_loads_a_file_stands_with_the_statements(path):
    session = entered("B2F")
    officer = factories.officer()
    load_results(session, write(path, [result_row("B2F", 1)]), by=officer)
    assert Statement.objects.get().made_by == officer


# --- Scores: the boundaries of every exam --------------------------------------------------------------


@pytest.mark.parametrize(
    ("exam", "result", "low", "high", "cefr"),
    [(exam, *band) for exam, bands in BANDS.items() for band in bands],
)
def test_the_ends_of_every_band_are_taken_without_a_warning(tmp_path, exam, result, low, high, cefr):
    session = entered(exam, candidates=2)
    rows = [result_row(exam, n, score, result=result, cefr=cefr) for n, score in ((1, low), (2, high))]
    report = load_results(session, write(tmp_path / "results.csv", rows))
    assert (report.added, len(report.warnings)) == (2, 0)


@pytest.mark.parametrize("exam", SCALE_EXAMS)
@pytest.mark.parametrize("column", ["overall", "speaking"])
def test_a_score_beyond_what_the_exam_reports_is_a_fault(tmp_path, exam, column):
    session = entered(exam, candidates=2)
    lowest, highest = BANDS[exam][-1][1], BANDS[exam][0][2]
    rows = [result_row(exam, 1, **{column: lowest - 1}), result_row(exam, 2, **{column: highest + 1})]
    report = load_results(session, write(tmp_path / "results.csv", rows))
    name = EXAMS[exam].name
    assert [(fault.row, fault.column, fault.wrong) for fault in report.faults] == [
        (2, column, f"{name} reports no score that is so low"),
        (3, column, f"{name} reports no score that is so high"),
    ]
    assert {fault.expected for fault in report.faults} == {f"a whole number from {lowest} to {highest}"}


@pytest.mark.parametrize("exam", YOUNG_LEARNERS)
@pytest.mark.parametrize("shields", [0, 6, 140])
def test_other_shields_than_one_to_five_are_a_fault(path, exam, shields):
    report = load_results(entered(exam), write(path, [result_row(exam, listening=shields)]))
    assert str(report.faults) == (
        f"Row 2, column listening, “{shields}”: nobody has this number of shields."
        " Expected: a whole number from 1 to 5."
    )


@pytest.mark.parametrize("exam", EXAMS)
def test_every_skill_of_the_exam_needs_a_score(tmp_path, exam):
    skills = [skill.value for skill in EXAMS[exam].skills]
    report = load_results(
        entered(exam), write(tmp_path / "results.csv", [result_row(exam, **dict.fromkeys(skills, ""))])
    )
    assert [(fault.column, fault.wrong) for fault in report.faults] == [
        (skill, "the cell is empty") for skill in skills
    ]


@pytest.mark.parametrize(
    ("exam", "skill"), [(exam, skill) for exam in EXAMS for skill in Skill if skill not in EXAMS[exam].skills]
)
def test_a_column_of_a_skill_that_the_exam_does_not_report_is_a_fault_even_if_empty(tmp_path, exam, skill):
    row = result_row(exam) | {skill.value: ""}
    [fault] = load_results(entered(exam), write(tmp_path / "results.csv", [row])).faults
    assert (fault.row, fault.column, fault.wrong) == (
        1,
        skill,
        f"{EXAMS[exam].name} does not report this skill",
    )


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("-175", "a score has no minus sign"),
        ("−175", "a score has no minus sign"),
        ("– 175", "a score has no minus sign"),
        ("138.25", "a score has no decimals"),
        ("138,25", "a score has no decimals"),
        ("175.0", "a score has no decimals"),
        ("A", "not a score"),
        ("1e2", "not a score"),
        ("17O", "not a score"),
        ("١٧٥", "not a score"),
        ("TRUE", "not a score"),
        ("9" * 30, "not a score"),
    ],
)
@pytest.mark.parametrize("column", ["overall", "writing"])
def test_what_is_no_whole_number_is_a_fault_with_its_own_words(path, column, value, wrong):
    [fault] = load_results(entered("B2F"), write(path, [result_row("B2F", **{column: value})])).faults
    assert (fault.row, fault.column, fault.value, fault.wrong) == (2, column, value, wrong)
    assert fault.expected == "a whole number from 122 to 190"


def test_a_workbooks_numbers_are_told_as_a_person_sees_them(tmp_path):
    rows = [result_row("B2F", 1, overall=173, writing=175.5), result_row("B2F", 2, writing=-175)]
    report = load_results(entered("B2F", candidates=2), write(tmp_path / "results.xlsx", rows))
    assert str(report.faults) == (
        "Row 2, column writing, “175.5”: a score has no decimals. Expected: a whole number from 122 to 190.\n"
        "Row 3, column writing, “-175”: a score has no minus sign. Expected: a whole number from 122 to 190."
    )


def test_columns_that_have_shifted_are_told(path):
    """KNEC 2023: the values of a row one column to the right."""
    row = result_row("B2F", overall="B", result="B2", cefr=175)
    report = load_results(entered("B2F"), write(path, [row]))
    assert [(fault.column, fault.wrong) for fault in report.faults] == [
        ("overall", "not a score"),
        ("result", "not a result"),
        ("cefr", "not a CEFR level"),
    ]


# --- Status, result and level --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "wrong", "expected"),
    [
        ("status", "absent", "not a status", "result, X, Z, pending, withheld"),
        ("status", "", "the cell is empty", "result, X, Z, pending, withheld"),
        ("result", "Pass", "not a result", "A, B, C, LEVEL, NONE"),
        ("result", "", "the cell is empty", "A, B, C, LEVEL, NONE"),
        ("cefr", "B3", "not a CEFR level", "A1, A2, B1, B2, C1, C2"),
        ("overall", "", "the cell is empty", "a whole number from 122 to 190"),
        ("id_number", "", "the cell is empty", "letters, then digits, such as SIR094701"),
        ("id_number", "94701", "not an ID Number", "letters, then digits, such as SIR094701"),
    ],
)
def test_a_word_that_is_not_one_of_the_columns_is_a_fault(path, column, value, wrong, expected):
    [fault] = load_results(entered("B2F"), write(path, [result_row("B2F", **{column: value})])).faults
    assert (fault.row, fault.column, fault.value) == (2, column, value)
    assert (fault.wrong, fault.expected) == (wrong, expected)


@pytest.mark.parametrize("status", ["X", "Z", "pending", "withheld"])
@pytest.mark.parametrize("exam", ["A2K", "B2F", "YLM"])
def test_a_score_beside_a_code_is_a_fault_with_its_own_words(path, exam, status):
    sound = result_row(exam)
    columns = [column for column in sound if column not in ("id_number", "status")]
    report = load_results(entered(exam), write(path, [sound | {"status": status}]))
    assert [(fault.column, fault.value) for fault in report.faults] == [
        (column, str(sound[column])) for column in columns
    ]
    assert {fault.wrong for fault in report.faults} == {
        f"with status {status} there is no score, result or level"
    }
    assert {fault.expected for fault in report.faults} == {"an empty cell"}


@pytest.mark.parametrize(("column", "value"), [("overall", "140"), ("result", "A"), ("cefr", "A1")])
def test_young_learners_have_no_overall_score_result_or_level(path, column, value):
    row = result_row("YLM") | {"overall": "", "result": "", "cefr": ""} | {column: value}
    [fault] = load_results(entered("YLM"), write(path, [row])).faults
    assert (fault.row, fault.column, fault.value) == (2, column, value)
    assert (fault.wrong, fault.expected) == ("A1 Movers has no overall score and no level", "an empty cell")


# --- What only looks odd: the file's value stands ------------------------------------------------------


@pytest.mark.parametrize(
    ("exam", "scores", "overall"),
    [
        (
            "A2K",
            {"reading_and_writing": 140, "listening": 135, "speaking": 138},
            138,
        ),  # 138.25, the board's sample
        ("B1P", {"reading": 140, "writing": 141, "listening": 140, "speaking": 141}, 141),  # 140.5: half up
        (
            "B2F",
            {"reading": 160, "use_of_english": 161, "writing": 161, "listening": 160, "speaking": 160},
            160,
        ),
    ],
)
def test_an_overall_score_as_the_scores_give_it_is_not_odd(tmp_path, exam, scores, overall):
    session = entered(exam, candidates=2)
    rows = [
        result_row(exam, 1, overall, **scores),
        result_row(exam, 2, overall, **scores) | {"overall": overall + 1},
    ]
    report = load_results(session, write(tmp_path / "results.csv", rows))
    assert str(report.warnings) == f"Row 3, column overall, “{overall + 1}”: the scores give {overall}."
    assert Statement.objects.get(entry__id_number="SIR000002").overall == overall + 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"result": "A"}, "Row 2, column result, “A”: an overall score of 173 gives B."),
        ({"result": "NONE"}, "Row 2, column result, “NONE”: an overall score of 173 gives B."),
        ({"cefr": "C1"}, "Row 2, column cefr, “C1”: an overall score of 173 is level B2."),
        ({"cefr": ""}, "Row 2, column cefr: an overall score of 173 is level B2."),
    ],
)
def test_what_differs_from_the_band_is_a_warning_and_stands(path, changes, said):
    report = load_results(entered("B2F"), write(path, [result_row("B2F", **changes)]))
    assert str(report.warnings) == said
    [(name, value)] = changes.items()
    assert getattr(Statement.objects.get(), name) == value


def test_a_level_where_the_board_states_none_is_a_warning_and_stands(path):
    report = load_results(entered("B2F"), write(path, [result_row("B2F", at=139, cefr="B1")]))
    assert str(report.warnings) == "Row 2, column cefr, “B1”: an overall score of 139 has no CEFR level."
    assert Statement.objects.get().cefr == "B1"


def test_a_faulty_row_is_not_called_odd_as_well(path):
    report = load_results(entered("B2F"), write(path, [result_row("B2F", overall=190, speaking=300)]))
    assert (len(report.faults), len(report.warnings)) == (1, 0)


# --- ID Numbers ----------------------------------------------------------------------------------------


def test_an_id_number_that_is_entered_nowhere_is_a_fault(path):
    report = load_results(
        entered("B2F", code="B2F-1"), write(path, [result_row("B2F", 1), result_row("B2F", 2)])
    )
    assert str(report.faults) == (
        "Row 3, column id_number, “SIR000002”: no candidate is entered with this ID Number."
        " Expected: an ID Number of session B2F-1."
    )


def test_an_id_number_of_another_session_names_that_session(path):
    factories.entry(factories.session(code="C1A-2026-03"), id_number="SIR000002")
    report = load_results(entered("B2F", code="B2F-1"), write(path, [result_row("B2F", 2)]))
    assert str(report.faults) == (
        "Row 2, column id_number, “SIR000002”: this candidate is entered for session C1A-2026-03."
        " Expected: an ID Number of session B2F-1."
    )


def test_the_same_id_number_twice_names_both_rows(path):
    rows = [result_row("B2F", 1), result_row("B2F", 2), result_row("B2F", id_number="sir 0oooo1")]
    report = load_results(entered("B2F", candidates=2), write(path, rows))
    assert str(report.faults) == (
        "Row 4, column id_number, “SIR000001”: the same ID Number stands in row 2."
        " Expected: one row for each candidate."
    )


# --- All or nothing ------------------------------------------------------------------------------------


def test_a_file_with_one_fault_stores_nothing_at_all(path):
    session = entered("B2F", candidates=3)
    load_results(session, write(path, [result_row("B2F", 1)]))
    before = whole_database()
    rows = [result_row("B2F", 1, overall=180), result_row("B2F", 2), result_row("B2F", 3, status="gone")]
    report = load_results(session, write(path, rows))
    assert str(report) == "Nothing was stored: the file has 1 fault."
    assert whole_database() == before


def test_a_dry_run_says_what_it_would_do_and_stores_nothing(path):
    session = entered("B2F", candidates=3)
    load_results(session, write(path, [result_row("B2F", 1), result_row("B2F", 2)]))
    before = whole_database()
    rows = [result_row("B2F", n, result="A") for n in (1, 3)] + [result_row("B2F", 2)]
    report = load_results(session, write(path, rows), dry_run=True)
    assert str(report) == (
        "Nothing was stored (dry run).\n"
        "It would be: 1 added, 1 changed, 1 unchanged.\n"
        "3 statements of this session wait for approval."
    )
    assert len(report.warnings) == 2
    assert whole_database() == before


def test_only_the_first_hundred_faults_and_warnings_are_told_and_the_rest_counted(tmp_path):
    rows = [result_row("B2F", n, result="A") for n in range(1, 131)]
    report = load_results(entered("B2F"), write(tmp_path / "results.csv", rows))
    for findings, total, first in ((report.faults, 129, 3), (report.warnings, 130, 2)):
        assert len(findings) == total
        assert [finding.row for finding in findings] == list(range(first, first + 100))
        assert str(findings).splitlines()[100] == f"… and {total - 100} more"


def test_the_number_of_queries_does_not_grow_with_the_rows(tmp_path, django_assert_num_queries):
    session = entered("B2F", candidates=300)
    one = write(tmp_path / "one.csv", [result_row("B2F", 1)])
    many = write(tmp_path / "many.csv", [result_row("B2F", n) for n in range(1, 301)])
    for file in (one, many):
        with django_assert_num_queries(21):
            load_results(session, file)


# --- Counts, and what the last sessions had ------------------------------------------------------------


def test_a_report_counts_results_and_centres_and_what_misses(path):
    session = entered("B2F", candidates=4)
    centre = factories.centre(name="Liceo Volta")
    session.entries.filter(candidate_number__in=["0001", "0002"]).update(preparation_centre=centre)
    rows = [result_row("B2F", 1), result_row("B2F", 2, at=165), coded_row("B2F", "X", 3)]
    report = load_results(session, write(path, rows), dry_run=True)
    assert report.by_outcome == {"B": 1, "C": 1, "X": 1}
    assert report.by_centre == {"": 1, "Liceo Volta": 2}
    assert report.without_result == 1


def results_of(session, scores):
    """Approved results of a session, one an overall score."""
    for n, score in enumerate(scores):
        entry = factories.entry(session, candidate_number=f"{n:04d}")
        band = session.exam_facts.band(score)
        skills = {skill.value: score for skill in session.exam_facts.skills}
        factories.statement(entry, overall=score, result=band.result, cefr=band.cefr, **skills)
    return session


@pytest.mark.parametrize(
    ("of_a", "is_far"), [(15, False), (16, True)], ids=["a quarter elsewhere", "more than a quarter"]
)
def test_results_far_from_the_last_sessions_are_a_warning(path, of_a, is_far):
    earlier = results_of(factories.session("B2F"), [185] * 10 + [165] * 10)
    session = entered("B2F", candidates=20)
    rows = [result_row("B2F", n, at=185 if n <= of_a else 165) for n in range(1, 21)]
    report = load_results(session, write(path, rows))
    assert report.earlier == {"A": 10, "C": 10}
    assert report.earlier_sessions == [earlier.code]
    assert str(report.warnings) == (
        f"30 % of the results lie elsewhere than in the last sessions ({earlier.code})."
        " Expected: about the same distribution; check that no column has shifted."
        if is_far
        else ""
    )


def test_few_results_are_not_compared_nor_sessions_that_are_not_approved_or_of_another_exam(path):
    results_of(factories.session("B2F", approved=False), [185] * 20)
    results_of(factories.session("B2FS"), [185] * 20)
    results_of(factories.session("B2F"), [185] * 19)
    session = entered("B2F", candidates=20)
    report = load_results(session, write(path, [result_row("B2F", n, at=165) for n in range(1, 21)]))
    assert report.earlier == {"A": 19}
    assert len(report.warnings) == 0
