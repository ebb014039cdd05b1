"""How does a recall move? The one place that locks it, checks the step, writes state and event together and says so."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Required, TypedDict

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import Actor, actor_for
from clinic.models import User
from recalls import clocks
from recalls.models import Appointment, Recall, RecallEvent
from recalls.permissions import (
    NotNow,
    Stale,
    attempts_of_this_ladder,
    check_allowed,
    check_permitted,
    check_second_person,
    priors_state,
)
from recalls.signals import recall_moved
from recalls.states import ACTIVE_APPOINTMENT, AppointmentStatus, ClosureReason, State
from recalls.undoing import REMEMBERED, UNDOABLE, as_it_stands, what_changed
from recalls.workflow import CLOSING_STEPS, STEP, Step

By = User | Actor


class Asked(TypedDict, total=False):
    """The keywords every action takes: who asks (`by`), the version she saw, her form's key, and a note."""

    by: Required[By]
    seen: int | None
    key: str | None
    note: str


_VISIT_STATES = frozenset({State.SCHEDULED, State.BIOPSY_BOOKED})


@dataclass(slots=True)
class Move:
    """A step while it is taken: the locked recall, and what the action decides about where it goes."""

    recall: Recall
    step: Step
    actor: Actor
    now: datetime
    note: str
    before: State
    to: State | None = None
    closure: ClosureReason | None = None
    # The recall's columns as an undone step found them: set as they are, and no clock is asked.
    columns: dict[str, Any] | None = None
    # Facts for the event: ids, codes and times; free text belongs into `note` or rows of its own.
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def after(self) -> State:
        if self.to is not None:
            return self.to
        return self.step.to[0] if len(self.step.to) == 1 else self.before

    @property
    def may_be_undone(self) -> bool:
        """By the person who takes it, within seconds; what a system does stands."""
        return self.actor.user is not None and self.step.name in UNDOABLE

    def signed(self) -> dict[str, Any]:
        """Who and when, for the rows a step adds."""
        return {"at": self.now, "by": self.actor.name, "user": self.actor.user}


def take(
    recall: Recall,
    step_name: str,
    work: Callable[[Move], None] | None = None,
    *,
    by: By,
    seen: int | None = None,
    key: str | None = None,
    note: str = "",
) -> RecallEvent:
    """Take one step.

    1. Lock the recall's row (SQLite: the write lock of the whole transaction).
    2. A form that was already carried out (`key`) returns its event and does nothing again.
    3. A recall that moved since the person looked (`seen` is not its version) raises Stale with who and what.
    4. Role and site, then state and facts, are checked; StepRefused carries the sentence.
    5. `work` adds its rows and says where the recall goes; clocks, state and event are written together.
    6. `recall_moved` is sent inside the transaction: messages are owed or cancelled with the move, or not at all.

    The recall passed in is brought up to date. Raises ValidationError when the step's own input is wrong.
    """
    move_of = partial(Move, step=STEP[step_name], actor=actor_for(by), now=timezone.now(), note=note)
    with transaction.atomic():
        locked = _lock(recall)
        event = locked.events.filter(request_key=key).first() if key else None
        if event is None:
            move = move_of(locked, before=State(locked.state))
            _check(move, seen)
            before = as_it_stands(locked) if move.may_be_undone else None
            if work is not None:
                work(move)
            _arrive(move)
            if before is not None:
                move.data = {**move.data, REMEMBERED: what_changed(before, locked)}
            event = write_event(move, key)
            recall_moved.send(sender=Recall, event=event)
    _bring_up_to_date(recall, locked)
    return event


def _check(move: Move, seen: int | None) -> None:
    if seen is not None and seen != move.recall.version:
        raise Stale(move.recall.events.select_related("recall__site").latest("pk"))
    check_permitted(move.recall, move.step, move.actor)
    check_allowed(move.recall, move.step, move.now)
    check_second_person(move.recall, move.step, move.actor)


def write_event(move: Move, key: str | None = None) -> RecallEvent:
    """Seal the move into the history and save the recall with it."""
    recall = move.recall
    recall.version += 1
    event = RecallEvent(
        recall=recall,
        version=recall.version,
        step=move.step.name,
        from_state=move.before if recall.version > 1 else "",
        to_state=recall.state,
        by=move.actor.name,
        user=move.actor.user,
        at=move.now,
        note=move.note,
        data=move.data,
        request_key=key or "",
        previous_hash=recall.head_hash,
    )
    event.hash = recall.head_hash = event.seal()
    # A recall just opened was saved whole a moment ago; intake opens thousands.
    recall.save(update_fields=["version", "head_hash"] if recall.version == 1 else None)
    event.save(force_insert=True)
    return event


