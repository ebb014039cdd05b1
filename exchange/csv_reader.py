"""Reads a results file row by row with line numbers, and tells a broken row from an unusable file.

A file is looked through once before anything of it is loaded: the encoding of every line, the separator and the header.
"""

import csv
import io
import re
import shutil
import tempfile
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from exchange.errors import WHOLE_ROW, Problem, UnusableFile
from exchange.row_parser import EXTRA_CELLS
from exchange.schema import COLUMNS_BY_NAME, validate_header

DELIMITERS = ",;\t|"
# Excel's own first line, which names the separator of the lines that follow.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
# Limits of a file: beyond them it is no list of results, and reading it would take all of the memory.
MAX_FILE_BYTES = 4 * 1024**3
MAX_LINE_BYTES = 4 * 1024**2
MAX_COLUMNS = 500
MAX_CELL_LENGTH = 100_000  # characters
MAX_RECORD_LINES = 200  # lines; a quotation mark that is open for longer was never meant to be one


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it stands in the file: the line it begins on (the header is line 1), its cells, what is broken."""

    line: int
    raw: dict[str, str]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultsCsv:
    """A file that was looked through and can be read: nothing but single rows can be wrong with it now."""

    content: IO[bytes]
    header: tuple[str, ...]
    delimiter: str
    line_count: int

    def records(self) -> Generator[Record, None, None]:
        """Every row in the file's order; empty rows are passed over."""
        self.content.seek(0)
        text = io.TextIOWrapper(self.content, encoding="utf-8-sig", newline="")
        try:
            yield from _read_records(text, self.header, self.delimiter)
        finally:
            text.detach()


@contextmanager
def open_results(path: str, stdin: IO[bytes], *, site_is_given: bool) -> Iterator[ResultsCsv]:
    """The file, or standard input for "-". Raises Unusable with the remedy when nothing of it can be loaded."""
    with _open_content(path, stdin) as content:
        lines = _check_encoding(content)
        header, separator = _read_header(content)
        validate_header(header, site_is_given=site_is_given)
        yield ResultsCsv(content, header, separator, lines)


def inspect_csv(content: IO[bytes]) -> ResultsCsv:
    """A file whose columns may have any names. Raises UnusableFile with the remedy when none of it can be read."""
    lines = _check_encoding(content)
    header, separator = _read_header(content, must_be_known=False)
    return ResultsCsv(content, tuple(name.strip() for name in header), separator, lines)


@contextmanager
def _open_content(path: str, stdin: IO[bytes]) -> Iterator[IO[bytes]]:
    if path == "-":
        with tempfile.TemporaryFile() as kept:  # without a name: nobody else can open it, and it goes with the process
            shutil.copyfileobj(stdin, kept)
            yield kept
        return
    with _open_file(path) as content:
        yield content


def _open_file(path: str) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        raise UnusableFile(_("There is no such file.")) from None
    except IsADirectoryError:
        raise UnusableFile(_("This is a folder. Name a CSV file.")) from None
    except PermissionError:
        raise UnusableFile(_("This file may not be read. Ask for the right to read it.")) from None


