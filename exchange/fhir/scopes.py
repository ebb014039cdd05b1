"""Scopes in the words of SMART backend services: system/<resource or *>.<read, write or *>."""

import re
from collections.abc import Iterable

READABLE = (
    "Appointment", "CarePlan", "Communication", "DiagnosticReport", "Flag", "Location", "Observation", "Organization",
    "Patient", "Practitioner", "Procedure", "Schedule", "ServiceRequest", "Slot", "Task",
)  # fmt: skip
WRITABLE = ("Appointment", "DiagnosticReport")
READ, WRITE = "read", "write"
_SCOPE = re.compile(r"system/(\*|[A-Za-z]+)\.(read|write|\*)")

ALL_SCOPES: tuple[str, ...] = (
    "system/*.read",
    *(f"system/{name}.read" for name in READABLE),
    *(f"system/{name}.write" for name in WRITABLE),
)


def find_unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Those that are no scopes of ours."""
    return [scope for scope in scopes if not _parse(scope)]


def _parse(scope: str) -> frozenset[tuple[str, str]]:
    """Every (resource, verb) that the scope allows; none for one that is unknown."""
    match = _SCOPE.fullmatch(scope)
    if match is None:
        return frozenset()
    name, verb = match.groups()
    verbs = {READ: READABLE, WRITE: WRITABLE}
    wanted = verbs if verb == "*" else {verb: verbs[verb]}
    return frozenset((one, way) for way, known in wanted.items() for one in known if name in ("*", one))


def expand_scopes(scopes: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Every (resource, "read" or "write") that these scopes allow together."""
    return frozenset(pair for scope in scopes for pair in _parse(scope))


def narrow_scopes(granted: Iterable[str], asked: Iterable[str]) -> list[str]:
    """Those asked for that stay within what is granted, in their order."""
    allowed = expand_scopes(granted)
    return [scope for scope in asked if (pairs := _parse(scope)) and pairs <= allowed]
