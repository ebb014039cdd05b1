"""Where is the live map on the desk, and what does a page that shows it ask for while it is open?"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response

from clinic.roles import Page
from recalls.views.access import DeskView, staff
from reports.live_map import LiveMap, read_map


def map_context(found: LiveMap, request: HttpRequest) -> dict[str, object]:
    zone = next((site.zone for site in staff(request).own_sites), timezone.get_default_timezone())
    return {"map": found, "map_zone": zone, "map_seconds": settings.MAP_REFRESH_SECONDS}


class WorkflowMap(DeskView):
    page = Page.MAP

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "reports/map.html", map_context(read_map(staff(request)), request))


class WorkflowMapFigures(DeskView):
    """The drawing and its tables anew; answers 304 to whoever holds these figures already.

    An open page asks by itself: that is no sign that anybody sits there, so it does not put off the end of a session.
    """

    page = Page.MAP

    def get(self, request: HttpRequest) -> HttpResponse:
        request.is_background = True  # type: ignore[attr-defined]
        found = read_map(staff(request))
        fresh = render(request, "reports/map_figures.html", map_context(found, request))
        fresh.headers["ETag"] = found.etag
        answer = get_conditional_response(request, etag=found.etag, response=fresh)
        return answer if isinstance(answer, HttpResponse) else fresh
