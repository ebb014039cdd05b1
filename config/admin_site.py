"""The admin site, whose first page shows the status board to those who may open it.

The way in is the ordinary sign-in page, so one lockout guards both.
"""

from collections.abc import Callable
from datetime import UTC, tzinfo
from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from clinic.roles import Page, can_open_page
from clinic.union_fetch import set_prefetched

BROKER_TIMEOUT_SECONDS = 0.5

View = Callable[..., HttpResponseBase]


def _user_timezone(user: Any) -> tzinfo:
    if not user.is_authenticated:
        return UTC
    set_prefetched(user, sites=user.own_sites)  # the lists and the board read them again
    return next((site.zone for site in user.own_sites), UTC)


class RecallDeskAdminSite(AdminSite):
    site_header = _("Recall Desk: administration")
    site_title = _("Recall Desk")
    index_title = _("Status board")
    enable_nav_sidebar = False

    def admin_view(self, view: View, cacheable: bool = False) -> Any:
        """Every time of day in the admin is one of the person's first site; the page is rendered while that holds."""

        def in_local_time(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            with timezone.override(_user_timezone(request.user)):
                response = view(request, *args, **kwargs)
                return response.render() if isinstance(response, SimpleTemplateResponse) else response

        return super().admin_view(update_wrapper(in_local_time, view), cacheable)

    def has_permission(self, request: HttpRequest) -> bool:
        """Active staff accounts, and everybody who may open the board."""
        user = request.user
        return user.is_active and (getattr(user, "is_staff", False) or can_open_page(user, Page.BOARD))

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send a stranger to the sign-in page; somebody who is signed in and may not enter is told so."""
        target = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(target, settings.LOGIN_URL)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = dict(extra_context or {}, board=None)
        if can_open_page(request.user, Page.BOARD):
            from reports.live_map import get_live_map
            from reports.views import map_context

            user: Any = request.user
            context |= map_context(get_live_map(user), request) | {"board": self._board(request)}
        else:
            context["title"] = _("Administration")
        return super().index(request, context)

    def get_urls(self) -> Any:
        figures = path("figures/<slug:name>.csv", self.admin_view(self.chart_csv), name="chart_csv")
        return [figures, *super().get_urls()]

    def chart_csv(self, request: HttpRequest, name: str) -> HttpResponse:
        """The figures of one chart of the board as a file: the same cells as in the table below it."""
        if not can_open_page(request.user, Page.BOARD):
            raise PermissionDenied
        from reports.charts import chart_csv_response

        chart = next((chart for chart in self._board(request).charts if chart.name == name), None)
        if chart is None:
            raise Http404
        return chart_csv_response(chart)

    def _board(self, request: HttpRequest) -> Any:
        # Read when first asked for: this module is loaded while Django is still collecting its models.
        from config import broker
        from exchange.models import ParkedRow
        from reports.board import ExternalStatus, get_board

        user: Any = request.user
        parked = self.get_model_admin(ParkedRow).get_queryset(request).filter(state=ParkedRow.State.PARKED)
        outside = ExternalStatus(
            is_broker_reachable=broker.is_reachable(settings.REDIS_URL, seconds=BROKER_TIMEOUT_SECONDS),
            parked_rows=parked,
        )
        return get_board(user, outside)
