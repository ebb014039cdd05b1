"""Builds what stands for a recall: the ServiceRequest it recommends, the Task and Flag that track it, its CarePlan."""

from typing import Any

from exchange.fhir.resources.codes import DICOM, DICOM_BY_RECALL_KIND, SNOMED, assessment_concept, visit_concept
from exchange.fhir.resources.elements import (
    HL7_CODES,
    LOCAL,
    Json,
    build_head,
    coding,
    concept,
    day,
    in_order,
    instant,
    local_concept,
    narrative,
    patient_reference,
    period,
    reference,
    site_reference,
    staff_reference,
)
from exchange.parsing.indication_parser import BREAST_LUMP
from notifications.enums import Channel, NotificationKind, NotificationState
from notifications.models import Notification
from recalls.enums import ClosureReason, FindingKind, OrderedImaging, RecallKind, State, VisitKind, WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.scheduling.slots import suggested_visit_kind

# The patient or the clinic ended it without an answer from here.
REVOKED_REASONS = frozenset(
    {
        ClosureReason.DECLINED,
        ClosureReason.LOST_TO_FOLLOW_UP,
        ClosureReason.TRANSFERRED,
        ClosureReason.DECEASED,
    }
)
_VISIT_BY_ORDER = {
    OrderedImaging.MAMMOGRAM: VisitKind.DIAGNOSTIC,
    OrderedImaging.ULTRASOUND: VisitKind.ULTRASOUND,
    OrderedImaging.MAMMOGRAM_ULTRASOUND: VisitKind.DIAGNOSTIC_ULTRASOUND,
    OrderedImaging.MRI: VisitKind.MRI,
    OrderedImaging.BIOPSY: VisitKind.BIOPSY,
}
_BIOPSY_STATES = frozenset({State.BIOPSY_TO_BOOK, State.BIOPSY_BOOKED})


def request_status(recall: Recall) -> str:
    """A recall that waits for prior images is a draft: whether the patient must come is not decided yet."""
    if recall.state == State.CLOSED:
        return _closed_status(recall, "completed", "revoked")
    if recall.state == State.ON_HOLD:
        return "on-hold"
    return "draft" if recall.state == State.AWAITING_PRIORS else "active"


def _closed_status(recall: Recall, done: str, ended: str) -> str:
    if recall.closure_reason == ClosureReason.VOID:
        return "entered-in-error"
    return ended if recall.closure_reason in REVOKED_REASONS else done


def build_service_request(recall: Recall) -> Json:
    """Needs `exam` with its findings, `site`, `imaging_order`.

    What is recommended, and when, is the report's own order where there is one; else it follows from the recall, and
    the time window reaches from the opening to the target.
    """
    exam, order = recall.exam, getattr(recall, "imaging_order", None)
    kind = VisitKind.BIOPSY if recall.state in _BIOPSY_STATES else suggested_visit_kind(recall)
    window = period(recall.opened_at, recall.target_at)
    if order is not None:
        kind = _VISIT_BY_ORDER[OrderedImaging(order.imaging)]
        window = {"start": day(order.earliest_on), "end": day(order.latest_on)}
    recalled = RecallKind(recall.kind)
    dicom = [coding(DICOM, DICOM_BY_RECALL_KIND[recalled])] if recalled in DICOM_BY_RECALL_KIND else []
    return {
        **build_head("ServiceRequest", str(recall.pk), recall, "us-core-servicerequest"),
        "status": request_status(recall),
        "intent": "plan",
        "category": [concept(coding(f"{LOCAL}category", "recall"), text="Recall after breast screening")],
        "priority": "urgent" if recall.suspicious else "routine",
        "code": visit_concept(kind.value),
        "subject": patient_reference(recall.patient_id),
        "occurrencePeriod": window,
        "authoredOn": instant(recall.opened_at),
        "requester": staff_reference(exam.reader) or site_reference(recall.site),
        "performer": [site_reference(recall.site)],
        "reasonCode": [
            concept(*dicom, text=recalled.label),
            *_lump_reasons(recall),
            assessment_concept(exam.assessment),
        ],
        "reasonReference": [reference("DiagnosticReport", f"exam-{exam.pk}")],
    }


def _lump_reasons(recall: Recall) -> list[Json]:
    lumps = [one for one in recall.exam.findings.all() if one.kind == FindingKind.LUMP]
    return [concept(coding(SNOMED, BREAST_LUMP), text=str(one)) for one in lumps]


