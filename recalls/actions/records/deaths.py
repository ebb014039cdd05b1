"""Actions that record a death at every site, and take one back that was recorded in error."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Unpack

from django.db import transaction

from clinic.actors import actor_for
from patients.actions import clear_death, record_death
from recalls.actions.closing import open_again
from recalls.actions.progress import go_on
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import ClosureReason, State
from recalls.models import Recall, RecallEvent


def mark_deceased(recall: Recall, died_on: date, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Record the death, in whatever state the recall is: open recalls of the patient close, every message stops."""

    def save_death(transition: Transition) -> None:
        record_death(transition.recall.patient, died_on, by=transition.actor)
        transition.next_state = State.CLOSED

    return _apply_to_every_recall(recall, "mark_deceased", save_death, kwargs)


def not_deceased(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Take a death recorded in error back: the recalls that it closed go on where their results ask for.

    So does one whose result was amended in the meantime.
    """

    def take_back_death(transition: Transition) -> None:
        clear_death(transition.recall.patient, by=transition.actor)
        transition.next_state = transition.from_state
        if transition.recall.closure_reason == ClosureReason.DECEASED:
            transition.recall.closure_reason = ""
            open_again(transition)
        elif transition.recall.result_since is not None:  # amended meanwhile, and told to nobody
            go_on(transition)

    return _apply_to_every_recall(recall, "not_deceased", take_back_death, kwargs)


def _apply_to_every_recall(
    recall: Recall, step: str, apply_changes: Callable[[Transition], None], kwargs: ActionKwargs
) -> RecallEvent:
    """A death is true at every site, also where the person who records it does not work."""
    with transaction.atomic():
        event = apply_step(recall, step, apply_changes, **kwargs)
        everywhere = replace(actor_for(kwargs["by"]), user=None)
        others = Recall.objects.filter(patient_id=recall.patient_id).exclude(pk=recall.pk)
        if step == "not_deceased":  # one opened after the death was recorded has nothing to take back
            others = others.filter(events__step="mark_deceased").distinct()
        for other in others.select_related("site").order_by("pk"):
            note, key = kwargs.get("note", ""), kwargs.get("key")
            apply_step(other, step, apply_changes, by=everywhere, note=note, key=key)
    return event
