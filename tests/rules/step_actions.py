"""Helpers that take each step of the workflow on a recall."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from clinic import calendar
from clinic.actors import INTAKE, PATIENT, SYSTEM, Actor, actor_for
from clinic.factories import UserFactory, get_site_staff
from clinic.models import Site, User
from clinic.roles import STAFF_ROLES, Role
from patients.factories import PatientFactory
from patients.models import Consent
from recalls import actions
from recalls.actions import (
    ConsentInput,
    ContactAttemptInput,
    DisclosureInput,
    HelpInput,
    OutcomeInput,
    OutsideReportInput,
    PathologyInput,
    RefusalInput,
    Slot,
    StatedBarriers,
)
from recalls.actions.pathology import awaited_lesions
from recalls.actions.same_day import decline_lane
from recalls.actions.transition import apply_step
from recalls.enums import (
    ACTIVE_APPOINTMENT_STATUSES,
    Assessment,
    ConcordanceVerdict,
    ContactChannel,
    ContactResult,
    DisclosureMethod,
    LaneAnswer,
    OutsideReportKind,
    PathologyClass,
    ReportSource,
    VisitKind,
)
from recalls.enums.barriers import BarrierEnd, BarrierKind, BarrierSource, CaseEnd
from recalls.lesion_stages import load_lesion_statuses
from recalls.models import HeldSlot, Recall, ScreeningExam, SlotPolicy
from recalls.testing.factories import RoomFactory

MONDAY = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)  # 10 am in Pittsburgh
UserOrActor = User | Actor
StepAction = Callable[[Recall, UserOrActor], Any]


def actor_with_role(role: Role, site: Site) -> UserOrActor:
    """Somebody of that role who works at the site; the named actor where a role has no accounts."""
    named = {Role.SYSTEM: SYSTEM, Role.PATIENT: PATIENT, Role.INTEGRATION: INTAKE}
    if role in named:
        return named[role]
    assert role in STAFF_ROLES
    return UserFactory.create(role=role, sites=[site])


def tomorrow_at_ten(site: Site) -> datetime:
    day = calendar.next_open_day(site, calendar.local_day(site, timezone.now()) + timedelta(days=1))
    return calendar.instant(site, day, time(10))


def tomorrow_slot(recall: Recall, kind: VisitKind = VisitKind.DIAGNOSTIC) -> Slot:
    return Slot(recall.site, tomorrow_at_ten(recall.site), kind)


def today_at(recall: Recall) -> date:
    return calendar.local_day(recall.site, timezone.now())


def in_three_days(recall: Recall) -> date:
    return today_at(recall) + timedelta(days=3)


def correct_result(recall: Recall, by: UserOrActor) -> Any:
    to = Assessment.SUSPICIOUS_C if recall.exam.assessment == Assessment.SUSPICIOUS_B else Assessment.NEED_IMAGING
    return actions.correct_exam(recall.exam, {"assessment": to}, None, by=by)


def undo_mistaken_step(recall: Recall, by: UserOrActor) -> Any:
    """A slip of the same person, then undone: a wrong reopening of a closed recall, a call logged on an open one."""
    everything = replace(actor_for(by), roles=frozenset(Role))
    if recall.is_open:
        actions.log_contact(recall, _CALL, by=everything)
    else:
        actions.reopen(recall, by=everything, note=_NOTE)
    return actions.undo(recall, by=by)


def merge_and_unmerge(recall: Recall, by: UserOrActor) -> Any:
    loser = recall.patient
    actions.merge_patients(loser, PatientFactory.create(site=recall.site), by=INTAKE)
    loser.refresh_from_db()
    return actions.unmerge_patients(loser, by=by)


def hold_a_time(recall: Recall, by: UserOrActor) -> Any:
    RoomFactory.create(site=recall.site)
    return actions.hold_time(recall, by=by)


def release_a_time(recall: Recall, by: UserOrActor) -> Any:
    """One that has just run out."""
    now = timezone.now()
    _hold(recall, now, until=now)
    return actions.release_time(recall, by=by)


def _hold(recall: Recall, now: datetime, until: datetime) -> None:
    """Also over one that a step before it held: a recall has one row."""
    held = {
        "room": RoomFactory.create(site=recall.site), "kind": VisitKind.DIAGNOSTIC, "length_minutes": 60,
        "starts_at": tomorrow_at_ten(recall.site), "held_at": now, "expires_at": until,
        "ended_at": None, "ended_because": "", "is_noted": False,
    }  # fmt: skip
    HeldSlot.objects.update_or_create(recall=recall, defaults=held)


def offer_other_times(recall: Recall, by: UserOrActor) -> Any:
    """While one is held, or a visit is booked."""
    now = timezone.now()
    _let_patients_book(recall)
    _hold(recall, now, until=now + timedelta(days=1))
    return actions.offer_times(recall, by=by)


def ask_cancel_reason(recall: Recall, by: UserOrActor) -> Any:
    _let_patients_book(recall)
    return actions.ask_cancel_reason(recall, by=by)


def _let_patients_book(recall: Recall) -> None:
    """No visit is too near to be changed, and after a 4 or 5 they would be called instead."""
    Recall.objects.filter(pk=recall.pk).update(suspicious=False)
    SlotPolicy.objects.update_or_create(site=recall.site, defaults={"self_booking": True})
    recall.appointments.filter(status__in=ACTIVE_APPOINTMENT_STATUSES).update(
        starts_at=tomorrow_at_ten(recall.site) + timedelta(days=3)
    )


def leave_the_lane(recall: Recall, by: UserOrActor) -> Any:
    """Of a patient who was screened today."""
    ScreeningExam.objects.filter(pk=recall.exam_id).update(exam_date=calendar.today(recall.site))
    return decline_lane(recall, LaneAnswer.LEFT, by=by)


def solved_ride(recall: Recall) -> HelpInput:
    row = recall.barriers.first()
    return HelpInput(row.pk if row else 0, offered="A taxi.", outcome=BarrierEnd.SOLVED)


def stop_message(recall: Recall, by: UserOrActor) -> Any:
    def name_it(move: actions.Transition) -> None:
        move.data = {"did": "stopped", "kind": "please_call", "occasion": ""}

    return actions.message_by_hand(recall, name_it, by=by, note=_NOTE)


def record_first_pathology(recall: Recall, by: UserOrActor, result: PathologyClass = PathologyClass.BENIGN) -> Any:
    """The result of the first lesion that waits for one."""
    waiting = [status.lesion.pk for status in awaited_lesions(recall)]
    return actions.record_pathology(recall, PathologyInput(result, waiting[0] if waiting else None), by=by)


def amend_first_pathology(recall: Recall, by: UserOrActor) -> Any:
    """The first result that is here turns out another one."""
    recorded = [row.pk for status in load_lesion_statuses(recall) for row in status.amendable_results]
    amended = PathologyInput(PathologyClass.INVASIVE)
    return actions.amend_pathology(recall, amended, reason=_NOTE, amended_id=recorded[0] if recorded else None, by=by)


def informed_refusal(recall: Recall) -> RefusalInput:
    """What a refusal after a 4 or 5 must say, offered again in four weeks."""
    return RefusalInput(
        "fear",
        explained_by="Dr. Sample",
        risk_explained="Cancer cannot be ruled out.",
        offer_again_on=today_at(recall) + timedelta(days=28),
    )


def outside_imaging(recall: Recall, assessment: Assessment = Assessment.BENIGN, told_there: str = "") -> Any:
    return OutsideReportInput(
        OutsideReportKind.IMAGING,
        "Hillside Sample Clinic",
        today_at(recall),
        ReportSource.FAX,
        outcome=OutcomeInput(assessment),
        told_there=told_there,
    )


_NOTE = "Said on the phone."
_CALL = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER)
_NO_TEXTS = ConsentInput(Consent.Subject.SMS, granted=False, source="desk: phone", words="No texts please.")
_NORMAL_OUTCOME = OutcomeInput(Assessment.NEGATIVE)
NO_RIDE = StatedBarriers((BarrierKind.RIDE,), BarrierSource.CALL)
TOLD_AT_VISIT = DisclosureInput(DisclosureMethod.AT_VISIT)
TOLD_BY_PHONE = DisclosureInput(DisclosureMethod.PHONE)

STEP_ACTIONS: dict[str, StepAction] = {
    "request_priors": lambda recall, by: actions.request_priors(recall, by=by),
    "receive_priors": lambda recall, by: actions.receive_priors(recall, by=by),
    "resolve_by_priors": lambda recall, by: actions.resolve_by_priors(recall, OutcomeInput(Assessment.BENIGN), by=by),
    "need_imaging": lambda recall, by: actions.need_imaging(recall, by=by),
    "log_contact": lambda recall, by: actions.log_contact(recall, _CALL, by=by),
    "take_on": lambda recall, by: actions.take_on(recall, by=by),
    "assign": lambda recall, by: actions.assign(recall, get_site_staff(recall.site).scheduler, by=by),
    "ask_doctor": lambda recall, by: actions.ask_doctor(recall, by=by, note="What is it?"),
    "state_barrier": lambda recall, by: actions.state_barrier(recall, NO_RIDE, by=by),
    "help_with_barrier": lambda recall, by: actions.help_with_barrier(recall, solved_ride(recall), by=by),
    "take_case": lambda recall, by: actions.take_case(recall, by=by),
    "log_case_minutes": lambda recall, by: actions.log_case_minutes(recall, 10, by=by),
    "end_case": lambda recall, by: actions.end_case(recall, CaseEnd.DONE, by=by),
    "add_note": lambda recall, by: actions.add_note(recall, by=by, note=_NOTE),
    "record_wishes": lambda recall, by: actions.record_wishes(recall, {"channel": "phone"}, by=by),
    "record_consent": lambda recall, by: actions.record_consent(recall, _NO_TEXTS, by=by),
    "ask_letter": lambda recall, by: actions.ask_letter(recall, by=by),
    "ask_please_call": lambda recall, by: actions.ask_please_call(recall, by=by),
    "book_appointment": lambda recall, by: actions.book_appointment(recall, tomorrow_slot(recall), by=by),
    "walk_in": lambda recall, by: actions.walk_in(recall, Slot(recall.site, timezone.now(), reason=_NOTE), by=by),
    "hold_time": lambda recall, by: hold_a_time(recall, by),
    "release_time": lambda recall, by: release_a_time(recall, by),
    "offer_times": lambda recall, by: offer_other_times(recall, by),
    "ask_cancel_reason": lambda recall, by: ask_cancel_reason(recall, by),
    "decline_lane": lambda recall, by: leave_the_lane(recall, by),
    "reschedule": lambda recall, by: actions.reschedule(recall, tomorrow_slot(recall), by=by),
    "keep_clock_time": lambda recall, by: actions.keep_clock_time(recall, {}, by=by),
    "ask_earlier": lambda recall, by: actions.ask_earlier(recall, by=by),
    "confirm": lambda recall, by: actions.confirm(recall, by=by),
    "cancel_appointment": lambda recall, by: actions.cancel_appointment(recall, by=by),
    "mark_missed": lambda recall, by: actions.mark_missed(recall, by=by),
    "mark_attended": lambda recall, by: actions.mark_attended(recall, by=by),
    "arrived_late": lambda recall, by: actions.arrived_late(recall, by=by),
    "symptom_reported": lambda recall, by: actions.symptom_reported(recall, by=by, note="A new lump."),
    "advise_biopsy": lambda recall, by: actions.advise_biopsy(recall, by=by),
    "record_outcome": lambda recall, by: actions.record_outcome(recall, _NORMAL_OUTCOME, by=by),
    "amend_outcome": lambda recall, by: actions.amend_outcome(
        recall, OutcomeInput(Assessment.PROBABLY_BENIGN), reason=_NOTE, by=by
    ),
    "result_told": lambda recall, by: actions.result_told(recall, TOLD_BY_PHONE, by=by),
    "release_outcome": lambda recall, by: actions.release_outcome(recall, timezone.now(), by=by),
    "ask_referrer_to_tell": lambda recall, by: actions.ask_referrer_to_tell(recall, by=by),
    "release_due": lambda recall, by: actions.release_due(recall, by=by),
    "result_undelivered": lambda recall, by: actions.result_undelivered(recall, by=by, note="The letter came back."),
    "told_in_error": lambda recall, by: actions.told_in_error(recall, by=by, note=_NOTE),
    "follow_up_due": lambda recall, by: actions.follow_up_due(recall, by=by),
    "book_biopsy": lambda recall, by: actions.book_biopsy(recall, tomorrow_slot(recall, VisitKind.BIOPSY), by=by),
    "cancel_biopsy": lambda recall, by: actions.cancel_biopsy(recall, by=by),
    "biopsy_missed": lambda recall, by: actions.biopsy_missed(recall, by=by),
    "biopsy_done": lambda recall, by: actions.biopsy_done(recall, by=by),
    "record_pathology": record_first_pathology,
    "amend_pathology": amend_first_pathology,
    "sign_concordance": lambda recall, by: actions.sign_concordance(
        recall, ConcordanceVerdict.CONCORDANT_BENIGN, by=by
    ),
    "hand_over": lambda recall, by: actions.hand_over(
        recall,
        clinician="Dr. Sample-Surgeon",
        facility="Hillside Sample Hospital",
        first_visit_on=in_three_days(recall),
        by=by,
    ),
    "amend_surgery": lambda recall, by: actions.amend_surgery(
        recall, PathologyInput(PathologyClass.BENIGN), reason=_NOTE, by=by
    ),
    "surgery_in_error": lambda recall, by: actions.surgery_in_error(recall, by=by, note=_NOTE),
    "seen_in_error": lambda recall, by: actions.seen_in_error(recall, by=by, note=_NOTE),
    "not_seen_there": lambda recall, by: actions.not_seen_there(recall, by=by, note=_NOTE),
    # One that says no less than what stands: a lesser one is a radiologist's where a 4 or 5 does.
    "record_outside": lambda recall, by: actions.record_outside(
        recall, outside_imaging(recall, Assessment.SUSPICIOUS_B), by=by
    ),
    "ask_report": lambda recall, by: actions.ask_report(recall, by=by),
    "close_report_request": lambda recall, by: actions.close_report_request(recall, by=by, note=_NOTE),
    "hold": lambda recall, by: actions.hold(recall, in_three_days(recall), by=by, note=_NOTE),
    "resume": lambda recall, by: actions.resume(recall, by=by),
    "decline": lambda recall, by: actions.decline(recall, refusal=informed_refusal(recall), by=by, note=_NOTE),
    "transfer": lambda recall, by: actions.transfer(recall, facility="Hillside Sample Clinic", by=by, note=_NOTE),
    "mark_deceased": lambda recall, by: actions.mark_deceased(recall, today_at(recall), by=by, note=_NOTE),
    "not_deceased": lambda recall, by: actions.not_deceased(recall, by=by, note=_NOTE),
    "void": lambda recall, by: actions.void(recall, by=by, note=_NOTE),
    # The event of asking by itself: what is asked for has an action of its own.
    "ask_sign_off": lambda recall, by: apply_step(recall, "ask_sign_off", by=by, note=_NOTE),
    "refuse_sign_off": lambda recall, by: actions.refuse_sign_off(recall, by=by, note=_NOTE),
    "move_exam": lambda recall, by: actions.move_exam(
        recall, PatientFactory.create(site=recall.site), by=by, note=_NOTE
    ),
    "close_lost": lambda recall, by: actions.close_lost(recall, by=by, note=_NOTE),
    "take_back": lambda recall, by: actions.take_back(recall, by=by, note=_NOTE),
    "offer_again": lambda recall, by: actions.offer_again(recall, by=by),
    "reopen": lambda recall, by: actions.reopen(recall, by=by, note=_NOTE),
    "merge_records": lambda recall, by: actions.merge_patients(
        recall.patient, PatientFactory.create(site=recall.site), by=by
    ),
    "unmerge_records": merge_and_unmerge,
    "undo": undo_mistaken_step,
    "message_by_hand": stop_message,
    "correct_result": correct_result,
}
