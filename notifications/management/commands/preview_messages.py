"""Lists the messages of a coming day, and why some will not be sent; sends nothing."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from clinic.models import Site
from notifications.planning.forecast import ForecastLine, forecast_day, next_local_day


class Command(BaseCommand):
    help = "List the messages of a day to come by recall: when, what, by which channel, or why not. Sends nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--day", type=date.fromisoformat, help="the day as 2026-11-30; without it tomorrow")
        parser.add_argument("--site", help="the code of one site; without it every site")

    def handle(self, *_args: Any, day: date | None, site: str | None, **_options: Any) -> None:
        sites = Site.objects.filter(code=site) if site else Site.objects.all()
        if site and not sites:
            raise CommandError(f"There is no site with the code {site}.")
        for listed_site in sites:
            local_day = day or next_local_day(listed_site, timezone.now())
            self.stdout.write(f"{listed_site.code} {local_day}")
            count = 0
            for line in forecast_day(listed_site, local_day):
                count += 1
                self.stdout.write(_format_line(line))
            if not count:
                self.stdout.write("  no messages")


def _format_line(line: ForecastLine) -> str:
    what = f"  {line.local_time}  {line.recall}  {line.title}"
    return f"{what}  not sent: {line.blocked_reason_label}" if line.blocked_reason else f"{what}  {line.channel_label}"
