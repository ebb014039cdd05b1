"""Page of the reports that other institutions owe."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinic.actors import actor_for
from clinic.roles import Page
from desk.views import DeskView, current_user, sites_by_id
from recalls.presenters.report_requests import build_institution_groups
from recalls.selectors.report_requests import get_report_requests

_MAX_DIGITS = 18  # what fits into the integer column of both databases


class ReportRequestListView(DeskView):
    """Whom to ask for which report, institution by institution, so that one call serves several patients."""

    page = Page.REPORT_REQUESTS

    def get(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        sites = sites_by_id(user)
        found, has_more = get_report_requests(sites, _parse_number(request.GET.get("after", "")))
        context = {
            "groups": build_institution_groups(found, sites, actor_for(user), timezone.now()),
            "several_sites": len(sites) > 1,
            "next_page_url": f"?after={found[-1].pk}" if has_more else "",
        }
        return render(request, "recalls/report_requests.html", context)


def _parse_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else None
