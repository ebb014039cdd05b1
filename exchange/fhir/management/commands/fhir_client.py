"""Makes a client of the FHIR interface from the terminal, and prints its secret once."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from clinic.models import Site
from exchange.fhir.access.clients import LASTING_TOKEN_LIFETIME, create_client, issue_token


class Command(BaseCommand):
    """One client for some sites and scopes."""

    help = "Makes a client of the FHIR interface and prints its id and secret, which are shown only once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="as it will stand in the access log")
        parser.add_argument("--site", action="append", required=True, metavar="CODE", help="may be given again")
        parser.add_argument("--scope", action="append", required=True, help="such as system/Patient.read; again")
        parser.add_argument("--bearer", action="store_true", help="print a bearer token for a year as well")

    def handle(self, *args: Any, **options: Any) -> None:
        sites = list(Site.objects.filter(code__in=options["site"]))
        if missing := set(options["site"]) - {site.code for site in sites}:
            raise CommandError(f"No site has the code {', '.join(sorted(missing))}.")
        try:
            client, secret = create_client(options["name"], sites, options["scope"], by=None)
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from refused
        self.stdout.write(f"client_id {client.client_id}\nclient_secret {secret}")
        if options["bearer"]:
            _row, token = issue_token(client, lifetime=LASTING_TOKEN_LIFETIME)
            self.stdout.write(f"bearer {token}")
