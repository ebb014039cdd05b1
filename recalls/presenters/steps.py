"""Which steps does the page offer, which come first, and why may the others not be taken? Derived from the table."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from clinic.actors import Actor
from recalls.enums import State
from recalls.models import Recall
from recalls.permissions import step_blocked_reason
from recalls.workflow import STEPS, STEPS_BY_NAME, Step

# What usually happens next in a state, in the order of the hand; whatever else the table allows follows below.
NEXT_STEPS: dict[State, tuple[str, ...]] = {
    State.AWAITING_PRIORS: ("receive_priors", "request_priors", "resolve_by_priors", "need_imaging"),
    State.TO_CONTACT: ("log_contact", "book_appointment", "arrived_late", "close_lost"),
    State.SCHEDULED: ("mark_attended", "confirm", "reschedule", "mark_missed", "cancel_appointment"),
    State.AWAITING_OUTCOME: ("record_outcome",),
    State.FOLLOW_UP: ("release_outcome",),
    State.BIOPSY_TO_BOOK: ("book_biopsy", "arrived_late", "release_outcome"),
    State.BIOPSY_BOOKED: ("biopsy_done", "biopsy_missed", "cancel_biopsy"),
    State.AWAITING_PATHOLOGY: ("record_pathology",),
    State.AWAITING_CONCORDANCE: ("sign_concordance",),
    State.ON_HOLD: ("resume",),
    State.CLOSED: ("release_outcome", "reopen"),
}
# Steps whose form stands open on the page when they come next; the others are a click away, a radiologist's answers on
# the screen of their own.
_INLINE_FORM_STEPS = frozenset({"log_contact", "record_pathology"})


@dataclass(frozen=True, slots=True)
class StepOption:
    """A step as the page offers it; `reason` is the sentence that forbids it now, empty when it may be taken."""

    name: str
    label: Any
    url: str
    blocked_reason: str


@dataclass(frozen=True, slots=True)
class StepMenu:
    """All steps a person takes on a recall, sorted by how near they are."""

    # The step whose form stands open.
    form_step: StepOption | None
    next_steps: list[StepOption]
    other_steps: list[StepOption]
    # What would come next but for a missing fact: the reason belongs beside it.
    blocked_next_steps: list[StepOption]
    # Everything else, each with its reason.
    unavailable_steps: list[StepOption]


def build_step_menu(recall: Recall, actor: Actor, names: Collection[str]) -> StepMenu:
    """Sort the steps that have a page (`names`) for this person and this recall."""
    here = [(step, _step_option(recall, step, actor)) for step in STEPS if step.name in names]
    may = {button.name: button for _step, button in here if not button.blocked_reason}
    order = [name for name in NEXT_STEPS[State(recall.state)] if name in may]
    form = next((may[name] for name in order if name in _INLINE_FORM_STEPS), None)
    waits = [button for step, button in here if button.blocked_reason and _is_expected_next(step, recall, actor)]
    return StepMenu(
        form_step=form,
        next_steps=[may[name] for name in order if may[name] is not form],
        other_steps=[button for name, button in may.items() if name not in order],
        blocked_next_steps=waits,
        unavailable_steps=[button for _step, button in here if button.blocked_reason and button not in waits],
    )


def build_step_option(recall: Recall, name: str, actor: Actor) -> StepOption:
    return _step_option(recall, STEPS_BY_NAME[name], actor)


def _step_option(recall: Recall, step: Step, actor: Actor) -> StepOption:
    return StepOption(
        step.name, step.label, reverse("step", args=[recall.pk, step.name]), step_blocked_reason(recall, step, actor)
    )


def _is_expected_next(step: Step, recall: Recall, actor: Actor) -> bool:
    return step.name in NEXT_STEPS[State(recall.state)] and bool(actor.roles & step.roles)
