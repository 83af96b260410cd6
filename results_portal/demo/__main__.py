"""`make demo`: the whole portal on this machine, from an empty folder to three faces and two workers.

Everything is real: PostgreSQL (embedded, or on the server that DATABASE_URL names), a login of its own for
each process, gunicorn, the queue, SMTP. Ctrl-C stops whatever was started; what was done stays under var/.
"""

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from urllib.parse import urlsplit

from results_portal.bootstrap import bootstrap, drop
from results_portal.demo import mailserver, signing
from results_portal.demo.data import FOLDER, ROOT, SLIPS, STAFF, VAR, sign_ins
from results_portal.embedded import EmbeddedError, Server, die_with_parent

ENV_FILE = FOLDER / "env"
MAIL = VAR / "mail"
MATERIAL = VAR / "material"
POSTGRES = VAR / "postgres"
FACES = {"candidates": 8000, "centres": 8001, "staff": 8002}
SECRETS = ("PORTAL_SECRET_KEY", "PORTAL_SECRET_NUMBER_KEY", "PORTAL_PASSWORD_PEPPER")
READY_TIMEOUT = 30  # seconds
STOP_TIMEOUT = 15  # seconds


class Stop(Exception):  # noqa: N818
    """Why the demo ends; shown to the person who started it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--reset", action="store_true", help="forget everything and start over")
    reset = parser.parse_args().reset
    die_with_parent(signal.SIGTERM, os.getppid())()  # make, which a kill -9 may have ended
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)
    try:
        with ExitStack() as running:
            _run(running, reset=reset)
    except KeyboardInterrupt:
        print("\nThe demo has stopped. `make demo` goes on where you left it.")
        return 0
    except (Stop, EmbeddedError) as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1


def _run(running: ExitStack, *, reset: bool) -> None:
    ports = {face: int(os.environ.get(f"{face.upper()}_PORT", port)) for face, port in FACES.items()}
    _check_free(ports)
    started = time.monotonic()
    if reset:
        for folder in (FOLDER, MAIL, MATERIAL):
            shutil.rmtree(folder, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o700)

    _say("Database …")
    urls = _database(running, reset=reset)
    mail = mailserver.start(MAIL)
    running.callback(mail.stop)
    environment = _environment(ports, urls["staff"], mail.port)
    _write_env(environment)
    as_owner = {**os.environ, **environment, "DATABASE_URL": urls["owner"]}

    _say("Tables, static files …")
    _manage(as_owner, "migrate", "--verbosity=0")
    _manage(as_owner, "collectstatic", "--noinput", "--verbosity=0")
    _say("Demo data …")
    _manage(as_owner, "-m", "results_portal.demo.data")

    _say("The three faces and the two workers …")
    processes = {
        # Who sends mails sees no marks; who loads files sees them as the staff's face does.
        f"{name} worker": _start(running, environment | {"DATABASE_URL": urls[login]}, _worker(queues))
        for name, login, queues in (("mail", "worker", "mail,sweep"), ("office", "staff", "office,packs"))
    }
    for face, port in ports.items():
        of_face = {**environment, "PORTAL_FACE": face, "DATABASE_URL": urls[face]}
        if face != "candidates":
            of_face["WEB_WORKERS"] = "1"
        processes[face] = _start(running, of_face, _gunicorn(port))
    for face, port in ports.items():
        _wait_until_up(face, port, processes[face])
    _print_welcome(ports, time.monotonic() - started)
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                raise Stop(
                    f"The process “{name}” has ended (status {process.returncode}); so the demo stops."
                )
        time.sleep(0.5)


def _database(running: ExitStack, *, reset: bool) -> dict[str, str]:
    """Database URLs by login, on the given server or an embedded one."""
    if given := os.environ.get("DATABASE_URL"):
        name = f"{urlsplit(given).path.strip('/') or 'portal'}_demo"
        admin_url = given
    else:
        name = "portal_demo"
        admin_url = running.enter_context(Server(POSTGRES)).url()
    if reset:
        drop(admin_url, name)
    return bootstrap(admin_url, name)


def _environment(ports: dict[str, int], database_url: str, mail_port: int) -> dict[str, str]:
    """The demo's settings; its keys are made at the first start and kept."""
    known = _read_env()
    return {
        **{name: known.get(name) or secrets.token_urlsafe(48) for name in SECRETS},
        **signing.keep_in(FOLDER),
        "DJANGO_SETTINGS_MODULE": "results_portal.settings",
        "PORTAL_FACE": "staff",
        "PORTAL_HTTPS": "off",
        "STATIC_ROOT": str(VAR / "static"),
        "MATERIAL_ROOT": str(MATERIAL),
        "DATABASE_URL": database_url,
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        "EXTRA_ALLOWED_HOSTS": "localhost,127.0.0.1",
        "CENTRE_NAME": "Centro Esami Sirio",
        "CENTRE_NUMBER": "IT024",
        "CENTRE_EMAIL": "esami@sirio.example",
        "CENTRE_PHONE": "+39 06 5550 0100",
        "CENTRE_ADDRESS": "Via delle Stelle 24, 00100 Roma",
        **{f"{face.upper()}_URL": _url(face, port) for face, port in ports.items()},
    }


