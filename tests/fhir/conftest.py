"""Fixtures of programs that read and write by themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from clinic.models import Site
from exchange.fhir.access.clients import create_client, issue_token
from exchange.fhir.models import ServiceClient
from recalls.testing.factories import RecallFactory, RoomFactory

EVERYTHING = ["system/*.*"]


class FhirClient(Client):
    """A test client with a bearer token; answers are JSON."""

    def __init__(self, service: ServiceClient, token: str) -> None:
        super().__init__(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)
        self.service, self.token = service, token

    def renewed(self) -> str:
        """An Authorization header for another day."""
        return f"Bearer {issue_token(self.service)[1]}"


@pytest.fixture
def fhir_client_for(db: None) -> Callable[..., FhirClient]:
    """Makes a client of the given sites and scopes."""

    def make(*sites: Site, scopes: list[str] | None = None, name: str = "Sample RIS") -> FhirClient:
        service, _secret = create_client(name, sites, scopes or EVERYTHING, by=None)
        return FhirClient(service, issue_token(service)[1])

    return make


@pytest.fixture
def ris(fhir_client_for: Callable[..., FhirClient], shadyside: Site) -> FhirClient:
    """The clinic's own reporting system: it may do everything at Shadyside."""
    return fhir_client_for(shadyside)


@pytest.fixture
def fhir_server(live_server: Any, shadyside: Site) -> tuple[str, str]:
    """The base address of a running server with a patient who went the whole way, and a token."""
    service, _secret = create_client("Sample EHR", [shadyside], EVERYTHING, by=None)
    RecallFactory.create(site=shadyside, cancer=True)
    RecallFactory.create(site=shadyside, booked=True)
    RoomFactory.create(site=shadyside)
    return f"{live_server.url}/fhir", issue_token(service)[1]


def issue_of(response: Any) -> dict[str, Any]:
    """The first issue of an OperationOutcome."""
    body = response.json()
    assert body["resourceType"] == "OperationOutcome", body
    issue: dict[str, Any] = body["issue"][0]
    return issue
