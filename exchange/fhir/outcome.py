"""Errors of the FHIR interface, each an HTTP status and an OperationOutcome."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# http://hl7.org/fhir/R4/valueset-issue-type.html
CODE_BY_STATUS = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    410: "deleted",
    412: "multiple-matches",
    413: "too-long",
    415: "not-supported",
    422: "processing",
    429: "throttled",
    500: "exception",
    503: "transient",
}


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong: a sentence that never repeats what was sent, and the FHIRPath of the place."""

    message: str
    place: str = ""
    code: str = ""
    severity: str = "error"


@dataclass
class FhirError(Exception):
    """Ends a request with this status; the client gets the issues as an OperationOutcome."""

    status: int
    issues: list[Issue]
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, message: str, *, place: str = "", code: str = "", **headers: str) -> "FhirError":
        """With one issue; a header's name is written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, [Issue(message, place, code)], named)


def build_operation_outcome(issues: Iterable[Issue], status: int = 200) -> dict[str, Any]:
    """The resource; an issue without a code has that of the status."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": issue.severity,
                "code": issue.code or CODE_BY_STATUS.get(status, "informational"),
                "diagnostics": issue.message,
                **({"expression": [issue.place]} if issue.place else {}),
            }
            for issue in issues
        ],
    }
