"""Which steps does the page offer, which come first, and why may the others not be taken? Derived from the table."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from clinic.actors import Actor
from recalls.models import Recall
from recalls.permissions import why_not
from recalls.states import State
from recalls.workflow import STEP, STEPS, Step

# What usually happens next in a state, in the order of the hand; whatever else the table allows follows below.
NEXT: dict[State, tuple[str, ...]] = {
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
_FORM_AT_ONCE = frozenset({"log_contact", "record_pathology"})


@dataclass(frozen=True, slots=True)
class Button:
    """A step as the page offers it; `reason` is the sentence that forbids it now, empty when it may be taken."""

    name: str
    label: Any
    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class Offer:
    """All steps a person takes on a recall, sorted by how near they are."""

    # The step whose form stands open.
    form: Button | None
    first: list[Button]
    other: list[Button]
    # What would come next but for a missing fact: the reason belongs beside it.
    waiting: list[Button]
    # Everything else, each with its reason.
    closed: list[Button]


def offer_of(recall: Recall, actor: Actor, names: Collection[str]) -> Offer:
    """Sort the steps that have a page (`names`) for this person and this recall."""
    here = [(step, _button(recall, step, actor)) for step in STEPS if step.name in names]
    may = {button.name: button for _step, button in here if not button.reason}
    order = [name for name in NEXT[State(recall.state)] if name in may]
    form = next((may[name] for name in order if name in _FORM_AT_ONCE), None)
    waits = [button for step, button in here if button.reason and _fits(step, recall, actor)]
    return Offer(
        form=form,
        first=[may[name] for name in order if may[name] is not form],
        other=[button for name, button in may.items() if name not in order],
        waiting=waits,
        closed=[button for _step, button in here if button.reason and button not in waits],
    )


def button_of(recall: Recall, name: str, actor: Actor) -> Button:
    return _button(recall, STEP[name], actor)


def _button(recall: Recall, step: Step, actor: Actor) -> Button:
    return Button(step.name, step.label, reverse("step", args=[recall.pk, step.name]), why_not(recall, step, actor))


def _fits(step: Step, recall: Recall, actor: Actor) -> bool:
    return step.name in NEXT[State(recall.state)] and bool(actor.roles & step.roles)
