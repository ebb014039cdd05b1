"""Drills times held for patients, and what patients book on their page, while processes are killed under them."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from bench.drill.batch import patiently
from bench.drill.forms import open_recalls, send_at_once, while_web_is_killed
from bench.drill.installation.pages import open_patients_page
from bench.drill.installation.stack import RECOVERY_SECONDS, Stack
from bench.drill.judge import Verdict, judge_facts, judge_same
from bench.drill.outcome import Outcome, Scale

_MOVED_BY = timedelta(days=1)


def hold_under_kills(stack: Stack, scale: Scale) -> Outcome:
    """Workers are killed and Redis is wiped while times are held, and once more while they lapse."""

    def kill() -> None:
        for worker in stack.workers:
            worker.kill_a_child(scale.chance.randrange(8))

    return _hold_and_lapse(stack, scale, [kill, stack.redis.wipe])


def hold_over_database_crash(stack: Stack, scale: Scale) -> Outcome:
    """The same while PostgreSQL stops at once and starts anew."""
    assert stack.postgres is not None
    return _hold_and_lapse(stack, scale, [partial(stack.postgres.restart, signal.SIGQUIT)])


def _hold_and_lapse(stack: Stack, scale: Scale, faults: Sequence[Callable[[], object]]) -> Outcome:
    from recalls.models import HeldSlot, RecallEvent, Room, SlotPolicy

    count, rounds = scale.pick(short=16, long=80), scale.pick(short=1, long=3)
    recalls, _browser, _slots = open_recalls(stack, count)
    site = recalls[0].site
    worst = 0.0
    SlotPolicy.objects.create(site=site, holds_slots=True, notice_hours=24)
    SlotPolicy.objects.filter(site=site).update(holds_since=min(recall.opened_at for recall in recalls))
    events = RecallEvent.objects.filter(recall__in=recalls)
    held = events.filter(step="hold_time")
    lapsed = events.filter(step="release_time")
    worst = max(worst, _fault_while(stack, scale, list(faults) * rounds, held.count, count))
    stack.wait_for(lambda: patiently(held.count) >= count)
    overlaps = patiently(partial(_count_overlaps, site))
    standing = patiently(HeldSlot.objects.filter(recall__in=recalls, ended_at=None).count)
    _let_lapse(recalls)
    worst = max(worst, _fault_while(stack, scale, list(faults) * rounds, lapsed.count, count))
    stack.wait_for(lambda: patiently(lapsed.count) >= count)
    found = Counter(patiently(lambda: list(events.values_list("recall", "step"))))
    wanted = {(recall.pk, step): 1 for recall in recalls for step in ("open_recall", "hold_time", "release_time")}
    verdict = judge_same(_by_name(wanted), _by_name(found))
    facts = {"no room is overfilled": not overlaps, "each held time is one row": standing == count}
    rooms = patiently(Room.objects.filter(site=site).count)
    tried = f"{count} times held in {rooms} rooms and lapsed, {2 * rounds * len(faults)} faults"
    return Outcome(tried, verdict + judge_facts(facts), worst)


def _let_lapse(recalls: Sequence[Any]) -> None:
    """As if their time had run out."""
    from django.utils import timezone

    from recalls.models import HeldSlot

    patiently(lambda: HeldSlot.objects.filter(recall__in=recalls).update(expires_at=timezone.now()))


def _fault_while(
    stack: Stack, scale: Scale, faults: Sequence[Callable[[], object]], count: Callable[[], int], whole: int
) -> float:
    """The faults at points chosen by the seed; the longest pause behind one until work went on or was done."""
    worst = 0.0
    for mark in sorted(scale.chance.sample(range(whole), len(faults))):
        stack.wait_for(partial(_has_reached, count, mark))
        time.sleep(scale.chance.uniform(0, 0.1))
        before, began = patiently(count), time.monotonic()
        faults[0]()
        faults = [*faults[1:], faults[0]]
        stack.wait_for(partial(_has_reached, count, min(before + 1, whole)), RECOVERY_SECONDS)
        worst = max(worst, time.monotonic() - began)
    return worst


def _has_reached(count: Callable[[], int], mark: int) -> bool:
    return patiently(count) >= mark


def _by_name(found: Any) -> dict[str, int]:
    """Named by the step, so that the table says what was missing and not of whom."""
    return {f"{step} {recall}": number for (recall, step), number in dict(found).items()}


def _count_overlaps(site: Any) -> int:
    from recalls.models import Room
    from tests.support.slot_race import find_overlaps

    rooms = set(Room.objects.filter(site=site).values_list("pk", flat=True))
    return sum(int(line.split()[1].rstrip(":")) in rooms for line in find_overlaps())


def kill_web_under_patients(stack: Stack, scale: Scale) -> Outcome:
    """Patients keep, move and cancel on their page, each form tapped twice at once, while web workers are killed."""
    count, kills = scale.pick(short=12, long=45), scale.pick(short=2, long=8)
    recalls, browser, slots = open_recalls(stack, count)
    acts = [_ACTS[number % len(_ACTS)](recall, slots[number]) for number, recall in enumerate(recalls)]
    pages = [open_patients_page(stack.web_port, recall.patient) for recall in recalls]
    sends = [
        partial(page.post_until_saved, path, fields)
        for page, (path, fields) in zip(pages, acts, strict=True)
        for _tap in range(2)
    ]
    worst = while_web_is_killed(stack, scale, browser, kills, lambda: send_at_once(sends))
    facts = {"no room is overfilled": not _count_overlaps(recalls[0].site)}
    tried = f"{count} patients keep, move or cancel, two taps each, {kills} kills"
    return Outcome(tried, _judge_acts(recalls, slots) + judge_facts(facts), worst)


def _keep(recall: Any, _slot: str) -> tuple[str, dict[str, Any]]:
    from clinic.actors import SYSTEM
    from recalls import actions
    from recalls.models import HeldSlot

    _allow_self_booking(recall.site)
    actions.hold_time(recall, by=SYSTEM)
    held = HeldSlot.objects.get(recall=recall)
    return "/my/keep/", {"held": f"{held.pk}:{held.sequence}"}


def _move(recall: Any, slot: str) -> tuple[str, dict[str, Any]]:
    """To the next staffed day, same room and hour."""
    _book(recall, slot)
    return "/my/times/", {"slot": _moved(recall.site, slot), "seen": recall.version, "key": str(uuid4())}


def _cancel(recall: Any, slot: str) -> tuple[str, dict[str, Any]]:
    _book(recall, slot)
    return "/my/cancel/", {"reason": "ride", "key": str(uuid4())}


_ACTS = (_keep, _move, _cancel)
_STEPS = ("book_appointment", "reschedule", "cancel_appointment")


def _allow_self_booking(site: Any) -> None:
    from recalls.models import SlotPolicy

    SlotPolicy.objects.get_or_create(site=site, defaults={"self_booking": True, "notice_hours": 24})


def _book(recall: Any, slot: str) -> None:
    from clinic.factories import get_site_staff
    from recalls import actions
    from recalls.models import Room
    from recalls.scheduling.slots import parse_slot

    _allow_self_booking(recall.site)
    found = parse_slot(slot, Room.objects.filter(site=recall.site))
    assert found is not None
    room, starts_at = found
    actions.book_appointment(
        recall, actions.Slot(recall.site, starts_at, room=room), by=get_site_staff(recall.site).scheduler
    )


def _moved(site: Any, slot: str) -> str:
    from datetime import datetime

    room, _at, instant = slot.partition("@")
    starts_at = datetime.fromisoformat(instant).astimezone(site.zone) + _MOVED_BY
    while starts_at.weekday() > 4:
        starts_at += _MOVED_BY
    return f"{room}@{starts_at.isoformat(timespec='minutes')}"


def _judge_acts(recalls: Sequence[Any], slots: Sequence[str]) -> Verdict:
    """Each form acted once, and the visit is where it was asked for."""
    from datetime import datetime

    from recalls.models import Appointment, HeldSlot, RecallEvent, WorkItem

    expected, found = Counter[str](), Counter[str]()
    for number, recall in enumerate(recalls):
        what = number % len(_ACTS)
        expected[f"{_STEPS[what]} {number}"] = expected[f"visit {number}"] = 1
        events = RecallEvent.objects.filter(recall=recall, step=_STEPS[what], by="patient")
        found[f"{_STEPS[what]} {number}"] = events.count()
        visits = Appointment.objects.filter(recall=recall)
        if what == 0:
            wanted = visits.filter(status="booked", starts_at=HeldSlot.objects.get(recall=recall).starts_at)
        elif what == 1:
            asked_for = datetime.fromisoformat(_moved(recall.site, slots[number]).partition("@")[2])
            wanted = visits.filter(status="booked", starts_at=asked_for)
        else:
            wanted = visits.filter(status="cancelled")
        found[f"visit {number}"] = wanted.count() if visits.count() == 1 else visits.count()
        if what == 2:
            expected[f"task {number}"] = 1
            found[f"task {number}"] = WorkItem.objects.filter(recall=recall, kind="barrier", done_at=None).count()
    return judge_same(expected, found)
