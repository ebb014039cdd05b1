"""How is one recall read with everything its page shows? In two queries, however much happened to it."""

from typing import cast

from django.http import Http404

from clinic.models import Closure, DeadlinePolicy, OpeningHours, User
from clinic.rows import keep, read_together
from patients.models import Consent, ContactPoint
from recalls.models import (
    Appointment,
    Concordance,
    ContactAttempt,
    Finding,
    Outcome,
    OutcomeRelease,
    PathologyResult,
    Recall,
    RecallEvent,
    WorkItem,
)

_SELECT_RELATED = ("patient__call_preference", "exam__reader", "exam__referrer", "claim__user")
_RECALL_RELATIONS = ("appointments", "contact_attempts", "events", "outcomes", "pathology_results", "concordances")


def get_recall_detail(user: User, pk: int) -> Recall:
    """The recall with all its rows and its site's calendar; 404 at a site that is not the user's."""
    found = Recall.objects.select_related(*_SELECT_RELATED).for_user(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    recall = cast(Recall, found)
    recall.site = next(site for site in user.own_sites if site.pk == recall.site_id)
    _attach_related(recall)
    return recall


def _attach_related(recall: Recall) -> None:
    site, patient, exam = recall.site_id, recall.patient_id, recall.exam_id
    rows = read_together(
        opening_hours=OpeningHours.objects.filter(site=site),
        closures=Closure.objects.filter(site=site),
        policy=DeadlinePolicy.objects.filter(site=site),
        contact_points=ContactPoint.objects.filter(patient=patient),
        consents=Consent.objects.filter(patient=patient),
        findings=Finding.objects.filter(exam=exam),
        appointments=Appointment.objects.filter(recall=recall),
        contact_attempts=ContactAttempt.objects.filter(recall=recall),
        events=RecallEvent.objects.filter(recall=recall),
        outcomes=Outcome.objects.filter(recall=recall),
        releases=OutcomeRelease.objects.filter(outcome__recall=recall),
        pathology_results=PathologyResult.objects.filter(recall=recall),
        concordances=Concordance.objects.filter(recall=recall),
        work_items=WorkItem.objects.filter(recall=recall, done_at=None),
    )
    recall.site.policy = next(iter(rows["policy"]), None) or DeadlinePolicy(site=recall.site)
    keep(recall.site, opening_hours=rows["opening_hours"], closures=rows["closures"])
    keep(recall.patient, contact_points=rows["contact_points"], consents=rows["consents"])
    keep(recall.exam, findings=rows["findings"])
    keep(recall, **{name: rows[name] for name in _RECALL_RELATIONS})
    _link_related(recall, rows["outcomes"], rows["releases"])
    for item in rows["work_items"]:
        item.patient = recall.patient
    recall.open_work_items = rows["work_items"]  # type: ignore[attr-defined]


def _link_related(recall: Recall, outcomes: list[Outcome], releases: list[OutcomeRelease]) -> None:
    """Rows that know each other need no query to be asked about each other."""
    released = {release.outcome_id: release for release in releases}
    for outcome in outcomes:
        Outcome._meta.get_field("release").set_cached_value(outcome, released.get(outcome.pk))
    for visit in recall.appointments.all():
        if visit.site_id == recall.site_id:
            visit.site = recall.site
