"""Makes a back-up: one encrypted file, in place only when it is whole."""

import io
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection
from django.utils import timezone

from clinic.models import Heartbeat
from operations.backup.encryption import encrypt, suffix_for
from operations.backup.manifest import Manifest, take_manifest
from operations.backup.postgres_dump import dump_stream, postgres_snapshot
from operations.backup.sqlite_copy import sqlite_copy_stream, sqlite_snapshot
from reports.health_checks import BACKUP_NAME
from reports.private_files import private_folder

_NAME = re.compile(r"recalldesk-\d{8}T\d{6}Z\.(age|gpg)")


@dataclass(frozen=True, slots=True)
class MadeBackup:
    path: Path
    manifest: Manifest
    size: int
    seconds: float


class _HeadThenStream(io.RawIOBase):
    """The manifest's lines, then what the database's own program writes."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if self._head:
            part, self._head = self._head[:size], self._head[size:]
            return part
        return self._rest.read(size)


def make_backup() -> MadeBackup:
    """Into BACKUP_DIR, for the holders of the keys in BACKUP_RECIPIENTS; leaves the mark that the watch reads."""
    began, now = time.monotonic(), timezone.now()
    recipients = settings.BACKUP_RECIPIENTS
    path = private_folder(settings.BACKUP_DIR) / f"recalldesk-{now:%Y%m%dT%H%M%SZ}{suffix_for(recipients)}"
    draft = path.with_name(f".{path.name}.part")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            with _snapshot_stream(now) as (manifest, rest):
                encrypt(_HeadThenStream(manifest.to_bytes(), rest), target, recipients)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    made = MadeBackup(path, manifest, path.stat().st_size, time.monotonic() - began)
    _leave_mark(made)
    _remove_old(path.parent)
    return made


@contextmanager
def _snapshot_stream(now: datetime) -> Iterator[tuple[Manifest, IO[bytes]]]:
    """Counts and contents of one and the same instant, while people work."""
    if connection.vendor == "postgresql":
        with postgres_snapshot() as snapshot:
            manifest = take_manifest(now)
            with dump_stream(snapshot) as rest:
                yield manifest, rest
    else:
        with sqlite_snapshot():
            manifest = take_manifest(now)
            with sqlite_copy_stream() as rest:
                yield manifest, rest


def _leave_mark(made: MadeBackup) -> None:
    counts = {"bytes": made.size, "seconds": round(made.seconds), "rows": sum(made.manifest.rows.values())}
    Heartbeat.objects.update_or_create(pk=BACKUP_NAME, defaults={"finished_at": timezone.now(), "counts": counts})


def _remove_old(folder: Path) -> None:
    """All but the newest BACKUP_KEEP; other files in the folder are left alone."""
    ours = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    for path in ours[: -settings.BACKUP_KEEP]:
        path.unlink()
