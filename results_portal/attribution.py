"""Who acts, from where and by what: the facts that stand beside every event of the audit trail.

They travel in the database session's settings (pghistory.context), and the triggers that write the events
take them from there. No address of a page is among them, since some carry a token: the name of the page is.
"""

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from typing import Any

import pghistory
from django.conf import settings
from django.db import connection


def visitor_address(request) -> str:
    """The visitor's network address, an IPv4 address as such however it came; empty if there is none.

    Behind TRUSTED_PROXIES proxies it is the entry of X-Forwarded-For that the outermost of them wrote,
    counted from the right; what stands further left is the visitor's own word.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        forwarded = request.headers.get("x-forwarded-for", "").split(",")
        if len(forwarded) >= settings.TRUSTED_PROXIES:
            address = forwarded[-settings.TRUSTED_PROXIES].strip() or address
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(parsed).partition("%")[0]  # without the name of a network card


def by_request(request) -> dict[str, Any]:
    """The facts of a visitor's request: face, address, page and account, as far as they are known yet."""
    facts = {"face": settings.PORTAL_FACE, "address": visitor_address(request)}
    if match := getattr(request, "resolver_match", None):
        facts["page"] = match.view_name or match.route
    if (user := getattr(request, "user", None)) is not None and user.is_authenticated:
        facts |= by_user(user)
    return facts


def by_user(user) -> dict[str, Any]:
    """An account as it is called now."""
    return {"user": user.pk, "name": user.get_username()}


@contextmanager
def facts(**known: Any) -> Iterator[None]:
    """Within it, these facts stand beside every change; more come by pghistory.context(name=value)."""
    with connection.execute_wrapper(_keep_percent_signs), pghistory.context(**known):
        yield


def _keep_percent_signs(execute, sql, params, many, context):
    """A statement without parameters means each % as it stands; pghistory.context gives it parameters."""
    if params is None and isinstance(sql, str):
        sql, params = sql.replace("%", "%%"), ()
    return execute(sql, params, many, context)


def by_command(name: str):
    """Within it, changes are a command's, run by the operating system's account of this process."""
    uid = os.getuid()
    try:
        account = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's account need not have a name
        account = str(uid)
    return facts(command=name, os_user=account)


def by_job(call_next: Callable[[], Any], context, _worker) -> Any:
    """A task middleware of the worker: changes are the task's."""
    with facts(task=context.task.name):
        return call_next()
