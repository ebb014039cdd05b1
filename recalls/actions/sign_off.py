"""Lets a second person sign a step that would end or park a recall of a 4, a 5 or an unread result.

One person asks, with everything that the step needs; another one signs by taking the step. Until then the recall stays
where it is. The system and a corrected report are no persons: they need no second one.
"""

from collections.abc import Callable, Mapping
from typing import Any, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.actors import Actor, actor_for
from recalls.actions.transition import ActionKwargs, Transition, apply_step, lock_recall
from recalls.models import Recall, RecallEvent, SignOffRequest
from recalls.permissions import (
    SIGNER_ROLES,
    StepUnavailable,
    check_actor_permitted,
    check_step_available,
    is_at_risk,
    pending_sign_offs,
)
from recalls.workflow import STEPS_BY_NAME


def apply_with_second_person(
    recall: Recall,
    step_name: str,
    apply_changes: Callable[[Transition], None] | None = None,
    *,
    details: Mapping[str, Any],
    **kwargs: Unpack[ActionKwargs],
) -> RecallEvent:
    """Take the step where no second person is needed, or one has asked for it; else ask for the signature.

    `details`: what was entered, for the form that the second person signs. Returns the event of the step, or of
    `ask_sign_off`.
    """
    actor = actor_for(kwargs["by"])
    with transaction.atomic():
        locked = lock_recall(recall)
        if actor.user is None or not is_at_risk(locked):
            return apply_step(recall, step_name, apply_changes, **kwargs)
        if _may_sign(locked, step_name, actor):
            return apply_step(recall, step_name, _and_grant(step_name, apply_changes), **kwargs)
        check_actor_permitted(locked, STEPS_BY_NAME[step_name], actor)
        return apply_step(recall, "ask_sign_off", _make_request(step_name, details), **kwargs)


def refuse_sign_off(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Refuse what was asked for; the recall stays open where it is, and `note` says why."""

    def refuse(transition: Transition) -> None:
        pending = pending_sign_offs(transition.recall)
        transition.data = {"steps": [request.step for request in pending]}
        for request in pending:
            _decide(transition, request, granted=False)

    return apply_step(recall, "refuse_sign_off", refuse, **kwargs)


def _may_sign(recall: Recall, step_name: str, actor: Actor) -> bool:
    asked = [request for request in pending_sign_offs(recall) if request.step == step_name]
    by_somebody_else = any(actor.user is None or request.requested_by_id != actor.user.pk for request in asked)
    return by_somebody_else and bool(actor.roles & SIGNER_ROLES)


def _and_grant(step_name: str, apply_changes: Callable[[Transition], None] | None) -> Callable[[Transition], None]:
    def grant(transition: Transition) -> None:
        if apply_changes is not None:
            apply_changes(transition)
        for request in pending_sign_offs(transition.recall):
            if request.step == step_name:
                asked_by = request.requested_by.get_full_name()
                transition.data = {**transition.data, "asked_by": asked_by, "signed": request.pk}
                _decide(transition, request, granted=True)

    return grant


def _make_request(step_name: str, details: Mapping[str, Any]) -> Callable[[Transition], None]:
    def make(transition: Transition) -> None:
        step, user = STEPS_BY_NAME[step_name], transition.actor.user
        check_step_available(transition.recall, step, transition.now)
        if user is None:
            raise StepUnavailable(_("Only a person asks for a second signature."))
        said = {"note": transition.note, "details": dict(details), "requested_at": transition.now, "requested_by": user}
        SignOffRequest.objects.update_or_create(
            recall=transition.recall, step=step_name, decided_at=None, defaults={"site": transition.recall.site, **said}
        )
        transition.data = {"wanted": step_name}

    return make


def _decide(transition: Transition, request: SignOffRequest, *, granted: bool) -> None:
    request.decided_at, request.decided_by, request.granted = transition.now, transition.actor.user, granted
    request.save(update_fields=["decided_at", "decided_by", "granted"])
