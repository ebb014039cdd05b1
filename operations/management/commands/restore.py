"""Restores a back-up into an empty database and says in hours and minutes how long that took."""

import sys
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from operations.backup.encryption import BackupError
from operations.backup.restore import RestoredBackup, restore_backup

LIMIT_HOURS = 72
EXIT_DIFFERENT = 1


class Command(BaseCommand):
    help = "Bring a file of `manage.py backup` into an empty database, check it, and freeze sending."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--identity", type=Path, help="The file with the private age key; gpg asks its own keyring."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            restored = restore_backup(options["file"], options["identity"])
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from None
        self._report(restored)
        call_command("verify_history", stdout=self.stdout)  # exits with its own status when the history is broken
        if restored.differences:
            sys.exit(EXIT_DIFFERENT)

    def _report(self, restored: RestoredBackup) -> None:
        for fault in restored.differences:
            self.stdout.write(fault)
        minutes = round(restored.seconds / 60)
        words = {
            "rows": sum(restored.manifest.rows.values()), "made": restored.manifest.made_at,
            "hours": minutes // 60, "minutes": f"{minutes % 60:02}", "limit": LIMIT_HOURS,
        }  # fmt: skip
        self.stdout.write(
            _("%(rows)s rows of %(made)s restored in %(hours)s:%(minutes)s of %(limit)s:00 hours.") % words
        )
        self.stdout.write(_("Sending is frozen. Look first, then let messages leave: manage.py unfreeze_sending"))
