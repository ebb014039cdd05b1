"""Command that compares what happened with its seals, and the seals with the heads kept outside the database."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from history.checks import get_checks
from history.outside_heads import read_heads

EXIT_BROKEN = 1


class Command(BaseCommand):
    help = (
        "Check what happened against its seals, and these against the heads kept outside. Status: 0 whole, 1 broken. "
        "Prints numbers, never names."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        for restore in read_heads().restores:
            words = {"number": restore["restored_to"], "when": restore["at"], "why": restore["reason"]}
            self.stdout.write(_("brought back to block %(number)s at %(when)s: %(why)s") % words)
        counts, broken = [], 0
        for kind, make in get_checks().items():
            checked, faults = self._report(kind, make().batches())
            counts.append(f"{checked} {kind}s")
            broken += faults
        self.stdout.write(_("%(counts)s checked, %(broken)s broken.") % {"counts": ", ".join(counts), "broken": broken})
        if broken:
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
