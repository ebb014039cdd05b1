"""Counts the recalls in each queue and behind each filter, out of what is kept: the same work whatever the size."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from clinic.models import User
from desk.union_counts import fetch_counts
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


def get_queue_counts(day_ends: Mapping[int, datetime], now: datetime, free_at: NextFreeBySite) -> QueueCounts:
    """One query.

    `day_ends`: the sites, each with the end of its today; `free_at`: when somebody could be seen there next.
    """
    if not day_ends:
        return QueueCounts(dict.fromkeys(OPEN_STATES, QueueCount()), dict.fromkeys(FilterReason, 0))
    return _count_queues(day_ends, now, free_at)


def count_assigned_to(user: User, sites: Iterable[int]) -> int:
    """How many of those to contact the user took on. One query, by index."""
    return Recall.objects.filter(site_id__in=list(sites), assigned_to=user, state=State.TO_CONTACT).count()


def _count_queues(day_ends: Mapping[int, datetime], now: datetime, free_at: NextFreeBySite) -> QueueCounts:
    until_free = {site: at for site, at in free_at.items() if at is not None and at > now and site in day_ends}
    since_now = dict.fromkeys(until_free, now)
    to_contact, at_once = State.TO_CONTACT.value, dict.fromkeys(day_ends, now)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in fetch_counts([
        kept_counts.open_by_kind("open", day_ends),
        *kept_counts.before("late", "due", at_once),
        *kept_counts.before("past", "target", at_once),
        *kept_counts.before("call", "due", day_ends, to_contact),
        *kept_counts.before("not_free", "target", until_free, to_contact),
        *kept_counts.before("past_where_free", "target", since_now, to_contact),
    ]):  # fmt: skip
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
    return QueueCounts(states, reasons, languages)
