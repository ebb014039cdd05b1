"""Helpers that bring a recall into each state, with everything that a step asks for there."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic.actors import SYSTEM
from clinic.contact_ladder import DEFAULT_LADDER, URGENT_LADDER, RungSpec
from clinic.factories import get_site_staff
from clinic.models import Site
from patients.actions import record_death
from patients.factories import ReferringProviderFactory
from recalls import actions
from recalls.actions import (
    BiopsyInput,
    ContactAttemptInput,
    LesionInput,
    OutcomeInput,
)
from recalls.actions.pathology import awaited_lesions
from recalls.enums import (
    AppointmentStatus,
    Assessment,
    ConcordanceVerdict,
    OutsideReportKind,
    PathologyClass,
    ReportSource,
    Side,
    State,
    VisitKind,
)
from recalls.enums.barriers import BarrierKind, BarrierSource, CaseReason
from recalls.enums.lesions import PathologySource
from recalls.lesion_stages import load_lesion_statuses
from recalls.models import (
    Appointment,
    Barrier,
    Biopsy,
    Concordance,
    Lesion,
    LesionAssessment,
    NavigatorCase,
    OutsideReport,
    PathologyResult,
    Recall,
    Referral,
    ReportRequest,
    ResultDisclosure,
    SignOffRequest,
)
from recalls.testing.factories import RecallFactory
from tests.rules.step_actions import (
    MONDAY,
    TOLD_AT_VISIT,
    TOLD_BY_PHONE,
    UserOrActor,
    in_three_days,
    informed_refusal,
    record_first_pathology,
    today_at,
    tomorrow_slot,
)

_NOTE = "Said on the phone."


def complete_ladder(recall: Recall, rungs: Iterable[RungSpec], by: UserOrActor) -> None:
    """One try on every rung, all at this moment."""
    for rung in rungs:
        result = actions.RESULTS_BY_CHANNEL[rung.channel][-1]
        actions.log_contact(recall, ContactAttemptInput(rung.channel, result), by=by)


def move_to_visit(recall: Recall, clock: TimeMachineFixture) -> None:
    """Half an hour into the newest appointment."""
    visit = recall.appointments.order_by("-pk")[0]
    clock.move_to(visit.starts_at + timedelta(minutes=30))


def recall_in_state(state: State, site: Site, clock: TimeMachineFixture) -> Recall:
    """A recall in that state in which a step finds what it asks for beyond the state.

    A screen of 4B with a referring doctor; an outcome; the ladder complete and a visit of today missed; the visit
    begun; a first lesion that waits for pathology and, while a result is signed, told or handed over, another one
    whose biopsy has begun; a report that is asked for; a second signature that somebody else asked for.
    `add_missing_fact` adds what contradicts these.
    """
    clock.move_to(MONDAY)
    if state == State.AWAITING_PRIORS:
        recall = RecallFactory.create(site=site, priors_requested=True)
    else:
        doctor = ReferringProviderFactory.create()
        recall = RecallFactory.create(site=site, exam__assessment=Assessment.SUSPICIOUS_B, exam__referrer=doctor)
        come_to_visit(recall, clock)
        _BRING_BY_STATE.get(state, _bring_to_biopsy)(recall, state, clock)
    _ask_for_report_and_signatures(recall)
    return recall


def come_to_visit(recall: Recall, clock: TimeMachineFixture) -> None:
    """Book the visit for tomorrow and come."""
    scheduler = get_site_staff(recall.site).scheduler
    actions.book_appointment(recall, tomorrow_slot(recall), by=scheduler)
    move_to_visit(recall, clock)
    actions.mark_attended(recall, by=scheduler)


def _bring_to_second_visit(recall: Recall, state: State, clock: TimeMachineFixture) -> None:
    """The first visit ended with a 0, so that an outcome is there before the next one."""
    cast = get_site_staff(recall.site)
    actions.record_outcome(recall, OutcomeInput(Assessment.NEED_IMAGING, told=TOLD_AT_VISIT), by=cast.radiologist)
    if state == State.TO_CONTACT:
        complete_ladder(recall, DEFAULT_LADDER, cast.navigator)
        clock.move_to(timezone.now() + timedelta(days=61))
        _add_missed_appointment(recall, VisitKind.DIAGNOSTIC)
        return
    actions.book_appointment(recall, tomorrow_slot(recall), by=cast.scheduler)
    move_to_visit(recall, clock)
    if state == State.AWAITING_OUTCOME:
        actions.mark_attended(recall, by=cast.scheduler)


def _bring_to_follow_up(recall: Recall, _state: State, _clock: TimeMachineFixture) -> None:
    outcome = OutcomeInput(Assessment.PROBABLY_BENIGN, told=TOLD_AT_VISIT)
    actions.record_outcome(recall, outcome, by=get_site_staff(recall.site).radiologist)


def _bring_to_closed(recall: Recall, _state: State, _clock: TimeMachineFixture) -> None:
    """Declined before a further visit: closed without an answer, and may be taken back."""
    cast = get_site_staff(recall.site)
    actions.record_outcome(recall, OutcomeInput(Assessment.NEED_IMAGING, told=TOLD_AT_VISIT), by=cast.radiologist)
    for by in (cast.navigator, cast.manager):
        actions.decline(recall, refusal=informed_refusal(recall), by=by, note=_NOTE)


def _bring_to_biopsy(recall: Recall, state: State, clock: TimeMachineFixture) -> None:
    """Three lesions, of which two have been biopsied in a first session; the third comes second."""
    cast = get_site_staff(recall.site)
    lesions = tuple(LesionInput(Assessment.SUSPICIOUS_B, side=side) for side in (Side.RIGHT, Side.LEFT, Side.LEFT))
    outcome = OutcomeInput(Assessment.SUSPICIOUS_B, lesions=lesions, told=TOLD_AT_VISIT)
    actions.record_outcome(recall, outcome, by=cast.radiologist)
    book_begun_biopsy(recall, clock)
    first_two = [lesion.pk for lesion in recall.lesions.order_by("number")[:2]]
    actions.biopsy_done(recall, BiopsyInput(first_two), by=cast.scheduler)
    if state == State.ON_HOLD:
        actions.hold(recall, in_three_days(recall), by=cast.navigator, note=_NOTE)
    elif state == State.BIOPSY_TO_BOOK:
        complete_ladder(recall, URGENT_LADDER.rungs, cast.navigator)
        clock.move_to(timezone.now() + timedelta(days=31))
        _add_missed_appointment(recall, VisitKind.BIOPSY)
    else:
        _continue_with_booked_biopsy(recall, state, clock)


def book_begun_biopsy(recall: Recall, clock: TimeMachineFixture) -> None:
    """Book the biopsy for tomorrow and wait until it has begun."""
    scheduler = get_site_staff(recall.site).scheduler
    actions.book_biopsy(recall, tomorrow_slot(recall, VisitKind.BIOPSY), by=scheduler)
    move_to_visit(recall, clock)


def _continue_with_booked_biopsy(recall: Recall, state: State, clock: TimeMachineFixture) -> None:
    cast = get_site_staff(recall.site)
    book_begun_biopsy(recall, clock)
    if state == State.AWAITING_PATHOLOGY:
        actions.biopsy_done(recall, by=cast.scheduler)
    if state in (State.BIOPSY_BOOKED, State.AWAITING_PATHOLOGY):
        return
    is_cancer = state == State.TO_HAND_OVER
    record_first_pathology(recall, cast.radiologist, PathologyClass.INVASIVE if is_cancer else PathologyClass.BENIGN)
    if state == State.AWAITING_CONCORDANCE:
        return
    verdict = ConcordanceVerdict.MALIGNANT if is_cancer else ConcordanceVerdict.CONCORDANT_BENIGN
    actions.sign_concordance(recall, verdict, told=TOLD_BY_PHONE if is_cancer else None, by=cast.radiologist)


_BRING_BY_STATE: dict[State, Callable[[Recall, State, TimeMachineFixture], None]] = {
    State.TO_CONTACT: _bring_to_second_visit,
    State.SCHEDULED: _bring_to_second_visit,
    State.AWAITING_OUTCOME: _bring_to_second_visit,
    State.FOLLOW_UP: _bring_to_follow_up,
    State.CLOSED: _bring_to_closed,
}


def _add_missed_appointment(recall: Recall, kind: VisitKind) -> None:
    """Insert the row directly, since a visit of today can be missed only while it is booked."""
    Appointment.objects.create(
        recall=recall, site=recall.site, kind=kind, starts_at=timezone.now(), status=AppointmentStatus.MISSED
    )


def _ask_for_report_and_signatures(recall: Recall) -> None:
    manager = get_site_staff(recall.site).manager
    ReportRequest.objects.create(
        recall=recall, site=recall.site, kind=OutsideReportKind.SURGERY, facility="Hillside Sample Clinic",
        ask_on=today_at(recall),
    )  # fmt: skip
    if recall.is_open:
        for step in ("decline", "transfer", "void"):
            SignOffRequest.objects.create(recall=recall, site=recall.site, step=step, requested_by=manager)


def _add_referral(recall: Recall) -> None:
    Referral.objects.create(
        recall=recall, clinician="Dr. Sample-Surgeon", facility="Hillside Sample Hospital", by="N.",
        first_visit_on=today_at(recall),
    )  # fmt: skip
    ReportRequest.objects.create(
        recall=recall, site=recall.site, kind=OutsideReportKind.FIRST_VISIT, facility="Hillside Sample Hospital",
        ask_on=today_at(recall),
    )  # fmt: skip


def add_missing_fact(recall: Recall, step: str) -> None:
    """Insert what this step alone asks for and the others could not live with."""
    if step == "not_deceased":
        record_death(recall.patient, today_at(recall), by=SYSTEM)
    if step == "not_seen_there":
        _add_referral(recall)
    if step == "seen_in_error":
        OutsideReport.objects.create(
            recall=recall, kind=OutsideReportKind.FIRST_VISIT, facility="Hillside Sample Hospital",
            performed_on=today_at(recall), source=ReportSource.PHONE, **_signed_now(),
        )  # fmt: skip
    if step in ("amend_surgery", "surgery_in_error"):
        _add_surgery(recall)
    if step == "record_pathology" and not awaited_lesions(recall):
        _add_awaited_lesion(recall)
    if step == "amend_pathology" and not any(row.amendable_results for row in load_lesion_statuses(recall)):
        lesion = _add_awaited_lesion(recall)
        PathologyResult.objects.create(recall=recall, lesion=lesion, result=PathologyClass.BENIGN, **_signed_now())
    if step == "told_in_error":
        ResultDisclosure.objects.create(recall=recall, told_at=timezone.now(), told_by="Dr. Sample", **_signed_now())
        if recall.state != State.RESULT_TO_TELL:
            Recall.objects.filter(pk=recall.pk).update(result_since=None, tell_by=None)
            recall.refresh_from_db(fields=["result_since", "tell_by"])
    if step in ("help_with_barrier", "take_case"):
        Barrier.objects.create(recall=recall, kind=BarrierKind.RIDE, source=BarrierSource.CALL, **_signed_now())
    if step in ("log_case_minutes", "end_case"):
        navigator = get_site_staff(recall.site).navigator
        NavigatorCase.objects.create(recall=recall, navigator=navigator, reason=CaseReason.BARRIER)
    if step in ("decline", "transfer", "close_lost"):
        _settle_awaited_lesions(recall)


def _add_surgery(recall: Recall) -> None:
    """A benign one of a lesion of its own."""
    lesion = Lesion.objects.create(recall=recall, number=recall.lesions.count() + 1, **_signed_now())
    tissue = PathologyResult.objects.create(
        recall=recall, lesion=lesion, source=PathologySource.SURGERY, result=PathologyClass.BENIGN, **_signed_now()
    )
    OutsideReport.objects.create(
        recall=recall, kind=OutsideReportKind.SURGERY, facility="Hillside Sample Hospital", pathology=tissue,
        performed_on=today_at(recall), source=ReportSource.FAX, **_signed_now(),
    )  # fmt: skip


def _signed_now() -> dict[str, Any]:
    return {"at": timezone.now(), "by": "Dr. Sample", "user": None}


def _settle_awaited_lesions(recall: Recall) -> None:
    for status in awaited_lesions(recall):
        row = PathologyResult.objects.create(
            recall=recall, lesion=status.lesion, result=PathologyClass.BENIGN, **_signed_now()
        )
        verdict = ConcordanceVerdict.CONCORDANT_BENIGN
        Concordance.objects.create(recall=recall, pathology=row, verdict=verdict, **_signed_now())


def _add_awaited_lesion(recall: Recall) -> Lesion:
    lesion = Lesion.objects.create(recall=recall, number=9, **_signed_now())
    reading = {"assessment": Assessment.SUSPICIOUS_B, "read_at": timezone.now()}
    LesionAssessment.objects.create(lesion=lesion, **reading, **_signed_now())
    Biopsy.objects.create(recall=recall, lesion=lesion, done_on=today_at(recall), **_signed_now())
    return lesion
