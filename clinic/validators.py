"""Validates time zones, countries whose holidays are known, and where links that patients see may lead."""

import zoneinfo
from urllib.parse import urlsplit

import holidays
from django.conf import settings
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


def allowed_link_hosts() -> frozenset[str]:
    """This clinic's own pages, and the hosts that the operator named: a reader trusts the clinic's name."""
    own = urlsplit(settings.PUBLIC_URL).hostname or ""
    return frozenset({own, *settings.TEXT_LINK_HOSTS})


def validate_link_host(url: str) -> None:
    """Raise ValidationError unless the address is https and of an allowed host."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.username or (parts.hostname or "") not in allowed_link_hosts():
        raise ValidationError(
            _("No link may lead to “%(host)s”. Ask the operator to allow the host (TEXT_LINK_HOSTS), with https://."),
            params={"host": (parts.hostname or "")[:100]},
        )
