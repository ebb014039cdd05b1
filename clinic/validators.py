"""Validates time zones, and countries whose holidays are known."""

import zoneinfo

import holidays
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(name)s” is no time zone. Use a name like America/New_York."),
            params={"name": name},
        )


def validate_country(code: str) -> None:
    if code not in holidays.list_supported_countries():
        raise ValidationError(
            _("No holiday calendar is known for “%(code)s”. Use a code like US or GB."),
            params={"code": code},
        )
