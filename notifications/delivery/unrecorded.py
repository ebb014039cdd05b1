"""Holds back sending in this process until what it sent last is written down.

The mail server takes a message, and then the database refuses to write: its disk is full, or it is gone. Whoever went
on would send one message after the other of which nothing is known, and each would leave again. So the record is kept
in memory and tried before anything else is claimed. A process that ends meanwhile leaves its one message to the end of
its lease, as any killed sender does.
"""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from django.db import DataError, Error, IntegrityError
from django.utils import timezone

from clinic.models import Heartbeat

log = logging.getLogger(__name__)

Written = TypeVar("Written")
_ROOM_NAME = "room"
_ROOM_CHARACTERS = 32_768  # more than the copy of a message takes


class _Record(NamedTuple):
    write: Callable[[], object]
    lease_until: datetime


_waiting: list[_Record] = []


def write_down(write: Callable[[], Written], lease: timedelta) -> Written:
    """What `write` answers. Where the database fails it is kept for `settle`, and the error is the caller's too.

    A value that the database refuses is the message's fault, which no later try mends. `write` must do nothing the
    second time: whether a commit was carried out before its answer was lost, nobody knows.
    """
    lease_until = timezone.now() + lease
    try:
        return write()
    except (DataError, IntegrityError):
        raise
    except Error as error:
        _waiting.append(_Record(write, lease_until))
        log.error("what was sent could not be written down, sending waits: %s", type(error).__name__)
        raise


def settle() -> bool:
    """Whether this process may send: nothing waits any more, and there is room for the next record."""
    while _waiting:
        try:
            _write_or_leave(_waiting[0])
            _prove_room()
        except Error as error:
            log.error("sending waits until what was sent is written down: %s", type(error).__name__)
            return False
        del _waiting[0]
    return True


def _write_or_leave(record: _Record) -> None:
    """Past the lease another process may take the message over: it may be the one that cannot be written."""
    try:
        record.write()
    except Error:
        if record.lease_until > timezone.now():
            raise
        log.error("what was sent could not be written down while its lease lasted")


def _prove_room() -> None:
    """Small rows find room where the copy of a message finds none."""
    row, _created = Heartbeat.objects.update_or_create(
        pk=_ROOM_NAME, defaults={"counts": {"trial": secrets.token_hex(_ROOM_CHARACTERS // 2)}}
    )
    row.delete()
