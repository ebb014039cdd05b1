"""Takes one patient through a clinic in a test: its people take the steps, and working days pass."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.actors import INTAKE
from clinic.contact_ladder import ContactLadder
from clinic.factories import get_site_staff
from clinic.models import Site, User
from notifications.planning.plan import planned_messages
from notifications.planning.snapshot import load_snapshot
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import (
    BiopsyInput,
    ContactAttemptInput,
    DisclosureInput,
    OutcomeInput,
    OutsideReportInput,
    PathologyInput,
    RefusalInput,
    Slot,
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
    Side,
    State,
    VisitKind,
)
from recalls.models import Lesion, Recall, RecallEvent, WorkItem
from recalls.tasks import apply_due_steps
from recalls.testing.factories import ExamFactory
from recalls.testing.scenario_steps import shift_open_days

FIRST_DAY = date(2026, 3, 16)  # a Monday without a holiday near it
VISIT_TIME = time(10)
HOSPITAL = "Hillside Sample Hospital"


class Pathway:
    """One patient at one site; `screen` opens the recall that the other steps are taken on."""

    recall: Recall

    def __init__(self, site: Site, clock: TimeMachineFixture, **patient: Any) -> None:
        self.site, self.staff, self._clock = site, get_site_staff(site), clock
        self.move_to(FIRST_DAY)
        self.patient = PatientFactory.create(site=site, **patient)

    @property
    def today(self) -> date:
        return calendar.local_day(self.site, timezone.now())

    @property
    def stands(self) -> tuple[str, str]:
        """The state and, once closed, the reason."""
        row = self.current
        return row.state, row.closure_reason

    @property
    def current(self) -> Recall:
        """The recall as the database has it."""
        row: Recall = Recall.objects.select_related("site", "patient", "exam").get(pk=self.recall.pk)
        return row

    def due_day(self) -> date | None:
        """The day, at the site, on which the next action is due."""
        due = self.current.due_at
        return calendar.local_day(self.site, due) if due else None

    def open_day(self, days: int) -> date:
        """That many working days after today."""
        return shift_open_days(self.site, self.today, days)

    def tasks(self) -> list[str]:
        """The kinds of the open tasks about the recall."""
        return list(WorkItem.objects.filter(recall=self.recall, done_at=None).values_list("kind", flat=True))

    def messages(self) -> set[str]:
        """The kinds of message that this patient gets, or has got, as things now stand."""
        return {kind for kind, _occasion in planned_messages(load_snapshot(self.current))}

    def lesion(self, side: Side) -> Lesion:
        return Lesion.objects.get(recall=self.recall, side=side)

    # Time.

    def move_to(self, day: date, hour: int = 9) -> None:
        """The clock stands at that hour of the day; whatever the system does by itself is done."""
        self._clock.move_to(calendar.instant(self.site, day, time(hour)), tick=False)
        apply_due_steps()

    def days_pass(self, days: int, hour: int = 9) -> None:
        """So many working days pass."""
        self.move_to(self.open_day(days), hour)

    # Screening.

    def screen(self, assessment: Assessment = Assessment.NEED_IMAGING, **exam: Any) -> Recall:
        """A screening result that came in today opens the recall."""
        row = ExamFactory.create(patient=self.patient, assessment=assessment, **exam)
        self.recall = actions.open_recall(row, by=INTAKE).recall
        return self.recall

    def correct(self, assessment: Assessment, **changes: Any) -> None:
        """A corrected report of the screening comes in."""
        exam = self.current.exam
        actions.correct_exam(exam, {"assessment": assessment, **changes}, None, by=INTAKE)

    # Reaching the patient.

    def call(self, result: ContactResult = ContactResult.NO_ANSWER, **contact: Any) -> RecallEvent:
        return self.log(ContactChannel.PHONE, result, **contact)

    def log(self, channel: ContactChannel, result: ContactResult, **contact: Any) -> RecallEvent:
        attempt = ContactAttemptInput(channel, result, **contact)
        return actions.log_contact(self.recall, attempt, by=self.staff.navigator)

    def climb(self, ladder: ContactLadder) -> None:
        """Every rung is tried in vain, each on its day, and the last day of the ladder comes."""
        start = self.today
        for rung in ladder.rungs:
            day = calendar.next_open_day(self.site, start + timedelta(days=rung.day))
            if day > self.today:
                self.move_to(day)
            results = actions.RESULTS_BY_CHANNEL[rung.channel]
            self.log(rung.channel, ContactResult.NO_ANSWER if ContactResult.NO_ANSWER in results else results[0])
        self.move_to(start + timedelta(days=ladder.lost_after + 1))

    # Visits.

    def slot(self, days: int, **slot: Any) -> Slot:
        """Ten o'clock, so many working days from today."""
        return Slot(self.site, calendar.instant(self.site, self.open_day(days), VISIT_TIME), **slot)

    def book(self, days: int = 3, **slot: Any) -> None:
        actions.book_appointment(self.recall, self.slot(days, **slot), by=self.staff.scheduler)

    def attend(self) -> None:
        """The day of the booked visit comes, and so does the patient."""
        self._come_to_visit()
        actions.mark_attended(self.recall, by=self.staff.scheduler)

    def visit(self, days: int = 3, **slot: Any) -> None:
        """A visit is booked and kept."""
        self.book(days, **slot)
        self.attend()

    def miss(self) -> None:
        """The day of the visit or biopsy comes, and the patient does not."""
        is_biopsy = self._come_to_visit() == VisitKind.BIOPSY
        step = actions.biopsy_missed if is_biopsy else actions.mark_missed
        step(self.recall, by=self.staff.scheduler)

    def _come_to_visit(self) -> str:
        visit = actions.active_appointment(self.current)
        assert visit is not None, "no visit is booked"
        self.move_to(calendar.local_day(self.site, visit.starts_at), hour=11)
        return visit.kind

    # Results.

    def outcome(self, assessment: Assessment, *, told: bool = False, **reading: Any) -> None:
        """The radiologist reads the visit; `told`: and speaks with the patient before they leave."""
        said = DisclosureInput(DisclosureMethod.AT_VISIT) if told else None
        actions.record_outcome(self.recall, OutcomeInput(assessment, told=said, **reading), by=self.staff.radiologist)

    def outcome_in_writing(self, assessment: Assessment, **reading: Any) -> None:
        self.outcome(assessment, release_at=timezone.now(), **reading)

    def amend(self, assessment: Assessment, **reading: Any) -> None:
        outcome = OutcomeInput(assessment, **reading)
        actions.amend_outcome(self.recall, outcome, reason="Read again.", by=self.staff.radiologist)

    def told(self, method: DisclosureMethod = DisclosureMethod.PHONE, by: User | None = None, **said: Any) -> None:
        """Somebody tells the patient every result there is."""
        actions.result_told(self.recall, DisclosureInput(method, **said), by=by or self.staff.radiologist)

    def release(self, release_at: datetime | None = None) -> None:
        actions.release_outcome(self.recall, release_at or timezone.now(), by=self.staff.radiologist)

    # Biopsy and after it.

    def book_biopsy(self, days: int = 3) -> None:
        actions.book_biopsy(self.recall, self.slot(days), by=self.staff.scheduler)

    def biopsy(self, *sides: Side, days: int = 3) -> None:
        """A biopsy is booked and done, of the lesions of these sides, or of all that wait for one."""
        self.book_biopsy(days)
        self.biopsy_takes_place(*sides)

    def biopsy_takes_place(self, *sides: Side) -> None:
        self._come_to_visit()
        lesions = [self.lesion(side).pk for side in sides] or None
        actions.biopsy_done(self.recall, BiopsyInput(lesion_ids=lesions), by=self.staff.radiologist)

    def pathology(self, result: PathologyClass, side: Side | None = None) -> None:
        lesion_id = self.lesion(side).pk if side else None
        actions.record_pathology(self.recall, PathologyInput(result, lesion_id), by=self.staff.radiologist)

    def sign(self, verdict: ConcordanceVerdict, **signing: Any) -> None:
        actions.sign_concordance(self.recall, verdict, by=self.staff.radiologist, **signing)

    def tissue(
        self, result: PathologyClass, verdict: ConcordanceVerdict, side: Side | None = None, **signing: Any
    ) -> None:
        """Pathology comes three working days later and is signed on that day."""
        self.days_pass(3)
        self.pathology(result, side)
        self.sign(verdict, **signing)

    def advise_biopsy_at_visit(self, assessment: Assessment = Assessment.SUSPICIOUS_B, **reading: Any) -> None:
        """A recall for a 0 whose visit ends with a 4 or 5, told before the patient leaves."""
        self.screen()
        self.visit()
        self.outcome(assessment, told=True, **reading)

    def hand_over(self) -> None:
        actions.hand_over(
            self.recall, clinician="Dr. Sample-Surgeon", facility=HOSPITAL, first_visit_on=self.open_day(4),
            by=self.staff.navigator,
        )  # fmt: skip

    # Elsewhere, and other endings.

    def outside(self, kind: OutsideReportKind, result: Assessment | PathologyClass, **report: Any) -> None:
        """A report of what was done elsewhere today comes in."""
        given = (
            {"outcome": OutcomeInput(result)}
            if isinstance(result, Assessment)
            else {"pathology": PathologyInput(result)}
        )
        row = OutsideReportInput(kind, HOSPITAL, self.today, ReportSource.FAX, **{**given, **report})
        actions.record_outside(self.recall, row, by=self.staff.scheduler)

    def transfer(self, by: User | None = None) -> RecallEvent:
        who = by or self.staff.scheduler
        return actions.transfer(self.recall, facility=HOSPITAL, by=who, note="The patient told us on the phone.")

    def decline(self, by: User | None = None, **refusal: Any) -> RecallEvent:
        said = RefusalInput("Wants no more tests.", **refusal)
        return actions.decline(self.recall, refusal=said, by=by or self.staff.scheduler, note="Wants no more tests.")

    def hold(self, until: date, by: User | None = None) -> RecallEvent:
        return actions.hold(self.recall, until, by=by or self.staff.navigator, note="Asked to wait.")

    def signed_by_two(self, step: Callable[[User], RecallEvent], signer: User | None = None) -> None:
        """One person asks, the recall stays where it is, and another one signs."""
        before = self.stands
        assert step(self.staff.scheduler).step == "ask_sign_off"
        assert self.stands == before
        step(signer or self.staff.manager)

    def is_open_in(self, state: State) -> bool:
        return self.stands == (state, "")
