"""The rows of a simulation's CSV file: the same figures as the page and the JSON file."""

from collections.abc import Iterator
from typing import Any

SIMULATION_COLUMNS = ("part", "figure", "label", "middle", "low", "high", "history", "lies")


def simulation_rows(document: dict[str, Any]) -> Iterator[list[str]]:
    """As today and as planned for each figure, then the history beside what was played of it, then what is assumed."""
    for one in document["figures"]:
        for part in ("today", "plan"):
            yield [part, one["name"], one["label"], *(one[part][name] for name in ("middle", "low", "high")), "", ""]
    for one in document["checks"]:
        spread = [one["played"][name] for name in ("middle", "low", "high")]
        yield ["check", one["name"], one["label"], *spread, one["history"], one["words"]]
    for number, words in enumerate(document["assumptions"], 1):
        yield ["assumed", str(number), words, "", "", "", "", ""]
