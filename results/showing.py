"""What the page of a Statement of Results is told, on either face, and the pages that wait for one."""

import random
from collections.abc import Sequence

from results import explaining, wording
from results.amendments import amendments
from results.chart import scale_chart
from results.models import Entry, OpenStatement
from results.models.gate import ShownVersion

# Seconds. Without JavaScript the page asks again at the instant, spread a little, at the latest after
# six hours; while results are late, every five minutes.
LONGEST_REFRESH = 6 * 60 * 60
REFRESH_JITTER = 4
REFRESH_WHILE_LATE = 5 * 60


def statement(entry: Entry, shown: OpenStatement, versions: Sequence[ShownVersion]) -> dict:
    """For templates/results/_statement.html; versions: those that were shown, for what was amended.

    entry: with its session.
    """
    exam = entry.session.exam_facts
    return {
        "entry": entry,
        "exam": exam,
        "statement": shown,
        "amendments": amendments(exam, versions),
        "chart": scale_chart(exam, shown),
        "wording": wording.of(exam, shown),
        "explained": explaining.of(exam, shown),
    }


def waiting(seconds_left: int) -> dict:
    """For a page that counts down to its opening (static/js/waiting.js)."""
    jitter = random.randint(0, REFRESH_JITTER)  # noqa: S311
    return {"seconds_left": seconds_left, "refresh_after": min(seconds_left, LONGEST_REFRESH) + jitter}


def late() -> dict:
    """For a page whose result is stopped or not there yet."""
    return {"refresh_after": REFRESH_WHILE_LATE + random.randint(0, REFRESH_WHILE_LATE)}  # noqa: S311
