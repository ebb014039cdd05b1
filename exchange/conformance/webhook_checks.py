"""Waits for what an instance tells of a recall, and checks its signature and what it says."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from exchange.conformance.fhir_connection import FhirConnection
from exchange.conformance.kit import Check, NothingToCheck, expect

_WEBHOOKS = "Webhooks"
_SECRET_PREFIX = "whsec_"  # noqa: S105  the form of a key, not one
_MOST_BYTES = 64 * 1024


@dataclass
class WebhookReceiver:
    """What arrived at the port: the headers by their names in small letters, and the body."""

    wait_seconds: float
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def first(self) -> tuple[dict[str, str], bytes]:
        """The first message. Raises NothingToCheck where none comes in time."""
        until = time.monotonic() + self.wait_seconds
        while not self.got:
            if time.monotonic() > until:
                raise NothingToCheck("nothing was told; is a webhook for this address set up, and did a recall move?")
            time.sleep(0.2)
        return self.got[0]


@contextmanager
def run_receiver(port: int, wait_seconds: float = 90.0) -> Iterator[WebhookReceiver]:
    """Listens on this machine alone until the block ends; every message is accepted."""
    receiver = WebhookReceiver(wait_seconds)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = min(int(self.headers.get("Content-Length", "0")), _MOST_BYTES)
            body = self.rfile.read(size)
            receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Nothing is printed beside the table."""

    server = HTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def build_webhook_checks(receiver: WebhookReceiver, key: str, connection: FhirConnection | None) -> Iterator[Check]:
    def signed() -> None:
        headers, body = receiver.first()
        secret = base64.b64decode(key.removeprefix(_SECRET_PREFIX))
        told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(secret, told, hashlib.sha256).digest()).decode()
        signatures = headers["webhook-signature"].split()
        expect(any(hmac.compare_digest(f"v1,{expected}", one) for one in signatures), "another signature")
        expect(abs(time.time() - int(headers["webhook-timestamp"])) < 300, "another time")

    def bare() -> None:
        _headers, body = receiver.first()
        told = json.loads(body)
        expect(set(told) == {"id", "type", "timestamp", "data"}, f"{len(told)} names")
        expect(set(told["data"]) == {"recall", "site", "version"}, "more than numbers")

    def readable() -> None:
        if connection is None:
            raise NothingToCheck("no FHIR address was given")
        _headers, body = receiver.first()
        answer = connection.call("GET", json.loads(body)["data"]["recall"])
        expect(answer.status == 200, answer.status)

    yield Check(_WEBHOOKS, "a message is signed (Standard Webhooks)", signed)
    yield Check(_WEBHOOKS, "it holds ids and a kind, and nothing of a patient", bare)
    yield Check(_WEBHOOKS, "what it names can be read", readable)
