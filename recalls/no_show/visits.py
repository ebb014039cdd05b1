"""Reads the visits that the estimate of missed visits is fitted to, and those that may be estimated.

Never a patient with a suspicious result: a screening 4 or 5, or a lesion that a radiologist called a 4, a 5 or known
cancer before the visit. They are called by the clinic's own rule, whatever any estimate would say.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from clinic.models import Site
from recalls.enums import (
    ACTIVE_APPOINTMENT_STATUSES,
    SUSPICIOUS_ASSESSMENTS,
    AppointmentStatus,
    Assessment,
    ContactChannel,
    ContactResult,
    State,
    VisitKind,
)
from recalls.models import Appointment, ContactAttempt, LesionAssessment, RecallEvent
from recalls.no_show.calibration import PastVisit
from recalls.no_show.features import KNOWN_BEFORE, KnownBefore, feature_values

WINDOW = timedelta(days=730)
NEVER_ESTIMATED = SUSPICIOUS_ASSESSMENTS | {Assessment.KNOWN_MALIGNANCY}
_OVER = (AppointmentStatus.ATTENDED, AppointmentStatus.MISSED)
_REACHED = (ContactResult.REACHED_WILL_BOOK, ContactResult.REACHED_CALLS_BACK)
_COLUMNS = ("pk", "recall_id", "recall__patient_id", "recall__patient__language", "status", "created_at", "starts_at")


def without_suspicious(visits: Any) -> Any:
    """Of a queryset of appointments, those of patients without a suspicious result before the visit."""
    marked = LesionAssessment.objects.filter(
        lesion__recall=OuterRef("recall"), assessment__in=NEVER_ESTIMATED, read_at__lt=OuterRef("starts_at")
    )
    return visits.filter(recall__suspicious=False).exclude(
        Q(recall__exam__assessment__in=NEVER_ESTIMATED) | Exists(marked)
    )


def load_past_visits(site: Site, now: datetime) -> list[PastVisit]:
    """The imaging visits of the window that were kept or missed and were booked more than a day ahead. Five queries."""
    rows = Appointment.objects.filter(
        site=site, status__in=_OVER, starts_at__gte=now - WINDOW, starts_at__lt=now,
        created_at__lte=F("starts_at") - KNOWN_BEFORE,
    ).exclude(kind=VisitKind.BIOPSY)  # fmt: skip
    return [
        PastVisit(row["recall__patient_id"], row["recall__patient__language"], feature_values(facts),
                  row["status"] == AppointmentStatus.MISSED)
        for row, facts in _with_facts(site, without_suspicious(rows), now)
    ]  # fmt: skip


def load_coming_visits(site: Site, first: datetime, end: datetime, now: datetime) -> dict[int, tuple[float, ...]]:
    """The values of the booked visits between two instants that may be estimated, by the visit's key."""
    rows = Appointment.objects.filter(
        site=site, status__in=ACTIVE_APPOINTMENT_STATUSES, recall__state=State.SCHEDULED,
        starts_at__gte=first, starts_at__lt=end,
    )  # fmt: skip
    return {row["pk"]: feature_values(facts) for row, facts in _with_facts(site, without_suspicious(rows), now)}


def _with_facts(site: Site, visits: Any, now: datetime) -> Iterator[tuple[dict[str, Any], KnownBefore]]:
    rows = list(visits.order_by("pk").values(*_COLUMNS))
    known = _load_past(rows)
    for row in rows:
        cutoff = min(row["starts_at"] - KNOWN_BEFORE, now)
        before = [status for at, status in known.visits[row["recall__patient_id"]] if at < cutoff]
        yield (
            row,
            KnownBefore(
                missed_before=before.count(AppointmentStatus.MISSED),
                kept_before=before.count(AppointmentStatus.ATTENDED),
                confirmed=any(at < cutoff for at in known.confirmed[row["pk"]]),
                reached=any(at < cutoff for at in known.reached[row["recall_id"]]),
                booked_at=row["created_at"],
                starts_at=row["starts_at"].astimezone(site.zone),
            ),
        )


@dataclass(slots=True)
class _Past:
    """What happened before: visits by patient, confirmations by visit, talks by recall; instants in UTC."""

    visits: defaultdict[int, list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))
    confirmed: defaultdict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    reached: defaultdict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))


def _load_past(rows: Iterable[Mapping[str, Any]]) -> _Past:
    """In slices, so that a large clinic's numbers fit into a query."""
    past, all_rows = _Past(), list(rows)
    for begin in range(0, len(all_rows), _SLICE):
        part = all_rows[begin : begin + _SLICE]
        recalls = {row["recall_id"] for row in part} - past.reached.keys() - {None}
        patients = {row["recall__patient_id"] for row in part} - past.visits.keys()
        _read_visits(past, patients)
        _read_events(past, recalls)
        _read_calls(past, recalls)
    return past


_SLICE = 2000


def _read_visits(past: _Past, patients: set[int]) -> None:
    earlier = Appointment.objects.filter(recall__patient__in=patients, status__in=_OVER).order_by("pk")
    for patient in patients:
        past.visits[patient] = []
    for patient, at, status in earlier.values_list("recall__patient_id", "starts_at", "status"):
        past.visits[patient].append((at, status))


def _read_events(past: _Past, recalls: set[int]) -> None:
    """A confirmation that was undone counts as none."""
    events = RecallEvent.objects.filter(recall__in=recalls, step__in=("confirm", "undo")).order_by("pk")
    found = list(events.values_list("recall_id", "version", "step", "at", "data"))
    undone = {(recall, data.get("undoes")) for recall, _version, step, _at, data in found if step == "undo"}
    for recall, version, step, at, data in found:
        if step == "confirm" and (recall, version) not in undone:
            past.confirmed[data.get("appointment", 0)].append(at)


def _read_calls(past: _Past, recalls: set[int]) -> None:
    for recall in recalls:
        past.reached[recall] = []
    calls = ContactAttempt.objects.filter(
        recall__in=recalls, channel=ContactChannel.PHONE, result__in=_REACHED, retracts=None, retracted_by=None
    )
    for recall, at in calls.order_by("pk").values_list("recall_id", "at"):
        past.reached[recall].append(at)
