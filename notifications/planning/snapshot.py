"""Loads all facts about recalls that their messages depend on, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from clinic.calendar import SendWindow
from clinic.models import Site
from clinic.queries.prepared import PreparedQuery
from notifications.enums import NotificationKind, NotificationState
from notifications.models import EducationSeries, Notification
from patients.models import ResultWish
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, BOOKED_STATES, AppointmentStatus, State
from recalls.models import Appointment, EarlierOffer, HeldSlot, Outcome, PathologyResult, Recall, RecallEvent
from recalls.scheduling.held_slots import is_place_open

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
# Each raises the sequence of the visit by one.
_MOVE_STEPS = frozenset({"reschedule", "keep_clock_time"})
_BOOKING_STEPS = frozenset({"book_appointment", "book_biopsy"}) | _MOVE_STEPS
# The steps that add an outcome or a pathology result: without one of them there is none to read.
_OUTCOME_STEPS = frozenset({"record_outcome", "amend_outcome", "resolve_by_priors", "record_outside"})
_PATHOLOGY_STEPS = frozenset({"record_pathology", "record_outside"})
_NOTIFICATION_FIELDS = (
    "recall_id", "kind", "occasion", "state", "reason", "appointment_id", "appointment_sequence",
    "may_have_arrived_twice", "channel", "failed_channels", "language", "urgent", "claimed_at",
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
    # Of the patient's recalls at this site that are to be contacted, the one with the smallest key: it speaks for all.
    leads_contact: bool = False
    # The time held in this stay of the recall, at a place that is open then; it may have run out since.
    held: HeldSlot | None = None
    # Earlier times that were offered for its visits, those of long ago left out.
    earlier_offers: list[EarlierOffer] = field(default_factory=list)
    # The series about breast health that runs or waits to be confirmed; its texts wait while a recall is open.
    education: EducationSeries | None = None
    # How the patient wants to hear results; None where they have not said.
    result_wish: ResultWish | None = None
    # Asked by many rules, so found once.
    site: Site = field(init=False)
    active_appointment: Appointment | None = field(init=False)
    latest_outcome: Outcome | None = field(init=False)
    follow_up_dated: EventRecord | None = field(init=False)

    def __post_init__(self) -> None:
        """Find the visit that stands, the outcome that no later one amends, and the event that dated a follow-up."""
        self.site = self.recall.site
        active = (visit for visit in self.appointments if visit.status in ACTIVE_APPOINTMENT_STATUSES)
        self.active_appointment = next(active, None)
        self.latest_outcome = self.outcomes[-1] if self.outcomes else None
        entered = (event for event in reversed(self.events) if event.to_state == State.FOLLOW_UP != event.from_state)
        self.follow_up_dated = next(entered, None)

    @property
    def result_window(self) -> SendWindow:
        """When a written result may leave: as other messages, unless the patient wants none before a weekend."""
        waits = self.result_wish is not None and self.result_wish.not_before_weekend
        return SendWindow.NOT_BEFORE_WEEKEND if waits else SendWindow.OPEN_DAYS

    @property
    def wants_no_details(self) -> bool:
        """Whether the patient asked not to read more of a result than must be said."""
        return self.result_wish is not None and self.result_wish.no_details

    def last_event(self, *steps: str, about: int | None = None) -> EventRecord | None:
        """The newest event of these steps, about that appointment where one is named."""
        found = (
            event
            for event in reversed(self.events)
            if event.step in steps and (about is None or event.data.get("appointment") == about)
        )
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

    def was_sent(self, kind: str, occasion: str) -> bool:
        """Whether that message left or may have left."""
        row = self.notifications.get((kind, occasion))
        return row is not None and _may_have_been_sent(row)

    def last_communicated_start(self, visit: Appointment) -> datetime:
        """The time of the visit that the newest message about it told: a move that was never told does not count."""
        told = [
            row.appointment_sequence or 0
            for row in self.notifications.values()
            if row.appointment_id == visit.pk and row.kind in APPOINTMENT_TIME_KINDS and _may_have_been_sent(row)
        ]
        moves = [e for e in self.events if e.step in _MOVE_STEPS and e.data.get("appointment") == visit.pk]
        if not told or max(told) >= len(moves):
            return visit.starts_at
        return datetime.fromisoformat(moves[max(told)].data["from"])


def _may_have_been_sent(row: Notification) -> bool:
    return row.state in _SENT_STATES or row.may_have_arrived_twice


def load_snapshot(recall: Recall) -> RecallSnapshot:
    return load_snapshots([recall])[0]


def new_snapshots(recalls: Collection[Recall]) -> list[RecallSnapshot]:
    """Of newly opened recalls, which have no visits, outcomes or messages: none are asked for. One query."""
    leading = _leading_contact(recalls)
    return [RecallSnapshot(recall, [], [], [], [], {}, leads_contact=recall.pk in leading) for recall in recalls]


def load_snapshots(recalls: Iterable[Recall]) -> list[RecallSnapshot]:
    """Of many recalls: three queries, and one each for other recalls of their patients, for visits, outcomes, wishes
    about results and pathology where there can be any."""
    by_id = {recall.pk: recall for recall in recalls}
    events: dict[int, list[EventRecord]] = defaultdict(list)
    had: dict[str, set[int]] = defaultdict(set)
    for recall_id, *facts in _read(_build_events, by_id):
        event = EventRecord(*facts)
        events[recall_id].append(event)
        had[event.step].add(recall_id)
    notifications: dict[int, dict[NotificationKey, Notification]] = defaultdict(dict)
    for row in _read(_build_messages, by_id):
        row.recall = by_id[row.recall_id]
        notifications[row.recall_id][row.kind, row.occasion] = row
    appointments = _rows_by_recall(Appointment, had["book_appointment"] | had["book_biopsy"] | had["walk_in"])
    outcomes = _rows_by_recall(Outcome, _recalls_with(_OUTCOME_STEPS, had), "release")
    pathology = _rows_by_recall(PathologyResult, _recalls_with(_PATHOLOGY_STEPS, had))
    wishes = _wishes_by_patient([by_id[pk].patient_id for pk in outcomes])
    leading = _leading_contact(by_id.values())
    held = _held_by_recall(by_id, had["hold_time"])
    offers = _offers_by_recall(had["ask_earlier"])
    education = _education_by_recall(by_id)
    return [
        RecallSnapshot(
            recall,
            events[pk],
            _appointments_of(recall, appointments[pk]),
            outcomes[pk],
            pathology[pk],
            notifications[pk],
            leads_contact=pk in leading,
            held=held.get(pk),
            earlier_offers=offers[pk],
            education=education.get(pk),
            result_wish=wishes.get(recall.patient_id),
        )
        for pk, recall in by_id.items()
    ]


def _recalls_with(steps: Iterable[str], had: Mapping[str, set[int]]) -> set[int]:
    return {pk for step in steps for pk in had.get(step, ())}


def _wishes_by_patient(patients: Collection[int]) -> dict[int, ResultWish]:
    return {wish.patient_id: wish for wish in _read(_build_wishes, set(patients))} if patients else {}


def offer_occasion(offer: EarlierOffer) -> str:
    return f"offer-{offer.pk}"


def _offers_by_recall(recalls: Collection[int]) -> dict[int, list[EarlierOffer]]:
    """One query where anybody of them waited for an earlier time."""
    found: dict[int, list[EarlierOffer]] = defaultdict(list)
    if recalls:
        rows = EarlierOffer.objects.filter(entry__appointment__recall__in=recalls, starts_at__gt=timezone.now())
        for offer in rows.select_related("entry__appointment", "room"):
            found[offer.entry.appointment.recall_id].append(offer)
    return found


def _education_by_recall(by_id: Mapping[int, Recall]) -> dict[int, EducationSeries]:
    """One query where the clinic offers the series."""
    if not settings.EDUCATION_FROM_EMAIL:
        return {}
    rows = EducationSeries.objects.filter(recall__in=by_id, ended_at=None)
    return {series.recall_id: series for series in rows}


def _held_by_recall(by_id: Mapping[int, Recall], recalls: Collection[int]) -> dict[int, HeldSlot]:
    """Two queries where any time was held. Whether it has run out is the message's own limit."""
    found: dict[int, HeldSlot] = {}
    if not recalls:
        return found
    rows = HeldSlot.objects.filter(recall__in=recalls, ended_at=None).select_related("room")
    for held in rows.prefetch_related("room__hours"):
        recall = held.recall = by_id[held.recall_id]
        stands = recall.state == State.TO_CONTACT and recall.state_since <= held.held_at
        if stands and is_place_open(held, recall.site):
            found[recall.pk] = held
    return found


