"""Makes the roles, the database and the logins on a PostgreSQL server, as its administrator.

    python -m results_portal.bootstrap postgres://admin:…@host/postgres NAME

creates what is missing of: the four roles of results_portal/roles.py, a login NAME_owner that owns the
database NAME and is no superuser, and one login a role (NAME_staff, NAME_candidates, …); it prints the
DATABASE_URL of each. Every run gives the logins new passwords.
"""

import secrets
import sys
from contextlib import suppress
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from results_portal.roles import ROLES

OWNER = "owner"


def bootstrap(admin_url: str, name: str) -> dict[str, str]:
    """Create the database `name` with its roles and logins, where missing.

    admin_url: a login that may create roles and databases (a superuser or not).
    Returns the database URL of each login, by "owner", "staff", "candidates", "centres", "worker".
    """
    urls = {}
    with psycopg.connect(admin_url, autocommit=True) as admin:
        for role in ROLES:
            _create_role(admin, role, "NOLOGIN")
        for login in (OWNER, *(role.removeprefix("portal_") for role in ROLES)):
            login_name, password = f"{name}_{login}", secrets.token_urlsafe(24)
            _create_role(admin, login_name, "LOGIN")
            admin.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(login_name), sql.Literal(password))
            )
            if login != OWNER:
                _grant(admin, f"portal_{login}", login_name)
            urls[login] = _url(admin_url, login_name, password, name)
        _create_database(admin, name, f"{name}_{OWNER}")
    return urls


def drop(admin_url: str, name: str) -> None:
    """Remove the database and its logins again; the four shared roles stay, they own and see nothing."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        for login in (OWNER, *(role.removeprefix("portal_") for role in ROLES)):
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(f"{name}_{login}")))


def _create_role(admin: psycopg.Connection, name: str, login: str) -> None:
    if admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone() is None:
        # Another installation on this server may make the shared role at the same moment.
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            admin.execute(
                sql.SQL("CREATE ROLE {} NOSUPERUSER INHERIT {}").format(sql.Identifier(name), sql.SQL(login))
            )


def _grant(admin: psycopg.Connection, role: str, member: str) -> None:
    admin.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(member)))


def _create_database(admin: psycopg.Connection, name: str, owner: str) -> None:
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        if not admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()[0]:
            admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(owner)))
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(owner)
            )
        )
    # To this installation's logins alone: the shared roles have members of other installations, too.
    database = sql.Identifier(name)
    everyone = sql.SQL(", ").join([sql.SQL("PUBLIC"), *map(sql.Identifier, ROLES)])
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(database, everyone))
    for role in ROLES:
        login = sql.Identifier(f"{name}_{role.removeprefix('portal_')}")
        admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, login))
    # Imports stage their file in a temporary table.
    staff = sql.Identifier(f"{name}_staff")
    admin.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(database, staff))


def _url(admin_url: str, login: str, password: str, database: str) -> str:
    parts = urlsplit(admin_url)
    server = parts.netloc.rpartition("@")[2]
    return urlunsplit(
        parts._replace(netloc=f"{quote(login)}:{quote(password)}@{server}", path=f"/{quote(database)}")
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    for _login, _database_url in bootstrap(sys.argv[1], sys.argv[2]).items():
        print(f"{_login}: {_database_url}")
