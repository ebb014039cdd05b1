"""The workflow of a recall as one table: every step with its states, roles, rule, form and place on the page."""

from django.utils.translation import gettext_lazy as _

from clinic.roles import Role
from recalls.enums import LADDER_STATES, OPEN_STATES, STATES_KEEPING_APPOINTMENT, ClosureReason, State
from recalls.workflow.step import Precondition, Step

ALL_STATES = tuple(State)
KEEPS_STATE: tuple[State, ...] = ()
DESK_ROLES = frozenset({Role.SCHEDULER, Role.NAVIGATOR})
NOTE_FORM = "base.NoteForm"
REASON_FORM = "base.ReasonForm"
_OPEN_EXCEPT_HOLD = tuple(state for state in OPEN_STATES if state != State.ON_HOLD)
_STATES_AFTER_OUTCOME = tuple(state for state in State if state != State.AWAITING_PRIORS)
# Where results and lesions may send a recall on; `recalls.next_state` decides.
_WHERE_RESULTS_LEAD = tuple(
    state for state in State if state not in (State.AWAITING_PRIORS, State.AWAITING_OUTCOME, State.ON_HOLD)
)
_WITH_BOOKED_BIOPSY = (State.BIOPSY_BOOKED, *STATES_KEEPING_APPOINTMENT)
# What a patient, and not a reader or a laboratory, is waited for: only that may be put off.
_WAITING_FOR_PATIENT = (
    State.AWAITING_PRIORS,
    State.TO_CONTACT,
    State.SCHEDULED,
    State.FOLLOW_UP,
    State.BIOPSY_TO_BOOK,
    State.BIOPSY_BOOKED,
    State.TO_HAND_OVER,
)
# Images and tissue that were taken are read, and a result that is here is told, before a patient may end the recall.
_BEFORE_RESULT = tuple(
    state
    for state in OPEN_STATES
    if state not in (State.AWAITING_OUTCOME, State.AWAITING_PATHOLOGY, State.AWAITING_CONCORDANCE, State.RESULT_TO_TELL)
)


def _ways(start: State, *ends: State) -> tuple[tuple[State, State], ...]:
    return tuple((start, end) for end in ends)


