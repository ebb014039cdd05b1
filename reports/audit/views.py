"""Pages of the outcomes audit, of the waits and of who waits longer, and their CSV and JSON files."""

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from clinic.roles import Page
from desk.read_copy import reading_from_copy
from desk.views import DeskView
from reports.audit.documents import COLUMNS, Document, build_document, chart_data, document_rows, document_tables
from reports.audit.equity.documents import (
    EQUITY_COLUMNS,
    EquityDocument,
    build_equity_document,
    equity_charts,
    equity_rows,
    equity_tables,
    outside_limits,
)
from reports.audit.equity.figures import compute_equity
from reports.audit.figures import compute_audit
from reports.audit.files.month import render_month
from reports.audit.files.response import file_response, pdf_response
from reports.audit.question import EARLIEST_YEAR, AuditQuestion
from reports.audit.scope import AUDIT_BREAKDOWNS, EQUITY_BREAKDOWNS
from reports.audit.waits.documents import (
    WAIT_COLUMNS,
    WaitDocument,
    build_wait_document,
    wait_charts,
    wait_rows,
    wait_tables,
)
from reports.audit.waits.figures import WAIT_BREAKDOWNS, compute_waits


class AuditView(DeskView):
    """The figures of a year. Nothing on the page is about one patient."""

    page = Page.AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = AuditQuestion(request, AUDIT_BREAKDOWNS)
        document = _audit_document(asked)
        context = asked.form_context()
        tables = document_tables(document)
        context |= {
            "document": document,
            "tables": tables,
            "charts": chart_data(tables) if context["is_split"] else [],
            "is_own": asked.is_own,
            "may_narrow_to_own": not asked.sees_every_reader,
            "file_urls": asked.file_urls("audit_file"),
            "month": asked.last_month,
        }
        return render(request, "reports/audit.html", context)


class AuditFileView(DeskView):
    """The same figures as a file."""

    page = Page.AUDIT

    def get(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        asked = AuditQuestion(request, AUDIT_BREAKDOWNS)
        document = _audit_document(asked)
        return file_response(document, kind, f"audit-{asked.year}-{asked.by.value}", COLUMNS, document_rows(document))


class WaitsView(DeskView):
    """How long the recalls of a year waited at each step. Nothing on the page is about one patient."""

    page = Page.AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = AuditQuestion(request, WAIT_BREAKDOWNS, years_back=0)
        document = _wait_document(asked)
        context = asked.form_context() | {
            "document": document,
            "tables": wait_tables(document),
            "charts": wait_charts(document),
            "file_urls": asked.file_urls("audit_waits_file"),
        }
        return render(request, "reports/audit_waits.html", context)


class WaitsFileView(DeskView):
    page = Page.AUDIT

    def get(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        asked = AuditQuestion(request, WAIT_BREAKDOWNS, years_back=0)
        document = _wait_document(asked)
        name = f"waits-{asked.year}-{asked.by.value}"
        return file_response(document, kind, name, WAIT_COLUMNS, wait_rows(document))


class EquityView(DeskView):
    """Which groups wait longer or are not reached. Nothing on the page is about one patient."""

    page = Page.AUDIT

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = AuditQuestion(request, EQUITY_BREAKDOWNS, years_back=0)
        document = _equity_document(asked)
        tables = equity_tables(document)
        context = asked.form_context() | {
            "document": document,
            "tables": tables,
            "charts": equity_charts(tables),
            "outside": outside_limits(document),
            "file_urls": asked.file_urls("audit_equity_file"),
        }
        return render(request, "reports/audit_equity.html", context)


class EquityFileView(DeskView):
    page = Page.AUDIT

    def get(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        asked = AuditQuestion(request, EQUITY_BREAKDOWNS, years_back=0)
        document = _equity_document(asked)
        name = f"equity-{asked.year}-{asked.by.value}"
        return file_response(document, kind, name, EQUITY_COLUMNS, equity_rows(document))


class MonthView(DeskView):
    """The month for the clinic's meeting, as a PDF."""

    page = Page.AUDIT

    def get(self, request: HttpRequest, year: int, month: int) -> HttpResponse:
        asked = AuditQuestion(request, AUDIT_BREAKDOWNS)
        if not (
            1 <= month <= 12
            and EARLIEST_YEAR <= year <= asked.today.year
            and (first := date(year, month, 1)) <= asked.today
        ):
            raise Http404
        with reading_from_copy():
            pdf = render_month(asked.sites, first, asked.today)
        return pdf_response(pdf, f"recalls-{first:%Y-%m}")


def _audit_document(asked: AuditQuestion) -> Document:
    """A reader sees the own figures and those of all others together, by name nobody else's."""
    blind_to = None if asked.sees_every_reader else asked.user.pk
    with reading_from_copy():
        return build_document(compute_audit(asked.scope, asked.by, asked.today, own_reader_id=blind_to), asked.today)


def _wait_document(asked: AuditQuestion) -> WaitDocument:
    with reading_from_copy():
        groups = compute_waits(asked.scope, asked.by, asked.today)
        return build_wait_document(groups, asked.scope, asked.by, asked.today)


def _equity_document(asked: AuditQuestion) -> EquityDocument:
    with reading_from_copy():
        groups = compute_equity(asked.scope, asked.by, asked.today)
    return build_equity_document(groups, asked.scope, asked.by, asked.today)
