"""Sorts the steps of a recall into next, other and unavailable ones, each with the reason that forbids it now."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actors import Actor
from recalls.enums import State
from recalls.models import Recall
from recalls.permissions import step_blocked_reason, step_blocked_reasons
from recalls.workflow import STEPS, STEPS_BY_NAME, Step, next_steps


@dataclass(frozen=True, slots=True)
class StepOption:
    """A step as the page offers it; `blocked_reason` is empty when it may be taken."""

    name: str
    label: Any
    url: str
    blocked_reason: str


@dataclass(frozen=True, slots=True)
class BlockedSteps:
    """Steps that the same thing forbids: it is said once, and beside each step its rule alone."""

    reason: str
    steps: list[StepOption]


@dataclass(frozen=True, slots=True)
class StepMenu:
    """All steps that staff take on a recall, grouped for the page."""

    # The step whose form stands open.
    form_step: StepOption | None
    next_steps: list[StepOption]
    other_steps: list[StepOption]
    # Steps that end the recall, apart from the others.
    closing_steps: list[StepOption]
    # Usual next steps that are blocked now, shown with their reason.
    blocked_next_steps: list[StepOption]
    # Everything else, by the reason that they share.
    unavailable_steps: list[BlockedSteps]
    # Having a letter printed, where it may be.
    letter_step: StepOption | None
    # Logging a call, where a result is to be told: who was called is often not reached.
    not_reached_step: StepOption | None


def build_step_menu(recall: Recall, actor: Actor, names: Collection[str]) -> StepMenu:
    """Sort the steps that have a page (`names`) for this person and this recall."""
    on_page = [step for step in STEPS if step.name in names]
    reasons = step_blocked_reasons(recall, on_page, actor)
    here = [(step, _step_option(recall, step, reasons[step.name])) for step in on_page]
    may = {button.name: button for _step, button in here if not button.blocked_reason}
    coming = [step for step in next_steps(State(recall.state)) if step.name in may]
    form = next((may[step.name] for step in coming if step.form_open), None)
    waits = [button for step, button in here if button.blocked_reason and _is_expected_next(step, recall, actor)]
    others = [step for step, button in here if button.name in may and step not in coming]
    return StepMenu(
        form_step=form,
        next_steps=[may[step.name] for step in coming if may[step.name] is not form],
        other_steps=[may[step.name] for step in others if not step.ends_recall],
        closing_steps=[may[step.name] for step in others if step.ends_recall],
        blocked_next_steps=waits,
        unavailable_steps=_group_by_reason(
            (step, button) for step, button in here if button.blocked_reason and button not in waits
        ),
        letter_step=may.get("ask_letter"),
        not_reached_step=may.get("log_contact") if recall.state == State.RESULT_TO_TELL else None,
    )


def build_step_option(recall: Recall, name: str, actor: Actor) -> StepOption:
    step = STEPS_BY_NAME[name]
    return _step_option(recall, step, step_blocked_reason(recall, step, actor))


def _step_option(recall: Recall, step: Step, blocked_reason: str) -> StepOption:
    return StepOption(step.name, step.label, reverse("step", args=[recall.pk, step.name]), blocked_reason)


def _group_by_reason(blocked: Iterable[tuple[Step, StepOption]]) -> list[BlockedSteps]:
    groups: dict[str, list[StepOption]] = {}
    for step, button in blocked:
        shared = button.blocked_reason.removesuffix(str(step.rule)).rstrip()
        if shared == button.blocked_reason:  # a reason of its own, which names no rule
            shared, own = _("Not yet:"), button.blocked_reason
        else:
            own = str(step.rule)
        groups.setdefault(shared, []).append(replace(button, blocked_reason=own))
    return [BlockedSteps(reason, steps) for reason, steps in groups.items()]


def _is_expected_next(step: Step, recall: Recall, actor: Actor) -> bool:
    return recall.state in step.next_in and bool(actor.roles & step.roles)
