"""Says what a scenario is made of, and makes its steps of the clinic's own actions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from clinic import calendar
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
from recalls.enums.barriers import BarrierKind, BarrierSource
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


def log_call(result: ContactResult, note: str = "") -> ScenarioAction:
    contact = ContactAttemptInput(ContactChannel.PHONE, result, point_kind=ContactPoint.Kind.MOBILE, note=note)
    return lambda context: actions.log_contact(context.recall, contact, by=context.staff.scheduler)


def log_attempt(channel: ContactChannel, result: ContactResult = ContactResult.SENT) -> ScenarioAction:
    return lambda context: actions.log_contact(
        context.recall, ContactAttemptInput(channel, result), by=context.staff.navigator
    )


def book_visit(day: int, hour: time, kind: VisitKind = VisitKind.DIAGNOSTIC) -> ScenarioAction:
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


def reschedule(day: int, hour: time) -> ScenarioAction:
    return lambda context: actions.reschedule(
        context.recall,
        _slot_with_room(context, context.resolve_time(day, hour)),
        by=context.staff.scheduler,
        note="Asked for another day.",
    )


def scheduler_step(step: Callable[..., Any], note: str = "") -> ScenarioAction:
    return lambda context: step(context.recall, by=context.staff.scheduler, note=note)


def say_no_ride(context: ScenarioContext) -> None:
    stated = StatedBarriers((BarrierKind.RIDE,), BarrierSource.CALL, "No car, and the bus takes two hours.")
    actions.state_barrier(context.recall, stated, by=context.staff.scheduler)


def take_case(context: ScenarioContext) -> None:
    actions.take_case(context.recall, by=context.staff.navigator)


def radiologist_step(step: Callable[..., Any], note: str = "") -> ScenarioAction:
    return lambda context: step(context.recall, by=context.staff.radiologist, note=note)


def record_outcome(assessment: Assessment, *, written: bool = False, told: bool = False) -> ScenarioAction:
    """Told in writing at once, told at the visit, or neither: then it is still to be told."""

    def record(context: ScenarioContext) -> None:
        outcome = OutcomeInput(
            assessment,
            release_at=timezone.now() if written else None,
            told=DisclosureInput(DisclosureMethod.AT_VISIT) if told else None,
        )
        actions.record_outcome(context.recall, outcome, by=context.staff.radiologist)

    return record


def tell(context: ScenarioContext) -> None:
    told = DisclosureInput(DisclosureMethod.PHONE, understood="Asked when, and how long it takes.")
    actions.result_told(context.recall, told, by=context.staff.radiologist)


def hand_over(context: ScenarioContext) -> None:
    day = shift_open_days(context.recall.site, calendar.local_day(context.recall.site, timezone.now()), 4)
    actions.hand_over(
        context.recall, clinician="Dr. Sample-Surgeon", facility="Hillside Sample Hospital", first_visit_on=day,
        by=context.staff.navigator,
    )  # fmt: skip


def seen_there(context: ScenarioContext) -> None:
    seen = OutsideReportInput(
        OutsideReportKind.FIRST_VISIT, "Hillside Sample Hospital",
        calendar.local_day(context.recall.site, timezone.now()) - timedelta(days=1), ReportSource.PHONE,
    )  # fmt: skip
    actions.record_outside(context.recall, seen, by=context.staff.navigator)


def resolve_by_priors(context: ScenarioContext) -> None:
    reading = OutcomeInput(Assessment.BENIGN, release_at=timezone.now())
    actions.resolve_by_priors(context.recall, reading, by=context.staff.radiologist)


def transfer(context: ScenarioContext) -> None:
    actions.transfer(
        context.recall, facility="Hillside Sample Clinic", phone="+1 412 555 0177", by=context.staff.scheduler,
        note="The patient told us on the phone.",
    )  # fmt: skip


def record_pathology(result: PathologyClass) -> ScenarioAction:
    return lambda context: actions.record_pathology(
        context.recall, PathologyInput(result, specimen=f"S-{context.recall.pk:05}"), by=context.staff.radiologist
    )


def sign_concordance(verdict: ConcordanceVerdict) -> ScenarioAction:
    return lambda context: actions.sign_concordance(context.recall, verdict, by=context.staff.radiologist)


def put_on_hold(context: ScenarioContext) -> None:
    until = shift_open_days(context.recall.site, calendar.local_day(context.recall.site, timezone.now()), 8)
    actions.hold(context.recall, until, by=context.staff.navigator, note="Is away and asked to be called afterwards.")


def mark_deceased(context: ScenarioContext) -> None:
    on = calendar.local_day(context.recall.site, timezone.now()) - timedelta(days=3)
    actions.mark_deceased(context.recall, on, by=context.staff.navigator, note="The family told us.")
