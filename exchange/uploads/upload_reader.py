"""Opens an uploaded file, CSV or Excel workbook, under the columns that were chosen for it."""

import dataclasses
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice

from django.utils.translation import gettext as _

from exchange.csv_reader import ResultsCsv, inspect_csv
from exchange.errors import UnusableFile
from exchange.models import ResultUpload
from exchange.uploads.upload_store import file_path
from exchange.uploads.xlsx_reader import ResultsWorkbook, inspect_workbook

WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")
SUFFIXES = (".csv", ".txt", ".tsv", *WORKBOOK_SUFFIXES)
SAMPLE_ROWS = 3


@contextmanager
def open_upload(upload: ResultUpload) -> Iterator[ResultsCsv | ResultsWorkbook]:
    """The file under its own names of columns. Raises UnusableFile with the remedy."""
    path = file_path(upload)
    try:
        content = path.open("rb")
    except FileNotFoundError:
        raise UnusableFile(_("The file is not kept any more. Upload it again.")) from None
    with content:
        is_workbook = path.suffix in WORKBOOK_SUFFIXES
        yield inspect_workbook(content) if is_workbook else inspect_csv(content)


@contextmanager
def open_mapped_upload(upload: ResultUpload) -> Iterator[ResultsCsv | ResultsWorkbook]:
    """The file under our names of columns; what was left out is not read."""
    with open_upload(upload) as source:
        if list(source.header) != upload.header:
            raise UnusableFile(_("The file is another one than was checked. Upload it again."))
        yield dataclasses.replace(source, header=tuple(upload.columns))


def sample_cells(source: ResultsCsv | ResultsWorkbook) -> list[list[str]]:
    """What the first rows hold in each column of the file."""
    numbered = dataclasses.replace(source, header=tuple(str(number) for number in range(len(source.header))))
    with closing(numbered.records()) as records:
        rows = list(islice(records, SAMPLE_ROWS))
    return [[row.raw.get(str(number), "") for row in rows] for number in range(len(source.header))]
