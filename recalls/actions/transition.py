"""Applies one step to a recall: locks it, checks the step, and writes state, deadlines and event together."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Required, TypedDict

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import Actor, actor_for
from clinic.models import User
from clinic.queries.prepared import PreparedQuery
from clinic.queries.related_rows import read_related
from history.added_rows import collect_added_rows
from patients.models import Patient
from recalls import deadlines
from recalls.actions.own_exam import give_own_exam
from recalls.assignment import carry_barrier_task
from recalls.contact_ladder import current_ladder_attempts
from recalls.enums import (
    ACTIVE_APPOINTMENT_STATUSES,
    BOOKED_STATES,
    LADDER_STATES,
    STATES_KEEPING_APPOINTMENT,
    AppointmentStatus,
    ClosureReason,
    State,
)
from recalls.lesion_stages import load_lesion_statuses
from recalls.models import Appointment, Recall, RecallEvent
from recalls.permissions import (
    StaleVersion,
    StepUnavailable,
    check_actor_permitted,
    check_second_person,
    check_step_available,
    priors_timestamps,
)
from recalls.scheduling.freed_times import note_freed
from recalls.sealing.facts import seal_facts
from recalls.signals import recall_moved
from recalls.undo_snapshot import SNAPSHOT_KEY, diff_snapshot, take_snapshot
from recalls.workflow import STEPS_BY_NAME, Step

UserOrActor = User | Actor


class ActionKwargs(TypedDict, total=False):
    """The keywords of every action: who acts (`by`), the version they saw, the form's idempotency key, and a note."""

    by: Required[UserOrActor]
    seen: int | None
    key: str | None
    note: str


@dataclass(slots=True)
class Transition:
    """A step being applied: the locked recall, who acts, and the next state where the action decides it."""

    recall: Recall
    step: Step
    actor: Actor
    now: datetime
    note: str
    from_state: State
    next_state: State | None = None
    closure_reason: ClosureReason | None = None
    # The recall's columns as an undone step found them: set as they are, without computing deadlines.
    restored_fields: dict[str, Any] | None = None
    # Facts for the event: ids, codes and times; free text belongs into `note` or rows of its own.
    data: dict[str, Any] = field(default_factory=dict)
    # The fields `at`, `by` and `user` of every row that the step adds.
    signature: dict[str, Any] = field(init=False)
    # The rows that the step has added so far: its event seals them.
    added: list[Model] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Sign for the actor."""
        self.signature = {"at": self.now, "by": self.actor.name, "user": self.actor.user}

    @property
    def to_state(self) -> State:
        if self.next_state is not None:
            return self.next_state
        return self.step.to_states[0] if len(self.step.to_states) == 1 else self.from_state

    @property
    def is_undoable(self) -> bool:
        """Whether the acting user may undo it within seconds; a step of the system is never undone."""
        return self.actor.user is not None and self.step.undoable


# After these the tries to reach the patient go on where they were: a missed visit starts no new ladder.
_STEPS_CONTINUING_LADDER = frozenset({"mark_missed", "biopsy_missed", "resume"})


def apply_step(
    recall: Recall,
    step_name: str,
    apply_changes: Callable[[Transition], None] | None = None,
    *,
    by: UserOrActor,
    seen: int | None = None,
    key: str | None = None,
    note: str = "",
) -> RecallEvent:
    """Take one step on a recall and return its event.

    1. Lock the recall's row (SQLite: the write lock of the whole transaction).
    2. A form that was already carried out (`key`) returns its event and does nothing again.
    3. A recall that moved since the person looked (`seen` is not its version) raises StaleVersion with who and what.
    4. Role and site, then state and facts, are checked; StepRefused carries the sentence.
    5. `apply_changes` adds the step's rows and may set the next state; deadlines, state and event are written together.
    6. `recall_moved` is sent inside the transaction: messages are planned or cancelled with the step, or not at all.

    The recall passed in is brought up to date. Raises ValidationError when the step's own input is wrong.
    """
    step, actor, now = STEPS_BY_NAME[step_name], actor_for(by), timezone.now()
    with transaction.atomic(), collect_added_rows() as added:
        locked = lock_recall(recall)
        event = locked.events.filter(request_key=key).first() if key else None
        if event is None:
            transition = Transition(locked, step, actor, now, note, from_state=State(locked.state), added=added)
            _check_step(transition, seen)
            before = take_snapshot(locked) if transition.is_undoable else None
            if apply_changes is not None:
                apply_changes(transition)
            _apply_state_change(transition)
            carry_barrier_task(locked, was_open=transition.from_state != State.CLOSED, now=now)
            if before is not None:
                transition.data = {**transition.data, SNAPSHOT_KEY: diff_snapshot(before, locked)}
            event = record_event(transition, key)
            recall_moved.send(sender=Recall, events=[event])
    _copy_to_caller(recall, locked)
    return event


def _check_step(transition: Transition, seen: int | None) -> None:
    if seen is not None and seen != transition.recall.version:
        newest = transition.recall.events.select_related("recall__site").latest("pk")
        raise StaleVersion(newest, transition.actor)
    check_actor_permitted(transition.recall, transition.step, transition.actor)
    check_step_available(transition.recall, transition.step, transition.now)
    check_second_person(transition.recall, transition.step, transition.actor)


def record_event(transition: Transition, key: str | None = None) -> RecallEvent:
    """Append the transition to the hash-chained history and save the recall with it."""
    recall = transition.recall
    recall.version += 1
    recall.changed_at = transition.now
    event = build_event(transition, key)
    recall.save()
    event.save(force_insert=True)
    return event


def build_event(transition: Transition, key: str | None = None) -> RecallEvent:
    """The event of the recall's version, sealed and not saved yet; the recall has its hash from now on."""
    recall = transition.recall
    event = RecallEvent(
        recall=recall,
        version=recall.version,
        step=transition.step.name,
        from_state=transition.from_state if recall.version > 1 else "",
        to_state=recall.state,
        by=transition.actor.name,
        user=transition.actor.user,
        at=transition.now,
        note=transition.note,
        data=transition.data,
        seals=seal_facts(recall, transition.added),
        request_key=key or "",
        previous_hash=recall.head_hash,
    )
    event.hash = recall.head_hash = event.compute_hash()
    return event


