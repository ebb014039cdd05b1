"""Scenarios that bring a recall into each situation by real steps, timed in working days.

A scenario is a list of steps, each on a working day counted from the opening (day 0) at an hour of the site's clock.
Every step is one of `recalls.actions`, so that no scenario ends in a state that the clinic itself could not reach.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from clinic import calendar
from clinic.actors import SYSTEM
from clinic.factories import SiteStaff
from clinic.models import Site
from patients.models import ContactPoint
from recalls import actions
from recalls.actions import (
    ContactAttemptInput,
    DisclosureInput,
    OutcomeInput,
    OutsideReportInput,
    PathologyInput,
    Slot,
    StatedBarriers,
)
from recalls.barrier_enums import BarrierKind, BarrierSource
from recalls.enums import (
    Assessment,
    ConcordanceVerdict,
    ContactChannel,
    ContactResult,
    DisclosureMethod,
    OutsideReportKind,
    PathologyClass,
    ReportSource,
    VisitKind,
)
from recalls.models import Recall
from recalls.scheduling import slots

OPENING_TIME = time(8, 15)
DEFAULT_VISIT_MINUTES = 60


@dataclass(slots=True)
class ScenarioContext:
    """A recall while its scenario is played: its staff, its first day, and by how much all times are shifted."""

    recall: Recall
    staff: SiteStaff
    start_day: date
    time_offset: timedelta = timedelta(0)

    def resolve_time(self, day: int, hour: time) -> datetime:
        """That hour of a working day of the scenario, as UTC."""
        site = self.recall.site
        return calendar.instant(site, shift_open_days(site, self.start_day, day), hour) + self.time_offset


ScenarioAction = Callable[[ScenarioContext], Any]


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """One step of a scenario: on that working day after the opening, at that hour at the site."""

    day: int
    time_of_day: time
    action: ScenarioAction


@dataclass(frozen=True, slots=True)
class Scenario:
    """The exam's fields where they matter, and the steps after the opening."""

    steps: tuple[ScenarioStep, ...] = ()
    exam_fields: Mapping[str, Any] = field(default_factory=dict)

    def start_day(self, site: Site, end: datetime, later: timedelta = timedelta(0)) -> date:
        """The last working day on which the scenario can begin so that all of it has happened by `end`."""
        last = self.steps[-1] if self.steps else ScenarioStep(0, OPENING_TIME, lambda _context: None)
        day = shift_open_days(site, calendar.local_day(site, end), 0)
        while calendar.instant(site, day, last.time_of_day) + later > end:
            day = shift_open_days(site, day, -1)
        return shift_open_days(site, day, -last.day)


def shift_open_days(site: Site, start: date, count: int) -> date:
    """`count` working days after `start`, or before it when negative; 0 is `start` itself or the last one before it."""
    day = start
    while not calendar.is_open_day(site, day):
        day -= timedelta(days=1)
    one = timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += one
        while not calendar.is_open_day(site, day):
            day += one
    return day


def play_scenario(scenario: Scenario, context: ScenarioContext) -> Iterator[tuple[datetime, ScenarioAction]]:
    """Each step with the instant at which it is to be taken."""
    for step in scenario.steps:
        yield context.resolve_time(step.day, step.time_of_day), step.action


def _log_call(result: ContactResult, note: str = "") -> ScenarioAction:
    contact = ContactAttemptInput(ContactChannel.PHONE, result, point_kind=ContactPoint.Kind.MOBILE, note=note)
    return lambda context: actions.log_contact(context.recall, contact, by=context.staff.scheduler)


def _log_attempt(channel: ContactChannel, result: ContactResult = ContactResult.SENT) -> ScenarioAction:
    return lambda context: actions.log_contact(
        context.recall, ContactAttemptInput(channel, result), by=context.staff.navigator
    )


def _book_visit(day: int, hour: time, kind: VisitKind = VisitKind.DIAGNOSTIC) -> ScenarioAction:
    def book(context: ScenarioContext) -> None:
        interpreter = context.recall.patient.interpreter_needed
        at, site = context.resolve_time(day, hour), context.recall.site
        room = slots.find_free_room(site, kind, at, DEFAULT_VISIT_MINUTES)
        slot = Slot(site, at, kind, DEFAULT_VISIT_MINUTES, interpreter, room)
        book_step = actions.book_biopsy if kind == VisitKind.BIOPSY else actions.book_appointment
        book_step(context.recall, slot, by=context.staff.scheduler)

    return book


