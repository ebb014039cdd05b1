"""Builds the query of a queue page from the parameters of its URL."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from django.http import Http404

from clinic import calendar
from clinic.models import Site, User
from recalls.enums import State
from recalls.presenters import queue_links
from recalls.scheduling.next_available import next_free_by_site
from recalls.selectors import queue
from recalls.selectors.queue_filters import FilterReason, QueueFilters, filter_state


def parse_filter_params(query: Mapping[str, str]) -> dict[str, str]:
    """The filters that URL parameters name; 404 for an unknown value."""
    narrowed = {word: query[word] for word in queue_links.FILTER_PARAMS if query.get(word)}
    if (
        narrowed.get("why", FilterReason.CALL_NOW) not in FilterReason.values
        or not narrowed.get("site", "1").isdecimal()
        or narrowed.get("sort", queue_links.SORT_BY_TARGET) != queue_links.SORT_BY_TARGET
    ):
        raise Http404
    return narrowed


def build_queue_query(
    user: User, state: State, narrowed: Mapping[str, str], now: datetime, after: queue.QueueCursor | None
) -> queue.QueueQuery:
    why = FilterReason(narrowed["why"]) if "why" in narrowed else None
    mine = user.pk if "mine" in narrowed else None
    sites = _selected_sites(user, narrowed.get("site", ""))
    begun = [_day_end(site, now) - timedelta(days=1) for site in sites]
    return queue.QueueQuery(
        user=user,
        day_ends={site.pk: _day_end(site, now) for site in sites},
        state=filter_state(why, state),
        now=now,
        filters=QueueFilters(reason=why, assigned_to=mine, language=narrowed.get("language", "")[:20]),
        by_target="sort" in narrowed,
        after=after,
        next_free_by_site=next_free_by_site(sites, now),
        workday_start=max(begun, default=None),
    )


def _selected_sites(user: User, wanted: str) -> list[Site]:
    """All sites of the user, or the one filtered by; 404 for any other site."""
    chosen = [site for site in user.own_sites if wanted in ("", str(site.pk))]
    if wanted and not chosen:
        raise Http404
    return chosen


def _day_end(site: Site, now: datetime) -> datetime:
    return calendar.instant(site, calendar.local_day(site, now) + timedelta(days=1), time(0))
