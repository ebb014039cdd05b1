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
    TELL = "tell", _("result told within its limit, then the next try of the urgent contact ladder")
    FOLLOW_UP = "follow_up", _("short-interval follow-up booked within a business day")
    PATHOLOGY = "pathology", _("pathology expected")
    CONCORDANCE = "concordance", _("pathology signed within its target")
    REFERRAL = "referral", _("referral to treatment arranged within its target")
    HOLD = "hold", _("day on which the hold ends")


DEADLINE_KIND_BY_STATE: dict[State, DeadlineKind] = {
    State.AWAITING_PRIORS: DeadlineKind.PRIORS,
    State.TO_CONTACT: DeadlineKind.CONTACT,
    State.SCHEDULED: DeadlineKind.VISIT,
    State.AWAITING_OUTCOME: DeadlineKind.OUTCOME,
    State.RESULT_TO_TELL: DeadlineKind.TELL,
    State.FOLLOW_UP: DeadlineKind.FOLLOW_UP,
    State.BIOPSY_TO_BOOK: DeadlineKind.CONTACT,
    State.BIOPSY_BOOKED: DeadlineKind.VISIT,
    State.AWAITING_PATHOLOGY: DeadlineKind.PATHOLOGY,
    State.AWAITING_CONCORDANCE: DeadlineKind.CONCORDANCE,
    State.TO_HAND_OVER: DeadlineKind.REFERRAL,
    State.ON_HOLD: DeadlineKind.HOLD,
}


class Precondition(models.TextChoices):
    """A fact a step asks for beyond the state, as the sentence shown when it is missing."""

    SUSPICIOUS_SCREEN = (
        "suspicious_screen",
        _("Only a screening result of 4 or 5 goes to biopsy without a diagnostic visit."),
    )
    HAS_OUTCOME = "an_outcome", _("No outcome has been recorded yet.")
    WRITABLE_RESULT = (
        "writable_result",
        _("Only a normal, benign or probably benign outcome may be told in writing; tell this one."),
    )
    LADDER_COMPLETE = (
        "ladder_complete",
        _("The contact ladder is not complete; its open steps are listed on the page."),
    )
    VISIT_STARTED = "visit_begun", _("The appointment has not begun yet.")
    MISSED_TODAY = "missed_today", _("No appointment of today was missed.")
    BIOPSY_BOOKED = "biopsy_is_booked", _("No biopsy is booked.")
    BIOPSY_DAY = "biopsy_day", _("No biopsy is booked for today or earlier.")
    BIOPSY_STARTED = "biopsy_begun", _("No booked biopsy has begun yet.")
    PATHOLOGY_AWAITED = "pathology_awaited", _("No lesion waits for a pathology result.")
    PATHOLOGY_RECORDED = "pathology_recorded", _("No pathology result of a biopsy is here that could be amended.")
    RESULT_TOLD = "result_is_told", _("Nobody has recorded that a result was told.")
    ENDED_WITHOUT_ANSWER = (
        "ended_without_answer",
        _("Only a recall that was lost, declined or transferred is taken back in one step."),
    )
    DECEASED = "deceased", _("The patient is not recorded as deceased.")
    REPORT_REQUESTED = "report_requested", _("No report is asked for from another institution.")
    FIRST_VISIT_ASKED = "first_visit_asked", _("No first visit at a treatment waits to be confirmed.")
    FIRST_VISIT_RECORDED = "first_visit_recorded", _("Nobody has recorded that the patient was seen at the treatment.")
    SURGERY_RECORDED = "surgery_recorded", _("No report of a surgery is here.")
    BARRIER_UNSETTLED = "barrier", _("Nothing is noted that stands in the way.")
    CASE_NEEDED = (
        "case_needed",
        _(
            "Only where a barrier stands, the target is past, a visit is due after a 3, or three calls were made, and "
            "while no navigator has it."
        ),
    )
    CASE_OPEN = "case_open", _("No navigator has this case.")
    SIGN_OFF_REQUESTED = "sign_off_requested", _("Nothing waits for a second signature.")


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
    # The ways (from, to) that diagrams draw, where every start with every end would be more than anybody can follow.
    main_ways: tuple[tuple[State, State], ...] = ()
    # Who may take it where a 4, a 5 or an unread result stands, if fewer than that.
    roles_at_risk: AbstractSet[Role] | None = None
    precondition: Precondition | None = None
    # Why a recall that this step closes is closed, where the action does not decide it from its input.
    closure_reason: ClosureReason | None = None
    # Whether a second person must take it: for `close_lost` other than the one who made the last contact attempt, for
    # the others other than the one who asked for it, where a 4, a 5 or an unread result stands.
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
    def ends_recall(self) -> bool:
        """Whether it can only close the recall: such a step stands apart from the others on the page."""
        return self.to_states == (State.CLOSED,)

    @property
    def keeps_state(self) -> bool:
        return not self.to_states

    @property
    def deadline_kind(self) -> DeadlineKind | None:
        """What sets the deadline after a step with one target; None where that depends on the input."""
        return DEADLINE_KIND_BY_STATE.get(self.to_states[0]) if len(self.to_states) == 1 else None
