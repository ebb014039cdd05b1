"""Page of the outcomes audit and its CSV and JSON files."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from clinic import calendar
from clinic.models import Site, User
from clinic.roles import Page, can_open_page
from desk.views import DeskView, current_user
from reports.audit.documents import COLUMNS, Document, build_document, chart_data, document_rows, document_tables
from reports.audit.figures import compute_audit
from reports.audit.scope import AuditScope, Breakdown
from reports.manager.csv_files import csv_response

EARLIEST_YEAR = 1990
_YEARS_TO_CHOOSE = 6


class AuditView(DeskView):
    """The figures of a year. Nothing on the page is about one patient."""

    page = Page.AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = _Question(request)
        document = asked.document()
        tables = document_tables(document)
        this_year = asked.today.year
        years = sorted({*range(this_year, this_year - _YEARS_TO_CHOOSE, -1), asked.year}, reverse=True)
        context: dict[str, Any] = {
            "document": document,
            "tables": tables,
            "is_split": asked.by != Breakdown.ALL,
            "charts": chart_data(tables) if asked.by != Breakdown.ALL else [],
            "years": years,
            "year": asked.year,
            "breakdowns": list(Breakdown),
            "by": asked.by,
            "sites": asked.user.own_sites,
            "site_code": asked.site_code,
            "is_own": asked.is_own,
            "may_narrow_to_own": not asked.sees_every_reader,
            "file_urls": {kind: f"{reverse('audit_file', args=[kind])}?{asked.query}" for kind in ("csv", "json")},
        }
        return render(request, "reports/audit.html", context)


class AuditFileView(DeskView):
    """The same figures as a file."""

    page = Page.AUDIT

    def get(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        asked = _Question(request)
        return document_response(asked.document(), kind, f"audit-{asked.year}-{asked.by.value}")


def document_response(document: Document, kind: str, name: str) -> HttpResponseBase:
    """As CSV or JSON; 404 for any other kind."""
    if kind == "csv":
        return csv_response(name, COLUMNS, document_rows(document), with_mark=True)
    if kind != "json":
        raise Http404
    answer = JsonResponse(document, json_dumps_params={"indent": 1, "ensure_ascii": False})
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return answer


class _Question:
    """What an address asks for. 404 for what is no year, site or breakdown."""

    def __init__(self, request: HttpRequest) -> None:
        self.user: User = current_user(request)
        sites = self.user.own_sites
        self.today: date = calendar.local_day(sites[0], timezone.now()) if sites else calendar.earliest_today()
        self.site_code = request.GET.get("site", "")
        self.sites: tuple[Site, ...] = tuple(site for site in sites if self.site_code in ("", site.code))
        year, by = request.GET.get("year", str(self.today.year - 1)), request.GET.get("by", Breakdown.ALL)
        if by not in Breakdown or not year.isdecimal() or (self.site_code and not self.sites):
            raise Http404
        self.year, self.by = int(year), Breakdown(by)
        if not EARLIEST_YEAR <= self.year <= self.today.year:
            raise Http404
        self.sees_every_reader = can_open_page(self.user, Page.ALL_READERS)
        self.is_own = not self.sees_every_reader and "own" in request.GET
        self.query = urlencode(request.GET.dict())

    def document(self) -> Document:
        """A reader sees the own figures and those of all others together, by name nobody else's."""
        scope = AuditScope.of_year(self.sites, self.year, self.user.pk if self.is_own else None)
        blind_to = None if self.sees_every_reader else self.user.pk
        return build_document(compute_audit(scope, self.by, self.today, own_reader_id=blind_to), self.today)
