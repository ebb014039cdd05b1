"""The expected steps, states and roles, written by hand from the clinic's design.

Nothing here is read from `recalls.workflow`: this table is the second opinion that the tests hold against it.
"""

from dataclasses import dataclass

OPEN_STATES = [
    "awaiting_priors",
    "to_contact",
    "scheduled",
    "awaiting_outcome",
    "follow_up",
    "biopsy_to_book",
    "biopsy_booked",
    "awaiting_pathology",
    "awaiting_concordance",
    "on_hold",
]
CLOSED = ["closed"]
ALL_STATES = OPEN_STATES + CLOSED
OPEN_STATES_NOT_ON_HOLD = [state for state in OPEN_STATES if state != "on_hold"]
# The states a recall can be in once an outcome has been recorded: all but the wait for prior images.
STATES_WITH_OUTCOME = [state for state in ALL_STATES if state != "awaiting_priors"]
SAME_STATE = ["(same)"]

ROLE_BY_LETTER = {
    "S": "scheduler",
    "N": "navigator",
    "R": "radiologist",
    "M": "manager",
    "A": "administrator",
    "I": "integration",
    "Y": "system",
    "P": "patient",
}


@dataclass(frozen=True)
class ExpectedStep:
    """One step of the design."""

    step: str
    from_states: list[str]
    to_states: list[str]
    role_letters: str

    @property
    def roles(self) -> set[str]:
        return {ROLE_BY_LETTER[letter] for letter in self.role_letters}


# The navigator works the same queue as the scheduler, so they may do with a visit whatever a scheduler may.
EXPECTED_STEPS = [
    ExpectedStep("open_recall", [], ["to_contact"], "IRS"),
    ExpectedStep("open_awaiting_priors", [], ["awaiting_priors"], "IR"),
    ExpectedStep("request_priors", ["awaiting_priors"], SAME_STATE, "S"),
    ExpectedStep("receive_priors", ["awaiting_priors"], SAME_STATE, "S"),
    ExpectedStep("resolve_by_priors", ["awaiting_priors", "to_contact", "scheduled"], CLOSED, "R"),
    ExpectedStep("need_imaging", ["awaiting_priors"], ["to_contact"], "R"),
    ExpectedStep("log_contact", OPEN_STATES, SAME_STATE, "SN"),
    ExpectedStep("take_on", OPEN_STATES, SAME_STATE, "SN"),
    ExpectedStep("add_note", ALL_STATES, SAME_STATE, "SNRM"),
    ExpectedStep("ask_letter", OPEN_STATES, SAME_STATE, "SN"),
    ExpectedStep("ask_please_call", ["to_contact"], SAME_STATE, "SN"),
    ExpectedStep("book_appointment", ["to_contact"], ["scheduled"], "SNI"),
    ExpectedStep("reschedule", ["scheduled"], SAME_STATE, "SNMI"),
    ExpectedStep("confirm", ["scheduled"], SAME_STATE, "SNIP"),
    ExpectedStep("cancel_appointment", ["scheduled"], ["to_contact"], "SNI"),
    ExpectedStep("mark_missed", ["scheduled"], ["to_contact"], "SNI"),
    ExpectedStep("mark_attended", ["scheduled"], ["awaiting_outcome"], "SNI"),
    ExpectedStep("arrived_late", ["to_contact", "biopsy_to_book"], ["awaiting_outcome", "awaiting_pathology"], "SNI"),
    ExpectedStep("advise_biopsy", ["to_contact", "scheduled"], ["biopsy_to_book"], "R"),
    ExpectedStep("record_outcome", ["awaiting_outcome"], ["closed", "follow_up", "biopsy_to_book", "to_contact"], "R"),
    ExpectedStep("amend_outcome", STATES_WITH_OUTCOME, STATES_WITH_OUTCOME, "R"),
    ExpectedStep("release_outcome", STATES_WITH_OUTCOME, SAME_STATE, "R"),
    ExpectedStep("follow_up_due", ["follow_up"], ["to_contact"], "Y"),
    ExpectedStep("book_biopsy", ["biopsy_to_book"], ["biopsy_booked"], "SN"),
    ExpectedStep("cancel_biopsy", ["biopsy_booked"], ["biopsy_to_book"], "SN"),
    ExpectedStep("biopsy_missed", ["biopsy_booked"], ["biopsy_to_book"], "SN"),
    ExpectedStep("biopsy_done", ["biopsy_booked"], ["awaiting_pathology"], "SRI"),
    ExpectedStep("record_pathology", ["awaiting_pathology"], ["awaiting_concordance"], "RI"),
    ExpectedStep("sign_concordance", ["awaiting_concordance"], ["closed", "follow_up", "biopsy_to_book"], "R"),
    ExpectedStep("hold", OPEN_STATES_NOT_ON_HOLD, ["on_hold"], "SN"),
    ExpectedStep("resume", ["on_hold"], OPEN_STATES_NOT_ON_HOLD, "SNY"),
    ExpectedStep("decline", OPEN_STATES, CLOSED, "SNR"),
    ExpectedStep("transfer", OPEN_STATES, CLOSED, "SNRM"),
    ExpectedStep("mark_deceased", OPEN_STATES, CLOSED, "SNRMI"),
    ExpectedStep("void", OPEN_STATES, CLOSED, "RMI"),
    ExpectedStep("close_lost", ["to_contact"], CLOSED, "RM"),
    ExpectedStep("reopen", CLOSED, OPEN_STATES_NOT_ON_HOLD, "RMI"),
    ExpectedStep("merge_records", ALL_STATES, SAME_STATE, "MAI"),
    ExpectedStep("unmerge_records", ALL_STATES, SAME_STATE, "MAI"),
    # Back to where the recall stood before the step that is undone.
    ExpectedStep("undo", ALL_STATES, SAME_STATE, "SNRM"),
    ExpectedStep("message_by_hand", ALL_STATES, SAME_STATE, "SNM"),
    ExpectedStep("correct_result", OPEN_STATES, OPEN_STATES, "IR"),
]
EXPECTED_STEP_BY_NAME = {line.step: line for line in EXPECTED_STEPS}