def _leading_contact(recalls: Iterable[Recall]) -> set[int]:
    """Those that are to be contacted and have the smallest key of their patient's at the same site."""
    waiting = [recall for recall in recalls if recall.state == State.TO_CONTACT]
    if not waiting:
        return set()
    first = {(recall.patient_id, recall.site_id): recall.pk for recall in waiting}
    for pk, *place in _read(_build_waiting, {recall.patient_id for recall in waiting}):
        first[tuple(place)] = min(pk, first.get(tuple(place), pk))
    return {recall.pk for recall in waiting if first[recall.patient_id, recall.site_id] >= recall.pk}


def _rows_by_recall(model: Any, recalls: set[int], *related: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    if recalls:
        for row in _read(_build_rows, recalls, model, *related):
            found[row.recall_id].append(row)
    return found


def _read(build: "Callable[..., QuerySet[Any, Any]]", keys: Collection[int], *shape: Any) -> Iterable[Any]:
    """Of one recall or patient, as each step asks it, by a query that is compiled once."""
    return _PREPARED[build].rows(*shape, keys=list(keys)) if len(keys) == 1 else build(*shape, keys=list(keys))


def _build_events(*, keys: Sequence[int]) -> "QuerySet[RecallEvent, Any]":
    return RecallEvent.objects.filter(recall__in=keys).order_by("pk").values_list(*_EVENT_FIELDS)


def _build_messages(*, keys: Sequence[int]) -> "QuerySet[Notification]":
    return Notification.objects.filter(recall__in=keys).only(*_NOTIFICATION_FIELDS)


def _build_wishes(*, keys: Sequence[int]) -> "QuerySet[ResultWish]":
    return ResultWish.objects.filter(patient__in=keys)


def _build_waiting(*, keys: Sequence[int]) -> "QuerySet[Recall, Any]":
    rows = Recall.objects.filter(patient__in=keys, state=State.TO_CONTACT)
    return rows.values_list("pk", "patient_id", "site_id")


def _build_rows(model: Any, *related: str, keys: Sequence[int]) -> "QuerySet[Any]":
    rows: QuerySet[Any] = model.objects.filter(recall__in=keys).order_by("pk")
    return rows.select_related(*related) if related else rows


_PREPARED = {
    build: PreparedQuery(build)
    for build in (_build_events, _build_messages, _build_wishes, _build_waiting, _build_rows)
}


def _appointments_of(recall: Recall, rows: list[Appointment]) -> list[Appointment]:
    """Without those booked by a slip of the hand, which never were; each at its recall's site has its calendar read."""
    known = [visit for visit in rows if visit.status != AppointmentStatus.ENTERED_IN_ERROR]
    for visit in known:
        if visit.site_id == recall.site_id:
            visit.site = recall.site
    return known