def _slot_with_room(context: ScenarioContext, at: datetime) -> Slot:
    """That time, in a room where the site has one free."""
    kind = VisitKind.DIAGNOSTIC
    return Slot(
        context.recall.site, at, kind, room=slots.find_free_room(context.recall.site, kind, at, DEFAULT_VISIT_MINUTES)
    )


def _reschedule(day: int, hour: time) -> ScenarioAction:
    return lambda context: actions.reschedule(
        context.recall,
        _slot_with_room(context, context.resolve_time(day, hour)),
        by=context.staff.scheduler,
        note="Asked for another day.",
    )


def _scheduler_step(step: Callable[..., Any], note: str = "") -> ScenarioAction:
    return lambda context: step(context.recall, by=context.staff.scheduler, note=note)


def _say_no_ride(context: ScenarioContext) -> None:
    stated = StatedBarriers((BarrierKind.RIDE,), BarrierSource.CALL, "No car, and the bus takes two hours.")
    actions.state_barrier(context.recall, stated, by=context.staff.scheduler)


def _take_case(context: ScenarioContext) -> None:
    actions.take_case(context.recall, by=context.staff.navigator)


def _radiologist_step(step: Callable[..., Any], note: str = "") -> ScenarioAction:
    return lambda context: step(context.recall, by=context.staff.radiologist, note=note)


def _record_outcome(assessment: Assessment, *, written: bool = False, told: bool = False) -> ScenarioAction:
    """Told in writing at once, told at the visit, or neither: then it is still to be told."""

    def record(context: ScenarioContext) -> None:
        outcome = OutcomeInput(
            assessment,
            release_at=timezone.now() if written else None,
            told=DisclosureInput(DisclosureMethod.AT_VISIT) if told else None,
        )
        actions.record_outcome(context.recall, outcome, by=context.staff.radiologist)

    return record


def _tell(context: ScenarioContext) -> None:
    told = DisclosureInput(DisclosureMethod.PHONE, understood="Asked when, and how long it takes.")
    actions.result_told(context.recall, told, by=context.staff.radiologist)


def _hand_over(context: ScenarioContext) -> None:
    day = shift_open_days(context.recall.site, calendar.local_day(context.recall.site, timezone.now()), 4)
    actions.hand_over(
        context.recall, clinician="Dr. Sample-Surgeon", facility="Hillside Sample Hospital", first_visit_on=day,
        by=context.staff.navigator,
    )  # fmt: skip


def _seen_there(context: ScenarioContext) -> None:
    seen = OutsideReportInput(
        OutsideReportKind.FIRST_VISIT, "Hillside Sample Hospital",
        calendar.local_day(context.recall.site, timezone.now()) - timedelta(days=1), ReportSource.PHONE,
    )  # fmt: skip
    actions.record_outside(context.recall, seen, by=context.staff.navigator)


def _resolve_by_priors(context: ScenarioContext) -> None:
    reading = OutcomeInput(Assessment.BENIGN, release_at=timezone.now())
    actions.resolve_by_priors(context.recall, reading, by=context.staff.radiologist)


def _transfer(context: ScenarioContext) -> None:
    actions.transfer(
        context.recall, facility="Hillside Sample Clinic", phone="+1 412 555 0177", by=context.staff.scheduler,
        note="The patient told us on the phone.",
    )  # fmt: skip


def _record_pathology(result: PathologyClass) -> ScenarioAction:
    return lambda context: actions.record_pathology(
        context.recall, PathologyInput(result, specimen=f"S-{context.recall.pk:05}"), by=context.staff.radiologist
    )


def _sign_concordance(verdict: ConcordanceVerdict) -> ScenarioAction:
    return lambda context: actions.sign_concordance(context.recall, verdict, by=context.staff.radiologist)


