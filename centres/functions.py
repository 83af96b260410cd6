"""Asking the database's functions about joining (centres/migrations/0002b_joining_functions.py)."""

from typing import Any

from django.db import connection


def ask(function: str, *arguments: Any) -> Any:
    """The answer of one of the functions; function: its name.

    The statement does not begin with SELECT: only then who acts goes along to the audit trail (pghistory).
    """
    places = ", ".join(["%s"] * len(arguments))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH asked AS (SELECT {function}({places}) AS answer) SELECT answer FROM asked",  # noqa: S608
            list(arguments),
        )
        return cursor.fetchone()[0]
