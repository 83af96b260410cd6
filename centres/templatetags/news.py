"""{% load news %}{% latest_news %}: the newest posts, for the page after signing in."""

from django import template

from centres.models import VisiblePost

SHOWN = 3

register = template.Library()


@register.inclusion_tag("centres/_latest_news.html", takes_context=True)
def latest_news(context) -> dict:
    """The pinned posts and the newest, three in all, that the account may see now."""
    user = context["request"].user
    return {"posts": VisiblePost.objects.of(user).pinned_first()[:SHOWN]}
