"""Counts the recalls in each queue and behind each filter, out of what is kept: the same work whatever the size."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from clinic.models import User
from clinic.queries.prepared import PreparedQuery
from desk.union_counts import CountQuery, CountRow, as_union, count_query, read_counts
from recalls.enums import OPEN_STATES, State
from recalls.models import CONTACT_FLAGS, Recall
from recalls.scheduling.next_available import NextFreeBySite
from recalls.selectors import kept_counts
from recalls.selectors.queue_filters import FLAG_BY_REASON, FilterReason


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How many recalls stand in a state, how many of them have an overdue next action, how many are past target."""

    total: int = 0
    overdue: int = 0
    past_target: int = 0


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Every open state is in `states`, every filter in `whys` and `languages`, also with none."""

    states: dict[State, QueueCount] = field(default_factory=dict)
    reasons: dict[FilterReason, int] = field(default_factory=dict)
    languages: dict[str, int] = field(default_factory=dict)
    # Of those to contact, how many the person took on.
    mine: int = 0


def get_queue_counts(
    user: User, day_ends: Mapping[int, datetime], now: datetime, free_at: NextFreeBySite
) -> QueueCounts:
    """One query.

    `day_ends`: the sites, each with the end of its today; `free_at`: when somebody could be seen there next.
    """
    if not day_ends:
        return QueueCounts(dict.fromkeys(OPEN_STATES, QueueCount()), dict.fromkeys(FilterReason, 0))
    return _sum_up(read_counts(_ask(user, day_ends, now, free_at)))


def _ask(user: User, day_ends: Mapping[int, datetime], now: datetime, free_at: NextFreeBySite) -> CountQuery:
    until_free = {site: at for site, at in sorted(free_at.items()) if at is not None and at > now and site in day_ends}
    sites = sorted(day_ends)
    values: dict[str, Any] = {"user": user.pk, "sites": sites, "free_sites": list(until_free)}
    at_once, ends = kept_counts.bound_at(now), [kept_counts.bound_at(day_ends[site]) for site in sites]
    free = [kept_counts.bound_at(at) for at in until_free.values()]
    for column in kept_counts.Bound._fields:
        values[f"now_{column}"] = getattr(at_once, column)
        values[f"end_{column}"] = [getattr(bound, column) for bound in ends]
        values[f"free_{column}"] = [getattr(bound, column) for bound in free]
    return _COUNTS.rows(**values)


def _build_counts(*, user: int, sites: list[int], free_sites: list[int], **bounds: Any) -> CountQuery:
    now = kept_counts.Bound(*(bounds[f"now_{column}"] for column in kept_counts.Bound._fields))
    at_once, since_now = dict.fromkeys(sites, now), dict.fromkeys(free_sites, now)
    day_ends, until_free = _zip_bounds(sites, "end", bounds), _zip_bounds(free_sites, "free", bounds)
    to_contact = State.TO_CONTACT.value
    mine = Recall.objects.filter(site_id__in=sites, assigned_to=user, state=to_contact)
    return as_union([
        kept_counts.open_by_kind("open", sites),
        *kept_counts.before_bounds("late", "due", at_once),
        *kept_counts.before_bounds("past", "target", at_once),
        *kept_counts.before_bounds("call", "due", day_ends, to_contact),
        *kept_counts.before_bounds("not_free", "target", until_free, to_contact),
        *kept_counts.before_bounds("past_where_free", "target", since_now, to_contact),
        count_query(mine, "mine"),
    ])  # fmt: skip


def _zip_bounds(sites: list[int], name: str, bounds: Mapping[str, Any]) -> dict[int, kept_counts.Bound]:
    columns = (bounds[f"{name}_{column}"] for column in kept_counts.Bound._fields)
    return dict(zip(sites, (kept_counts.Bound(*row) for row in zip(*columns, strict=True)), strict=True))


_COUNTS = PreparedQuery(_build_counts)


def _sum_up(rows: Iterable[CountRow]) -> QueueCounts:
    to_contact = State.TO_CONTACT.value
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row.query_name][row.key] += row.count
    kinds = [(kept_counts.split_kind(key), count) for key, count in found["open"].items()]
    totals: Counter[str] = Counter()
    for (state, _language, _flags), count in kinds:
        totals[state] += count
    states: dict[State, QueueCount] = {
        state: QueueCount(totals[state], found["late"][state], found["past"][state]) for state in OPEN_STATES
    }
    reasons = {
        FilterReason.CALL_NOW: found["call"][to_contact],
        FilterReason.PRIORS: totals[State.AWAITING_PRIORS],
        FilterReason.NO_SLOT: found["not_free"][to_contact] - found["past_where_free"][to_contact],
        FilterReason.PAST_TARGET: found["past"][to_contact],
    }
    here = [(language, flags, count) for (state, language, flags), count in kinds if state == to_contact]
    reasons |= {
        why: sum(count for _language, flags, count in here if flags[CONTACT_FLAGS.index(flag)] == "1")
        for why, flag in FLAG_BY_REASON.items()
    }
    languages = {code: sum(count for said, _flags, count in here if said == code) for code, _name in settings.LANGUAGES}
    return QueueCounts(states, reasons, languages, found["mine"].total())
