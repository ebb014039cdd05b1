"""Drills forms: the web server dies between saving and answering, a form comes twice, many want one time."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import time as time_of_day
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from bench.drill.installation.pages import SAVED, Answer, Browser
from bench.drill.installation.stack import Stack
from bench.drill.judge import Verdict, judge_facts, judge_same
from bench.drill.outcome import Outcome, Scale

_SENDERS = 4  # people who send at once
_SLOT_LENGTH = timedelta(minutes=60)


def kill_web(stack: Stack, scale: Scale) -> Outcome:
    """Web workers are killed while notes and bookings are saved; whoever got no answer sends the same form again."""
    count, kills = scale.pick(short=24, long=80), scale.pick(short=3, long=12)
    recalls, browser, slots = open_recalls(stack, count)
    forms = _notes_and_bookings(recalls, slots)
    statuses: list[list[int]] = []
    sends = [partial(_note_answer, statuses, browser.post_until_saved, *form) for form in forms]
    worst = while_web_is_killed(stack, scale, browser, kills, lambda: send_at_once(sends))
    again = sum(len(found) > 1 for found in statuses)
    answers = Counter(status for found in statuses for status in found if status != SAVED)
    tried = f"{count} forms, {kills} kills, {again} sent again {dict(answers) or ''}".strip()
    return Outcome(tried, _count_saved(recalls), worst)


def _notes_and_bookings(recalls: list[Any], slots: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """A note for every other recall, a visit for the rest."""
    return [
        _note(recall) if number % 2 else booking_form(recall, slots[number]) for number, recall in enumerate(recalls)
    ]


def while_web_is_killed(stack: Stack, scale: Scale, browser: Browser, kills: int, act: Callable[[], object]) -> float:
    """So many kills of a web worker while `act` goes on; the longest until a page was shown again, in seconds."""
    done, worst = threading.Event(), [0.0]

    def kill() -> None:
        for _ in range(kills):
            time.sleep(scale.chance.uniform(0.1, 0.8))
            if done.is_set():
                return
            stack.processes["web"].kill_a_child(scale.chance.randrange(8))
            began = time.monotonic()
            while browser.get("/queue/to_contact/").status != 200 and not done.is_set():
                time.sleep(0.05)
            worst[0] = max(worst[0], time.monotonic() - began)

    killer = threading.Thread(target=kill)
    killer.start()
    act()
    done.set()
    killer.join()
    return worst[0]


def send_twice(stack: Stack, scale: Scale) -> Outcome:
    """The same form from two connections at one instant."""
    count = scale.pick(short=8, long=30)
    recalls, browser, slots = open_recalls(stack, count)
    forms = _notes_and_bookings(recalls, slots)
    for path, fields in forms:
        send_at_once([partial(browser.post, path, fields)] * 2)
    return Outcome(f"{count} forms, each twice at once", _count_saved(recalls))


def want_one_slot(stack: Stack, scale: Scale) -> Outcome:
    """So many people book one room and time at once: one has it, the others are told, nobody sees an error."""
    from recalls.models import Appointment

    count = scale.pick(short=10, long=50)
    recalls, browser, slots = open_recalls(stack, count)
    answers: list[Answer] = []
    forms = [booking_form(recall, slots[0]) for recall in recalls]
    send_at_once([partial(_note_answer, answers, browser.post, *form) for form in forms], count)
    statuses = [answer.status for answer in answers]
    booked = Appointment.objects.filter(recall__in=recalls).count()
    verdict = judge_same({"visit": 1}, {"visit": booked})
    facts = {"nobody sees an error": all(status in (200, 302, 409) for status in statuses)}
    return Outcome(f"{count} people, {Counter(statuses)[302]} booked", verdict + judge_facts(facts))


def open_recalls(stack: Stack, count: int) -> tuple[list[Any], Browser, list[str]]:
    """Recalls that wait to be contacted, somebody who works on them, and a free time for each in rooms of its own."""
    from django.utils import timezone

    from bench._test_installation import create_site_that_is_always_open
    from clinic import calendar
    from clinic.factories import get_site_staff
    from clinic.models import Site
    from patients.factories import PatientFactory
    from recalls.testing.factories import RecallFactory, RoomFactory

    site = create_site_that_is_always_open(code=f"DRILL{Site.objects.count()}")
    recalls = [
        RecallFactory.create(
            patient=PatientFactory.create(site=site, email=f"p{number}@{site.code}.example.org".lower())
        )
        for number in range(count)
    ]
    day = _next_working_day(site, timezone.now())
    slots = []
    for number in range(count):
        if number % 8 == 0:
            room = RoomFactory.create(site=site)
        start = calendar.instant(site, day, time_of_day(8)) + (number % 8) * _SLOT_LENGTH
        slots.append(f"{room.pk}@{start.astimezone(site.zone).isoformat(timespec='minutes')}")
    return recalls, Browser(stack.web_port, get_site_staff(site).scheduler), slots


def _next_working_day(site: Any, now: Any) -> Any:
    """Rooms are staffed from Monday to Friday."""
    from clinic import calendar

    day = calendar.next_open_day(site, calendar.local_day(site, now) + timedelta(days=10))
    while day.weekday() > 4:
        day = calendar.next_open_day(site, day + timedelta(days=1))
    return day


def _note(recall: Any) -> tuple[str, dict[str, Any]]:
    typed = {"note": f"Drill {recall.pk}", "version": recall.version, "key": str(uuid4())}
    return f"/recalls/{recall.pk}/add_note/", typed


def booking_form(recall: Any, slot: str) -> tuple[str, dict[str, Any]]:
    typed = {"slot": slot, "site": recall.site_id, "kind": "diagnostic", "version": recall.version, "key": str(uuid4())}
    return f"/recalls/{recall.pk}/book_appointment/", typed


def _note_answer(answers: list[Any], send: Callable[..., Any], *form: Any) -> None:
    answers.append(send(*form))


def send_at_once(sends: Iterable[Callable[[], object]], people: int = _SENDERS) -> None:
    waiting, lock = list(sends), threading.Lock()

    def send() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                one = waiting.pop(0)
            one()

    threads = [threading.Thread(target=send) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _count_saved(recalls: list[Any]) -> Verdict:
    """Each note once; each visit once, with one confirmation."""
    from notifications.models import Notification
    from recalls.models import Appointment, RecallEvent

    expected, found = Counter[str](), Counter[str]()
    for number, recall in enumerate(recalls):
        if number % 2:
            expected[f"note {number}"] = 1
            found[f"note {number}"] = RecallEvent.objects.filter(recall=recall, step="add_note").count()
        else:
            expected[f"visit {number}"] = expected[f"confirmation {number}"] = 1
            found[f"visit {number}"] = Appointment.objects.filter(recall=recall).count()
            confirmations = Notification.objects.filter(recall=recall, kind="appointment_confirmation")
            found[f"confirmation {number}"] = confirmations.count()
    return judge_same(expected, found)
