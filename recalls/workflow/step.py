"""Defines what a row of the workflow table holds: `Step`, the facts a step needs, and what sets a deadline."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.roles import Role
from recalls.enums import ClosureReason, State


class DeadlineKind(models.TextChoices):
    """What sets the instant by which the next human action must happen; `recalls.deadlines` computes each."""

    CONTACT = "contact", _("next try of the contact ladder")
    PRIORS = (
        "priors",
        _("prior images to be requested, then the report within 30 days of the first request"),
    )
    VISIT = "visit", _("end of the visit's day")
    OUTCOME = "outcome", _("outcome within a day of the visit")
    FOLLOW_UP = "follow_up", _("booking time before the short-interval follow-up")
    BIOPSY = "biopsy", _("biopsy within its target")
    PATHOLOGY = "pathology", _("pathology expected")
    PATHOLOGY_DISCLOSURE = "told", _("pathology told within its target")
    HOLD = "hold", _("day on which the hold ends")


DEADLINE_KIND_BY_STATE: dict[State, DeadlineKind] = {
    State.AWAITING_PRIORS: DeadlineKind.PRIORS,
    State.TO_CONTACT: DeadlineKind.CONTACT,
    State.SCHEDULED: DeadlineKind.VISIT,
    State.AWAITING_OUTCOME: DeadlineKind.OUTCOME,
    State.FOLLOW_UP: DeadlineKind.FOLLOW_UP,
    State.BIOPSY_TO_BOOK: DeadlineKind.BIOPSY,
    State.BIOPSY_BOOKED: DeadlineKind.VISIT,
    State.AWAITING_PATHOLOGY: DeadlineKind.PATHOLOGY,
    State.AWAITING_CONCORDANCE: DeadlineKind.PATHOLOGY_DISCLOSURE,
    State.ON_HOLD: DeadlineKind.HOLD,
}


class Precondition(models.TextChoices):
    """A fact a step asks for beyond the state, as the sentence shown when it is missing."""

    PRIORS_REQUESTED = "priors_asked", _("Prior images have not been requested yet.")
    SUSPICIOUS_SCREEN = (
        "suspicious_screen",
        _("Only a screening result of 4 or 5 goes to biopsy without a diagnostic visit."),
    )
    HAS_OUTCOME = "an_outcome", _("No outcome has been recorded yet.")
    UNRELEASED_OUTCOME = (
        "unreleased_outcome",
        _("There is no outcome waiting to be released."),
    )
    LADDER_COMPLETE = (
        "ladder_complete",
        _("The contact ladder is not complete; its open steps are listed on the page."),
    )
    VISIT_STARTED = "visit_begun", _("The appointment has not begun yet.")
    MISSED_TODAY = "missed_today", _("No appointment of today was missed.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One step of the workflow with everything that belongs to it; the function that takes it has its `name`."""

    name: str
    label: Any
    # The rule in one sentence, shown beside the form and where the step is refused.
    rule: Any
    from_states: tuple[State, ...]
    # Every state in which the recall may stand afterwards; none means that it stays where it is.
    to_states: tuple[State, ...]
    roles: AbstractSet[Role]
    precondition: Precondition | None = None
    # Why a recall that this step closes is closed, where the action does not decide it from its input.
    closure_reason: ClosureReason | None = None
    # Whether somebody other than the person who made the last contact attempt must take it.
    needs_second_person: bool = False
    # The form as "module.Class" inside `recalls.forms`; empty for a step that has no page of its own.
    form: str = ""
    # The form for many recalls at once, likewise; empty for a step that is taken on one recall at a time.
    bulk_form: str = ""
    # Whether the user who took it may undo it within seconds.
    undoable: bool = False
    # The short label of its button on the day's list of visits, where one click takes it; empty when it has none.
    one_click_label: Any = ""
    # The states in which it is a usual next step and stands first on the page, the lowest weight on top.
    next_in: tuple[State, ...] = ()
    weight: int = 0
    # Whether its form stands open on the page of the recall when it is a next step.
    form_open: bool = False

    @property
    def keeps_state(self) -> bool:
        return not self.to_states

    @property
    def deadline_kind(self) -> DeadlineKind | None:
        """What sets the deadline after a step with one target; None where that depends on the input."""
        return DEADLINE_KIND_BY_STATE.get(self.to_states[0]) if len(self.to_states) == 1 else None
