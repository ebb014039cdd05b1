"""Backs the database up into one encrypted file, once or again and again."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, ProgrammingError, close_old_connections
from django.utils.translation import gettext as _

from operations.backup.encryption import BackupError
from operations.backup.make import make_backup

SECONDS_OF_AN_HOUR = 3600
RETRY_SECONDS = 900


class Command(BaseCommand):
    help = "Write one encrypted copy of the database into BACKUP_DIR, for the holders of BACKUP_RECIPIENTS' keys."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=int, metavar="HOURS", help="Stay and make one each so many hours.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["every"] is None:
            self._make()
            return
        while True:
            try:
                self._make()
                pause = options["every"] * SECONDS_OF_AN_HOUR
            except CommandError as error:
                self.stderr.write(str(error))
                pause = RETRY_SECONDS
            close_old_connections()
            time.sleep(pause)

    def _make(self) -> None:
        try:
            made = make_backup()
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from None
        except ProgrammingError:
            raise CommandError(_("The role of DATABASE_URL may not read every table: use the owner's.")) from None
        except DatabaseError as error:
            raise CommandError(f"The database did not answer: {type(error).__name__}") from None
        words = {"path": made.path, "rows": sum(made.manifest.rows.values()), "seconds": round(made.seconds, 1)}
        self.stdout.write(_("%(path)s: %(rows)s rows in %(seconds)s s.") % words)
        self.stdout.write(_("Digest of the history: %(digest)s") % {"digest": made.manifest.history_digest})
