"""What waits for the person who is signed in: {% load office %}{% office_tasks as office %}."""

from django import template

from results.admin import front

register = template.Library()


@register.simple_tag(takes_context=True)
def office_tasks(context) -> dict:
    """coming: the sessions that open next; tasks: what waits for this person."""
    user = context["request"].user
    return {"coming": front.coming(user), "tasks": front.tasks(user)}
