"""Reads from a clinic's own year what the simulation plays: how many recalls come, and how soon they are reached."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from clinic import calendar
from clinic.models import Site, User
from clinic.roles import Role
from recalls.enums import AppointmentStatus, ContactChannel, ContactResult, VisitKind
from recalls.models import Appointment, ContactAttempt
from reports.audit.scope import AuditScope, Breakdown
from reports.audit.waits.definitions import Moment
from reports.audit.waits.figures import load_groups
from reports.audit.waits.moments import RecallDays, opened_recalls
from reports.audit.waits.survival import Waits, fit_curve

DAYS_BACK = 365
# Where a clinic has no history of something yet.
_DEFAULT_DELAYS, _DEFAULT_LEADS, _DEFAULT_GAPS = ((0, 0.5), (1, 0.5)), ((3, 0.5), (5, 0.5)), (1,)
_DEFAULT_BOOKED, _DEFAULT_MISSED = 0.5, 0.05
_ENDED = (AppointmentStatus.ATTENDED, AppointmentStatus.MISSED, AppointmentStatus.CANCELLED)
_AHEAD = (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)

Steps = tuple[tuple[int, float], ...]  # after so many open days, with that probability; what is left never comes


@dataclass(frozen=True, slots=True)
class ClinicHistory:
    """A year of some sites in open days. Shares are of one, steps come from Kaplan and Meier."""

    open_days: int
    arrivals: tuple[int, ...]  # the open day on which each recall came
    delays: Steps
    comes_share: float  # of those called: who is seen in the end
    gaps: tuple[int, ...]
    in_vain: tuple[int, ...]
    booked_share: float
    leads: Steps
    missed_share: float
    cancelled_share: float
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
        return self.recalls / self.open_days if self.open_days else 0.0


def load_history(sites: Sequence[Site], today: date) -> ClinicHistory:
    """The last year until yesterday, or since the first recall."""
    scope = AuditScope(tuple(sites), today - timedelta(days=DAYS_BACK), today)
    groups = load_groups(scope, Breakdown.ALL)
    rows = groups[0][1] if groups else []
    first = min((day for row in rows if (day := row.days[Moment.RESULT.position])), default=today.toordinal())
    clock = OpenDays(sites[0], date.fromordinal(first), today + timedelta(days=DAYS_BACK))
    calls, visits = (_waits(rows, clock, today, end) for end in (Moment.CALL, Moment.VISIT))
    tries = _read_tries(scope, clock)
    delays, arrivals = _steps(calls), _steps(visits)
    statuses, leads, busiest = _read_visits(scope, clock, today)
    ended = sum(statuses[one] for one in _ENDED)
    return ClinicHistory(
        open_days=max(clock.number(today), 1),
        arrivals=tuple(sorted(clock.number(day) for row in rows if (day := row.days[Moment.RESULT.position]))),
        delays=delays or _DEFAULT_DELAYS,
        comes_share=min(_sum(arrivals) / _sum(delays), 1.0) if delays and arrivals else 1.0,
        gaps=tries.gaps,
        in_vain=tries.in_vain,
        booked_share=tries.booked_share,
        leads=_steps(leads) or _DEFAULT_LEADS,
        missed_share=statuses[AppointmentStatus.MISSED] / ended if ended else _DEFAULT_MISSED,
        cancelled_share=statuses[AppointmentStatus.CANCELLED] / ended if ended else 0.0,
        schedulers=_count_schedulers(scope),
        slots_a_day=max(busiest, 1),
        call_waits=calls,
        visit_waits=visits,
        tries=tries.total,
    )


class OpenDays:
    """Numbers the open days of a site from the first on; a closed day has the number of the open one before it."""

    def __init__(self, site: Site, first: date, last: date) -> None:
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        self._open = [day.toordinal() for day in days if calendar.is_open_day(site, day)]

    def number(self, day: date | int) -> int:
        return bisect_right(self._open, day if isinstance(day, int) else day.toordinal())


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
        found[max(clock.number(last) - clock.number(start), 0), is_there] += 1
    return found


def _steps(waits: Waits) -> Steps:
    """The probability of each day by Kaplan and Meier; empty where nobody got there."""
    days = sorted({day for day, ended in waits if ended})
    if not days:
        return ()
    shares = [share or 0.0 for share in fit_curve(waits, days).shares]
    return tuple((day, share - before) for day, share, before in zip(days, shares, [0.0, *shares], strict=False))


def _sum(steps: Steps) -> float:
    return sum(share for _day, share in steps)


@dataclass(frozen=True, slots=True)
class _Tries:
    """Phone calls: how often one led to a booking where any did, the open days between two, how many led to none."""

    total: int
    booked_share: float
    gaps: tuple[int, ...]
    in_vain: tuple[int, ...]  # of each recall that was called and never booked


def _read_tries(scope: AuditScope, clock: OpenDays) -> _Tries:
    rows = ContactAttempt.objects.filter(recall__in=opened_recalls(scope), channel=ContactChannel.PHONE, retracts=None)
    by_recall: defaultdict[int, list[tuple[date, bool]]] = defaultdict(list)
    for recall, at, result in rows.filter(retracted_by=None).order_by("at").values_list("recall_id", "at", "result"):
        by_recall[recall].append((at.date(), result == ContactResult.REACHED_WILL_BOOK))
    until_booked = [
        number for tries in by_recall.values()
        if (number := next((count for count, (_day, booked) in enumerate(tries, 1) if booked), 0))
    ]  # fmt: skip
    in_vain = [len(tries) for tries in by_recall.values() if not any(booked for _day, booked in tries)]
    gaps = [
        max(clock.number(later) - clock.number(earlier), 0)
        for tries in by_recall.values()
        for (earlier, _booked), (later, _later) in pairwise(tries)
    ]
    share = len(until_booked) / sum(until_booked) if until_booked else _DEFAULT_BOOKED
    return _Tries(sum(map(len, by_recall.values())), share, tuple(gaps) or _DEFAULT_GAPS, tuple(in_vain) or (1,))


def _read_visits(scope: AuditScope, clock: OpenDays, today: date) -> tuple[Counter[str], Waits, int]:
    """How the visits ended, how many open days they were booked ahead, and the most that took place on one day."""
    rows = Appointment.objects.filter(recall__in=opened_recalls(scope), status__in=(*_ENDED, *_AHEAD))
    rows = rows.exclude(kind__in=(VisitKind.BIOPSY, VisitKind.FOLLOW_UP)).order_by()
    statuses: Counter[str] = Counter()
    leads: Counter[tuple[int, bool]] = Counter()
    by_day: Counter[date] = Counter()
    for status, made, starts in rows.values_list("status", "created_at", "starts_at"):
        statuses[status] += 1
        leads[max(clock.number(starts.date()) - clock.number(made.date()), 0), True] += 1
        by_day[starts.date()] += status != AppointmentStatus.CANCELLED
    return statuses, leads, max(by_day.values(), default=0)


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
