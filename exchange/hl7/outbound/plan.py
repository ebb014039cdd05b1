"""Plans a status message for each step of a recall that a receiver is to hear of."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from exchange.models import Hl7Peer, Hl7StatusMessage, StatusKind
from recalls.enums import BOOKED_STATES, STATES_KEEPING_APPOINTMENT, State
from recalls.models import RecallEvent
from recalls.undo_snapshot import UNDO_WINDOW
from recalls.workflow.steps import STEPS

KIND_BY_STEP = {
    "open_recall": StatusKind.OPENED,
    "open_awaiting_priors": StatusKind.OPENED,
    "reopen": StatusKind.OPENED,
    "book_appointment": StatusKind.BOOKED,
    "book_biopsy": StatusKind.BOOKED,
    "reschedule": StatusKind.MOVED,
    "cancel_appointment": StatusKind.CANCELLED,
    "cancel_biopsy": StatusKind.CANCELLED,
    "mark_missed": StatusKind.MISSED,
    "biopsy_missed": StatusKind.MISSED,
    "record_outcome": StatusKind.OUTCOME,
    "amend_outcome": StatusKind.OUTCOME,
    "sign_concordance": StatusKind.CONCORDANCE,
}
_STEP_NAMES = [step.name for step in STEPS if step.name != "undo"]  # all of them: the index begins with the step
# After these a visit that was booked has taken place, is booked still, or is on hold with its recall.
_STATES_WITH_VISIT = (
    *BOOKED_STATES, *STATES_KEEPING_APPOINTMENT, State.AWAITING_OUTCOME, State.AWAITING_PATHOLOGY,
)  # fmt: skip
# A step may still be undone, and a transaction that began earlier may end later than one that is seen already.
_SETTLED_AFTER = UNDO_WINDOW + timedelta(seconds=20)
_OVERLAP = timedelta(minutes=15)
_PART_SIZE = 500


def plan_status_messages() -> int:
    """Look at each active receiver's new steps; the number of messages planned."""
    now = timezone.now()
    return sum(_plan_for(peer, now - _SETTLED_AFTER) for peer in Hl7Peer.objects.filter(is_active=True))


def _plan_for(peer: Hl7Peer, until: datetime) -> int:
    if until <= peer.planned_until:
        return 0
    planned = 0
    while True:
        events = list(_unplanned_steps(peer, until)[:_PART_SIZE])
        with transaction.atomic():
            rows = Hl7StatusMessage.objects.bulk_create(
                (message for event in events for message in _build(peer, event)), ignore_conflicts=True
            )
            planned += len(rows)
            if len(events) < _PART_SIZE:
                Hl7Peer.objects.filter(pk=peer.pk).update(planned_until=until)
                return planned


def _unplanned_steps(peer: Hl7Peer, until: datetime) -> QuerySet[RecallEvent]:
    """Oldest first; without the steps that were undone."""
    known = Hl7StatusMessage.objects.filter(peer=peer, event=OuterRef("pk"))
    undone = RecallEvent.objects.filter(recall=OuterRef("recall"), step="undo", version=OuterRef("version") + 1)
    closes = Q(to_state=State.CLOSED) & ~Q(from_state=State.CLOSED)
    ends_visit = Q(from_state__in=BOOKED_STATES) & ~Q(to_state__in=_STATES_WITH_VISIT)
    return (
        RecallEvent.objects.filter(Q(step__in=KIND_BY_STEP) | closes | ends_visit, step__in=_STEP_NAMES)
        .filter(at__gt=peer.planned_until - _OVERLAP, at__lte=until, recall__site=peer.site_id)
        .exclude(Exists(known))
        .exclude(Exists(undone))
        .order_by("pk")
    )


def _build(peer: Hl7Peer, event: RecallEvent) -> Iterator[Hl7StatusMessage]:
    """One for each thing that the step means: closing a recall may cancel its visit."""
    for kind in _kinds(event):
        suffix = "" if kind == KIND_BY_STEP.get(event.step) else kind.value[:2].upper()
        control_id = f"RD{peer.pk}E{event.pk}{suffix}"
        yield Hl7StatusMessage(peer=peer, recall_id=event.recall_id, event=event, kind=kind, control_id=control_id)


def _kinds(event: RecallEvent) -> list[StatusKind]:
    kinds = [KIND_BY_STEP[event.step]] if event.step in KIND_BY_STEP else []
    ends_visit = event.from_state in BOOKED_STATES and event.to_state not in _STATES_WITH_VISIT
    if ends_visit and not {StatusKind.CANCELLED, StatusKind.MISSED} & set(kinds):
        kinds.append(StatusKind.CANCELLED)
    if event.to_state == State.CLOSED and event.from_state != State.CLOSED:
        kinds.append(StatusKind.CLOSED)
    return kinds
