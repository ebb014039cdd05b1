"""Reads the first sheet of an Excel workbook row by row as the texts that a CSV file of it would hold.

Excel keeps numbers and days as numbers; they are written out as the parser of results files reads them. What a workbook
unpacks to is limited before anything of it is read.
"""

import re
import zipfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import IO, Any

import openpyxl
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl.utils.exceptions import InvalidFileException

from exchange.csv_reader import MAX_CELL_LENGTH, MAX_COLUMNS, Record
from exchange.errors import WHOLE_ROW, Problem, UnusableFile
from exchange.row_parser import EXTRA_CELLS

MAX_UNPACKED_BYTES = 300_000_000
MAX_PARTS = 5_000  # files within the workbook
_DAMAGED = gettext_lazy("This is no Excel workbook, or it is damaged. Save it again as .xlsx or as CSV.")
_OLD_FORMAT = b"\xd0\xcf\x11\xe0"  # .xls, and any workbook with a password
_MAX_EXACT = 10**15  # Excel keeps fifteen digits of a number
_LEADING_ZEROS = re.compile("0{2,}")


@dataclass(frozen=True, slots=True)
class ResultsWorkbook:
    """A workbook that was looked through; `header_line` is the row that names the columns."""

    content: IO[bytes]
    header: tuple[str, ...]
    header_line: int
    line_count: int

    def records(self) -> Generator[Record, None, None]:
        """Every row below the names of the columns; empty rows are passed over."""
        for line, cells in _read_rows(self.content):
            if line > self.header_line and any(cell.strip() for cell in cells):
                yield _build_record(line, cells, self.header)


def inspect_workbook(content: IO[bytes]) -> ResultsWorkbook:
    """The workbook with the names of its columns. Raises UnusableFile with the remedy."""
    _check_size(content)
    header: tuple[str, ...] = ()
    header_line = line = 0
    for line, cells in _read_rows(content):
        if not header and sum(bool(cell.strip()) for cell in cells) > 1:  # a title above the table has one cell
            header, header_line = tuple(cell.strip() for cell in cells), line
    if not header:
        raise UnusableFile(_("The first sheet is empty. It must hold the table, with the names of the columns on top."))
    while header and not header[-1]:
        header = header[:-1]
    if len(header) > MAX_COLUMNS:
        raise UnusableFile(_("The first line names more than %(most)s columns.") % {"most": MAX_COLUMNS})
    return ResultsWorkbook(content, header, header_line, line)


def _check_size(content: IO[bytes]) -> None:
    content.seek(0)
    if content.read(4) == _OLD_FORMAT:
        raise UnusableFile(
            _("This workbook has a password or the old format .xls. Save it as .xlsx without a password.")
        )
    try:
        with zipfile.ZipFile(content) as packed:
            parts = packed.infolist()
    except zipfile.BadZipFile:
        raise UnusableFile(_DAMAGED) from None
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise UnusableFile(_("The workbook is too large when unpacked. Save the sheet with the results as CSV UTF-8."))


def _read_rows(content: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Row number and texts of each row of the first sheet."""
    content.seek(0)
    try:
        book = openpyxl.load_workbook(content, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a program wrote there may be wrong
        for line, row in enumerate(sheet.iter_rows(), start=1):
            yield line, [_cell_text(cell) for cell in row]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, IndexError, ValueError, SyntaxError):
        raise UnusableFile(_DAMAGED) from None


def _cell_text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number_text(value, str(cell.number_format))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time(0) else f"{value:%Y-%m-%d %H:%M:%S}"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _number_text(value: int | float, number_format: str) -> str:
    """A whole number without a decimal point, with the zeros in front that its format shows."""
    if abs(value) >= _MAX_EXACT:
        return f"{value:.6E}"
    if value != int(value):
        return repr(value)
    digits = str(int(value))
    return digits.zfill(len(number_format)) if _LEADING_ZEROS.fullmatch(number_format) else digits


def _build_record(line: int, cells: list[str], header: tuple[str, ...]) -> Record:
    raw = {name: cell.replace("\x00", "\ufffd") for name, cell in zip(header, cells, strict=False) if name}
    beyond = [cell for cell in cells[len(header) :] if cell.strip()]
    if not beyond:
        return Record(line, raw)
    message = _("The row has more cells than the first line has columns.")
    return Record(
        line, {**raw, EXTRA_CELLS: " | ".join(beyond[:MAX_COLUMNS])[:MAX_CELL_LENGTH]}, (Problem(WHOLE_ROW, message),)
    )
