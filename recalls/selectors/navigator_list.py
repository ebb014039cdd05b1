"""Reads for whom a navigator was shown to make a difference, reason by reason, and the cases they have."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from clinic.models import Site, User
from desk.keyset import rows_after
from recalls.enums import State, WorkItemKind
from recalls.enums.barriers import CaseReason
from recalls.models import CaseMinutes, NavigationPolicy, NavigatorCase, Recall, RecallFacts, WorkItem
from recalls.models.barriers.navigator_case import MOST_OPEN_CASES
from recalls.selectors.queue import with_next_action_facts

PAGE_SIZE = 25


class NavigatorCursor(NamedTuple):
    """A place in the list: the instant by which it is sorted, and the recall's number."""

    at: datetime
    pk: int


class OpenCases(NamedTuple):
    """A navigator's open cases by target, with all that a row says, and by case the minutes entered so far."""

    recalls: list[Any]
    cases: dict[int, NavigatorCase]
    minutes: dict[int, int]


def get_waiting(
    sites: Iterable[Site], why: CaseReason, now: datetime, after: NavigatorCursor | None
) -> tuple[list[Any], NavigatorCursor | None]:
    """Recalls that no navigator has, with all that a row says, and where the next page begins. Six queries at most."""
    places = _fetch_places(sites, why, now, after)
    shown = places[:PAGE_SIZE]
    found = {row.pk: row for row in _rows([place.pk for place in shown])}
    rows = [found[place.pk] for place in shown if place.pk in found]
    return rows, shown[-1] if len(places) > PAGE_SIZE else None


def _rows(numbers: Iterable[int]) -> QuerySet[Recall]:
    rows = with_next_action_facts(Recall.objects.filter(pk__in=list(numbers)))
    return rows.prefetch_related("contact_attempts", "barriers__helps")


def _fetch_places(
    sites: Iterable[Site], why: CaseReason, now: datetime, after: NavigatorCursor | None
) -> list[NavigatorCursor]:
    """Each site's first rows come from its own stretch of an index."""
    branches = [branch for site in sites for branch in _branches(site, why, now, after)]
    if not branches:
        return []
    found = [NavigatorCursor(*columns) for columns in branches[0].union(*branches[1:], all=True)]
    return sorted(found)[: PAGE_SIZE + 1]


def _branches(site: Site, why: CaseReason, now: datetime, after: NavigatorCursor | None) -> list[QuerySet[Any, Any]]:
    is_free = ~Exists(NavigatorCase.objects.filter(recall=OuterRef("recall"), ended_at=None))
    if why == CaseReason.BARRIER:
        tasks = WorkItem.objects.filter(is_free, site=site, kind=WorkItemKind.BARRIER, done_at=None)
        tasks = tasks.filter(recall__isnull=False)
        return [_first(tasks, "due_at", "recall_id", after)]
    if why == CaseReason.CALLS:
        called = RecallFacts.objects.filter(is_free, site=site, many_calls=True, target_at__isnull=False)
        return [_first(called, "target_at", "recall_id", after)]
    rows = Recall.objects.filter(~Exists(NavigatorCase.objects.filter(recall=OuterRef("pk"), ended_at=None)), site=site)
    if why == CaseReason.FOLLOW_UP:
        rows = rows.filter(state=State.TO_CONTACT, round__gt=0, target_at__isnull=False)
        return [_first(rows, "target_at", "id", after)]
    late = rows.filter(~Q(state=State.CLOSED), target_at__lt=now)
    return [_first(late.filter(suspicious=is_suspicious), "target_at", "id", after) for is_suspicious in (True, False)]


def _first(rows: QuerySet[Any], order: str, number: str, after: NavigatorCursor | None) -> QuerySet[Any, Any]:
    if after is not None:
        rows = rows.filter(rows_after((order, number), after))
    # The outer filter lets SQLite combine limited queries of several sites.
    first: QuerySet[Any] = rows.model._default_manager.filter(
        pk__in=rows.order_by(order, number).values("pk")[: PAGE_SIZE + 1]
    )
    return first.order_by().values_list(order, number)


def get_open_cases(user: User, sites: Iterable[Site]) -> OpenCases:
    """Those of this navigator at these sites. Six queries at most; the site's limit bounds their number."""
    rows = NavigatorCase.objects.still_open().filter(navigator=user, recall__site__in=list(sites))
    cases = {case.recall_id: case for case in rows.select_related("navigator")}
    if not cases:
        return OpenCases([], {}, {})
    minutes: dict[int, int] = {}
    for case_id, spent in CaseMinutes.objects.filter(case__in=cases.values()).values_list("case", "minutes"):
        minutes[case_id] = minutes.get(case_id, 0) + spent
    return OpenCases(list(_rows(cases).order_by("target_at", "pk")), cases, minutes)


def limits_by_site(sites: Iterable[Site]) -> dict[int, int]:
    """How many open cases one navigator may have at each. One query."""
    said = dict(NavigationPolicy.objects.filter(site__in=list(sites)).values_list("site", "most_cases"))
    return {site.pk: said.get(site.pk, MOST_OPEN_CASES) for site in sites}
