"""Reads one recall with everything its pages show, one of its files, and the patient's other recalls."""

from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404

from clinic.models import User
from clinic.queries.prepared import PreparedQuery
from clinic.queries.related_rows import prefetch_rows
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


def _build_query(*, recall: int, sites: list[int]) -> "QuerySet[Recall]":
    return Recall.objects.filter(pk=recall, site_id__in=sites).select_related(*_SELECT_RELATED)


def _build_visits(*, owner: int) -> "QuerySet[Appointment]":
    return Appointment.objects.filter(recall=owner).select_related("room", "site", "stop")


def _build_outcomes(*, owner: int) -> "QuerySet[Outcome]":
    return Outcome.objects.filter(recall=owner).select_related("release", "reader")


def _build_reports(*, owner: int) -> "QuerySet[OutsideReport]":
    return OutsideReport.objects.filter(recall=owner).defer("content")


def _build_tasks(*, recall: int) -> "QuerySet[WorkItem]":
    return WorkItem.objects.filter(recall=recall, done_at=None).select_related("assigned_to", "assigned_by")


def _build_recalls_to_contact(*, recall: int, patient: int, sites: list[int]) -> "QuerySet[Recall]":
    rows = Recall.objects.filter(patient=patient, site_id__in=sites, state__in=LADDER_STATES)
    return rows.exclude(pk=recall).select_related("site").order_by("pk")


def _build_open_recalls(*, recall: int, patient: int, sites: list[int]) -> "QuerySet[Recall]":
    rows = Recall.objects.still_open().filter(patient=patient, site_id__in=sites).exclude(pk=recall)
    return rows.select_related("exam").order_by("target_at", "pk")[:MAX_OTHER_RECALLS]


_QUERY, _TASKS = PreparedQuery(_build_query), PreparedQuery(_build_tasks)
_RECALLS_TO_CONTACT, _OPEN_RECALLS = PreparedQuery(_build_recalls_to_contact), PreparedQuery(_build_open_recalls)
_ROWS = {
    "appointments": PreparedQuery(_build_visits),
    "outcomes": PreparedQuery(_build_outcomes),
    "outside_reports": PreparedQuery(_build_reports),
}
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
    prefetch_rows(recall.patient, "contact_points", "consents")
    prefetch_rows(recall.exam, "findings")
    prefetch_rows(recall, "contact_attempts", "events", **_ROWS)
    prefetch_related_objects([recall], "held_slot__room__hours")
    recall.lane_policy = getattr(recall.site, "lane_policy", None)  # type: ignore[attr-defined]
    recall.site = next(site for site in user.own_sites if site.pk == recall.site_id)
    prefetch_rows(recall.site, "opening_hours", "closures")
    prefetch_related_objects([recall.site], "deadline_policy")
    load_result_rows(recall)
    recall.open_work_items = list(_TASKS.rows(recall=recall.pk))  # type: ignore[attr-defined]
    for item in recall.open_work_items:  # type: ignore[attr-defined]
        item.recall, item.patient = recall, recall.patient
    for visit in recall.appointments.all():
        if visit.site_id == recall.site_id:
            visit.site = recall.site
    prefetch_related_objects([visit for visit in recall.appointments.all() if visit.part_count], "parts__room")
    return recall


def recalls_to_contact(user: User, recall: Recall) -> list[Recall]:
    """The patient's other recalls at the user's sites that somebody has to call about. One query."""
    sites = sorted(user.site_ids)
    return list(_RECALLS_TO_CONTACT.rows(recall=recall.pk, patient=recall.patient_id, sites=sites)) if sites else []


def other_open_recalls(user: User, recall: Recall) -> list[Recall]:
    """The patient's other open recalls at the user's sites, the nearest target first. One query."""
    sites = sorted(user.site_ids)
    return list(_OPEN_RECALLS.rows(recall=recall.pk, patient=recall.patient_id, sites=sites)) if sites else []


def get_report_file(user: User, recall_id: int, pk: int) -> OutsideReport:
    """An outside report with its file; Http404 for one without a file, of another recall, or at another site."""
    recalls = Recall.objects.for_user(user).filter(pk=recall_id)
    found = (
        OutsideReport.objects.filter(pk=pk, recall__in=recalls).exclude(content=None).select_related("recall").first()
    )
    if found is None:
        raise Http404
    return found
