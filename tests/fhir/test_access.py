"""Holds who comes in to the FHIR interface, how often, and that every refusal is an OperationOutcome."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from clinic.models import Site, User
from exchange.fhir import tasks
from exchange.fhir.access.clients import create_client, issue_token, renew_secret, revoke_client
from exchange.fhir.access.rate_limit import UNKNOWN_CALLERS_PER_MINUTE
from exchange.fhir.models import AccessToken, RateCounter, ServiceClient
from exchange.fhir.scopes import expand_scopes, narrow_scopes
from tests.fhir.conftest import FhirClient, issue_of
from tests.support.admin_pages import changelist_url, signed_in_client

pytestmark = pytest.mark.django_db

SOMEWHERE = "/fhir/no-such-thing"
NOON = "2026-11-25T12:00:10Z"


def _ask_token(client: Client, name: str, secret: str, **more: str) -> dict[str, str]:
    form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret, **more}
    body = "&".join(f"{key}={value}" for key, value in form.items())
    response = client.generic("POST", "/fhir/token", body, content_type="application/x-www-form-urlencoded")
    return {"status": str(response.status_code), **response.json()}


def test_a_stranger_is_asked_for_a_token(client: Client) -> None:
    response = client.get(SOMEWHERE)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert issue_of(response)["code"] == "login"


def test_a_signed_in_person_needs_a_token_too(scheduler_ana: User) -> None:
    assert signed_in_client(scheduler_ana).get(SOMEWHERE).status_code == 401


def test_a_client_gets_a_token_for_its_secret_and_comes_in(client: Client, shadyside: Site) -> None:
    service, secret = create_client("RIS", [shadyside], ["system/Patient.read", "system/Task.read"], by=None)
    told = _ask_token(client, service.client_id, secret, scope="system/Patient.read+system/Appointment.write")
    assert (told["status"], told["token_type"], told["scope"]) == ("200", "bearer", "system/Patient.read")
    response = client.get(SOMEWHERE, headers={"Authorization": f"Bearer {told['access_token']}"})
    assert response.status_code == 404
    assert response["Content-Type"].startswith("application/fhir+json")
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "error"),
    [({"client_secret": "wrong"}, "invalid_client"), ({"grant_type": "password"}, "unsupported_grant_type"),
     ({"scope": "system/Patient.write"}, "invalid_scope")],
)  # fmt: skip
def test_the_token_endpoint_refuses_in_the_words_of_oauth(
    client: Client, shadyside: Site, form: dict[str, str], error: str
) -> None:
    service, secret = create_client("RIS", [shadyside], ["system/Patient.read"], by=None)
    told = _ask_token(client, service.client_id, form.pop("client_secret", secret), **form)
    assert told["error"] == error


def test_no_secret_and_no_token_is_stored(shadyside: Site) -> None:
    service, secret = create_client("RIS", [shadyside], ["system/*.read"], by=None)
    _row, token = issue_token(service)
    stored = str(list(ServiceClient.objects.values())) + str(list(AccessToken.objects.values()))
    assert secret not in stored
    assert token not in stored


def test_nobody_signs_in_with_the_account_of_a_program(ris: FhirClient) -> None:
    assert not ris.service.account.has_usable_password()


def test_an_expired_or_revoked_token_or_client_is_refused(ris: FhirClient) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert ris.get(SOMEWHERE).status_code == 401
    assert ris.get(SOMEWHERE).status_code == 404
    renew_secret(ris.service)
    assert ris.get(SOMEWHERE).status_code == 401
    ris.defaults["HTTP_AUTHORIZATION"] = f"Bearer {issue_token(ris.service)[1]}"
    assert ris.get(SOMEWHERE).status_code == 404
    ris.service.expires_at = timezone.now() - timedelta(seconds=1)
    ris.service.save()
    assert ris.get(SOMEWHERE).status_code == 401


def test_a_revoked_client_is_out_at_once(ris: FhirClient) -> None:
    revoke_client(ris.service)
    assert ris.get(SOMEWHERE).status_code == 401


def test_a_client_that_asks_too_often_waits_for_the_next_minute(ris: FhirClient) -> None:
    ServiceClient.objects.update(requests_per_minute=2)
    with time_machine.travel(NOON, tick=False) as clock:
        ris.defaults["HTTP_AUTHORIZATION"] = f"Bearer {issue_token(ris.service)[1]}"
        assert [ris.get(SOMEWHERE).status_code for _ in range(3)] == [404, 404, 429]
        assert ris.get(SOMEWHERE)["Retry-After"] == "50"
        clock.shift(timedelta(seconds=50))
        assert ris.get(SOMEWHERE).status_code == 404


def test_the_requests_that_another_process_counted_count_here(ris: FhirClient) -> None:
    with time_machine.travel(NOON, tick=False):
        ris.defaults["HTTP_AUTHORIZATION"] = f"Bearer {issue_token(ris.service)[1]}"
        minute = timezone.now().replace(second=0, microsecond=0)
        RateCounter.objects.create(key=f"client:{ris.service.pk}", minute=minute, count=600)
        assert issue_of(ris.get(SOMEWHERE))["code"] == "throttled"


def test_counts_and_tokens_of_the_past_are_deleted_and_those_in_use_are_kept(ris: FhirClient) -> None:
    ris.get(SOMEWHERE)
    tasks.sweep()
    assert ris.get(SOMEWHERE).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        tasks.sweep()
    assert not RateCounter.objects.exists()
    assert not AccessToken.objects.exists()


def test_whoever_guesses_tokens_is_put_off_and_the_rest_of_the_house_is_not(client: Client, ris: FhirClient) -> None:
    with time_machine.travel(NOON, tick=False):
        good = f"Bearer {issue_token(ris.service)[1]}"
        wrong = {"Authorization": "Bearer guessed"}
        for _ in range(UNKNOWN_CALLERS_PER_MINUTE):
            assert client.get(SOMEWHERE, headers=wrong).status_code == 401
        assert client.get(SOMEWHERE, headers=wrong).status_code == 429
        assert client.get(SOMEWHERE, headers={"Authorization": good}).status_code == 404


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [("/fhir/metadata?_format=xml", {}, 406), ("/fhir/metadata", {"Accept": "application/fhir+xml"}, 406),
     ("/fhir/metadata", {"Accept": "application/fhir+json; fhirVersion=5.0"}, 406),
     ("/fhir/metadata", {"Accept": "application/fhir+json; fhirVersion=4.0"}, 200),
     ("/fhir/metadata?_format=application/fhir%2Bjson", {"Accept": "text/html"}, 200)],
)  # fmt: skip
def test_only_json_of_r4_is_spoken(client: Client, address: str, headers: dict[str, str], status: int) -> None:
    assert client.get(address, headers=headers).status_code == status


def test_another_method_is_told_which_there_are(client: Client) -> None:
    response = client.put("/fhir/metadata")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert issue_of(response)["code"] == "not-supported"


def test_metadata_is_unchanged_for_a_client_that_has_it(client: Client) -> None:
    tag = client.get("/fhir/metadata")["ETag"]
    assert client.get("/fhir/metadata", headers={"If-None-Match": tag}).status_code == 304


def test_an_error_of_ours_is_an_outcome_without_its_words(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError("Sample-Oak")

    monkeypatch.setattr("exchange.fhir.views.metadata.build_capability_statement", fail)
    response = client.get("/fhir/metadata")
    assert response.status_code == 500
    assert "Sample-Oak" not in response.content.decode()
    assert issue_of(response)["code"] == "exception"


def test_a_scope_allows_what_it_names_and_a_wider_one_is_never_given() -> None:
    assert expand_scopes(["system/Patient.read"]) == {("Patient", "read")}
    assert ("Task", "read") in expand_scopes(["system/*.read"])
    assert ("Appointment", "write") not in expand_scopes(["system/*.read"])
    assert narrow_scopes(["system/Patient.read"], ["system/*.read", "system/Patient.read"]) == ["system/Patient.read"]


def test_an_administrator_makes_a_client_for_own_sites_and_sees_its_secret_once(
    administrator_ada: User, shadyside: Site, foothills: Site, client: Client
) -> None:
    ada = signed_in_client(administrator_ada)
    form = {"name": "RIS", "scopes": ["system/Patient.read"], "requests_per_minute": "60", "sites": [foothills.pk]}
    assert ada.post(changelist_url(ServiceClient) + "add/", form).status_code == 200
    assert not ServiceClient.objects.exists()
    response = ada.post(changelist_url(ServiceClient) + "add/", form | {"sites": [shadyside.pk]})
    ((service, secret),) = response.context["given"]
    assert secret in response.content.decode()
    assert (service.created_by, list(service.account.sites.all())) == (administrator_ada, [shadyside])
    assert _ask_token(client, service.client_id, secret)["status"] == "200"
    chosen = {"action": "issue_bearer_tokens", "_selected_action": [service.pk]}
    ((_client, token),) = ada.post(changelist_url(ServiceClient), chosen).context["given"]
    assert client.get(SOMEWHERE, headers={"Authorization": f"Bearer {token}"}).status_code == 404
    ada.post(changelist_url(ServiceClient), {**chosen, "action": "revoke"})
    assert client.get(SOMEWHERE, headers={"Authorization": f"Bearer {token}"}).status_code == 401
