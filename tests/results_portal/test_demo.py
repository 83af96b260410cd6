"""`make demo`, as a person starts and stops it."""

import csv
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FACES = ("candidates", "centres", "staff")
START_TIMEOUT = 120  # seconds
STOP_TIMEOUT = 30


class Demo:
    """A demo in a folder of its own, with an embedded server of its own."""

    def __init__(self, var: Path):
        self.var = var
        with socket.socket() as a, socket.socket() as b, socket.socket() as c:
            for probe in (a, b, c):
                probe.bind(("127.0.0.1", 0))
            self.ports = dict(zip(FACES, (probe.getsockname()[1] for probe in (a, b, c)), strict=True))

    def start(self) -> subprocess.Popen:
        ours = (
            "PORTAL_",
            "CENTRE_",
            "CENTRES_",
            "CANDIDATES_",
            "STAFF_",
            "EMAIL_",
            "DATABASE_URL",
            "STATIC_ROOT",
        )
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        environment |= {"PORTAL_VAR": str(self.var)}
        environment |= {f"{face.upper()}_PORT": str(port) for face, port in self.ports.items()}
        log = self.var / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "results_portal.demo"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=output,
            )
        end = time.monotonic() + START_TIMEOUT
        while "The demo is up" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        return process

    def processes(self) -> list[str]:
        """The command lines of all processes that belong to this demo."""
        found = []
        mark = f"PORTAL_VAR={self.var}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if str(self.var) in command or mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append(command)
            except OSError:  # gone meanwhile, or another user's
                continue
        return found

    def wait_until_gone(self) -> None:
        end = time.monotonic() + STOP_TIMEOUT
        while self.processes():
            assert time.monotonic() < end, self.processes()
            time.sleep(0.1)

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.var / "demo" / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes as Linux lists them")
def test_the_demo_comes_up_keeps_what_was_done_and_leaves_nothing_running(tmp_path_factory):
    demo = Demo(tmp_path_factory.mktemp("demo"))
    process = demo.start()
    slips = demo.rows("slips.csv")
    columns = "id_number secret_number session opens_at family_name given_names registered password"
    assert list(slips[0]) == columns.split()
    assert Counter(slip["session"] for slip in slips).keys() == {
        "B2F-DEMO", "A2KS-DEMO", "C1A-DEMO", "B1P-DEMO", "YLM-DEMO", "A2KS-PAST", "B1P-PAST",
    }  # fmt: skip
    assert 290 <= len(slips) <= 320
    assert {slip["registered"] for slip in slips} == {"yes", "no"}
    assert all((slip["password"] != "") == (slip["registered"] == "yes") for slip in slips)
    passwords = Counter(slip["password"] for slip in slips if slip["password"])
    assert sorted(passwords.values())[-3:] == [1, 2, 3]  # two candidates with several exams
    assert list(demo.rows("staff.csv")[0]) == ["email", "password", "totp_secret"]
    for port in demo.ports.values():
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).status == 200
    assert any("postgres" in command for command in demo.processes())

    process.send_signal(signal.SIGINT)
    assert process.wait(STOP_TIMEOUT) == 0
    demo.wait_until_gone()

    process = demo.start()
    assert demo.rows("slips.csv") == slips
    process.send_signal(signal.SIGKILL)
    process.wait()
    demo.wait_until_gone()
