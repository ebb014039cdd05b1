"""Checks a running instance against the profiles that it claims, and prints a table of passed and failed."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from exchange.conformance.fhir_checks import FhirConnection, ask_token, build_fhir_checks
from exchange.conformance.kit import CheckFailed, format_table, run_checks


class Command(BaseCommand):
    """Read only: nothing that it sends can be taken in. The secret is read from the environment, not typed."""

    help = "Checks the instance at an address. FHIR_TOKEN, or FHIR_CLIENT_ID and FHIR_CLIENT_SECRET, say who asks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fhir", metavar="URL", required=True, help="such as http://127.0.0.1:8000/fhir")

    def handle(self, *args: Any, **options: Any) -> None:
        url, token = options["fhir"], os.environ.get("FHIR_TOKEN", "")
        if not token:
            name, secret = os.environ.get("FHIR_CLIENT_ID", ""), os.environ.get("FHIR_CLIENT_SECRET", "")
            if not name or not secret:
                raise CommandError("Set FHIR_TOKEN, or FHIR_CLIENT_ID and FHIR_CLIENT_SECRET.")
            try:
                token = ask_token(url, name, secret)
            except CheckFailed as failed:
                raise CommandError(f"No token: {failed}.") from failed
        results = list(run_checks(build_fhir_checks(FhirConnection(url, token))))
        self.stdout.write(format_table(results))
        if any(one.result == "failed" for one in results):
            sys.exit(1)
