"""The exams office puts material on the shelf: forms, files, rights; and files that never arrive whole."""

import os
import re
import socket
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from centres import receiving, shelving, storing, tasks
from centres.models import Download, Material
from results_portal.office import APPROVER, AUDITOR, EDITOR, HELP_DESK, OFFICER
from results_portal.roles import STAFF
from tests import factories, plugin
from tests.centres import files
from tests.conftest import FaceClient
from tests.mailbox import work
from tests.office import save, shown_on

pytestmark = pytest.mark.django_db

LIST = "/admin/centres/material/"
ADD = f"{LIST}add/"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def root(settings, tmp_path) -> Path:
    settings.MATERIAL_ROOT = tmp_path / "material"
    return settings.MATERIAL_ROOT


@pytest.fixture
def editor():
    return factories.officer(EDITOR)


@pytest.fixture
def office(staff_face, editor) -> FaceClient:
    staff_face.force_login(editor)
    return staff_face


def page_of(response) -> str:
    assert response.status_code == 200, response
    return response.content.decode()


def form(**changed) -> dict:
    """What the browser sends before the file."""
    return {
        "title_it": "Prova d’ascolto",
        "title_en": "Listening paper",
        "description_it": "",
        "description_en": "",
        "exams": ["B2F", "B2FS"],
        "skills": ["listening"],
        "kind": "audio",
        "published": "on",
    } | changed


def a_file(content: bytes = files.PDF, name: str = "paper.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/octet-stream")


def add(face, **changed):
    return face.post(ADD, form(**changed), follow=True)


def change_page(material: Material) -> str:
    return f"{LIST}{material.pk}/change/"


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """What is done with it is done for good: `with committed():`."""
    return partial(django_capture_on_commit_callbacks, execute=True)


def lying() -> set[str]:
    """Names of all files in the store, unfinished ones too."""
    return {path.name for path in Path(django_settings.MATERIAL_ROOT).rglob("*") if path.is_file()}


# --- On the shelf ----------------------------------------------------------------------------------------


def test_an_editor_adds_material_and_the_centres_have_it(office, editor):
    page = page_of(add(office, file=a_file(files.wav(), "Ascolto 1.wav")))
    assert "was added successfully." in page
    material = Material.objects.get()
    assert (material.exams, material.skills, material.kind) == (["B2F", "B2FS"], ["listening"], "audio")
    assert (material.file_name, material.media_type) == ("Ascolto 1.wav", "audio/wav")
    assert (material.size, material.sha256) == (len(files.wav()), sha256(files.wav()).hexdigest())
    assert material.uploaded_by == editor
    assert lying() == {material.stored_name}
    # Published after the moment at which this test's transaction began, which is its database's now().
    Material.objects.update(published_at=factories.database_now())
    school = FaceClient("centres")
    school.force_login(factories.member(factories.centre()))
    assert b"".join(school.get(f"/material/{material.public_id}/file/")) == files.wav()


def test_material_that_is_not_published_yet_waits(office):
    page_of(add(office, file=a_file(), published=""))
    assert Material.objects.get().published_at is None
    shelf = Material.objects.all()
    page = page_of(
        office.post(LIST, {"action": "publish", "_selected_action": [shelf.get().pk]}, follow=True)
    )
    assert "1 was published." in page
    assert Material.objects.published().count() == 1
    office.post(LIST, {"action": "hide", "_selected_action": [shelf.get().pk]})
    assert Material.objects.published().count() == 0


def test_a_change_of_words_leaves_the_file_and_since_when_it_is_there_alone(office):
    material = factories.material()
    before = lying()
    page_of(save(office, change_page(material), form(title_en="Renamed", exams=["C1A"]), follow=True))
    changed = Material.objects.get()
    assert (changed.title_en, changed.exams) == ("Renamed", ["C1A"])
    for same in ("stored_name", "sha256", "published_at", "uploaded_at", "public_id"):
        assert getattr(changed, same) == getattr(material, same), same
    assert lying() == before
    page = page_of(office.get(f"{LIST}{material.pk}/history/"))
    assert "Exams: B2 First → C1 Advanced" in re.sub(r"\s+", " ", re.sub("<[^>]+>", "", page))


def test_another_file_is_a_new_version_under_the_same_address(office, editor, committed):
    material = factories.material(published_at=factories.database_now())
    with committed():
        page_of(save(office, change_page(material), form(file=a_file(files.png(), "map.png")), follow=True))
    changed = Material.objects.get()
    assert changed.public_id == material.public_id
    assert (changed.file_name, changed.media_type) == ("map.png", "image/png")
    assert changed.uploaded_at > material.uploaded_at
    assert changed.uploaded_by == editor
    assert lying() == {changed.stored_name} != {material.stored_name}


