"""Actions about prior images: request them, note that they came, and say what they settle."""

from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from recalls.actions.contact import open_step_work_item
from recalls.actions.outcomes import OutcomeInput, add_outcome, settle_outcome, validate_outcome
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import WRITTEN_RESULT_ASSESSMENTS, OutcomeBasis, State, WorkItemKind
from recalls.models import Recall, RecallEvent


def request_priors(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Log that the other clinic was asked; `note` names it."""
    return apply_step(recall, "request_priors", **kwargs)


def receive_priors(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Note that prior images came; where nobody waits for them any more, a task asks a radiologist to compare them."""

    def receive(transition: Transition) -> None:
        if transition.from_state != State.AWAITING_PRIORS:
            reason = _("They came while a visit is planned: they may make it needless.")
            open_step_work_item(transition, WorkItemKind.PRIORS_TO_COMPARE, reason)

    return apply_step(recall, "receive_priors", receive, **kwargs)


def resolve_by_priors(recall: Recall, reading: OutcomeInput, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Store the final assessment that the prior images allow; a booked visit is cancelled and the patient is told.

    Domain fact: 21 CFR 900.12(c): the report after the comparison has a final assessment of its own. Raises
    ValidationError for one that is not 1, 2 or 3: any other needs a visit.
    """
    if reading.assessment not in WRITTEN_RESULT_ASSESSMENTS:
        raise ValidationError({"assessment": _("Prior images settle a 1, 2 or 3. Any other result needs a visit.")})
    validate_outcome(recall, reading)

    def resolve(transition: Transition) -> None:
        outcome = add_outcome(transition, reading, basis=OutcomeBasis.PRIORS)
        settle_outcome(transition, outcome, reading)

    return apply_step(recall, "resolve_by_priors", resolve, **kwargs)
