"""Views of the live map, its updates and the downtime sheet."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response

from clinic.access import page_views
from clinic.roles import Page, can_open_page
from desk.views import DeskView, current_user
from reports.downtime_sheet import build_downtime_sheets
from reports.live_map import LiveMap, get_live_map

MAX_CALLBACKS_ON_PAGE = 1000  # of each site; the file on the server holds every one


def map_context(found: LiveMap, request: HttpRequest) -> dict[str, object]:
    zone = next((site.zone for site in current_user(request).own_sites), timezone.get_default_timezone())
    return {"map": found, "map_zone": zone, "map_seconds": settings.MAP_REFRESH_SECONDS}


class DowntimeSheetView(DeskView):
    """The sheet to print each morning. Whose names it shows is written down before it is shown."""

    page = Page.DOWNTIME

    def get(self, request: HttpRequest) -> HttpResponse:
        user = current_user(request)
        sheets = build_downtime_sheets(user.own_sites, timezone.now(), max_callbacks=MAX_CALLBACKS_ON_PAGE)
        shown = sorted({person.patient_id for sheet in sheets for person in sheet.patients})
        page_views.record(user, "downtime sheet", shown)
        return render(request, "reports/downtime.html", {"sheets": sheets, "on_disk": settings.DOWNTIME_SHEET})


class WorkflowMapView(DeskView):
    page = Page.MAP

    def get(self, request: HttpRequest) -> HttpResponse:
        context = map_context(get_live_map(current_user(request)), request)
        return render(request, "reports/map.html", context | {"downtime": can_open_page(request.user, Page.DOWNTIME)})


class WorkflowMapUpdateView(DeskView):
    """The drawing and its tables anew; answers 304 to whoever holds these figures already.

    An open page asks by itself: that is no sign that anybody sits there, so it does not put off the end of a session.
    """

    page = Page.MAP

    def get(self, request: HttpRequest) -> HttpResponse:
        request.is_background = True  # type: ignore[attr-defined]
        found = get_live_map(current_user(request))
        fresh = render(request, "reports/map_update.html", map_context(found, request))
        fresh.headers["ETag"] = found.etag
        answer = get_conditional_response(request, etag=found.etag, response=fresh)
        return answer if isinstance(answer, HttpResponse) else fresh
