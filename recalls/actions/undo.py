"""How is a step taken back that was a slip of the hand? By one more event that sets everything as it was before it."""

from typing import Unpack

from django.utils.translation import gettext as _

from patients.actions import mark_usable
from patients.models import ContactPoint
from recalls import slots
from recalls.actions.contact import set_wish
from recalls.actions.moving import Asked, Move, take
from recalls.models import Appointment, ContactAttempt, OutcomeTakenBack, Recall, RecallEvent, Room, WorkItem
from recalls.permissions import NotNow
from recalls.signals import may_undo
from recalls.states import ACTIVE_APPOINTMENT, AppointmentStatus, State
from recalls.undoing import REMEMBERED, UNDO_WITHIN, columns_before
from recalls.workflow import STEP

_BOOKING = frozenset({"book_appointment", "book_biopsy"})


def undo(recall: Recall, **asked: Unpack[Asked]) -> RecallEvent:
    """Take back one's own last step.

    Raises NotNow with the reason: ten seconds are over, somebody else's step, a kind that is not undone, a message that
    has left meanwhile, a freed time that was given away. Messages that have not left are dropped with the step.
    """

    def back(move: Move) -> None:
        event = _the_slip(move)
        move.columns = columns_before(event) | _closing_note(move, event)
        _withdraw(move, event)
        move.to = State(event.from_state)
        move.data = {"undoes": event.version, "step": event.step}

    return take(recall, "undo", back, **asked)


def _the_slip(move: Move) -> RecallEvent:
    event = move.recall.events.latest("pk")
    what = {"what": STEP[event.step].label}
    if move.actor.user is None or event.user_id != move.actor.user.pk:
        raise NotNow(_("Only the person who did “%(what)s” may undo it.") % what)
    if REMEMBERED not in event.data:
        raise NotNow(_("“%(what)s” is not undone: take the step that mends it.") % what)
    if move.now - event.at > UNDO_WITHIN:
        raise NotNow(_("Ten seconds are over. “%(what)s” stands: take the step that mends it.") % what)
    event.recall = move.recall
    for _receiver, refused in may_undo.send(sender=Recall, event=event):
        if refused:
            raise NotNow(refused)
    return event


def _closing_note(move: Move, event: RecallEvent) -> dict[str, str]:
    if event.from_state != State.CLOSED:
        return {"closure_note": ""}
    return {"closure_note": move.recall.events.filter(to_state=State.CLOSED).latest("pk").note}


def _withdraw(move: Move, event: RecallEvent) -> None:
    """Take back the rows that the step added, and give the visit back its status."""
    if "attempt" in event.data:
        _never_tried(move, ContactAttempt.objects.get(pk=event.data["attempt"]))
    for point in ContactPoint.objects.filter(pk__in=event.data.get("unusable", ())):
        mark_usable(point, by=move.actor)
    if event.step == "record_outcome":
        OutcomeTakenBack.objects.create(outcome_id=event.data["outcome"], **move.signed())
    if "best_time" in event.data:
        set_wish(move, event.data["best_time"][0])
    tasks = WorkItem.objects.filter(pk__in=event.data.get("tasks", ()), done_at=None)
    tasks.update(done_at=move.now, done_by=move.actor.user)
    if event.step in _BOOKING:
        Appointment.objects.filter(pk=event.data["appointment"]).update(status=AppointmentStatus.TAKEN_BACK)
    if visit := event.data[REMEMBERED].get("visit"):
        _give_back(Appointment.objects.select_related("site").get(pk=visit[0]), visit[1])


def _never_tried(move: Move, attempt: ContactAttempt) -> None:
    ContactAttempt.objects.create(
        recall=move.recall,
        channel=attempt.channel,
        point=attempt.point,
        result=attempt.result,
        takes_back=attempt,
        **move.signed(),
    )


def _give_back(visit: Appointment, status: str) -> None:
    """A time that was freed may have been given to somebody else within the seconds."""
    was_freed = status in ACTIVE_APPOINTMENT and not visit.is_active and visit.status != AppointmentStatus.ATTENDED
    if was_freed and visit.room_id:
        room = Room.objects.select_for_update().get(pk=visit.room_id)
        if not slots.is_free(room, visit.starts_at, visit.length_minutes, visit):
            raise NotNow(_("The time of the visit has just been given to somebody else: book another one."))
    visit.status = AppointmentStatus(status)
    visit.save(update_fields=["status"])
