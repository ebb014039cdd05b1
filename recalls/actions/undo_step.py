"""Undoes a user's own last step by one more event that restores the recall as it was before."""

from typing import Unpack

from django.utils.translation import gettext as _

from patients.actions import mark_contact_usable
from patients.models import ContactPoint
from recalls.actions.contact import set_call_preference
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, BOOKED_STATES, AppointmentStatus, State
from recalls.models import Appointment, ContactAttempt, OutcomeRetraction, Recall, RecallEvent, Room, WorkItem
from recalls.permissions import StepUnavailable
from recalls.scheduling import slots
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
    for point in ContactPoint.objects.filter(pk__in=event.data.get("unusable", ())):
        mark_contact_usable(point, by=transition.actor)
    if event.step == "record_outcome":
        OutcomeRetraction.objects.create(outcome_id=event.data["outcome"], **transition.signature)
    if "best_time" in event.data:
        set_call_preference(transition, event.data["best_time"][0])
    tasks = WorkItem.objects.filter(pk__in=event.data.get("tasks", ()), done_at=None)
    tasks.update(done_at=transition.now, done_by=transition.actor.user)
    if event.to_state in BOOKED_STATES and event.from_state not in BOOKED_STATES:
        Appointment.objects.filter(pk=event.data["appointment"]).update(status=AppointmentStatus.ENTERED_IN_ERROR)
    if visit := event.data[SNAPSHOT_KEY].get("visit"):
        _restore_appointment(Appointment.objects.select_related("site").get(pk=visit[0]), visit[1])


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
    if was_freed and visit.room_id:
        room = Room.objects.select_for_update().get(pk=visit.room_id)
        if not slots.is_room_free(room, visit.starts_at, visit.length_minutes, visit):
            raise StepUnavailable(_("The time of the visit has just been given to somebody else: book another one."))
    visit.status = AppointmentStatus(status)
    visit.save(update_fields=["status"])
