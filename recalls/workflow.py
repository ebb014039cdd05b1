"""Which moves exist? The workflow of a recall as one table: from where, to where, who may, the rule in one sentence.

Everything about a move is derived from this table: what the server allows, which buttons a page shows, the reason on a
button that may not be pressed, the diagram in docs/workflow.md, the live map and the test grid.
"""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.roles import Role
from recalls.enums import OPEN_STATES, Assessment, ClosureReason, ConcordanceVerdict, State

S, R = State, Role


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
    S.AWAITING_PRIORS: DeadlineKind.PRIORS,
    S.TO_CONTACT: DeadlineKind.CONTACT,
    S.SCHEDULED: DeadlineKind.VISIT,
    S.AWAITING_OUTCOME: DeadlineKind.OUTCOME,
    S.FOLLOW_UP: DeadlineKind.FOLLOW_UP,
    S.BIOPSY_TO_BOOK: DeadlineKind.BIOPSY,
    S.BIOPSY_BOOKED: DeadlineKind.VISIT,
    S.AWAITING_PATHOLOGY: DeadlineKind.PATHOLOGY,
    S.AWAITING_CONCORDANCE: DeadlineKind.PATHOLOGY_DISCLOSURE,
    S.ON_HOLD: DeadlineKind.HOLD,
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


@dataclass(frozen=True, slots=True)
class Step:
    """One named move. `to` lists every state it may end in: none means the recall stays where it is."""

    name: str
    label: Any
    from_states: frozenset[State]
    to_states: tuple[State, ...]
    roles: frozenset[Role]
    rule: Any
    precondition: Precondition | None = None

    @property
    def keeps_state(self) -> bool:
        return not self.to_states

    @property
    def deadline_kind(self) -> DeadlineKind | None:
        """The clock a step with one target starts; None where it depends on the input or the recall stays."""
        return DEADLINE_KIND_BY_STATE.get(self.to_states[0]) if len(self.to_states) == 1 else None


def _step(
    name: str,
    label: Any,
    from_: Any,
    to: Any,
    roles: set[Role],
    rule: Any,
    *,
    needs: Precondition | None = None,
) -> Step:
    starts = frozenset({from_}) if isinstance(from_, State) else frozenset(from_)
    ends = (to,) if isinstance(to, State) else tuple(to)
    return Step(name, label, starts, ends, frozenset(roles), rule, needs)


ANY_OPEN = OPEN_STATES
KEEPS_STATE: tuple[State, ...] = ()
DESK_ROLES = {R.SCHEDULER, R.NAVIGATOR}
_STATES_AFTER_OUTCOME = (
    S.FOLLOW_UP, S.TO_CONTACT, S.SCHEDULED, S.AWAITING_OUTCOME, S.BIOPSY_TO_BOOK, S.BIOPSY_BOOKED, S.AWAITING_PATHOLOGY,
    S.AWAITING_CONCORDANCE, S.ON_HOLD, S.CLOSED,
)  # fmt: skip

