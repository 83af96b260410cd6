"""Which files may be material, by what they really hold; and where they lie."""

import io
import os
import stat
import time
import zipfile
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from centres import media, storing
from centres.shelving import plain_name
from tests.centres import files

ODF = "application/vnd.oasis.opendocument"


def recognise(content: bytes, name: str) -> str:
    return media.recognise(io.BytesIO(content), name)


def refusal(content: bytes, name: str) -> str:
    with pytest.raises(ValidationError) as refused:
        recognise(content, name)
    return " ".join(refused.value.messages)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", files.PDF),
        ("a.PDF", files.PDF),
        ("a.docx", files.docx()),
        ("a.pptx", files.office(f"{files.OFFICE}.presentationml.presentation.main+xml")),
        ("a.xlsx", files.xlsx()),
        ("a.odt", files.open_document(f"{ODF}.text")),
        ("a.odp", files.open_document(f"{ODF}.presentation")),
        ("a.ods", files.open_document(f"{ODF}.spreadsheet")),
        ("a.epub", files.open_document("application/epub+zip")),
        ("a.mp3", files.mp3()),
        ("a.mp3", files.mp3(tag=files.id3())),
        ("a.m4a", files.mp4(b"M4A ")),
        ("a.m4a", files.mp4(b"mp42")),
        ("a.wav", files.wav()),
        ("a.ogg", files.ogg()),
        ("a.ogg", files.ogg(b"\x01vorbis")),
        ("a.mp4", files.mp4(b"isom")),
        ("a.webm", files.webm()),
        ("a.png", files.png()),
        ("a.jpg", files.JPEG),
        ("a.jpeg", files.JPEG),
        ("a.webp", files.webp()),
        (
            "a.zip",
            files.archive(("papers/one.pdf", files.PDF), ("words.csv", "dog;cane"), (".DS_Store", "x")),
        ),
    ],
    ids=str,
)
def test_a_file_that_is_what_its_name_says_is_taken(name, content):
    assert recognise(content, name) == media.MEDIA_TYPES[name.rpartition(".")[2].lower()]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (files.WINDOWS_PROGRAM, "This is a program"),
        (files.LINUX_PROGRAM, "This is a program"),
        (b"#!/bin/sh\nrm -rf /\n%PDF-1.7\n%%EOF", "This is a program"),
        (b"\xcf\xfa\xed\xfe" + bytes(80), "This is a program"),
        (b"<!DOCTYPE html><script>alert(1)</script>%PDF-1.7 %%EOF", "This is a web page"),
        (b"\xef\xbb\xbf  <html>", "This is a web page"),
        ("<html>".encode("utf-16"), "This is a web page"),
        (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "This is a web page"),
        (files.OLD_OFFICE, "old Office format"),
        (b"Rar!\x1a\x07\x00", "only ZIP"),
        (b"7z\xbc\xaf\x27\x1c", "only ZIP"),
        (b"", "empty"),
        (b"GIF89a; a page that calls itself a PDF", "not what its name says"),
        (b"\n" + files.PDF, "not what its name says"),  # what begins with something else is something else
        (b"junk" + files.PDF, "not what its name says"),
        (files.PDF.removesuffix(b"%%EOF\n"), "not what its name says"),  # cut off
        (files.png(), "holds PNG"),
        (files.docx(), "holds DOCX"),
        (files.mp3(), "holds MP3"),
    ],
    ids=range(19),
)
def test_a_file_called_pdf_that_is_something_else_is_refused_in_words(content, says):
    assert says in refusal(content, "paper.pdf")


@pytest.mark.parametrize(
    "name", ["a.exe", "a.html", "a.svg", "a.txt", "a.docm", "a.gif", "pdf", ".pdf", "a.pdf."]
)
def test_a_name_of_another_kind_is_refused_whatever_it_holds(name):
    assert "not taken" in refusal(files.PDF, name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mp3", b"\xff\xfb\x90\x00" + bytes(2000)),  # one frame and nothing behind it
        ("a.mp3", b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f"),  # a tag larger than the file
        ("a.mp3", b"ID3\x03"),
        ("a.mp4", files.mp4(b"qt  ")),
        ("a.mp4", files.mp4(b"heic")),
        ("a.m4a", b"\xff\xff\xff\xffftypM4A "),
        ("a.webm", files.webm(b"matroska")),
        ("a.ogg", files.ogg(b"\x80theora")),
        ("a.wav", b"RIFF\x00\x00\x00\x00AVI "),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(30)),
        ("a.zip", b"PK\x03\x04" + bytes(200)),
        ("a.zip", files.archive(("a.pdf", files.PDF))[:-30]),  # cut off
        ("a.zip", files.archive()),
        ("a.docx", files.archive(("a.pdf", files.PDF), ("[Content_Types].xml", "<Types/>"))),
        ("a.odt", files.open_document("application/x-nothing")),
    ],
    ids=range(15),
)
def test_a_damaged_or_foreign_file_is_refused(name, content):
    assert "not what its name says" in refusal(content, name) or "not taken" in refusal(content, name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.docx", files.docx(("word/vbaProject.bin", b"x"))),
        ("a.docx", files.office("application/vnd.ms-word.document.macroEnabled.main+xml")),
        ("a.xlsx", files.office("application/vnd.ms-excel.sheet.macroEnabled.main+xml")),
        ("a.docx", files.docx(("word/activeX/activeX1.bin", b"x"))),
        ("a.odt", files.open_document(f"{ODF}.text", ("Basic/Standard/Module1.xml", b"<m/>"))),
        ("a.odt", files.open_document(f"{ODF}.text", ("Scripts/python/a.py", b"x"))),
    ],
    ids=range(6),
)
def test_a_document_with_macros_is_refused(name, content):
    assert "macros" in refusal(content, name)


