"""Checks a running instance against the profiles that it claims, and prints a table of passed and failed."""

import os
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exchange.conformance.fhir_checks import build_fhir_checks
from exchange.conformance.fhir_connection import FhirConnection, ask_token
from exchange.conformance.hl7_checks import build_hl7_checks
from exchange.conformance.hl7_samples import Hl7Samples
from exchange.conformance.kit import Check, CheckFailed, format_table, run_checks
from exchange.conformance.webhook_checks import build_webhook_checks, run_receiver


class Command(BaseCommand):
    """Over FHIR nothing that it sends can be taken in; HL7 messages stay. Secrets come from the environment."""

    help = (
        "Checks the instance at an address. FHIR_TOKEN, or FHIR_CLIENT_ID and FHIR_CLIENT_SECRET, say who asks; "
        "WEBHOOK_KEY is the key that signs the webhook. HL7 messages of an invented patient stay at the instance."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fhir", metavar="URL", default="", help="such as http://127.0.0.1:8000/fhir")
        parser.add_argument("--hl7", metavar="HOST:PORT", default="", help="an MLLP listener for trials")
        parser.add_argument("--hl7-sender", metavar="APPLICATION^FACILITY", default="CONFORM^CONFORM")
        parser.add_argument("--webhook", metavar="PORT", type=int, help="wait here for what a webhook tells")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["fhir"] and not options["hl7"]:
            raise CommandError("Say what to check: --fhir URL, --hl7 HOST:PORT or both.")
        with ExitStack() as stack:
            checks: list[Check] = []
            # Whoever is told of a recall must listen before one is opened.
            receiver = stack.enter_context(run_receiver(options["webhook"])) if options["webhook"] else None
            if options["hl7"]:
                checks += build_hl7_checks(*_read_address(options["hl7"]), _read_samples(options["hl7_sender"]))
            connection = _connect(options["fhir"]) if options["fhir"] else None
            if connection is not None:
                checks += build_fhir_checks(connection)
            if receiver is not None:
                checks += build_webhook_checks(receiver, os.environ.get("WEBHOOK_KEY", ""), connection)
            results = list(run_checks(checks))
        self.stdout.write(format_table(results))
        if any(one.result == "failed" for one in results):
            sys.exit(1)


def _connect(url: str) -> FhirConnection:
    token = os.environ.get("FHIR_TOKEN", "")
    if not token:
        name, secret = os.environ.get("FHIR_CLIENT_ID", ""), os.environ.get("FHIR_CLIENT_SECRET", "")
        if not name or not secret:
            raise CommandError("Set FHIR_TOKEN, or FHIR_CLIENT_ID and FHIR_CLIENT_SECRET.")
        try:
            token = ask_token(url, name, secret)
        except CheckFailed as failed:
            raise CommandError(f"No token: {failed}.") from failed
    return FhirConnection(url, token)


def _read_address(text: str) -> tuple[str, int]:
    host, _colon, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise CommandError("--hl7: write host and port, such as 127.0.0.1:2575.")
    return host.strip("[]"), int(port)


def _read_samples(sender: str) -> Hl7Samples:
    application, _caret, facility = sender.partition("^")
    return Hl7Samples((application, facility))