def build_recall_task(recall: Recall) -> Json:
    """Tracking: whose work it is, where it stands and by when the next action is due. Needs `assigned_to`."""
    status = {State.CLOSED: _closed_status(recall, "completed", "cancelled"), State.ON_HOLD: "on-hold"}
    return {
        **build_head("Task", f"recall-{recall.pk}", recall),
        "status": status.get(State(recall.state), "in-progress"),
        "businessStatus": local_concept("recall-state", State(recall.state)),
        "intent": "plan",
        "priority": "urgent" if recall.suspicious else "routine",
        "code": concept(coding(f"{LOCAL}task", "recall"), text="Follow a recall to its outcome"),
        "focus": reference("ServiceRequest", recall.pk),
        "for": patient_reference(recall.patient_id),
        "executionPeriod": period(recall.opened_at, recall.closed_at),
        "authoredOn": instant(recall.opened_at),
        "lastModified": instant(recall.state_since),
        "requester": site_reference(recall.site),
        "owner": staff_reference(recall.assigned_to),
        "restriction": {"period": {"end": instant(recall.due_at)}} if recall.due_at else {},
    }


def build_work_item_task(item: WorkItem) -> Json:
    """Needs `site` and `assigned_to`. The words typed for the staff stay here."""
    return {
        **build_head("Task", f"item-{item.pk}", item),
        "status": "completed" if item.done_at else "requested",
        "intent": "order",
        "code": local_concept("work-item", WorkItemKind(item.kind)),
        "focus": reference("ServiceRequest", item.recall_id) if item.recall_id else {},
        "for": patient_reference(item.patient_id),
        "executionPeriod": period(item.opened_at, item.done_at),
        "authoredOn": instant(item.opened_at),
        "requester": site_reference(item.site),
        "owner": staff_reference(item.assigned_to),
        "restriction": {"period": {"end": instant(item.due_at)}},
    }


def build_flag(recall: Recall) -> Json:
    """Shown in another system as long as the recall is open."""
    state = State(recall.state)
    return {
        **build_head("Flag", f"recall-{recall.pk}", recall),
        "status": "inactive" if state == State.CLOSED else "active",
        "category": [concept(coding(f"{HL7_CODES}flag-category", "clinical", "Clinical"))],
        "code": concept(coding(f"{LOCAL}recall-state", state.value, str(state.label)), text=f"Recall: {state.label}"),
        "subject": patient_reference(recall.patient_id),
        "period": period(recall.opened_at, recall.closed_at),
        "author": site_reference(recall.site),
    }


_ACTIVITY_STATUS = {
    NotificationState.PLANNED: "scheduled",
    NotificationState.SENDING: "in-progress",
    NotificationState.TO_PRINT: "in-progress",
    NotificationState.ACCEPTED: "completed",
    NotificationState.DELIVERED: "completed",
    NotificationState.SUPPRESSED: "on-hold",
}


def build_care_plan(recall: Recall) -> Json:
    """The messages that are planned for the recall, and what became of each. Needs `notifications`."""
    status = {"draft": "active", "entered-in-error": "entered-in-error"}
    told = request_status(recall)
    return {
        **build_head("CarePlan", f"recall-{recall.pk}", recall, "us-core-careplan"),
        "text": narrative("Messages planned for a recall after breast screening."),
        "status": status.get(told, told),
        "intent": "plan",
        "category": [concept(coding("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan"))],
        "title": "Messages of a recall",
        "subject": patient_reference(recall.patient_id),
        "period": period(recall.opened_at, recall.closed_at),
        "author": site_reference(recall.site),
        "addresses": [],
        "activity": [_build_activity(message) for message in in_order(recall.notifications.all())],
    }


def _build_activity(message: Notification) -> Json:
    state = NotificationState(message.state)
    detail: dict[str, Any] = {
        "kind": "CommunicationRequest",
        "code": local_concept("message", NotificationKind(message.kind)),
        "status": _ACTIVITY_STATUS.get(state, "cancelled"),
        "scheduledPeriod": period(message.due_at, message.expires_at),
    }
    return {"detail": detail}


_MEDIUM = {Channel.EMAIL: "EMAILWRIT", Channel.SMS: "SMSWRIT", Channel.LETTER: "MAILWRIT"}


def build_communication(message: Notification) -> Json:
    """A message that left: what kind, how and when. Its text and its address stay here. Needs `recall.site`."""
    to_patient = message.kind != NotificationKind.REFERRER_NOTICE
    return {
        **build_head("Communication", str(message.pk), message),
        "status": "completed",
        "category": [local_concept("message", NotificationKind(message.kind))],
        "medium": [concept(coding(f"{HL7_CODES}v3-ParticipationMode", _MEDIUM[Channel(message.channel)]))],
        "subject": patient_reference(message.patient_id),
        "about": [reference("ServiceRequest", message.recall_id)],
        "basedOn": [reference("ServiceRequest", message.recall_id)],
        "sent": instant(message.accepted_at),
        "recipient": [patient_reference(message.patient_id)] if to_patient else [],
        "sender": site_reference(message.recall.site),
    }
