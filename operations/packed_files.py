"""Opens a shop's file for reading as text, also where it is packed or a workbook.

A workbook is written as CSV while it is read: no copy lies on disk. Memory holds its sheet,
of which Excel allows a million rows. Excel counts days, so that a cell of a date is written
as one; a number comes as Excel shows it, with 15 digits.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

PACKED, WORKBOOK = ".gz", ".xlsx"
# What unpacking raises where a file is cut off or is none.
UNPACKING_ERRORS = (EOFError, gzip.BadGzipFile, zlib.error)
# What stands in the place of an encoding where a workbook is read.
OF_WORKBOOKS = "xlsx"
HALF_A_SECOND = datetime.timedelta(microseconds=500_000)


def opened(file: str) -> BinaryIO:
    """Open a file to read its bytes: unpacked, or of a workbook's one sheet as CSV in UTF-8."""
    if file.endswith(PACKED):
        return gzip.open(file)
    if file.endswith(WORKBOOK):
        return io.BufferedReader(SheetAsText(file))
    return Path(file).open("rb")


def fault_of_workbook(file: str) -> str | None:
    """Return why a workbook cannot be read, as the rest of a sentence that begins with its name."""
    state = Path(file).stat()
    return _fault(file, (state.st_size, state.st_mtime_ns, state.st_ino))


@cache
def _fault(file: str, state: tuple) -> str | None:
    try:
        sheets = _sheets_with_rows(file)
    except (CalamineError, OSError) as error:
        return f"expected a workbook of Excel, found what cannot be read as one ({error})."
    if len(sheets) > 1:
        names = ", ".join(sheet.name for sheet in sheets)
        return f"expected one sheet with rows, found {len(sheets)} ({names}). Save each as a file of its own."
    return None if sheets else "expected a sheet with rows, found none."


def _sheets_with_rows(file: str) -> list[CalamineSheet]:
    """Return the sheets of a workbook in which a cell is filled, less those that are hidden."""
    book = CalamineWorkbook.from_path(file)
    sheets = [
        book.get_sheet_by_name(each.name) for each in book.sheets_metadata if each.visible == SheetVisibleEnum.Visible
    ]
    return [sheet for sheet in sheets if any(any(row) for row in sheet.iter_rows())]


class SheetAsText(io.RawIOBase):
    """The one filled sheet of a workbook as bytes of CSV.

    Parameters
    ----------
    file : str
        Its path.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.seek(0)

    def readable(self) -> bool:
        """Say that it may be read."""
        return True

    def seekable(self) -> bool:
        """Say that it may be read anew."""
        return True

    def seek(self, place: int, whence: int = 0) -> int:
        """Go back to the beginning."""
        assert place == whence == 0, "a workbook is read from its beginning"
        self.lines, self.rest, self.place = _lines(self.file), b"", 0
        return 0

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self.place

    def readinto(self, buffer: bytearray) -> int:
        """Fill a buffer; return how many bytes there were, 0 at the end."""
        if not self.rest:
            self.rest = next(self.lines, b"")
        taken = self.rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self.rest = self.rest[len(taken) :]
        self.place += len(taken)
        return len(taken)


def _lines(file: str) -> Iterator[bytes]:
    """Yield the rows of the sheet as lines of CSV; empty ones at its end are none."""
    [sheet] = _sheets_with_rows(file)
    width, empty = 0, 0
    for row in sheet.iter_rows():
        cells = [_text(cell) for cell in row]
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if not width:
            # names of columns stand on one line
            cells = [" ".join(cell.split()) for cell in cells]
            width = len(cells)
        if not any(cells):
            # before the names of the columns, too
            empty += bool(width)
            continue
        yield from [_line([""] * width)] * empty
        empty = 0
        yield _line(cells + [""] * (width - len(cells)))


def _line(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()


def _text(cell: object) -> str:
    """Write a cell as CSV has it."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, datetime.datetime):
        # a count of days has no exact seconds
        cell = (cell + HALF_A_SECOND).replace(microsecond=0)
        return str(cell.date() if cell.time() == datetime.time() else cell)
    return str(cell)
