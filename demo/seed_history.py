"""Seeds the demo's past: every step of every scenario is taken in order of time, with the clock set back.

The steps are the clinic's own actions and the messages are sent by the clinic's own outbox when they fall due, so the
histories, deadlines and inbox look as they would had people worked here for months.
"""

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

import time_machine
from django.conf import settings

from clinic import calendar
from clinic.actors import INTAKE
from clinic.models import User
from demo import seed_patients, seed_scenarios
from demo.seed_patients import DemoPatient
from demo.seed_sites import DemoSite
from notifications.backends import maildir
from notifications.delivery import print_queue
from notifications.delivery.worker import send_due
from notifications.enums import NotificationState
from notifications.models import Notification
from patients.addresses import mark_address_unusable
from patients.factories import PatientFactory
from patients.models import ContactPoint, Patient
from recalls import actions
from recalls.enums import Assessment, WorkItemKind
from recalls.models import ScreeningExam, WorkItem
from recalls.testing.factories import ExamFactory
from recalls.testing.scenario_steps import OPENING_TIME, Scenario, ScenarioContext, play_scenario, shift_open_days
from recalls.testing.scenarios import DETOURS, SCENARIOS

SEED = 20
FIRST_SITE_SHARE = 0.7
_LAST_YEAR_FROM = 500  # numbers of accessions that the recalls of this year do not reach
_STORIES = {**SCENARIOS, **DETOURS}
QUARTER_HOUR = timedelta(minutes=15)
MAX_START_QUARTERS = 16  # the same story begins between 8:15 and 12:15
SEND_TIME_LIMIT_SECONDS = 600.0  # no limit: the clock stands still
OPEN_WORK_ITEMS_PERIOD = timedelta(days=6)
BOUNCE_DELAY = timedelta(hours=27)


