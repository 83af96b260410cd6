"""Correcting a statement: the rules of a file, a reason, and a new version that waits for two people."""

import pytest
from django.core.exceptions import ValidationError

from results import correcting
from results.amendments import amendments
from results.importing import FaultyFile
from results.models import CandidateStatement, CandidateVersion, Entry, Statement, Visible
from results_portal.office import APPROVER, HELP_DESK
from tests import factories

SKILLS = ("reading", "use_of_english", "writing", "listening", "speaking")
BETTER = {"status": "result", "overall": "181", "result": "A", "cefr": "C1", **dict.fromkeys(SKILLS, "181")}


@pytest.fixture
def officer(db):
    return factories.officer()


@pytest.fixture
def entry(db) -> Entry:
    """A registered candidate whose statement (176, Grade B) is open."""
    session = factories.session(approved=False)
    entry = factories.entry(session, preparation_centre=factories.centre())
    factories.candidate(entry)
    factories.statement(entry)
    factories.approve_by_two(session.release)
    return entry


def shown(entry: Entry) -> int:
    return CandidateStatement.objects.get(entry=entry).version


def test_a_correction_is_a_new_version_that_waits_for_two_people(entry, officer):
    report = correcting.correct(entry, BETTER, "enquiry", officer)
    assert (report.changed, len(report.warnings)) == (1, 0)
    first, second = Statement.objects.order_by("version")
    assert (first.overall, first.result, first.reason) == (176, "B", "")
    assert (second.overall, second.result, second.reason, second.made_by) == (181, "A", "enquiry", officer)
    assert shown(entry) == 1
    factories.approve_by_two(entry.session.release)
    assert shown(entry) == 2


def test_a_correction_of_what_a_colleague_corrected_meanwhile_is_refused_and_says_who(entry, officer):
    seen = Statement.objects.get().pk
    colleague = factories.officer()
    correcting.correct(entry, BETTER | {"reading": "179"}, "enquiry", colleague, seen=seen)
    with pytest.raises(ValidationError, match=f"Version 2 came meanwhile, by {colleague}"):
        correcting.correct(entry, BETTER, "enquiry", officer, seen=seen)
    assert Statement.objects.count() == 2


def test_a_dry_run_stores_nothing(entry, officer):
    assert correcting.correct(entry, BETTER, "enquiry", officer, dry_run=True).changed == 1
    assert Statement.objects.count() == 1


def test_a_correction_warns_as_a_file_does(entry, officer):
    report = correcting.correct(entry, BETTER | {"overall": "175", "result": "A"}, "enquiry", officer)
    assert [finding.column for finding in report.warnings] == ["overall", "result", "cefr"]


@pytest.mark.parametrize(
    ("wrong", "column"),
    [
        ({"speaking": "-181"}, "speaking"),
        ({"overall": "999"}, "overall"),
        ({"result": "Z"}, "result"),
        ({"status": "absent"}, "status"),
        ({"listening": ""}, "listening"),
    ],
)
def test_a_wrong_value_is_said_with_its_column_and_nothing_is_stored(entry, officer, wrong, column):
    with pytest.raises(FaultyFile) as faulty:
        correcting.correct(entry, BETTER | wrong, "enquiry", officer)
    assert [finding.column for finding in faulty.value.report.faults] == [column]
    assert Statement.objects.count() == 1


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_correction_needs_a_reason_that_fits(entry, officer, reason):
    with pytest.raises(ValidationError, match="reason"):
        correcting.correct(entry, BETTER, reason, officer)


def test_what_changes_nothing_is_no_correction(entry, officer):
    same = {"status": "result", "overall": "176", "result": "B", "cefr": "B2", **dict.fromkeys(SKILLS, "176")}
    with pytest.raises(ValidationError, match="Nothing differs"):
        correcting.correct(entry, same, "enquiry", officer)
    plain = factories.entry(entry.session)
    with pytest.raises(ValidationError, match="no statement to correct"):
        correcting.correct(plain, BETTER, "enquiry", officer)


@pytest.mark.parametrize("group", [HELP_DESK, APPROVER])
def test_who_may_not_correct_changes_nothing(entry, group):
    with pytest.raises(ValidationError, match="may not do this"):
        correcting.correct(entry, BETTER, "enquiry", factories.officer(group))
    assert Statement.objects.count() == 1


def test_the_usual_reasons_are_said_in_the_language_of_the_page():
    assert correcting.reason_in_words("enquiry") == "After an enquiry on results"
    assert correcting.reason_in_words("Identity checked") == "Identity checked"


# --- The form ---------------------------------------------------------------------------------------