def _put_on_hold(context: ScenarioContext) -> None:
    until = shift_open_days(context.recall.site, calendar.local_day(context.recall.site, timezone.now()), 8)
    actions.hold(context.recall, until, by=context.staff.navigator, note="Is away and asked to be called afterwards.")


def _mark_deceased(context: ScenarioContext) -> None:
    on = calendar.local_day(context.recall.site, timezone.now()) - timedelta(days=3)
    actions.mark_deceased(context.recall, on, by=context.staff.navigator, note="The family told us.")


_NEED_PRIORS_EXAM = {"assessment": Assessment.NEED_PRIORS}
_SUSPICIOUS_EXAM = {"assessment": Assessment.SUSPICIOUS_B}

_FIRST_CALL = ScenarioStep(1, time(9, 10), _log_call(ContactResult.NO_ANSWER))
_BOOKED = (
    ScenarioStep(1, time(8, 40), _log_call(ContactResult.REACHED_WILL_BOOK, "Any day this week suits.")),
    ScenarioStep(1, time(8, 50), _book_visit(4, time(8, 30))),
)
_ATTENDED = (*_BOOKED, ScenarioStep(4, time(9, 20), _scheduler_step(actions.mark_attended)))
_BIOPSY_ADVISED = (*_ATTENDED, ScenarioStep(4, time(10, 40), _record_outcome(Assessment.SUSPICIOUS_B, told=True)))
_BIOPSY_BOOKED = (*_BIOPSY_ADVISED, ScenarioStep(5, time(9, 40), _book_visit(8, time(8, 30), VisitKind.BIOPSY)))
_BIOPSY_DONE = (*_BIOPSY_BOOKED, ScenarioStep(8, time(9, 40), _scheduler_step(actions.biopsy_done)))
_THREE_CALLS = (
    _FIRST_CALL,
    ScenarioStep(3, time(12, 20), _log_call(ContactResult.LEFT_MESSAGE, "Name and number only.")),
    ScenarioStep(7, time(8, 30), _log_call(ContactResult.NO_ANSWER)),
)
_NO_RIDE = ScenarioStep(1, time(11, 0), _say_no_ride)
_FULL_LADDER = (
    *_THREE_CALLS,
    ScenarioStep(8, time(11, 0), _log_attempt(ContactChannel.LETTER)),
    ScenarioStep(12, time(9, 30), _log_attempt(ContactChannel.REFERRER)),
    ScenarioStep(15, time(11, 30), _log_attempt(ContactChannel.ADDRESS_CHECK, ContactResult.DONE)),
    ScenarioStep(22, time(10, 0), _log_attempt(ContactChannel.CERTIFIED_LETTER)),
    ScenarioStep(33, time(12, 30), _log_attempt(ContactChannel.NAVIGATOR, ContactResult.DONE)),
)
_PRIORS_REQUESTED = ScenarioStep(
    1, time(11, 0), _scheduler_step(actions.request_priors, "Asked Hillside Sample Clinic.")
)
_PRIORS_RECEIVED = ScenarioStep(5, time(9, 20), _scheduler_step(actions.receive_priors))


def _with_pathology(result: PathologyClass, verdict: ConcordanceVerdict, *after: ScenarioStep) -> Scenario:
    return Scenario(
        (
            *_BIOPSY_DONE,
            ScenarioStep(11, time(11, 0), _record_pathology(result)),
            ScenarioStep(12, time(9, 0), _sign_concordance(verdict)),
            *after,
        )
    )


_RESULT_TOLD = ScenarioStep(12, time(9, 30), _tell)
_HANDED_OVER = ScenarioStep(13, time(10, 0), _hand_over)
_SEEN_THERE = ScenarioStep(18, time(11, 0), _seen_there)