def update_deadlines(transition: Transition) -> None:
    """Set the deadlines from where the recall now stands; the transition has no event yet."""
    recall, step, now = transition.recall, transition.step.name, transition.now
    facts = deadlines.DeadlineFacts()
    if recall.state in BOOKED_STATES:
        facts = deadlines.DeadlineFacts(appointment=active_appointment(recall))
    elif recall.state in LADDER_STATES or recall.state == State.FOLLOW_UP:
        facts = deadlines.DeadlineFacts(attempts=current_ladder_attempts(recall))
    elif recall.state == State.AWAITING_PATHOLOGY:
        facts = deadlines.DeadlineFacts(biopsied_at=_longest_awaited_biopsy(recall))
    elif recall.state == State.AWAITING_PRIORS:
        requested_at, received_at = priors_timestamps(recall)
        facts = deadlines.DeadlineFacts(
            priors_requested_at=now if step == "request_priors" else requested_at,
            priors_received_at=now if step == "receive_priors" else received_at,
        )
    deadlines.set_deadlines(recall, facts)


def _longest_awaited_biopsy(recall: Recall) -> datetime | None:
    awaited = [status for status in load_lesion_statuses(recall) if status.is_tissue_awaited]
    return min((status.biopsy.at for status in awaited if status.biopsy is not None), default=None)


def active_appointment(recall: Recall) -> Appointment | None:
    visits: list[Appointment] = read_related(recall, "appointments")
    return next((visit for visit in visits if visit.status in ACTIVE_APPOINTMENT_STATUSES), None)


def lock_recall(recall: Recall) -> Recall:
    locked: Recall | None = next(iter(_LOCK.rows(recall=recall.pk)), None)
    if locked is None:
        raise Recall.DoesNotExist
    # The site with its hours and deadlines is read once for many recalls.
    locked.site = recall.site
    return locked


def _build_lock(*, recall: int) -> "QuerySet[Recall]":
    rows = Recall.objects.select_for_update(of=("self",)).select_related("patient", "exam", "imaging_order")
    return rows.filter(pk=recall)