STEPS: tuple[Step, ...] = (
    Step(name="open_recall", label=_("Open recall"),
         rule=_("A screening result that needs more work opens a recall and puts it in the callback queue."),
         from_states=(), to_states=(State.TO_CONTACT,),
         roles={Role.INTEGRATION, Role.RADIOLOGIST, Role.SCHEDULER, Role.MANAGER}),
    Step(name="open_awaiting_priors", label=_("Open, awaiting prior images"),
         rule=_("A result that needs prior images waits for them before the patient is asked to come."),
         from_states=(), to_states=(State.AWAITING_PRIORS,),
         roles={Role.INTEGRATION, Role.RADIOLOGIST, Role.SCHEDULER, Role.MANAGER}),
    Step(name="request_priors", label=_("Request prior images"),
         rule=_("A scheduler requests the prior images from the other clinic; each request is logged."),
         from_states=(State.AWAITING_PRIORS, State.TO_CONTACT, State.SCHEDULED), to_states=KEEPS_STATE,
         roles={Role.SCHEDULER},
         form="base.RequestPriorsForm", next_in=(State.AWAITING_PRIORS,), weight=20),
    Step(name="receive_priors", label=_("Prior images received"),
         rule=_("A scheduler notes that the prior images have arrived and are ready to compare."),
         from_states=(State.AWAITING_PRIORS, State.TO_CONTACT, State.SCHEDULED), to_states=KEEPS_STATE,
         roles={Role.SCHEDULER},
         form="base.ReceivePriorsForm", next_in=(State.AWAITING_PRIORS,), weight=10),
    Step(name="resolve_by_priors", label=_("Resolve by prior images"),
         rule=_("A radiologist stores the final assessment when prior images explain the finding; a booked visit is "
                "cancelled and the patient is told."),
         from_states=(State.AWAITING_PRIORS, State.TO_CONTACT, State.SCHEDULED), to_states=_WHERE_RESULTS_LEAD,
         roles={Role.RADIOLOGIST},
         main_ways=_ways(State.AWAITING_PRIORS, State.CLOSED),
         form="outcomes.ResolveByPriorsForm", next_in=(State.AWAITING_PRIORS,), weight=30),
    Step(name="need_imaging", label=_("Diagnostic visit needed"),
         rule=_("A radiologist asks for additional imaging when the prior images do not settle it or cannot be had."),
         from_states=(State.AWAITING_PRIORS,), to_states=(State.TO_CONTACT,), roles={Role.RADIOLOGIST},
         form=NOTE_FORM, next_in=(State.AWAITING_PRIORS,), weight=40),
    Step(name="log_contact", label=_("Log a contact"),
         rule=_("Every try to reach the patient is logged with its result and the next try."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES | {Role.SYSTEM},
         form="log_contact.LogContactForm", undoable=True, next_in=(State.TO_CONTACT, State.BIOPSY_TO_BOOK),
         weight=10, form_open=True),
    Step(name="take_on", label=_("Take it on"),
         rule=_("A scheduler or navigator takes a recall on and keeps it until somebody else takes it on."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES,
         form=NOTE_FORM, bulk_form="bulk.BulkTakeOnForm"),
    Step(name="assign", label=_("Assign"),
         rule=_("A manager gives a recall to a person of its site, or back to everybody; the work of who is away or "
                "gone is everybody's."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles={Role.MANAGER, Role.SYSTEM},
         form="assigning.AssignForm", bulk_form="assigning.BulkAssignForm"),
    Step(name="add_note", label=_("Add a note"),
         rule=_("Whoever works on a recall may write a note into its history; nothing else changes."),
         from_states=ALL_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES | {Role.RADIOLOGIST, Role.MANAGER},
         form="base.AddNoteForm", bulk_form="bulk.BulkAddNoteForm"),
    Step(name="ask_doctor", label=_("Ask the doctor to call"),
         rule=_("A question of the patient, or a no, is a task for the radiologists of the site, who call the patient "
                "by the end of the next business day; nothing else changes."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES, form="base.DoctorQuestionForm"),
    Step(name="state_barrier", label=_("Something is in the way"),
         rule=_("What keeps a patient from coming is noted with who said it, and opens a task to help; the tries to "
                "reach the patient go on."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES | {Role.RADIOLOGIST, Role.PATIENT},
         form="barriers.barrier_forms.StateBarrierForm"),
    Step(name="help_with_barrier", label=_("Help with a barrier"),
         rule=_("What was offered against a barrier is noted, and what came of it: solved, not solved, or no longer in "
                "the way."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES | {Role.RADIOLOGIST},
         precondition=Precondition.BARRIER_UNSETTLED, form="barriers.barrier_forms.HelpForm"),
    Step(name="take_case", label=_("Take as my case"),
         rule=_("A navigator takes a patient with a barrier, past the target, due after a 3 or called three times, up "
                "to the site's number of open cases; the recall stays on everybody's lists."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles={Role.NAVIGATOR},
         precondition=Precondition.CASE_NEEDED, form=NOTE_FORM),
    Step(name="log_case_minutes", label=_("Minutes for the case"),
         rule=_("A navigator says how many minutes a case took; the manager sees them in sum."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles={Role.NAVIGATOR},
         precondition=Precondition.CASE_OPEN, form="barriers.case_forms.CaseMinutesForm"),
    Step(name="end_case", label=_("End the case"),
         rule=_("A navigator or manager ends a case as done or gives it back; with its recall it is over by itself."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles={Role.NAVIGATOR, Role.MANAGER},
         precondition=Precondition.CASE_OPEN, form="barriers.case_forms.EndCaseForm"),
    Step(name="record_wishes", label=_("Wishes about results"),
         rule=_("How, when and through whom a patient wants to hear a result is kept with the patient and followed."),
         from_states=ALL_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES | {Role.RADIOLOGIST, Role.PATIENT},
         form="telling.WishesForm"),
    Step(name="record_consent", label=_("Consent to messages"),
         rule=_("What a patient says about emails, text messages and health details is kept with who heard it, when, "
                "how and in which words, and the messages follow it at once."),
         from_states=ALL_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES, form="telling.ConsentForm"),
    Step(name="ask_letter", label=_("Have a letter printed"),
         rule=_("A letter to be printed and posted is a task; whoever posts it logs the letter."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES,
         form=NOTE_FORM, bulk_form="bulk.BulkLetterForm"),
    Step(name="ask_please_call", label=_("Send “please call us”"),
         rule=_("While the patient is still to be reached, a message may ask for a call."),
         from_states=LADDER_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES,
         form=NOTE_FORM, bulk_form="bulk.BulkPleaseCallForm"),
    Step(name="book_appointment", label=_("Book visit"),
         rule=_("A scheduler books the visit once the patient has agreed a time, or the patient takes a time that is "
                "offered; a short-interval follow-up at once, on its day or earlier."),
         from_states=(State.TO_CONTACT, State.FOLLOW_UP), to_states=(State.SCHEDULED,),
         roles=DESK_ROLES | {Role.INTEGRATION, Role.PATIENT},
         form="visits.BookVisitForm", undoable=True, next_in=(State.TO_CONTACT, State.FOLLOW_UP), weight=20),
    Step(name="hold_time", label=_("Hold a time"),
         rule=_("Where the site wants it, the best free time inside the target is held for a patient who is to be "
                "called; it is no visit until they take it."),
         from_states=(State.TO_CONTACT,), to_states=KEEPS_STATE, roles={Role.SYSTEM}),
    Step(name="release_time", label=_("Time held no longer"),
         rule=_("A held time ends when it runs out, when the clinic is closed then, when it no longer fits, or when a "
                "patient with a more urgent result needs it."),
         from_states=(State.TO_CONTACT,), to_states=KEEPS_STATE, roles={Role.SYSTEM}),
    Step(name="offer_times", label=_("Wants another time: some are texted"),
         rule=_("A patient who answers the text about a held time with “another”, or one about a booked visit with "
                "“move”, is texted up to three free times, by the rules of their own page; where none can be offered, "
                "they are called."),
         from_states=(State.TO_CONTACT, State.SCHEDULED), to_states=KEEPS_STATE, roles={Role.PATIENT}),
    Step(name="ask_cancel_reason", label=_("Cannot come: asked by text for the reason"),
         rule=_("A patient who answers the text about a booked visit with “can't come” is texted a short list of "
                "reasons; the answer cancels the visit and opens the task that helps. After a 4 or 5 they are called."),
         from_states=(State.SCHEDULED,), to_states=KEEPS_STATE, roles={Role.PATIENT}),
    Step(name="decline_lane", label=_("Same-day lane not taken"),
         rule=_("A patient who may still be there is offered a time of the same day; where they come another day or "
                "have left, that is written down, and they are called as usual."),
         from_states=(State.TO_CONTACT,), to_states=KEEPS_STATE, roles=DESK_ROLES | {Role.RADIOLOGIST}),
    Step(name="walk_in", label=_("Walk-in: came without an appointment"),
         rule=_("A patient who comes without an appointment is seen at once: the visit is written down as come, in a "
                "room that is free, or over another visit by who may."),
         from_states=(State.TO_CONTACT, State.FOLLOW_UP), to_states=(State.AWAITING_OUTCOME,), roles=DESK_ROLES,
         form="walk_in.WalkInForm", undoable=True, next_in=(State.TO_CONTACT,), weight=50),
    Step(name="reschedule", label=_("Move visit"),
         rule=_("A booked visit is moved to another time, by the patient too where the site lets them; the recall's "
                "deadlines stay."),
         from_states=(State.SCHEDULED,), to_states=KEEPS_STATE,
         roles=DESK_ROLES | {Role.MANAGER, Role.INTEGRATION, Role.PATIENT},
         form="visits.RescheduleForm", next_in=(State.SCHEDULED,), weight=30),
    Step(name="keep_clock_time", label=_("Visit keeps its time of day"),
         rule=_("When a site's time zone is corrected, a booked visit stays at the time of day that the patient was "
                "told."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles={Role.SYSTEM}),
    Step(name="ask_earlier", label=_("Wants an earlier time"),
         rule=_("A patient with a booked visit who would come sooner is on the waiting list until they are moved to an "
                "earlier time, ask to be taken off, or the visit is over."),
         from_states=(State.SCHEDULED,), to_states=KEEPS_STATE, roles=DESK_ROLES | {Role.PATIENT},
         form="visits.AskEarlierForm"),
    Step(name="confirm", label=_("Confirm visit"),
         rule=_("The patient, or a scheduler for the patient, confirms the visit."),
         from_states=(State.SCHEDULED,), to_states=KEEPS_STATE, roles=DESK_ROLES | {Role.PATIENT, Role.INTEGRATION},
         form=NOTE_FORM, undoable=True, one_click_label=_("Confirmed"), next_in=(State.SCHEDULED,), weight=20),
    Step(name="cancel_appointment", label=_("Cancel visit"),
         rule=_("A cancelled visit puts the patient back in the callback queue, or to the follow-up whose time has not "
                "come."),
         from_states=(State.SCHEDULED,), to_states=(State.TO_CONTACT, State.FOLLOW_UP),
         roles=DESK_ROLES | {Role.INTEGRATION, Role.PATIENT},
         form=NOTE_FORM, undoable=True, next_in=(State.SCHEDULED,), weight=50),
    Step(name="mark_missed", label=_("Did not come"),
         rule=_("A patient who misses the visit goes back to the callback queue."),
         from_states=(State.SCHEDULED,), to_states=(State.TO_CONTACT,), roles=DESK_ROLES | {Role.INTEGRATION},
         precondition=Precondition.VISIT_STARTED,
         form=NOTE_FORM, undoable=True, one_click_label=_("Missed"), next_in=(State.SCHEDULED,), weight=40),
    Step(name="mark_attended", label=_("Patient came"),
         rule=_("When the patient has been seen, the radiologist's outcome is due; before the day of the visit it is "
                "asked whether they came already."),
         from_states=(State.SCHEDULED,), to_states=(State.AWAITING_OUTCOME,), roles=DESK_ROLES | {Role.INTEGRATION},
         form="visits.AttendedForm", undoable=True, one_click_label=_("Arrived"),
         next_in=(State.SCHEDULED,), weight=10),
    Step(name="arrived_late", label=_("Late arrival"),
         rule=_("A patient counted as missed who still comes that day has been seen: the appointment counts as kept."),
         from_states=(State.TO_CONTACT, State.BIOPSY_TO_BOOK),
         to_states=(State.AWAITING_OUTCOME, State.AWAITING_PATHOLOGY), roles=DESK_ROLES | {Role.INTEGRATION},
         precondition=Precondition.MISSED_TODAY,
         form=NOTE_FORM, one_click_label=_("Late arrival"), next_in=(State.TO_CONTACT, State.BIOPSY_TO_BOOK),
         weight=30),
    Step(name="symptom_reported", label=_("Symptom reported"),
         rule=_("A patient who notices a change before the visit is seen soon: they are called, and a visit booked for "
                "a later day is cancelled."),
         from_states=(State.TO_CONTACT, State.SCHEDULED, State.FOLLOW_UP), to_states=(State.TO_CONTACT,),
         roles=DESK_ROLES | {Role.RADIOLOGIST},
         form="base.SymptomForm", next_in=(State.FOLLOW_UP,), weight=30),
    Step(name="advise_biopsy", label=_("Biopsy without diagnostic visit"),
         rule=_("After a screening result of 4 or 5 a radiologist may ask for a biopsy without additional imaging; the "
                "patient is told first. Each breast with a finding has its own result."),
         from_states=(State.TO_CONTACT, State.SCHEDULED), to_states=(State.RESULT_TO_TELL, State.BIOPSY_TO_BOOK),
         roles={Role.RADIOLOGIST}, precondition=Precondition.SUSPICIOUS_SCREEN,
         form="biopsy.AdviseBiopsyForm"),
    Step(name="record_outcome", label=_("Record outcome"),
         rule=_("Only a radiologist records the outcome. The patient is told; then its category decides what happens "
                "next."),
         from_states=(State.AWAITING_OUTCOME,), to_states=_WHERE_RESULTS_LEAD, roles={Role.RADIOLOGIST},
         main_ways=_ways(
             State.AWAITING_OUTCOME, State.RESULT_TO_TELL, State.CLOSED, State.FOLLOW_UP, State.BIOPSY_TO_BOOK,
             State.TO_CONTACT,
         ),
         form="outcomes.RecordOutcomeForm", undoable=True, next_in=(State.AWAITING_OUTCOME,), weight=10),
    Step(name="amend_outcome", label=_("Amend outcome"),
         rule=_("A radiologist amends the outcome with a reason; the earlier reading is kept, and another category is "
                "told anew."),
         from_states=_STATES_AFTER_OUTCOME, to_states=_STATES_AFTER_OUTCOME, roles={Role.RADIOLOGIST},
         precondition=Precondition.HAS_OUTCOME,
         form="outcomes.AmendOutcomeForm"),
    Step(name="result_told", label=_("Result told"),
         rule=_("A result is open until somebody has told the patient: who, when and how is recorded, then the recall "
                "goes on."),
         from_states=(State.RESULT_TO_TELL,), to_states=_WHERE_RESULTS_LEAD, roles={Role.RADIOLOGIST, Role.NAVIGATOR},
         main_ways=_ways(
             State.RESULT_TO_TELL, State.CLOSED, State.FOLLOW_UP, State.BIOPSY_TO_BOOK, State.TO_CONTACT,
             State.TO_HAND_OVER,
         ),
         form="telling.ResultToldForm", next_in=(State.RESULT_TO_TELL,), weight=20, form_open=True),
    Step(name="release_outcome", label=_("Tell in writing"),
         rule=_("A normal, benign or probably benign outcome may be told by a message; one that does not arrive comes "
                "back."),
         from_states=(State.RESULT_TO_TELL,), to_states=_WHERE_RESULTS_LEAD, roles={Role.RADIOLOGIST},
         precondition=Precondition.WRITABLE_RESULT,
         main_ways=_ways(State.RESULT_TO_TELL, State.CLOSED, State.FOLLOW_UP),
         form="telling.ReleaseOutcomeForm", next_in=(State.RESULT_TO_TELL,), weight=40),
    Step(name="ask_referrer_to_tell", label=_("Ask the referring doctor to tell"),
         rule=_("The referring doctor may tell the result; without an answer by the next business day it is "
                "ours again."),
         from_states=(State.RESULT_TO_TELL,), to_states=KEEPS_STATE, roles={Role.RADIOLOGIST},
         form=NOTE_FORM, next_in=(State.RESULT_TO_TELL,), weight=50),
    Step(name="release_due", label=_("Time of release reached"),
         rule=_("When the time set for a written result has come, it counts as told by the message."),
         from_states=(State.RESULT_TO_TELL,), to_states=_WHERE_RESULTS_LEAD, roles={Role.SYSTEM},
         main_ways=_ways(State.RESULT_TO_TELL, State.CLOSED, State.FOLLOW_UP)),
    Step(name="result_undelivered", label=_("Written result did not arrive"),
         rule=_("A written result that fails, comes back or waits unprinted is told by a person."),
         from_states=(State.CLOSED, State.FOLLOW_UP, State.SCHEDULED, State.TO_CONTACT, State.ON_HOLD),
         to_states=(State.RESULT_TO_TELL,), roles={Role.SYSTEM}),
    Step(name="told_in_error", label=_("Told in error"),
         rule=_("What was recorded as told and was not, was said to somebody else, or whose letter came back, is owed "
                "to the patient again."),
         from_states=tuple(state for state in _STATES_AFTER_OUTCOME if state != State.RESULT_TO_TELL),
         to_states=(State.RESULT_TO_TELL, State.AWAITING_CONCORDANCE, State.AWAITING_OUTCOME),
         roles={Role.NAVIGATOR, Role.RADIOLOGIST, Role.MANAGER}, precondition=Precondition.RESULT_TOLD,
         main_ways=(), form=REASON_FORM),
    Step(name="follow_up_due", label=_("Follow-up due"),
         rule=_("When the short-interval follow-up comes near, the recall returns to the callback queue for "
                "its next round."),
         from_states=(State.FOLLOW_UP,), to_states=(State.TO_CONTACT,), roles={Role.SYSTEM}),
    Step(name="book_biopsy", label=_("Book biopsy"),
         rule=_("A scheduler or navigator books the biopsy."),
         from_states=(State.BIOPSY_TO_BOOK,), to_states=(State.BIOPSY_BOOKED,), roles=DESK_ROLES,
         form="visits.BookBiopsyForm", undoable=True, next_in=(State.BIOPSY_TO_BOOK,), weight=20),
    Step(name="cancel_biopsy", label=_("Cancel biopsy"),
         rule=_("A cancelled biopsy has to be booked again."),
         from_states=_WITH_BOOKED_BIOPSY, to_states=(State.BIOPSY_TO_BOOK, *STATES_KEEPING_APPOINTMENT),
         roles=DESK_ROLES, precondition=Precondition.BIOPSY_BOOKED,
         main_ways=_ways(State.BIOPSY_BOOKED, State.BIOPSY_TO_BOOK),
         form=NOTE_FORM, undoable=True, next_in=(State.BIOPSY_BOOKED,), weight=30),
    Step(name="biopsy_missed", label=_("Did not come to biopsy"),
         rule=_("A missed biopsy has to be booked again, and somebody calls the patient."),
         from_states=_WITH_BOOKED_BIOPSY, to_states=(State.BIOPSY_TO_BOOK, *STATES_KEEPING_APPOINTMENT),
         roles=DESK_ROLES, precondition=Precondition.BIOPSY_STARTED,
         main_ways=_ways(State.BIOPSY_BOOKED, State.BIOPSY_TO_BOOK),
         form=NOTE_FORM, undoable=True, one_click_label=_("Missed"), next_in=(State.BIOPSY_BOOKED,), weight=20),
    Step(name="biopsy_done", label=_("Biopsy done"),
         rule=_("After the biopsy the pathology result of each lesion is awaited; one left out is still to be "
                "biopsied."),
         from_states=_WITH_BOOKED_BIOPSY,
         to_states=(State.AWAITING_PATHOLOGY, State.BIOPSY_TO_BOOK, *STATES_KEEPING_APPOINTMENT),
         roles={Role.SCHEDULER, Role.RADIOLOGIST, Role.INTEGRATION}, precondition=Precondition.BIOPSY_DAY,
         main_ways=_ways(State.BIOPSY_BOOKED, State.AWAITING_PATHOLOGY),
         form="biopsy.BiopsyDoneForm", undoable=True, one_click_label=_("Biopsy done"),
         next_in=(State.BIOPSY_BOOKED,), weight=10),
    Step(name="record_pathology", label=_("Record pathology"),
         rule=_("The result of each lesion is recorded; it never closes a recall: a radiologist signs whether it "
                "explains the images."),
         from_states=_STATES_AFTER_OUTCOME,
         to_states=(State.AWAITING_CONCORDANCE, State.AWAITING_OUTCOME),
         roles={Role.RADIOLOGIST, Role.INTEGRATION}, precondition=Precondition.PATHOLOGY_AWAITED,
         main_ways=_ways(State.AWAITING_PATHOLOGY, State.AWAITING_CONCORDANCE),
         form="biopsy.RecordPathologyForm", next_in=(State.AWAITING_PATHOLOGY,), weight=10, form_open=True),
    Step(name="amend_pathology", label=_("Amend pathology"),
         rule=_("A pathology result that the laboratory corrects is recorded with a reason; the earlier one is kept, "
                "and the new one is signed and told, whatever other tissue is awaited."),
         from_states=_STATES_AFTER_OUTCOME,
         to_states=(State.AWAITING_CONCORDANCE, State.AWAITING_OUTCOME),
         roles={Role.RADIOLOGIST, Role.INTEGRATION}, precondition=Precondition.PATHOLOGY_RECORDED,
         form="biopsy.AmendPathologyForm"),
    Step(name="sign_concordance", label=_("Sign concordance"),
         rule=_("A radiologist signs whether pathology and imaging of a lesion agree, and the next step; then the "
                "patient is told."),
         from_states=(State.AWAITING_CONCORDANCE,), to_states=_WHERE_RESULTS_LEAD, roles={Role.RADIOLOGIST},
         main_ways=_ways(State.AWAITING_CONCORDANCE, State.RESULT_TO_TELL),
         form="biopsy.SignConcordanceForm", next_in=(State.AWAITING_CONCORDANCE,), weight=10),
    Step(name="hand_over", label=_("Hand over to treatment"),
         rule=_("A malignant or high-risk result closes only with the clinician who takes over, the place and the day "
                "of the first visit there; afterwards the place is asked whether the patient came."),
         from_states=(State.TO_HAND_OVER,), to_states=_WHERE_RESULTS_LEAD, roles=DESK_ROLES | {Role.RADIOLOGIST},
         main_ways=_ways(State.TO_HAND_OVER, State.CLOSED),
         form="biopsy.HandOverForm", next_in=(State.TO_HAND_OVER,), weight=10, form_open=True),
    Step(name="not_seen_there", label=_("Was not seen there"),
         rule=_("A patient who was not seen on the day of the first visit is handed over anew; the place is asked "
                "until it answers."),
         from_states=_STATES_AFTER_OUTCOME,
         to_states=tuple(state for state in _STATES_AFTER_OUTCOME if state != State.ON_HOLD),
         roles=DESK_ROLES | {Role.RADIOLOGIST}, precondition=Precondition.FIRST_VISIT_ASKED,
         main_ways=(), form="outside.NotSeenThereForm"),
    Step(name="seen_in_error", label=_("Was seen there: in error"),
         rule=_("What was recorded as seen at the treatment and was not is taken back with a reason, and the place is "
                "asked again; the recall stays until it answers."),
         from_states=_STATES_AFTER_OUTCOME, to_states=KEEPS_STATE,
         roles=DESK_ROLES | {Role.RADIOLOGIST}, precondition=Precondition.FIRST_VISIT_RECORDED,
         form="outside.SeenInErrorForm"),
    Step(name="record_outside", label=_("Record an outside result"),
         rule=_("A work-up, biopsy, surgery or first visit elsewhere is recorded with its report, also after the "
                "recall was closed; one that says less than a 4, a 5 or a cancer here by a radiologist."),
         from_states=ALL_STATES, to_states=ALL_STATES, roles=DESK_ROLES | {Role.RADIOLOGIST},
         form="outside.RecordOutsideForm"),
    Step(name="amend_surgery", label=_("Amend surgery report"),
         rule=_("A report of a surgery that says something else after all is recorded anew with a reason; the earlier "
                "one is kept and counts no more, and the patient is told what holds."),
         from_states=ALL_STATES, to_states=ALL_STATES, roles={Role.RADIOLOGIST, Role.INTEGRATION},
         precondition=Precondition.SURGERY_RECORDED, form="outside.AmendSurgeryForm"),
    Step(name="surgery_in_error", label=_("Surgery report: in error"),
         rule=_("A report of a surgery that was another patient's is taken back with a reason, that of a cancer by a "
                "radiologist; the recall goes back to what is owed, and whoever was told by it hears what holds."),
         from_states=ALL_STATES, to_states=ALL_STATES, roles=DESK_ROLES | {Role.RADIOLOGIST},
         precondition=Precondition.SURGERY_RECORDED, form="outside.SurgeryInErrorForm"),
    Step(name="ask_report", label=_("Ask for the outside report"),
         rule=_("Every time another institution is asked for its report is logged, until it comes."),
         from_states=ALL_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES | {Role.MANAGER},
         precondition=Precondition.REPORT_REQUESTED, form="base.AskReportForm"),
    Step(name="close_report_request", label=_("Report not to be had"),
         rule=_("A radiologist or manager signs that an outside report is not to be had, with what was tried."),
         from_states=ALL_STATES, to_states=KEEPS_STATE, roles={Role.RADIOLOGIST, Role.MANAGER},
         precondition=Precondition.REPORT_REQUESTED, form=REASON_FORM),
    Step(name="hold", label=_("Put on hold"),
         rule=_("A recall that waits for the patient may be put off until a date, with a reason; a booked visit is "
                "cancelled. More than two weeks for a 4, a 5 or an unread result are signed by a second person."),
         from_states=_WAITING_FOR_PATIENT, to_states=(State.ON_HOLD,), roles=DESK_ROLES | {Role.RADIOLOGIST},
         needs_second_person=True,
         form="closing.HoldForm", bulk_form="bulk.BulkHoldForm", undoable=True),
    Step(name="resume", label=_("Resume"),
         rule=_("On its date, or earlier, a held recall returns to where it was."),
         from_states=(State.ON_HOLD,), to_states=_OPEN_EXCEPT_HOLD, roles=DESK_ROLES | {Role.SYSTEM},
         form=NOTE_FORM, undoable=True, next_in=(State.ON_HOLD,), weight=10),
    Step(name="decline", label=_("Patient declines"),
         rule=_("A recall the patient declines is closed with the patient's reason, and may be offered again; a "
                "refusal after a 4, a 5 or with an unread result is an informed one and signed by a second person."),
         from_states=_BEFORE_RESULT, to_states=(State.CLOSED,), roles=DESK_ROLES | {Role.RADIOLOGIST, Role.MANAGER},
         closure_reason=ClosureReason.DECLINED, needs_second_person=True,
         form="closing.DeclineForm", undoable=True),
    Step(name="transfer", label=_("Transfer"),
         rule=_("A recall taken over by another clinic is closed with the name of that clinic, and its report is asked "
                "for until it comes; of a 4, a 5 or an unread result a second person signs it."),
         from_states=_BEFORE_RESULT, to_states=(State.CLOSED,), roles=DESK_ROLES | {Role.RADIOLOGIST, Role.MANAGER},
         closure_reason=ClosureReason.TRANSFERRED, needs_second_person=True,
         form="closing.TransferForm", undoable=True),
    Step(name="mark_deceased", label=_("Patient has died"),
         rule=_("A death may be recorded at any time: every open recall of the patient is closed, and every message is "
                "stopped."),
         from_states=ALL_STATES, to_states=(State.CLOSED,),
         roles=DESK_ROLES | {Role.RADIOLOGIST, Role.MANAGER, Role.INTEGRATION}, closure_reason=ClosureReason.DECEASED,
         form="closing.DeceasedForm"),
    Step(name="not_deceased", label=_("Patient has not died"),
         rule=_("A manager takes back a death recorded in error; the recalls that it closed are open again."),
         from_states=ALL_STATES, to_states=ALL_STATES, roles={Role.MANAGER}, precondition=Precondition.DECEASED,
         form=REASON_FORM),
    Step(name="void", label=_("Void"),
         rule=_("A recall opened in error, or withdrawn by a corrected result, is voided with a reason; one of a 4, a "
                "5 or an unread result by two people."),
         from_states=OPEN_STATES, to_states=(State.CLOSED,), roles={Role.RADIOLOGIST, Role.MANAGER, Role.INTEGRATION},
         closure_reason=ClosureReason.VOID, needs_second_person=True,
         form=REASON_FORM, undoable=True),
    Step(name="ask_sign_off", label=_("Second signature asked for"),
         rule=_("What would end or park a recall of a 4, a 5 or an unread result waits for a second person."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES | {Role.RADIOLOGIST, Role.MANAGER}),
    Step(name="refuse_sign_off", label=_("Do not sign"),
         rule=_("The second person does not sign what was asked for, and says why; the recall stays open."),
         from_states=OPEN_STATES, to_states=KEEPS_STATE, roles={Role.RADIOLOGIST, Role.MANAGER},
         precondition=Precondition.SIGN_OFF_REQUESTED, form=REASON_FORM),
    Step(name="move_exam", label=_("Wrong patient: move the exam"),
         rule=_("An exam filed under the wrong patient goes to the right one with a recall of its own; the wrong "
                "patient's recall is void and lists what was sent and said."),
         from_states=ALL_STATES, to_states=(State.CLOSED,), roles={Role.RADIOLOGIST, Role.MANAGER},
         closure_reason=ClosureReason.VOID,
         form="records.MoveExamForm"),
    Step(name="close_lost", label=_("Close as lost"),
         rule=_("Lost to follow-up is signed by a radiologist or manager other than the person who made the "
                "last try, and only when the contact ladder is complete; of a 4 or 5 by a radiologist."),
         from_states=(State.TO_CONTACT, State.BIOPSY_TO_BOOK), to_states=(State.CLOSED,),
         roles={Role.RADIOLOGIST, Role.MANAGER}, roles_at_risk={Role.RADIOLOGIST},
         precondition=Precondition.LADDER_COMPLETE, closure_reason=ClosureReason.LOST_TO_FOLLOW_UP,
         needs_second_person=True,
         form=REASON_FORM, undoable=True, next_in=(State.TO_CONTACT, State.BIOPSY_TO_BOOK), weight=40),
    Step(name="take_back", label=_("Take back"),
         rule=_("A patient who was lost, declined or went elsewhere and asks to come is taken back in one step."),
         from_states=(State.CLOSED,), to_states=_OPEN_EXCEPT_HOLD, roles=DESK_ROLES | {Role.RADIOLOGIST, Role.PATIENT},
         precondition=Precondition.ENDED_WITHOUT_ANSWER,
         form=NOTE_FORM, undoable=True, next_in=(State.CLOSED,), weight=20),
    Step(name="offer_again", label=_("Offered again"),
         rule=_("What a patient declined is offered again on the day that was set."),
         from_states=(State.CLOSED,), to_states=_OPEN_EXCEPT_HOLD, roles={Role.SYSTEM},
         precondition=Precondition.ENDED_WITHOUT_ANSWER),
    Step(name="reopen", label=_("Reopen"),
         rule=_("New facts reopen a closed recall where it stood, or in the callback queue."),
         from_states=(State.CLOSED,), to_states=_OPEN_EXCEPT_HOLD,
         roles={Role.RADIOLOGIST, Role.MANAGER, Role.INTEGRATION},
         form="closing.ReopenForm", undoable=True, next_in=(State.CLOSED,), weight=50),
    Step(name="merge_records", label=_("Records merged"),
         rule=_("When two records turn out to be one patient, the recalls move to the record that stays."),
         from_states=ALL_STATES, to_states=KEEPS_STATE, roles={Role.MANAGER, Role.ADMINISTRATOR, Role.INTEGRATION},
         form="records.MergeRecordsForm"),
    Step(name="unmerge_records", label=_("Records separated"),
         rule=_("A merge made in error is undone, and the recalls go back to the record they came from."),
         from_states=ALL_STATES, to_states=KEEPS_STATE, roles={Role.MANAGER, Role.ADMINISTRATOR, Role.INTEGRATION},
         form="records.UnmergeRecordsForm"),
    Step(name="undo", label=_("Undo"),
         rule=_("For ten seconds a user may undo their own last step, unless a message left or another step followed."),
         from_states=ALL_STATES, to_states=ALL_STATES, roles=DESK_ROLES | {Role.RADIOLOGIST, Role.MANAGER}),
    Step(name="message_by_hand", label=_("Message by hand"),
         rule=_("A message is stopped, sent once more or sent now by a person, with a reason; the recall stays."),
         from_states=ALL_STATES, to_states=KEEPS_STATE, roles=DESK_ROLES | {Role.MANAGER}),
    Step(name="correct_result", label=_("Result corrected"),
         rule=_("A corrected screening result restarts the deadlines; the earlier reading is kept."),
         from_states=OPEN_STATES, to_states=OPEN_STATES, roles={Role.INTEGRATION, Role.RADIOLOGIST},
         form="records.CorrectResultForm"),
)  # fmt: skip

STEPS_BY_NAME: dict[str, Step] = {step.name: step for step in STEPS}


def next_steps(state: State) -> list[Step]:
    """What usually happens next to a recall in that state, in the order of the page."""
    return sorted((step for step in STEPS if state in step.next_in), key=lambda step: step.weight)
