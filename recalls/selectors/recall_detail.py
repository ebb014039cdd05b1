"""Reads one recall with everything its pages show, one of its files, and the patient's other recalls."""

from typing import Any

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import Http404

from clinic.models import User
from clinic.queries.prepared import PreparedQuery
from recalls.enums import LADDER_STATES
from recalls.models import Appointment, Outcome, OutsideReport, Recall, WorkItem
from recalls.selectors.result_rows import load_result_rows

MAX_OTHER_RECALLS = 10

_SELECT_RELATED = (
    "patient__call_preference", "patient__visit_wish", "patient__result_wish", "patient__contact_plan", "patient__site",
    "result_owner", "assigned_to",
    "exam__reader", "exam__referrer", "claim__user", "supplemental", "imaging_order",
    "held_slot__room", "trial_place", "site__lane_policy",
)  # fmt: skip
_PREFETCH_RELATED: tuple[Any, ...] = (
    "patient__contact_points",
    "patient__consents",
    "exam__findings",
    "held_slot__room__hours",
    Prefetch("appointments", Appointment.objects.select_related("room", "site", "stop")),
    "contact_attempts",
    "events",
    Prefetch("outcomes", Outcome.objects.select_related("release", "reader")),
    Prefetch("outside_reports", OutsideReport.objects.defer("content")),
    Prefetch(
        "work_items",
        WorkItem.objects.filter(done_at=None).select_related("assigned_to", "assigned_by"),
        to_attr="open_work_items",
    ),
)


def _build_query(*, recall: int, sites: list[int]) -> "QuerySet[Recall]":
    return Recall.objects.filter(pk=recall, site_id__in=sites).select_related(*_SELECT_RELATED)


_QUERY = PreparedQuery(_build_query)
_HIGHEST_KEY = 2**63 - 1  # what a column can hold: an address may name more


def get_recall_detail(user: User, pk: int) -> Recall:
    """The recall with all its rows and the calendar of its site; Http404 at a site that is not the user's.

    A fixed number of queries, whatever happened to the recall. `open_work_items` is a list on the recall, `lane_policy`
    the site's rule of the same-day lane or None.
    """
    if not user.site_ids or pk > _HIGHEST_KEY:
        raise Http404
    recall: Recall | None = next(iter(_QUERY.rows(recall=pk, sites=sorted(user.site_ids))), None)
    if recall is None:
        raise Http404
    prefetch_related_objects([recall], *_PREFETCH_RELATED)
    recall.lane_policy = getattr(recall.site, "lane_policy", None)  # type: ignore[attr-defined]
    recall.site = next(site for site in user.own_sites if site.pk == recall.site_id)
    prefetch_related_objects([recall.site], "opening_hours", "closures", "deadline_policy")
    load_result_rows(recall)
    for item in recall.open_work_items:  # type: ignore[attr-defined]
        item.patient = recall.patient
    for visit in recall.appointments.all():
        if visit.site_id == recall.site_id:
            visit.site = recall.site
    prefetch_related_objects([visit for visit in recall.appointments.all() if visit.part_count], "parts__room")
    return recall


def recalls_to_contact(user: User, recall: Recall) -> list[Recall]:
    """The patient's other recalls at the user's sites that somebody has to call about. One query."""
    rows = Recall.objects.for_user(user).filter(patient=recall.patient_id, state__in=LADDER_STATES)
    return list(rows.exclude(pk=recall.pk).select_related("site").order_by("pk"))


def other_open_recalls(user: User, recall: Recall) -> list[Recall]:
    """The patient's other open recalls at the user's sites, the nearest target first. One query."""
    rows = Recall.objects.for_user(user).still_open().filter(patient=recall.patient_id).exclude(pk=recall.pk)
    return list(rows.select_related("exam").order_by("target_at", "pk")[:MAX_OTHER_RECALLS])


def get_report_file(user: User, recall_id: int, pk: int) -> OutsideReport:
    """An outside report with its file; Http404 for one without a file, of another recall, or at another site."""
    recalls = Recall.objects.for_user(user).filter(pk=recall_id)
    found = (
        OutsideReport.objects.filter(pk=pk, recall__in=recalls).exclude(content=None).select_related("recall").first()
    )
    if found is None:
        raise Http404
    return found