def settle_clocks(recall: Recall, move: Move) -> None:
    """Set the due instant and the target from where the recall now stands; `move` has no event yet."""
    policy = recall.site.policy
    facts = clocks.Facts()
    if recall.state in _VISIT_STATES:
        facts = clocks.Facts(appointment=active_appointment(recall))
    elif recall.state == State.TO_CONTACT:
        facts = clocks.Facts(attempts=attempts_of_this_ladder(recall))
    elif recall.state == State.AWAITING_PRIORS:
        asked_at, came_at = priors_state(recall)
        facts = clocks.Facts(
            priors_asked_at=move.now if move.step.name == "request_priors" else asked_at,
            priors_came_at=move.now if move.step.name == "receive_priors" else came_at,
        )
    recall.due_at = clocks.due_at(recall, policy, facts)
    recall.target_at = clocks.target_at(recall, policy)
    recall.to_read_at = clocks.to_read_at(recall, facts)


def active_appointment(recall: Recall) -> Appointment | None:
    return next(
        (visit for visit in recall.appointments.all() if visit.status in ACTIVE_APPOINTMENT),
        None,
    )


def _lock(recall: Recall) -> Recall:
    locked: Recall = Recall.objects.select_for_update(of=("self",)).select_related("patient", "exam").get(pk=recall.pk)
    # The site with its hours and deadlines is read once for many recalls.
    locked.site = recall.site
    return locked


def _arrive(move: Move) -> None:
    recall, after = move.recall, move.after
    if after not in (move.step.to or (move.before,)):
        raise NotNow(_("This step does not lead there."))
    if move.before == State.CLOSED != after and Recall.objects.filter(exam=recall.exam_id).still_open().exists():
        raise NotNow(_("This exam already has an open recall."))
    if move.columns is not None:
        return _set_back(move)
    if move.before in _VISIT_STATES and after not in _VISIT_STATES:
        recall.appointments.filter(status__in=ACTIVE_APPOINTMENT).update(status=AppointmentStatus.CANCELLED)
    if after != move.before:
        recall.state_since = _wait_began(recall) if _goes_on_waiting(move) else move.now
        if after == State.TO_CONTACT:
            recall.contact_since = move.now
        if after == State.BIOPSY_TO_BOOK and move.before not in (
            State.BIOPSY_BOOKED,
            State.ON_HOLD,
        ):
            recall.biopsy_since = move.now
    if after != State.ON_HOLD:
        recall.held_from, recall.hold_until = "", None
    recall.state = after
    _close_or_open(move)
    _forget_cached(recall)
    settle_clocks(recall, move)


def _set_back(move: Move) -> None:
    for name, was in (move.columns or {}).items():
        setattr(move.recall, name, was)
    move.recall.state = move.after
    _forget_cached(move.recall)


def _goes_on_waiting(move: Move) -> bool:
    """What was asked of another clinic before a hold is still asked for after it."""
    return move.before == State.ON_HOLD and move.after == State.AWAITING_PRIORS


def _wait_began(recall: Recall) -> datetime:
    paused = (State.AWAITING_PRIORS, State.ON_HOLD)
    began = recall.events.filter(to_state=State.AWAITING_PRIORS).exclude(from_state__in=paused).exclude(step="undo")
    return began.latest("pk").at


def _close_or_open(move: Move) -> None:
    recall = move.recall
    if recall.state != State.CLOSED:
        (
            recall.closure_reason,
            recall.closed_at,
            recall.closed_by,
            recall.closure_note,
        ) = "", None, "", ""
        return
    reason = move.closure or CLOSING_STEPS.get(move.step.name)
    if reason is not None:
        recall.closure_reason, recall.closed_at = reason, move.now
        recall.closed_by, recall.closure_note = move.actor.name, move.note
    if recall.closure_reason == ClosureReason.DECEASED:
        recall.to_release_by = None


def _forget_cached(recall: Recall) -> None:
    """Rows the step added must be seen by the clocks: drop what was prefetched before it."""
    getattr(recall, "_prefetched_objects_cache", {}).clear()


def _bring_up_to_date(recall: Recall, locked: Recall) -> None:
    if recall is locked:
        return
    for column in Recall._meta.concrete_fields:
        setattr(recall, column.attname, getattr(locked, column.attname))
    _forget_cached(recall)
