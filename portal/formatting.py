"""Formats days and hours in the patient's language and in the local time of the visit."""

from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import pgettext

from clinic.models import Site
from notifications.rendering.formatting import format_time


def format_full_date(day: date) -> str:
    """Thursday, November 26, 2026."""
    return date_format(day, pgettext("date format", "l, F j, Y"))


def format_month_year(day: date) -> str:
    return date_format(day, pgettext("month format", "F Y"))


def format_local_day_and_time(site: Site, at: datetime) -> tuple[str, str]:
    """Day and hour of an instant at the site."""
    local = at.astimezone(site.zone)
    return format_full_date(local.date()), format_time(local)
