"""Holds that programs made by others read the interface, and that whatever is sent ends in an answer of our own."""

import json
import os
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clinic.models import Site
from exchange.fhir.search.definitions import DEFINITIONS
from exchange.fhir.search.filters import build_condition
from recalls.testing.factories import RecallFactory
from tests.fhir.api_description import build_openapi
from tests.fhir.conftest import FhirClient

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))  # of each address and method
NEARLY_A_DATE = r"(ge|lt)?[0-9]{4}-[0-9]{2}(-[0-9]{2})?T?[0-9:.+Z-]{0,14}"


@pytest.mark.django_db(transaction=True)
def test_a_client_library_made_by_others_walks_a_patient(fhir_server: tuple[str, str]) -> None:
    url, token = fhir_server
    client = SyncFHIRClient(url, authorization=f"Bearer {token}")
    request = client.resources("ServiceRequest").search(status="active").include("ServiceRequest", "patient").first()
    assert request is not None
    patient = request["subject"].to_resource()
    assert patient["active"] is True
    assert client.resources("Patient").search(identifier=patient["identifier"][0]["value"]).get()["id"] == patient["id"]
    visits = client.resources("Appointment").search(patient=patient.to_reference()).fetch_all()
    assert [visit["status"] for visit in visits] == ["booked"]
    assert len(client.resources("Observation").limit(1).fetch_all()) > 4, "it follows the links from page to page"
    everything = patient.execute("$everything", method="GET")
    assert {"Patient", "ServiceRequest", "Flag"} <= {entry["resource"]["resourceType"] for entry in everything["entry"]}
    with pytest.raises(ResourceNotFound):
        client.reference("Patient", "999999").to_resource()
    with pytest.raises(OperationOutcome):
        client.resources("Patient").search(nonsense="1").fetch()


@pytest.mark.django_db
def test_a_fuzzer_finds_no_answer_of_500(ris: FhirClient, shadyside: Site) -> None:
    RecallFactory.create(site=shadyside, booked=True)
    schema = schemathesis.openapi.from_dict(build_openapi())
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # a description of our own is never an Err

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def send(case: Any) -> None:
            kwargs = case.as_transport_kwargs(base_url="http://testserver")
            body = json.dumps(kwargs["json"]) if kwargs.get("json") is not None else kwargs.get("data") or ""
            response = ris.generic(
                kwargs["method"], kwargs["url"].removeprefix("http://testserver"), body,
                content_type="application/fhir+json", query_params=dict(kwargs.get("params") or {}),
            )  # fmt: skip
            assert response.status_code < 500, (case.method, case.path, kwargs)

        send()


@given(value=st.text(max_size=30) | st.from_regex(NEARLY_A_DATE, fullmatch=True))
@settings(max_examples=60, derandomize=True, deadline=None, database=None)
def test_a_search_value_is_a_condition_or_a_sentence(value: str) -> None:
    for definition in DEFINITIONS.values():
        for part in definition.parts:
            for one in part.filters.values():
                with suppress(ValueError):
                    build_condition(one, value)
