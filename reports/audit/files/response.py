"""Gives a document of the audit as a CSV, JSON or PDF file."""

from collections.abc import Iterable, Sequence

from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from reports.audit.documents import Document
from reports.manager.csv_files import csv_response


def file_response(
    document: Document, kind: str, name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> HttpResponseBase:
    """As CSV or JSON; 404 for any other kind."""
    if kind == "csv":
        return csv_response(name, columns, rows, with_mark=True)
    if kind != "json":
        raise Http404
    answer = JsonResponse(document, json_dumps_params={"indent": 1, "ensure_ascii": False})
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return answer


def pdf_response(pdf: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        pdf, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    )
