"""Chooses the times to keep for the same-day lane, and says who may be offered one and which fit."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When

from clinic import calendar
from clinic.models import Site
from clinic.queries.related_rows import read_related
from recalls.enums import State, VisitKind
from recalls.models import LanePolicy, LaneTime, Recall, RecallEvent, Room
from recalls.scheduling import slots
from recalls.scheduling.held_slots import VisitNeed, rooms_at_site
from recalls.scheduling.slots import FreeSlot

# The rooms of the lane, and how long after the opening its first time begins: nobody is read before.
LANE_KIND = VisitKind.DIAGNOSTIC
_AFTER_OPENING = timedelta(hours=1)


def kept_until(site: Site, policy: LanePolicy, starts_at: datetime) -> datetime:
    """Until it begins, or until the hour of that day at which the site gives back what is left."""
    given_back = calendar.instant(site, calendar.local_day(site, starts_at), policy.release_at)
    return min(starts_at, given_back)


def choose_times(
    site: Site, policy: LanePolicy, day: date, count: int, rooms: Sequence[Room], now: datetime
) -> list[FreeSlot]:
    """Free times spread over the day, at most so many; fewer where no more are free. One query."""
    hours = calendar.opening_hours_on(site, day)
    if hours is None or count < 1:
        return []
    opens = calendar.instant(site, day, hours[0]) + _AFTER_OPENING
    busy = slots.booked_intervals(rooms, opens, calendar.start_of_day(site, opens, 1))
    left = [
        one for one in slots.free_slots_on_day(site, rooms, policy.minutes, day, busy, now)
        if one.starts_at >= opens and kept_until(site, policy, one.starts_at) > now
    ]  # fmt: skip
    if not left:
        return []
    first, span = left[0].starts_at, left[-1].starts_at - left[0].starts_at
    chosen = list[FreeSlot]()
    for number in range(count):
        wanted = first + span * ((number + 0.5) / count)
        best = min(left, key=lambda one: (abs(one.starts_at - wanted), one.starts_at, one.room.pk), default=None)
        if best is None:
            break
        chosen.append(best)
        left = [one for one in left if one.room.pk != best.room.pk or not _overlap(one, best)]
    return chosen


def _overlap(one: FreeSlot, other: FreeSlot) -> bool:
    return abs(one.starts_at - other.starts_at) < timedelta(minutes=one.length_minutes)


def is_screened_today(recall: Recall, now: datetime) -> bool:
    return recall.exam.exam_date == calendar.local_day(recall.site, now)


def may_still_be_here(recall: Recall, policy: LanePolicy | None, now: datetime) -> bool:
    """Whether the pages ask to offer the lane: screened today, read a short while ago, and not asked yet.

    No query with the exam, the site and the events at hand.
    """
    if policy is None or not policy.is_on or not _is_fresh(recall, policy.waits_minutes, now):
        return False
    events = read_related(recall, "events")
    return not any(event.step == "decline_lane" and event.at >= recall.state_since for event in events)


def is_marked_as_here(row: Any, now: datetime) -> bool:
    """The same of a row of a list, by its columns `lane_minutes` (None without a lane) and `lane_answered`."""
    return row.lane_minutes is not None and not row.lane_answered and _is_fresh(row, row.lane_minutes, now)


def _is_fresh(recall: Recall, waits_minutes: int, now: datetime) -> bool:
    if recall.state != State.TO_CONTACT or not is_screened_today(recall, now):
        return False
    if recall.exam.patient_id != recall.patient_id or recall.patient.deceased_on:
        return False
    return recall.state_since > now - timedelta(minutes=waits_minutes)


def with_lane_columns(recalls: "QuerySet[Recall]") -> "QuerySet[Recall]":
    """Adds the columns that `is_marked_as_here` reads."""
    answered = RecallEvent.objects.filter(recall=OuterRef("pk"), step="decline_lane", at__gte=OuterRef("state_since"))
    is_on = Q(site__lane_policy__is_on=True)
    minutes = Case(When(is_on, then=F("site__lane_policy__waits_minutes")), default=None)
    return recalls.annotate(lane_minutes=minutes, lane_answered=Exists(answered))


def recalls_still_here(sites: Iterable[Site], now: datetime) -> "QuerySet[Recall]":
    """The recalls of which `may_still_be_here` holds, a result of 4 or 5 first, then who has waited longest.

    Of sites that have a rule; no query for it with the rules at hand.
    """
    fresh = Q(pk__in=())
    for site in sites:
        since = now - timedelta(minutes=site.lane_policy.waits_minutes)
        fresh |= Q(site=site.pk, exam__exam_date=calendar.local_day(site, now), state_since__gt=since)
    asked = RecallEvent.objects.filter(recall=OuterRef("pk"), step="decline_lane", at__gte=OuterRef("state_since"))
    rows = Recall.objects.in_state(State.TO_CONTACT).filter(
        fresh, site__lane_policy__is_on=True, exam__patient=F("patient"), patient__deceased_on=None
    )
    return rows.exclude(Exists(asked)).select_related("patient").order_by("-suspicious", "state_since", "pk")


def lane_offers(recall: Recall, need: VisitNeed, now: datetime) -> list[FreeSlot]:
    """The times of today's lane that fit the visit of the recall, earliest first. Four queries at most."""
    site = recall.site
    rooms = {room.pk: room for room in rooms_at_site(site, need.kind)}
    end = calendar.start_of_day(site, now, 1)
    kept = LaneTime.objects.standing(now).filter(room__in=rooms, starts_at__gt=now, starts_at__lt=end)
    times = list(kept.order_by("starts_at", "room"))
    if not times:
        return []
    busy = slots.booked_intervals(rooms.values(), now, end, None, recall, for_lane=True)
    length = timedelta(minutes=need.minutes)
    return [
        FreeSlot(rooms[one.room_id], one.starts_at, need.minutes)
        for one in times
        if slots.is_room_staffed(site, rooms[one.room_id], one.starts_at, need.minutes)
        and not slots.overlaps(busy[one.room_id], (one.starts_at, one.starts_at + length))
    ]
