"""Reads one recall with everything its pages show."""

from typing import cast

from django.db.models import Prefetch, prefetch_related_objects
from django.http import Http404

from clinic.models import User
from recalls.models import Outcome, Recall, WorkItem

_SELECT_RELATED = ("patient__call_preference", "exam__reader", "exam__referrer", "claim__user")
_PREFETCH_RELATED = (
    "patient__contact_points",
    "patient__consents",
    "exam__findings",
    "appointments",
    "contact_attempts",
    "events",
    Prefetch("outcomes", Outcome.objects.select_related("release")),
    "pathology_results",
    "concordances",
    Prefetch("work_items", WorkItem.objects.filter(done_at=None), to_attr="open_work_items"),
)


def get_recall_detail(user: User, pk: int) -> Recall:
    """The recall with all its rows and the calendar of its site; Http404 at a site that is not the user's.

    A fixed number of queries, whatever happened to the recall. `open_work_items` is a list on the recall.
    """
    rows = Recall.objects.for_user(user).select_related(*_SELECT_RELATED).prefetch_related(*_PREFETCH_RELATED)
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    recall = cast(Recall, found)
    recall.site = next(site for site in user.own_sites if site.pk == recall.site_id)
    prefetch_related_objects([recall.site], "opening_hours", "closures", "deadline_policy")
    for item in recall.open_work_items:  # type: ignore[attr-defined]
        item.patient = recall.patient
    for visit in recall.appointments.all():
        if visit.site_id == recall.site_id:
            visit.site = recall.site
    return recall
