"""Holds that the kit of checks passes our own running instance, and that it finds what another does wrong."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from clinic.models import Site
from exchange.conformance import fhir_checks
from exchange.fhir.export import bulk
from exchange.fhir.models import ExportJob, ServiceClient, WebhookSubscription
from exchange.fhir.models.webhooks import WebhookKind
from exchange.fhir.webhooks import delivery
from exchange.fhir.webhooks.signing import get_secret
from exchange.models import Hl7Message, Hl7Sender
from patients.models import Patient
from tests.hl7.mllp_client import run_listener

PROFILES = [
    "HL7 v2 intake", "IHE RD RAD-128", "FHIR access", "FHIR read", "US Core 9 shapes", "Bulk Data",
    "IHE SCHED ITI-115..118", "FHIR write", "Webhooks",
]  # fmt: skip


def _conform(*arguments: str) -> tuple[str, bool]:
    """The table, and whether everything passed."""
    output = StringIO()
    try:
        call_command("conform", *arguments, stdout=output)
    except SystemExit as end:
        return output.getvalue(), end.code != 1
    return output.getvalue(), True


@contextmanager
def _a_worker() -> Iterator[None]:
    """Writes exports and sends webhooks, as the worker does."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(0.3):
            for pk in list(ExportJob.objects.filter(state="running").values_list("pk", flat=True)):
                bulk.write_slice(pk)
            delivery.deliver_due(1)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.mark.django_db(transaction=True)
def test_a_running_instance_conforms_to_what_it_claims(
    fhir_server: tuple[str, str], shadyside: Site, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, token = fhir_server
    settings.FHIR_EXPORT_DIR, settings.WEBHOOK_HOSTS, port = tmp_path, ["127.0.0.1"], _free_port()
    Hl7Sender.objects.create(name="Kit", application="CONFORM", facility="CONFORM", site=shadyside)
    webhook = WebhookSubscription.objects.create(
        client=ServiceClient.objects.get(), url=f"http://127.0.0.1:{port}/", kinds=WebhookKind.values
    )
    monkeypatch.setenv("FHIR_TOKEN", token)
    monkeypatch.setenv("WEBHOOK_KEY", get_secret(webhook))
    with run_listener() as mllp, _a_worker():
        table, is_right = _conform("--fhir", url, "--hl7", f"127.0.0.1:{mllp}", "--webhook", str(port))
    lines = [line for line in table.splitlines() if not line.startswith("  ")]
    assert lines[0].split() == ["profile", "passed", "failed", "no", "data"]
    assert [line[:22].strip() for line in lines[1:]] == PROFILES
    assert is_right, table
    assert "no data: a message" not in table
    assert "no data: an export" not in table
    assert "no data: ITI" not in table
    assert Patient.objects.filter(family_name="Sample-Conform").exists()
    assert not Hl7Message.objects.filter(state=Hl7Message.State.RECEIVED).exists()


@contextmanager
def _a_careless_listener() -> Iterator[int]:
    """Says AA to whatever comes, under one control id."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                accepted, _address = server.accept()
            except OSError:
                return
            with accepted:
                accepted.recv(65536)
                accepted.sendall(b"\x0bMSH|^~\\&|X|Y|A|B|2026||ACK|1|P|2.5.1\rMSA|AA|1\r\x1c\r")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)


def test_a_listener_that_accepts_everything_fails() -> None:
    with _a_careless_listener() as port:
        table, is_right = _conform("--hl7", f"127.0.0.1:{port}")
    assert not is_right
    for rule in ("a final report (ORU^R01) is accepted", "other content is not accepted", "cut off is not accepted",
                 "are refused", "an answer is not answered"):  # fmt: skip
        assert f"{rule}" in table
    assert "IHE RD RAD-128" in table


def test_an_address_where_nobody_listens_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FHIR_TOKEN", "x")
    monkeypatch.setattr(fhir_checks, "_US_CORE_ELEMENTS", {})
    table, is_right = _conform("--hl7", f"127.0.0.1:{_free_port()}", "--fhir", f"http://127.0.0.1:{_free_port()}/fhir")
    assert not is_right
    assert "no answer" in table


@pytest.mark.parametrize(
    "arguments", [(), ("--hl7", "2575"), ("--hl7", ":2575"), ("--fhir", "http://127.0.0.1:1/fhir")]
)
def test_the_kit_says_what_it_needs(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("conform", *arguments)
