"""Who works on the exams office's pages."""

import pytest

from tests import factories


@pytest.fixture
def officer(staff_face):
    """An officer of the group, signed in on the staff face."""
    person = factories.officer()
    staff_face.force_login(person)
    return person
