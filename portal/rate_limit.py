"""Limits the wrong birth dates that one network address may give over all links.

A modest brake beside the lock on each link: whoever holds many stolen links may not try five dates on each. All web
processes share the count; a whole hospital behind one address stays under it.
"""

from datetime import timedelta

from django.http import HttpRequest

from clinic.access.rate_limit import count, digest_address, get_count

MAX_WRONG_DATES = 30
PERIOD = timedelta(minutes=15)


def is_rate_limited(request: HttpRequest) -> bool:
    return get_count(_cache_key(request)) >= MAX_WRONG_DATES


def record_wrong_date(request: HttpRequest) -> None:
    """The period begins with the first wrong date and is not drawn out by later ones."""
    count(_cache_key(request), int(PERIOD.total_seconds()))


def _cache_key(request: HttpRequest) -> str:
    return f"portal-wrong-dates:{digest_address(request)}"
