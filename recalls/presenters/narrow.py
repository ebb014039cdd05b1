"""How do the links that narrow the queue read, and what number stands beside each?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.models import Site
from recalls.counts import Counts, Tally
from recalls.filters import STUCK, Why
from recalls.models import SavedView
from recalls.presenters.rows import language_name
from recalls.states import State

# The words of an address that narrow a queue; every other one is left out of a link.
WORDS = ("why", "mine", "language", "site")
# Queues in which somebody else's answer or a day is waited for; they stand folded behind those that a desk works on.
FURTHER_ON = frozenset(
    {State.AWAITING_OUTCOME, State.BIOPSY_BOOKED, State.AWAITING_PATHOLOGY, State.AWAITING_CONCORDANCE}
)
Narrowed = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Link:
    """One filter as a link; choosing the current one again takes it away."""

    label: Any
    url: str
    count: int | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Tab:
    label: Any
    url: str
    tally: Tally
    is_current: bool


def address(state: State, narrowed: Narrowed, **changed: str) -> str:
    """The queue's address with these filters; an empty value takes one away."""
    query = QueryDict(mutable=True)
    for word in WORDS:
        if value := changed.get(word, narrowed.get(word, "")):
            query[word] = value
    url = reverse("queue_state", args=[state.value]) if state != State.TO_CONTACT else reverse("queue")
    return f"{url}?{query.urlencode()}" if query else url


@dataclass(frozen=True, slots=True)
class FoldedTabs:
    """The tabs that stand folded, with what they hold together."""

    tabs: list[Tab]
    tally: Tally
    is_current: bool


def tabs_of(counts: Counts, current: State, narrowed: Narrowed) -> list[Tab]:
    """The callback queue first, then the others a desk works on, in the order of the way. Only the site goes along."""
    ordered = sorted(counts.states.items(), key=lambda entry: entry[0] != State.TO_CONTACT)
    return [_tab(state, tally, current, narrowed) for state, tally in ordered if state not in FURTHER_ON]


def further_on(counts: Counts, current: State, narrowed: Narrowed) -> FoldedTabs:
    found = [(state, tally) for state, tally in counts.states.items() if state in FURTHER_ON]
    tabs = [_tab(state, tally, current, narrowed) for state, tally in found]
    total, overdue = (sum(getattr(tally, name) for _state, tally in found) for name in ("total", "overdue"))
    return FoldedTabs(tabs, Tally(total, overdue), current in FURTHER_ON)


def _tab(state: State, tally: Tally, current: State, narrowed: Narrowed) -> Tab:
    return Tab(state.label, address(state, {"site": narrowed.get("site", "")}), tally, state == current)


def first_links(counts: Counts, mine: int, narrowed: Narrowed) -> list[Link]:
    """What a scheduler asks for most."""
    links = [_why_link(why, counts, narrowed) for why in (Why.CALL, Why.BOOK)]
    url = address(State.TO_CONTACT, narrowed, mine="" if narrowed.get("mine") else "1")
    return [*links, Link(_("Mine"), url, mine, bool(narrowed.get("mine")))]


def stuck_links(counts: Counts, narrowed: Narrowed) -> list[Link]:
    """Reasons why somebody does not move on, those without anybody left out."""
    links = [_why_link(why, counts, narrowed) for why in STUCK]
    return [link for link in links if link.count or link.is_current]


def language_links(counts: Counts, narrowed: Narrowed) -> list[Link]:
    """Empty where everybody speaks one language."""
    spoken = [code for code, count in counts.languages.items() if count]
    if len(spoken) < 2 and not narrowed.get("language"):
        return []
    return [_language_link(code, counts, narrowed) for code in spoken]


def site_links(sites: Iterable[Site], state: State, narrowed: Narrowed) -> list[Link]:
    """Empty for a person of one site."""
    wanted, choices = narrowed.get("site", ""), list(sites)
    if len(choices) < 2:
        return []
    everywhere = Link(_("All my sites"), address(state, narrowed, site=""), None, not wanted)
    return [everywhere] + [
        Link(site.name, address(state, narrowed, site=str(site.pk)), None, wanted == str(site.pk)) for site in choices
    ]


def saved_links(views: Iterable[SavedView], here: str) -> list[tuple[Link, str]]:
    """A person's own views, each with the address that deletes it."""
    return [
        (Link(view.name, url, None, url == here), reverse("view_delete", args=[view.pk]))
        for view in views
        for url in [address(State(view.state), QueryDict(view.query).dict())]
    ]


def heading(state: State, narrowed: Narrowed) -> str:
    """What the list shows, in words: "To contact: no phone that works"."""
    why, parts = narrowed.get("why", ""), []
    if narrowed.get("mine"):
        parts.append(_("mine"))
    if narrowed.get("language"):
        parts.append(language_name(narrowed["language"]))
    name = str(Why(why).label) if why else str(state.label)
    return f"{name}: {', '.join(parts)}" if parts else name


def _why_link(why: Why, counts: Counts, narrowed: Narrowed) -> Link:
    is_current = narrowed.get("why") == why
    url = address(State.TO_CONTACT, narrowed, why="" if is_current else why.value)
    return Link(why.label, url, counts.whys.get(why, 0), is_current)


def _language_link(code: str, counts: Counts, narrowed: Narrowed) -> Link:
    is_current = narrowed.get("language") == code
    url = address(State.TO_CONTACT, narrowed, language="" if is_current else code)
    return Link(language_name(code), url, counts.languages[code], is_current)
