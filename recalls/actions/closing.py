"""Actions that put a recall on hold, close it, resume it or reopen it."""

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

# Where a recall returns to from a state whose appointment or hold no longer exists.
_RETURN_STATE = {
    State.SCHEDULED: State.TO_CONTACT,
    State.BIOPSY_BOOKED: State.BIOPSY_TO_BOOK,
    State.ON_HOLD: State.TO_CONTACT,
}


def hold(recall: Recall, until: date, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Let the recall wait until a day after today; a booked visit is cancelled and has to be booked again."""
    _require_reason(kwargs)
    if until <= calendar.local_day(recall.site, timezone.now()):
        raise ValidationError({"until": _("Choose a day after today.")})

    def apply_hold(transition: Transition) -> None:
        transition.recall.state_before_hold = _RETURN_STATE.get(transition.from_state, transition.from_state)
        transition.recall.hold_until = until
        transition.data = {"until": until.isoformat()}

    return apply_step(recall, "hold", apply_hold, **kwargs)


def resume(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    def return_to_earlier_state(transition: Transition) -> None:
        transition.next_state = State(transition.recall.state_before_hold)

    return apply_step(recall, "resume", return_to_earlier_state, **kwargs)


def resolve_by_priors(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Close because the prior images explain the finding; a booked visit is cancelled."""
    return apply_step(recall, "resolve_by_priors", **kwargs)


def need_imaging(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Ask for a diagnostic visit because the prior images do not settle the finding; its deadline starts now."""

    def start_visit_clock(transition: Transition) -> None:
        transition.recall.clock_from = transition.now

    return apply_step(recall, "need_imaging", start_visit_clock, **kwargs)


def decline(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    _require_reason(kwargs)
    return apply_step(recall, "decline", **kwargs)


def transfer(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Close because another clinic takes over; the note names it."""
    _require_reason(kwargs)
    return apply_step(recall, "transfer", **kwargs)


def mark_deceased(recall: Recall, died_on: date, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Close because the patient has died; their other open recalls close with it."""
    _require_reason(kwargs)

    def save_death(transition: Transition) -> None:
        record_death(transition.recall.patient, died_on, by=transition.actor)

    with transaction.atomic():
        event = apply_step(recall, "mark_deceased", save_death, **kwargs)
        others = Recall.objects.filter(patient_id=recall.patient_id).still_open().exclude(pk=recall.pk)
        # A death is true at every site, also where the person who records it does not work.
        everywhere = replace(actor_for(kwargs["by"]), user=None)
        for other in others.select_related("site"):
            apply_step(other, "mark_deceased", by=everywhere, note=kwargs.get("note", ""))
    return event


def void(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    _require_reason(kwargs)
    return apply_step(recall, "void", **kwargs)


def close_lost(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Sign a recall off as lost; refused while a rung of the contact ladder is open."""
    _require_reason(kwargs)
    return apply_step(recall, "close_lost", **kwargs)


def reopen(recall: Recall, *, to_contact: bool = False, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Open a closed recall where it stood before it was closed, or in the callback queue; its deadlines start anew."""
    _require_reason(kwargs)

    def return_to_contact_or_earlier_state(transition: Transition) -> None:
        closing = transition.recall.events.filter(to_state=State.CLOSED).exclude(from_state=State.CLOSED).latest("pk")
        stood = State(closing.from_state) if closing.from_state in OPEN_STATES else State.TO_CONTACT
        transition.next_state = State.TO_CONTACT if to_contact else _RETURN_STATE.get(stood, stood)
        transition.recall.clock_from = transition.now

    return apply_step(recall, "reopen", return_to_contact_or_earlier_state, **kwargs)


def _require_reason(kwargs: ActionKwargs) -> None:
    if not kwargs.get("note", "").strip():
        raise ValidationError({"note": _("Say why, in a few words.")})
