"""Checks of the FHIR interface of a running instance: access, reading, shapes, export, scheduling, intake."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from exchange.conformance.fhir_connection import FhirAnswer, FhirConnection
from exchange.conformance.kit import Check, CheckFailed, NothingToCheck, expect

FHIR_JSON = "application/fhir+json"
_ACCESS, _READ, _US_CORE, _INTAKE = "FHIR access", "FHIR read", "US Core 9 shapes", "FHIR write"
_BULK, _SCHEDULING = "Bulk Data", "IHE SCHED ITI-115..118"
_EXPORT_SECONDS = 20.0  # in which a small export is written
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


def build_fhir_checks(connection: FhirConnection) -> Iterator[Check]:
    """Checks that change nothing: what they send is refused by any server that keeps to the profile."""
    yield from _access_checks(connection)
    yield from _read_checks(connection)
    for name, elements in _US_CORE_ELEMENTS.items():
        yield Check(_US_CORE, name, _elements_check(connection, name, elements))
    yield from _bulk_checks(connection)
    yield from _scheduling_checks(connection)
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


def _bulk_checks(connection: FhirConnection) -> Iterator[Check]:
    yield Check(_BULK, "an export is asked for asynchronously", _status_check(connection, "GET", "$export", 400))
    yield Check(_BULK, "an unknown kind of resource is refused", lambda: _expect_status(
        connection.call("GET", "$export?_type=Nothing", Prefer="respond-async"), 400))  # fmt: skip
    yield Check(_BULK, "an export begins and is cancelled", lambda: _check_cancelled_export(connection))
    yield Check(_BULK, "an export is written, and its files want a token", lambda: _check_export(connection))


def _scheduling_checks(connection: FhirConnection) -> Iterator[Check]:
    def booked() -> None:
        for visit in connection.search("Appointment", status="booked", _count="5"):
            patient = next(one["actor"]["reference"] for one in visit["participant"])
            found = {one["id"] for one in connection.search("Appointment", patient=patient)}
            expect(visit["id"] in found, "a visit that its patient does not have")

    yield Check(_SCHEDULING, "ITI-115: $find answers proposed appointments", lambda: _check_find(connection))
    yield Check(_SCHEDULING, "ITI-115: $find refuses an unclear question", _status_check(
        connection, "GET", "Appointment/$find?start=soon&service-type=diagnostic", 400))  # fmt: skip
    for number, operation in ((116, "$hold"), (117, "$book")):
        path = f"Appointment/{operation}"
        past = {"resourceType": "Appointment", "status": "proposed", "start": "2001-01-02T10:00:00Z"}
        yield Check(_SCHEDULING, f"ITI-{number}: {operation} without an appointment is refused", _post_check(
            connection, path, {}, 422))  # fmt: skip
        yield Check(_SCHEDULING, f"ITI-{number}: {operation} for nobody is refused", _post_check(
            connection, path, past | {"participant": [{"status": "accepted"}]}, 422))  # fmt: skip
    yield Check(_SCHEDULING, "ITI-118: the visits of a patient are found", booked)


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


def _start_export(connection: FhirConnection) -> str:
    answer = connection.call("GET", "$export?_type=Organization", Prefer="respond-async")
    expect(answer.status == 202, f"status {answer.status} in place of 202")
    return answer.headers["Content-Location"]


def _check_cancelled_export(connection: FhirConnection) -> None:
    status = _start_export(connection)
    expect(connection.call("GET", status).status in (200, 202), "no status")
    expect(connection.call("DELETE", status).status == 202, "not cancelled")


def _check_export(connection: FhirConnection) -> None:
    status, until = _start_export(connection), time.monotonic() + _EXPORT_SECONDS
    while (answer := connection.call("GET", status)).status == 202:
        if time.monotonic() > until:
            connection.call("DELETE", status)
            raise NothingToCheck("the export is not written yet; does a worker run?")
        time.sleep(1)
    expect(answer.status == 200, answer.status)
    for output in answer.json()["output"]:
        expect(connection.call("GET", output["url"], has_token=False).status == 401, "a file without a token")
        for line in connection.call("GET", output["url"]).body.splitlines():
            _check_model(json.loads(line))
    connection.call("DELETE", status)


def _check_find(connection: FhirConnection) -> None:
    found = connection.search("Appointment/$find", **{"service-type": "diagnostic", "_count": "3"})
    if not found:
        raise NothingToCheck("no free time")
    for proposal in found:
        _check_model(proposal)
        expect(proposal["status"] == "proposed", proposal["status"])