SCENARIOS: dict[str, Scenario] = {
    # Waiting for a call.
    "to_contact": Scenario(),
    "suspicious_screen": Scenario(exam_fields=_SUSPICIOUS_EXAM),
    "called_once": Scenario((_FIRST_CALL,)),
    "left_message": Scenario(
        (ScenarioStep(1, time(11, 20), _log_call(ContactResult.LEFT_MESSAGE, "Name and number only.")),)
    ),
    "ready_to_book": Scenario((_BOOKED[0],)),
    "wrong_number": Scenario((ScenarioStep(1, time(11, 40), _log_call(ContactResult.WRONG_NUMBER)),)),
    "three_attempts": Scenario(_THREE_CALLS),
    "barrier": Scenario((_NO_RIDE,)),
    "navigator_case": Scenario((_NO_RIDE, ScenarioStep(1, time(12, 0), _take_case))),
    "ladder_complete": Scenario(
        (*_FULL_LADDER, ScenarioStep(43, time(9, 30), _log_attempt(ContactChannel.NAVIGATOR, ContactResult.DONE)))
    ),
    "cancelled": Scenario(
        (
            *_BOOKED,
            ScenarioStep(3, time(12, 0), _scheduler_step(actions.cancel_appointment, "Has no one to drive them.")),
        )
    ),
    "missed": Scenario((*_BOOKED, ScenarioStep(4, time(10, 0), _scheduler_step(actions.mark_missed)))),
    "more_imaging": Scenario(
        (*_ATTENDED, ScenarioStep(4, time(10, 40), _record_outcome(Assessment.NEED_IMAGING, told=True)))
    ),
    "priors_not_enough": Scenario(
        (_PRIORS_REQUESTED, _PRIORS_RECEIVED, ScenarioStep(6, time(10, 0), _radiologist_step(actions.need_imaging))),
        _NEED_PRIORS_EXAM,
    ),
    "reopened": Scenario(
        (
            _FIRST_CALL,
            ScenarioStep(2, time(12, 0), _scheduler_step(actions.decline, "Goes to another clinic.")),
            ScenarioStep(6, time(9, 45), _radiologist_step(actions.reopen, "Called: wants to come after all.")),
        )
    ),
    # A visit is booked, or has been.
    "booked": Scenario(_BOOKED),
    "booked_ahead": Scenario((_BOOKED[0], ScenarioStep(1, time(8, 50), _book_visit(9, time(9, 30))))),
    "confirmed": Scenario((*_BOOKED, ScenarioStep(2, time(12, 0), _scheduler_step(actions.confirm)))),
    "rescheduled": Scenario((*_BOOKED, ScenarioStep(2, time(9, 50), _reschedule(6, time(10, 30))))),
    "attended": Scenario(_ATTENDED),
    # Prior images.
    "awaiting_priors": Scenario(exam_fields=_NEED_PRIORS_EXAM),
    "priors_requested": Scenario((_PRIORS_REQUESTED,), _NEED_PRIORS_EXAM),
    "priors_received": Scenario((_PRIORS_REQUESTED, _PRIORS_RECEIVED), _NEED_PRIORS_EXAM),
    "resolved_by_priors": Scenario(
        (
            _PRIORS_REQUESTED,
            _PRIORS_RECEIVED,
            ScenarioStep(6, time(10, 0), _resolve_by_priors),
        ),
        _NEED_PRIORS_EXAM,
    ),
    # The radiologist's answer.
    "closed_normal": Scenario(
        (*_ATTENDED, ScenarioStep(4, time(10, 40), _record_outcome(Assessment.NEGATIVE, written=True)))
    ),
    "closed_benign": Scenario(
        (*_ATTENDED, ScenarioStep(4, time(10, 40), _record_outcome(Assessment.BENIGN, written=True)))
    ),
    "probably_benign": Scenario(
        (*_ATTENDED, ScenarioStep(4, time(10, 40), _record_outcome(Assessment.PROBABLY_BENIGN, written=True)))
    ),
    "benign_to_tell": Scenario((*_ATTENDED, ScenarioStep(4, time(10, 40), _record_outcome(Assessment.BENIGN)))),
    "suspicious_to_tell": Scenario(
        (*_ATTENDED, ScenarioStep(4, time(10, 40), _record_outcome(Assessment.HIGHLY_SUGGESTIVE)))
    ),
    "next_round": Scenario(
        (
            *_ATTENDED,
            ScenarioStep(4, time(10, 40), _record_outcome(Assessment.PROBABLY_BENIGN, written=True)),
            ScenarioStep(102, time(8, 0), lambda context: actions.follow_up_due(context.recall, by=SYSTEM)),
        )
    ),
    # Biopsy.
    "straight_to_biopsy": Scenario(
        (
            ScenarioStep(1, time(9, 15), _radiologist_step(actions.advise_biopsy)),
            ScenarioStep(1, time(9, 40), _tell),
        ),
        _SUSPICIOUS_EXAM,
    ),
    "biopsy_to_book": Scenario(_BIOPSY_ADVISED),
    "biopsy_booked": Scenario(_BIOPSY_BOOKED),
    "biopsy_missed": Scenario((*_BIOPSY_BOOKED, ScenarioStep(8, time(10, 0), _scheduler_step(actions.biopsy_missed)))),
    "awaiting_pathology": Scenario(_BIOPSY_DONE),
    "awaiting_concordance": Scenario(
        (*_BIOPSY_DONE, ScenarioStep(11, time(11, 0), _record_pathology(PathologyClass.BENIGN)))
    ),
    "benign_concordant": _with_pathology(PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN, _RESULT_TOLD),
    "high_risk": _with_pathology(
        PathologyClass.HIGH_RISK, ConcordanceVerdict.HIGH_RISK, _RESULT_TOLD, _HANDED_OVER, _SEEN_THERE
    ),
    "cancer_to_tell": _with_pathology(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT),
    "to_hand_over": _with_pathology(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT, _RESULT_TOLD),
    "cancer": _with_pathology(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT, _RESULT_TOLD, _HANDED_OVER),
    "cancer_in_treatment": _with_pathology(
        PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT, _RESULT_TOLD, _HANDED_OVER, _SEEN_THERE
    ),
    "discordant": _with_pathology(PathologyClass.BENIGN, ConcordanceVerdict.DISCORDANT, _RESULT_TOLD),
    # On hold, or closed another way.
    "on_hold": Scenario((_FIRST_CALL, ScenarioStep(3, time(10, 0), _put_on_hold))),
    "declined": Scenario(
        (_FIRST_CALL, ScenarioStep(3, time(12, 30), _scheduler_step(actions.decline, "Wants no additional imaging.")))
    ),
    "transferred": Scenario((ScenarioStep(2, time(11, 0), _transfer),)),
    "deceased": Scenario((_FIRST_CALL, ScenarioStep(4, time(10, 0), _mark_deceased))),
    "lost": Scenario(
        (*_FULL_LADDER, ScenarioStep(45, time(9, 0), _radiologist_step(actions.close_lost, "Every way was tried.")))
    ),
    "void": Scenario(
        (ScenarioStep(1, time(8, 30), _radiologist_step(actions.void, "Read on the wrong patient's record.")),)
    ),
}

