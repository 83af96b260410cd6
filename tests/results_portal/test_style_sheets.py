"""The style sheets as a browser reads them: a rule that is not closed takes all that follow into itself."""

import re

import pytest
from django.conf import settings

SHEETS = sorted((settings.BASE_DIR / "static" / "css").glob("*.css"))
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def test_there_are_some():
    assert len(SHEETS) > 1


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_every_rule_is_closed_before_the_next_begins(sheet):
    text = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), sheet.read_text())
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line and line[0] not in " }":
            assert depth == 0, f"{sheet.name}, line {number}: {line} stands within another rule"
        depth += line.count("{") - line.count("}")
    assert depth == 0
