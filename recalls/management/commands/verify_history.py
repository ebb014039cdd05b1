"""Command that compares the history of every recall, and the facts it sealed, with what the database says today."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from recalls.sealing.check import HistoryCheck

EXIT_BROKEN = 1


class Command(BaseCommand):
    help = "Check what happened against its seals. Status: 0 whole, 1 broken. Prints numbers, never names."

    def handle(self, *_args: Any, **_options: Any) -> None:
        checked = broken = 0
        for _last, count, faults in HistoryCheck().batches():
            checked += count
            broken += len(faults)
            for fault in faults:
                words = {"number": fault.recall, "fault": fault.sentence}
                self.stdout.write(_("recall #%(number)s: %(fault)s") % words)
        self.stdout.write(_("%(recalls)s recalls checked, %(broken)s broken.") % {"recalls": checked, "broken": broken})
        if broken:
            sys.exit(EXIT_BROKEN)
