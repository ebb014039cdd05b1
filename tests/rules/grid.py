"""Who may take which step from which state, and where may it lead? Written by hand from the clinic's design.

Nothing here is read from `recalls.workflow`: this table is the second opinion that the tests hold against it.
"""

from dataclasses import dataclass

OPEN = [
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
ALL = OPEN + CLOSED
NOT_HELD = [state for state in OPEN if state != "on_hold"]
# Where a recall can stand once an outcome has been recorded: everywhere but in the wait for earlier pictures.
WITH_OUTCOME = [state for state in ALL if state != "awaiting_priors"]
SAME = ["(same)"]

ROLES = {
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
class Line:
    """One step of the design."""

    step: str
    starts: list[str]
    ends: list[str]
    who: str

    @property
    def roles(self) -> set[str]:
        return {ROLES[letter] for letter in self.who}


# The navigator works the same queue as the scheduler, so she may do with a visit whatever a scheduler may.
GRID = [
    Line("open_recall", [], ["to_contact"], "IRS"),
    Line("open_awaiting_priors", [], ["awaiting_priors"], "IR"),
    Line("request_priors", ["awaiting_priors"], SAME, "S"),
    Line("receive_priors", ["awaiting_priors"], SAME, "S"),
    Line("resolve_by_priors", ["awaiting_priors", "to_contact", "scheduled"], CLOSED, "R"),
    Line("need_imaging", ["awaiting_priors"], ["to_contact"], "R"),
    Line("log_contact", OPEN, SAME, "SN"),
    Line("take_on", OPEN, SAME, "SN"),
    Line("add_note", ALL, SAME, "SNRM"),
    Line("ask_letter", OPEN, SAME, "SN"),
    Line("ask_please_call", ["to_contact"], SAME, "SN"),
    Line("book_appointment", ["to_contact"], ["scheduled"], "SNI"),
    Line("reschedule", ["scheduled"], SAME, "SNMI"),
    Line("confirm", ["scheduled"], SAME, "SNIP"),
    Line("cancel_appointment", ["scheduled"], ["to_contact"], "SNI"),
    Line("mark_missed", ["scheduled"], ["to_contact"], "SNI"),
    Line("mark_attended", ["scheduled"], ["awaiting_outcome"], "SNI"),
    Line("arrived_late", ["to_contact", "biopsy_to_book"], ["awaiting_outcome", "awaiting_pathology"], "SNI"),
    Line("advise_biopsy", ["to_contact", "scheduled"], ["biopsy_to_book"], "R"),
    Line("record_outcome", ["awaiting_outcome"], ["closed", "follow_up", "biopsy_to_book", "to_contact"], "R"),
    Line("amend_outcome", WITH_OUTCOME, WITH_OUTCOME, "R"),
    Line("release_outcome", WITH_OUTCOME, SAME, "R"),
    Line("follow_up_due", ["follow_up"], ["to_contact"], "Y"),
    Line("book_biopsy", ["biopsy_to_book"], ["biopsy_booked"], "SN"),
    Line("cancel_biopsy", ["biopsy_booked"], ["biopsy_to_book"], "SN"),
    Line("biopsy_missed", ["biopsy_booked"], ["biopsy_to_book"], "SN"),
    Line("biopsy_done", ["biopsy_booked"], ["awaiting_pathology"], "SRI"),
    Line("record_pathology", ["awaiting_pathology"], ["awaiting_concordance"], "RI"),
    Line("sign_concordance", ["awaiting_concordance"], ["closed", "follow_up", "biopsy_to_book"], "R"),
    Line("hold", NOT_HELD, ["on_hold"], "SN"),
    Line("resume", ["on_hold"], NOT_HELD, "SNY"),
    Line("decline", OPEN, CLOSED, "SNR"),
    Line("transfer", OPEN, CLOSED, "SNRM"),
    Line("mark_deceased", OPEN, CLOSED, "SNRMI"),
    Line("void", OPEN, CLOSED, "RMI"),
    Line("close_lost", ["to_contact"], CLOSED, "RM"),
    Line("reopen", CLOSED, NOT_HELD, "RMI"),
    Line("merge_records", ALL, SAME, "MAI"),
    Line("unmerge_records", ALL, SAME, "MAI"),
    # Back to where the recall stood before the step that is undone.
    Line("undo", ALL, SAME, "SNRM"),
    Line("message_by_hand", ALL, SAME, "SNM"),
    Line("correct_result", OPEN, OPEN, "IR"),
]
LINES = {line.step: line for line in GRID}
