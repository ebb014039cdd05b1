"""The admin site: set-up, histories and texts.

The way in is the ordinary sign-in page, so one lockout guards both.
"""

from collections.abc import Callable
from datetime import UTC, tzinfo
from functools import partial, update_wrapper
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from clinic.roles import Page, can_open_page
from clinic.union_fetch import set_prefetched

View = Callable[..., HttpResponseBase]


def _user_timezone(user: Any) -> tzinfo:
    if not user.is_authenticated:
        return UTC
    set_prefetched(user, sites=user.own_sites)  # the lists and the board read them again
    return next((site.zone for site in user.own_sites), UTC)


class RecallDeskAdminSite(AdminSite):
    site_header = _("Recall Desk: administration")
    site_title = _("Recall Desk")
    index_title = _("Administration")
    enable_nav_sidebar = False

    def admin_view(self, view: View, cacheable: bool = False) -> Any:
        """Every time of day in the admin is one of the person's first site; the page is rendered while that holds."""

        def in_local_time(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            with timezone.override(_user_timezone(request.user)):
                response = view(request, *args, **kwargs)
                return response.render() if isinstance(response, SimpleTemplateResponse) else response

        return super().admin_view(update_wrapper(in_local_time, view), cacheable)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Built once a page shows it: it asks for every model's permissions and address, and most pages show none."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

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
        from config.pages.board import count_setup_left  # loaded late: Django is still collecting its models here

        return super().index(request, {**(extra_context or {}), "setup_left": count_setup_left(request)})