def test_deleting_takes_the_file_along_one_by_one_and_many_at_once(office, committed):
    one, *others = (factories.material() for _each in range(3))
    with committed():
        office.post(f"{LIST}{one.pk}/delete/", {"post": "yes"})
    assert lying() == {other.stored_name for other in others}
    chosen = {"action": "delete_selected", "_selected_action": [each.pk for each in others], "post": "yes"}
    with committed():
        page_of(office.post(LIST, chosen, follow=True))
    assert lying() == set()
    assert not Material.objects.exists()


def test_downloads_go_with_what_was_downloaded(office):
    material, centre = factories.material(), factories.centre()
    Download.objects.create(material=material, centre=centre, day=factories.database_now(), count=7)
    assert '<td class="field-downloaded">7</td>' in page_of(office.get(LIST))
    assert "Downloads: 7, from 1 centres." in page_of(office.get(change_page(material)))
    office.post(f"{LIST}{material.pk}/delete/", {"post": "yes"})
    assert not Download.objects.exists()


def test_an_older_page_does_not_undo_a_file_that_came_meanwhile(office, committed):
    material = factories.material()
    address = change_page(material)
    old_page = shown_on(office, address)
    with committed():
        save(office, address, form(title_en=material.title_en, file=a_file(files.png(), "a.png")))
    newer = Material.objects.get().stored_name
    page = page_of(office.post(address, old_page | form(file=a_file())))
    assert "Somebody changed this meanwhile" in page
    assert Material.objects.get().stored_name == newer
    assert lying() == {newer}


def test_staff_look_at_the_file_and_it_does_not_count(office):
    material = factories.material()
    response = office.get(f"{LIST}{material.pk}/file/")
    assert b"".join(response) == files.PDF.replace(files.PDF, b"%PDF-1.7\n%%EOF\n")
    assert "attachment" in response["Content-Disposition"]
    assert not Download.objects.exists()
    assert office.get(f"{LIST}999999/file/").status_code == 404


def test_the_list_filters_searches_and_costs_the_same_queries_for_many(office):
    factories.material(title_en="One", exams=["A2K"], skills=["speaking"], kind="audio")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(office.get(LIST))
        return len(captured)

    queries()
    with_one = queries()
    for n in range(3):
        factories.material(title_en=f"More {n}", published_at=None)
    assert queries() == with_one
    for query in ("exam=A2K", "skill=speaking", "published=yes", "kind__exact=audio", "q=one"):
        page = page_of(office.get(f"{LIST}?{query}"))
        assert "One" in page, query
        assert "More 1" not in page, query
    for query in ("exam=x", "skill=%00", "published=maybe", "q=%00", "kind__exact=x"):
        assert office.get(f"{LIST}?{query}").status_code in {200, 302}, query


# --- What is refused, and that nothing stays -------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"file": a_file(files.WINDOWS_PROGRAM)}, "This is a program, not material"),
        ({"file": a_file(files.PDF, "paper.mp3")}, "but it holds PDF"),
        ({"file": a_file(files.PDF[:40])}, "or it is damaged"),
        ({"file": a_file(b"x", "paper.exe")}, "Files of this kind are not taken"),
        ({"file": a_file(b"")}, "empty"),
        ({}, "This field is required"),
        ({"file": "a text"}, "This field is required"),
        ({"file": a_file(), "exams": []}, "This field is required"),
        ({"file": a_file(), "exams": ["XXX"]}, "not one of the available choices"),
        (
            {"file": a_file(), "skills": ["use_of_english"], "exams": ["A2K"]},
            "None of the exams reports this",
        ),
        ({"file": a_file(), "description_it": "Solo qui"}, "in both languages, or in neither"),
        ({"file": a_file(), "title_en": "x\x00"}, "Null characters are not allowed"),
        ({"file": a_file(), "title_en": ""}, "This field is required"),
        ({"file": a_file(), "kind": "x"}, "not one of the available choices"),
    ],
    ids=range(14),
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(office, changed, says):
    page = page_of(office.post(ADD, form(title_it="Titolo scritto a lungo") | changed))
    assert says in page
    assert "Titolo scritto a lungo" in page
    assert not Material.objects.exists()
    assert lying() == set()


def test_a_file_that_is_too_large_is_refused_and_what_was_typed_stays(office, monkeypatch):
    monkeypatch.setattr(receiving.MaterialFileHandler, "largest", 1_000_000)
    for content in (bytes(1_000_001), bytes(2_000_000)):  # found while it comes, and before
        page = page_of(office.post(ADD, form(title_it="Titolo scritto", file=a_file(content))))
        assert "The file is too large: more than 200 MB. Nothing was stored." in page
        assert "Titolo scritto" in page
        assert re.search(r'name="exams" value="B2F"[^>]* checked', page)
        assert lying() == set()


