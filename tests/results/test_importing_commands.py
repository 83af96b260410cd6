"""manage.py import_entries and import_results: what they print, where, and how they end."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from results.models import Entry, Statement
from tests import factories, plugin
from tests.conftest import database_role
from tests.results.loading import entry_row, result_row, whole_database, write


def run(command: str, *arguments) -> tuple[str, str]:
    """Run a command with the rights of the staff face; what it wrote to stdout and to stderr."""
    out, err = StringIO(), StringIO()
    with database_role("portal_staff"):
        call_command(command, *map(str, arguments), stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def session(db):
    return factories.session("B2F", code="B2F-2026-06", approved=False)


@pytest.fixture
def entries(tmp_path) -> Path:
    return write(tmp_path / "entries.csv", [entry_row(1), entry_row(2, preparation_centre="Scuola Nuova")])


@pytest.fixture
def results(tmp_path) -> Path:
    return write(tmp_path / "results.xlsx", [result_row("B2F", 1), result_row("B2F", 2, result="A")])


def test_the_summary_is_printed_and_warnings_apart(session, entries, results):
    out, err = run("import_entries", "B2F-2026-06", entries)
    assert out == "Stored: 2 added, 0 changed, 0 unchanged.\n"
    assert err == (
        "Warning: Row 3, column preparation_centre, “Scuola Nuova”: a new preparation centre,"
        " which will be added with 1 entry.\n"
    )
    assert run("import_results", "B2F-2026-06", results) == (
        "Stored: 2 added, 0 changed, 0 unchanged.\n2 statements of this session wait for approval.\n",
        "Warning: Row 3, column result, “A”: an overall score of 173 gives B.\n",
    )
    assert run("import_entries", "B2F-2026-06", entries) == (
        "Nothing changed: 2 rows of the file, all stored already.\n",
        "",
    )


def test_a_dry_run_says_that_nothing_was_stored(session, entries):
    before = whole_database()
    out, _err = run("import_entries", "B2F-2026-06", entries, "--dry-run")
    assert out == "Nothing was stored (dry run).\nIt would be: 2 added, 0 changed, 0 unchanged.\n"
    assert whole_database() == before


def test_faults_end_the_command_with_a_line_each(session, tmp_path):
    rows = [entry_row(n, secret_number="1") for n in range(1, 121)]
    with pytest.raises(CommandError) as refused:
        run("import_entries", "B2F-2026-06", write(tmp_path / "entries.csv", rows))
    lines = str(refused.value).splitlines()
    assert refused.value.returncode == 1
    assert lines[0] == "Nothing was stored: the file has 120 faults."
    assert len(lines) == 102
    assert lines[1].startswith("Row 2, column secret_number, “••••”: ")
    assert lines[-1] == "… and 20 more"


def test_an_unknown_session_is_said(db, entries):
    with pytest.raises(CommandError, match="There is no session “B2F-1999”"):
        run("import_entries", "B2F-1999", entries)


def test_the_history_names_the_command_and_the_file(session, entries):
    run("import_entries", "B2F-2026-06", entries)
    event = Entry.pgh_event_models["insert"].objects.first()
    assert event.pgh_context.items() >= {"command": "import_entries", "file": "entries.csv"}.items()


# --- As it is called in a shell ----------------------------------------------------------------------


def manage(*arguments, **options) -> subprocess.Popen:
    """Start manage.py with the login of the staff face."""
    command = [sys.executable, "manage.py", *map(str, arguments)]
    env = os.environ | {"DATABASE_URL": plugin.urls["staff"], "PORTAL_FACE": "staff"}
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, text=True, **options)


def outcome(*arguments) -> tuple[int, str, str]:
    """Its exit status, and what it wrote to stdout and to stderr."""
    with manage(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = process.communicate()
    return process.returncode, out, err


@pytest.mark.django_db(transaction=True)
def test_in_a_shell_it_ends_with_0_or_1_and_never_with_a_traceback(tmp_path):
    factories.session("B2F", code="B2F-2026-06")
    sound = write(tmp_path / "entries.csv", [entry_row(1)])
    faulty = write(tmp_path / "faulty.csv", [entry_row(2, date_of_birth="?")])
    results = write(tmp_path / "results.csv", [result_row("B2F")])

    # Nothing on stderr: no progress bar where nobody watches.
    assert outcome("import_entries", "B2F-2026-06", sound) == (
        0,
        "Stored: 1 added, 0 changed, 0 unchanged.\n",
        "",
    )
    status, out, err = outcome("import_entries", "B2F-2026-06", faulty)
    assert (status, out) == (1, "")
    assert err == (
        "CommandError: Nothing was stored: the file has 1 fault.\n"
        "Row 2, column date_of_birth, “?”: not a date in this form."
        " Expected: a date such as 2010-03-14 (year, month, day).\n"
    )
    assert Entry.objects.count() == 1
    assert outcome("import_results", "B2F-2026-06", results)[0] == 0
    assert Statement.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_terminal_sees_a_progress_bar(tmp_path):
    factories.session("B2F", code="B2F-2026-06")
    file = write(tmp_path / "entries.csv", [entry_row(n) for n in range(1, 2001)])
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with manage("import_entries", "B2F-2026-06", file, stdout=subprocess.DEVNULL, stderr=theirs):
        os.close(theirs)
        seen = b""
        with suppress(OSError):  # how Linux ends a terminal that nobody writes to any more
            while piece := os.read(ours, 4096):
                seen += piece
    os.close(ours)
    assert "Reading   0% |" in seen.decode()
    assert "Storing 100% |" in seen.decode()


def test_a_correction_of_published_results_needs_its_reason_and_names_who_loads_it(
    session, entries, results, tmp_path
):
    run("import_entries", "B2F-2026-06", entries)
    run("import_results", "B2F-2026-06", results)
    factories.approve_by_two(session.release)
    corrected = write(tmp_path / "corrected.csv", [result_row("B2F", 1, speaking=190)])
    with pytest.raises(CommandError, match="corrects 1 published result"):
        run("import_results", "B2F-2026-06", corrected)
    officer = factories.officer()
    run("import_results", "B2F-2026-06", corrected, "--reason", "Enquiry", "--by", officer.email.upper())
    newest = Statement.objects.get(version=2)
    assert (newest.reason, newest.made_by) == ("Enquiry", officer)


def test_who_loads_a_file_is_of_the_exams_office(session, entries, results):
    run("import_entries", "B2F-2026-06", entries)
    with pytest.raises(CommandError, match="has no account nobody@example"):
        run("import_results", "B2F-2026-06", results, "--by", "nobody@example.org")
    with pytest.raises(CommandError, match="200 characters"):
        run("import_results", "B2F-2026-06", results, "--reason", "x" * 201)
    assert not Statement.objects.exists()
