"""May this person open this page and this recall, and who looked? Asked before anything is shown."""

from typing import Any, ClassVar, cast

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from clinic.models import AccessLog, Site, User
from clinic.roles import Page, may_open
from recalls.models import Appointment, Outcome, Recall, WorkItem


class DeskView(View):
    """A page for the roles that `clinic.roles.PAGES` names; another role reads that it is not for her."""

    page: ClassVar[Page]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_open(request.user, self.page):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


def staff(request: HttpRequest) -> User:
    """The signed-in person; the middleware let nobody else in."""
    return cast(User, request.user)


def sites_by_id(user: User) -> dict[int, Site]:
    return {site.pk: site for site in user.own_sites}


def whole_recall(user: User, pk: int) -> Recall:
    """The recall with everything its page shows, in a fixed number of queries; 404 at a site that is not hers."""
    recall = _with_everything().for_user(user).filter(pk=pk).first()  # type: ignore[attr-defined]
    if recall is None:
        raise Http404
    recall.site = sites_by_id(user)[recall.site_id]
    return cast(Recall, recall)


def _with_everything() -> QuerySet[Recall]:
    return Recall.objects.select_related("patient", "exam__reader", "exam__referrer").prefetch_related(
        "patient__contact_points",
        "patient__consents",
        "exam__findings",
        "contact_attempts",
        "events",
        "pathology_results",
        "concordances",
        Prefetch("appointments", Appointment.objects.select_related("site")),
        Prefetch("outcomes", Outcome.objects.select_related("release")),
        Prefetch("work_items", WorkItem.objects.filter(done_at=None), to_attr="open_work_items"),
    )


def log_view(request: HttpRequest, recall: Recall, page: str) -> None:
    """Written before the page is made: a page that was seen is always on record."""
    AccessLog.objects.create(user=staff(request), page=page, patient_id=recall.patient_id)
