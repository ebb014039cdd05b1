"""How does a recall rest, end or begin again? Hold, the ways to close, reopening."""

from dataclasses import replace
from datetime import date
from typing import Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import actor_for
from patients.actions import record_death
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import OPEN_STATES, State
from recalls.models import Recall, RecallEvent

# Where a recall returns to when the visit or hold it was in is over and gone.
_RETURN_STATE = {
    State.SCHEDULED: State.TO_CONTACT,
    State.BIOPSY_BOOKED: State.BIOPSY_TO_BOOK,
    State.ON_HOLD: State.TO_CONTACT,
}


def hold(recall: Recall, until: date, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Let the recall wait until a day after today; a booked visit is cancelled, and it returns to be booked again."""
    _require_reason(asked)
    if until <= calendar.local_day(recall.site, timezone.now()):
        raise ValidationError({"until": _("Choose a day after today.")})

    def rest(move: Transition) -> None:
        move.recall.state_before_hold = _RETURN_STATE.get(move.from_state, move.from_state)
        move.recall.hold_until = until
        move.data = {"until": until.isoformat()}

    return apply_step(recall, "hold", rest, **asked)


def resume(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    def back(move: Transition) -> None:
        move.next_state = State(move.recall.state_before_hold)

    return apply_step(recall, "resume", back, **asked)


def resolve_by_priors(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Close: the earlier pictures explain the finding. A booked visit is cancelled."""
    return apply_step(recall, "resolve_by_priors", **asked)


def need_imaging(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """The prior images do not settle it: the patient is asked to come, and the visit's deadline starts now."""

    def start_visit_clock(move: Transition) -> None:
        move.recall.clock_from = move.now

    return apply_step(recall, "need_imaging", start_visit_clock, **asked)


def decline(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    _require_reason(asked)
    return apply_step(recall, "decline", **asked)


def transfer(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Close because another clinic takes over; the note names it."""
    _require_reason(asked)
    return apply_step(recall, "transfer", **asked)


def mark_deceased(recall: Recall, died_on: date, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Close because the patient has died; their other open recalls close with it."""
    _require_reason(asked)

    def record(move: Transition) -> None:
        record_death(move.recall.patient, died_on, by=move.actor)

    with transaction.atomic():
        event = apply_step(recall, "mark_deceased", record, **asked)
        others = Recall.objects.filter(patient_id=recall.patient_id).still_open().exclude(pk=recall.pk)
        # A death is true at every site, also where the person who records it does not work.
        everywhere = replace(actor_for(asked["by"]), user=None)
        for other in others.select_related("site"):
            apply_step(other, "mark_deceased", by=everywhere, note=asked.get("note", ""))
    return event


def void(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    _require_reason(asked)
    return apply_step(recall, "void", **asked)


def close_lost(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Sign a recall off as lost; refused while a rung of the contact ladder is open."""
    _require_reason(asked)
    return apply_step(recall, "close_lost", **asked)


def reopen(recall: Recall, *, to_contact: bool = False, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Open a closed recall where it stood before it was closed, or in the callback queue. The clocks start anew."""
    _require_reason(asked)

    def back(move: Transition) -> None:
        closing = move.recall.events.filter(to_state=State.CLOSED).exclude(from_state=State.CLOSED).latest("pk")
        stood = State(closing.from_state) if closing.from_state in OPEN_STATES else State.TO_CONTACT
        move.next_state = State.TO_CONTACT if to_contact else _RETURN_STATE.get(stood, stood)
        move.recall.clock_from = move.now

    return apply_step(recall, "reopen", back, **asked)


def _require_reason(asked: ActionKwargs) -> None:
    if not asked.get("note", "").strip():
        raise ValidationError({"note": _("Say why, in a few words.")})
