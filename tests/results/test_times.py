"""Times in words, in both languages."""

from datetime import UTC, date, datetime

import pytest
from django.template import engines
from django.utils import timezone, translation

from results.times import day_in_words, in_words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Friday 12 June 2026, 10:00 (Italian time)"),
        ("it", "venerdì 12 giugno 2026, ore 10:00 (ora italiana)"),
    ],
)
def test_a_moment_is_told_with_weekday_24_hour_time_and_zone(language, words):
    with translation.override(language):
        assert in_words(datetime(2026, 6, 12, 8, 0, tzinfo=UTC)) == words


def test_a_moment_is_told_in_the_time_of_its_season():
    assert in_words(datetime(2026, 1, 12, 8, 5, tzinfo=UTC)) == "Monday 12 January 2026, 09:05 (Italian time)"


def test_a_moment_before_midnight_utc_falls_on_the_local_day():
    assert in_words(datetime(2026, 6, 11, 22, 30, tzinfo=UTC)).startswith("Friday 12 June 2026, 00:30")


def test_another_zone_is_named():
    with timezone.override("Europe/Lisbon"):
        words = in_words(datetime(2026, 6, 12, 8, 0, tzinfo=UTC))
    assert words == "Friday 12 June 2026, 09:00 (time in Europe/Lisbon)"


@pytest.mark.parametrize(("language", "words"), [("en", "3 March 2026"), ("it", "3 marzo 2026")])
def test_a_day_is_told_without_weekday(language, words):
    with translation.override(language):
        assert day_in_words(date(2026, 3, 3)) == words


def test_a_template_tells_the_local_day_of_a_moment():
    template = engines["django"].from_string("{% load times %}{{ moment|day_in_words }}")
    assert template.render({"moment": datetime(2026, 6, 11, 22, 30, tzinfo=UTC)}) == "12 June 2026"