def test_the_form_shows_what_would_change_before_it_is_stored(staff_face, entry, officer):
    staff_face.force_login(officer)
    address = f"/admin/results/entry/{entry.pk}/correct/"
    assert address in staff_face.get(f"/admin/results/entry/{entry.pk}/change/").content.decode()
    page = staff_face.get(address).content.decode()
    assert 'value="176"' in page
    assert 'name="sure"' not in page

    form = BETTER | {"reason": "another", "another_reason": "Identity checked"}
    response = staff_face.post(address, form)
    page = response.content.decode()
    assert "<td>Pass at Grade B</td><td><strong>Pass at Grade A</strong></td>" in page
    assert "Identity checked" in page
    assert Statement.objects.count() == 1
    checked = dict(response.context["repeated"])

    changed = staff_face.post(address, form | checked | {"sure": "yes", "overall": "182"}).content.decode()
    assert "<td>176</td><td><strong>182</strong></td>" in changed
    assert Statement.objects.count() == 1

    done = staff_face.post(address, form | checked | {"sure": "yes"}, follow=True).content.decode()
    assert "Version 2 is stored. It is shown when two people have approved it." in done
    assert Statement.objects.get(version=2).reason == "Identity checked"


def test_the_form_says_what_is_wrong_beside_the_field_and_keeps_what_was_typed(staff_face, entry, officer):
    staff_face.force_login(officer)
    address = f"/admin/results/entry/{entry.pk}/correct/"
    wrong = BETTER | {"reason": "another", "another_reason": "", "speaking": "-181"}
    page = staff_face.post(address, wrong).content.decode()
    assert "Give a reason." in page
    page = staff_face.post(address, wrong | {"reason": "enquiry"}).content.decode()
    assert "A score has no minus sign. Expected: a whole number from 122 to 190." in page
    assert 'value="-181"' in page
    for nonsense in ({}, {"status": "\0"}, BETTER | {"reason": "x" * 300}, BETTER | {"overall": "\0"}):
        assert staff_face.post(address, nonsense | {"sure": "yes", "checked": "x"}).status_code == 200
    assert Statement.objects.count() == 1


def test_a_code_takes_the_place_of_every_score(staff_face, entry, officer):
    staff_face.force_login(officer)
    address = f"/admin/results/entry/{entry.pk}/correct/"
    form = BETTER | {"status": "withheld", "reason": "marking"}
    checked = dict(staff_face.post(address, form).context["repeated"])
    staff_face.post(address, form | checked | {"sure": "yes"})
    newest = Statement.objects.get(version=2)
    assert (newest.status, newest.overall, newest.result, newest.reading) == ("withheld", None, "", None)


def test_the_form_does_not_undo_a_colleagues_correction(staff_face, entry, officer):
    staff_face.force_login(officer)
    address = f"/admin/results/entry/{entry.pk}/correct/"
    shown = dict(staff_face.get(address).context["repeated"])
    correcting.correct(entry, BETTER | {"reading": "179"}, "enquiry", factories.officer())
    page = staff_face.post(address, BETTER | shown | {"reason": "enquiry"})
    assert "Version 2 came meanwhile" in page.content.decode()
    assert Statement.objects.count() == 2
    again = dict(page.context["repeated"])
    checked = staff_face.post(address, BETTER | again | {"reason": "enquiry"})
    again = dict(checked.context["repeated"])
    assert "<td>179</td><td><strong>181</strong></td>" in checked.content.decode()
    staff_face.post(address, BETTER | again | {"reason": "enquiry", "sure": "yes"})
    assert Statement.objects.count() == 3


def test_a_correction_taken_back_unseen_is_no_amendment(entry, officer):
    """Version 2 was never approved; version 3 says what version 1 said: nobody is told anything."""
    correcting.correct(entry, BETTER, "enquiry", officer)
    same = {"status": "result", "overall": "176", "result": "B", "cefr": "B2", **dict.fromkeys(SKILLS, "176")}
    correcting.correct(entry, same, "enquiry", officer)
    factories.approve_by_two(entry.session.release)
    assert shown(entry) == 3
    assert not Visible.objects.filter(corrects=True).exists()
    versions = list(CandidateVersion.objects.filter(entry=entry))
    assert [version.version for version in versions] == [1, 3]
    assert amendments(entry.session.exam_facts, versions) == []
    correcting.correct(entry, BETTER, "enquiry", officer)
    factories.approve_by_two(entry.session.release)
    assert set(Visible.objects.filter(corrects=True).values_list("audience", flat=True)) == {
        "candidates",
        "centres",
    }