def test_a_program_within_a_document_is_found():
    assert "a program" in refusal(files.docx(("word/embeddings/pay.bin", files.WINDOWS_PROGRAM)), "a.docx")


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([("setup.exe", files.WINDOWS_PROGRAM)], "“setup.exe”: This is a program"),
        ([("paper.pdf", files.WINDOWS_PROGRAM)], "“paper.pdf”: This is a program"),
        ([("run.bat", b"del *")], "“run.bat”: Files of this kind"),
        ([("page.pdf", b"<html>")], "“page.pdf”: This is a web page"),
        ([("more.zip", files.archive(("a.pdf", files.PDF)))], "“more.zip”: Files of this kind"),
        ([("../a.pdf", files.PDF)], "leads out of it"),
        ([("/etc/a.pdf", files.PDF)], "leads out of it"),
        ([("a\\b.pdf", files.PDF)], "leads out of it"),
        ([(f"{n}.pdf", b"") for n in range(media.MOST_IN_AN_ARCHIVE + 1)], "more than 2000 files"),
    ],
    ids=range(9),
)
def test_an_archive_is_looked_through(members, says):
    assert says in refusal(files.archive(*members), "a.zip")


def test_an_archive_that_would_fill_a_disk_is_refused(monkeypatch):
    monkeypatch.setattr(media, "LARGEST_UNPACKED", 1_000_000)
    assert "Unpacked" in refusal(files.archive(("a.csv", bytes(1_000_001))), "a.zip")


def test_an_archive_with_a_password_or_a_link_is_refused():
    locked = bytearray(files.archive(("a.pdf", files.PDF)))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + flags] |= 1
    assert "password" in refusal(bytes(locked), "a.zip")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        link = zipfile.ZipInfo("a.pdf")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "leads out of it" in refusal(made.getvalue(), "a.zip")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Prova d’ascolto.pdf", "Prova d’ascolto.pdf"),
        ("..\\..\\x/y/paper.pdf", "paper.pdf"),
        ("a\x00b\r\nc\u202egpj.pdf", "abcgpj.pdf"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        ("a  b.pdf", "a b.pdf"),
    ],
)
def test_a_files_own_name_is_kept_without_what_nobody_sees(given, kept):
    assert plain_name(given) == kept


# --- On disk -----------------------------------------------------------------------------------------------


@pytest.fixture
def root(settings, tmp_path) -> Path:
    settings.MATERIAL_ROOT = tmp_path / "material"
    return settings.MATERIAL_ROOT


def lying_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_kept_file_lies_under_our_name_for_owner_and_group_alone(root):
    with storing.Incoming() as incoming:
        incoming.write(files.PDF)
        name = incoming.keep()
    (path,) = lying_in(root)
    assert path == storing.path_of(name)
    assert storing.OUR_NAME.fullmatch(path.name)
    assert path.read_bytes() == files.PDF
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(root.stat().st_mode) & 0o007 == 0


def test_a_file_that_is_not_kept_is_gone(root):
    with storing.Incoming() as incoming:
        incoming.write(b"x" * 1000)
        assert lying_in(root)
    assert lying_in(root) == []


def test_the_sweep_takes_old_strays_of_ours_and_nothing_else(root):
    with storing.Incoming() as first, storing.Incoming() as second:
        known, stray = first.keep(), second.keep()
    unfinished, fresh = storing.Incoming(), storing.Incoming()
    notes = root / "README"
    notes.write_text("not ours")
    long_ago = time.time() - 25 * 60 * 60
    for path in (notes, *root.glob("*"), *root.glob("incoming/*")):
        if path.is_file():
            os.utime(path, (long_ago, long_ago))
    fresh.write(b"still coming")
    fresh.file.flush()
    assert storing.sweep({known}) == 2
    assert {path.name for path in lying_in(root)} == {known, "README", fresh._path.name}
    assert not storing.path_of(stray).exists()
    unfinished.close()
    fresh.close()
