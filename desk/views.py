"""Base view of the staff pages: role check, current user, the user's sites, access log."""

from typing import Any, ClassVar, cast

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views import View

from clinic.access import page_views
from clinic.middleware import session_time_left
from clinic.models import Site, User
from clinic.roles import Page, can_open_page


class DeskView(View):
    """A page for the roles that `clinic.roles.PAGES` names; other roles get a 403 page."""

    page: ClassVar[Page]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not can_open_page(request.user, self.page):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


class StillHereView(View):
    """An open page asks how many seconds the session still lasts (GET), or says that the person types (POST)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        request.is_background = True  # type: ignore[attr-defined]
        left = session_time_left(request, timezone.now()) or settings.SESSION_IDLE_TIMEOUT
        return JsonResponse({"seconds_left": int(left.total_seconds())})

    def post(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"seconds_left": int(settings.SESSION_IDLE_TIMEOUT.total_seconds())})


def current_user(request: HttpRequest) -> User:
    """The signed-in user; the middleware rejects everybody else."""
    return cast(User, request.user)


def sites_by_id(user: User) -> dict[int, Site]:
    """The user's sites by primary key."""
    return {site.pk: site for site in user.own_sites}


def sites_with_calendars(user: User) -> list[Site]:
    """The user's sites with opening hours and closed days prefetched. Two queries."""
    sites = list(user.own_sites)
    prefetch_related_objects(sites, "opening_hours", "closures")
    return sites


def log_patient_view(request: HttpRequest, patient_id: int, page: str) -> None:
    """Record that the page is about this patient; it is written before the page is sent."""
    page_views.record(current_user(request), page, [patient_id])
