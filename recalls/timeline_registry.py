"""Registry through which other apps add what they know to the page of a recall and to its forms.

The recall page knows its events; messages to the patient live in a package that this one may not import. It registers
a provider when Django starts, and the page asks every provider.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinic.models import User
from recalls.models import Recall, RecallEvent


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the story, in words a person reads; `at` is UTC."""

    at: datetime
    title: Any
    by: str = ""
    details: tuple[Any, ...] = ()
    note: str = ""
    # Where to read more (the message as it was sent); empty when there is nowhere.
    url: str = ""
    # True for what is known by its day, not its hour.
    day_only: bool = False


@dataclass(frozen=True, slots=True)
class OrderSource:
    """A message about a recall that has an imaging order; `url` is where those who may can read it."""

    received_at: datetime
    text: str
    url: str


TimelineProvider = Callable[[Recall], Iterable[TimelineEntry]]
EventDescriber = Callable[[RecallEvent], tuple[str, ...]]
OrderSourceProvider = Callable[[Recall], Iterable["OrderSource"]]
ReaderSource = Callable[[Recall], User | None]
_providers: dict[str, TimelineProvider] = {}
_order_sources: dict[str, OrderSourceProvider] = {}
_reader_sources: dict[str, ReaderSource] = {}
_describers: dict[str, EventDescriber] = {}


def register_provider(name: str, provider: TimelineProvider) -> None:
    """Add a provider under its name, at start-up; it may use one query. The same name again replaces it."""
    _providers[name] = provider


def collect_entries(recall: Recall) -> list[TimelineEntry]:
    """Everything the other packages tell about this recall, in no order."""
    return [entry for provider in _providers.values() for entry in provider(recall)]


def register_event_describer(step: str, teller: EventDescriber) -> None:
    """Say at start-up how the events of a step read whose facts belong to another package; it may use no query."""
    _describers[step] = teller


def describe_event(event: RecallEvent) -> tuple[str, ...]:
    """The details of such an event; none for any other."""
    return _describers[event.step](event) if event.step in _describers else ()


def register_order_source(name: str, provider: OrderSourceProvider) -> None:
    """Say at start-up which messages from outside tell about a recall; it may use one query."""
    _order_sources[name] = provider


def collect_order_sources(recall: Recall) -> list[OrderSource]:
    """The messages about this recall, the oldest first."""
    found = [source for provider in _order_sources.values() for source in provider(recall)]
    return sorted(found, key=lambda source: source.received_at)


def register_reader_source(name: str, source: ReaderSource) -> None:
    """Say at start-up who a message from outside names as reader of the work-up; it may use one query without one."""
    _reader_sources[name] = source


def find_named_reader(recall: Recall) -> User | None:
    """Who read the images of the work-up that waits for its outcome, as far as a message says so."""
    return next((found for source in _reader_sources.values() if (found := source(recall)) is not None), None)
