"""The expected steps, states and roles, written by hand from the clinic's design.

Nothing here is read from `recalls.workflow`: this table is the second opinion that the tests hold against it.
"""

from dataclasses import dataclass

OPEN_STATES = [
    "awaiting_priors",
    "to_contact",
    "scheduled",
    "awaiting_outcome",
    "result_to_tell",
    "follow_up",
    "biopsy_to_book",
    "biopsy_booked",
    "awaiting_pathology",
    "awaiting_concordance",
    "to_hand_over",
    "on_hold",
]
CLOSED = ["closed"]
ALL_STATES = OPEN_STATES + CLOSED
OPEN_STATES_NOT_ON_HOLD = [state for state in OPEN_STATES if state != "on_hold"]
# The states a recall can be in once an outcome has been recorded: all but the wait for prior images.
STATES_WITH_OUTCOME = [state for state in ALL_STATES if state != "awaiting_priors"]
# Where a result leads, told or still to be told: never back to a wait for images nobody has read, and never on hold.
WHERE_RESULTS_LEAD = [state for state in STATES_WITH_OUTCOME if state not in ("awaiting_outcome", "on_hold")]
# Another lesion's biopsy may stay booked while a result is signed, told or handed over.
KEEP_BIOPSY = ["awaiting_concordance", "result_to_tell", "to_hand_over"]
STATES_WITH_BIOPSY = ["biopsy_booked", *KEEP_BIOPSY]
# What a patient is waited for may be put off; what a reader or a laboratory owes may not.
WAITING_FOR_PATIENT = [
    "awaiting_priors", "to_contact", "scheduled", "follow_up", "biopsy_to_book", "biopsy_booked", "to_hand_over",
]  # fmt: skip
BEFORE_RESULT = [
    state
    for state in OPEN_STATES
    if state not in ("awaiting_outcome", "awaiting_pathology", "awaiting_concordance", "result_to_tell")
]
BEFORE_VISIT = ["awaiting_priors", "to_contact", "scheduled"]
SAME_STATE = ["(same)"]

ROLE_BY_LETTER = {
    "S": "scheduler",
    "N": "navigator",
    "R": "radiologist",
    "M": "manager",
    "A": "administrator",
    "O": "privacy_officer",
    "I": "integration",
    "Y": "system",
    "P": "patient",
}
# These sign; everybody else may only ask them to.
SIGNERS = {"radiologist", "manager"}
STAFF = {"scheduler", "navigator", "radiologist", "manager", "administrator"}


@dataclass(frozen=True)
class ExpectedStep:
    """One step of the design; `at_risk_letters`: who may take it where a 4, a 5 or an unread result stands."""

    step: str
    from_states: list[str]
    to_states: list[str]
    role_letters: str
    at_risk_letters: str = ""
    # Two people, one of them a signer, where a 4, a 5 or an unread result stands.
    takes_two: bool = False

    def roles(self, *, at_risk: bool = False) -> set[str]:
        letters = self.at_risk_letters if at_risk and self.at_risk_letters else self.role_letters
        return {ROLE_BY_LETTER[letter] for letter in letters}


