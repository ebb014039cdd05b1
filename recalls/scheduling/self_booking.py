"""Finds the free times among which a patient may choose by themselves: only what the desk would book too.

Everything that decides is read in two queries, whatever the number of rooms, visits and holds; the booking looks again
under the locks.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from clinic import calendar
from clinic.models import Closure, OpeningHours, Site
from clinic.union_fetch import fetch_union, set_prefetched
from patients.models import Patient
from recalls.enums import (
    ACTIVE_APPOINTMENT_STATUSES,
    MODALITY_BY_VISIT_KIND,
    ROOM_OCCUPYING_STATUSES,
    State,
    VisitKind,
)
from recalls.models import (
    MAX_VISIT_MINUTES,
    Appointment,
    Finding,
    HeldSlot,
    LaneTime,
    Recall,
    Room,
    RoomHold,
    RoomHours,
    SlotPolicy,
    VisitLength,
    VisitPart,
)
from recalls.scheduling import slots
from recalls.scheduling.held_slots import VisitNeed, first_instant, last_day, visit_need
from recalls.scheduling.slots import FreeSlot, Interval
from recalls.scheduling.staff_and_way import in_order_of_language

CHANGE_UNTIL = timedelta(hours=2)  # before a visit: later the patient is on the way, and a call is needed
DAYS_AFTER_TARGET = 21  # days; after a 4 or 5 nobody puts a visit off alone
# A safety check by phone comes first, or tissue is taken: these are agreed with a person.
_BY_PHONE = frozenset(
    {VisitKind.MRI, VisitKind.CEM, VisitKind.ASPIRATION, VisitKind.BIOPSY, VisitKind.SURGICAL_CONSULT}
)


@dataclass(slots=True)
class SelfBooking:
    """The recall whose visit the patient may book, or move where one is booked, with what a free time depends on."""

    recall: Recall
    visit: Appointment | None
    need: VisitNeed
    first: datetime
    last: date
    rooms: list[Room] = field(default_factory=list)
    busy: dict[int, list[Interval]] = field(default_factory=dict)
    own: list[Interval] = field(default_factory=list)

    def free_times(self, now: datetime, since: date | None = None) -> Iterator[FreeSlot]:
        """Earliest first, one room for each instant, without that of the visit itself; from `since` on where given."""
        site, length = self.recall.site, timedelta(minutes=self.need.minutes)
        day, booked = max(calendar.local_day(site, self.first), since or date.min), self.visit and self.visit.starts_at
        while day <= self.last:
            given = set[datetime]()
            for one in slots.free_slots_on_day(site, self.rooms, self.need.minutes, day, self.busy, now):
                is_new = one.starts_at >= self.first and one.starts_at not in given and one.starts_at != booked
                if is_new and not slots.overlaps(self.own, (one.starts_at, one.starts_at + length)):
                    given.add(one.starts_at)
                    yield one
            day += timedelta(days=1)


def find_self_booking(patient: Patient, now: datetime) -> SelfBooking | None:
    """What the patient may book or move now; None where a person must agree it. Two queries.

    Not with two open recalls, a visit in several parts or at a mobile unit, a kind that begins with a safety check, or
    a visit that begins within two hours.
    """
    related = ("site__slot_policy", "site__deadline_policy", "exam", "imaging_order", "patient__visit_wish")
    rows = list(Recall.objects.still_open().filter(patient=patient).select_related(*related)[:2])
    if len(rows) != 1:
        return None
    recall = rows[0]
    policy = getattr(recall.site, "slot_policy", None)
    is_open_for_it = recall.state in (State.TO_CONTACT, State.SCHEDULED) and recall.exam.patient_id == patient.pk
    if policy is None or not policy.self_booking or not is_open_for_it:
        return None
    return _read(recall, policy, now)


def _read(recall: Recall, policy: SlotPolicy, now: datetime) -> SelfBooking | None:
    found = fetch_union(**_querysets(recall, now))
    site = recall.site
    set_prefetched(site, opening_hours=found["opening"], closures=found["closures"])
    set_prefetched(recall.exam, findings=found["findings"])
    for room in found["rooms"]:
        set_prefetched(room, hours=[hours for hours in found["hours"] if hours.room_id == room.pk])
    visit = next((one for one in found["own"] if one.recall_id == recall.pk), None)
    if (visit is None) == (recall.state == State.SCHEDULED):
        return None
    if visit is not None and (visit.part_count or visit.stop_id or visit.starts_at - CHANGE_UNTIL <= now):
        return None
    need = _need(recall, visit, {length.what: length.minutes for length in found["lengths"]})
    if need.kind in _BY_PHONE:
        return None
    modality = MODALITY_BY_VISIT_KIND[need.kind]
    return SelfBooking(
        recall=recall, visit=visit, need=need, first=first_instant(recall, policy, now), last=_last_day(recall, now),
        rooms=in_order_of_language(
            (room for room in found["rooms"] if room.modality == modality), recall.patient.language
        ),
        busy=_busy(found, visit),
        own=[_span(one) for one in (*found["own"], *found["own_parts"]) if one is not visit],
    )  # fmt: skip


def _querysets(recall: Recall, now: datetime) -> dict[str, Any]:
    site = recall.site
    rooms = Room.objects.filter(site=site, in_use=True, is_mobile=False)
    soon = {"starts_at__gt": now - timedelta(minutes=MAX_VISIT_MINUTES), "starts_at__lt": now + timedelta(days=90)}
    of_patient = Q(recall__patient=recall.patient_id, status__in=ACTIVE_APPOINTMENT_STATUSES)
    parts_of_patient = Q(
        appointment__recall__patient=recall.patient_id, appointment__status__in=ACTIVE_APPOINTMENT_STATUSES
    )
    return {
        "opening": OpeningHours.objects.filter(site=site),
        "closures": Closure.objects.filter(site=site),
        "findings": Finding.objects.filter(exam=recall.exam_id),
        "lengths": VisitLength.objects.filter(site=site),
        "rooms": rooms,
        "hours": RoomHours.objects.filter(room__in=rooms),
        "visits": Appointment.objects.filter(room__in=rooms, status__in=ROOM_OCCUPYING_STATUSES, **soon),
        "parts": VisitPart.objects.filter(
            room__in=rooms, appointment__status__in=ROOM_OCCUPYING_STATUSES, **soon
        ),
        "holds": RoomHold.objects.filter(room__in=rooms, expires_at__gt=now, **soon),
        "held": HeldSlot.objects.blocking(recall, now).filter(room__in=rooms, **soon),
        "lane": LaneTime.objects.blocking(recall, now).filter(room__in=rooms, **soon),
        "own": Appointment.objects.filter(of_patient, starts_at__gt=now - timedelta(days=1)),
        "own_parts": VisitPart.objects.filter(parts_of_patient, **soon),
    }  # fmt: skip


def _need(recall: Recall, visit: Appointment | None, own_lengths: dict[str, int]) -> VisitNeed:
    """That of the booked visit, which may differ from what was proposed; else what the recall asks for."""
    if visit is not None:
        return VisitNeed(VisitKind(visit.kind), visit.length_minutes, visit.interpreter, visit.implants)

    def minutes_of(_site: Site, kind: VisitKind, **needs: bool) -> int:
        return slots.sum_minutes(own_lengths, kind, **needs)

    return visit_need(recall, minutes_of)


def _last_day(recall: Recall, now: datetime) -> date:
    last = last_day(recall, now)
    return last if recall.suspicious else last + timedelta(days=DAYS_AFTER_TARGET)


def _busy(found: dict[str, list[Any]], visit: Appointment | None) -> dict[int, list[Interval]]:
    busy: defaultdict[int, list[Interval]] = defaultdict(list)
    for one in (*found["visits"], *found["parts"], *found["holds"], *found["held"], *found["lane"]):
        if visit is None or not (isinstance(one, Appointment) and one.pk == visit.pk):
            busy[one.room_id].append(_span(one))
    return busy


def _span(one: Any) -> Interval:
    return one.starts_at, one.starts_at + timedelta(minutes=one.length_minutes)
