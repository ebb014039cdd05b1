"""Pages of the outcomes audit and of the waits, and their CSV and JSON files."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from clinic import calendar
from clinic.models import Site, User
from clinic.roles import Page
from desk.read_copy import reading_from_copy
from desk.views import DeskView, current_user, sites_with_calendars
from reports.audit.documents import COLUMNS, Document, build_document, chart_data, document_rows, document_tables
from reports.audit.figures import compute_audit
from reports.audit.file_response import file_response
from reports.audit.scope import AuditScope, Breakdown
from reports.audit.sign_off import sees_every_reader
from reports.audit.waits.documents import (
    WAIT_COLUMNS,
    WaitDocument,
    build_wait_document,
    wait_charts,
    wait_rows,
    wait_tables,
)
from reports.audit.waits.figures import WAIT_BREAKDOWNS, compute_waits

EARLIEST_YEAR = 1990
_YEARS_TO_CHOOSE = 6


class AuditView(DeskView):
    """The figures of a year. Nothing on the page is about one patient."""

    page = Page.AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = _Question(request, tuple(Breakdown))
        document = asked.document()
        tables = document_tables(document)
        is_split = asked.by != Breakdown.ALL
        context = asked.form_context() | {
            "document": document,
            "tables": tables,
            "charts": chart_data(tables) if is_split else [],
            "is_split": is_split,
            "breakdowns": list(Breakdown),
            "is_own": asked.is_own,
            "may_narrow_to_own": not asked.sees_every_reader,
            "file_urls": asked.file_urls("audit_file"),
        }
        return render(request, "reports/audit.html", context)


class AuditFileView(DeskView):
    """The same figures as a file."""

    page = Page.AUDIT

    def get(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        asked = _Question(request, tuple(Breakdown))
        document = asked.document()
        return file_response(document, kind, f"audit-{asked.year}-{asked.by.value}", COLUMNS, document_rows(document))


class WaitsView(DeskView):
    """How long the recalls of a year waited at each step. Nothing on the page is about one patient."""

    page = Page.AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = _Question(request, WAIT_BREAKDOWNS, years_back=0)
        document = asked.wait_document()
        context = asked.form_context() | {
            "document": document,
            "tables": wait_tables(document),
            "charts": wait_charts(document),
            "is_split": asked.by != Breakdown.ALL,
            "breakdowns": WAIT_BREAKDOWNS,
            "file_urls": asked.file_urls("audit_waits_file"),
        }
        return render(request, "reports/audit_waits.html", context)


class WaitsFileView(DeskView):
    page = Page.AUDIT

    def get(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        asked = _Question(request, WAIT_BREAKDOWNS, years_back=0)
        document = asked.wait_document()
        name = f"waits-{asked.year}-{asked.by.value}"
        return file_response(document, kind, name, WAIT_COLUMNS, wait_rows(document))


class _Question:
    """What an address asks for. 404 for what is no year, site or breakdown."""

    def __init__(self, request: HttpRequest, breakdowns: Sequence[Breakdown], *, years_back: int = 1) -> None:
        self.user: User = current_user(request)
        sites = sites_with_calendars(self.user)
        self.today: date = calendar.local_day(sites[0], timezone.now()) if sites else calendar.earliest_today()
        self.site_code = request.GET.get("site", "")
        self.sites: tuple[Site, ...] = tuple(site for site in sites if self.site_code in ("", site.code))
        year = request.GET.get("year", str(self.today.year - years_back))
        by = request.GET.get("by", Breakdown.ALL)
        if by not in breakdowns or not year.isdecimal() or (self.site_code and not self.sites):
            raise Http404
        self.year, self.by = int(year), Breakdown(by)
        if not EARLIEST_YEAR <= self.year <= self.today.year:
            raise Http404
        self.sees_every_reader = sees_every_reader(self.user, self.sites)
        self.is_own = not self.sees_every_reader and "own" in request.GET
        self.query = urlencode(request.GET.dict())

    def form_context(self) -> dict[str, Any]:
        """What the form above the figures offers and has chosen."""
        this_year = self.today.year
        return {
            "years": sorted({*range(this_year, this_year - _YEARS_TO_CHOOSE, -1), self.year}, reverse=True),
            "year": self.year,
            "by": self.by,
            "sites": self.user.own_sites,
            "site_code": self.site_code,
        }

    def file_urls(self, name: str) -> dict[str, str]:
        return {kind: f"{reverse(name, args=[kind])}?{self.query}" for kind in ("csv", "json")}

    def wait_document(self) -> WaitDocument:
        scope = AuditScope.of_year(self.sites, self.year)
        with reading_from_copy():
            return build_wait_document(compute_waits(scope, self.by, self.today), scope, self.by, self.today)

    def document(self) -> Document:
        """A reader sees the own figures and those of all others together, by name nobody else's."""
        scope = AuditScope.of_year(self.sites, self.year, self.user.pk if self.is_own else None)
        blind_to = None if self.sees_every_reader else self.user.pk
        with reading_from_copy():
            return build_document(compute_audit(scope, self.by, self.today, own_reader_id=blind_to), self.today)
