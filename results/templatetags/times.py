"""Filters for times in words: {% load times %}{{ opens_at|in_words }}."""

from django import template

from results import times

register = template.Library()
register.filter(times.in_words)
register.filter(times.day_in_words, expects_localtime=True)
