"""Shows what would become of the first rows of a file, and writes nothing."""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from django.db import transaction

from clinic.models import User
from exchange.batch_importer import RowReport, RowResult
from exchange.loader import Loader
from exchange.models import ResultFile, ResultUpload
from exchange.uploads.upload_load import sites_of_loader
from exchange.uploads.upload_reader import open_mapped_upload

PREVIEW_ROWS = 100
MAX_PROBLEMS = 10
SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True)
class UploadPreview:
    """The first rows as they are read, what would become of those that were tried, and the first problems."""

    columns: list[str]
    rows: list[list[str]]
    tried: int
    counts: list[tuple[str, int]]
    problems: list[RowReport]


def preview_upload(upload: ResultUpload, user: User) -> UploadPreview:
    """Try the first rows and take everything back. Raises UnusableFile."""
    with open_mapped_upload(upload) as source, closing(source.records()) as first:
        records = list(islice(first, PREVIEW_ROWS))
    with transaction.atomic():
        file = ResultFile.objects.create(name=upload.name, site=upload.site, by=user.get_username())
        reports = list(Loader(file, sites_of_loader(user), upload.site).load(records))
        transaction.set_rollback(True)
    counts = Counter(report.result for report in reports)
    columns = [name for name in upload.columns if name]
    return UploadPreview(
        columns,
        [[record.raw.get(name, "") for name in columns] for record in records[:SHOWN_ROWS]],
        len(records),
        [(str(result.label), counts[result]) for result in RowResult if counts[result]],
        [report for report in reports if report.problems][:MAX_PROBLEMS],
    )
