"""May this person open this page and this recall, and who looked? Asked before anything is shown."""

from typing import Any, ClassVar, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views import View

from clinic.models import AccessLog, Site, User
from clinic.roles import Page, may_open
from recalls.models import Recall
from recalls.permissions import StepRefused

_MOST_DIGITS = 10


class DeskView(View):
    """A page for the roles that `clinic.roles.PAGES` names; another role reads that it is not for them."""

    page: ClassVar[Page]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_open(request.user, self.page):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


def current_user(request: HttpRequest) -> User:
    """The signed-in person; the middleware let nobody else in."""
    return cast(User, request.user)


def seen_version(request: HttpRequest) -> int:
    """The version of the recall that the page showed; StepRefused when the form does not say so."""
    version = request.POST.get("version", "")
    if not (version.isascii() and version.isdecimal() and len(version) < _MOST_DIGITS):
        raise StepRefused(_("The page did not say what you had seen. Look at the recall as it stands, then decide."))
    return int(version)


def sites_by_id(user: User) -> dict[int, Site]:
    return {site.pk: site for site in user.own_sites}


def log_patient_view(request: HttpRequest, recall: Recall, page: str) -> None:
    """Written before the page is made: a page that was seen is always on record."""
    AccessLog.objects.create(user=current_user(request), page=page, patient_id=recall.patient_id)
