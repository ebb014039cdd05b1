"""Which form asks for what a step needs? One for every step that a person takes on a recall."""

from recalls.forms.base import StepForm
from recalls.forms.biopsy import AdviseBiopsyForm, RecordPathologyForm, SignConcordanceForm
from recalls.forms.closing import (
    CloseLostForm,
    DeceasedForm,
    DeclineForm,
    HoldForm,
    ReopenForm,
    ResumeForm,
    TransferForm,
    VoidForm,
)
from recalls.forms.desk import AddNoteForm, AskLetterForm, AskPleaseCallForm, TakeOnForm
from recalls.forms.log_contact import LogContactForm
from recalls.forms.outcomes import AmendOutcomeForm, RecordOutcomeForm, ReleaseOutcomeForm
from recalls.forms.priors import NeedImagingForm, ReceivePriorsForm, RequestPriorsForm, ResolveByPriorsForm
from recalls.forms.records import CorrectResultForm, MergeRecordsForm, UnmergeRecordsForm
from recalls.forms.visits import (
    ArrivedLateForm,
    AttendedForm,
    BiopsyDoneForm,
    BiopsyMissedForm,
    BookBiopsyForm,
    BookVisitForm,
    CancelBiopsyForm,
    CancelVisitForm,
    ConfirmForm,
    MissedForm,
    RescheduleForm,
)

STEP_FORMS: dict[str, type[StepForm]] = {
    "request_priors": RequestPriorsForm,
    "receive_priors": ReceivePriorsForm,
    "resolve_by_priors": ResolveByPriorsForm,
    "need_imaging": NeedImagingForm,
    "log_contact": LogContactForm,
    "take_on": TakeOnForm,
    "add_note": AddNoteForm,
    "ask_letter": AskLetterForm,
    "ask_please_call": AskPleaseCallForm,
    "book_appointment": BookVisitForm,
    "reschedule": RescheduleForm,
    "confirm": ConfirmForm,
    "cancel_appointment": CancelVisitForm,
    "mark_missed": MissedForm,
    "mark_attended": AttendedForm,
    "arrived_late": ArrivedLateForm,
    "advise_biopsy": AdviseBiopsyForm,
    "record_outcome": RecordOutcomeForm,
    "amend_outcome": AmendOutcomeForm,
    "release_outcome": ReleaseOutcomeForm,
    "book_biopsy": BookBiopsyForm,
    "cancel_biopsy": CancelBiopsyForm,
    "biopsy_missed": BiopsyMissedForm,
    "biopsy_done": BiopsyDoneForm,
    "record_pathology": RecordPathologyForm,
    "sign_concordance": SignConcordanceForm,
    "hold": HoldForm,
    "resume": ResumeForm,
    "decline": DeclineForm,
    "transfer": TransferForm,
    "mark_deceased": DeceasedForm,
    "void": VoidForm,
    "close_lost": CloseLostForm,
    "reopen": ReopenForm,
    "merge_records": MergeRecordsForm,
    "unmerge_records": UnmergeRecordsForm,
    "correct_result": CorrectResultForm,
}

__all__ = ["STEP_FORMS", "StepForm"]
