"""Limits the requests a minute of a person, and of an address without one, over all processes.

The counts are in Redis, by the number of the account or a digest of the address. While Redis is away each process
counts for itself: nobody is locked out, and nobody is without a limit.
"""

import hashlib
from collections.abc import Callable

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis.exceptions import RedisError

_PERIOD_SECONDS = 60
# What looks after the program asks often, and programs have limits of their own.
_UNCOUNTED = ("/health", "/metrics", "/fhir")


def count(key: str, period: int) -> int:
    """This one and those before it since the period began with the first."""
    try:
        return _count_in("shared", key, period)
    except (RedisError, OSError):
        return _count_in("default", key, period)


def get_count(key: str) -> int:
    """Those so far, without counting."""
    try:
        return int(caches["shared"].get(key, 0))
    except (RedisError, OSError):
        return int(caches["default"].get(key, 0))


def digest_address(request: HttpRequest) -> str:
    return hashlib.sha256(request.META.get("REMOTE_ADDR", "").encode()).hexdigest()[:24]


def _count_in(cache: str, key: str, period: int) -> int:
    if caches[cache].add(key, 1, period):
        return 1
    try:
        return int(caches[cache].incr(key))
    except ValueError:  # the period ended between the two: a new one begins
        caches[cache].set(key, 1, period)
        return 1


class RateLimitMiddleware:
    """Answers 429 with a time to try again to whoever asks more often than any work or any office needs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_UNCOUNTED):
            return self.get_response(request)
        if request.user.is_authenticated:
            key, most = f"requests:user:{request.user.pk}", settings.USER_REQUESTS_PER_MINUTE
        else:
            key, most = f"requests:address:{digest_address(request)}", settings.ADDRESS_REQUESTS_PER_MINUTE
        if count(key, _PERIOD_SECONDS) <= most:
            return self.get_response(request)
        response = render(request, "429.html", status=429)
        response.headers["Retry-After"] = str(_PERIOD_SECONDS)
        return response
