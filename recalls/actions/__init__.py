"""The public functions that change a recall; the action of a step has the step's own name."""

from collections.abc import Callable

from recalls.actions import (
    barriers,
    biopsy,
    closing,
    contact,
    notes_and_requests,
    outcomes,
    outside_reports,
    pathology,
    priors,
    records,
    referrals,
    same_day,
    sign_off,
    surgery,
    telling,
    time_offers,
    undo_step,
    visits,
)
from recalls.actions.barriers import HelpInput as HelpInput
from recalls.actions.barriers import StatedBarriers as StatedBarriers
from recalls.actions.barriers import end_case as end_case
from recalls.actions.barriers import has_unsettled_barrier as has_unsettled_barrier
from recalls.actions.barriers import help_with_barrier as help_with_barrier
from recalls.actions.barriers import log_case_minutes as log_case_minutes
from recalls.actions.barriers import state_barrier as state_barrier
from recalls.actions.barriers import take_case as take_case
from recalls.actions.biopsy import BiopsyInput as BiopsyInput
from recalls.actions.biopsy import advise_biopsy as advise_biopsy
from recalls.actions.biopsy import biopsy_done as biopsy_done
from recalls.actions.closing import RefusalInput as RefusalInput
from recalls.actions.closing import close_lost as close_lost
from recalls.actions.closing import decline as decline
from recalls.actions.closing import hold as hold
from recalls.actions.closing import need_imaging as need_imaging
from recalls.actions.closing import offer_again as offer_again
from recalls.actions.closing import reopen as reopen
from recalls.actions.closing import resume as resume
from recalls.actions.closing import take_back as take_back
from recalls.actions.closing import transfer as transfer
from recalls.actions.closing import void as void
from recalls.actions.contact import RESULTS_BY_CHANNEL as RESULTS_BY_CHANNEL
from recalls.actions.contact import ContactAttemptInput as ContactAttemptInput
from recalls.actions.contact import ask_for_right_contacts as ask_for_right_contacts
from recalls.actions.contact import finish_work_item as finish_work_item
from recalls.actions.contact import log_contact as log_contact
from recalls.actions.contact import message_by_hand as message_by_hand
from recalls.actions.contact import open_new_patients_work_items as open_new_patients_work_items
from recalls.actions.contact import open_patient_work_item as open_patient_work_item
from recalls.actions.contact import open_shared_address_tasks as open_shared_address_tasks
from recalls.actions.contact import open_task_about as open_task_about
from recalls.actions.contact import open_work_item as open_work_item
from recalls.actions.contact import remove_reason as remove_reason
from recalls.actions.corrections import correct_exam as correct_exam
from recalls.actions.lesions import LesionInput as LesionInput
from recalls.actions.notes_and_requests import ConsentInput as ConsentInput
from recalls.actions.notes_and_requests import add_note as add_note
from recalls.actions.notes_and_requests import ask_doctor as ask_doctor
from recalls.actions.notes_and_requests import ask_letter as ask_letter
from recalls.actions.notes_and_requests import ask_please_call as ask_please_call
from recalls.actions.notes_and_requests import assign as assign
from recalls.actions.notes_and_requests import assign_work_item as assign_work_item
from recalls.actions.notes_and_requests import hand_over_work as hand_over_work
from recalls.actions.notes_and_requests import letter_blocked_reason as letter_blocked_reason
from recalls.actions.notes_and_requests import message_blocked_reason as message_blocked_reason
from recalls.actions.notes_and_requests import record_consent as record_consent
from recalls.actions.notes_and_requests import record_wishes as record_wishes
from recalls.actions.notes_and_requests import stands_beside_4_or_5 as stands_beside_4_or_5
from recalls.actions.notes_and_requests import symptom_reported as symptom_reported
from recalls.actions.notes_and_requests import take_on as take_on
from recalls.actions.notes_and_requests import written_result_blocked_reason as written_result_blocked_reason
from recalls.actions.opening import Opening as Opening
from recalls.actions.opening import open_recall as open_recall
from recalls.actions.opening import open_recalls as open_recalls
from recalls.actions.outcomes import OutcomeInput as OutcomeInput
from recalls.actions.outcomes import amend_outcome as amend_outcome
from recalls.actions.outcomes import follow_up_due as follow_up_due
from recalls.actions.outcomes import radiologists_of as radiologists_of
from recalls.actions.outcomes import record_outcome as record_outcome
from recalls.actions.outside_reports import OutsideReportInput as OutsideReportInput
from recalls.actions.outside_reports import ReportFile as ReportFile
from recalls.actions.outside_reports import ask_report as ask_report
from recalls.actions.outside_reports import close_report_request as close_report_request
from recalls.actions.outside_reports import record_outside as record_outside
from recalls.actions.pathology import PathologyInput as PathologyInput
from recalls.actions.pathology import amend_pathology as amend_pathology
from recalls.actions.pathology import record_pathology as record_pathology
from recalls.actions.pathology import sign_concordance as sign_concordance
from recalls.actions.priors import receive_priors as receive_priors
from recalls.actions.priors import request_priors as request_priors
from recalls.actions.priors import resolve_by_priors as resolve_by_priors
from recalls.actions.records import RecordEdit as RecordEdit
from recalls.actions.records import edit_record as edit_record
from recalls.actions.records import mark_deceased as mark_deceased
from recalls.actions.records import merge_patients as merge_patients
from recalls.actions.records import move_exam as move_exam
from recalls.actions.records import not_deceased as not_deceased
from recalls.actions.records import unmerge_patients as unmerge_patients
from recalls.actions.referrals import hand_over as hand_over
from recalls.actions.referrals import not_seen_there as not_seen_there
from recalls.actions.referrals import seen_in_error as seen_in_error
from recalls.actions.sign_off import refuse_sign_off as refuse_sign_off
from recalls.actions.surgery import amend_surgery as amend_surgery
from recalls.actions.surgery import surgery_in_error as surgery_in_error
from recalls.actions.telling import DisclosureInput as DisclosureInput
from recalls.actions.telling import ask_referrer_to_tell as ask_referrer_to_tell
from recalls.actions.telling import release_due as release_due
from recalls.actions.telling import release_outcome as release_outcome
from recalls.actions.telling import result_told as result_told
from recalls.actions.telling import result_undelivered as result_undelivered
from recalls.actions.telling import told_in_error as told_in_error
from recalls.actions.time_offers import ask_cancel_reason as ask_cancel_reason
from recalls.actions.time_offers import cancel_for as cancel_for
from recalls.actions.time_offers import cancel_for_listed as cancel_for_listed
from recalls.actions.time_offers import choose_listed_time as choose_listed_time
from recalls.actions.time_offers import choose_time as choose_time
from recalls.actions.time_offers import hold_time as hold_time
from recalls.actions.time_offers import is_about as is_about
from recalls.actions.time_offers import keep_held_time as keep_held_time
from recalls.actions.time_offers import listed_reasons as listed_reasons
from recalls.actions.time_offers import listed_times as listed_times
from recalls.actions.time_offers import offer_earlier_times as offer_earlier_times
from recalls.actions.time_offers import offer_times as offer_times
from recalls.actions.time_offers import open_offer_of as open_offer_of
from recalls.actions.time_offers import refuse_earlier as refuse_earlier
from recalls.actions.time_offers import release_time as release_time
from recalls.actions.time_offers import standing_event as standing_event
from recalls.actions.time_offers import standing_list as standing_list
from recalls.actions.time_offers import take_earlier as take_earlier
from recalls.actions.transition import ActionKwargs as ActionKwargs
from recalls.actions.transition import Transition as Transition
from recalls.actions.transition import UserOrActor as UserOrActor
from recalls.actions.transition import active_appointment as active_appointment
from recalls.actions.transition import lock_open_recalls as lock_open_recalls
from recalls.actions.undo_step import undo as undo
from recalls.actions.visits import arrived_late as arrived_late
from recalls.actions.visits import ask_earlier as ask_earlier
from recalls.actions.visits import biopsy_missed as biopsy_missed
from recalls.actions.visits import book_appointment as book_appointment
from recalls.actions.visits import book_biopsy as book_biopsy
from recalls.actions.visits import cancel_appointment as cancel_appointment
from recalls.actions.visits import cancel_biopsy as cancel_biopsy
from recalls.actions.visits import confirm as confirm
from recalls.actions.visits import keep_clock_time as keep_clock_time
from recalls.actions.visits import mark_attended as mark_attended
from recalls.actions.visits import mark_missed as mark_missed
from recalls.actions.visits import open_closed_day_task as open_closed_day_task
from recalls.actions.visits import reschedule as reschedule
from recalls.actions.visits import walk_in as walk_in
from recalls.models import RecallEvent
from recalls.scheduling.room_lock import Slot as Slot

_STEP_MODULES = (
    contact, notes_and_requests, priors, visits, outcomes, telling, biopsy, pathology, outside_reports, referrals,
    surgery, closing, sign_off, records, time_offers, same_day, barriers, undo_step,
)  # fmt: skip


def get_action(step_name: str) -> Callable[..., RecallEvent]:
    """The function that takes the step on a recall. Raises LookupError for a step that has none of its name."""
    for module in _STEP_MODULES:
        if hasattr(module, step_name):
            action: Callable[..., RecallEvent] = getattr(module, step_name)
            return action
    raise LookupError(f"No action is named {step_name}.")
