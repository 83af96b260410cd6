"""An officer's way from the file to the release, by two people, as docs/staff.md tells it.

`make screenshots` runs it and writes the guide's pictures (docs/staff/<language>/).
"""

import csv
import os
import random
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from results_portal.demo.data import FAMILY_NAMES, GIVEN_NAMES
from tests.browser.conftest import ROOT, Demo, check_page, log_in_office

pytestmark = pytest.mark.browser

WINDOW = {"width": 1100, "height": 800}
SKILLS = ("reading", "use_of_english", "writing", "listening", "speaking")
CANDIDATES = 40
LETTERS = {"en": "EN", "it": "IT"}  # of the ID Numbers: each language walks with a session of its own


class Guide:
    """Takes the numbered pictures, if there is a folder for them."""

    def __init__(self, language: str):
        self.folder = ROOT / "docs" / "staff" / language if os.environ.get("SCREENSHOTS") else None
        self.number = 0

    def picture(self, page: Page, name: str, *, full_page: bool = False) -> None:
        check_page(page)
        self.number += 1
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self.folder / f"{self.number:02d}-{name}.png", full_page=full_page)


def write(path: Path, rows: list[dict]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def entries(letters: str) -> list[dict]:
    chance = random.Random(letters)  # noqa: S311 (names for pictures)
    return [
        {
            "id_number": f"GD{letters}{70001 + number}",
            "candidate_number": f"{7001 + number}",
            "family_name": chance.choice(FAMILY_NAMES),
            "given_names": chance.choice(GIVEN_NAMES),
            "date_of_birth": "2009-05-17",
            "preparation_centre": chance.choice(("RMPS01", "RMSL03")),
        }
        for number in range(CANDIDATES)
    ]


def results(letters: str) -> list[dict]:
    rows = []
    for number, entry in enumerate(entries(letters)):
        score = 152 + number
        result, cefr = next(
            band
            for low, *band in ((180, "A", "C1"), (173, "B", "B2"), (160, "C", "B2"), (140, "LEVEL", "B1"))
            if score >= low
        )
        rows.append(
            {
                "id_number": entry["id_number"],
                "status": "result",
                **dict.fromkeys(SKILLS, min(score, 190)),
                "overall": min(score, 190),
                "result": result,
                "cefr": cefr,
            }
        )
    return rows


def fill_session(page: Page, code: str, opens_at: datetime) -> None:
    page.fill("#id_code", code)
    page.select_option("#id_exam", "B2F")
    page.fill("#id_title", f"{opens_at:%B %Y}")
    page.fill("#id_letter", "X")
    page.fill("#id_exam_date", f"{opens_at - timedelta(days=40):%Y-%m-%d}")
    page.fill("#id_place", "Roma")
    page.fill("#id_release-0-opens_at_0", f"{opens_at:%Y-%m-%d}")
    page.fill("#id_release-0-opens_at_1", f"{opens_at:%H:%M}")


def send_file(page: Page, demo: Demo, session: str, kind: str, file: Path) -> None:
    """Choose a file for the session, send it, and wait until it is checked."""
    page.goto(f"{demo.urls['staff']}/admin/results/upload/add/?session={session}")
    page.check(f"input[name=kind][value={kind}]")
    page.set_input_files("input[type=file]", file)
    page.click("#content-main [type=submit]")
    page.wait_for_selector(".standing-upload-checked, .standing-upload-refused")


def load_file(page: Page) -> None:
    page.click("form[action$='/load/'] [type=submit]")
    page.wait_for_selector(".standing-upload-loaded")


@pytest.mark.parametrize("language", ["it", "en"])
def test_an_officer_gets_from_the_file_to_the_release(demo, open_page, tmp_path, language):
    guide, letters, code = Guide(language), LETTERS[language], f"B2F-GUIDE-{language.upper()}"
    officer, colleague = demo.people("staff")[:2]
    staff = demo.urls["staff"]
    page = open_page(language, WINDOW)
    log_in_office(page, demo, officer)
    guide.picture(page, "home")

    # The session and its time
    page.goto(f"{staff}/admin/results/examsession/add/")
    opens_at = datetime.now(ZoneInfo("Europe/Rome")).replace(hour=10, minute=0) + timedelta(days=7)
    fill_session(page, code, opens_at)
    guide.picture(page, "session")
    page.click("input[name=_continue]")
    session = page.url.rstrip("/").split("/")[-2]

    # The files
    send_file(page, demo, session, "entries", write(tmp_path / "entries.csv", entries(letters)))
    load_file(page)
    faulty = results(letters)
    faulty[3]["speaking"] = -faulty[3]["speaking"]
    send_file(page, demo, session, "results", write(tmp_path / "results.csv", faulty))
    guide.picture(page, "faults")
    rows = results(letters)
    rows[5]["overall"] += 1
    send_file(page, demo, session, "results", write(tmp_path / "results.csv", rows))
    guide.picture(page, "preview", full_page=True)
    load_file(page)
    guide.picture(page, "loaded")

    # Slips
    page.goto(f"{staff}/admin/results/slipissue/session/{session}/")
    guide.picture(page, "slips")

    # The control room, and what candidates will see
    room = f"{staff}/admin/results/examsession/{session}/control-room/"
    page.goto(room)
    guide.picture(page, "control-room", full_page=True)
    page.click("a[href*='/admin/preview/candidates/'] >> nth=0")
    page.wait_for_selector(".statement")
    guide.picture(page, "candidate-preview")

    # Two people
    approve(page, room)
    guide.picture(page, "first-approval")
    second = open_page(language, WINDOW)
    log_in_office(second, demo, colleague)
    second.goto(room)
    second.click("a[href$='/approve/']")
    guide.picture(second, "approve", full_page=True)
    second.click("button[name=sure]")
    second.wait_for_selector(".messagelist .success")
    second.goto(room)
    guide.picture(second, "approved")

    # A stop
    second.click("a[href*='/stop/session/']")
    second.fill("#id_reason", "Speaking marks to be checked")
    guide.picture(second, "stop")
    second.click("button[name=sure]")
    second.wait_for_selector(".messagelist .success")
    second.goto(room)
    guide.picture(second, "stopped")
    second.click("a[href$='/lift/'] >> nth=0")
    second.click("button[name=sure]")
    second.wait_for_selector(".messagelist .success")

    # A correction of what is published
    published = demo.slips("B2F-DEMO", registered="yes")[0]["id_number"]
    page.goto(f"{staff}/admin/results/entry/?q={published}")
    page.click("#result_list tbody th a")
    page.click("a[href$='/correct/']")
    page.select_option("#id_status", "withheld")
    page.select_option("#id_reason", "marking")
    page.click("#content-main button[type=submit]")
    page.wait_for_selector("button[name=sure]")
    guide.picture(page, "correction")

    # Somebody on the telephone
    page.goto(f"{staff}/admin/help-desk/?q={published}")
    guide.picture(page, "help-desk")


def approve(page: Page, room: str) -> None:
    """Approve, and come back to the control room."""
    page.goto(room)
    page.click("a[href$='/approve/']")
    page.click("button[name=sure]")
    page.wait_for_selector(".messagelist .success")
    page.goto(room)