# The navigator works the same queue as the scheduler, so they may do with a visit whatever a scheduler may.
EXPECTED_STEPS = [
    ExpectedStep("open_recall", [], ["to_contact"], "IRSM"),
    ExpectedStep("open_awaiting_priors", [], ["awaiting_priors"], "IRSM"),
    ExpectedStep("request_priors", BEFORE_VISIT, SAME_STATE, "S"),
    ExpectedStep("receive_priors", BEFORE_VISIT, SAME_STATE, "S"),
    ExpectedStep("resolve_by_priors", BEFORE_VISIT, WHERE_RESULTS_LEAD, "R"),
    ExpectedStep("need_imaging", ["awaiting_priors"], ["to_contact"], "R"),
    ExpectedStep("log_contact", OPEN_STATES, SAME_STATE, "SNY"),
    ExpectedStep("take_on", OPEN_STATES, SAME_STATE, "SN"),
    ExpectedStep("assign", OPEN_STATES, SAME_STATE, "MY"),
    ExpectedStep("add_note", ALL_STATES, SAME_STATE, "SNRM"),
    ExpectedStep("ask_doctor", OPEN_STATES, SAME_STATE, "SN"),
    ExpectedStep("state_barrier", OPEN_STATES, SAME_STATE, "SNRP"),
    ExpectedStep("help_with_barrier", OPEN_STATES, SAME_STATE, "SNR"),
    ExpectedStep("take_case", OPEN_STATES, SAME_STATE, "N"),
    ExpectedStep("log_case_minutes", OPEN_STATES, SAME_STATE, "N"),
    ExpectedStep("end_case", OPEN_STATES, SAME_STATE, "NM"),
    ExpectedStep("record_wishes", ALL_STATES, SAME_STATE, "SNRP"),
    ExpectedStep("record_consent", ALL_STATES, SAME_STATE, "SN"),
    ExpectedStep("ask_letter", OPEN_STATES, SAME_STATE, "SN"),
    ExpectedStep("ask_please_call", ["to_contact", "result_to_tell", "biopsy_to_book"], SAME_STATE, "SN"),
    ExpectedStep("book_appointment", ["to_contact", "follow_up"], ["scheduled"], "SNIP"),
    ExpectedStep("hold_time", ["to_contact"], SAME_STATE, "Y"),
    ExpectedStep("release_time", ["to_contact"], SAME_STATE, "Y"),
    ExpectedStep("offer_times", ["to_contact", "scheduled"], SAME_STATE, "P"),
    ExpectedStep("ask_cancel_reason", ["scheduled"], SAME_STATE, "P"),
    ExpectedStep("decline_lane", ["to_contact"], SAME_STATE, "SNR"),
    ExpectedStep("walk_in", ["to_contact", "follow_up"], ["awaiting_outcome"], "SN"),
    ExpectedStep("reschedule", ["scheduled"], SAME_STATE, "SNMIP"),
    ExpectedStep("keep_clock_time", OPEN_STATES, SAME_STATE, "Y"),
    ExpectedStep("ask_earlier", ["scheduled"], SAME_STATE, "SNP"),
    ExpectedStep("confirm", ["scheduled"], SAME_STATE, "SNIP"),
    ExpectedStep("cancel_appointment", ["scheduled"], ["to_contact", "follow_up"], "SNIP"),
    ExpectedStep("mark_missed", ["scheduled"], ["to_contact"], "SNI"),
    ExpectedStep("mark_attended", ["scheduled"], ["awaiting_outcome"], "SNI"),
    ExpectedStep("arrived_late", ["to_contact", "biopsy_to_book"], ["awaiting_outcome", "awaiting_pathology"], "SNI"),
    ExpectedStep("symptom_reported", ["to_contact", "scheduled", "follow_up"], ["to_contact"], "SNR"),
    ExpectedStep("advise_biopsy", ["to_contact", "scheduled"], ["result_to_tell", "biopsy_to_book"], "R"),
    ExpectedStep("record_outcome", ["awaiting_outcome"], WHERE_RESULTS_LEAD, "R"),
    ExpectedStep("amend_outcome", STATES_WITH_OUTCOME, STATES_WITH_OUTCOME, "R"),
    ExpectedStep("result_told", ["result_to_tell"], WHERE_RESULTS_LEAD, "RN"),
    ExpectedStep("release_outcome", ["result_to_tell"], WHERE_RESULTS_LEAD, "R"),
    ExpectedStep("ask_referrer_to_tell", ["result_to_tell"], SAME_STATE, "R"),
    ExpectedStep("release_due", ["result_to_tell"], WHERE_RESULTS_LEAD, "Y"),
    ExpectedStep(
        "result_undelivered", ["closed", "follow_up", "scheduled", "to_contact", "on_hold"], ["result_to_tell"], "Y"
    ),
    ExpectedStep(
        "told_in_error",
        [state for state in STATES_WITH_OUTCOME if state != "result_to_tell"],
        ["result_to_tell", "awaiting_concordance", "awaiting_outcome"],
        "NRM",
    ),
    ExpectedStep("follow_up_due", ["follow_up"], ["to_contact"], "Y"),
    ExpectedStep("book_biopsy", ["biopsy_to_book"], ["biopsy_booked"], "SN"),
    ExpectedStep("cancel_biopsy", STATES_WITH_BIOPSY, ["biopsy_to_book", *KEEP_BIOPSY], "SN"),
    ExpectedStep("biopsy_missed", STATES_WITH_BIOPSY, ["biopsy_to_book", *KEEP_BIOPSY], "SN"),
    ExpectedStep("biopsy_done", STATES_WITH_BIOPSY, ["awaiting_pathology", "biopsy_to_book", *KEEP_BIOPSY], "SRI"),
    ExpectedStep(
        "record_pathology",
        [state for state in ALL_STATES if state != "awaiting_priors"],
        ["awaiting_concordance", "awaiting_outcome"],
        "RI",
    ),
    ExpectedStep("amend_pathology", STATES_WITH_OUTCOME, ["awaiting_concordance", "awaiting_outcome"], "RI"),
    ExpectedStep("sign_concordance", ["awaiting_concordance"], WHERE_RESULTS_LEAD, "R"),
    ExpectedStep("hand_over", ["to_hand_over"], WHERE_RESULTS_LEAD, "SNR"),
    ExpectedStep(
        "not_seen_there", STATES_WITH_OUTCOME, [state for state in STATES_WITH_OUTCOME if state != "on_hold"], "SNR"
    ),
    ExpectedStep("seen_in_error", STATES_WITH_OUTCOME, SAME_STATE, "SNR"),
    ExpectedStep("record_outside", ALL_STATES, ALL_STATES, "SNR"),
    ExpectedStep("amend_surgery", ALL_STATES, ALL_STATES, "RI"),
    ExpectedStep("surgery_in_error", ALL_STATES, ALL_STATES, "SNR"),
    ExpectedStep("ask_report", ALL_STATES, SAME_STATE, "SNM"),
    ExpectedStep("close_report_request", ALL_STATES, SAME_STATE, "RM"),
    ExpectedStep("hold", WAITING_FOR_PATIENT, ["on_hold"], "SNR", takes_two=True),
    ExpectedStep("resume", ["on_hold"], OPEN_STATES_NOT_ON_HOLD, "SNY"),
    ExpectedStep("decline", BEFORE_RESULT, CLOSED, "SNRM", takes_two=True),
    ExpectedStep("transfer", BEFORE_RESULT, CLOSED, "SNRM", takes_two=True),
    ExpectedStep("mark_deceased", ALL_STATES, CLOSED, "SNRMI"),
    ExpectedStep("not_deceased", ALL_STATES, ALL_STATES, "M"),
    ExpectedStep("void", OPEN_STATES, CLOSED, "RMI", takes_two=True),
    ExpectedStep("ask_sign_off", OPEN_STATES, SAME_STATE, "SNRM"),
    ExpectedStep("refuse_sign_off", OPEN_STATES, SAME_STATE, "RM"),
    ExpectedStep("move_exam", ALL_STATES, CLOSED, "RM"),
    ExpectedStep("close_lost", ["to_contact", "biopsy_to_book"], CLOSED, "RM", at_risk_letters="R", takes_two=True),
    ExpectedStep("take_back", CLOSED, OPEN_STATES_NOT_ON_HOLD, "SNRP"),
    ExpectedStep("offer_again", CLOSED, OPEN_STATES_NOT_ON_HOLD, "Y"),
    ExpectedStep("reopen", CLOSED, OPEN_STATES_NOT_ON_HOLD, "RMI"),
    ExpectedStep("merge_records", ALL_STATES, SAME_STATE, "MAI"),
    ExpectedStep("unmerge_records", ALL_STATES, SAME_STATE, "MAI"),
    # Back to where the recall stood before the step that is undone.
    ExpectedStep("undo", ALL_STATES, SAME_STATE, "SNRM"),
    ExpectedStep("message_by_hand", ALL_STATES, SAME_STATE, "SNM"),
    ExpectedStep("correct_result", OPEN_STATES, OPEN_STATES, "IR"),
]
EXPECTED_STEP_BY_NAME = {line.step: line for line in EXPECTED_STEPS}
