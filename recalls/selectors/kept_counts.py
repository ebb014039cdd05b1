"""Numbers of open recalls out of what is kept, as parts of a page's one query; exact to the instant, whatever the size.

Lines count by the hour. Of the hour that an instant cuts, the recalls themselves are counted, by their index.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db.models import Case, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Concat

from clinic.models import Site
from desk.union_counts import CountQuery, count_query
from recalls.enums import OPEN_STATES
from recalls.models import CountLine, Recall, RecallEvent, RecallFacts
from recalls.workflow import STEPS_BY_NAME

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)

BoundsBySite = Mapping[int, datetime]


class Bound(NamedTuple):
    """An instant, the beginning of the hour that it cuts, and that hour's number since 1970."""

    at: datetime
    hour_start: datetime
    hour: int


def hour_of(at: datetime) -> int:
    """The hour since 1970 in which an instant lies."""
    return (at - _EPOCH) // _HOUR


def _hour_start(at: datetime) -> datetime:
    return _EPOCH + hour_of(at) * _HOUR


def open_by_kind(source: str, sites: Iterable[int]) -> CountQuery:
    """All open recalls: `key` is state, language and filters, as `split_kind` takes it apart; `second` the site."""
    lines = CountLine.objects.filter(site__in=list(sites), name="open")
    return count_query(lines, source, key=F("key"), second=F("site_id"), count=Sum("count"))


def split_kind(key: str) -> tuple[str, str, str]:
    """State, language, and a 0 or 1 for each of `CONTACT_FLAGS`."""
    state, language, flags = key.split("|")
    return state, language, flags


def bound_at(at: datetime) -> Bound:
    return Bound(at, _hour_start(at), hour_of(at))


def before(source: str, name: str, bounds: BoundsBySite, state: str = "") -> list[CountQuery]:
    """Open recalls by state (`key`) and site (`second`) whose instant lies before each site's bound.

    `name`: "due", "target", or "late" for whichever of the two comes first. The parts add up.
    """
    return before_bounds(source, name, {site: bound_at(at) for site, at in bounds.items()}, state)


def before_bounds(source: str, name: str, bounds: Mapping[int, Bound], state: str = "") -> list[CountQuery]:
    sites_by_bound: dict[Bound, list[int]] = {}
    for site, bound in bounds.items():
        sites_by_bound.setdefault(bound, []).append(site)
    if not sites_by_bound:
        return []
    whole = (Q(site__in=sites, bucket__lt=bound.hour) for bound, sites in sites_by_bound.items())
    cut = (Q(site__in=sites) & _between(name, bound.hour_start, bound.at) for bound, sites in sites_by_bound.items())
    states = [state] if state else list(OPEN_STATES)  # named, so that an index by state serves
    lines = CountLine.objects.filter(reduce(or_, whole), name=name, key__in=states)
    recalls = Recall.objects.still_open().filter(reduce(or_, cut), state__in=states)
    return [
        count_query(lines, source, key=F("key"), second=F("site_id"), count=Sum("count")),
        count_query(recalls, source, key=F("state"), second=F("site_id")),
    ]


def _between(name: str, start: datetime, end: datetime) -> Q:
    due, target = Q(due_at__gte=start, due_at__lt=end), Q(target_at__gte=start, target_at__lt=end)
    if name != "late":
        return due if name == "due" else target
    return (due & (Q(target_at=None) | Q(target_at__gte=start))) | (target & Q(due_at__gte=start))


def by_age(source: str, sites: Iterable[int], bounds: list[datetime]) -> list[CountQuery]:
    """Open recalls by state (`key`) and how many of the bounds, the newest first, they were not opened after (`first`).

    A bound cuts an hour: the lines count it as old, and the recalls opened in it after the bound are counted as younger
    by one, and taken off where they stood.
    """
    here = list(sites)
    whens = [When(bucket__gt=hour_of(bound), then=Value(number)) for number, bound in enumerate(bounds)]
    band = Case(*whens, default=Value(len(bounds)), output_field=IntegerField())
    lines = CountLine.objects.filter(site__in=here, name="opened")
    parts = [count_query(lines, source, key=F("key"), first=band, count=Sum("count"))]
    for number, bound in enumerate(bounds):
        end = _hour_start(bound) + _HOUR
        after = RecallFacts.objects.filter(site__in=here, state__in=OPEN_STATES, opened_at__gt=bound, opened_at__lt=end)
        for shown, sign in ((number, 1), (number + 1, -1)):
            count = Sum(Value(sign))
            parts.append(count_query(after, source, key=F("state"), first=Value(shown), count=count))
    return parts


