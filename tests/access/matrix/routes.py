"""Every address that the program answers, with the parts of it that name a row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from clinic.roles import Page


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the resolver: `name` with its namespace, or its pattern where it has no name."""

    name: str
    pattern: str
    view: Any

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(re.findall(r"<(?:\w+:)?(\w+)>", self.pattern))

    @property
    def page(self) -> Page | None:
        return getattr(getattr(self.view, "view_class", None), "page", None)

    def answers(self, method: str) -> bool:
        """Whether its view has an answer to that method; a function answers each by itself."""
        view_class = getattr(self.view, "view_class", None)
        allowed = getattr(view_class, "http_method_names", ())
        return view_class is None or (hasattr(view_class, method.lower()) and method.lower() in allowed)

    def address(self, values: dict[str, Any]) -> str:
        """The address with these values in its parts."""
        words = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", self.pattern)
        words = words.replace("^", "").removesuffix("$") if "^" in words else words
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(values[part[1]]), words)


def all_routes() -> list[Route]:
    """Each once: two names of one address are one."""
    found: dict[str, Route] = {}
    for route in _walk(get_resolver(), "", ""):
        found.setdefault(route.pattern, route)
    return list(found.values())


def _walk(resolver: URLResolver, before: str, namespace: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        pattern = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield Route(namespace + entry.name if entry.name else pattern, pattern, entry.callback)
        else:
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry, pattern, inner)
