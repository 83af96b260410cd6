"""What tests of the exams office's pages share: a session to work on, and how a person saves a page."""

import re
from datetime import timedelta

from django.utils import timezone

from results.models import CandidateStatement, Entry, ExamSession, Release
from tests import factories

DAY = timedelta(days=1)
STOP = {"reason": "Wrong file", "notice_it": "Stiamo controllando.", "notice_en": "We are checking."}


def full_session(**fields) -> ExamSession:
    """A session with a registered candidate of a centre who has a statement."""
    session = factories.session(**fields)
    entry = factories.entry(session, preparation_centre=factories.centre())
    factories.candidate(entry)
    factories.statement(entry)
    return session


def page_of(response) -> str:
    assert response.status_code == 200, response
    return response.content.decode()


def shown(entry: Entry) -> bool:
    return CandidateStatement.objects.filter(entry=entry).exists()


def release_form(release: Release, **changed) -> dict:
    """What the browser sends from the session's page, as it stands."""
    session = release.session
    opens_at = timezone.localtime(release.opens_at)
    return {
        "code": session.code,
        "exam": session.exam,
        "title": session.title,
        "letter": session.letter,
        "exam_date": session.exam_date.isoformat(),
        "place": session.place,
        "release-TOTAL_FORMS": "1",
        "release-INITIAL_FORMS": "1",
        "release-MIN_NUM_FORMS": "1",
        "release-MAX_NUM_FORMS": "1",
        "release-0-id": release.pk,
        "release-0-session": session.pk,
        "release-0-opens_at_0": f"{opens_at:%Y-%m-%d}",
        "release-0-opens_at_1": f"{opens_at:%H:%M:%S}",
        "release-0-centres_open_at_0": "",
        "release-0-centres_open_at_1": "",
    } | changed


def shown_on(face, address: str) -> dict[str, str]:
    """What the page carries about the values that it showed."""
    found = re.search(r'name="shown" value="([^"]*)"', face.get(address).content.decode())
    return {"shown": found[1]} if found else {}


def save(face, address: str, form: dict, **options):
    """Open the page, then send the form from it."""
    return face.post(address, shown_on(face, address) | form, **options)
