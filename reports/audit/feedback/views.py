"""Pages of a reader: the own cases that came back, the reviews that are owed, the own trend."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.roles import Page
from desk.keyset import format_cursor, parse_cursor
from desk.read_copy import reading_from_copy
from desk.views import DeskView, current_user, sites_by_id
from recalls.presenters.reader_outcomes import build_reader_outcome_rows
from reports.audit.feedback.cases import PAGE_SIZE, CaseChoice, CaseCursor, cases_of, list_cases, rate_case
from reports.audit.feedback.reviews import find_missed_readings, list_reviews, write_review
from reports.audit.feedback.trend import (
    TREND_COLUMNS,
    TrendDocument,
    build_trend,
    build_trend_document,
    trend_charts,
    trend_rows,
)
from reports.audit.files.response import file_response
from reports.models import CaseReview


class ReaderCasesView(DeskView):
    """The reader's own closed recalls as cards, below the reviews that are owed."""

    page = Page.READER_CASES

    def get(self, request: HttpRequest) -> HttpResponse:
        return _render_cases(request)


class RateCaseView(DeskView):
    page = Page.READER_CASES

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        user = current_user(request)
        recall = get_object_or_404(cases_of(user), pk=pk)
        if request.POST.get("useful") not in ("yes", "no"):
            raise Http404
        rate_case(recall, useful=request.POST["useful"] == "yes", by=user)
        return redirect(f"{reverse('reader_cases')}?{urlencode({'show': _choice(request.POST).value})}")


class ReviewCaseView(DeskView):
    page = Page.READER_CASES

    def post(self, request: HttpRequest, exam: int, kind: str) -> HttpResponse:
        user = current_user(request)
        owed = find_missed_readings(user.own_sites, _today(request))
        reading = next((one for one in owed if (one.exam_id, one.kind, one.reader_id) == (exam, kind, user.pk)), None)
        if reading is None or kind not in CaseReview.Kind:
            raise Http404
        try:
            write_review(reading, request.POST.get("note", ""), by=user)
        except ValidationError as refusal:
            return _render_cases(request, fault=(exam, kind, refusal.messages[0]), status=422)
        messages.success(request, _("The review is kept. You and the audit physician can read it."))
        return redirect("reader_cases")


class ReaderTrendView(DeskView):
    """Own figures by year beside those of the other readers together."""

    page = Page.READER_CASES

    def get(self, request: HttpRequest) -> HttpResponse:
        document = _trend_document(request)
        files = {kind: reverse("reader_trend_file", args=[kind]) for kind in ("csv", "json")}
        context = {"document": document, "charts": trend_charts(document), "file_urls": files}
        return render(request, "reports/reader_trend.html", context)


class ReaderTrendFileView(DeskView):
    page = Page.READER_CASES

    def get(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        document = _trend_document(request)
        return file_response(document, kind, "own-trend", TREND_COLUMNS, trend_rows(document))


def _trend_document(request: HttpRequest) -> TrendDocument:
    user, today = current_user(request), _today(request)
    with reading_from_copy():
        return build_trend_document(build_trend(user, user.own_sites, today), today)


def _today(request: HttpRequest) -> date:
    sites = current_user(request).own_sites
    return calendar.local_day(sites[0], timezone.now()) if sites else calendar.earliest_today()


def _choice(asked: Any) -> CaseChoice:
    show = asked.get("show", CaseChoice.NEW)
    if show not in CaseChoice:
        raise Http404
    return CaseChoice(show)


def _render_cases(
    request: HttpRequest, *, fault: tuple[int, str, str] | None = None, status: int = 200
) -> HttpResponse:
    user, now, choice = current_user(request), timezone.now(), _choice(request.GET)
    found = list_cases(user, choice, parse_cursor(CaseCursor, request.GET.get("after", "")))
    shown = found[:PAGE_SIZE]
    own, others = list_reviews(user, user.own_sites, _today(request))
    last = shown[-1] if len(found) > len(shown) else None
    after = format_cursor(CaseCursor(last.closed_at, last.pk)) if last else ""
    cards = zip(shown, build_reader_outcome_rows(shown, sites_by_id(user), now), strict=True)
    context = {
        "choice": choice,
        "choices": CaseChoice,
        "cards": [{"recall": recall, "row": row} for recall, row in cards],
        "reviews_owed": [row for row in own if row.review is None],
        "reviews_done": [row for row in own if row.review is not None],
        "reviews_of_others": others,
        "fault": {"exam": fault[0], "kind": fault[1], "words": fault[2]} if fault else None,
        "next_page_url": f"?{urlencode({'show': choice.value, 'after': after})}" if after else "",
    }
    return render(request, "reports/reader_cases.html", context, status=status)
