"""Takes in HL7 v2 messages from files and prints a JSON line for each."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser

from exchange.hl7.file_intake import MAX_BYTES, take_in
from exchange.hl7.splitting import read_messages
from exchange.models import Hl7Message

EXIT_UNUSABLE_FILE, EXIT_PARKED = 2, 3

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = (
        "Take in HL7 v2 messages from files: single ones, many in a row, with MLLP blocks, or batches (FHS, BHS). "
        "A message that is already here is left alone. Status: 0 all are in, 2 a file cannot be read, "
        "3 some wait for a person."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a file; - reads standard input")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        counts: Counter[str] = Counter()
        for path in options["paths"]:
            try:
                counts += self._take_in(path, dry_run=options["dry_run"])
            except OSError as error:
                message = f"{path} cannot be read: {error.strerror}."
                raise CommandError(message, returncode=EXIT_UNUSABLE_FILE) from None
        if not options["dry_run"]:
            log.info("hl7_files_taken_in", **counts)
        if counts[Hl7Message.State.PARKED] or counts[Hl7Message.State.RECEIVED]:
            sys.exit(EXIT_PARKED)

    def _take_in(self, path: str, *, dry_run: bool) -> Counter[str]:
        counts: Counter[str] = Counter()
        name = Path(path).name
        with sys.stdin.buffer if path == "-" else Path(path).open("rb") as file:
            for message in take_in(read_messages(file, MAX_BYTES), dry_run=dry_run):
                counts[str(message.row.state)] += 1
                self.stdout.write(json.dumps({"file": name} | message.as_json(), ensure_ascii=False))
        return counts
