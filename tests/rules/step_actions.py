"""Helpers that bring a recall into each state and take each step on it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.actors import INTAKE, PATIENT, SYSTEM, Actor, actor_for
from clinic.contact_ladder import DEFAULT_LADDER
from clinic.factories import UserFactory, get_site_staff
from clinic.models import Site, User
from clinic.roles import STAFF_ROLES, Role
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import ContactAttemptInput, OutcomeInput, Slot
from recalls.enums import (
    AppointmentStatus,
    Assessment,
    ConcordanceVerdict,
    ContactChannel,
    ContactResult,
    PathologyClass,
    State,
    VisitKind,
)
from recalls.models import Appointment, Recall
from recalls.testing.factories import RecallFactory

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


def in_three_days(recall: Recall) -> Any:
    return calendar.local_day(recall.site, timezone.now()) + timedelta(days=3)


def correct_result(recall: Recall, by: UserOrActor) -> Any:
    to = Assessment.SUSPICIOUS_C if recall.exam.assessment == Assessment.SUSPICIOUS_B else Assessment.NEED_IMAGING
    return actions.correct_exam(recall.exam, {"assessment": to}, None, by=by)


def undo_mistaken_step(recall: Recall, by: UserOrActor) -> Any:
    """A slip of the same person, then undone: a wrong reopening of a closed recall, a wrong decline of an open one."""
    slip = actions.decline if recall.is_open else actions.reopen
    slip(recall, by=replace(actor_for(by), roles=frozenset(Role)), note=_NOTE)
    return actions.undo(recall, by=by)


def merge_and_unmerge(recall: Recall, by: UserOrActor) -> Any:
    loser = recall.patient
    actions.merge_patients(loser, PatientFactory.create(site=recall.site), by=INTAKE)
    loser.refresh_from_db()
    return actions.unmerge_patients(loser, by=by)


def stop_message(recall: Recall, by: UserOrActor) -> Any:
    def name_it(move: actions.Transition) -> None:
        move.data = {"did": "stopped", "kind": "please_call", "occasion": ""}

    return actions.message_by_hand(recall, name_it, by=by, note=_NOTE)


_NOTE = "Said on the phone."
_CALL = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER)
_NORMAL_OUTCOME = OutcomeInput(Assessment.NEGATIVE)

STEP_ACTIONS: dict[str, StepAction] = {
    "request_priors": lambda recall, by: actions.request_priors(recall, by=by),
    "receive_priors": lambda recall, by: actions.receive_priors(recall, by=by),
    "resolve_by_priors": lambda recall, by: actions.resolve_by_priors(recall, by=by),
    "need_imaging": lambda recall, by: actions.need_imaging(recall, by=by),
    "log_contact": lambda recall, by: actions.log_contact(recall, _CALL, by=by),
    "take_on": lambda recall, by: actions.take_on(recall, by=by),
    "add_note": lambda recall, by: actions.add_note(recall, by=by, note=_NOTE),
    "ask_letter": lambda recall, by: actions.ask_letter(recall, by=by),
    "ask_please_call": lambda recall, by: actions.ask_please_call(recall, by=by),
    "book_appointment": lambda recall, by: actions.book_appointment(recall, tomorrow_slot(recall), by=by),
    "reschedule": lambda recall, by: actions.reschedule(recall, tomorrow_slot(recall), by=by),
    "confirm": lambda recall, by: actions.confirm(recall, by=by),
    "cancel_appointment": lambda recall, by: actions.cancel_appointment(recall, by=by),
    "mark_missed": lambda recall, by: actions.mark_missed(recall, by=by),
    "mark_attended": lambda recall, by: actions.mark_attended(recall, by=by),
    "arrived_late": lambda recall, by: actions.arrived_late(recall, by=by),
    "advise_biopsy": lambda recall, by: actions.advise_biopsy(recall, by=by),
    "record_outcome": lambda recall, by: actions.record_outcome(recall, _NORMAL_OUTCOME, by=by),
    "amend_outcome": lambda recall, by: actions.amend_outcome(
        recall, OutcomeInput(Assessment.PROBABLY_BENIGN), reason=_NOTE, by=by
    ),
    "release_outcome": lambda recall, by: actions.release_outcome(recall, timezone.now(), by=by),
    "follow_up_due": lambda recall, by: actions.follow_up_due(recall, by=by),
    "book_biopsy": lambda recall, by: actions.book_biopsy(recall, tomorrow_slot(recall, VisitKind.BIOPSY), by=by),
    "cancel_biopsy": lambda recall, by: actions.cancel_biopsy(recall, by=by),
    "biopsy_missed": lambda recall, by: actions.biopsy_missed(recall, by=by),
    "biopsy_done": lambda recall, by: actions.biopsy_done(recall, by=by),
    "record_pathology": lambda recall, by: actions.record_pathology(recall, PathologyClass.BENIGN, by=by),
    "sign_concordance": lambda recall, by: actions.sign_concordance(
        recall, ConcordanceVerdict.CONCORDANT_BENIGN, by=by
    ),
    "hold": lambda recall, by: actions.hold(recall, in_three_days(recall), by=by, note=_NOTE),
    "resume": lambda recall, by: actions.resume(recall, by=by),
    "decline": lambda recall, by: actions.decline(recall, by=by, note=_NOTE),
    "transfer": lambda recall, by: actions.transfer(recall, by=by, note=_NOTE),
    "mark_deceased": lambda recall, by: actions.mark_deceased(
        recall, calendar.local_day(recall.site, timezone.now()), by=by, note=_NOTE
    ),
    "void": lambda recall, by: actions.void(recall, by=by, note=_NOTE),
    "close_lost": lambda recall, by: actions.close_lost(recall, by=by, note=_NOTE),
    "reopen": lambda recall, by: actions.reopen(recall, by=by, note=_NOTE),
    "merge_records": lambda recall, by: actions.merge_patients(
        recall.patient, PatientFactory.create(site=recall.site), by=by
    ),
    "unmerge_records": merge_and_unmerge,
    "undo": undo_mistaken_step,
    "message_by_hand": stop_message,
    "correct_result": correct_result,
}


def _complete_ladder(recall: Recall, clock: TimeMachineFixture) -> None:
    navigator = get_site_staff(recall.site).navigator
    for rung in DEFAULT_LADDER:
        result = actions.RESULTS_BY_CHANNEL[rung.channel][-1]
        actions.log_contact(recall, ContactAttemptInput(rung.channel, result), by=navigator)
    clock.move_to(timezone.now() + timedelta(days=61))


def _move_to_visit(recall: Recall, clock: TimeMachineFixture) -> None:
    visit = recall.appointments.order_by("-pk")[0]
    clock.move_to(visit.starts_at + timedelta(minutes=30))


def recall_in_state(state: State, site: Site, clock: TimeMachineFixture) -> Recall:
    """A recall in that state: a suspicious screen, an outcome not yet released, ladder complete, visit begun."""
    clock.move_to(MONDAY)
    if state == State.AWAITING_PRIORS:
        return RecallFactory.create(site=site, priors_requested=True)
    cast = get_site_staff(site)
    recall = RecallFactory.create(site=site, more_imaging=True, exam__assessment=Assessment.SUSPICIOUS_B)
    if state == State.TO_CONTACT:
        _complete_ladder(recall, clock)
        _add_missed_appointment(recall, VisitKind.DIAGNOSTIC)
    if state == State.ON_HOLD:
        actions.hold(recall, in_three_days(recall), by=cast.navigator, note=_NOTE)
    if state in (State.TO_CONTACT, State.ON_HOLD):
        return recall
    actions.book_appointment(recall, tomorrow_slot(recall), by=cast.scheduler)
    _move_to_visit(recall, clock)
    if state != State.SCHEDULED:
        actions.mark_attended(recall, by=cast.scheduler)
        _continue_after_visit(recall, state, clock)
    return recall


def _add_missed_appointment(recall: Recall, kind: VisitKind) -> None:
    """Insert the row directly, since a missed visit taken as a step would start the contact ladder again."""
    Appointment.objects.create(
        recall=recall, site=recall.site, kind=kind, starts_at=timezone.now(), status=AppointmentStatus.MISSED
    )


def _continue_after_visit(recall: Recall, state: State, clock: TimeMachineFixture) -> None:
    cast = get_site_staff(recall.site)
    ends = {State.FOLLOW_UP: Assessment.PROBABLY_BENIGN, State.CLOSED: Assessment.NEGATIVE}
    if state == State.AWAITING_OUTCOME:
        return
    actions.record_outcome(recall, OutcomeInput(ends.get(state, Assessment.SUSPICIOUS_B)), by=cast.radiologist)
    if state == State.BIOPSY_TO_BOOK:
        _add_missed_appointment(recall, VisitKind.BIOPSY)
    if state in ends or state == State.BIOPSY_TO_BOOK:
        return
    actions.book_biopsy(recall, tomorrow_slot(recall, VisitKind.BIOPSY), by=cast.scheduler)
    _move_to_visit(recall, clock)
    if state != State.BIOPSY_BOOKED:
        actions.biopsy_done(recall, by=cast.scheduler)
    if state == State.AWAITING_CONCORDANCE:
        actions.record_pathology(recall, PathologyClass.BENIGN, by=cast.radiologist)
