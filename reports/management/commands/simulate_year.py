"""Command that plays a year of the clinic many times: what if one scheduler less, ten places more, same-day work-up."""

import csv
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from reports.audit.simulation.documents import SIMULATION_COLUMNS, simulation_rows
from reports.audit.simulation.history import load_history
from reports.audit.simulation.runs import MOST_RUNS, changed_plan, simulate
from reports.charts import escape_formula


class Command(BaseCommand):
    help = (
        "Plays a year of the clinic many times and prints the figures with their spread, beside those of its history."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--schedulers", type=int, default=0, help="so many more than today; -1 is one less")
        parser.add_argument("--slots", type=int, default=0, help="so many more visits a day than today")
        parser.add_argument("--same-day", type=int, default=0, help="per cent worked up on the day of the result")
        parser.add_argument("--held-dates", action="store_true", help="hold a date for each recall (assumed effect)")
        parser.add_argument("--earlier-offers", action="store_true", help="offer freed times (assumed effect)")
        parser.add_argument("--runs", type=int, default=MOST_RUNS)
        parser.add_argument("--seed", type=int, default=1, help="the same seed plays the same years")
        parser.add_argument("--site", action="append", default=[], help="code of a site; every site unless given")
        parser.add_argument("--format", choices=["csv", "json"], default="csv")

    def handle(self, *_args: Any, site: list[str], runs: int, **options: Any) -> None:
        found = Site.objects.prefetch_related("opening_hours", "closures")
        sites = list(found.filter(code__in=site) if site else found)
        if not sites or set(site) - {one.code for one in sites}:
            raise CommandError("There is no such site.")
        if runs < 1 or not 0 <= options["same_day"] <= 100:
            raise CommandError("Runs are one or more, a share is 0 to 100 per cent.")
        history = load_history(sites, calendar.local_day(sites[0], timezone.now()))
        plan = changed_plan(
            history, options["schedulers"], options["slots"], options["same_day"], holds_dates=options["held_dates"],
            offers_earlier=options["earlier_offers"],
        )  # fmt: skip
        document = simulate(history, plan, seed=options["seed"], runs=runs)
        if options["format"] == "json":
            self.stdout.write(json.dumps(document, indent=1, ensure_ascii=False))
            return
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(SIMULATION_COLUMNS)
        writer.writerows([escape_formula(cell) for cell in row] for row in simulation_rows(document))
