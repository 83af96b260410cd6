"""The grants in the database are the list in the code, no more and no less."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from results_portal.roles import GRANTS, ROLES, SEQUENCES, STAFF, apply_grants
from results_portal.trail import event_models

HOLDERS = [*ROLES, "PUBLIC"]
HISTORY = {model._meta.db_table for model in event_models()}


def query(sql: str, *parameters) -> set[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return set(cursor.fetchall())


def declared() -> tuple[set, set]:
    """(role, table, privilege) and (role, table, column, privilege) of the list, and of history."""
    tables, columns = {(STAFF, table, "SELECT") for table in HISTORY}, set()
    for role, grants in GRANTS.items():
        for table, privileges in grants.items():
            for privilege in privileges:
                if match := re.fullmatch(r"(\w+) \((.*)\)", privilege):
                    columns |= {(role, table, column.strip(), match[1]) for column in match[2].split(",")}
                else:
                    tables.add((role, table, privilege))
    return tables, columns


@pytest.mark.django_db
def test_the_tables_grants_are_the_declared_ones():
    held = query(
        "SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE table_schema = 'public' AND grantee = ANY(%s)",
        HOLDERS,
    )
    assert held == declared()[0]


@pytest.mark.django_db
def test_the_columns_grants_are_the_declared_ones():
    held = query(
        "SELECT a.grantee::regrole::text, c.relname, t.attname, a.privilege_type"
        " FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(t.attacl) a"
        " WHERE n.nspname = 'public'"
    )
    assert held == declared()[1]


@pytest.mark.django_db
def test_the_sequences_grants_are_the_declared_ones():
    held = query(
        "SELECT a.grantee::regrole::text, c.relname, a.privilege_type FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) a"
        " WHERE n.nspname = 'public' AND c.relkind = 'S' AND a.grantee::regrole::text = ANY(%s)",
        list(ROLES),
    )
    assert held == {
        (role, sequence, "USAGE") for role, sequences in SEQUENCES.items() for sequence in sequences
    }


@pytest.mark.django_db
def test_no_table_of_ours_is_left_out_of_the_list():
    """A new table must be given to somebody, or be one that only the owner touches."""
    tables = {name for (name,) in query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    listed = {table for grants in GRANTS.values() for table in grants}
    assert tables - listed == {"pghistory_context", *HISTORY}


@pytest.mark.django_db
def test_the_public_roles_have_nothing_on_statements_and_history():
    for role in ("portal_candidates", "portal_centres", "portal_worker"):
        assert not GRANTS[role].keys() & {"results_statement", "audit_trail", *HISTORY}


def test_no_role_is_given_anything_on_history_by_hand():
    """All may read what trail.py makes readable; to write events is nobody's right."""
    for grants in GRANTS.values():
        assert not grants.keys() & HISTORY


@pytest.mark.django_db
def test_a_stray_grant_is_revoked_by_the_next_migrate():
    with connection.cursor() as cursor:
        cursor.execute("GRANT SELECT ON results_statement TO portal_candidates")
        cursor.execute("GRANT UPDATE (overall) ON results_statement TO PUBLIC")
    apply_grants()
    assert not query(
        "SELECT 1 FROM information_schema.column_privileges WHERE table_name = 'results_statement'"
        " AND grantee IN ('portal_candidates', 'PUBLIC')"
    )


@pytest.mark.django_db
def test_no_function_runs_with_its_owners_rights_but_the_ones_we_know():
    """A SECURITY DEFINER function is a way round the grants; each has one purpose."""
    assert query(
        "SELECT p.proname, array_to_string(p.proconfig, ';'), a.grantee::regrole::text FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN LATERAL aclexplode(p.proacl) a"
        " WHERE n.nspname = 'public' AND p.prosecdef AND a.grantee <> p.proowner"
    ) == {
        *(
            (name, "search_path=public, pg_temp", "portal_candidates")
            for name in (
                "results_find_entry",
                "results_claim_entry",
                "results_add_entry",
                "results_mark_seen",
                "results_delete_own_account",
                "results_make_share",
                "results_mark_opened",
                "results_verify",
            )
        ),
        ("results_mark_looked", "search_path=public, pg_temp", "portal_centres"),
        *(
            (name, "search_path=public, pg_temp", "portal_centres")
            for name in (
                "centres_accept_invitation",
                "centres_ask_second_factor",
                "centres_change_role",
                "centres_find_invitation",
                "centres_invite",
                "centres_register_invited",
                "centres_remove_member",
                "centres_withdraw_invitation",
            )
        ),
        ("results_figures_of_all", "search_path=public, pg_temp", "portal_centres"),
        ("centres_count_download", "search_path=public, pg_temp", "portal_centres"),
        ("results_withdraw_approvals", "search_path=public, pg_temp", "portal_staff"),
    }


@pytest.mark.django_db
def test_a_missing_role_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setattr("results_portal.roles.ROLES", (*ROLES, "portal_nobody"))
    with pytest.raises(ImproperlyConfigured, match=r"portal_nobody.*results_portal\.bootstrap"):
        apply_grants()
