"""What else belongs into the story of a recall? Packages above this one add their own entries here.

The recall page knows its events; messages to the patient live in a package that this one may not import. It registers
a provider when Django starts, and the page asks every provider.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recalls.models import Recall, RecallEvent


@dataclass(frozen=True, slots=True)
class Entry:
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


Provider = Callable[[Recall], Iterable[Entry]]
Teller = Callable[[RecallEvent], tuple[str, ...]]
_providers: dict[str, Provider] = {}
_tellers: dict[str, Teller] = {}


def register(name: str, provider: Provider) -> None:
    """Add a provider under its name, at start-up; it may use one query. The same name again replaces it."""
    _providers[name] = provider


def entries_of_others(recall: Recall) -> list[Entry]:
    """Everything the other packages tell about this recall, in no order."""
    return [entry for provider in _providers.values() for entry in provider(recall)]


def register_teller(step: str, teller: Teller) -> None:
    """Say at start-up how the events of a step read whose facts belong to another package; it may use no query."""
    _tellers[step] = teller


def told_by_others(event: RecallEvent) -> tuple[str, ...]:
    """The details of such an event; none for any other."""
    return _tellers[event.step](event) if event.step in _tellers else ()
