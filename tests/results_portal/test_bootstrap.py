"""Making the roles, the database and the logins on a server of somebody's."""

from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from results_portal.bootstrap import bootstrap, drop
from results_portal.embedded import Server


@pytest.fixture
def superuser_url(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("server"), fast=True) as server:
        yield server.url()


@pytest.fixture(params=["superuser", "may create roles and databases"])
def admin_url(request, superuser_url):
    if request.param == "superuser":
        yield superuser_url
        return
    with psycopg.connect(superuser_url, autocommit=True) as superuser:
        superuser.execute("CREATE ROLE dba LOGIN CREATEDB CREATEROLE PASSWORD 'of-the-dba'")
    parts = urlsplit(superuser_url)
    yield urlunsplit(parts._replace(netloc="dba:of-the-dba@"))


def test_every_login_gets_in_and_is_member_of_its_role_alone(admin_url):
    for _again in range(2):
        urls = bootstrap(admin_url, "sirio")
    assert urls.keys() == {"owner", "staff", "candidates", "centres", "worker"}
    for login, url in urls.items():
        with psycopg.connect(url) as connection:
            name, powerful = connection.execute(
                "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication"
                " FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
            assert (name, powerful) == (f"sirio_{login}", False)
            roles = connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname <> current_user"
                " AND pg_has_role(oid, 'MEMBER') ORDER BY 1"
            ).fetchall()
            assert roles == ([("pg_database_owner",)] if login == "owner" else [(f"portal_{login}",)])
            owner = connection.execute(
                "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
            ).fetchone()
            assert owner == ("sirio_owner",)
    with psycopg.connect(urls["candidates"]) as connection:
        for refused in ("CREATE TABLE mine (id int)", "CREATE TEMPORARY TABLE mine (id int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)
            connection.rollback()
    drop(admin_url, "sirio")
    with psycopg.connect(admin_url) as admin:
        assert admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'sirio%'").fetchall() == []
        assert admin.execute("SELECT 1 FROM pg_database WHERE datname = 'sirio'").fetchall() == []


def test_a_login_of_one_installation_does_not_get_into_another(admin_url):
    """A demo or a test run on the server of the real portal must not see its marks."""
    real, other = bootstrap(admin_url, "sirio"), bootstrap(admin_url, "sirio_demo")
    for login, url in other.items():
        into_the_real_one = urlunsplit(urlsplit(url)._replace(path="/sirio"))
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(into_the_real_one)
        psycopg.connect(real[login]).close()