STEPS: tuple[Step, ...] = (
    _step("open_recall", _("Open recall"), (), S.TO_CONTACT, {R.INTEGRATION, R.RADIOLOGIST, R.SCHEDULER},
          _("A screening result that needs more work opens a recall and puts it in the callback queue.")),
    _step("open_awaiting_priors", _("Open, awaiting prior images"), (), S.AWAITING_PRIORS,
          {R.INTEGRATION, R.RADIOLOGIST},
          _("A result that needs prior images waits for them before the patient is asked to come.")),
    _step("request_priors", _("Request prior images"), S.AWAITING_PRIORS, KEEPS_STATE, {R.SCHEDULER},
          _("A scheduler requests the prior images from the other clinic; each request is logged.")),
    _step("receive_priors", _("Prior images received"), S.AWAITING_PRIORS, KEEPS_STATE, {R.SCHEDULER},
          _("A scheduler notes that the prior images have arrived and are ready to compare."),
          needs=Precondition.PRIORS_REQUESTED),
    _step("resolve_by_priors", _("Resolve by prior images"), (S.AWAITING_PRIORS, S.TO_CONTACT, S.SCHEDULED),
          S.CLOSED,
          {R.RADIOLOGIST},
          _("A radiologist closes the recall when prior images explain the finding; a booked visit is cancelled.")),
    _step("need_imaging", _("Diagnostic visit needed"), S.AWAITING_PRIORS, S.TO_CONTACT, {R.RADIOLOGIST},
          _("A radiologist asks for additional imaging when the prior images do not settle it or cannot be had.")),
    _step("log_contact", _("Log a contact"), ANY_OPEN, KEEPS_STATE, DESK_ROLES,
          _("Every try to reach the patient is logged with its result and the next try.")),
    _step("take_on", _("Take it on"), ANY_OPEN, KEEPS_STATE, DESK_ROLES,
          _("A scheduler or navigator takes a recall on and keeps it until somebody else takes it on.")),
    _step("add_note", _("Add a note"), tuple(State), KEEPS_STATE, DESK_ROLES | {R.RADIOLOGIST, R.MANAGER},
          _("Whoever works on a recall may write a note into its history; nothing else changes.")),
    _step("ask_letter", _("Have a letter printed"), ANY_OPEN, KEEPS_STATE, DESK_ROLES,
          _("A letter to be printed and posted is a task; whoever posts it logs the letter.")),
    _step("ask_please_call", _("Send “please call us”"), S.TO_CONTACT, KEEPS_STATE, DESK_ROLES,
          _("While the patient is still to be contacted, a message may ask for a call.")),
    _step("book_appointment", _("Book visit"), S.TO_CONTACT, S.SCHEDULED, DESK_ROLES | {R.INTEGRATION},
          _("A scheduler books the diagnostic visit once the patient has agreed a time.")),
    _step("reschedule", _("Move visit"), S.SCHEDULED, KEEPS_STATE, DESK_ROLES | {R.MANAGER, R.INTEGRATION},
          _("A booked visit is moved to another time; the recall's deadlines stay.")),
    _step("confirm", _("Confirm visit"), S.SCHEDULED, KEEPS_STATE, DESK_ROLES | {R.PATIENT, R.INTEGRATION},
          _("The patient, or a scheduler for the patient, confirms the visit.")),
    _step("cancel_appointment", _("Cancel visit"), S.SCHEDULED, S.TO_CONTACT, DESK_ROLES | {R.INTEGRATION},
          _("A cancelled visit puts the patient back in the callback queue.")),
    _step("mark_missed", _("Did not come"), S.SCHEDULED, S.TO_CONTACT, DESK_ROLES | {R.INTEGRATION},
          _("A patient who misses the visit goes back to the callback queue."), needs=Precondition.VISIT_STARTED),
    _step("mark_attended", _("Patient came"), S.SCHEDULED, S.AWAITING_OUTCOME, DESK_ROLES | {R.INTEGRATION},
          _("When the patient has been seen, the radiologist's outcome is due.")),
    _step("arrived_late", _("Late arrival"), (S.TO_CONTACT, S.BIOPSY_TO_BOOK),
          (S.AWAITING_OUTCOME, S.AWAITING_PATHOLOGY), DESK_ROLES | {R.INTEGRATION},
          _("A patient counted as missed who still comes that day has been seen: the appointment counts as kept."),
          needs=Precondition.MISSED_TODAY),
    _step("advise_biopsy", _("Biopsy without diagnostic visit"),
          (S.TO_CONTACT, S.SCHEDULED), S.BIOPSY_TO_BOOK, {R.RADIOLOGIST},
          _("After a screening result of 4 or 5 a radiologist may ask for a biopsy without additional imaging."),
          needs=Precondition.SUSPICIOUS_SCREEN),
    _step("record_outcome", _("Record outcome"), S.AWAITING_OUTCOME,
          (S.CLOSED, S.FOLLOW_UP, S.BIOPSY_TO_BOOK, S.TO_CONTACT),
          {R.RADIOLOGIST}, _("Only a radiologist records the outcome; its category decides what happens next.")),
    _step("amend_outcome", _("Amend outcome"), _STATES_AFTER_OUTCOME, _STATES_AFTER_OUTCOME,
          {R.RADIOLOGIST}, _("A radiologist amends the outcome with a reason; the earlier reading is kept."),
          needs=Precondition.HAS_OUTCOME),
    _step("release_outcome", _("Release to the patient"), tuple(State), KEEPS_STATE, {R.RADIOLOGIST},
          _("The patient is written to only after a radiologist has released the outcome."),
          needs=Precondition.UNRELEASED_OUTCOME),
    _step("follow_up_due", _("Follow-up due"), S.FOLLOW_UP, S.TO_CONTACT, {R.SYSTEM},
          _("When the short-interval follow-up comes near, the recall returns to the callback queue for its next "
            "round.")),
    _step("book_biopsy", _("Book biopsy"), S.BIOPSY_TO_BOOK, S.BIOPSY_BOOKED, DESK_ROLES,
          _("A scheduler or navigator books the biopsy.")),
    _step("cancel_biopsy", _("Cancel biopsy"), S.BIOPSY_BOOKED, S.BIOPSY_TO_BOOK, DESK_ROLES,
          _("A cancelled biopsy has to be booked again.")),
    _step("biopsy_missed", _("Did not come to biopsy"), S.BIOPSY_BOOKED, S.BIOPSY_TO_BOOK, DESK_ROLES,
          _("A missed biopsy has to be booked again, and somebody calls the patient."),
          needs=Precondition.VISIT_STARTED),
    _step("biopsy_done", _("Biopsy done"), S.BIOPSY_BOOKED, S.AWAITING_PATHOLOGY,
          {R.SCHEDULER, R.RADIOLOGIST, R.INTEGRATION},
          _("After the biopsy the pathology result is awaited.")),
    _step("record_pathology", _("Record pathology"), S.AWAITING_PATHOLOGY, S.AWAITING_CONCORDANCE,
          {R.RADIOLOGIST, R.INTEGRATION},
          _("A pathology result never closes a recall; a radiologist signs whether it explains the images.")),
    _step("sign_concordance", _("Sign concordance"), S.AWAITING_CONCORDANCE, (S.CLOSED, S.FOLLOW_UP, S.BIOPSY_TO_BOOK),
          {R.RADIOLOGIST}, _("A radiologist signs whether pathology and imaging agree, and the next step.")),
    _step("hold", _("Put on hold"), tuple(s for s in ANY_OPEN if s != S.ON_HOLD), S.ON_HOLD, DESK_ROLES,
          _("A recall may wait until a date, with a reason; a booked visit is cancelled.")),
    _step("resume", _("Resume"), S.ON_HOLD, tuple(s for s in ANY_OPEN if s != S.ON_HOLD), DESK_ROLES | {R.SYSTEM},
          _("On its date, or earlier, a held recall returns to where it was.")),
    _step("decline", _("Patient declines"), ANY_OPEN, S.CLOSED, DESK_ROLES | {R.RADIOLOGIST},
          _("A recall the patient declines is closed with the patient's reason; the patient may come back at any "
            "time.")),
    _step("transfer", _("Transfer"), ANY_OPEN, S.CLOSED, DESK_ROLES | {R.RADIOLOGIST, R.MANAGER},
          _("A recall taken over by another clinic is closed with the name of that clinic.")),
    _step("mark_deceased", _("Patient has died"), ANY_OPEN, S.CLOSED,
          DESK_ROLES | {R.RADIOLOGIST, R.MANAGER, R.INTEGRATION},
          _("When the patient has died the recall is closed and every message is stopped.")),
    _step("void", _("Void"), ANY_OPEN, S.CLOSED, {R.RADIOLOGIST, R.MANAGER, R.INTEGRATION},
          _("A recall opened in error, or withdrawn by a corrected result, is voided with a reason.")),
    _step("close_lost", _("Close as lost"), S.TO_CONTACT, S.CLOSED, {R.RADIOLOGIST, R.MANAGER},
          _("Lost to follow-up is signed by a radiologist or manager other than the person who made the last try, and "
            "only when the contact ladder is complete."),
          needs=Precondition.LADDER_COMPLETE),
    _step("reopen", _("Reopen"), S.CLOSED, tuple(s for s in ANY_OPEN if s != S.ON_HOLD),
          {R.RADIOLOGIST, R.MANAGER, R.INTEGRATION},
          _("New facts reopen a closed recall where it stood, or in the callback queue.")),
    _step("merge_records", _("Records merged"), tuple(State), KEEPS_STATE,
          {R.MANAGER, R.ADMINISTRATOR, R.INTEGRATION},
          _("When two records turn out to be one patient, the recalls move to the record that stays.")),
    _step("unmerge_records", _("Records separated"), tuple(State), KEEPS_STATE,
          {R.MANAGER, R.ADMINISTRATOR, R.INTEGRATION},
          _("A merge made in error is undone, and the recalls go back to the record they came from.")),
    _step("undo", _("Undo"), tuple(State), tuple(State), DESK_ROLES | {R.RADIOLOGIST, R.MANAGER},
          _("For ten seconds a user may undo their own last step, unless a message left or another step followed.")),
    _step("message_by_hand", _("Message by hand"), tuple(State), KEEPS_STATE, DESK_ROLES | {R.MANAGER},
          _("A message is stopped, sent once more or sent now by a person, with a reason; the recall stays.")),
    _step("correct_result", _("Result corrected"), ANY_OPEN, (*ANY_OPEN,), {R.INTEGRATION, R.RADIOLOGIST},
          _("A corrected screening result restarts the deadlines; the earlier reading is kept.")),
)  # fmt: skip

