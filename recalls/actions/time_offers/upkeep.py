"""Keeps held times true each minute: tells histories what ended, and holds a time for each recall that has none.

That a hold has lapsed, was taken or is void is decided where it is read; this only writes it down, so a run that is
late or killed leaves no room blocked and nobody forgotten.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone

from clinic.actors import SYSTEM
from clinic.models import Site
from recalls.actions.time_offers.holding import end_hold, hold_time, release_time
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, HELD_AGAIN_AFTER, AppointmentStatus, HeldSlotEnd, State
from recalls.models import Appointment, HeldSlot, Recall, SlotPolicy
from recalls.permissions import StepRefused
from recalls.scheduling import slots
from recalls.scheduling.held_slots import (
    best_slot,
    last_day,
    reason_to_end,
    rooms_at_site,
    visit_need,
)

log = logging.getLogger(__name__)

BATCH_SIZE = 200  # recalls of a site in one run; the next minute takes the rest
_UNDO_TIME = timedelta(minutes=1)  # a step that is undone within seconds finds its hold again
_TRIED_FOR = timedelta(days=2)  # since anything happened to the recall: then a person has it in hand
_NEED_RELATED = ("recall__patient__visit_wish", "recall__exam", "recall__imaging_order", "room")


def tend_held_slots() -> dict[str, int]:
    """End what no longer stands and hold what is missing; how many of each. Two runs at once do each once."""
    now = timezone.now()
    ended = _end_holds(now) + _end_second_offers(now)
    return {"ended": ended, "held": sum(_hold_for_site(policy, now) for policy in _policies())}


def _end_holds(now: datetime) -> int:
    rows = HeldSlot.objects.filter(is_noted=False).select_related(*_NEED_RELATED)
    related = ("recall__exam__findings", "room__hours")
    sites, minutes_of, ended = dict[int, Site](), cache(slots.visit_minutes), 0
    for held in rows.prefetch_related(*related).order_by("pk").iterator(chunk_size=500):
        if held.recall.site_id not in sites:
            sites[held.recall.site_id] = _with_calendar(held.recall.site_id)
        held.recall.site = held.room.site = sites[held.recall.site_id]
        why = reason_to_end(held, visit_need(held.recall, minutes_of), now)
        ended += why is not None and _end(held, why, now)
    return ended


def _with_calendar(pk: int) -> Site:
    return Site.objects.prefetch_related("opening_hours", "closures").select_related("deadline_policy").get(pk=pk)


def _end(held: HeldSlot, why: HeldSlotEnd, now: datetime) -> bool:
    """In the history of a recall that is still to be contacted; one that moved on says by itself what became of it."""
    recall = held.recall
    if recall.state != State.TO_CONTACT:
        if recall.state_since > now - _UNDO_TIME:
            return False
        end_hold(held, why, now)
        return True
    return _take(release_time, recall)


def _end_second_offers(now: datetime) -> int:
    """One person is offered one time: of two whose records were merged the gravest recall keeps its own."""
    standing = HeldSlot.objects.standing(now)
    twice = standing.order_by().values("recall__patient").annotate(times=Count("pk")).filter(times__gt=1)
    seen, ended = set[int](), 0
    of_them = standing.filter(recall__patient__in=twice.values("recall__patient")).select_related("recall__site")
    for held in of_them.order_by("-recall__suspicious", "pk"):
        if held.recall.patient_id in seen:
            ended += _take(partial(release_time, because=HeldSlotEnd.CHANGED), held.recall)
        seen.add(held.recall.patient_id)
    return ended


def _take(step: Any, recall: Recall) -> bool:
    try:
        step(recall, by=SYSTEM)
    except (StepRefused, ValidationError):
        return False
    except Exception as error:  # noqa: BLE001  one recall that cannot be served must not hold up the others
        log.error("recall %s: its held time was not settled: %s", recall.pk, type(error).__name__)
        return False
    return True


def _policies() -> Iterator[SlotPolicy]:
    related = ("site__opening_hours", "site__closures")
    rows = SlotPolicy.objects.filter(holds_slots=True).select_related("site__deadline_policy")
    return iter(rows.prefetch_related(*related))


def _hold_for_site(policy: SlotPolicy, now: datetime) -> int:
    """The gravest and the latest first. Where nothing was free for one, nothing is looked for again for its like."""
    held, full = 0, set[Any]()
    rooms, minutes_of = defaultdict[Any, list[Any]](list), cache(slots.visit_minutes)
    for recall in recalls_without_time(policy, now)[:BATCH_SIZE]:
        recall.site = policy.site
        need = visit_need(recall, minutes_of)
        like = (need, recall.suspicious, last_day(recall, now))
        if like in full:
            continue
        if need.kind not in rooms:
            rooms[need.kind] = rooms_at_site(policy.site, need.kind)
        if best_slot(recall, need, rooms[need.kind], policy) is None:
            full.add(like)
        else:
            held += _take(hold_time, recall)
    return held


def recalls_without_time(policy: SlotPolicy, now: datetime) -> Any:
    """The recalls for which a time is to be held: of a first contact, with none offered, and in nobody's hands yet."""
    of_patient = {"recall__patient": OuterRef("patient")}
    visits = Appointment.objects.filter(**of_patient, status__in=ACTIVE_APPOINTMENT_STATUSES, starts_at__gt=now)
    again = Q(held_slot__is_noted=True, held_slot__ended_because__in=HELD_AGAIN_AFTER)
    rows = Recall.objects.in_state(State.TO_CONTACT).filter(
        Q(held_slot=None) | again | Q(held_slot__held_at__lt=F("state_since")),
        site=policy.site,
        opened_at__gte=policy.holds_since,
        changed_at__gt=now - _TRIED_FOR,
        patient__deceased_on=None,
        exam__patient=F("patient"),
    )
    booked = Appointment.objects.filter(recall=OuterRef("pk")).exclude(status=AppointmentStatus.ENTERED_IN_ERROR)
    rows = rows.exclude(Exists(booked)).exclude(Exists(visits))
    rows = rows.exclude(Exists(HeldSlot.objects.standing(now).filter(**of_patient)))
    related = rows.select_related("patient__visit_wish", "exam", "imaging_order").prefetch_related("exam__findings")
    return related.order_by("-suspicious", "target_at", "pk")
