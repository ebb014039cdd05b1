"""Loads all facts about recalls that their messages depend on, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinic.models import Site
from notifications.enums import NotificationKind, NotificationState
from notifications.models import Notification
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, BOOKED_STATES, AppointmentStatus, State
from recalls.models import Appointment, Outcome, PathologyResult, Recall, RecallEvent

NotificationKey = tuple[str, str]

# Messages that tell the patient a time: what they say must be taken back or corrected when it is not true any more.
APPOINTMENT_TIME_KINDS = frozenset(
    {
        NotificationKind.APPOINTMENT_CONFIRMATION,
        NotificationKind.APPOINTMENT_CHANGED,
        NotificationKind.APPOINTMENT_REMINDER,
        NotificationKind.BIOPSY_CONFIRMATION,
        NotificationKind.BIOPSY_REMINDER,
    }
)
_BOOKING_STEPS = frozenset({"book_appointment", "book_biopsy", "reschedule"})
_NOTIFICATION_FIELDS = (
    "recall_id", "kind", "occasion", "state", "reason", "appointment_id", "appointment_sequence",
    "may_have_arrived_twice", "channel", "failed_channels", "language", "urgent",
)  # fmt: skip
_EVENT_FIELDS = ("recall_id", "version", "step", "from_state", "to_state", "at", "data")
_SENT_STATES = frozenset(
    {
        NotificationState.SENDING,
        NotificationState.ACCEPTED,
        NotificationState.DELIVERED,
        NotificationState.BOUNCED,
    }
)


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event of the recall, as much of it as messages hang on."""

    version: int
    step: str
    from_state: str
    to_state: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(slots=True)
class RecallSnapshot:
    """A recall with all that messages about it depend on. Each list is in the order in which things happened."""

    recall: Recall
    events: list[EventRecord]
    appointments: list[Appointment]
    outcomes: list[Outcome]
    pathology: list[PathologyResult]
    notifications: dict[NotificationKey, Notification]

    @property
    def site(self) -> Site:
        return self.recall.site

    @property
    def active_appointment(self) -> Appointment | None:
        return next((visit for visit in self.appointments if visit.status in ACTIVE_APPOINTMENT_STATUSES), None)

    @property
    def latest_outcome(self) -> Outcome | None:
        """The newest one, which no later one amends."""
        return self.outcomes[-1] if self.outcomes else None

    def last_event(self, *steps: str, about: int | None = None) -> EventRecord | None:
        """The newest event of these steps, about that appointment where one is named."""
        found = (
            event
            for event in reversed(self.events)
            if event.step in steps and (about is None or event.data.get("appointment") == about)
        )
        return next(found, None)

    def last_entered(self, state: State) -> EventRecord | None:
        """The newest event that brought the recall into that state from another one."""
        found = (e for e in reversed(self.events) if e.to_state == state and e.from_state != state)
        return next(found, None)

    def booked_at(self, visit: Appointment) -> datetime:
        """When the visit was given the time it has now."""
        event = self.last_event(*_BOOKING_STEPS, about=visit.pk)
        return event.at if event else visit.created_at

    def ended_at(self, visit: Appointment) -> datetime:
        """When a visit was cancelled or missed: the first event after its booking that left the booked state."""
        booked = self.last_event(*_BOOKING_STEPS, about=visit.pk)
        since = booked.version if booked else 0
        for event in self.events:
            if event.version > since and event.from_state in BOOKED_STATES and event.to_state not in BOOKED_STATES:
                return event.at
        return self.recall.state_since

    def was_notified_of(self, visit: Appointment, *, before_sequence: int | None = None) -> bool:
        """Whether a message about the visit left or may have left (of an earlier time of it, where asked)."""
        return any(
            row.kind in APPOINTMENT_TIME_KINDS
            and row.appointment_id == visit.pk
            and (before_sequence is None or (row.appointment_sequence or 0) < before_sequence)
            and _may_have_been_sent(row)
            for row in self.notifications.values()
        )

    def last_communicated_start(self, visit: Appointment) -> datetime:
        """The time of the visit that the newest message about it told: a move that was never told does not count."""
        told = [
            row.appointment_sequence or 0
            for row in self.notifications.values()
            if row.appointment_id == visit.pk and row.kind in APPOINTMENT_TIME_KINDS and _may_have_been_sent(row)
        ]
        moves = [e for e in self.events if e.step == "reschedule" and e.data.get("appointment") == visit.pk]
        if not told or max(told) >= len(moves):
            return visit.starts_at
        return datetime.fromisoformat(moves[max(told)].data["from"])


def _may_have_been_sent(row: Notification) -> bool:
    return row.state in _SENT_STATES or row.may_have_arrived_twice


def load_snapshot(recall: Recall, *, newly_opened: bool = False) -> RecallSnapshot:
    """One recall's; a newly opened one has no visits, outcomes or messages, and none are asked for."""
    if newly_opened:
        return RecallSnapshot(recall, [], [], [], [], {})
    return load_snapshots([recall])[0]


def load_snapshots(recalls: Iterable[Recall]) -> list[RecallSnapshot]:
    """Of many recalls: three queries, and one each for visits, outcomes and pathology where there can be any."""
    by_recall = {recall.pk: RecallSnapshot(recall, [], [], [], [], {}) for recall in recalls}
    for recall_id, *facts in (
        RecallEvent.objects.filter(recall__in=by_recall).order_by("pk").values_list(*_EVENT_FIELDS)
    ):
        by_recall[recall_id].events.append(EventRecord(*facts))
    for row in Notification.objects.filter(recall__in=by_recall).only(*_NOTIFICATION_FIELDS):
        snapshot = by_recall[row.recall_id]
        row.recall = snapshot.recall
        snapshot.notifications[row.kind, row.occasion] = row
    had = defaultdict(set)
    for pk, snapshot in by_recall.items():
        for event in snapshot.events:
            had[event.step].add(pk)
    for visit in _rows_for(Appointment, had["book_appointment"] | had["book_biopsy"]):
        if visit.status == AppointmentStatus.ENTERED_IN_ERROR:
            continue  # booked by a slip of the hand: it never was
        known = by_recall[visit.recall_id]
        if visit.site_id == known.recall.site_id:
            visit.site = known.site  # whose calendar is read already
        known.appointments.append(visit)
    for outcome in _rows_for(Outcome, had["record_outcome"] | had["amend_outcome"], "release"):
        by_recall[outcome.recall_id].outcomes.append(outcome)
    for result in _rows_for(PathologyResult, had["record_pathology"]):
        by_recall[result.recall_id].pathology.append(result)
    return list(by_recall.values())


def _rows_for(model: Any, recalls: set[int], *related: str) -> Iterable[Any]:
    if not recalls:
        return ()
    rows = model.objects.filter(recall__in=recalls).order_by("pk")
    found: Iterable[Any] = rows.select_related(*related) if related else rows
    return found
