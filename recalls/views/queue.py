"""Page of a queue: its recalls, its filters, its counts."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode

from clinic.models import User
from clinic.roles import Page, can_open_page, get_roles
from desk.keyset import format_cursor, parse_cursor
from desk.views import DeskView, current_user, sites_by_id
from recalls.enums import OPEN_STATES, State
from recalls.forms import BULK_FORMS
from recalls.presenters import build_queue_rows, empty_queue_text, queue_links
from recalls.scheduling.next_available import saved_views_and_next_free
from recalls.selectors import queue
from recalls.selectors.queue_counts import QueueCounts, get_queue_counts
from recalls.views.queue_query import build_queue_query, parse_filter_params
from recalls.workflow import STEPS_BY_NAME, Step


class QueueView(DeskView):
    """One state's recalls of the person's sites, most urgent first, narrowed by what the address says."""

    page = Page.QUEUE

    def get(self, request: HttpRequest, state: str = State.TO_CONTACT) -> HttpResponse:
        if state not in OPEN_STATES:
            raise Http404
        user, now = current_user(request), timezone.now()
        narrowed = parse_filter_params(request.GET)
        views, _free_at = saved_views_and_next_free(user, now)  # also when each site is next free, for what follows
        wanted = build_queue_query(
            user, State(state), narrowed, now, parse_cursor(queue.QueueCursor, request.GET.get("after", ""))
        )
        counts = get_queue_counts(user, wanted.day_ends, now, wanted.next_free_by_site)
        page = queue.get_queue_page(wanted)
        context = _row_context(page, wanted) | _link_context(counts, wanted, narrowed)
        context |= {
            "saved_view_links": queue_links.saved_view_links(views, queue_links.queue_url(wanted.state, narrowed))
        }
        context |= {
            "state": wanted.state,
            "next_page_url": _next_page_url(wanted.state, narrowed, page.next_cursor) if page.next_cursor else "",
            "is_first_page": wanted.after is None,
            "bulk_steps": _bulk_steps(user),
        }
        return render(request, "recalls/queue.html", context)


def _bulk_steps(user: User) -> list[Step]:
    """What this person may do with several recalls at once."""
    steps = [STEPS_BY_NAME[name] for name in BULK_FORMS] if can_open_page(user, Page.BULK) else []
    return [step for step in steps if step.roles & get_roles(user)]


def _row_context(page: queue.QueuePage, wanted: queue.QueueQuery) -> dict[str, Any]:
    user, sites = wanted.user, sites_by_id(wanted.user)
    rows = {
        name: build_queue_rows(getattr(page, name), sites, wanted.now, user, wanted.next_free_by_site)
        for name in ("patient_requests", "due", "not_due", "handled_today")
    }
    return rows | {
        "due": [row for row in rows["due"] if not row.is_for_signer],
        "for_signer": [row for row in rows["due"] if row.is_for_signer],
        "sites": user.own_sites if len(user.own_sites) > 1 else (),
    }


def _link_context(counts: QueueCounts, wanted: queue.QueueQuery, narrowed: Mapping[str, str]) -> dict[str, Any]:
    user, state = wanted.user, wanted.state
    here = queue_links.queue_url(state, narrowed)
    stuck = queue_links.stuck_filter_links(counts, narrowed)
    return {
        "heading": queue_links.queue_heading(state, narrowed),
        "tabs": queue_links.build_queue_tabs(counts, state, narrowed),
        "collapsed_tabs": queue_links.build_collapsed_tabs(counts, state, narrowed),
        "primary_links": queue_links.primary_filter_links(counts, narrowed),
        "target_links": queue_links.target_links(counts, state, narrowed),
        "is_by_target": wanted.by_target,
        "stuck_links": stuck,
        "is_stuck": any(link.is_current for link in stuck),
        "language_links": queue_links.language_filter_links(counts, narrowed),
        "site_links": queue_links.site_filter_links(user.own_sites, state, narrowed),
        "current_url": here,
        "is_filtered": bool(narrowed),
        "unfiltered_url": queue_links.queue_url(state, {}),
        "query": urlencode(narrowed),
        "empty_text": empty_queue_text(state),
    }


def _next_page_url(state: State, narrowed: Mapping[str, str], place: queue.QueueCursor) -> str:
    address = queue_links.queue_url(state, narrowed)
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'after': format_cursor(place)})}"
