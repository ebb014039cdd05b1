"""Lets reports and files read from a copy of the database, such as a hot standby, as long as the copy keeps up.

Everything else, and whatever is written, goes to the database itself. Where there is no copy, or it is away or behind,
reports read there too.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from clinic.models import Heartbeat

ALIAS = "reports"
# Written by the workers each minute, so that its age on the copy says how far the copy is behind.
MARK = "sweep"
MAX_BEHIND = timedelta(minutes=5)
log = logging.getLogger(__name__)
_is_reading: ContextVar[bool] = ContextVar("is_reading_from_copy", default=False)


class ReadCopyRouter:
    """Django's router: reads go to the copy inside `reading_from_copy` alone."""

    def db_for_read(self, _model: type[Any], **_hints: Any) -> str | None:
        return ALIAS if _is_reading.get() else None

    def db_for_write(self, _model: type[Any], **_hints: Any) -> str:
        """Also for rows that were read from the copy."""
        return "default"

    def allow_relation(self, _one: Any, _other: Any, **_hints: Any) -> bool:
        return True

    def allow_migrate(self, alias: str, _app: str, **_hints: Any) -> bool | None:
        return False if alias == ALIAS else None


@contextmanager
def reading_from_copy() -> Iterator[None]:
    """What this block reads comes from the copy, if there is one that keeps up."""
    token = _is_reading.set(_keeps_up())
    try:
        yield
    finally:
        _is_reading.reset(token)


def _keeps_up() -> bool:
    if ALIAS not in settings.DATABASES:
        return False
    since = timezone.now() - MAX_BEHIND
    try:
        is_fresh = Heartbeat.objects.using(ALIAS).filter(pk=MARK, started_at__gte=since).exists()
    except DatabaseError as error:
        log.warning("reports read from the database itself: the copy answers %s", type(error).__name__)
        return False
    if not is_fresh:
        log.warning("reports read from the database itself: the copy is behind, or no worker runs")
    return is_fresh