def _check_encoding(content: IO[bytes]) -> int:
    """The number of lines. Raises Unusable at the first that is not UTF-8."""
    lines = size = 0
    content.seek(0)
    while line := content.readline(MAX_LINE_BYTES + 1):
        lines, size = lines + 1, size + len(line)
        if len(line) > MAX_LINE_BYTES:
            words = _("Line %(line)s is longer than %(most)s MB: this is no list of results.")
            raise UnusableFile(words % {"line": lines, "most": MAX_LINE_BYTES // 1024**2})
        if size > MAX_FILE_BYTES:
            raise UnusableFile(
                _("The file is longer than %(most)s GB. Split it.") % {"most": MAX_FILE_BYTES // 1024**3}
            )
        try:
            line.decode()
        except UnicodeDecodeError:
            raise UnusableFile(
                _("Line %(line)s is not in UTF-8. Save the file as “CSV UTF-8” and load it again.") % {"line": lines}
            ) from None
    return lines


def _read_header(content: IO[bytes], *, must_be_known: bool = True) -> tuple[tuple[str, ...], str]:
    """The names in the first line, and the separator under which most of them are known, or which makes the most."""
    content.seek(0)
    text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="")
    try:
        first = text.readline()
        named = _SEPARATOR_LINE.fullmatch(first)
        if named:
            first = text.readline()
    finally:
        text.detach()
    if not first.strip():
        raise UnusableFile(_("The file is empty, or its first line is. The first line must name the columns."))
    readings = []
    for separator in named[1] if named else DELIMITERS:
        try:
            header = tuple(next(csv.reader([first.rstrip("\r\n")], delimiter=separator, strict=True)))
        except csv.Error:
            continue
        readings.append((sum(name in COLUMNS_BY_NAME for name in header), len(header), header, separator))
    if not readings:
        raise UnusableFile(_("The quotation marks in the first line do not match. Correct them."))
    known, _length, header, separator = max(readings)
    if len(header) > MAX_COLUMNS:
        raise UnusableFile(_("The first line names more than %(most)s columns.") % {"most": MAX_COLUMNS})
    if not known and must_be_known:
        raise UnusableFile(_("The first line names none of the known columns. It must name the columns."))
    return header, separator


def _read_records(text: Iterator[str], header: tuple[str, ...], separator: str) -> Iterator[Record]:
    lines = _LineReader(text)
    first_line = lines.next_line()
    if first_line is not None and _SEPARATOR_LINE.fullmatch(first_line):
        lines.next_line()  # the header stands behind the line that names the separator
    while (first := lines.next_line()) is not None:
        line = lines.number
        cells = _read_cells(first, lines, separator)
        if cells is None:
            yield Record(line, _cells_by_column(_parse_without_quotes(first, separator), header), (_quote_problem(),))
        elif any(cell.strip() for cell in cells):
            yield _build_record(line, cells, header)


def _build_record(line: int, cells: list[str], header: tuple[str, ...]) -> Record:
    raw = _cells_by_column(cells, header)
    if any(len(cell) > MAX_CELL_LENGTH for cell in cells):
        words = _("A cell is longer than %(most)s characters; only its beginning is kept here.")
        return Record(line, raw, (Problem(WHOLE_ROW, words % {"most": MAX_CELL_LENGTH}),))
    if len(cells) == len(header):
        return Record(line, raw)
    message = _("The row has %(cells)s cells, the first line has %(columns)s. Look for a missing or stray separator.")
    return Record(line, raw, (Problem(WHOLE_ROW, message % {"cells": len(cells), "columns": len(header)}),))


def _quote_problem() -> Problem:
    return Problem(
        WHOLE_ROW, _("The quotation marks do not match. Write a mark inside a quoted cell twice, and close the cell.")
    )


def _cells_by_column(cells: list[str], header: tuple[str, ...]) -> dict[str, str]:
    """The cells by column, without those of columns that have no name here.

    NUL characters, which no database keeps, are shown as what they are: lost.
    """
    kept = [cell[:MAX_CELL_LENGTH].replace("\x00", "\ufffd") for cell in cells]
    raw = {name: cell for name, cell in zip(header, kept, strict=False) if name}
    if len(kept) > len(header):
        raw[EXTRA_CELLS] = " | ".join(kept[len(header) : len(header) + MAX_COLUMNS])[:MAX_CELL_LENGTH]
    return raw


class _LineReader:
    """The lines of a file with their numbers; lines taken in vain can be put back."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._returned: deque[str] = deque()
        self.number = 0

    def next_line(self) -> str | None:
        line = self._returned.popleft() if self._returned else next(self._source, None)
        if line is not None:
            self.number += 1
        return line

    def read_until_quotes_match(self, most: int) -> list[str]:
        """Lines up to the next one with an odd number of quotation marks, with it; `most`, or one line's length."""
        taken: list[str] = []
        length = 0
        while len(taken) < most and length < MAX_LINE_BYTES and (line := self.next_line()) is not None:
            taken.append(line)
            length += len(line)
            if line.count('"') % 2:
                break
        return taken

    def push_back(self, lines: list[str]) -> None:
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)


def _read_cells(first: str, lines: _LineReader, separator: str) -> list[str] | None:
    """The cells of the row that begins with this line, and goes on while a quoted cell is open; None when broken.

    Of a broken row only the first line is used up: the rows behind a stray quotation mark are read on their own.
    """
    record, more = first, list[str]()
    while (
        (parsed := _parse_csv_row(record, separator)) is None
        and len(more) < MAX_RECORD_LINES
        and len(record) <= MAX_LINE_BYTES
        and record.count('"') % 2
    ):
        following = lines.read_until_quotes_match(MAX_RECORD_LINES - len(more))
        if not following:
            break
        more += following
        record += "".join(following)
    if parsed is None:
        lines.push_back(more)
        return None
    cells, used = parsed
    lines.push_back(more[used - 1 :])
    return cells


def _parse_csv_row(record: str, separator: str) -> tuple[list[str], int] | None:
    """The cells of the first row of this text and how many lines it takes; None when it is broken or not complete."""
    reader = csv.reader(io.StringIO(record, newline=""), delimiter=separator, strict=True)
    try:
        return next(reader, []), reader.line_num
    except csv.Error:
        return None


def _parse_without_quotes(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=separator, quoting=csv.QUOTE_NONE), [])
    except csv.Error:
        return [line[:1000]]
