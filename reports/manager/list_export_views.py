"""Page on which a manager takes any list of the product as a CSV file, with the reason that is kept."""

from collections.abc import Iterator

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from clinic.roles import Page, can_open_page
from desk.list_exports import ExportRequest, ListExport, get_list_exports, iter_chunks, to_cell
from desk.views import DeskView, current_user
from reports.manager import csv_files
from reports.models import ExportLog


class ListExportView(DeskView):
    """The form with the reason, and the list as a stream, narrowed as its page was."""

    page = Page.EXPORT

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        return self._page(request, self._wanted(request, name), csv_files.ExportForm())

    def post(self, request: HttpRequest, name: str) -> HttpResponseBase:
        wanted, form, user = self._wanted(request, name), csv_files.ExportForm(request.POST), current_user(request)
        if not form.is_valid():
            return self._page(request, wanted, form)
        rows = wanted.rows(ExportRequest(user, request.GET, timezone.now()))
        log = csv_files.record_export(user, name, form)
        with_mark = form.cleaned_data["for_excel"]
        return csv_files.csv_response(name, wanted.columns, _cells(wanted, rows, log), with_mark=with_mark)

    @staticmethod
    def _wanted(request: HttpRequest, name: str) -> ListExport:
        wanted = get_list_exports().get(name)
        if wanted is None:
            raise Http404
        if not can_open_page(request.user, wanted.page):
            raise PermissionDenied
        return wanted

    @staticmethod
    def _page(request: HttpRequest, wanted: ListExport, form: csv_files.ExportForm) -> HttpResponse:
        context = {"wanted": wanted, "form": form, "is_narrowed": bool(request.GET)}
        return render(request, "reports/list_export.html", context, status=422 if form.errors else 200)


def _cells(wanted: ListExport, rows: object, log: ExportLog) -> Iterator[list[str]]:
    """Whose rows they are is written down before they leave."""
    for chunk in iter_chunks(rows):  # type: ignore[arg-type]
        ids = (wanted.patient_id(row) for row in chunk)
        csv_files.record_patients(log, (number for number in ids if number is not None))
        yield from ([to_cell(value) for value in wanted.cells(row)] for row in chunk)
