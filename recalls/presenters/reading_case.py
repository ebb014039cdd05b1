"""What a radiologist looks at before the answer: the visit, earlier results, earlier recalls."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from recalls.enums import AppointmentStatus, Assessment, ClosureReason, State
from recalls.models import Appointment, Outcome, Recall
from recalls.presenters.case_marks import describe_assessment
from recalls.presenters.datetime_display import DisplayDateTime, display_datetime, format_day
from recalls.presenters.recall_header import format_findings


@dataclass(frozen=True, slots=True)
class AssessmentSummary:
    """One outcome, as it was said; `amended_because` is the reason why a later one took its place."""

    assessment: str
    sides: list[str]
    text: str
    by: str
    recorded_at: DisplayDateTime
    release_text: str
    amendment_reason: str
    is_amended: bool


@dataclass(frozen=True, slots=True)
class PathologySummary:
    result: str
    specimen: str
    text: str
    by: str
    recorded_at: DisplayDateTime


@dataclass(frozen=True, slots=True)
class EarlierRecallSummary:
    """An earlier recall of the patient, in one line."""

    url: str
    exam_day: str
    findings: str
    outcome: str


@dataclass(frozen=True, slots=True)
class ReadingCase:
    """Everything beside the form; each list is newest first."""

    appointment: str
    appointment_time: DisplayDateTime | None
    density: str
    sides: list[str]
    assessments: list[AssessmentSummary]
    pathology: list[PathologySummary]
    priors_notes: list[str]
    earlier_recalls: list[EarlierRecallSummary]


def build_reading_case(recall: Recall, earlier: Iterable[Recall], now: datetime) -> ReadingCase:
    """No query when the recall came from `views.access.whole_recall`."""
    visit = _last_attended_appointment(recall)
    exam = recall.exam
    return ReadingCase(
        appointment=_format_appointment(visit) if visit else "",
        appointment_time=display_datetime(visit.site, visit.starts_at, now) if visit else None,
        density=str(exam.get_density_display()) if exam.density else "",
        sides=_assessments_by_side(exam.assessment_right, exam.assessment_left),
        assessments=build_assessment_summaries(recall, now),
        pathology=_pathology_summaries(recall, now),
        priors_notes=[event.note for event in _newest_first(recall.events.all()) if _is_priors_event(event)],
        earlier_recalls=[_earlier_recall_summary(other, recall, now) for other in earlier],
    )


def build_assessment_summaries(recall: Recall, now: datetime) -> list[AssessmentSummary]:
    """Every outcome of this recall, the newest first; the amended ones are kept and marked."""
    rows = _newest_first(recall.outcomes.all())
    reasons = {row.amends_id: row.reason for row in rows if row.amends_id}
    return [_assessment_summary(recall, row, reasons.get(row.pk), now) for row in rows]


def _assessment_summary(recall: Recall, row: Outcome, amended_because: str | None, now: datetime) -> AssessmentSummary:
    return AssessmentSummary(
        assessment=describe_assessment(row, recall.site),
        sides=_assessments_by_side(row.assessment_right, row.assessment_left),
        text=row.text,
        by=row.by,
        recorded_at=display_datetime(recall.site, row.at, now),
        release_text=_release_text(recall, row, now),
        amendment_reason=amended_because or "",
        is_amended=amended_because is not None,
    )


def _release_text(recall: Recall, row: Outcome, now: datetime) -> str:
    if not hasattr(row, "release"):
        return _("not released to the patient")
    when = {"when": display_datetime(recall.site, row.release.release_at, now)}
    if row.release.release_at > now:
        return _("to be released to the patient %(when)s") % when
    return _("released to the patient %(when)s") % when


def _assessments_by_side(right: str, left: str) -> list[str]:
    named = ((_("Right breast"), right), (_("Left breast"), left))
    return [f"{side}: {Assessment(value).label}" for side, value in named if value]


def _last_attended_appointment(recall: Recall) -> Appointment | None:
    came = [visit for visit in recall.appointments.all() if visit.status == AppointmentStatus.ATTENDED]
    return max(came, key=lambda visit: visit.pk, default=None)


def _format_appointment(visit: Appointment) -> str:
    minutes = _("%(minutes)d minutes") % {"minutes": visit.length_minutes}
    with_help = [_("with an interpreter")] if visit.interpreter else []
    return ", ".join([str(visit.get_kind_display()), minutes, *with_help])


def _pathology_summaries(recall: Recall, now: datetime) -> list[PathologySummary]:
    rows = _newest_first(recall.pathology_results.all())
    return [
        PathologySummary(
            str(row.get_result_display()), row.specimen, row.text, row.by, display_datetime(recall.site, row.at, now)
        )
        for row in rows
    ]


def _earlier_recall_summary(other: Recall, recall: Recall, now: datetime) -> EarlierRecallSummary:
    outcomes = _newest_first(other.outcomes.all())
    ended = [str(outcomes[0].get_assessment_display())] if outcomes else []
    if not outcomes or other.closure_reason not in (ClosureReason.NORMAL, ClosureReason.BENIGN):
        ended.append(
            str(ClosureReason(other.closure_reason).label if other.closure_reason else State(other.state).label)
        )
    return EarlierRecallSummary(
        url=reverse("recall", args=[other.pk]),
        exam_day=format_day(other.exam.exam_date, calendar.local_day(recall.site, now)),
        findings="; ".join(format_findings(other.exam)),
        outcome=", ".join(ended),
    )


def closure_reason_or_state(recall: Recall) -> str:
    """Why it was closed, or the state it is in."""
    return str(ClosureReason(recall.closure_reason).label if recall.closure_reason else State(recall.state).label)


def _is_priors_event(event: Any) -> bool:
    return event.step in ("request_priors", "receive_priors") and bool(event.note)


def _newest_first(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: row.pk, reverse=True)