@dataclass(slots=True)
class EventQueue:
    """Steps waiting for their instant, earliest first."""

    _heap: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0

    def schedule(self, instant: datetime, act: Callable[[], None]) -> None:
        self._count += 1  # the tie-break: what was planned first is done first
        heapq.heappush(self._heap, (instant, self._count, act))

    def pop_all(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """Every step in order; a step may plan later ones."""
        while self._heap:
            instant, _count, act = heapq.heappop(self._heap)
            yield instant, act


def create_history(places: tuple[DemoSite, ...], now: datetime) -> None:
    """Let the whole past happen up to `now`, and every message leave when it fell due."""
    chance, timeline = Random(SEED), EventQueue()  # noqa: S311 - the same demo every time, no secret
    crowd = seed_patients.generate_patients(chance, now.date())
    for number, card in enumerate(seed_scenarios.shuffled_scenarios(chance)):
        place = places[0] if chance.random() < FIRST_SITE_SHARE else places[1]
        ends_on = _open_days_ago(place, now, card.max_days_ago) if card.max_days_ago else None
        _DemoRecall(place, _STORIES[card.scenario], next(crowd), number, ends_on).schedule(timeline, chance, now)
    for month, name in enumerate(seed_scenarios.LAST_YEAR_STORIES, 1):
        place, ends_on = places[month % 2], date(now.year - 1, month, 20)
        story = _DemoRecall(place, SCENARIOS[name], next(crowd), _LAST_YEAR_FROM + month, ends_on, has_prior=False)
        story.schedule(timeline, chance, now)
    for number in range(seed_scenarios.NEGATIVE_EXAMS):
        place, person = places[number % 2], next(crowd)
        seen = calendar.instant(place.site, shift_open_days(place.site, now.date(), -number - 1), OPENING_TIME)
        timeline.schedule(seen, _negative_exam(place, person, number, seen))
    with time_machine.travel(now, tick=False) as clock, _keep_mail_local():
        for instant, act in timeline.pop_all():
            _send_due_messages(clock, instant)
            clock.move_to(instant)
            _print_due_letters(places, instant)
            act()
        _send_due_messages(clock, now)
        _finish_old_work_items(clock, now - OPEN_WORK_ITEMS_PERIOD, places[0].staff.navigator)


@dataclass(frozen=True, slots=True)
class _DemoRecall:
    """One patient's story at one place."""

    demo_site: DemoSite
    scenario: Scenario
    demo_patient: DemoPatient
    number: int
    ends_on: date | None  # None: its last step lies as near to now as can be
    has_prior: bool = True

    def schedule(self, timeline: EventQueue, chance: Random, now: datetime) -> None:
        """Plan the opening; the steps after it are planned when it happens."""
        site = self.demo_site.site
        end = now
        if self.ends_on:
            end = calendar.closing_time(site, shift_open_days(site, self.ends_on, 0))
        later = QUARTER_HOUR * chance.randint(0, MAX_START_QUARTERS)
        day_zero = self.scenario.start_day(site, end, later)
        opened = calendar.instant(site, day_zero, OPENING_TIME) + later
        reading = seed_scenarios.build_exam_fields(chance, self.number, self.scenario.exam_fields)

        def open_it() -> None:
            patient = _create_patient(self.demo_site, self.demo_patient)
            if self.has_prior and not reading["first_screen"]:
                _create_prior_exam(self.demo_site, patient, self.number, opened)
            exam = self._create_exam(patient, opened, reading)
            recall = actions.open_recall(exam, by=INTAKE).recall
            tale = ScenarioContext(recall, self.demo_site.staff, day_zero, later)
            for instant, act in play_scenario(self.scenario, tale):
                timeline.schedule(instant, partial(act, tale))
            if self.demo_patient.email_bounces and (back := opened + BOUNCE_DELAY) < now:
                timeline.schedule(back, partial(_record_bounce, tale))

        timeline.schedule(opened, open_it)

    def _create_exam(self, patient: Patient, received: datetime, reading: dict[str, object]) -> ScreeningExam:
        referrers = self.demo_site.referrers
        return ExamFactory.create(
            patient=patient,
            received_at=received,
            accession=f"D{700001 + self.number}",
            reader=self.demo_site.staff.radiologist,
            referrer=referrers[self.number % len(referrers)] if self.number % 8 else None,
            **reading,
        )


@contextmanager
def _keep_mail_local() -> Iterator[None]:
    """The past is not sent again: whatever servers are set, these messages go into the folder on this machine.

    A past that is broken off leaves no messages behind, as it leaves no rows.
    """
    chosen, there = (settings.EMAIL_BACKEND, settings.SMS_URL), set(maildir.list_keys_newest_first())
    settings.EMAIL_BACKEND, settings.SMS_URL = "notifications.backends.maildir.EmailBackend", "file://"
    try:
        yield
    except BaseException:
        for key in set(maildir.list_keys_newest_first()) - there:
            Path(settings.MAIL_INBOX_DIR, "new", key).unlink()
        raise
    finally:
        settings.EMAIL_BACKEND, settings.SMS_URL = chosen


def _send_due_messages(clock: time_machine.Traveller, until: datetime) -> None:
    """Go from one due message to the next and send each at its time."""
    waiting = Notification.objects.filter(state=NotificationState.PLANNED, not_before__lte=until).order_by("not_before")
    while due := waiting.values_list("not_before", flat=True).first():
        clock.move_to(due)
        send_due(SEND_TIME_LIMIT_SECONDS)


def _finish_old_work_items(clock: time_machine.Traveller, before: datetime, by: User) -> None:
    """What came up earlier has been seen to, each task on the next day."""
    for item in WorkItem.objects.filter(done_at=None, opened_at__lt=before):
        clock.move_to(item.opened_at + timedelta(days=1))
        actions.finish_work_item(item, by=by)


def _print_due_letters(places: tuple[DemoSite, ...], now: datetime) -> None:
    """Letters are printed a day later; those of the last day are left for whoever tries the demo."""
    waited = Notification.objects.filter(state=NotificationState.TO_PRINT, not_before__lt=now - timedelta(days=1))
    if not waited.exists():
        return
    for place in places:
        numbers = list(waited.filter(recall__site=place.site).values_list("pk", flat=True))
        if numbers:
            print_queue.make_pdf(place.staff.scheduler, numbers)
            print_queue.mark_printed(place.staff.scheduler, numbers)


def _create_patient(place: DemoSite, person: DemoPatient) -> Patient:
    return PatientFactory.create(site=place.site, **person.fields)


def _open_days_ago(place: DemoSite, now: datetime, count: int) -> date:
    return shift_open_days(place.site, calendar.local_day(place.site, now), -count)


def _create_prior_exam(place: DemoSite, patient: Patient, number: int, seen: datetime) -> None:
    """The screening of about a year earlier, with nothing found."""
    ExamFactory.create(
        patient=patient,
        received_at=seen - timedelta(days=365 + number % 28),
        accession=f"P{700001 + number}",
        reader=place.staff.radiologist,
        negative=True,
        assessment=Assessment.BENIGN if number % 4 == 0 else Assessment.NEGATIVE,
    )


def _negative_exam(place: DemoSite, person: DemoPatient, number: int, seen: datetime) -> Callable[[], None]:
    def read() -> None:
        patient = _create_patient(place, person)
        _create_prior_exam(place, patient, _LAST_YEAR_FROM + number, seen)
        ExamFactory.create(
            patient=patient,
            accession=f"N{person.fields['mrn']}",
            reader=place.staff.radiologist,
            negative=True,
        )

    return read


def _record_bounce(tale: ScenarioContext) -> None:
    recall = tale.recall
    for point in recall.patient.contact_points.filter(kind=ContactPoint.Kind.EMAIL, unusable=""):
        mark_address_unusable(point.value, ContactPoint.UnusableReason.BOUNCED, by=INTAKE)
        if recall.is_open:
            actions.open_work_item(recall, WorkItemKind.VERIFY_CONTACT, "Mail to the patient's address came back.")
