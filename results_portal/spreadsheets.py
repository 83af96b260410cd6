"""Files as spreadsheet programs read them safely: no cell of ours becomes a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any

import xlsxwriter
from django.http import HttpResponse, StreamingHttpResponse

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"  # without it, Excel reads another encoding
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_SHEET_NAME = 31  # characters; Excel's own limit


class _Echo:
    """What csv.writer writes to hands each line on."""

    def write(self, line: str) -> str:
        return line


def csv_file(
    name: str, header: Iterable[str], rows: Iterable[Iterable[Any]], delimiter: str = ","
) -> StreamingHttpResponse:
    """A download in UTF-8 that is sent while it is read: a row in memory at a time."""
    response = StreamingHttpResponse(
        _lines(list(header), rows, delimiter), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def workbook(
    name: str, sheet: str, columns: Sequence[tuple[str, int]], rows: Iterable[Iterable[str | int | None]]
) -> HttpResponse:
    """A download in Excel's format; its rows wait in a temporary file, not in memory.

    columns: each one's title, and its width in characters. Text stays text, whatever it begins with.
    """
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"constant_memory": True}) as book:
        page = book.add_worksheet(sheet[:LONGEST_SHEET_NAME])
        bold = book.add_format({"bold": True})
        for column, (title, width) in enumerate(columns):
            page.set_column(column, column, width)
            page.write_string(0, column, title, bold)
        page.freeze_panes(1, 0)
        last = 0
        for last, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, int):
                    page.write_number(last, column, value)
                elif value:
                    page.write_string(last, column, value)
        page.autofilter(0, 0, last, len(columns) - 1)
    response = HttpResponse(stream.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(header: list[str], rows: Iterable[Iterable[Any]], delimiter: str) -> Iterator[str]:
    writer = csv.writer(_Echo(), delimiter=delimiter)
    yield BYTE_ORDER_MARK + writer.writerow(header)
    for row in rows:
        yield writer.writerow([_cell(value) for value in row])


def _cell(value: Any) -> str:
    """Text that a spreadsheet takes as text: an apostrophe stands before what would begin a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text
