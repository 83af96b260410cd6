"""The first sheet of an Excel workbook (.xlsx) as rows of text, as a person would read its cells.

python-calamine holds the whole sheet in memory, from the first cell to the last: a stray one far away would
make it take more than there is, and end the process. It also takes a cell whose formula failed (#N/A) for
an empty one, and tells a formula's last value as if somebody had written it: nobody knows when that was, and
in which program. So the sheet's XML is looked through for all three first.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from datetime import datetime, time
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum, load_workbook

from results.importing.reports import Unreadable

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_UNPACKED = 500_000_000  # bytes: ten times a sheet of 100,000 results; a small file can hide more

FORMULA = "="  # in place of a cell's value

_CHUNK, _OVERLAP = 1_000_000, 20_000  # bytes
# Right of column Z or below row 999,999, and not empty.
_FAR_CELL = re.compile(
    rb"""<(?:\w+:)?c\s[^<>]*?\br=["'](?:[A-Z]{2,}[0-9]+|[A-Z][0-9]{7,})["'][^<>]*(?<!/)>"""
)
_FAILED_CELL = re.compile(
    rb"""<(?:\w+:)?c\s([^<>]*\bt=["']e["'][^<>]*)>.{0,9000}?<(?:\w+:)?v>([^<]{1,20})<""", re.DOTALL
)
_FORMULA_CELL = re.compile(rb"""<(?:\w+:)?c\s([^<>]*)>\s*<(?:\w+:)?f[\s/>]""")
_REFERENCE = re.compile(rb"""\br=["']([A-Z])([0-9]+)["']""")
_SHEET_ID = re.compile(r"""<(?:\w+:)?sheet\s[^<>]*\b\w+:id=["']([^"']+)""")
_RELATION = re.compile(
    r"""<(?:\w+:)?Relationship\s(?=[^<>]*\bId=["']([^"']+))(?=[^<>]*\bTarget=["']/?(?:xl/)?([^"']+))"""
)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    RuntimeError,
    UnicodeDecodeError,
    CalamineError,
)


class Sheet:
    """The first visible sheet; name is empty where it is the only one, height counts its rows.

    Raises Unreadable if the file is no workbook that can be read.
    """

    def __init__(self, stream: BinaryIO) -> None:
        if stream.read(len(OLE)) == OLE:
            raise Unreadable(
                _("the workbook is protected with a password, or saved in an old format"),
                _("an Excel workbook (.xlsx) without a password"),
            )
        try:
            with zipfile.ZipFile(stream) as archive:
                _refuse_huge(archive)
                ids = _SHEET_ID.findall(archive.read("xl/workbook.xml").decode())
                parts = dict(_RELATION.findall(archive.read("xl/_rels/workbook.xml.rels").decode()))
                stream.seek(0)
                workbook = load_workbook(stream)
                index, self.name = _choose(workbook)
                self._special = _special_cells(archive, f"xl/{parts[ids[index]]}")
                self._sheet = workbook.get_sheet_by_index(index)
        except _BROKEN as error:
            raise Unreadable(
                _("the file is no Excel workbook, or a damaged one"),
                _("an Excel workbook (.xlsx) or a CSV file (.csv)"),
            ) from error
        self.height = self._sheet.end[0] + 1 if self._sheet.end else 0

    def rows(self) -> Iterator[list[str]]:
        """Every row from the first on, the empty ones too, all of the same width."""
        first_column = self._sheet.start[1] if self._sheet.start else 0
        for number, values in enumerate(self._sheet.iter_rows(), 1):
            cells = [""] * first_column + [_text(value) for value in values]
            for column, text in self._special.get(number, ()):
                cells[column] = text
            yield cells


def _choose(workbook: CalamineWorkbook) -> tuple[int, str]:
    """The index of the first sheet that a person sees, and its name if there are others."""
    sheets = [
        (index, sheet.name)
        for index, sheet in enumerate(workbook.sheets_metadata)
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
    ]
    if not sheets:
        raise Unreadable(_("the workbook has no sheet"), _("a sheet with a header row"))
    index, name = sheets[0]
    return index, name if len(sheets) > 1 else ""


def _refuse_huge(archive: zipfile.ZipFile) -> None:
    """Raise Unreadable if the parts unpack to more than MOST_UNPACKED, whatever their headers say."""
    unpacked = 0
    for part in archive.infolist():
        whole = copy(part)
        whole.file_size = MOST_UNPACKED + 1  # read on to its end
        with archive.open(whole) as stream:
            while chunk := stream.read(_CHUNK):
                unpacked += len(chunk)
                if unpacked > MOST_UNPACKED:
                    raise Unreadable(_("the workbook is too large"), _("the same table as a CSV file"))


def _special_cells(archive: zipfile.ZipFile, part: str) -> dict[int, list[tuple[int, str]]]:
    """By row number, the cells with a formula: (column from 0, FORMULA or the error as the cell shows it).

    Raises Unreadable if a cell stands so far away that the sheet cannot be held in memory.
    """
    special: dict[int, list[tuple[int, str]]] = {}

    def note(attributes: bytes, text: str) -> None:
        if place := _REFERENCE.search(attributes):
            special.setdefault(int(place[2]), []).append((place[1][0] - ord("A"), text))

    with archive.open(part) as xml:
        text = b""
        while chunk := xml.read(_CHUNK):
            text = text[-_OVERLAP:] + chunk
            if _FAR_CELL.search(text):
                raise Unreadable(
                    _("the sheet has a cell to the right of column Z, or below row 999,999"),
                    _("nothing in the sheet but the table"),
                )
            for attributes in _FORMULA_CELL.findall(text):
                note(attributes, FORMULA)
            for attributes, error in _FAILED_CELL.findall(text):
                note(attributes, error.decode())
    return special


def _text(value: Any) -> str:
    """A cell's value as text: whole numbers without a point, dates as YYYY-MM-DD."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value)
