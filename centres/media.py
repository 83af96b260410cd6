"""Which files may be material, told by what they hold and never by their name alone.

Each kind begins as its standard says, at the first byte: what could be two things at once begins as one of
them. A program, a script, a web page and an old Office document, which may carry macros, are none of them,
whatever they are called. Archives are opened, and so are Office documents, which are archives inside.
"""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# By ending; under this type the file is served.
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "epub": "application/epub+zip",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "zip": "application/zip",
}
ACCEPT = ",".join(f".{ending}" for ending in MEDIA_TYPES)
IN_AN_ARCHIVE = {*MEDIA_TYPES, "txt", "csv"} - {"zip"}

MOST_IN_AN_ARCHIVE = 2_000  # files; each is looked at
LARGEST_UNPACKED = 2_000_000_000  # bytes; ten times the largest file: more is a trap

_HEAD = 4_096  # bytes
_TAIL = 2_048  # bytes at the end of a PDF, of which the last kilobyte says that it is the end
_LARGEST_PART = 1_000_000  # bytes of a list of contents within a document

_PROGRAMS = re.compile(
    rb"MZ|\x7fELF|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe|dex\n|#!|\x4c\x00\x00\x00\x01\x14\x02"
)
_PAGES = re.compile(rb"(\xef\xbb\xbf)?\s*<[!?a-z]|(\xff\xfe|\xfe\xff)\s*\x00?<", re.IGNORECASE)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_ARCHIVES = re.compile(rb"Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ")

# The main part of an Office document, as its list of contents names it. One with macros has another.
_MAIN_PARTS = {
    "docx": b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "pptx": b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
    "xlsx": b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
}
_CONTENTS, _MIMETYPE = "[Content_Types].xml", "mimetype"
_BY_MIMETYPE = {MEDIA_TYPES[ending].encode(): ending for ending in ("odt", "odp", "ods", "epub")}
_MACROS = re.compile(r"(^|/)(vbaProject\.bin|vbaData\.xml|activeX/|Basic/|Scripts/)", re.IGNORECASE)
# What operating systems put beside the files of a folder.
_BESIDE = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError,
    OverflowError,
)  # fmt: skip


def ending_of(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".").lower()


def recognise(file: BinaryIO, name: str) -> str:
    """The media type of a file; file: open for reading from anywhere, name: its own.

    Raises ValidationError, in words for who chose it, if the file is not of a kind that is taken, is not
    what its name says, is damaged or dangerous.
    """
    head = _at(file, 0, _HEAD)
    if not head:
        raise _refused(_("The file is empty."))
    _refuse_dangerous(head)
    ending = ending_of(name)
    if ending not in MEDIA_TYPES:
        raise _refused(
            _("Files of this kind are not taken. Taken are: %s.")
            % ", ".join(known.upper() for known in MEDIA_TYPES if known != "jpeg")
        )
    held = _endings(file, head)
    if not held:
        raise _refused(
            _("The file is not what its name says (%s), or it is damaged. Save it again and choose it anew.")
            % ending.upper()
        )
    if ending not in held:
        raise _refused(
            _("The file’s name ends in “.%(ending)s”, but it holds %(held)s. Give it its right name.")
            % {"ending": ending, "held": "/".join(sorted(each.upper() for each in held))}
        )
    return MEDIA_TYPES[ending]


def _refused(words: str) -> ValidationError:
    return ValidationError(words, code="not_material")


def _refuse_dangerous(head: bytes) -> None:
    if _PROGRAMS.match(head):
        raise _refused(_("This is a program, not material, whatever its name says. It was not stored."))
    if _PAGES.match(head):
        raise _refused(_("This is a web page or a drawing that can carry scripts. Save it as PDF."))
    if head.startswith(_OLD_OFFICE):
        raise _refused(
            _(
                "This is a document of an old Office format, or one with a password: it can carry macros."
                " Save it as PDF, DOCX, PPTX or XLSX, without a password."
            )
        )
    if _OTHER_ARCHIVES.match(head):
        raise _refused(_("Of archives, only ZIP is taken."))


def _endings(file: BinaryIO, head: bytes) -> set[str]:
    """What a file may be called by what it holds; empty if nobody can say, or if it is damaged."""
    for start, held in _STARTS.items():
        if re.match(start, head, re.DOTALL):
            return held(file) if callable(held) else held
    return {"mp3"} if _is_mp3(file, head) else set()


def _at(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)


def _in_pdf(file: BinaryIO) -> set[str]:
    """A PDF that was cut off has no end."""
    return {"pdf"} if b"%%EOF" in _at(file, max(0, file.seek(0, 2) - _TAIL), _TAIL) else set()


# --- MP3 --------------------------------------------------------------------------------------------------

