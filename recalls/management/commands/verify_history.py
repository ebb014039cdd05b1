"""Command that compares what happened with its seals, and the seals with the heads kept outside the database."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from history.ledger_check import LedgerCheck
from recalls.sealing.check import HistoryCheck

EXIT_BROKEN = 1


class Command(BaseCommand):
    help = (
        "Check what happened against its seals, and these against the heads kept outside. Status: 0 whole, 1 broken. "
        "Prints numbers, never names."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        ledger = LedgerCheck()
        for restore in ledger.restores:
            words = {"number": restore["restored_to"], "when": restore["at"], "why": restore["reason"]}
            self.stdout.write(_("brought back to block %(number)s at %(when)s: %(why)s") % words)
        blocks, broken_blocks = self._report("block", ledger.batches())
        recalls, broken_recalls = self._report("recall", HistoryCheck().batches())
        words = {"blocks": blocks, "recalls": recalls, "broken": broken_blocks + broken_recalls}
        self.stdout.write(_("%(blocks)s blocks and %(recalls)s recalls checked, %(broken)s broken.") % words)
        if words["broken"]:
            sys.exit(EXIT_BROKEN)

    def _report(self, kind: str, batches: Iterator[tuple[int | None, int, Sequence[Any]]]) -> tuple[int, int]:
        """Print each fault as it is found; how many were checked, and how many are broken."""
        checked = broken = 0
        for _last, count, faults in batches:
            checked += count
            for fault in faults:
                broken += 1
                self.stdout.write(f"{kind} #{fault[0]}: {fault.sentence}")
        return checked, broken