def opened_before(source: str, sites: Iterable[int], bound: datetime) -> list[CountQuery]:
    """Open recalls by state (`key`) and site (`second`) that were opened before that instant."""
    here = list(sites)
    lines = CountLine.objects.filter(site__in=here, name="opened", bucket__lt=hour_of(bound))
    cut = RecallFacts.objects.filter(
        site__in=here, state__in=OPEN_STATES, opened_at__gte=_hour_start(bound), opened_at__lt=bound
    )
    return [
        count_query(lines, source, key=F("key"), second=F("site_id"), count=Sum("count")),
        count_query(cut, source, key=F("state"), second=F("site_id")),
    ]


def oldest(source: str, sites: Iterable[int]) -> list[CountQuery]:
    """When the oldest open recall of each state (`key`) and site (`second`) was opened (`at`); `count` says nothing."""
    here = Site.objects.filter(pk__in=list(sites))
    parts = []
    for state in OPEN_STATES:
        first = RecallFacts.objects.filter(site=OuterRef("pk"), state=state).order_by("opened_at")
        at = Subquery(first.values("opened_at")[:1])
        parts.append(count_query(here, source, key=Value(state.value), second=F("pk"), at=at))
    return parts


def moves_since(source: str, sites: Iterable[int], start: datetime) -> list[CountQuery]:
    """Events that moved a recall since then: `key` is step, state before and state after; `second` the site."""
    here, end = list(sites), _hour_start(start) + _HOUR
    lines = CountLine.objects.filter(site__in=here, name="move", bucket__gt=hour_of(start))
    events = RecallEvent.objects.filter(recall__site__in=here, step__in=list(STEPS_BY_NAME), at__gte=start, at__lt=end)
    moved = events.exclude(from_state=F("to_state"))
    ends = Concat("step", Value("|"), "from_state", Value("|"), "to_state")
    return [
        count_query(lines, source, key=F("key"), second=F("site_id"), count=Sum("count")),
        count_query(moved, source, key=ends, second=F("recall__site_id")),
    ]


def whole_hour_after(at: datetime) -> datetime:
    """From when on lines alone count what is due since `at`; of the time before, the rows themselves are counted."""
    return _hour_start(at) + _HOUR


def undelivered_messages(
    source: str, key: str, sites: Iterable[int], states: Iterable[str], start: datetime
) -> CountQuery:
    """Messages in these states, due since the beginning of an hour."""
    due = CountLine.objects.filter(site__in=list(sites), name="message", bucket__gte=hour_of(start))
    return count_query(due.filter(key__in=list(states)), source, key=Value(key), count=Sum("count", default=0))


class ReaderRecallKind(NamedTuple):
    """What recalls of one reader have in common that a figure rests on."""

    state: str
    closure_reason: str
    later_round: bool
    positive: bool
    biopsy_advised: bool
    has_tissue: bool
    has_cancer: bool


def split_reader_recall(key: str) -> ReaderRecallKind:
    state, closure_reason, digits = key.split("|")
    return ReaderRecallKind(state, closure_reason, *(digit == "1" for digit in digits))


def reader_recalls(source: str, reader: int, sites: Iterable[int], since: date, until: date) -> CountQuery:
    """The recalls of one reader's screenings of these days by kind (`key`, see `split_reader_recall`)."""
    lines = _lines_of_days(f"reader {reader}", sites, since, until)
    return count_query(lines, source, key=F("key"), count=Sum("count"))


def reader_exams(source: str, reader: int, sites: Iterable[int], since: date, until: date) -> CountQuery:
    """One reader's screenings of these days by assessment (`key`)."""
    return count_query(_lines_of_days(f"exams {reader}", sites, since, until), source, key=F("key"), count=Sum("count"))


def _lines_of_days(name: str, sites: Iterable[int], since: date, until: date) -> "QuerySet[CountLine]":
    days = tuple((day - _EPOCH.date()).days for day in (since, until))
    return CountLine.objects.filter(site__in=list(sites), name=name, bucket__range=days)
