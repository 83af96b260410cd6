"""The demo, brought up for real, and Chromium in front of it."""

import csv
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from results_portal import bootstrap
from results_portal.demo.code import STEP, code_of
from tests import plugin

ROOT = Path(__file__).resolve().parents[2]
UP = "The demo is up"
START_TIMEOUT = 120  # seconds
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}


@dataclass
class Demo:
    """A running demo: the addresses of its faces, and its folder."""

    urls: dict[str, str]
    var: Path
    office_cookies: dict[str, list[dict]] = field(default_factory=dict)  # by the person's address

    def slips(self, session: str, **facts: str) -> list[dict[str, str]]:
        with (self.var / "demo" / "slips.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["session"] == session]
        return [row for row in rows if facts.items() <= row.items()]

    def people(self, name: str) -> list[dict[str, str]]:
        with (self.var / "demo" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def mail_to(self, address: str, within: float = 20) -> Path:
        """The mail that arrived for an address; waits for it."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            if found := sorted((self.var / "mail").glob(f"*{address}.eml")):
                return found[-1]
            time.sleep(0.1)
        raise AssertionError(f"no mail to {address} within {within} s")

    def manage(self, *arguments: str) -> str:
        """Run a management command beside the demo, as its README says."""
        lines = (self.var / "demo" / "env").read_text(encoding="utf-8").splitlines()
        environment = {
            name: value.strip('"') for name, _equals, value in (line.partition("=") for line in lines)
        }
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def session_that_opens_in(self, seconds: int, code: str, folder: Path) -> list[dict[str, str]]:
        """Load a B2 First session of three candidates by the commands, as staff do; returns its slips."""
        opens_at = datetime.now(UTC) + timedelta(seconds=seconds)
        slips = [
            {"id_number": f"{code[:3]}10000{n}", "secret_number": f"100{n}", "candidate_number": f"100{n}",
             "family_name": "Kuvetto", "given_names": name, "date_of_birth": "2010-03-14",
             "preparation_centre": ""}
            for n, name in enumerate(("Zoë", "Bruno", "Ada"))
        ]  # fmt: skip
        results = [
            {"id_number": slip["id_number"], "status": "result", "overall": 177, "result": "B", "cefr": "B2",
             **dict.fromkeys(("reading", "use_of_english", "writing", "listening", "speaking"), 177)}
            for slip in slips
        ]  # fmt: skip
        for name, rows in (("entries", slips), ("results", results)):
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, rows[0])
                writer.writeheader()
                writer.writerows(rows)
        self.manage(
            "create_session", code, "--exam", "B2F", "--title", "June 2026", "--exam-date", "2026-06-13",
            "--place", "Roma", "--opens-at", opens_at.isoformat(),
        )  # fmt: skip
        self.manage("import_entries", code, str(folder / "entries.csv"))
        self.manage("import_results", code, str(folder / "results.csv"))
        for person in self.people("staff")[:2]:
            self.manage("approve_release", code, "--by", person["email"])
        return slips


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """`make demo`, in a folder and a database of its own, until the tests are over."""
    var = tmp_path_factory.mktemp("demo")
    ports = {face: _free_port() for face in ("candidates", "centres", "staff")}
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PORTAL_", "CENTRE_", "EMAIL_"))
        },
        "PORTAL_VAR": str(var),
        "DATABASE_URL": plugin.admin_url,
        **{f"{face.upper()}_PORT": str(port) for face, port in ports.items()},
    }
    log = (var / "log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "results_portal.demo"], cwd=ROOT, env=environment, stdout=log, stderr=log
    )
    try:
        end = time.monotonic() + START_TIMEOUT
        while UP not in (var / "log").read_text():
            assert process.poll() is None, (var / "log").read_text()
            assert time.monotonic() < end, (var / "log").read_text()
            time.sleep(0.2)
        yield Demo({face: f"http://127.0.0.1:{port}" for face, port in ports.items()}, var)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        log.close()
        bootstrap.drop(plugin.admin_url, f"{urlsplit(plugin.admin_url).path.strip('/')}_demo")


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("The browser tests need Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser):
    """open_page(language, viewport, dark, javascript): a page of a new browser that complains of nothing.

    Whatever the browser reports (errors, refused scripts and styles, requests to other hosts) fails the test.
    """
    contexts, complaints = [], []

    def open_one(language="en", viewport=DESKTOP, *, dark=False, javascript=True) -> Page:
        context = browser.new_context(
            locale={"en": "en-GB", "it": "it-IT"}[language],
            viewport=viewport,
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
        )
        # As after the language switch: the demo's accounts are Italian, and a choice in the browser wins.
        context.add_cookies([{"name": "language", "value": language, "domain": "127.0.0.1", "path": "/"}])
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if urlsplit(request.url).hostname in {"127.0.0.1", "localhost"}
                else complaints.append(f"asked {request.url}")
            ),
        )
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [each for each in complaints if "status of 4" not in each] == []


def check_page(page: Page) -> None:
    """No violation that axe finds, and no scrolling sideways."""
    # Without preload: axe would put the admin's imported styles into the page, which the CSP refuses.
    results = Axe().run(page, options={"preload": False})
    assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} scrolls {wide} px sideways"


def log_in(page: Page, url: str, slip: dict[str, str]) -> None:
    page.goto(url)
    page.fill("#id_username", slip["id_number"])
    page.fill("#id_password", slip["password"])
    page.click("main form button[type=submit]")
    page.wait_for_url("**/statement/")


def log_in_office(page: Page, demo: Demo, person: dict[str, str], path: str = "/admin/") -> None:
    """Sign in on the staff face, with password and code, and go to a page.

    A code works once, so who signed in before in this run goes on with the same session.
    person: a row of demo.people("staff").
    """
    url = demo.urls["staff"]
    page.context.add_cookies(demo.office_cookies.get(person["email"], []))
    page.goto(url + path)
    if page.locator("#id_password").count():
        page.fill("#id_username", person["email"])
        page.fill("#id_password", person["password"])
        page.click("#login-form [type=submit]")
        page.wait_for_selector("#id_code")
        give_code(page, person)
        page.wait_for_url(url + path)
        cookies = [each for each in page.context.cookies() if each["name"] == "staff_session"]
        demo.office_cookies[person["email"]] = cookies


def give_code(page: Page, person: dict[str, str]) -> None:
    """Type the code of the second step; one that was used already is followed by the next."""
    page.fill("#id_code", code_of(person["totp_secret"]))
    page.click("#content-main .submit-row [type=submit]")
    page.wait_for_load_state()
    if page.locator("#id_code_error").count():
        page.wait_for_timeout((STEP - time.time() % STEP) * 1000)
        give_code(page, person)
