"""Keeps the same-day lane true: forecasts its days once a day, keeps and withdraws times, counts what stayed unused.

That a time was given back or has come is decided where it is read; a run that is late or killed blocks no room.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from recalls.enums import ROOM_OCCUPYING_STATUSES, LaneEnd
from recalls.models import MAX_VISIT_MINUTES, Appointment, LaneDay, LanePolicy, LaneTime, Room, VisitPart
from recalls.scheduling import slots
from recalls.scheduling.held_slots import lock_rooms_at_site
from recalls.scheduling.lane_forecast import (
    LaneHistory,
    count_read_screens,
    forecast_recalls,
    load_lane_history,
    places_for,
)
from recalls.scheduling.lane_times import LANE_KIND, choose_times, kept_until

HORIZON_DAYS = 14  # days ahead: ordinary visits are wanted within seven, so that none fills the lane before it is kept
_COUNTED_AT_ONCE = 500  # times of which the unused minutes are counted in one run; the next goes on
_SPREAD = timedelta(minutes=MAX_VISIT_MINUTES)


def tend_lanes() -> dict[str, int]:
    """Site by site; how many times were kept, withdrawn and counted. Two runs at once do each once."""
    now, kept, withdrawn = timezone.now(), 0, 0
    rows = LanePolicy.objects.select_related("site").prefetch_related("site__opening_hours", "site__closures")
    for policy in rows.order_by("pk"):
        withdrawn += _withdraw_undone(policy.site, now)
        history = cache(lambda policy=policy: load_lane_history(policy.site, policy, now))
        today = calendar.local_day(policy.site, now)
        for day in (today + timedelta(days=ahead) for ahead in range(HORIZON_DAYS)):
            more, fewer = _tend_day(policy, day, now, history)
            kept, withdrawn = kept + more, withdrawn + fewer
    return {"kept": kept, "withdrawn": withdrawn, "counted": _count_unused(now)}


def _tend_day(
    policy: LanePolicy, day: date, now: datetime, history: Callable[[], LaneHistory]
) -> tuple[int, int]:  # fmt: skip
    """How many times were kept and withdrawn. Under the lock on the day's row, then on the rooms as bookings do it."""
    site = policy.site
    if not policy.is_on or not calendar.is_open_day(site, day):
        return 0, _withdraw(_times_on(site, day).standing(now), now)
    with transaction.atomic():
        LaneDay.objects.get_or_create(site=site, day=day)
        lane_day = LaneDay.objects.select_for_update().get(site=site, day=day)
        is_fresh = lane_day.forecast_at and calendar.local_day(site, lane_day.forecast_at) == calendar.local_day(
            site, now
        )
        if not is_fresh:
            write_forecast(lane_day, policy, now, history())
        rooms = lock_rooms_at_site(site, LANE_KIND)
        fitting = _fitting(policy, rooms, _times_on(site, day).standing(now))
        fewer = _withdraw(_times_on(site, day).standing(now).exclude(pk__in=fitting), now)
        wanted = max(places_for(policy, lane_day.expected) - _used_up(site, day, now), 0)
        surplus = fitting[wanted:]
        fewer += _withdraw(LaneTime.objects.filter(pk__in=surplus), now)
        chosen = choose_times(site, policy, day, wanted - len(fitting), rooms, now)
        LaneTime.objects.bulk_create(
            LaneTime(
                site=site, room=one.room, starts_at=one.starts_at, length_minutes=policy.minutes, kept_at=now,
                kept_until=kept_until(site, policy, one.starts_at),
            )
            for one in chosen
        )  # fmt: skip
    return len(chosen), fewer


def _fitting(policy: LanePolicy, rooms: Iterable[Room], times: Iterable[LaneTime]) -> list[int]:
    """The keys of those that are still as the site's rule says, in one of these rooms while it is staffed."""
    site, by_id = policy.site, {room.pk: room for room in rooms}
    return sorted(
        one.pk for one in times
        if one.room_id in by_id and one.length_minutes == policy.minutes
        and one.kept_until == kept_until(site, policy, one.starts_at)
        and slots.is_room_staffed(site, by_id[one.room_id], one.starts_at, one.length_minutes)
    )  # fmt: skip


