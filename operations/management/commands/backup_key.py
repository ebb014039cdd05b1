"""Makes the pair of keys with which back-ups are encrypted and read."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from operations.backup.encryption import new_age_key


class Command(BaseCommand):
    help = "Write a new private key (age) into FILE and print the public one for BACKUP_RECIPIENTS."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="A new file; keep it away from this machine.")

    def handle(self, *_args: Any, **options: Any) -> None:
        private, public = new_age_key()
        try:
            descriptor = os.open(options["file"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        with os.fdopen(descriptor, "w") as file:
            file.write(f"# public key: {public}\n{private}\n")
        self.stdout.write(f"BACKUP_RECIPIENTS={public}")
        self.stdout.write(_("Take the file to another place and delete it here: without it no back-up can be read."))
