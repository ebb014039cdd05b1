"""Whom do we call next? The callback queue, every other queue, and what narrows them."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode

from clinic import calendar
from clinic.models import Site, User
from clinic.roles import Page, may_open
from recalls import queues
from recalls.counts import Counts, counts_of, mine_of
from recalls.filters import Filters, Why, state_of
from recalls.forms.bulk import BULK
from recalls.free_times import beside_the_queue, free_at
from recalls.models.querysets import Position
from recalls.presenters import empty_words, narrow, rows_of
from recalls.states import OPEN_STATES, State
from recalls.views.access import DeskView, sites_by_id, staff
from recalls.workflow import STEP


class Queue(DeskView):
    """One state's recalls of the person's sites, most urgent first, narrowed by what the address says."""

    page = Page.QUEUE

    def get(self, request: HttpRequest, state: str = State.TO_CONTACT) -> HttpResponse:
        if state not in OPEN_STATES:
            raise Http404
        user, now = staff(request), timezone.now()
        narrowed = narrowed_by(request.GET)
        views, _free_at = beside_the_queue(user, now)  # also when each site is next free, for what follows
        wanted = wanted_by(user, State(state), narrowed, now, queues.Place.read(request.GET.get("after", "")))
        counts = counts_of(wanted.day_ends, now, wanted.free_at)
        page = queues.queue_page(wanted)
        context = _lists(page, wanted) | _links(counts, wanted, narrowed)
        context |= {"saved_links": narrow.saved_links(views, narrow.address(wanted.state, narrowed))}
        context |= {
            "state": wanted.state,
            "older": _older(wanted.state, narrowed, page.next_place) if page.next_place else "",
            "is_first_page": wanted.after is None,
            "bulk": [STEP[name] for name in BULK] if may_open(user, Page.BULK) else [],
        }
        return render(request, "recalls/queue.html", context)


def narrowed_by(query: Mapping[str, str]) -> dict[str, str]:
    """The filters an address names; a word that is none is not found."""
    narrowed = {word: query[word] for word in narrow.WORDS if query.get(word)}
    if narrowed.get("why", Why.CALL) not in Why.values or not narrowed.get("site", "1").isdecimal():
        raise Http404
    return narrowed


def wanted_by(
    user: User, state: State, narrowed: Mapping[str, str], now: datetime, after: queues.Place | None
) -> queues.Wanted:
    why = Why(narrowed["why"]) if "why" in narrowed else None
    mine = user.pk if "mine" in narrowed else None
    sites = _chosen_sites(user, narrowed.get("site", ""))
    begun = [_day_end(site, now) - timedelta(days=1) for site in sites]
    return queues.Wanted(
        user=user,
        day_ends={site.pk: _day_end(site, now) for site in sites},
        state=state_of(why) if why else state,
        now=now,
        filters=Filters(why=why, mine=mine, language=narrowed.get("language", "")[:20]),
        after=after,
        free_at=free_at(sites, now),
        today_from=max(begun, default=None),
    )


def _chosen_sites(user: User, wanted: str) -> list[Site]:
    """All her sites, or the one she filtered by; a site that is not hers is not found."""
    chosen = [site for site in user.own_sites if wanted in ("", str(site.pk))]
    if wanted and not chosen:
        raise Http404
    return chosen


def _day_end(site: Site, now: datetime) -> datetime:
    return calendar.instant(site, calendar.local_day(site, now) + timedelta(days=1), time(0))


def _lists(page: queues.QueuePage, wanted: queues.Wanted) -> dict[str, Any]:
    user, sites = wanted.user, sites_by_id(wanted.user)
    return {
        name: rows_of(getattr(page, name), sites, wanted.now, user, wanted.free_at)
        for name in ("asked", "due", "later", "worked")
    } | {"sites": user.own_sites if len(user.own_sites) > 1 else ()}


def _links(counts: Counts, wanted: queues.Wanted, narrowed: Mapping[str, str]) -> dict[str, Any]:
    user, state, mine = wanted.user, wanted.state, mine_of(wanted.user, wanted.day_ends)
    here = narrow.address(state, narrowed)
    stuck = narrow.stuck_links(counts, narrowed)
    return {
        "heading": narrow.heading(state, narrowed),
        "tabs": narrow.tabs_of(counts, state, narrowed),
        "further_on": narrow.further_on(counts, state, narrowed),
        "first_links": narrow.first_links(counts, mine, narrowed),
        "stuck_links": stuck,
        "is_stuck": any(link.is_current for link in stuck),
        "language_links": narrow.language_links(counts, narrowed),
        "site_links": narrow.site_links(user.own_sites, state, narrowed),
        "here": here,
        "is_narrowed": bool(narrowed),
        "start": narrow.address(state, {}),
        "query": urlencode(narrowed),
        "empty": empty_words(state),
    }


def position_from(text: str) -> Position | None:
    """The place an address names; the start of the list when it names none that can be read."""
    due_at, _tilde, pk = text.partition("~")
    try:
        return datetime.fromisoformat(due_at), int(pk)
    except ValueError:
        return None


def _older(state: State, narrowed: Mapping[str, str], place: queues.Place) -> str:
    address = narrow.address(state, narrowed)
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'after': str(place)})}"
