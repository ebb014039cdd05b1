"""Undoes a user's own last step by one more event that restores the recall as it was before."""

from datetime import datetime
from typing import Unpack

from django.utils.translation import gettext as _

from patients.actions import update_details
from patients.addresses import mark_address_usable
from patients.models import ContactPoint
from patients.record_history import log_changes
from recalls.actions.barriers.stating import take_back_barriers
from recalls.actions.contact import remove_reason, set_call_preference
from recalls.actions.telling import retract_disclosure
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, BOOKED_STATES, AppointmentStatus, State
from recalls.models import (
    Appointment,
    Biopsy,
    BiopsyRetraction,
    ContactAttempt,
    OutcomeRetraction,
    Recall,
    RecallEvent,
    ReportRequest,
    SignOffRequest,
    WorkItem,
)
from recalls.permissions import StepUnavailable
from recalls.scheduling.freed_times import note_freed
from recalls.scheduling.room_lock import are_rooms_free, end_hold_that_was_passed
from recalls.scheduling.visit_parts import kept_kinds, place_parts
from recalls.signals import pre_undo
from recalls.undo_snapshot import SNAPSHOT_KEY, UNDO_WINDOW, fields_before_step
from recalls.workflow import STEPS_BY_NAME


def undo(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Undo one's own last step.

    Raises StepUnavailable with the reason: ten seconds are over, somebody else's step, a step that is not undone, a
    message that was sent meanwhile, a freed time that was given away. Messages not yet sent are cancelled.
    """

    def restore(transition: Transition) -> None:
        event = _get_undoable_event(transition)
        transition.restored_fields = fields_before_step(event) | _restored_closure_note(transition, event)
        _revert_step_rows(transition, event)
        transition.next_state = State(event.from_state)
        transition.data = {"undoes": event.version, "step": event.step}

    return apply_step(recall, "undo", restore, **kwargs)


def _get_undoable_event(transition: Transition) -> RecallEvent:
    event = transition.recall.events.latest("pk")
    what = {"what": STEPS_BY_NAME[event.step].label}
    if transition.actor.user is None or event.user_id != transition.actor.user.pk:
        raise StepUnavailable(_("Only the person who did “%(what)s” may undo it.") % what)
    if SNAPSHOT_KEY not in event.data:
        raise StepUnavailable(_("“%(what)s” is not undone: take the step that mends it.") % what)
    if transition.now - event.at > UNDO_WINDOW:
        raise StepUnavailable(_("Ten seconds are over. “%(what)s” stands: take the step that mends it.") % what)
    event.recall = transition.recall
    for _receiver, refused in pre_undo.send(sender=Recall, event=event):
        if refused:
            raise StepUnavailable(refused)
    return event


def _restored_closure_note(transition: Transition, event: RecallEvent) -> dict[str, str]:
    if event.from_state != State.CLOSED:
        return {"closure_note": ""}
    return {"closure_note": transition.recall.events.filter(to_state=State.CLOSED).latest("pk").note}


def _revert_step_rows(transition: Transition, event: RecallEvent) -> None:
    """Revert the rows that the step added, and restore the status of the visit."""
    if "attempt" in event.data:
        _retract_attempt(transition, ContactAttempt.objects.get(pk=event.data["attempt"]))
    take_back_barriers(transition, event.data.get("barriers", ()))
    for point in ContactPoint.objects.filter(pk__in=event.data.get("unusable", ())):
        mark_address_usable(point, by=transition.actor)
    if event.step == "record_outcome":
        OutcomeRetraction.objects.create(outcome_id=event.data["outcome"], **transition.signature)
        if "disclosure" in event.data:
            retract_disclosure(transition, event.data["disclosure"])
    if event.step == "biopsy_done":
        for biopsy in Biopsy.objects.filter(appointment_id=event.data["appointment"]):
            BiopsyRetraction.objects.create(biopsy=biopsy, **transition.signature)
    if "best_time" in event.data:
        set_call_preference(transition, event.data["best_time"][0])
        change = {"best_time": tuple(reversed(event.data["best_time"]))}
        log_changes(transition.recall.patient, change, by=transition.actor, source="undo")
    if "interpreter_noted" in event.data:
        update_details(transition.recall.patient, {"interpreter_needed": False}, by=transition.actor, source="undo")
    ReportRequest.objects.filter(pk=event.data.get("report_request")).delete()
    signed = SignOffRequest.objects.filter(pk=event.data.get("signed"))
    signed.update(decided_at=None, decided_by=None, granted=None)
    tasks = WorkItem.objects.filter(pk__in=event.data.get("tasks", ()), done_at=None)
    tasks.update(done_at=transition.now, done_by=transition.actor.user)
    for item, reason in event.data.get("joined", ()):
        remove_reason(item, reason)
    if event.step == "walk_in" or (event.to_state in BOOKED_STATES and event.from_state not in BOOKED_STATES):
        _take_back_visit(transition, event)
    if visit := event.data[SNAPSHOT_KEY].get("visit"):
        appointment = Appointment.objects.select_related("site").get(pk=visit[0])
        if event.step == "mark_attended" and "from" in event.data:  # came before the day: the visit is on its day again
            appointment.starts_at = datetime.fromisoformat(event.data["from"])
            appointment.overbooked, appointment.time_reason = False, ""
            place_parts(appointment, kept_kinds(appointment), must_fit=False)
        _restore_appointment(appointment, visit[1])


def _take_back_visit(transition: Transition, event: RecallEvent) -> None:
    """The visit never was. A time that was held before it is held again only while nobody has it by now."""
    booked = Appointment.objects.filter(pk=event.data["appointment"])
    note_freed(booked, transition.now)
    booked.update(status=AppointmentStatus.ENTERED_IN_ERROR)
    end_hold_that_was_passed(transition.recall, transition.now)


def _retract_attempt(transition: Transition, attempt: ContactAttempt) -> None:
    ContactAttempt.objects.create(
        recall=transition.recall,
        channel=attempt.channel,
        point=attempt.point,
        result=attempt.result,
        retracts=attempt,
        **transition.signature,
    )


def _restore_appointment(visit: Appointment, status: str) -> None:
    """Restore the status of a visit; refused where its time was given to somebody else meanwhile."""
    was_freed = (
        status in ACTIVE_APPOINTMENT_STATUSES and not visit.is_active and visit.status != AppointmentStatus.ATTENDED
    )
    if was_freed and not visit.overbooked and not are_rooms_free(visit):
        raise StepUnavailable(_("The time of the visit has just been given to somebody else: book another one."))
    visit.status = AppointmentStatus(status)
    if visit.is_active:
        visit.arrived_at, visit.in_room_at, visit.in_room_by = None, None, ""
    visit.save()
