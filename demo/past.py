"""How does the demo get its past? Every step of every story is taken in the order of time, with the clock set back.

The steps are the clinic's own actions and the messages are sent by the clinic's own outbox when they fall due, so the
histories, deadlines and inbox look as they would had people worked here for months.
"""

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

import time_machine
from django.conf import settings

from clinic import calendar
from clinic.actors import INTAKE
from clinic.models import User
from demo import people, scenes
from demo.people import Person
from demo.places import Place
from notifications.backends import maildir
from notifications.delivery import print_queue
from notifications.delivery.worker import send_due
from notifications.enums import NotificationState
from notifications.models import Notification
from patients.actions import mark_unusable
from patients.factories import PatientFactory
from patients.models import ContactPoint, Patient
from recalls import actions
from recalls.enums import WorkItemKind
from recalls.models import ScreeningExam, WorkItem
from recalls.testing.factories import ExamFactory
from recalls.testing.scenarios import OPENING_TIME, SCENARIOS, Scenario, ScenarioContext, play_scenario, shift_open_days

SEED = 20
SHARE_OF_THE_FIRST_SITE = 0.7
A_QUARTER = timedelta(minutes=15)
LATEST_START_IN_QUARTERS = 16  # the same story begins between 8:15 and 12:15
SEND_SECONDS = 600.0  # no limit: the clock stands still
TASKS_LEFT_FROM_THE_LAST = timedelta(days=6)
MAIL_COMES_BACK_AFTER = timedelta(hours=27)


@dataclass(slots=True)
class Timeline:
    """Steps waiting for their instant, earliest first."""

    _cues: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0

    def at(self, instant: datetime, act: Callable[[], None]) -> None:
        self._count += 1  # the tie-break: what was planned first is done first
        heapq.heappush(self._cues, (instant, self._count, act))

    def take(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """Every step in order; a step may plan later ones."""
        while self._cues:
            instant, _count, act = heapq.heappop(self._cues)
            yield instant, act


def play(places: tuple[Place, ...], now: datetime) -> None:
    """Let the whole past happen up to `now`, and every message leave when it fell due."""
    chance, timeline = Random(SEED), Timeline()  # noqa: S311 - the same demo every time, no secret
    crowd = people.invent(chance, now.date())
    for number, card in enumerate(scenes.cards(chance)):
        place = places[0] if chance.random() < SHARE_OF_THE_FIRST_SITE else places[1]
        _Part(place, SCENARIOS[card.story], next(crowd), number, card.days_ago).enter(timeline, chance, now)
    for number in range(scenes.NEGATIVE_EXAMS):
        place, person = places[number % 2], next(crowd)
        seen = calendar.instant(place.site, shift_open_days(place.site, now.date(), -number - 1), OPENING_TIME)
        timeline.at(seen, _negative(place, person))
    with time_machine.travel(now, tick=False) as clock, _mail_stays_here():
        for instant, act in timeline.take():
            _send_what_is_due(clock, instant)
            clock.move_to(instant)
            _print_what_waited(places, instant)
            act()
        _send_what_is_due(clock, now)
        _finish_old_tasks(clock, now - TASKS_LEFT_FROM_THE_LAST, places[0].cast.navigator)


@dataclass(frozen=True, slots=True)
class _Part:
    """One patient's story at one place."""

    place: Place
    story: Scenario
    person: Person
    number: int
    days_ago: int

    def enter(self, timeline: Timeline, chance: Random, now: datetime) -> None:
        """Plan the opening; the steps after it are planned when it happens."""
        site = self.place.site
        end = now
        if self.days_ago:
            end = calendar.close_of(site, shift_open_days(site, calendar.local_day(site, now), -self.days_ago))
        later = A_QUARTER * chance.randint(0, LATEST_START_IN_QUARTERS)
        day_zero = self.story.start_day(site, end, later)
        opened = calendar.instant(site, day_zero, OPENING_TIME) + later
        reading = scenes.reading(chance, self.number, self.story.exam_fields)

        def open_it() -> None:
            patient = _register(self.place, self.person)
            exam = self._read(patient, opened, reading)
            recall = actions.open_recall(exam, by=INTAKE).recall
            tale = ScenarioContext(recall, self.place.cast, day_zero, later)
            for instant, act in play_scenario(self.story, tale):
                timeline.at(instant, partial(act, tale))
            if self.person.mail_bounces and (back := opened + MAIL_COMES_BACK_AFTER) < now:
                timeline.at(back, partial(_mail_came_back, tale))

        timeline.at(opened, open_it)

    def _read(self, patient: Patient, received: datetime, reading: dict[str, object]) -> ScreeningExam:
        referrers = self.place.referrers
        return ExamFactory.create(
            patient=patient,
            received_at=received,
            accession=f"D{700001 + self.number}",
            reader=self.place.cast.radiologist,
            referrer=referrers[self.number % len(referrers)] if self.number % 8 else None,
            **reading,
        )


@contextmanager
def _mail_stays_here() -> Iterator[None]:
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


def _send_what_is_due(clock: time_machine.Traveller, until: datetime) -> None:
    """Go from one due message to the next and send each at its time."""
    waiting = Notification.objects.filter(state=NotificationState.PLANNED, not_before__lte=until).order_by("not_before")
    while due := waiting.values_list("not_before", flat=True).first():
        clock.move_to(due)
        send_due(SEND_SECONDS)


def _finish_old_tasks(clock: time_machine.Traveller, before: datetime, by: User) -> None:
    """What came up earlier has been seen to, each task on the next day."""
    for item in WorkItem.objects.filter(done_at=None, opened_at__lt=before):
        clock.move_to(item.opened_at + timedelta(days=1))
        actions.finish_work_item(item, by=by)


def _print_what_waited(places: tuple[Place, ...], now: datetime) -> None:
    """Letters are printed a day later; those of the last day are left for whoever tries the demo."""
    waited = Notification.objects.filter(state=NotificationState.TO_PRINT, not_before__lt=now - timedelta(days=1))
    if not waited.exists():
        return
    for place in places:
        numbers = list(waited.filter(recall__site=place.site).values_list("pk", flat=True))
        if numbers:
            print_queue.make_pdf(place.cast.scheduler, numbers)
            print_queue.mark_printed(place.cast.scheduler, numbers)


def _register(place: Place, person: Person) -> Patient:
    return PatientFactory.create(site=place.site, **person.fields)


def _negative(place: Place, person: Person) -> Callable[[], None]:
    def read() -> None:
        ExamFactory.create(
            patient=_register(place, person),
            accession=f"N{person.fields['mrn']}",
            reader=place.cast.radiologist,
            negative=True,
        )

    return read


def _mail_came_back(tale: ScenarioContext) -> None:
    recall = tale.recall
    for point in recall.patient.contact_points.filter(kind=ContactPoint.Kind.EMAIL, unusable=""):
        mark_unusable(point, ContactPoint.Unusable.BOUNCED, by=INTAKE)
        if recall.is_open:
            actions.open_work_item(recall, WorkItemKind.VERIFY_CONTACT, "Mail to the patient's address came back.")
