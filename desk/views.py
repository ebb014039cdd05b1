"""Base view of the staff pages: role check, current user, the user's sites, access log."""

from typing import Any, ClassVar, cast

from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from clinic.models import AccessLog, Site, User
from clinic.roles import Page, can_open_page


class DeskView(View):
    """A page for the roles that `clinic.roles.PAGES` names; other roles get a 403 page."""

    page: ClassVar[Page]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not can_open_page(request.user, self.page):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


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
    """Write an access log row, before the page is rendered: a page that was seen is always on record."""
    AccessLog.objects.create(user=current_user(request), page=page, patient_id=patient_id)
