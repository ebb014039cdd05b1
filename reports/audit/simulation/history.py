"""Reads from a clinic's own year what the simulation plays: how many recalls come, and how soon they are reached.

Each stretch of the way is read by itself, by Kaplan and Meier where some are still on it: from the result to the first
call, from there to the booking, from the booking to the visit, and from a missed or cancelled visit to the next one.
Whoever was booked late is given a sooner visit than others, so the way to a first visit is read by the days before it.
Only recalls that had time to be seen count: those of the last days are the queue of today.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from clinic import calendar
from clinic.models import Site, User
from clinic.roles import Role
from recalls.enums import AppointmentStatus, ContactChannel, ContactResult, VisitKind
from recalls.models import Appointment, ContactAttempt, RecallEvent
from reports.audit.scope import AuditScope
from reports.audit.waits.definitions import Moment
from reports.audit.waits.moments import RecallDays, load_recall_days, opened_recalls
from reports.audit.waits.survival import Waits, fit_curve

DAYS_BACK = 365
SETTLED_DAYS = 20  # open days: the longest wait that is held against the history
_LATE = 5  # open days: whoever is booked later than that is one group
_FEWEST_LEADS = 5  # bookings; of fewer nothing is read by itself
_FEWEST_SETTLED = 30  # recalls; with fewer of them the newest count too
# Where a clinic has no history of something yet.
_DEFAULT_DELAYS, _DEFAULT_LEADS, _DEFAULT_GAPS = ((0, 0.5), (1, 0.5)), ((3, 0.5), (5, 0.5)), (1,)
_DEFAULT_BOOKINGS, _DEFAULT_AGAIN, _DEFAULT_NOTICES = ((0, 0.5), (1, 0.5)), ((1, 1.0),), (1,)
_DEFAULT_MISSED = 0.05
_ENDED = (AppointmentStatus.ATTENDED, AppointmentStatus.MISSED, AppointmentStatus.CANCELLED)
_AHEAD = (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)
_IN_VAIN = (AppointmentStatus.MISSED, AppointmentStatus.CANCELLED)

Steps = tuple[tuple[int, float], ...]  # after so many open days, with that probability; what is left never comes
Counts = Counter[tuple[int, bool]]  # open days, and whether that is the end of the stretch


@dataclass(frozen=True, slots=True)
class ClinicHistory:
    """A year of some sites in open days. Shares are of one, steps come from Kaplan and Meier."""

    open_days: int  # until today
    arrival_days: int  # in which these recalls came
    arrivals: tuple[int, ...]  # the open day on which each recall came
    delays: Steps  # from the result to the first call, or to a booking without one
    uncalled_share: float  # of those: booked before anybody called
    bookings: Steps  # from the first call to the booking
    gaps: tuple[int, ...]  # between two calls
    in_vain: tuple[int, ...]  # calls of each recall that was called and never booked
    leads: Steps  # from the booking to the visit
    leads_after: tuple[Steps, ...]  # the same of first visits booked on the day of the result, one open day later, ...
    missed_share: float
    cancelled_share: float
    notices: tuple[int, ...]  # from a cancellation to the visit
    again: Steps  # from a missed or cancelled visit to the next booking
    schedulers: int
    slots_a_day: int
    call_waits: Waits
    visit_waits: Waits
    tries: int

    @property
    def recalls(self) -> int:
        return len(self.arrivals)

    @property
    def recalls_a_day(self) -> float:
        return self.recalls / self.arrival_days if self.arrival_days else 0.0

    def first_leads(self, days: int) -> Steps:
        """From a booking so many open days after the result to the visit; of all where few were booked so late."""
        return self.leads_after[min(days, _LATE)] or self.leads if self.leads_after else self.leads


def load_history(sites: Sequence[Site], today: date) -> ClinicHistory:
    """The last year until today, or since the first recall."""
    scope = AuditScope(tuple(sites), today - timedelta(days=DAYS_BACK), today)
    rows = [row for row in load_recall_days(scope) if row.days[Moment.RESULT.position] is not None]
    first = min((day for row in rows if (day := row.days[Moment.RESULT.position])), default=today.toordinal())
    clock = OpenDays(sites[0], date.fromordinal(first), today + timedelta(days=DAYS_BACK))
    rows, arrival_days = _settled(rows, clock, today)
    calls, seen = (_waits(rows, clock, today, end) for end in (Moment.CALL, Moment.VISIT))
    every_visit, numbers = _read_visits(scope), {row.pk for row in rows}
    tries = _read_tries(scope, clock, numbers)
    visits = {recall: own for recall, own in every_visit.items() if recall in numbers}
    stretches = _read_stretches(rows, visits, clock, today)
    ended = Counter(one.status for own in visits.values() for one in own if one.status in _ENDED)
    return ClinicHistory(
        open_days=max(clock.number(today), 1),
        arrival_days=arrival_days,
        arrivals=tuple(sorted(clock.number(day) for row in rows if (day := row.days[Moment.RESULT.position]))),
        delays=_steps(stretches.delays) or _DEFAULT_DELAYS,
        uncalled_share=stretches.uncalled
        / max(sum(count for (_days, there), count in stretches.delays.items() if there), 1),
        bookings=_steps(stretches.bookings) or _DEFAULT_BOOKINGS,
        gaps=tries.gaps,
        in_vain=tries.in_vain,
        leads=_steps(stretches.leads) or _DEFAULT_LEADS,
        leads_after=tuple(
            _steps(stretches.leads_after[days]) if stretches.leads_after[days].total() >= _FEWEST_LEADS else ()
            for days in range(_LATE + 1)
        ),
        missed_share=ended[AppointmentStatus.MISSED] / ended.total() if ended else _DEFAULT_MISSED,
        cancelled_share=ended[AppointmentStatus.CANCELLED] / ended.total() if ended else 0.0,
        notices=stretches.notices or _DEFAULT_NOTICES,
        again=_steps(stretches.again) if stretches.again else _DEFAULT_AGAIN,
        schedulers=_count_schedulers(scope),
        slots_a_day=_busiest_day(every_visit),
        call_waits=calls,
        visit_waits=seen,
        tries=tries.total,
    )


def _settled(rows: list[RecallDays], clock: "OpenDays", today: date) -> tuple[list[RecallDays], int]:
    """The recalls that had time to be seen, and in how many open days they came."""
    result, now = Moment.RESULT.position, clock.number(today)
    old = [row for row in rows if clock.number(row.days[result] or 0) <= now - SETTLED_DAYS]
    return (old, now - SETTLED_DAYS) if len(old) >= _FEWEST_SETTLED else (rows, max(now, 1))


class OpenDays:
    """Numbers the open days of a site from the first on; a closed day has the number of the open one before it."""

    def __init__(self, site: Site, first: date, last: date) -> None:
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        self._open = [day.toordinal() for day in days if calendar.is_open_day(site, day)]

    def number(self, day: date | int) -> int:
        return bisect_right(self._open, day if isinstance(day, int) else day.toordinal())

    def between(self, first: int, last: int) -> int:
        """Open days from one day to the other; 0 where the other is earlier."""
        return max(self.number(last) - self.number(first), 0)


def _waits(rows: Iterable[RecallDays], clock: OpenDays, today: date, end: Moment) -> Waits:
    """From the result, in open days; whoever is not there yet has waited until today or was last seen earlier."""
    result, now = Moment.RESULT.position, today.toordinal()
    found: Counter[tuple[int, bool]] = Counter()
    for row in rows:
        start, there = row.days[result], row.days[end.position]
        if start is None or start > now or (there is None and row.is_answered):
            continue
        is_there = there is not None and there <= now
        last = there if is_there and there is not None else row.last_seen_on or now
        found[clock.between(start, last), is_there] += 1
    return found


def _steps(waits: Waits) -> Steps:
    """The probability of each day by Kaplan and Meier; empty where nobody got there."""
    days = sorted({day for day, ended in waits if ended})
    if not days:
        return ()
    shares = [share or 0.0 for share in fit_curve(waits, days).shares]
    return tuple((day, share - before) for day, share, before in zip(days, shares, [0.0, *shares], strict=False))


class _Tries(NamedTuple):
    """Phone calls: the open days between two, and how many led to no booking of a recall that was never booked."""

    total: int
    gaps: tuple[int, ...]
    in_vain: tuple[int, ...]


def _read_tries(scope: AuditScope, clock: OpenDays, recalls: set[int]) -> _Tries:
    rows = ContactAttempt.objects.filter(recall__in=opened_recalls(scope), channel=ContactChannel.PHONE, retracts=None)
    by_recall: defaultdict[int, list[tuple[date, bool]]] = defaultdict(list)
    for recall, at, result in rows.filter(retracted_by=None).order_by("at").values_list("recall_id", "at", "result"):
        if recall in recalls:
            by_recall[recall].append((at.date(), result == ContactResult.REACHED_WILL_BOOK))
    in_vain = [len(tries) for tries in by_recall.values() if not any(booked for _day, booked in tries)]
    gaps = [
        max(clock.number(later) - clock.number(earlier), 0)
        for tries in by_recall.values()
        for (earlier, _booked), (later, _later) in pairwise(tries)
    ]
    return _Tries(sum(map(len, by_recall.values())), tuple(gaps) or _DEFAULT_GAPS, tuple(in_vain) or (1,))


class _Visit(NamedTuple):
    """A booking of a recall that was no biopsy and no return after months."""

    status: str
    booked_at: datetime
    starts_at: datetime
    cancelled_at: datetime | None = None


def _read_visits(scope: AuditScope) -> dict[int, list[_Visit]]:
    """Of each recall in the order of their booking. Two queries."""
    recalls = opened_recalls(scope)
    events = RecallEvent.objects.filter(recall__in=recalls, step="cancel_appointment").order_by("at")
    cancelled: defaultdict[int, list[datetime]] = defaultdict(list)
    for recall, at in events.values_list("recall_id", "at"):
        cancelled[recall].append(at)
    rows = Appointment.objects.filter(recall__in=recalls, status__in=(*_ENDED, *_AHEAD))
    rows = rows.exclude(kind__in=(VisitKind.BIOPSY, VisitKind.FOLLOW_UP)).order_by("created_at", "pk")
    found: defaultdict[int, list[_Visit]] = defaultdict(list)
    for recall, status, booked_at, starts_at in rows.values_list("recall_id", "status", "created_at", "starts_at"):
        ends = (at for at in cancelled[recall] if at >= booked_at and status == AppointmentStatus.CANCELLED)
        found[recall].append(_Visit(status, booked_at, starts_at, next(ends, None)))
    return dict(found)


@dataclass(slots=True)
class _Stretches:
    """Of all recalls: how long each stretch of the way took, and whether it was over."""

    delays: Counts
    bookings: Counts
    leads: Counts
    again: Counts
    leads_after: defaultdict[int, Counts]
    uncalled: int = 0
    notices: tuple[int, ...] = ()


def _read_stretches(
    rows: Iterable[RecallDays], visits: dict[int, list[_Visit]], clock: OpenDays, today: date
) -> _Stretches:
    found, now = _Stretches(Counter(), Counter(), Counter(), Counter(), defaultdict(Counter)), today.toordinal()
    notices: list[int] = []
    for row in rows:
        own, last = visits.get(row.pk, []), row.last_seen_on or now
        _note_first_booking(found, row, own, clock, last)
        for number, visit in enumerate(own):
            starts, booked = row.day_of(visit.starts_at), row.day_of(visit.booked_at)
            lead, came = clock.between(booked, starts), row.days[Moment.RESULT.position]
            found.leads[lead, True] += 1
            if number == 0 and came is not None:
                found.leads_after[min(clock.between(came, booked), _LATE)][lead, True] += 1
            if visit.cancelled_at:
                notices.append(clock.between(row.day_of(visit.cancelled_at), starts))
            if visit.status in _IN_VAIN:
                ended = row.day_of(visit.cancelled_at or visit.starts_at)
                is_again = number + 1 < len(own)
                if is_again or not row.is_answered:
                    until = row.day_of(own[number + 1].booked_at) if is_again else last
                    found.again[clock.between(ended, until), is_again] += 1
    found.notices = tuple(notices)
    return found


def _busiest_day(visits: dict[int, list[_Visit]]) -> int:
    """The most that were booked for one day, without what was cancelled."""
    days = Counter(
        one.starts_at.date() for own in visits.values() for one in own if one.status != AppointmentStatus.CANCELLED
    )
    return max(days.values(), default=1)


def _note_first_booking(found: _Stretches, row: RecallDays, own: Sequence[_Visit], clock: OpenDays, last: int) -> None:
    """From the result to the first call or booking, and from there to the booking."""
    came, called = row.days[Moment.RESULT.position], row.days[Moment.CALL.position]
    booked = row.day_of(own[0].booked_at) if own else None
    begun = min((day for day in (called, booked) if day is not None), default=None)
    if came is None or (row.is_answered and begun is None):
        return
    found.delays[clock.between(came, last if begun is None else begun), begun is not None] += 1
    if begun is None:
        return
    if booked is not None and (called is None or booked < called):
        found.uncalled += 1
    elif booked is not None or not row.is_answered:
        found.bookings[clock.between(begun, last if booked is None else booked), booked is not None] += 1


def _count_schedulers(scope: AuditScope) -> int:
    roles = (Role.SCHEDULER, Role.NAVIGATOR)
    people = User.objects.filter(groups__name__in=roles, sites__in=scope.site_ids, is_active=True)
    return max(people.distinct().count(), 1)


def draw(steps: Steps, chance: Callable[[], float]) -> int | None:
    """One of the days; None where it never comes."""
    left = chance()
    for day, share in steps:
        left -= share
        if left < 0:
            return day
    return None
