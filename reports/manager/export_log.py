"""Page of the CSV files of patients that were taken out of the product: who, when, which list and why."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinic.roles import Page
from desk.datetime_display import display_datetime
from desk.keyset import format_cursor, parse_cursor, rows_after
from desk.list_exports import get_list_exports
from desk.views import DeskView, current_user
from recalls.assignment import display_name
from reports.manager.recall_lists import RecallList
from reports.models import ExportLog

PAGE_SIZE = 50
_ORDER = ("-pk",)


class ExportCursor(NamedTuple):
    """Where one page ended."""

    pk: int


class ExportLogView(DeskView):
    """The newest first, of people who work at one of the reader's sites."""

    page = Page.EXPORT_LOG

    def get(self, request: HttpRequest) -> HttpResponse:
        user, now = current_user(request), timezone.now()
        rows = ExportLog.objects.filter(user__sites__in=user.site_ids).select_related("user").distinct()
        after = parse_cursor(ExportCursor, request.GET.get("after", ""))
        if after is not None:
            rows = rows.filter(rows_after(_ORDER, after))
        found = list(rows.order_by(*_ORDER)[: PAGE_SIZE + 1])
        shown, site = found[:PAGE_SIZE], next(iter(user.own_sites), None)
        lists = dict(RecallList.choices) | {name: one.label for name, one in get_list_exports().items()}
        context = {
            "rows": [
                {
                    "when": display_datetime(site, row.at, now).full_text,
                    "who": display_name(row.user),
                    "what": lists.get(row.name, row.name),
                    "why": row.reason,
                }
                for row in shown
                if site is not None
            ],
            "next_page_url": f"?after={format_cursor(ExportCursor(shown[-1].pk))}" if len(found) > len(shown) else "",
        }
        return render(request, "reports/export_log.html", context)
