"""Command that lists open recalls without a next step, for monitoring and for staff."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recalls.selectors import stuck_recalls

EXIT_STUCK_RECALLS = 1


class Command(BaseCommand):
    help = "Look for open recalls without a next step. Status: 0 none, 1 found. Prints numbers of recalls, never names."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")

    def handle(self, *_args: Any, as_json: bool, **_options: Any) -> None:
        report = stuck_recalls.find_stuck_recalls()
        if as_json:
            found = [{"recall": one.recall_id, "fault": one.reason.value} for one in report.stuck_recalls]
            self.stdout.write(json.dumps({"checked": report.checked, "violations": found}))
        else:
            self._write_report(report)
        if report.stuck_recalls:
            sys.exit(EXIT_STUCK_RECALLS)

    def _write_report(self, report: stuck_recalls.StuckRecallsReport) -> None:
        for one in report.stuck_recalls:
            self.stdout.write(_("recall #%(number)s %(fault)s") % {"number": one.recall_id, "fault": one.reason.label})
        words = ngettext(
            "%(checked)d open recalls checked, %(count)d without a next step.",
            "%(checked)d open recalls checked, %(count)d without a next step.",
            len(report.stuck_recalls),
        )
        self.stdout.write(words % {"checked": report.checked, "count": len(report.stuck_recalls)})
