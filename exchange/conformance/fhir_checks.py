"""Checks of the FHIR interface of a running instance: access, reading, shapes, export, scheduling, intake."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from exchange.conformance.kit import Check, CheckFailed, NothingToCheck, expect

FHIR_JSON = "application/fhir+json"
_TIMEOUT = urllib3.Timeout(connect=5, read=30)
_ACCESS, _READ, _US_CORE = "Access (OAuth2)", "Read and search (R4)", "US Core 9 shapes"
_BULK, _SCHEDULING, _INTAKE = "Bulk Data", "Scheduling (ITI-115 to 118)", "Intake (write)"
# What US Core 9 asks of each resource beyond FHIR itself.
_US_CORE_ELEMENTS = {
    "Patient": ("identifier", "name", "gender"),
    "ServiceRequest": ("status", "intent", "code", "subject"),
    "DiagnosticReport": ("status", "category", "code", "subject"),
    "Observation": ("status", "category", "code", "subject", "valueCodeableConcept"),
    "Procedure": ("status", "code", "subject", "performedDateTime"),
    "CarePlan": ("text", "status", "intent", "category", "subject"),
    "Organization": ("active", "name"),
    "Location": ("name",),
}


@dataclass(frozen=True, slots=True)
class FhirAnswer:
    """An answer of the instance, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class FhirConnection:
    """Speaks to one base address, with a token unless told otherwise."""

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url, self._token = base_url.rstrip("/"), token
        self._pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=False)

    def call(
        self, method: str, path: str, body: bytes | None = None, *, has_token: bool = True, **headers: str
    ) -> FhirAnswer:
        """`path` below the base address, or a whole address; underscores of a header's name are hyphens."""
        url = path if path.startswith("http") else f"{self.base_url}/{path}"
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if has_token:
            given["Authorization"] = f"Bearer {self._token}"
        try:
            response = self._pool.request(method, url, body=body, headers=given, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise CheckFailed(f"no answer ({type(error).__name__})") from error
        return FhirAnswer(response.status, dict(response.headers), response.data)

    def search(self, resource_type: str, **parameters: str) -> list[dict[str, Any]]:
        """The resources of the first page."""
        answer = self.call("GET", f"{resource_type}?{urlencode(parameters)}")
        expect(answer.status == 200, answer.status)
        return [entry["resource"] for entry in answer.json().get("entry", [])]


def ask_token(base_url: str, client_id: str, secret: str) -> str:
    """A token by client credentials. Raises CheckFailed."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    headers = {"Content_Type": "application/x-www-form-urlencoded"}
    answer = FhirConnection(base_url, "").call("POST", "token", urlencode(form).encode(), has_token=False, **headers)
    expect(answer.status == 200, f"status {answer.status} from the token endpoint")
    return str(answer.json()["access_token"])


def build_fhir_checks(connection: FhirConnection) -> Iterator[Check]:
    """Checks that change nothing: what they send is refused by any server that keeps to the profile."""
    yield from _access_checks(connection)
    yield from _read_checks(connection)
    for name, elements in _US_CORE_ELEMENTS.items():
        yield Check(_US_CORE, name, _elements_check(connection, name, elements))
    yield Check(_BULK, "an export is asked for asynchronously", _status_check(connection, "GET", "$export", 400))
    yield Check(_BULK, "an export begins and is cancelled", lambda: _check_export(connection))
    yield Check(_SCHEDULING, "$find answers proposed appointments", lambda: _check_find(connection))
    yield Check(
        _SCHEDULING, "$hold without an appointment is refused", _post_check(connection, "Appointment/$hold", {}, 422)
    )
    yield Check(
        _SCHEDULING, "$book without an appointment is refused", _post_check(connection, "Appointment/$book", {}, 422)
    )
    yield from _intake_checks(connection)


def _access_checks(connection: FhirConnection) -> Iterator[Check]:
    def stranger() -> None:
        answer = connection.call("GET", "Patient", has_token=False)
        expect(answer.status == 401, answer.status)
        expect("Bearer" in answer.headers.get("WWW-Authenticate", ""), "no challenge")
        _check_outcome(answer)

    yield Check(_ACCESS, "a request without a token is challenged", stranger)
    yield Check(_ACCESS, "a wrong token is refused", lambda: _expect_status(
        FhirConnection(connection.base_url, "guessed").call("GET", "Patient"), 401))  # fmt: skip
    yield Check(_ACCESS, "XML is not spoken", _status_check(connection, "GET", "metadata?_format=xml", 406))
    yield Check(_ACCESS, "an unknown method is refused", _status_check(connection, "DELETE", "metadata", 405))
    yield Check(_ACCESS, "an unknown address is not found", _status_check(connection, "GET", "nothing/at/all", 404))


def _read_checks(connection: FhirConnection) -> Iterator[Check]:
    def metadata() -> None:
        answer = connection.call("GET", "metadata", has_token=False)
        expect(answer.status == 200, answer.status)
        _check_model(answer.json())
        expect(str(answer.json()["fhirVersion"]).startswith("4.0"), "another version of FHIR")

    yield Check(_READ, "metadata is open and valid", metadata)
    for name in _searchable(connection):
        yield Check(_READ, f"{name}: search and read agree and are valid", _resource_check(connection, name))
    yield Check(_READ, "an unknown parameter is refused", _status_check(connection, "GET", "Patient?foo=bar", 400))
    yield Check(_READ, "a page leads to the next, without repeating", lambda: _check_pages(connection))
    yield Check(_READ, "a huge id is not found", _status_check(connection, "GET", f"Patient/{'9' * 60}", 404))


def _searchable(connection: FhirConnection) -> list[str]:
    """The kinds of resource that the statement names; Slot is searched by schedule only."""
    try:
        told = connection.call("GET", "metadata", has_token=False).json()
        return [one["type"] for one in told["rest"][0]["resource"] if one["type"] != "Slot"]
    except (CheckFailed, ValueError, KeyError, IndexError):
        return []


def _intake_checks(connection: FhirConnection) -> Iterator[Check]:
    bodies: dict[str, tuple[bytes, int]] = {
        "a body that is no JSON": (b"{", 400),
        "a body nested a thousand times": (b"[" * 1000 + b"]" * 1000, 400),
        "another kind of resource": (b'{"resourceType":"Patient"}', 422),
        "a report without a status": (b'{"resourceType":"DiagnosticReport","code":{"text":"x"}}', 422),
    }
    for rule, (body, status) in bodies.items():
        yield Check(_INTAKE, f"{rule} is refused", _body_check(connection, body, status))
    yield Check(_INTAKE, "a body of another type is refused", lambda: _expect_status(
        connection.call("POST", "DiagnosticReport", b"x", Content_Type="text/plain"), 415))  # fmt: skip


def _status_check(connection: FhirConnection, method: str, path: str, status: int) -> Callable[[], None]:
    return lambda: _expect_status(connection.call(method, path), status)


def _post_check(connection: FhirConnection, path: str, body: object, status: int) -> Callable[[], None]:
    sent = json.dumps(body).encode()
    return lambda: _expect_status(connection.call("POST", path, sent, Content_Type=FHIR_JSON), status)


def _body_check(connection: FhirConnection, body: bytes, status: int) -> Callable[[], None]:
    return lambda: _expect_status(connection.call("POST", "DiagnosticReport", body, Content_Type=FHIR_JSON), status)


def _expect_status(answer: FhirAnswer, status: int) -> None:
    expect(answer.status == status, f"status {answer.status} in place of {status}")
    _check_outcome(answer)


def _check_outcome(answer: FhirAnswer) -> None:
    expect(answer.json().get("resourceType") == "OperationOutcome", "no OperationOutcome")
    _check_model(answer.json())


def _check_model(resource: dict[str, Any]) -> None:
    try:
        get_fhir_model_class(str(resource["resourceType"])).model_validate(resource)
    except ValidationError as refused:
        places = [".".join(map(str, fault["loc"])) for fault in refused.errors(include_input=False)]
        raise CheckFailed(f"not valid at {', '.join(places[:5])}") from None


def _resource_check(connection: FhirConnection, name: str) -> Callable[[], None]:
    def check() -> None:
        found = connection.search(name, _count="10")
        if not found:
            raise NothingToCheck("none at the sites of this client")
        for resource in found:
            _check_model(resource)
        answer = connection.call("GET", f"{name}/{found[0]['id']}")
        expect(answer.status == 200 and answer.json() == found[0], "another resource")

    return check


def _elements_check(connection: FhirConnection, name: str, elements: tuple[str, ...]) -> Callable[[], None]:
    def check() -> None:
        found = [
            one for one in connection.search(name) if any("us-core" in url for url in one["meta"].get("profile", []))
        ]
        if not found:
            raise NothingToCheck("none that names a profile of US Core")
        missing = {element for one in found for element in elements if element not in one}
        expect(not missing, f"no {', '.join(sorted(missing))}")

    return check


def _check_pages(connection: FhirConnection) -> None:
    answer = connection.call("GET", "Patient?_count=1")
    links = [link["url"] for link in answer.json().get("link", []) if link["relation"] == "next"]
    if not links:
        raise NothingToCheck("fewer than two patients")
    following = connection.call("GET", links[0]).json()["entry"][0]["resource"]["id"]
    expect(following != answer.json()["entry"][0]["resource"]["id"], "the same patient twice")


def _check_export(connection: FhirConnection) -> None:
    answer = connection.call("GET", "$export?_type=Organization", Prefer="respond-async")
    expect(answer.status == 202, f"status {answer.status} in place of 202")
    status = answer.headers["Content-Location"]
    expect(connection.call("GET", status).status in (200, 202), "no status")
    expect(connection.call("DELETE", status).status == 202, "not cancelled")


def _check_find(connection: FhirConnection) -> None:
    found = connection.search("Appointment/$find", **{"service-type": "diagnostic", "_count": "3"})
    if not found:
        raise NothingToCheck("no free time")
    for proposal in found:
        _check_model(proposal)
        expect(proposal["status"] == "proposed", proposal["status"])
