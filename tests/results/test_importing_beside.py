"""Loading while something else happens to the same session, and loading that is broken off."""

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import OperationalError, connection

from results import importing
from results.models import Entry, Statement
from results.numbers import digest_secret_number
from tests import factories, plugin
from tests.results.loading import entry_row, load_entries, load_results, result_row, whole_database, write

WAIT = 20  # seconds; far more than anything here takes


@pytest.fixture
def beside():
    """Another connection of the tables' owner, with a transaction of its own."""
    with psycopg.connect(plugin.urls["owner"]) as other:
        yield other


@pytest.fixture
def impatient():
    """What has to wait for a lock gives up at once."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '300ms'")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")


@pytest.mark.django_db(transaction=True)
def test_results_wait_while_the_release_of_the_session_is_being_approved(tmp_path, beside, impatient):
    """Else an approval could cover a statement that it has not counted (results.releasing.approve)."""
    session = factories.session("B2F")
    factories.entry(session, id_number="SIR000001")
    file = write(tmp_path / "results.csv", [result_row("B2F")])
    beside.execute("SELECT FROM results_release WHERE session_id = %s FOR UPDATE", [session.pk])
    with pytest.raises(OperationalError, match="lock timeout"):
        importing.import_results(session, file)
    assert not Statement.objects.exists()
    beside.rollback()
    assert importing.import_results(session, file).added == 1


@pytest.mark.django_db(transaction=True)
def test_entries_files_are_loaded_one_after_another(tmp_path, beside, impatient):
    """Else two files could bring the same ID Number, or the same new centre, at once."""
    first, second = factories.session("B2F", code="FIRST"), factories.session("B2F", code="SECOND")
    file = write(tmp_path / "entries.csv", [entry_row(1, preparation_centre="Scuola Nuova")])
    inside, go_on = threading.Event(), threading.Event()

    class Slow(importing.entries.EntryFile):
        def store(self, cursor):
            super().store(cursor)
            inside.set()
            assert go_on.wait(WAIT)

    def load_slowly():
        try:
            return Slow(first).load(file, dry_run=False, progress=None)
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        loading = pool.submit(load_slowly)
        assert inside.wait(WAIT)
        with pytest.raises(OperationalError, match="lock timeout"):
            importing.import_entries(second, file)
        go_on.set()
        assert loading.result().added == 1
    assert "entered for session FIRST" in str(load_entries(second, file).faults)


@pytest.mark.django_db(transaction=True)
def test_who_registers_while_the_file_is_loaded_keeps_the_secret_number(tmp_path, beside):
    session = factories.session("B2F")
    load_entries(session, write(tmp_path / "entries.csv", [entry_row(1)]))
    user = factories.candidate()
    beside.execute("UPDATE results_entry SET user_id = %s WHERE id_number = 'SIR000001'", [user.pk])

    def load():
        try:
            changed = entry_row(1, secret_number="9999", family_name="Verdi")
            return load_entries(session, write(tmp_path / "entries.csv", [changed]))
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        loading = pool.submit(load)
        wait_until_somebody_waits(beside)
        beside.commit()
        assert loading.result(WAIT).changed == 1
    entry = Entry.objects.get()
    assert (entry.user, entry.family_name) == (user, "Verdi")
    assert entry.secret_digest == digest_secret_number("SIR000001", "7001")


def wait_until_somebody_waits(other: psycopg.Connection) -> None:
    with psycopg.connect(plugin.urls["owner"], autocommit=True) as watch:
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
        for _try in range(WAIT * 50):
            if watch.execute(blocked, [other.info.backend_pid]).fetchone()[0]:
                return
            threading.Event().wait(0.02)
    pytest.fail("nobody waited")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after", [0, 2], ids=["at once", "in the middle"])
def test_a_load_that_is_broken_off_stores_nothing_and_can_be_done_again(tmp_path, after):
    session = factories.session("B2F")
    file = write(tmp_path / "entries.csv", [entry_row(n) for n in range(1, 2001)])
    before = whole_database()
    told = []

    def break_off(done, total):
        told.append(done)
        if len(told) > after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.import_entries(session, file, progress=break_off)
    assert whole_database() == before
    assert load_entries(session, file).added == 2000


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_of_the_temporary_tables(tmp_path):
    session = factories.session("B2F")
    file = write(tmp_path / "entries.csv", [entry_row(1)])
    for _again in range(2):
        load_entries(session, file, dry_run=True)
        load_entries(session, file)
        load_entries(session, write(tmp_path / "faulty.csv", [entry_row(1, id_number="?")]))
        load_results(session, write(tmp_path / "results.csv", [result_row("B2F")]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()")
        assert cursor.fetchall() == []
