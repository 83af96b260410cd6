"""Filters for figures: {% load figures %}{{ mean|mean_of:exam }}."""

from decimal import Decimal

from django import template

from centres import charts
from results.exams import Exam

register = template.Library()


@register.filter
def mean_of(mean: Decimal | None, exam: Exam) -> str:
    """A mean as it is shown: whole points, or tenths of a shield."""
    return charts.in_words(mean, exam)
