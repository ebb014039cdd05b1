"""Holds that webhooks tell what was committed, signed, until it arrives, and never into this network."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from clinic.factories import get_site_staff
from clinic.models import Site, User
from exchange.fhir.access.clients import revoke_client
from exchange.fhir.address_check import check_address, resolve_address
from exchange.fhir.models import WebhookDelivery, WebhookSubscription
from exchange.fhir.models.webhooks import WebhookKind
from exchange.fhir.webhooks import delivery
from exchange.fhir.webhooks.plan import plan_webhooks
from exchange.fhir.webhooks.signing import get_secret
from recalls import actions
from recalls.models import Recall
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.fhir.conftest import FhirClient
from tests.support.admin_pages import changelist_url, signed_in_client

pytestmark = pytest.mark.django_db
State = WebhookDelivery.State


@dataclass
class Receiver:
    """A small server that keeps what it is sent and answers as it is told."""

    url: str = ""
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(told.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    settings.WEBHOOK_HOSTS = ["127.0.0.1"]
    told.url = f"http://127.0.0.1:{server.server_port}/recalls?x=1"
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def webhook(ris: FhirClient, receiver: Receiver) -> WebhookSubscription:
    return WebhookSubscription.objects.create(client=ris.service, url=receiver.url, kinds=WebhookKind.values)


def test_each_turn_of_a_recall_is_told_signed_and_without_patient_data(
    webhook: WebhookSubscription, receiver: Receiver, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    actions.void(recall, by=get_site_staff(shadyside).radiologist, note="Wrong patient")
    assert delivery.deliver_due(5) == 3
    told = [json.loads(body) for _headers, body in receiver.got]
    assert [one["type"] for one in told] == ["recall.opened", "recall.booked", "recall.closed"]
    site = f"Organization/site-{shadyside.pk}"
    for one in told:
        assert set(one) == {"id", "type", "timestamp", "data"}
        assert {**one["data"], "version": 0} == {"recall": f"ServiceRequest/{recall.pk}", "site": site, "version": 0}
    headers, body = receiver.got[0]
    key = base64.b64decode(get_secret(webhook).removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {State.DELIVERED}


def test_what_is_rolled_back_is_told_to_nobody(webhook: WebhookSubscription, shadyside: Site) -> None:
    with transaction.atomic():
        RecallFactory.create(site=shadyside)
        transaction.set_rollback(True)
    assert not WebhookDelivery.objects.exists()


def test_another_sites_recall_is_not_told(webhook: WebhookSubscription, foothills: Site) -> None:
    RecallFactory.create(site=foothills)
    assert not WebhookDelivery.objects.exists()


def test_an_address_that_fails_is_tried_again_with_the_same_id(
    webhook: WebhookSubscription, receiver: Receiver, shadyside: Site
) -> None:
    receiver.status = 503
    RecallFactory.create_batch(3, site=shadyside)
    assert delivery.deliver_due(5) == 1, "the others wait with it"
    receiver.status = 200
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert delivery.deliver_due(5) == 3
    ids = [headers["webhook-id"] for headers, _body in receiver.got]
    assert (len(ids), len(set(ids)), ids[0] in ids[1:]) == (4, 3, True)


def test_a_killed_sender_leaves_its_message_to_another(
    webhook: WebhookSubscription, receiver: Receiver, shadyside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    RecallFactory.create(site=shadyside)
    with monkeypatch.context() as killed:
        killed.setattr(delivery, "_record", lambda *_args, **_fields: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            delivery.deliver_due(5)
    assert delivery.deliver_due(5) == 0, "its lease holds"
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert delivery.deliver_due(5) == 1
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1
    assert WebhookDelivery.objects.get().state == State.DELIVERED


def test_after_three_days_a_person_must_look_and_can_send_again(
    webhook: WebhookSubscription, receiver: Receiver, shadyside: Site
) -> None:
    receiver.status = 500
    RecallFactory.create(site=shadyside)
    delivery.deliver_due(5)
    with time_machine.travel(timezone.now() + timedelta(hours=73)):
        delivery.deliver_due(5)
        row = WebhookDelivery.objects.get()
        assert (row.state, row.last_answer) == (State.FAILED, "500")
        receiver.status = 200
        assert delivery.send_again([row]) == 1
        assert delivery.deliver_due(5) == 1


def test_a_revoked_client_and_one_that_is_gone_are_told_nothing_more(
    webhook: WebhookSubscription, receiver: Receiver, ris: FhirClient, shadyside: Site
) -> None:
    receiver.status = 410
    RecallFactory.create(site=shadyside)
    delivery.deliver_due(5)
    webhook.refresh_from_db()
    assert webhook.active is False
    WebhookSubscription.objects.update(active=True)
    RecallFactory.create(site=shadyside)
    revoke_client(ris.service)
    assert delivery.deliver_due(5) == 0
    assert WebhookDelivery.objects.filter(state=State.CANCELLED).count() == 1


def test_a_redirect_is_not_followed(webhook: WebhookSubscription, receiver: Receiver, shadyside: Site) -> None:
    receiver.status = 307
    RecallFactory.create(site=shadyside)
    delivery.deliver_due(5)
    assert (len(receiver.got), WebhookDelivery.objects.get().last_answer) == (1, "307")


@pytest.mark.parametrize(
    "url",
    ["http://ris.example.org/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.5/x", "https://169.254.169.254/",
     "https://2130706433/", "https://0.0.0.0/", "https://[::ffff:10.0.0.5]/", "https://user:pw@example.org/", "ftp://x/",
     "https://", "file:///etc/passwd", "https://exa mple.org/", "https://example.org:99999/", "https://100.64.0.1/"],
)  # fmt: skip
def test_no_address_of_this_network_is_called(url: str, settings: Any) -> None:
    settings.WEBHOOK_HOSTS = []
    with pytest.raises((ValueError, OSError)):
        resolve_address(url)


def test_a_name_that_leads_into_this_network_is_not_called(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_HOSTS = []
    answers = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_kwargs: answers)
    with pytest.raises(ValueError, match="private"):
        resolve_address("https://ris.example.org/")
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_kwargs: answers[:1])
    found = resolve_address("https://ris.example.org:8443/x?y=1")
    assert (found.ip, found.host_header, found.path) == ("93.184.215.14", "ris.example.org:8443", "/x?y=1")


def test_an_address_that_may_not_be_called_is_not_stored(ris: FhirClient, settings: Any) -> None:
    settings.WEBHOOK_HOSTS = []
    assert check_address("https://ris.example.org/x").port == 443
    with pytest.raises(ValidationError):
        WebhookSubscription(client=ris.service, url="http://ris.example.org/", kinds=["recall.opened"]).full_clean()


def test_a_move_without_webhooks_costs_one_query_more(shadyside: Site, django_assert_num_queries: Any) -> None:
    event = RecallFactory.create(site=shadyside).events.select_related("recall").get()
    with django_assert_num_queries(1):
        plan_webhooks([event])


def test_an_administrator_sees_what_was_told_and_the_key(
    administrator_ada: User, webhook: WebhookSubscription, shadyside: Site, foothills: Site
) -> None:
    recall: Recall = RecallFactory.create(exam=ExamFactory.create(patient__site=shadyside))
    ada = signed_in_client(administrator_ada)
    row = WebhookDelivery.objects.get(event__recall=recall)
    assert ada.get(changelist_url(WebhookDelivery)).status_code == 200
    assert ada.get(f"{changelist_url(WebhookDelivery)}{row.pk}/change/").status_code == 200
    chosen = {"action": "show_secrets", "_selected_action": [webhook.pk]}
    assert get_secret(webhook) in ada.post(changelist_url(WebhookSubscription), chosen).content.decode()
