"""Freezes sending after the database was restored from a backup, until a person has looked.

A restored database has forgotten what left since its copy was made, and would send it again. So a number in the
database rises before anything is handed over, and a small file outside it (DATA_DIR) keeps the highest one: a database
that is behind the file, belongs to another file, or was never sent from here, is frozen. Freezing moves the number
past the file's, so that restoring the same copy a second time is noticed too.
"""

import fcntl
import json
import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from clinic.models import User
from notifications.models import DeliveryAttempt, SendingState

log = logging.getLogger(__name__)

SINGLETON_PK = 1  # the number of the one row
MARKER_FILE = "sending_mark.json"
_RECHECK_SECONDS = 1.0  # seconds
FreezeReason = SendingState.FreezeReason


@dataclass(frozen=True, slots=True)
class SendMarker:
    """What the file says: for which database this machine sends, and how far it had come."""

    installation: uuid.UUID
    sequence: int


def check_may_send() -> bool:
    """Ask before each burst of messages; freezes sending where the file and the database contradict each other."""
    with _exclusive_file_lock():
        mark = _read_marker()
        with transaction.atomic():
            row = _lock_sending_state()
            why = row.freeze_reason or _get_freeze_reason(row, mark)
            if why and row.frozen_at is None:
                log.error("sending is frozen: %s", why)
                row.frozen_at, row.freeze_reason, row.changed_by = timezone.now(), why, None
                row.changed_at = row.frozen_at
            row.sequence = max(row.sequence, mark.sequence if mark else 0) + 1
            row.save()
        # After the commit: a file that is ahead of its database would look like a restored one.
        _write_marker(SendMarker(row.installation, row.sequence))
    return not why


class SendingGate:
    """Asked before every message, looks once a second."""

    def __init__(self) -> None:
        self._checked_at = float("-inf")
        self._is_open = False

    def is_open(self) -> bool:
        if time.monotonic() - self._checked_at >= _RECHECK_SECONDS:
            self._is_open, self._checked_at = check_may_send(), time.monotonic()
        return self._is_open


def is_sending_frozen() -> bool:
    return SendingState.objects.filter(frozen_at__isnull=False).exists()


def freeze_sending(*, by: User | None = None, why: FreezeReason = FreezeReason.BY_HAND) -> None:
    """Nothing leaves from now on, save a message that is being handed over at this instant."""
    with transaction.atomic():
        row = _lock_sending_state()
        if row.frozen_at is None:
            row.frozen_at, row.freeze_reason = timezone.now(), why
            row.changed_at, row.changed_by = row.frozen_at, by
            row.save()


def unfreeze_sending(*, by: User | None = None) -> None:
    """A person has looked: what is due and still true leaves with the next sweep."""
    with transaction.atomic():
        row = _lock_sending_state()
        row.frozen_at, row.freeze_reason = None, ""
        row.changed_at, row.changed_by = timezone.now(), by
        row.save()


def _get_freeze_reason(row: SendingState, mark: SendMarker | None) -> str:
    """Why this database must not send from here without a person's word; empty when all is well."""
    untouched = row.sequence == 0 and not DeliveryAttempt.objects.exists()
    if untouched or (mark is None and row.sequence == 0):
        return ""  # a new installation, or one that is older than this safeguard
    if mark is None:
        return FreezeReason.OTHER_PLACE
    if mark.installation != row.installation:
        return FreezeReason.OTHER_DATABASE
    return FreezeReason.RESTORED if row.sequence < mark.sequence else ""


def _lock_sending_state() -> SendingState:
    SendingState.objects.get_or_create(pk=SINGLETON_PK)
    return SendingState.objects.select_for_update().get(pk=SINGLETON_PK)


@contextmanager
def _exclusive_file_lock() -> Iterator[None]:
    """One process of this machine at a time: a slower one must not write an older number over a newer one."""
    with (_data_dir() / "sending_mark.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _data_dir() -> Path:
    return Path(settings.DATA_DIR)


def _read_marker() -> SendMarker | None:
    try:
        found = json.loads((_data_dir() / MARKER_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return SendMarker(uuid.UUID(found["installation"]), int(found["sequence"]))


def _write_marker(mark: SendMarker) -> None:
    """Whole or not at all, so that a process killed here leaves the file as it was."""
    draft = _data_dir() / f"{MARKER_FILE}.new"
    draft.write_text(json.dumps({"installation": str(mark.installation), "sequence": mark.sequence}), encoding="utf-8")
    draft.replace(_data_dir() / MARKER_FILE)
