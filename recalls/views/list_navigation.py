"""From which list did this person come, and who is next on it?

The list is remembered in the session when a recall is opened from it, so that a detour over a booking keeps the thread.
The address of a list names filters, never a patient.
"""

from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, QueryDict
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from clinic.models import User
from clinic.roles import Page, may_open
from recalls import edit_presence
from recalls.enums import OPEN_STATES, State
from recalls.models import Recall
from recalls.selectors import queue
from recalls.views.queue_query import build_queue_query, parse_filter_params

_LIST_SESSION_KEY = "list"
_QUEUE_URL_NAMES = frozenset({"queue", "queue_state"})
_LIST_URL_NAMES = _QUEUE_URL_NAMES | {
    "search", "work_items", "appointments", "appointments_tomorrow", "worklist", "my_recalls",
}  # fmt: skip


def remember_list(request: HttpRequest) -> None:
    """Keep the list whose link was followed; the session is written only when it is another one than before."""
    came_from = urlsplit(request.META.get("HTTP_REFERER", ""))
    if came_from.netloc != request.get_host() or not _is_list_path(came_from.path):
        return
    address = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
    if request.session.get(_LIST_SESSION_KEY) != address:
        request.session[_LIST_SESSION_KEY] = address[:300]


def return_list_url(request: HttpRequest) -> str:
    """The list to go back to; empty when the user came from none."""
    address = str(request.session.get(_LIST_SESSION_KEY, ""))
    return address if _is_list_path(urlsplit(address).path) else ""


def is_queue_url(address: str) -> bool:
    """Whether somebody comes next on that list: a search or a day's list is only gone back to."""
    return bool(address) and resolve(urlsplit(address).path).url_name in _QUEUE_URL_NAMES


def next_recall_url(request: HttpRequest, user: User, worked: Recall) -> str:
    """Where to go after this recall: to the next of the queue whom nobody else has open, else back to the list.

    Empty when the user came from no list. Those passed over stay passed over until the end of the list is reached.
    """
    address = return_list_url(request)
    if not is_queue_url(address) or not may_open(user, Page.QUEUE):
        return address
    return _next_in_queue(address, user, worked) or address


def _next_in_queue(address: str, user: User, worked: Recall) -> str:
    parts, now = urlsplit(address), timezone.now()
    state = resolve(parts.path).kwargs.get("state", State.TO_CONTACT)
    # From the beginning only where nobody is left behind this place: reading a queue costs.
    for place in dict.fromkeys((_queue_cursor(worked), None)):
        try:
            wanted = build_queue_query(user, State(state), parse_filter_params(QueryDict(parts.query)), now, place)
        except Http404:
            return ""
        page = queue.get_queue_page(wanted)
        for recall in [*page.patient_requests, *page.due]:
            if recall.pk != worked.pk and edit_presence.get_claim_holder(recall, user, now) is None:
                return reverse("recall", args=[recall.pk])
    return ""


def _queue_cursor(recall: Recall) -> queue.QueueCursor | None:
    """Where it stood among those whose turn it is."""
    if recall.target_at is None:
        return None
    return queue.QueueCursor(queue.DUE, recall.target_at, recall.suspicious, recall.pk)


def _is_list_path(path: str) -> bool:
    try:
        found = resolve(path)
    except Resolver404:
        return False
    return found.url_name in _LIST_URL_NAMES and found.kwargs.get("state", State.TO_CONTACT) in OPEN_STATES
