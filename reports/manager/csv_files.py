"""Streams a list as a CSV file, and writes down beforehand who took it, why, and whom it names."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django import forms
from django.http import StreamingHttpResponse
from django.utils.translation import gettext_lazy as _

from clinic.access import page_views
from clinic.models import User
from reports.charts import escape_formula
from reports.models import ExportLog

BYTE_ORDER_MARK = "\ufeff"


class ExportForm(forms.Form):
    """Why somebody takes patients' data out of the product, and for which program."""

    reason = forms.CharField(
        label=_("Why is the file needed?"),
        max_length=ExportLog.REASON_LENGTH,
        error_messages={"required": _("Say why the file is needed: it is kept with your name and the time.")},
    )
    for_excel = forms.BooleanField(label=_("For Excel (with a byte order mark)"), required=False, initial=True)


class _Echo:
    """A file that hands back what is written into it."""

    def write(self, line: str) -> str:
        return line


def record_export(user: User, name: str, form: ExportForm) -> ExportLog:
    return ExportLog.objects.create(user=user, name=name, reason=form.cleaned_data["reason"])


def record_patients(export: ExportLog, patient_ids: Iterable[int]) -> None:
    """Whose rows leave, written before they do."""
    page_views.record(export.user, f"CSV file {export.name}", patient_ids, why=export.reason)


def csv_response(
    name: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, with_mark: bool
) -> StreamingHttpResponse:
    """UTF-8; a cell that a spreadsheet would read as a formula gets an apostrophe in front."""
    answer = StreamingHttpResponse(_lines(header, rows, with_mark), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _lines(header: Sequence[str], rows: Iterable[Sequence[str]], with_mark: bool) -> Iterator[Any]:
    if with_mark:
        yield BYTE_ORDER_MARK
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([escape_formula(cell) for cell in row])