def test_a_refused_file_leaves_the_present_one_in_its_place(office):
    material = factories.material()
    for file in (a_file(files.LINUX_PROGRAM), a_file(files.PDF, "a.zip")):
        page_of(save(office, change_page(material), form(file=file)))
        assert Material.objects.get().stored_name == material.stored_name
        assert lying() == {material.stored_name}


def test_what_breaks_while_it_is_stored_leaves_no_file(editor, monkeypatch):
    material = factories.material()
    before = lying()
    monkeypatch.setattr(Material, "save", _no_room)
    with storing.Incoming() as incoming:
        incoming.write(files.PDF)
        with pytest.raises(RuntimeError, match="no room"):
            shelving.change(material, [], editor, incoming, "a.pdf")
    assert lying() == before


def _no_room(*_args, **_kwargs):
    raise RuntimeError("no room")


# --- Rights ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "may"), [(EDITOR, True), (OFFICER, True), (HELP_DESK, False), (APPROVER, False)]
)
def test_editors_and_officers_may_and_nobody_else(staff_face, group, may):
    material = factories.material()
    staff_face.force_login(factories.officer(group))
    expected = 200 if may else 403
    for address in (LIST, ADD, change_page(material), f"{LIST}{material.pk}/delete/"):
        assert staff_face.get(address).status_code == expected, address
    file = staff_face.get(f"{LIST}{material.pk}/file/")
    assert file.status_code == expected
    assert (b"".join(file).startswith(b"%PDF")) is may
    before = lying()
    add(staff_face, file=a_file())
    assert (lying() != before) is may


@pytest.mark.parametrize("group", [HELP_DESK, AUDITOR])
def test_the_verbs_ask_for_the_right_themselves(group):
    material, person = factories.material(), factories.officer(group)
    before = lying()
    with storing.Incoming() as incoming:
        incoming.write(files.PDF)
        for verb in (
            lambda: shelving.add(Material(), incoming, "a.pdf", person),
            lambda: shelving.change(material, ["title_en"], person, incoming, "a.pdf"),
            lambda: shelving.publish([material], person, shown=False),
            lambda: shelving.delete(material, person),
        ):
            with pytest.raises(ValidationError) as refusal:
                verb()
            assert refusal.value.code == "not_permitted"
    assert lying() == before


def test_nobody_without_the_right_and_the_second_factor_writes_to_the_disk(
    staff_face, root, editor, monkeypatch
):
    """Not even while it arrives: the file of who may not send one is passed over."""
    begun = []
    monkeypatch.setattr(receiving.MaterialFileHandler, "begin", begun.append)
    staff_face.post(ADD, form(file=a_file()))  # signed out
    staff_face.force_login(editor, verified=False)
    staff_face.post(ADD, form(file=a_file()))
    staff_face.force_login(factories.officer(HELP_DESK))
    staff_face.post(ADD, form(file=a_file()))
    staff_face.force_login(editor)
    staff_face.post(LIST, form(file=a_file()))  # a form that takes no file
    for face in ("centres", "candidates"):
        FaceClient(face).post("/", form(file=a_file()))
    assert begun == []
    assert not root.exists()


# --- The office's worker ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_offices_worker_removes_what_a_killed_process_left(root):
    material = factories.material()
    left = root / "incoming" / "x.part"
    stray = root / ("0" * 32)
    for path in (left, stray, root / material.stored_name):
        path.touch()
        os.utime(path, (0, 0))
    tasks.sweep_material.defer(timestamp=0)
    work(STAFF, ["office"])
    asked = {
        "task_name": "centres.tasks.sweep_material",
        "args__timestamp": 0,
    }  # not the one that is due by the hour
    assert ProcrastinateJob.objects.get(**asked).status == "succeeded"
    assert lying() == {material.stored_name}


# --- A real server, a real line --------------------------------------------------------------------------


@contextmanager
def gunicorn(face: str, root: Path, port: int):
    """The face under gunicorn, with its own database login."""
    environment = {
        **os.environ,
        "PORTAL_FACE": face,
        "DATABASE_URL": plugin.urls[face],
        "MATERIAL_ROOT": str(root),
        "WEB_WORKERS": "1",
        "DEBUG": "on",  # pages without collected static files
    }
    process = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", "results_portal.wsgi", "--config", "deploy/gunicorn.conf.py",
            "--bind", f"127.0.0.1:{port}", "--log-level", "warning",
        ],
        cwd=ROOT, env=environment,
    )  # fmt: skip
    try:
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


