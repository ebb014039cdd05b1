"""Finds the next recall of the list from which a recall was opened."""

from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, QueryDict
from django.urls import resolve, reverse
from django.utils import timezone

from clinic.models import User
from clinic.roles import Page, can_open_page
from desk.return_list import QUEUE_URL_NAMES, add_return_list, return_list_url
from recalls import edit_presence
from recalls.enums import State
from recalls.models import Recall
from recalls.selectors import queue
from recalls.views.queue_query import build_queue_query, parse_filter_params


def is_queue_url(address: str) -> bool:
    """Whether somebody comes next on that list: a search or a day's list is only gone back to."""
    return bool(address) and resolve(urlsplit(address).path).url_name in QUEUE_URL_NAMES


def next_recall_url(request: HttpRequest, user: User, worked: Recall) -> str:
    """Where to go after this recall: to the next of the queue whom nobody else has open, else back to the list.

    Empty when the user came from no list. Those passed over stay passed over until the end of the list is reached.
    """
    address = return_list_url(request)
    if not is_queue_url(address) or not can_open_page(user, Page.QUEUE):
        return address
    following = _next_in_queue(address, user, worked)
    return add_return_list(following, address) if following else address


def _next_in_queue(address: str, user: User, worked: Recall) -> str:
    parts, now = urlsplit(address), timezone.now()
    state = resolve(parts.path).kwargs.get("state", State.TO_CONTACT)
    # From the beginning only where nobody is left behind this place: reading a queue costs.
    try:
        narrowed = parse_filter_params(QueryDict(parts.query))
    except Http404:
        return ""
    for place in dict.fromkeys((_queue_cursor(worked, by_target="sort" in narrowed), None)):
        try:
            wanted = build_queue_query(user, State(state), narrowed, now, place)
        except Http404:
            return ""
        page = queue.get_queue_page(wanted)
        for recall in [*page.patient_requests, *page.due]:
            if recall.pk != worked.pk and edit_presence.get_claim_holder(recall, user, now) is None:
                return reverse("recall", args=[recall.pk])
    return ""


def _queue_cursor(recall: Recall, *, by_target: bool) -> queue.QueueCursor | None:
    """Where it stood among those whose turn it is."""
    if recall.target_at is None:
        return None
    part = queue.BY_TARGET if by_target else queue.DUE
    return queue.QueueCursor(part, recall.target_at, recall.suspicious, recall.pk)
