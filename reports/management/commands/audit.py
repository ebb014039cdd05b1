"""Command that prints the outcomes audit of a year, as the page shows it."""

import csv
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from reports.audit.documents import COLUMNS, build_document, document_rows
from reports.audit.figures import compute_audit
from reports.audit.files.pdf import render_audit
from reports.audit.scope import AUDIT_BREAKDOWNS, AuditScope, Breakdown
from reports.charts import escape_formula


class Command(BaseCommand):
    help = "Prints the outcomes audit of a year: measures, numerators, denominators and intervals."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, required=True, help="the year of the screenings")
        parser.add_argument("--format", choices=["csv", "json", "pdf"], default="csv")
        parser.add_argument("--by", choices=[one.value for one in AUDIT_BREAKDOWNS], default=Breakdown.ALL.value)
        parser.add_argument("--site", action="append", default=[], help="code of a site; every site unless given")

    def handle(self, *_args: Any, year: int, by: str, site: list[str], **options: Any) -> None:
        sites = list(Site.objects.filter(code__in=site) if site else Site.objects.all())
        unknown = set(site) - {one.code for one in sites}
        if unknown:
            raise CommandError(f"There is no site {', '.join(sorted(unknown))}.")
        if not sites:
            raise CommandError("There is no site yet.")
        today = calendar.local_day(sites[0], timezone.now())
        document = build_document(compute_audit(AuditScope.of_year(sites, year), Breakdown(by), today), today)
        if options["format"] == "json":
            self.stdout.write(json.dumps(document, indent=1, ensure_ascii=False))
            return
        if options["format"] == "pdf":
            sys.stdout.buffer.write(render_audit(document))
            return
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([escape_formula(cell) for cell in row] for row in document_rows(document))
