"""The public functions that change a recall; the action of a step has the step's own name."""

from collections.abc import Callable

from recalls.actions import biopsy, closing, contact, notes_and_requests, outcomes, undo_step, visits
from recalls.actions.biopsy import advise_biopsy as advise_biopsy
from recalls.actions.biopsy import record_pathology as record_pathology
from recalls.actions.biopsy import sign_concordance as sign_concordance
from recalls.actions.closing import close_lost as close_lost
from recalls.actions.closing import decline as decline
from recalls.actions.closing import hold as hold
from recalls.actions.closing import mark_deceased as mark_deceased
from recalls.actions.closing import need_imaging as need_imaging
from recalls.actions.closing import reopen as reopen
from recalls.actions.closing import resolve_by_priors as resolve_by_priors
from recalls.actions.closing import resume as resume
from recalls.actions.closing import transfer as transfer
from recalls.actions.closing import void as void
from recalls.actions.contact import RESULTS_BY_CHANNEL as RESULTS_BY_CHANNEL
from recalls.actions.contact import ContactAttemptInput as ContactAttemptInput
from recalls.actions.contact import finish_work_item as finish_work_item
from recalls.actions.contact import log_contact as log_contact
from recalls.actions.contact import message_by_hand as message_by_hand
from recalls.actions.contact import open_patient_work_item as open_patient_work_item
from recalls.actions.contact import open_work_item as open_work_item
from recalls.actions.contact import receive_priors as receive_priors
from recalls.actions.contact import request_priors as request_priors
from recalls.actions.corrections import correct_exam as correct_exam
from recalls.actions.merging import merge_patients as merge_patients
from recalls.actions.merging import unmerge_patients as unmerge_patients
from recalls.actions.notes_and_requests import add_note as add_note
from recalls.actions.notes_and_requests import ask_letter as ask_letter
from recalls.actions.notes_and_requests import ask_please_call as ask_please_call
from recalls.actions.notes_and_requests import letter_blocked_reason as letter_blocked_reason
from recalls.actions.notes_and_requests import message_blocked_reason as message_blocked_reason
from recalls.actions.notes_and_requests import take_on as take_on
from recalls.actions.opening import needs_recall as needs_recall
from recalls.actions.opening import open_recall as open_recall
from recalls.actions.outcomes import OutcomeInput as OutcomeInput
from recalls.actions.outcomes import amend_outcome as amend_outcome
from recalls.actions.outcomes import follow_up_due as follow_up_due
from recalls.actions.outcomes import record_outcome as record_outcome
from recalls.actions.outcomes import release_outcome as release_outcome
from recalls.actions.transition import ActionKwargs as ActionKwargs
from recalls.actions.transition import Transition as Transition
from recalls.actions.transition import UserOrActor as UserOrActor
from recalls.actions.transition import active_appointment as active_appointment
from recalls.actions.undo_step import undo as undo
from recalls.actions.visits import Slot as Slot
from recalls.actions.visits import arrived_late as arrived_late
from recalls.actions.visits import biopsy_done as biopsy_done
from recalls.actions.visits import biopsy_missed as biopsy_missed
from recalls.actions.visits import book_appointment as book_appointment
from recalls.actions.visits import book_biopsy as book_biopsy
from recalls.actions.visits import cancel_appointment as cancel_appointment
from recalls.actions.visits import cancel_biopsy as cancel_biopsy
from recalls.actions.visits import confirm as confirm
from recalls.actions.visits import mark_attended as mark_attended
from recalls.actions.visits import mark_missed as mark_missed
from recalls.actions.visits import reschedule as reschedule
from recalls.models import RecallEvent

_STEP_MODULES = (contact, notes_and_requests, visits, outcomes, biopsy, closing, undo_step)


def get_action(step_name: str) -> Callable[..., RecallEvent]:
    """The function that takes the step on a recall. Raises LookupError for a step that has none of its name."""
    for module in _STEP_MODULES:
        if hasattr(module, step_name):
            action: Callable[..., RecallEvent] = getattr(module, step_name)
            return action
    raise LookupError(f"No action is named {step_name}.")
