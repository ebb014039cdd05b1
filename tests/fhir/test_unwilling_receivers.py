"""Holds that a receiver of webhooks that is down, slow, odd or gone costs one short try and holds up nobody else."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from clinic.models import Site
from exchange.fhir.address_check import resolve_address
from exchange.fhir.models import WebhookDelivery, WebhookSubscription
from exchange.fhir.models.webhooks import WebhookKind
from exchange.fhir.webhooks import connections, delivery
from recalls.testing.factories import RecallFactory
from tests.fhir.conftest import FhirClient

pytestmark = pytest.mark.django_db
State = WebhookDelivery.State


@contextmanager
def _receiver(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that reads a request and then does as it is told."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                accepted, _address = server.accept()
            except OSError:
                return
            with accepted:
                accepted.recv(65536)
                try:
                    answer(accepted)
                except OSError:
                    continue  # hung up on

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(20)


def _accept(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def _drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 ")
    while True:
        connection.sendall(b" ")
        time.sleep(0.1)


def _gone(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def subscribe(ris: FhirClient, settings: Any) -> Callable[[str], WebhookSubscription]:
    settings.WEBHOOK_HOSTS = ["127.0.0.1"]
    return lambda url: WebhookSubscription.objects.create(client=ris.service, url=url, kinds=WebhookKind.values)


@pytest.mark.parametrize(
    ("answer", "said"),
    [(_drip, "ProtocolError"), (lambda one: one.sendall(b"hello\r\n\r\n"), "ProtocolError"),
     (lambda one: None, "ProtocolError"),
     (lambda one: one.sendall(b"HTTP/1.1 301 Moved\r\nLocation: http://169.254.169.254/\r\n\r\n"), "301"),
     (lambda one: one.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n"), "503")],
    ids=["drips", "speaks no HTTP", "hangs up", "redirects inside", "is overloaded"],
)  # fmt: skip
def test_a_receiver_that_does_not_answer_well_costs_one_try_and_the_others_are_told(
    subscribe: Callable[[str], WebhookSubscription], shadyside: Site, monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[socket.socket], None], said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(connections, "TRY_SECONDS", 1.0)
    with _receiver(answer) as bad_url, _receiver(_accept) as good_url:
        bad, good = subscribe(bad_url), subscribe(good_url)
        RecallFactory.create_batch(2, site=shadyside)
        began = time.monotonic()
        assert delivery.deliver_due(30) == 3
        assert time.monotonic() - began < 15
    assert set(good.deliveries.values_list("state", flat=True)) == {State.DELIVERED}
    assert set(bad.deliveries.values_list("state", flat=True)) == {State.PLANNED}
    tried = bad.deliveries.get(attempts=1)
    assert (tried.last_answer, tried.not_before > timezone.now()) == (said, True)


def test_a_receiver_that_is_down_is_told_later_in_the_order_of_the_events(
    subscribe: Callable[[str], WebhookSubscription], shadyside: Site
) -> None:
    with _receiver(_accept) as url:
        pass
    webhook = subscribe(url)
    RecallFactory.create(site=shadyside, booked=True)
    assert delivery.deliver_due(5) == 1
    assert webhook.deliveries.get(attempts=1).last_answer == "NewConnectionError"
    with _receiver(_accept) as again, time_machine.travel(timezone.now() + timedelta(minutes=2)):
        WebhookSubscription.objects.update(url=again)
        assert delivery.deliver_due(5) == 2
    told = list(webhook.deliveries.order_by("delivered_at").values_list("kind", flat=True))
    assert told == [WebhookKind.OPENED, WebhookKind.BOOKED]


def test_a_receiver_that_is_gone_is_told_nothing_more_and_says_so(
    subscribe: Callable[[str], WebhookSubscription], shadyside: Site
) -> None:
    with _receiver(_gone) as url:
        webhook = subscribe(url)
        RecallFactory.create_batch(3, site=shadyside)
        assert delivery.deliver_due(5) == 1
    webhook.refresh_from_db()
    assert webhook.active is False
    assert sorted(webhook.deliveries.values_list("state", flat=True)) == [
        State.CANCELLED,
        State.CANCELLED,
        State.FAILED,
    ]
    RecallFactory.create(site=shadyside)
    assert webhook.deliveries.count() == 3


def test_a_worker_killed_in_every_try_does_not_try_at_once_for_ever(
    subscribe: Callable[[str], WebhookSubscription], shadyside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(delivery, "_post", die)
    webhook, now = subscribe("http://127.0.0.1:1/"), timezone.now()
    RecallFactory.create(site=shadyside)
    for minute in range(0, 60, 2):
        with time_machine.travel(now + timedelta(minutes=minute)):
            try:
                delivery.deliver_due(1)
            except KeyboardInterrupt:
                continue
    assert webhook.deliveries.get().attempts < 10


@pytest.mark.parametrize(
    "url",
    ["https://[64:ff9b::a00:5]/", "https://[2002:a00:5::1]/", "https://224.0.0.251/", "https://[ff02::1]/",
     "https://[fe80::1]/", "https://[fd00::1]/", "https://198.18.0.1/", "https://[::]/", "https://localhost/"],
)  # fmt: skip
def test_no_address_is_called_that_leads_into_a_network_by_a_detour(url: str, settings: Any) -> None:
    settings.WEBHOOK_HOSTS = []
    with pytest.raises((ValueError, OSError)):
        resolve_address(url)
