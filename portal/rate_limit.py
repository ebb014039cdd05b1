"""Limits the wrong birth dates that one network address may give over all links.

A modest brake beside the lock on each link: whoever holds many stolen links may not try five dates on each. The count
lives in each web process alone and is forgotten with it; a whole hospital behind one address stays under it.
"""

from datetime import timedelta

from django.core.cache import cache
from django.http import HttpRequest

MAX_WRONG_DATES = 30
PERIOD = timedelta(minutes=15)


def is_rate_limited(request: HttpRequest) -> bool:
    return int(cache.get(_cache_key(request), 0)) >= MAX_WRONG_DATES


def record_wrong_date(request: HttpRequest) -> None:
    """The period begins with the first wrong date and is not drawn out by later ones."""
    if cache.add(_cache_key(request), 1, PERIOD.total_seconds()):
        return
    try:
        cache.incr(_cache_key(request))
    except ValueError:  # the period ended between the two: a new one begins
        cache.set(_cache_key(request), 1, PERIOD.total_seconds())


def _cache_key(request: HttpRequest) -> str:
    return f"portal-wrong-dates:{request.META.get('REMOTE_ADDR', '')}"
