"""Counts the recalls in each queue and behind each filter; kept for seconds in a large clinic.

Counting touches every open recall of the sites, so its time grows with them. A clinic with few is counted each time;
one with many sees numbers of the last seconds, and its pages cost the same as those of a small one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Q

from clinic.models import User
from recalls.enums import OPEN_STATES, State
from recalls.models import Recall
from recalls.scheduling.next_available import NextFreeBySite
from recalls.selectors.queue_filters import FilterReason, filter_state, past_target, reason_condition

CACHE_THRESHOLD = 2_000
CACHE_SECONDS = 30


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


def get_queue_counts(day_ends: Mapping[int, datetime], now: datetime, free_at: NextFreeBySite) -> QueueCounts:
    """One query, or none while the numbers of a large clinic are fresh; everybody of the same sites shares them.

    `day_ends`: the sites, each with the end of its today; `free_at`: when somebody could be seen there next.
    """
    if not day_ends:
        return QueueCounts(dict.fromkeys(OPEN_STATES, QueueCount()), dict.fromkeys(FilterReason, 0))
    key = f"queue-counts:{'-'.join(map(str, sorted(day_ends)))}"
    kept: QueueCounts | None = cache.get(key)
    if kept is not None:
        return kept
    counts = _count_queues(day_ends, now, free_at)
    if sum(tally.total for tally in counts.states.values()) > CACHE_THRESHOLD:
        cache.set(key, counts, CACHE_SECONDS)
    return counts


def count_assigned_to(user: User, sites: Iterable[int]) -> int:
    """How many of those to contact the user took on. One query, by index."""
    return Recall.objects.filter(site_id__in=list(sites), assigned_to=user, state=State.TO_CONTACT).count()


def _count_queues(day_ends: Mapping[int, datetime], now: datetime, free_at: NextFreeBySite) -> QueueCounts:
    to_contact = Q(state=State.TO_CONTACT)
    wanted = {f"is_{state}": Q(state=state) for state in OPEN_STATES}
    wanted |= {f"late_{state}": Q(state=state, due_at__lt=now) for state in OPEN_STATES}
    wanted |= {f"past_{state}": Q(state=state) & past_target(now) for state in OPEN_STATES}
    wanted |= {
        f"why_{why.name}": Q(state=filter_state(why)) & _reason_condition_by_site(why, day_ends, now, free_at)
        for why in FilterReason
    }
    wanted |= {f"in_{code}": to_contact & Q(patient__language=code) for code, _name in settings.LANGUAGES}
    rows = Recall.objects.still_open().filter(site_id__in=list(day_ends))
    found = rows.aggregate(**{name: Count("pk", filter=each) for name, each in wanted.items()})
    return QueueCounts(
        states={
            state: QueueCount(found[f"is_{state}"], found[f"late_{state}"], found[f"past_{state}"])
            for state in OPEN_STATES
        },
        reasons={why: found[f"why_{why.name}"] for why in FilterReason},
        languages={code: found[f"in_{code}"] for code, _name in settings.LANGUAGES},
    )


def _reason_condition_by_site(
    why: FilterReason, day_ends: Mapping[int, datetime], now: datetime, free_at: NextFreeBySite
) -> Q:
    """Today ends at another instant at each site, and the next free time is another."""
    if why not in (FilterReason.CALL_NOW, FilterReason.NO_SLOT):
        return reason_condition(why, now, now)
    here = (Q(site_id=site) & reason_condition(why, now, end, free_at.get(site)) for site, end in day_ends.items())
    return reduce(or_, here)
