"""Exports one recall for support and scripts: codes, times in UTC, no name and no address."""

from datetime import UTC, datetime
from typing import Any

from recalls.assignment import display_name
from recalls.models import Appointment, Outcome, Recall, RecallEvent, ScreeningExam
from recalls.presenters import describe_next_action


def export_recall(exam: ScreeningExam) -> dict[str, Any]:
    """The exam's newest recall with all that hangs on it; an exam without one has `state` None and empty lists."""
    recall = _newest_recall(exam)
    head = {"accession": exam.accession, "mrn": exam.patient.mrn, "site": exam.site.code}
    if recall is None:
        nothing = dict.fromkeys(("state", "closure_reason", "due_at", "why", "assigned"))
        return {**head, **nothing, "events": [], "appointments": [], "outcomes": [], "notifications": []}
    return {
        **head,
        "state": recall.state,
        "closure_reason": recall.closure_reason or None,
        "due_at": _utc_isoformat(recall.due_at),
        "why": describe_next_action(recall),
        "assigned": recall.assigned_to.get_username() if recall.assigned_to else None,
        "events": [_export_event(event) for event in recall.events.order_by("version")],
        "appointments": [_export_appointment(visit) for visit in recall.appointments.order_by("pk")],
        "outcomes": [
            _export_outcome(outcome) for outcome in recall.outcomes.select_related("release", "reader").order_by("pk")
        ],
        "notifications": [
            {
                "kind": message.kind,
                "channel": message.channel,
                "occasion": message.occasion,
                "due_at": _utc_isoformat(message.due_at),
                "state": message.state,
                "attempts": message.attempt_count,
            }
            for message in recall.notifications.order_by("due_at", "pk")
        ],
    }


def _newest_recall(exam: ScreeningExam) -> Recall | None:
    recalls = Recall.objects.select_related("site", "patient", "exam", "assigned_to").filter(exam=exam)
    newest: Recall | None = recalls.order_by("pk").last()
    return newest


def _export_event(event: RecallEvent) -> dict[str, Any]:
    return {
        "step": event.step,
        "from": event.from_state or None,
        "to": event.to_state,
        "by": event.by,
        "at": _utc_isoformat(event.at),
    }


def _export_appointment(visit: Appointment) -> dict[str, Any]:
    return {
        "kind": visit.kind,
        "starts_at": _utc_isoformat(visit.starts_at),
        "length_minutes": visit.length_minutes,
        "status": visit.status,
        "sequence": visit.sequence,
        "overbooked": visit.overbooked,
        "time_reason": visit.time_reason,
        "further_parts": [
            {"kind": part.kind, "starts_at": _utc_isoformat(part.starts_at), "length_minutes": part.length_minutes}
            for part in visit.further_parts
        ],
    }


def _export_outcome(outcome: Outcome) -> dict[str, Any]:
    release = getattr(outcome, "release", None)
    return {
        "assessment": outcome.assessment,
        "by": outcome.by,
        "read_by": display_name(outcome.reader) if outcome.reader else outcome.reader_name or outcome.by,
        "at": _utc_isoformat(outcome.at),
        "release_at": _utc_isoformat(release.release_at) if release else None,
    }


def _utc_isoformat(at: datetime | None) -> str | None:
    """ISO 8601 with the offset +00:00."""
    return at.astimezone(UTC).isoformat() if at else None