def write_forecast(lane_day: LaneDay, policy: LanePolicy, now: datetime, history: LaneHistory) -> None:
    """Store what is expected of the day; the caller holds the lock on its row."""
    is_today = lane_day.day == calendar.local_day(policy.site, now)
    read = count_read_screens(policy.site, policy, lane_day.day) if is_today and lane_day.screens is None else {}
    lane_day.expected = forecast_recalls(history, lane_day, read)
    lane_day.forecast_at = now
    lane_day.save(update_fields=["expected", "forecast_at"])


def note_screens(lane_day: LaneDay, *, by: str) -> None:
    """Keep what the desk noted of the day's list (`screens` and its parts); the next run forecasts the day anew."""
    with transaction.atomic():
        stored, _created = LaneDay.objects.select_for_update().get_or_create(site=lane_day.site, day=lane_day.day)
        for name in ("screens", "first_screens", "long_gaps", "high_risks"):
            setattr(stored, name, getattr(lane_day, name))
        stored.noted_by, stored.forecast_at = by, None
        stored.save()


def _times_on(site: Site, day: date) -> Any:
    starts = calendar.instant(site, day, datetime.min.time())
    return LaneTime.objects.filter(
        site=site, starts_at__gte=starts, starts_at__lt=calendar.start_of_day(site, starts, 1)
    ).order_by("starts_at", "pk")


def _used_up(site: Site, day: date, now: datetime) -> int:
    """Times of the day that were given out, or came and went."""
    rows = _times_on(site, day)
    given = rows.filter(ended_because__in=(LaneEnd.TAKEN, LaneEnd.GIVEN)).count()
    return int(given + rows.filter(ended_at=None, kept_until__lte=now).count())


def _withdraw(rows: "QuerySet[LaneTime]", now: datetime) -> int:
    numbers = list(rows.values_list("pk", flat=True))
    open_ones = LaneTime.objects.filter(pk__in=numbers, ended_at=None)
    return open_ones.update(ended_at=now, ended_because=LaneEnd.WITHDRAWN) if numbers else 0


def _withdraw_undone(site: Site, now: datetime) -> int:
    """Times to come whose visit was undone, moved or cancelled count as not taken; another is kept in their place."""
    visit = Appointment.objects.filter(
        recall=OuterRef("recall"), room=OuterRef("room"), status__in=ROOM_OCCUPYING_STATUSES,
        starts_at__lte=OuterRef("starts_at"),
    )  # fmt: skip
    taken = LaneTime.objects.filter(site=site, ended_because=LaneEnd.TAKEN, starts_at__gt=now).exclude(Exists(visit))
    return taken.update(recall=None, ended_because=LaneEnd.WITHDRAWN)


def _count_unused(now: datetime) -> int:
    """Count the minutes of each time that is over and was not withdrawn in which nobody was in its room."""
    rows = LaneTime.objects.filter(unused_minutes=None, starts_at__lt=now).exclude(ended_because=LaneEnd.WITHDRAWN)
    over = [one for one in rows.order_by("pk")[:_COUNTED_AT_ONCE] if one.ends_at <= now]
    for one in over:
        one.unused_minutes = _unused_minutes(one)
    LaneTime.objects.bulk_update(over, ["unused_minutes"])
    return len(over)


def _unused_minutes(one: LaneTime) -> int:
    within = {"room": one.room_id, "starts_at__gt": one.starts_at - _SPREAD, "starts_at__lt": one.ends_at}
    visits = Appointment.objects.filter(status__in=ROOM_OCCUPYING_STATUSES, **within)
    parts = VisitPart.objects.filter(appointment__status__in=ROOM_OCCUPYING_STATUSES, **within)
    spans = [*visits.values_list("starts_at", "length_minutes"), *parts.values_list("starts_at", "length_minutes")]
    left, reached = timedelta(0), one.starts_at
    for begins, minutes in sorted(spans):
        left += max(min(begins, one.ends_at) - reached, timedelta(0))
        reached = max(reached, begins + timedelta(minutes=minutes))
    return int((left + max(one.ends_at - reached, timedelta(0))).total_seconds() // 60)
