"""Command that loads a cancer registry's CSV file and prints what became of its rows."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinic.actors import INTAKE
from clinic.models import Site
from exchange.cancers.loading import CancerRowResult, load_rows, read_rows
from exchange.errors import UnusableFile

EXIT_UNUSABLE_FILE, EXIT_ROWS_PARKED = 2, 3


class Command(BaseCommand):
    help = (
        "Load cancers known from a registry or elsewhere from a CSV file. A row whose patient is not certain is parked "
        "for a person. Status: 0 all rows are in, 2 the file is unusable, 3 some rows were parked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--site", metavar="CODE", required=True)

    def handle(self, *_args: Any, file: Path, site: str, **_options: Any) -> None:
        here = Site.objects.filter(code=site).first()
        if here is None:
            raise CommandError(f"There is no site {site}.", returncode=EXIT_UNUSABLE_FILE)
        try:
            rows = read_rows(file.read_bytes())
        except (OSError, UnusableFile) as fault:
            raise CommandError(str(fault), returncode=EXIT_UNUSABLE_FILE) from None
        counts = load_rows(rows, here, file.name, by=None, by_name=INTAKE.name)
        self.stdout.write(", ".join(f"{result.value}: {counts[result]}" for result in CancerRowResult))
        if counts[CancerRowResult.PARKED]:
            sys.exit(EXIT_ROWS_PARKED)
