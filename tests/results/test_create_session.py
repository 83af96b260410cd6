"""manage.py create_session: a session and when it opens, or plain words and nothing."""

from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from results.exams import EXAMS
from results.models import ExamSession, Release
from results.sessions import create_session
from tests import factories
from tests.conftest import database_role

pytestmark = pytest.mark.django_db

SOUND = {
    "exam": "B2F",
    "title": "June 2026",
    "exam-date": "2026-06-13",
    "place": "Roma",
    "opens-at": "2026-07-24T10:00+02:00",
}


def run(code: str = "B2F-2026-06", **changes) -> str:
    """Run the command with the rights of the staff face; what it printed."""
    out = StringIO()
    options = SOUND | {name.replace("_", "-"): value for name, value in changes.items()}
    with database_role("portal_staff"):
        call_command(
            "create_session", code, *(f"--{name}={value}" for name, value in options.items()), stdout=out
        )
    return out.getvalue()


def refusal(*arguments, **changes) -> str:
    """What the command says when it creates nothing."""
    before = list(ExamSession.objects.values())
    with pytest.raises(CommandError) as refused:
        run(*arguments, **changes)
    assert list(ExamSession.objects.values()) == before
    assert Release.objects.count() == len(before)
    return str(refused.value)


def test_it_makes_the_session_and_its_release_and_says_when_it_opens():
    printed = run(centres_open_at="2026-07-24T06:30Z")
    session = ExamSession.objects.get()
    assert (session.code, session.exam, session.title, session.place) == (
        "B2F-2026-06",
        "B2F",
        "June 2026",
        "Roma",
    )
    assert (session.exam_date, session.letter) == (date(2026, 6, 13), "F")
    release = session.release
    assert release.opens_at == datetime(2026, 7, 24, 8, tzinfo=UTC)
    assert release.centres_open_at == datetime(2026, 7, 24, 6, 30, tzinfo=UTC)
    assert release.approved_through is None
    assert printed == (
        "Created session B2F-2026-06 (B2 First, June 2026).\n"
        "Opens for candidates: Friday 24 July 2026, 10:00 (Italian time).\n"
        "Opens for preparation centres: Friday 24 July 2026, 08:30 (Italian time).\n"
        "Nothing opens until the release is approved.\n"
    )


def test_preparation_centres_see_it_with_the_candidates_unless_told_otherwise():
    printed = run()
    assert ExamSession.objects.get().release.centres_open_at is None
    assert "preparation centres" not in printed


@pytest.mark.parametrize("month", range(1, 13))
def test_the_letter_is_that_of_the_month(month):
    run(exam_date=f"2026-{month:02d}-01")
    assert ExamSession.objects.get().letter == "ABCDEFGHIJKL"[month - 1]


def test_the_letter_may_be_given():
    run(letter="M")
    assert ExamSession.objects.get().letter == "M"


@pytest.mark.parametrize("exam", EXAMS)
def test_every_exam_has_sessions(exam):
    run(exam=exam.lower())
    assert ExamSession.objects.get().exam == exam


@pytest.mark.parametrize("option", ["opens_at", "centres_open_at"])
def test_a_time_without_a_zone_is_refused_with_what_it_is_in_ours(option):
    assert refusal(**{option: "2026-07-24T10:00"}) == (
        f"--{option.replace('_', '-')}: “2026-07-24T10:00” has no time zone."
        " In the portal’s own it is: 2026-07-24T10:00+02:00"
    )


@pytest.mark.parametrize("time", ["tomorrow", "24/07/2026 10:00", "2026-07-24T25:00+02:00", ""])
def test_a_time_of_another_form_is_refused(time):
    assert refusal(opens_at=time) == f"--opens-at: “{time}” is no time such as 2026-07-24T10:00+02:00."


@pytest.mark.parametrize("day", ["13/06/2026", "2026-02-30", "20260613", "June"])
def test_a_date_of_another_form_is_refused(day):
    assert refusal(exam_date=day) == f"--exam-date: “{day}” is no date such as 2026-06-13."


def test_an_unknown_exam_lists_those_that_there_are():
    assert refusal(exam="FCE") == (
        "Nothing was created.\n"
        "exam: “FCE” is not one of: A2K, A2KS, B1P, B1PS, B2F, B2FS, C1A, C2P, YLS, YLM, YLF."
    )


def test_a_code_that_is_there_is_refused_and_changes_nothing():
    run()
    said = refusal(exam="C1A", title="July 2026", opens_at="2027-01-01T10:00Z")
    assert said == "Nothing was created.\ncode: Session “B2F-2026-06” exists already."
    assert Release.objects.get().opens_at == datetime(2026, 7, 24, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": "B2F 2026"}, "Use letters, digits, dots and hyphens."),
        ({"code": "x" * 31}, "code: Ensure this value has at most 30 characters (it has 31)."),
        ({"title": ""}, "title: This field cannot be blank."),
        ({"place": "x" * 81}, "place: Ensure this value has at most 80 characters (it has 81)."),
        ({"letter": "june"}, "letter: Ensure this value has at most 1 character (it has 4)."),
    ],
)
def test_what_a_field_does_not_take_is_said_by_its_name(changes, said):
    assert said in refusal(changes.pop("code", "B2F-2026-06"), **changes)


def test_both_are_stored_or_neither(monkeypatch):
    def fail(*_arguments, **_fields):
        raise DatabaseError

    monkeypatch.setattr(Release.objects, "create", fail)
    with pytest.raises(DatabaseError):
        run()
    assert not ExamSession.objects.exists()


def test_the_verb_refuses_a_time_without_a_zone_too():
    with pytest.raises(ValidationError, match="The time needs its zone"):
        create_session(
            "B2F-2026-06",
            exam="B2F",
            title="June 2026",
            exam_date=date(2026, 6, 13),
            place="Roma",
            opens_at=datetime(2026, 7, 24, 10),  # noqa: DTZ001
        )


def test_what_it_makes_opens_only_when_it_is_approved():
    run(opens_at="2020-01-01T10:00Z")
    entry = factories.entry(ExamSession.objects.get())
    factories.candidate(entry)
    factories.statement(entry)
    from results.models import CandidateStatement

    assert not CandidateStatement.objects.exists()
