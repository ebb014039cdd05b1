"""May anything be sent at all? Not after the database was brought back from a copy, until a person has looked.

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
from notifications.models import DeliveryAttempt
from notifications.records import Sending

log = logging.getLogger(__name__)

ONLY = 1  # the number of the one row
MARK_FILE = "sending_mark.json"
_LOOK_AGAIN = 1.0  # seconds
Because = Sending.Because


@dataclass(frozen=True, slots=True)
class Mark:
    """What the file says: for which database this machine sends, and how far it had come."""

    installation: uuid.UUID
    sequence: int


def may_send() -> bool:
    """Ask before each burst of messages; freezes sending where the file and the database contradict each other."""
    with _alone():
        mark = _read()
        with transaction.atomic():
            row = _locked_row()
            why = row.frozen_because or _contradiction(row, mark)
            if why and row.frozen_at is None:
                log.error("sending is frozen: %s", why)
                row.frozen_at, row.frozen_because, row.changed_by = timezone.now(), why, None
                row.changed_at = row.frozen_at
            row.sequence = max(row.sequence, mark.sequence if mark else 0) + 1
            row.save()
        # After the commit: a file that is ahead of its database would look like a restored one.
        _write(Mark(row.installation, row.sequence))
    return not why


class Gate:
    """Asked before every message, looks once a second."""

    def __init__(self) -> None:
        self._asked = float("-inf")
        self._open = False

    def is_open(self) -> bool:
        if time.monotonic() - self._asked >= _LOOK_AGAIN:
            self._open, self._asked = may_send(), time.monotonic()
        return self._open


def is_frozen() -> bool:
    return Sending.objects.filter(frozen_at__isnull=False).exists()


def freeze(*, by: User | None = None) -> None:
    """Nothing leaves from now on, save a message that is being handed over at this instant."""
    with transaction.atomic():
        row = _locked_row()
        if row.frozen_at is None:
            row.frozen_at, row.frozen_because = timezone.now(), Because.BY_HAND
            row.changed_at, row.changed_by = row.frozen_at, by
            row.save()


def unfreeze(*, by: User | None = None) -> None:
    """A person has looked: what is due and still true leaves with the next sweep."""
    with transaction.atomic():
        row = _locked_row()
        row.frozen_at, row.frozen_because = None, ""
        row.changed_at, row.changed_by = timezone.now(), by
        row.save()


def _contradiction(row: Sending, mark: Mark | None) -> str:
    """Why this database must not send from here without a person's word; empty when all is well."""
    untouched = row.sequence == 0 and not DeliveryAttempt.objects.exists()
    if untouched or (mark is None and row.sequence == 0):
        return ""  # a new installation, or one that is older than this safeguard
    if mark is None:
        return Because.OTHER_PLACE
    if mark.installation != row.installation:
        return Because.OTHER_DATABASE
    return Because.RESTORED if row.sequence < mark.sequence else ""


def _locked_row() -> Sending:
    Sending.objects.get_or_create(pk=ONLY)
    return Sending.objects.select_for_update().get(pk=ONLY)


@contextmanager
def _alone() -> Iterator[None]:
    """One process of this machine at a time: a slower one must not write an older number over a newer one."""
    with (_folder() / "sending_mark.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _folder() -> Path:
    return Path(settings.DATA_DIR)


def _read() -> Mark | None:
    try:
        found = json.loads((_folder() / MARK_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Mark(uuid.UUID(found["installation"]), int(found["sequence"]))


def _write(mark: Mark) -> None:
    """Whole or not at all, so that a process killed here leaves the file as it was."""
    draft = _folder() / f"{MARK_FILE}.new"
    draft.write_text(json.dumps({"installation": str(mark.installation), "sequence": mark.sequence}), encoding="utf-8")
    draft.replace(_folder() / MARK_FILE)
