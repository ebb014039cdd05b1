"""Loads a results file and prints what became of each row."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.translation import gettext as _
from tqdm import tqdm

from clinic.actors import INTAKE
from clinic.models import Site
from exchange.batch_importer import RowReport, RowResult
from exchange.csv_reader import Record, ResultsCsv, open_results
from exchange.errors import UnusableFile
from exchange.loader import Loader, get_sites_by_code
from exchange.models import ResultFile

EXIT_OK, EXIT_UNUSABLE_FILE, EXIT_ROWS_PARKED = 0, 2, 3

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = (
        "Load screening results from a CSV file. Rows that cannot go in are parked for a person; the others go in. "
        "Status: 0 all rows are in, 2 the file is unusable and nothing was loaded, 3 some rows were parked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the CSV file; - reads standard input")
        parser.add_argument("--site", metavar="CODE", help="the site of rows that name none")
        parser.add_argument("--dry-run", action="store_true", help="check everything and change nothing")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON line for each row")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            sites = get_sites_by_code()
            site = _get_site(options["site"], sites)
            with open_results(options["file"], sys.stdin.buffer, site_is_given=site is not None) as source:
                counts = self._load(source, site, sites, options)
        except UnusableFile as unusable:
            raise CommandError(str(unusable), returncode=EXIT_UNUSABLE_FILE) from None
        if counts[RowResult.PARKED]:
            sys.exit(EXIT_ROWS_PARKED)

    def _load(
        self, source: ResultsCsv, site: Site | None, sites: dict[str, Site], options: dict[str, Any]
    ) -> Counter[RowResult]:
        counts: Counter[RowResult] = Counter()
        name = Path(options["file"]).name if options["file"] != "-" else "standard input"
        with transaction.atomic() if options["dry_run"] else nullcontext():
            file = ResultFile.objects.create(name=name[:255], site=site, by=INTAKE.name)
            loader = Loader(file, sites, site)
            for outcome in loader.load(_with_progress(source)):
                counts[outcome.result] += 1
                self._print_report(outcome, as_json=options["as_json"])
            if options["dry_run"]:
                transaction.set_rollback(True)
        if not options["dry_run"]:
            log.info("results_loaded", file=file.pk, **{result.value: number for result, number in counts.items()})
        if not options["as_json"]:
            self._print_summary(counts, dry_run=options["dry_run"])
        return counts

    def _print_report(self, outcome: RowReport, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(outcome.as_json(), ensure_ascii=False))
            return
        for problem in outcome.problems:
            parked = _("parked") if outcome.result == RowResult.PARKED else _("loaded all the same")
            where = problem.column or _("whole row")
            self.stdout.write(
                _("Line %(line)s, %(where)s: %(message)s (%(parked)s)")
                % {"line": outcome.line, "where": where, "message": problem.message, "parked": parked}
            )

    def _print_summary(self, counts: Counter[RowResult], *, dry_run: bool) -> None:
        for result in RowResult:
            self.stdout.write(f"{counts[result]:>8}  {result.label}")
        if counts[RowResult.PARKED] and not dry_run:
            self.stdout.write(_("Mend parked rows in the admin under “Parked rows”, then replay them."))
        if dry_run:
            self.stdout.write(_("This was a dry run: nothing was changed."))


def _get_site(code: str | None, sites: dict[str, Site]) -> Site | None:
    if code is None:
        return None
    if code not in sites:
        known = ", ".join(sorted(sites)) or "-"
        raise UnusableFile(_("No site has the code given with --site. Known codes: %(codes)s.") % {"codes": known})
    return sites[code]


def _with_progress(source: ResultsCsv) -> Iterator[Record]:
    """The rows, with a bar on standard error when a person watches."""
    with tqdm(total=source.line_count, unit=" lines", disable=not sys.stderr.isatty()) as bar:
        for record in source.records():
            bar.update(record.line - bar.n)
            yield record