def _url(face: str, port: int) -> str:
    """Passkeys belong to a host name: browsers take localhost for one, but no address."""
    return f"http://{'localhost' if face == 'staff' else '127.0.0.1'}:{port}"


def _read_env() -> dict[str, str]:
    if not ENV_FILE.is_file():
        return {}
    pairs = (line.partition("=") for line in ENV_FILE.read_text(encoding="utf-8").splitlines())
    return {name: value.strip('"') for name, _equals, value in pairs}


def _write_env(environment: dict[str, str]) -> None:
    """For `manage.py` beside the running demo."""
    ENV_FILE.touch(mode=0o600)
    ENV_FILE.write_text(
        "".join(f'{name}="{value}"\n' for name, value in environment.items()), encoding="utf-8"
    )


def _check_free(ports: dict[str, int]) -> None:
    for face, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise Stop(
                    f"Port {port} is taken (is a demo running already?). Choose another for the {face}: "
                    f"make demo {face.upper()}_PORT=9000"
                ) from None


def _manage(environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, *(arguments if arguments[0] == "-m" else ("manage.py", *arguments))]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
        raise Stop(f"`{' '.join(arguments)}` failed; its message stands above.")


def _start(running: ExitStack, environment: dict[str, str], command: list[str]) -> subprocess.Popen:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        # At once: with the database gone, too, the worker would wait for it.
        preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 (it calls the kernel only)
        start_new_session=True,  # Ctrl-C reaches this process alone, which then stops the others in order
    )
    running.callback(_end, process)
    return process


def _end(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _gunicorn(port: int) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", "results_portal.wsgi", "--config", "deploy/gunicorn.conf.py",
        "--bind", f"127.0.0.1:{port}", "--log-level", "warning",
    ]  # fmt: skip


def _worker(queues: str) -> list[str]:
    work = ["procrastinate", "worker", "--queues", queues, "--concurrency", "4"]
    return [sys.executable, "manage.py", *work, "--delete-jobs", "successful"]


def _wait_until_up(face: str, port: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + READY_TIMEOUT
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise Stop(f"The {face}’ site did not come up; its messages stand above.")


def _print_welcome(ports: dict[str, int], seconds: float) -> None:
    print(f"\nThe demo is up ({seconds:.0f} s). Ctrl-C stops it; `make demo-reset` starts over.\n")
    for face, port in ports.items():
        print(f"  {face:<11} {_url(face, port)}/")
    print()
    for line in sign_ins():
        print(f"  {line}")
    print("\n  The code of the second step, without a phone: make demo-code")
    print(f"\n  Every slip: {SLIPS} · staff: {STAFF} · mail: {MAIL}/\n", flush=True)


def _say(words: str) -> None:
    print(words, flush=True)


def _interrupt(*_signal) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
