"""Writes the downtime sheet of each site and day to a file every 15 minutes.

The files hold names, record numbers and phone numbers on purpose: they are what a clinic works from when nothing else
answers. Folder and files are their owner's alone (modes 700 and 600), and older ones are removed.
"""

import re
from datetime import date, timedelta
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from clinic.models import Site
from reports.downtime_sheet import DowntimeSheet, build_downtime_sheets
from reports.private_files import private_folder, replace_file

RETENTION_DAYS = 2
_FILE_NAME = re.compile(r".+-(\d{4}-\d{2}-\d{2})\.html")


def write_downtime_files() -> int:
    """Write every site's whole sheet of today and remove those of the days before yesterday; the number written."""
    if not settings.DOWNTIME_SHEET:
        return 0
    folder = private_folder(settings.DOWNTIME_DIR)
    days = []
    for site in Site.objects.all():  # one at a time: each holds every callback, however many are due
        (sheet,) = build_downtime_sheets([site], timezone.now())
        replace_file(folder / _file_name(sheet), render_to_string("reports/downtime_file.html", {"sheets": [sheet]}))
        days.append(sheet.today)
    _remove_old_files(folder, min(days, default=None))
    return len(days)


def _file_name(sheet: DowntimeSheet) -> str:
    return f"{sheet.site.code}-{sheet.today.isoformat()}.html"


def _remove_old_files(folder: Path, today: date | None) -> None:
    """Only files that were named here are touched."""
    for path in folder.glob("*.html"):
        found = _FILE_NAME.fullmatch(path.name)
        if found and today and date.fromisoformat(found[1]) <= today - timedelta(days=RETENTION_DAYS):
            path.unlink(missing_ok=True)
