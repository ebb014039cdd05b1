"""Links of the queue page: tabs, filters, saved views, and the number beside each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.models import Site
from desk.languages import language_name
from recalls.enums import State
from recalls.models import SavedView
from recalls.selectors.queue_counts import QueueCount, QueueCounts
from recalls.selectors.queue_filters import STUCK_REASONS, FilterReason

# The words of an address that narrow a queue; every other one is left out of a link.
FILTER_PARAMS = ("why", "mine", "language", "site", "sort")
# The one order beside the usual one, as the address says it.
SORT_BY_TARGET = "target"
# The queues that a desk looks at first.
_FIRST_STATES = (State.TO_CONTACT, State.RESULT_TO_TELL)
# Queues in which somebody else's answer or a day is waited for; they stand folded behind those that a desk works on.
COLLAPSED_STATES = frozenset(
    {
        State.AWAITING_OUTCOME,
        State.BIOPSY_BOOKED,
        State.AWAITING_PATHOLOGY,
        State.AWAITING_CONCORDANCE,
        State.ON_HOLD,
    }
)
FilterParams = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FilterLink:
    """One filter as a link; choosing the current one again takes it away."""

    label: Any
    url: str
    count: int | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class QueueTab:
    label: Any
    url: str
    count: QueueCount
    is_current: bool


def queue_url(state: State, narrowed: FilterParams, **changed: str) -> str:
    """The queue's address with these filters; an empty value takes one away."""
    query = QueryDict(mutable=True)
    for word in FILTER_PARAMS:
        if value := changed.get(word, narrowed.get(word, "")):
            query[word] = value
    url = reverse("queue_state", args=[state.value]) if state != State.TO_CONTACT else reverse("queue")
    return f"{url}?{query.urlencode()}" if query else url


@dataclass(frozen=True, slots=True)
class CollapsedTabs:
    """The tabs that stand folded, with what they hold together."""

    tabs: list[QueueTab]
    count: QueueCount
    is_current: bool


def build_queue_tabs(counts: QueueCounts, current: State, narrowed: FilterParams) -> list[QueueTab]:
    """The callbacks and the results to tell first, then the others a desk works on, in the order of the way.

    Only the site goes along.
    """
    ordered = sorted(counts.states.items(), key=lambda entry: entry[0] not in _FIRST_STATES)
    return [_queue_tab(state, tally, current, narrowed) for state, tally in ordered if state not in COLLAPSED_STATES]


def build_collapsed_tabs(counts: QueueCounts, current: State, narrowed: FilterParams) -> CollapsedTabs:
    found = [(state, tally) for state, tally in counts.states.items() if state in COLLAPSED_STATES]
    tabs = [_queue_tab(state, tally, current, narrowed) for state, tally in found]
    sums = (sum(getattr(tally, name) for _state, tally in found) for name in ("total", "overdue", "past_target"))
    return CollapsedTabs(tabs, QueueCount(*sums), current in COLLAPSED_STATES)


def _queue_tab(state: State, tally: QueueCount, current: State, narrowed: FilterParams) -> QueueTab:
    return QueueTab(state.label, queue_url(state, {"site": narrowed.get("site", "")}), tally, state == current)


def primary_filter_links(counts: QueueCounts, narrowed: FilterParams) -> list[FilterLink]:
    """What a scheduler asks for most."""
    links = [_reason_filter_link(why, counts, narrowed) for why in (FilterReason.CALL_NOW, FilterReason.READY_TO_BOOK)]
    url = queue_url(State.TO_CONTACT, narrowed, mine="" if narrowed.get("mine") else "1")
    return [*links, FilterLink(_("Assigned to me"), url, counts.mine, bool(narrowed.get("mine")))]


def target_links(counts: QueueCounts, state: State, narrowed: FilterParams) -> list[FilterLink]:
    """Of any state: those past their target, and the order by target; choosing the current one takes it away."""
    is_past, is_sorted = narrowed.get("why") == FilterReason.PAST_TARGET, bool(narrowed.get("sort"))
    past_url = queue_url(state, narrowed, why="" if is_past else FilterReason.PAST_TARGET.value)
    sort_url = queue_url(state, narrowed, sort="" if is_sorted else SORT_BY_TARGET)
    count = counts.states[state].past_target
    return [
        FilterLink(FilterReason.PAST_TARGET.label, past_url, count, is_past),
        FilterLink(_("Nearest target first"), sort_url, None, is_sorted),
    ]


def stuck_filter_links(counts: QueueCounts, narrowed: FilterParams) -> list[FilterLink]:
    """Reasons why somebody does not move on, those without anybody left out."""
    links = [_reason_filter_link(why, counts, narrowed) for why in STUCK_REASONS]
    return [link for link in links if link.count or link.is_current]


def language_filter_links(counts: QueueCounts, narrowed: FilterParams) -> list[FilterLink]:
    """Empty where everybody speaks one language."""
    spoken = [code for code, count in counts.languages.items() if count]
    if len(spoken) < 2 and not narrowed.get("language"):
        return []
    return [_language_filter_link(code, counts, narrowed) for code in spoken]


def site_filter_links(sites: Iterable[Site], state: State, narrowed: FilterParams) -> list[FilterLink]:
    """Empty for a person of one site."""
    wanted, choices = narrowed.get("site", ""), list(sites)
    if len(choices) < 2:
        return []
    everywhere = FilterLink(_("All my sites"), queue_url(state, narrowed, site=""), None, not wanted)
    return [everywhere] + [
        FilterLink(site.name, queue_url(state, narrowed, site=str(site.pk)), None, wanted == str(site.pk))
        for site in choices
    ]


def saved_view_links(views: Iterable[SavedView], here: str) -> list[tuple[FilterLink, str]]:
    """A person's own views, each with the address that deletes it."""
    return [
        (FilterLink(view.name, url, None, url == here), reverse("saved_view_delete", args=[view.pk]))
        for view in views
        for url in [queue_url(State(view.state), QueryDict(view.query).dict())]
    ]


def queue_heading(state: State, narrowed: FilterParams) -> str:
    """What the list shows, in words: "To contact: no phone that works"."""
    why, parts = narrowed.get("why", ""), []
    if narrowed.get("mine"):
        parts.append(_("assigned to me"))
    if narrowed.get("language"):
        parts.append(language_name(narrowed["language"]))
    name = str(FilterReason(why).label) if why else str(state.label)
    if why == FilterReason.PAST_TARGET:
        name = _("%(state)s, past target") % {"state": state.label}
    return f"{name}: {', '.join(parts)}" if parts else name


def _reason_filter_link(why: FilterReason, counts: QueueCounts, narrowed: FilterParams) -> FilterLink:
    is_current = narrowed.get("why") == why
    url = queue_url(State.TO_CONTACT, narrowed, why="" if is_current else why.value)
    return FilterLink(why.label, url, counts.reasons.get(why, 0), is_current)


def _language_filter_link(code: str, counts: QueueCounts, narrowed: FilterParams) -> FilterLink:
    is_current = narrowed.get("language") == code
    url = queue_url(State.TO_CONTACT, narrowed, language="" if is_current else code)
    return FilterLink(language_name(code), url, counts.languages[code], is_current)
