"""Results in the board's words, and what every statement says, from Python to the pages.

{% load outcomes %}{{ statement|result_in_words }}{% sentences as said %}{{ said.NO_CERTIFICATE }}
"""

from django import template
from django.utils.translation import gettext as _

from results import sentences, verification_codes, wording

register = template.Library()
register.filter(sentences.about_the_chart)
register.filter(sentences.bands_of)
register.filter(sentences.in_shields)
register.filter(sentences.published)
register.filter(sentences.ready_for)
register.simple_tag(lambda: sentences, name="sentences")

register.simple_tag(verification_codes.page, name="verification_page")


@register.filter
def verification_code(statement) -> str:
    """The code by which anybody can check a document of this version."""
    return verification_codes.code_of(statement.statement_id)


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
