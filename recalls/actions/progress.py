"""Lets a recall go on to where its results and lesions now ask for."""

from collections.abc import Sequence

from recalls.actions.transition import Transition, active_appointment, clear_prefetch_cache
from recalls.enums import SUSPICIOUS_ASSESSMENTS, AppointmentStatus, Assessment, State, VisitKind
from recalls.lesion_stages import LesionStage, LesionStatus, is_any_suspicious, lesions_in, load_lesion_statuses
from recalls.models import Appointment, Recall
from recalls.next_state import find_next_state, is_imaging_owed, newest_outcome
from recalls.scheduling.freed_times import note_freed


def go_on(transition: Transition) -> None:
    """Let the recall go where its lesions and results now ask for; a visit that nobody needs any more is cancelled.

    Images that have been taken and not read yet are read first, whatever else happened. Nothing opens the closed recall
    of a patient who has died.
    """
    recall = transition.recall
    if recall.patient.deceased_on is not None and transition.from_state == State.CLOSED:
        transition.next_state = transition.from_state
        return
    clear_prefetch_cache(recall)
    statuses = load_lesion_statuses(recall)
    _cancel_needless_appointment(transition, statuses)
    transition.next_state, transition.closure_reason = find_next_state(recall, statuses)
    if transition.from_state == State.AWAITING_OUTCOME and transition.step.name != "record_outcome":
        transition.next_state, transition.closure_reason = transition.from_state, None
    outcome = newest_outcome(recall)
    is_answered = outcome is not None and outcome.assessment != Assessment.NEED_IMAGING
    screened = not is_answered and recall.exam.assessment in SUSPICIOUS_ASSESSMENTS
    recall.suspicious = screened or is_any_suspicious(statuses)


def _cancel_needless_appointment(transition: Transition, statuses: Sequence[LesionStatus]) -> None:
    recall = transition.recall
    visit = active_appointment(recall)
    if visit is None or _is_still_needed(visit, recall, statuses):
        return
    Appointment.objects.filter(pk=visit.pk).update(status=AppointmentStatus.CANCELLED)
    note_freed([visit], transition.now)
    clear_prefetch_cache(recall)
    outcome = newest_outcome(recall)
    if outcome is not None and visit.kind != VisitKind.BIOPSY:
        recall.round = outcome.round  # the visit of the next round, booked ahead, counts no more


def _is_still_needed(visit: Appointment, recall: Recall, statuses: Sequence[LesionStatus]) -> bool:
    if visit.kind == VisitKind.BIOPSY:
        return bool(lesions_in(statuses, LesionStage.TO_BIOPSY))
    outcome = newest_outcome(recall)
    if outcome is None or is_imaging_owed(recall, outcome, statuses):
        return True
    return recall.round > outcome.round and bool(lesions_in(statuses, LesionStage.FOLLOW_UP))