STEPS_BY_NAME: dict[str, Step] = {step.name: step for step in STEPS}

CLOSURE_REASON_BY_STEP: dict[str, ClosureReason] = {
    "resolve_by_priors": ClosureReason.RESOLVED_BY_PRIORS,
    "decline": ClosureReason.DECLINED,
    "transfer": ClosureReason.TRANSFERRED,
    "mark_deceased": ClosureReason.DECEASED,
    "void": ClosureReason.VOID,
    "close_lost": ClosureReason.LOST_TO_FOLLOW_UP,
}

# Where an outcome leads (BI-RADS 5th edition management) and why a closing one closes.
NextState = tuple[State, ClosureReason | None]
_BIOPSY_TO_BOOK: NextState = (S.BIOPSY_TO_BOOK, None)
NEXT_STATE_BY_ASSESSMENT: dict[Assessment, NextState] = {
    Assessment.NEGATIVE: (S.CLOSED, ClosureReason.NORMAL),
    Assessment.BENIGN: (S.CLOSED, ClosureReason.BENIGN),
    Assessment.PROBABLY_BENIGN: (S.FOLLOW_UP, None),
    Assessment.SUSPICIOUS: _BIOPSY_TO_BOOK,
    Assessment.SUSPICIOUS_A: _BIOPSY_TO_BOOK,
    Assessment.SUSPICIOUS_B: _BIOPSY_TO_BOOK,
    Assessment.SUSPICIOUS_C: _BIOPSY_TO_BOOK,
    Assessment.HIGHLY_SUGGESTIVE: _BIOPSY_TO_BOOK,
    Assessment.NEED_IMAGING: (S.TO_CONTACT, None),
    Assessment.KNOWN_MALIGNANCY: (S.CLOSED, ClosureReason.CANCER_HANDED_OVER),
}

NEXT_STATE_BY_VERDICT: dict[ConcordanceVerdict, NextState] = {
    ConcordanceVerdict.CONCORDANT_BENIGN: (S.CLOSED, ClosureReason.BENIGN_CONCORDANT),
    ConcordanceVerdict.DISCORDANT: _BIOPSY_TO_BOOK,
    ConcordanceVerdict.INSUFFICIENT: _BIOPSY_TO_BOOK,
    ConcordanceVerdict.HIGH_RISK: (S.CLOSED, ClosureReason.HIGH_RISK_REFERRED),
    ConcordanceVerdict.MALIGNANT: (S.CLOSED, ClosureReason.CANCER_HANDED_OVER),
}

# Months after the first probably benign outcome at which each round is due (BI-RADS category 3 surveillance).
FOLLOW_UP_MONTHS: tuple[int, ...] = (6, 12, 24)