# Finished stories of the demo that did not go straight: a clinic where everybody came at once has no believable waits.
DETOURS: dict[str, Scenario] = {
    "came_after_second_call": Scenario(
        (
            _FIRST_CALL,
            ScenarioStep(3, time(8, 40), _log_call(ContactResult.REACHED_WILL_BOOK)),
            ScenarioStep(3, time(8, 50), _book_visit(6, time(8, 30))),
            ScenarioStep(6, time(9, 20), _scheduler_step(actions.mark_attended)),
            ScenarioStep(6, time(10, 40), _record_outcome(Assessment.NEGATIVE, written=True)),
        )
    ),
    "came_later": Scenario(
        (
            _BOOKED[0],
            ScenarioStep(1, time(8, 50), _book_visit(9, time(9, 30))),
            ScenarioStep(9, time(10, 20), _scheduler_step(actions.mark_attended)),
            ScenarioStep(9, time(11, 40), _record_outcome(Assessment.BENIGN, written=True)),
        )
    ),
    "came_after_missed": Scenario(
        (
            *_BOOKED,
            ScenarioStep(4, time(10, 0), _scheduler_step(actions.mark_missed)),
            ScenarioStep(5, time(8, 40), _log_call(ContactResult.REACHED_WILL_BOOK, "Had no ride.")),
            ScenarioStep(5, time(8, 50), _book_visit(8, time(8, 30))),
            ScenarioStep(8, time(9, 20), _scheduler_step(actions.mark_attended)),
            ScenarioStep(8, time(10, 40), _record_outcome(Assessment.NEGATIVE, written=True)),
        )
    ),
}