def multipart(token: str, fields: dict, content: bytes) -> bytes:
    """The body of the form, as browsers send it: the file last."""
    parts = []
    for name, value in {"csrfmiddlewaretoken": token, **fields}.items():
        start = f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        parts += [f"{start}{each}\r\n".encode() for each in (value if isinstance(value, list) else [value])]
    head = b'--limit\r\nContent-Disposition: form-data; name="file"; filename="paper.pdf"\r\n\r\n'
    return b"".join(parts) + head + content + b"\r\n--limit--\r\n"


def request_head(method: str, address: str, browser: FaceClient, *headers: str) -> bytes:
    """As this browser asks; a process of its own calls its cookies by its face."""
    cookies = "; ".join(
        f"{name.replace('candidates', browser.face)}={morsel.value}"
        for name, morsel in browser.cookies.items()
    )
    lines = (f"{method} {address} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {cookies}", "Connection: close")
    return "\r\n".join((*lines, *headers, "", "")).encode()


def soon(condition) -> bool:
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_is_cut_off_on_its_way_leaves_nothing_behind(office, root, unused_port):
    material = factories.material(title_en="As it was")
    before = lying()
    page = office.get(change_page(material)).content.decode()
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1]
    fields = form(title_en="Half a form") | shown_on(office, change_page(material))
    content = files.PDF + bytes(3_000_000) + b"%%EOF"
    sent = multipart(token, fields, content)
    kind = "Content-Type: multipart/form-data; boundary=limit"

    def asked(address: str) -> bytes:
        return request_head("POST", address, office, kind, f"Content-Length: {len(sent)}") + sent

    with gunicorn("staff", root, unused_port):
        for address, pulled_out in (
            (ADD, False),
            (change_page(material), False),
            (change_page(material), True),
        ):
            with socket.create_connection(("127.0.0.1", unused_port)) as line:
                line.sendall(asked(address)[: len(sent) // 2])
                assert soon(lambda: lying() != before), "nothing arrived"
                if pulled_out:  # the server reads an error, not an end
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            assert soon(lambda: lying() == before), f"something stayed: {lying() - before}"
        assert Material.objects.get().title_en == "As it was"

        with socket.create_connection(("127.0.0.1", unused_port)) as line:
            line.sendall(asked(change_page(material)))
            assert b" 302 " in line.recv(100)
        assert soon(lambda: Material.objects.get().size == len(content))
        assert soon(lambda: lying() == {Material.objects.get().stored_name})


def test_the_end_of_an_upload_that_is_missing_is_told_where_somebody_still_listens(office):
    """As through a proxy that sends on what it has: the body ends before the form does."""
    material = factories.material(title_en="As it was")
    fields = form(title_en="Half a form") | shown_on(office, change_page(material))
    whole = multipart("", fields, files.PDF + bytes(100_000))
    for length in (len(whole) - 50_000, len(whole) - 20):
        kind = "multipart/form-data; boundary=limit"
        page = page_of(office.generic("POST", change_page(material), whole[:length], kind))
        assert "The file did not arrive whole. Nothing was stored. Choose it again." in page
        assert "Half a form" in page
    assert Material.objects.get().title_en == "As it was"
    assert lying() == {material.stored_name}


@pytest.mark.django_db(transaction=True)
def test_a_download_over_a_real_line_goes_on_where_it_broke_off(root, unused_port):
    content = files.PDF + os.urandom(3_000_000) + b"%%EOF"
    material = factories.material(content)
    school = FaceClient("centres")
    school.force_login(factories.member(factories.centre()))
    address = f"/material/{material.public_id}/file/"
    with gunicorn("centres", root, unused_port):
        with socket.create_connection(("127.0.0.1", unused_port)) as line:
            line.sendall(request_head("GET", address, school))
            got = b""
            while len(got) < 1_000_000:
                got += line.recv(65_536)
        head, _end, first = got.partition(b"\r\n\r\n")
        assert b"Content-Length: %d" % len(content) in head
        etag = re.search(rb'ETag: ("\w+")', head)[1].decode()
        with socket.create_connection(("127.0.0.1", unused_port)) as line:
            rest_of = (f"Range: bytes={len(first)}-", f"If-Range: {etag}")
            line.sendall(request_head("GET", address, school, *rest_of))
            got = b""
            while chunk := line.recv(65_536):
                got += chunk
        head, _end, rest = got.partition(b"\r\n\r\n")
        assert b" 206 " in head
        assert first + rest == content
    assert [each.count for each in Download.objects.all()] == [1]