_LOCK = PreparedQuery(_build_lock)


def lock_open_recalls(*patients: Patient) -> list[Recall]:
    """Lock every open recall of the patients in the order of their keys, before anything of the patients' own.

    An act on a person that decides whether a message may leave takes the same locks as a move of each recall.
    """
    rows = Recall.objects.still_open().filter(patient__in=patients).select_related("site", "patient", "exam")
    return list(rows.order_by("pk").select_for_update(of=("self",)))


def _apply_state_change(transition: Transition) -> None:
    recall, after = transition.recall, transition.to_state
    if after not in (transition.step.to_states or (transition.from_state,)):
        raise StepUnavailable(_("This step does not lead there."))
    if transition.from_state == State.CLOSED != after:
        give_own_exam(recall, transition.now)
        _check_may_open_again(recall)
    if transition.restored_fields is not None:
        return _restore_fields(transition)
    had_appointment = transition.from_state in (*BOOKED_STATES, *STATES_KEEPING_APPOINTMENT)
    if had_appointment and after not in (*BOOKED_STATES, *STATES_KEEPING_APPOINTMENT):
        standing = recall.appointments.filter(status__in=ACTIVE_APPOINTMENT_STATUSES)
        note_freed(standing, transition.now)
        standing.update(status=AppointmentStatus.CANCELLED)
    if after != transition.from_state:
        recall.state_since = _priors_wait_started_at(recall) if _resumes_priors_wait(transition) else transition.now
        continues = transition.step.name in _STEPS_CONTINUING_LADDER and recall.contact_since is not None
        if after in LADDER_STATES and not continues:
            recall.contact_since = transition.now
    if after != State.ON_HOLD:
        recall.state_before_hold, recall.hold_until = "", None
    recall.state = after
    _update_closure(transition)
    clear_prefetch_cache(recall)
    update_deadlines(transition)


def _check_may_open_again(recall: Recall) -> None:
    if recall.patient.minimised_at:
        raise StepUnavailable(_("The time for which this record is kept is over: its data was removed."))
    if recall.patient.deceased_on:
        raise StepUnavailable(_("The patient has died."))
    if Recall.objects.filter(exam=recall.exam_id).still_open().exists():
        raise StepUnavailable(_("This exam already has an open recall."))


def _restore_fields(transition: Transition) -> None:
    for name, was in (transition.restored_fields or {}).items():
        setattr(transition.recall, name, was)
    transition.recall.state = transition.to_state
    clear_prefetch_cache(transition.recall)


def _resumes_priors_wait(transition: Transition) -> bool:
    """Whether a hold ended during the wait for prior images: a request made before the hold still counts."""
    return transition.from_state == State.ON_HOLD and transition.to_state == State.AWAITING_PRIORS


def _priors_wait_started_at(recall: Recall) -> datetime:
    paused = (State.AWAITING_PRIORS, State.ON_HOLD)
    began = recall.events.filter(to_state=State.AWAITING_PRIORS).exclude(from_state__in=paused).exclude(step="undo")
    return began.latest("pk").at


def _update_closure(transition: Transition) -> None:
    recall = transition.recall
    if recall.state != State.CLOSED:
        (
            recall.closure_reason,
            recall.closed_at,
            recall.closed_by,
            recall.closure_note,
        ) = "", None, "", ""
        recall.offer_again_on = None
        return
    was_open = transition.from_state != State.CLOSED
    reason = transition.closure_reason or (transition.step.closure_reason if was_open else None)
    if reason is not None:
        recall.closure_reason, recall.closed_at = reason, transition.now
        recall.closed_by, recall.closure_note = transition.actor.name, transition.note


def clear_prefetch_cache(recall: Recall) -> None:
    """Drop what was prefetched before the step, so that the deadlines see the rows it added."""
    getattr(recall, "_prefetched_objects_cache", {}).clear()


def _copy_to_caller(recall: Recall, locked: Recall) -> None:
    if recall is locked:
        return
    for column in Recall._meta.concrete_fields:
        setattr(recall, column.attname, getattr(locked, column.attname))
    clear_prefetch_cache(recall)
