"""Filters for results in the board's words: {% load outcomes %}{{ statement|result_in_words }}."""

from django import template
from django.utils.translation import gettext as _

from results import wording

register = template.Library()


@register.filter
def result_in_words(statement) -> str:
    """The result, or the code in its place; a dash where shields are reported."""
    if statement.result:
        return wording.result_in_words(statement.result, statement.cefr) or _("Score only")
    return "–" if statement.status == "result" else statement.get_status_display()


@register.filter
def score(statement, skill) -> str:
    """A skill's points or shields; a dash where there are none."""
    points = statement.score(skill)
    return "–" if points is None else str(points)
