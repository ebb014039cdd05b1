"""Prints where the recall of an exam stands and how it got there."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from exchange.recall_export import export_recall
from recalls.models import ScreeningExam

EXIT_NOT_FOUND, EXIT_AMBIGUOUS = 1, 2


class Command(BaseCommand):
    help = "Print the whole of one recall by its accession. Status: 0 found, 1 no such exam, 2 name the site as well."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("accession")
        parser.add_argument("--site", metavar="CODE", help="the site, where two have the same accession")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON for scripts")

    def handle(self, *_args: Any, **options: Any) -> None:
        whole = export_recall(_find_exam(options["accession"], options["site"]))
        if options["as_json"]:
            self.stdout.write(json.dumps(whole, indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_format_text(whole)))


def _find_exam(accession: str, site: str | None) -> ScreeningExam:
    exams = ScreeningExam.objects.filter(accession=accession).select_related("site", "patient").order_by("site__code")
    if site:
        exams = exams.filter(site__code=site)
    found = list(exams[:20])
    if not found:
        raise CommandError(_("No exam has this accession."), returncode=EXIT_NOT_FOUND)
    if len(found) > 1:
        codes = ", ".join(exam.site.code for exam in found)
        message = _("Several sites have this accession: %(codes)s. Name one with --site.") % {"codes": codes}
        raise CommandError(message, returncode=EXIT_AMBIGUOUS)
    return found[0]


def _format_text(whole: dict[str, Any]) -> list[str]:
    if whole["state"] is None:
        return [f"accession: {whole['accession']}", f"site: {whole['site']}", _("This exam has no recall.")]
    lines = [f"{name}: {value}" for name, value in whole.items() if not isinstance(value, list) and value is not None]
    for name, rows in whole.items():
        if isinstance(rows, list):
            lines.append(f"{name}:" if rows else f"{name}: -")
            lines += [
                "  " + "  ".join(f"{key}={value}" for key, value in row.items() if value is not None) for row in rows
            ]
    return lines