_BIT_RATES = {  # kbit/s by index; of MPEG 1, and of MPEG 2 and 2.5
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def _is_mp3(file: BinaryIO, head: bytes) -> bool:
    """Two frames one after the other, at the beginning or behind an ID3 tag; two bytes alone prove little."""
    start = 0
    if head.startswith(b"ID3"):
        digits = head[6:10]
        if len(digits) < 4 or head[3] not in {2, 3, 4} or any(digit > 127 for digit in digits):
            return False
        start = 10 + sum(digit << shift for digit, shift in zip(digits, (21, 14, 7, 0), strict=True))
    frames = _at(file, start, _HEAD).lstrip(b"\0")  # a tag may be padded
    length = _frame_length(frames)
    return length > 0 and _frame_length(frames[length:]) > 0


def _frame_length(frame: bytes) -> int:
    """Bytes of the Layer III frame that begins here; 0 if none does."""
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:
        return 0
    version, bit_rate, sample_rate = frame[1] >> 3 & 3, frame[2] >> 4, frame[2] >> 2 & 3
    if version == 1 or bit_rate in {0, 15} or sample_rate == 3:
        return 0
    is_mpeg_1 = version == 3
    bits = _BIT_RATES[is_mpeg_1][bit_rate - 1] * 1000
    return (144 if is_mpeg_1 else 72) * bits // _SAMPLE_RATES[version][sample_rate] + (frame[2] >> 1 & 1)


# --- Archives, and documents that are archives inside ------------------------------------------------------


def _in_archive(file: BinaryIO) -> set[str]:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _refuse_traps(members)
            document = _document(archive, {member.filename for member in members})
            for member in members:
                if document or not _BESIDE.search(member.filename):
                    _refuse_member(archive, member, in_document=bool(document))
            return {document or "zip"} if members else set()
    except _UNREADABLE:
        return set()


def _refuse_traps(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_IN_AN_ARCHIVE:
        raise _refused(_("The archive holds more than %d files.") % MOST_IN_AN_ARCHIVE)
    if sum(member.file_size for member in members) > LARGEST_UNPACKED:
        raise _refused(_("Unpacked, the archive would be larger than %d GB.") % (LARGEST_UNPACKED // 10**9))
    if any(member.flag_bits & 1 for member in members):
        raise _refused(_("The archive has a password: nobody can check what it holds."))
    for member in members:
        name = member.filename
        leads_out = name.startswith("/") or ".." in PurePosixPath(name).parts or "\\" in name or ":" in name
        if leads_out or stat.S_ISLNK(member.external_attr >> 16):
            raise _refused(_("The archive holds a name that leads out of it: %s.") % name[:100])


def _document(archive: zipfile.ZipFile, names: set[str]) -> str:
    """The ending of the document that the archive is; empty for one that is just an archive.

    Raises BadZipFile for a document of a kind that is not taken.
    """
    ending = ""
    if _CONTENTS in names:
        contents = _part(archive, _CONTENTS)
        if b"macroEnabled" in contents:
            raise _has_macros()
        ending = next((known for known, part in _MAIN_PARTS.items() if part in contents), "")
    elif _MIMETYPE in names:
        ending = _BY_MIMETYPE.get(_part(archive, _MIMETYPE), "")
    else:
        return ""
    if any(_MACROS.search(name) for name in names):
        raise _has_macros()
    if not ending:
        raise zipfile.BadZipFile
    return ending


def _has_macros() -> ValidationError:
    return _refused(_("The document carries macros, which are programs. Save it without macros."))


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(_LARGEST_PART)


def _refuse_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, in_document: bool) -> None:
    with archive.open(member) as content:
        head = content.read(_HEAD)
    if in_document and not _PROGRAMS.match(head):
        return  # its parts are pages and old documents by nature
    try:
        _refuse_dangerous(head)
        if ending_of(member.filename) not in IN_AN_ARCHIVE:
            raise _refused(_("Files of this kind are not taken."))
    except ValidationError as refusal:
        raise _refused(
            _("In the archive, “%(name)s”: %(words)s")
            % {"name": member.filename[:100], "words": " ".join(refusal.messages)}
        ) from None


# --- How files begin: the bytes, and what they are called then, or who looks further ------------------------

_STARTS: dict[bytes, set[str] | Callable[[BinaryIO], set[str]]] = {
    rb"%PDF-[12]\.[0-9]": _in_pdf,
    rb"PK\x03\x04": _in_archive,
    rb"\x89PNG\r\n\x1a\n....IHDR": {"png"},
    rb"\xff\xd8\xff": {"jpg", "jpeg"},
    rb"RIFF....WAVE": {"wav"},
    rb"RIFF....WEBP": {"webp"},
    rb"OggS\x00.{23}(OpusHead|\x01vorbis|\x7fFLAC|Speex   )": {"ogg"},
    rb"\x1a\x45\xdf\xa3.{1,60}\x42\x82\x84webm": {"webm"},
    rb"\x00\x00..ftyp(M4A |M4B )": {"m4a"},
    rb"\x00\x00..ftyp(isom|iso[2-6]|mp4[12]|avc1|dash|M4V |MSNV)": {"mp4", "m4a"},
}
