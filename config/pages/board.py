"""The manager's board: what is late, where it stands, and whether everything is running; figures as CSV files.

It stands here because it shows what the broker answers and what is parked at intake, which reports know nothing of.
"""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinic.roles import Page, can_open_page
from config import broker
from desk.views import DeskView, current_user, sites_by_id
from exchange.hl7.silent_feeds import check_feeds
from exchange.models import Hl7Message, ParkedRow
from exchange.views.hl7_messages import messages_here
from reports.board import Board, ExternalStatus, get_board
from reports.charts import chart_csv_response
from reports.manager.list_rows import build_manager_rows
from reports.manager.recall_lists import ListQuery, RecallList, get_list_page
from reports.manager.views import log_rows_shown
from site_setup.checklist import get_checklist

BROKER_TIMEOUT_SECONDS = 0.5
WORST_ROWS = 10


class BoardView(DeskView):
    """Three numbers, the worst of the late, the states, health in words, the rest. Fixed queries at any size."""

    page = Page.BOARD

    def get(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        zone = next((site.zone for site in user.own_sites), timezone.get_default_timezone())
        with timezone.override(zone):
            context = {"board": _get_board(request), "setup_left": count_setup_left(request)}
            return render(request, "reports/board.html", context | _worst_context(request))


class ChartFileView(DeskView):
    """The figures of one chart of the board as a file: the same cells as in the table below it."""

    page = Page.BOARD

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        chart = next((chart for chart in _get_board(request).charts if chart.name == name), None)
        if chart is None:
            raise Http404
        return chart_csv_response(chart)


def count_setup_left(request: HttpRequest) -> int:
    """How many points of the set-up are still to do; 0 for who may not do them."""
    if not can_open_page(request.user, Page.SETUP):
        return 0
    return sum(not point.is_done for point in get_checklist(current_user(request)))


def _get_board(request: HttpRequest) -> Board:
    parked = admin.site.get_model_admin(ParkedRow).get_queryset(request).filter(state=ParkedRow.State.PARKED)
    is_up = broker.is_reachable(settings.REDIS_URL, seconds=BROKER_TIMEOUT_SECONDS)
    messages = messages_here(request).filter(state=Hl7Message.State.PARKED)
    user = current_user(request)
    signs = check_feeds(user.own_sites, timezone.now())
    feeds = [(sign.name, sign.last_at, sign.is_silent) for sign in signs]
    outside = ExternalStatus(is_broker_reachable=is_up, parked_rows=parked, parked_messages=messages, feeds=feeds)
    return get_board(user, outside)


def _worst_context(request: HttpRequest) -> dict[str, Any]:
    """Nobody's name or number for who may not open the lists."""
    user, now = current_user(request), timezone.now()
    if not can_open_page(user, Page.MANAGER_LISTS):
        return {"worst": [], "more_late": False}
    recalls, following = get_list_page(ListQuery(RecallList.LATE, user.own_sites, now), WORST_ROWS)
    rows = build_manager_rows(recalls, sites_by_id(user), now)
    log_rows_shown(user, RecallList.LATE, rows)
    return {
        "worst": rows,
        "more_late": following is not None,
        "may_open_recall": can_open_page(user, Page.RECALL),
    }
