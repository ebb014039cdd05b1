"""Command that keeps the head of the history outside now, and notes that the database was restored from a back-up."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from history.ledger import seal_new_rows
from history.outside_heads import keep_head, record_restore

SEAL_SECONDS = 600.0


class Command(BaseCommand):
    help = (
        "Seal what is new, and keep the head in the file, system log and mail that the settings name. With --restored: "
        "note that the database was brought back, so that later heads hold no more."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--restored", metavar="REASON", help="why the database was brought back from a back-up")

    def handle(self, *_args: Any, restored: str | None, **_options: Any) -> None:
        if restored:
            words = {"number": record_restore(restored)}
            self.stdout.write(_("Noted: heads after block %(number)d hold no more.") % words)
        seal_new_rows(SEAL_SECONDS)
        self.stdout.write(keep_head() or _("Nothing is sealed yet."))
