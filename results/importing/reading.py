"""A CSV file or an Excel workbook as numbered rows of text; what cannot be read is said in plain words."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from results.importing import workbooks
from results.importing.reports import Unreadable

Row = tuple[int, list[str]]
# progress(done, total): in bytes of a CSV file, or in rows of a sheet.
Progress = Callable[[int, int], None]

LONGEST_LINE = 1_000_000  # characters; a file without line ends must not fill the memory
ROWS_BETWEEN_REPORTS = 500

_UTF_16_OR_32 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_SURROGATE = re.compile("[\udc80-\udcff]")
_QUOTED = re.compile(r'"[^"]*"')
_DELIMITERS = ",;\t"


@dataclass
class Table:
    """The rows of a file with their numbers as a spreadsheet shows them; rows without content are left out.

    Reading on may raise Unreadable. sheet: the name of the workbook's sheet, if there are several.
    is_ragged: a row may have fewer cells than the header, and then something is wrong with it.
    """

    rows: Generator[Row]
    sheet: str = ""
    is_ragged: bool = False


@contextmanager
def open_table(source: Path | str | BinaryIO, progress: Progress) -> Iterator[Table]:
    """Open a file by its path, or an open binary file that has a name (as an upload has).

    Raises Unreadable if it is neither CSV nor XLSX, or not what its name says.
    """
    with ExitStack() as opened:
        if isinstance(source, str | Path):
            try:
                stream = opened.enter_context(Path(source).open("rb"))
            except OSError as error:
                raise Unreadable(_("the file cannot be opened (%s)") % error.strerror) from error
        else:
            stream = source
        table = _table(stream, Path(stream.name).suffix, progress)
        opened.enter_context(closing(table.rows))
        yield table


def _table(stream: BinaryIO, ending: str, progress: Progress) -> Table:
    stream.seek(0)
    start = stream.read(8)
    stream.seek(0)
    if not start:
        raise Unreadable(_("the file is empty"), _("a header row, and a row for each candidate"))
    match ending.lower():
        case ".csv" if start.startswith((workbooks.ZIP, workbooks.OLE)):
            raise Unreadable(
                _("the file is named .csv, but it is a workbook"),
                _("a CSV file, or a name that ends in .xlsx"),
            )
        case ".csv" if start.startswith(_UTF_16_OR_32) or b"\0" in start:
            raise _not_utf_8()
        case ".csv":
            return Table(_csv_rows(stream, progress), is_ragged=True)
        case ".xlsx":
            sheet = workbooks.Sheet(stream)
            return Table(_sheet_rows(sheet, progress), sheet.name)
    raise Unreadable(
        _("the file’s name ends in “%s”") % ending, _("a CSV file (.csv) or an Excel workbook (.xlsx)")
    )


def _sheet_rows(sheet: workbooks.Sheet, progress: Progress) -> Generator[Row]:
    for number, cells in enumerate(sheet.rows(), 1):
        if any(cells):
            yield number, cells
        if number % ROWS_BETWEEN_REPORTS == 0:
            progress(number, sheet.height)
    progress(sheet.height, sheet.height)


def _csv_rows(stream: BinaryIO, progress: Progress) -> Generator[Row]:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    # What is not UTF-8 comes as surrogates, so that its row can be named.
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    number = 0
    try:
        lines = _lines(text)
        head = []
        for line in lines:
            head.append(line)
            if line.strip():
                break
        else:
            return
        for record in csv.reader(chain(head, lines), delimiter=_delimiter(head[-1]), strict=True):
            number += 1
            cells = [cell.strip() for cell in record]
            if any(cells):
                yield number, cells
            if number % ROWS_BETWEEN_REPORTS == 0:
                progress(stream.tell(), size)
        progress(size, size)
    except csv.Error as error:
        raise _unclosed(number + 1) from error
    except Unreadable as error:
        error.finding = replace(error.finding, row=number + 1)
        raise
    finally:
        text.detach()


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if not line.isascii() and _SURROGATE.search(line):
            raise _not_utf_8()
        if "\0" in line:
            raise Unreadable(_("this row has a NUL character"), _("text"))
        if len(line) == LONGEST_LINE:
            raise _unclosed(None)
        yield line


def _delimiter(header: str) -> str:
    """The one that the header line has most of, outside quotation marks; a comma if it has none."""
    bare = _QUOTED.sub("", header)
    return max(_DELIMITERS, key=bare.count)


def _not_utf_8() -> Unreadable:
    return Unreadable(
        _("the file is not written in UTF-8: letters such as à or é would be spoilt"),
        _("a file saved in Excel as “CSV UTF-8 (Comma delimited)”, or as a workbook (.xlsx)"),
    )


def _unclosed(row: int | None) -> Unreadable:
    return Unreadable(
        _("a cell of this row has no end: it is too long, or a quotation mark is missing"),
        _("a quotation mark before and after a cell that needs them, and two for one within"),
        row,
    )
