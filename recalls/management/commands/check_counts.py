"""Command that compares the kept numbers with a recount, as the task of each night does, and mends what differs."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from recalls.kept_facts import upkeep

EXIT_DIFFERENCE = 1


class Command(BaseCommand):
    help = "Compare the kept numbers with a recount and mend what differs. Status: 0 all equal, 1 something differed."

    def handle(self, *_args: Any, **_options: Any) -> None:
        faults = upkeep.recount()
        words = _("%(facts)d recalls and %(numbers)d numbers differed from a recount.")
        self.stdout.write(words % {"facts": faults.facts, "numbers": faults.numbers})
        if faults:
            sys.exit(EXIT_DIFFERENCE)
