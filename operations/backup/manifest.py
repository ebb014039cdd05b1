"""Counts what a database holds, as the first lines of a back-up say it and as a restore must find it again."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from clinic.models import Heartbeat
from notifications.models import SendingState
from operations.backup.encryption import BackupError

MAGIC = b"RECALL-DESK-BACKUP-1\n"
LONGEST_MANIFEST_BYTES = 1024 * 1024
# Sessions, and what was being typed when one ended: of no use to anybody later, and better forgotten.
LEFT_OUT = ("django_session", "desk_keptform")
_HEADS_PER_READ = 5000


@dataclass(frozen=True, slots=True)
class Manifest:
    """When the copy was made, of which kind of database, how many rows each table has, and one digest of all heads."""

    made_at: str
    vendor: str
    rows: dict[str, int]
    history_digest: str

    def to_bytes(self) -> bytes:
        return MAGIC + json.dumps(asdict(self), sort_keys=True).encode() + b"\n"


def take_manifest(now: datetime) -> Manifest:
    """Of the database as the surrounding transaction sees it."""
    return Manifest(now.isoformat(), connection.vendor, count_rows(_tables()), digest_history())


def count_rows(tables: Iterable[str]) -> dict[str, int]:
    counts = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608  a table's name
            counts[table] = cursor.fetchone()[0]
    return counts


def digest_history() -> str:
    """The newest hash of each recall's chain, in one digest."""
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        last = 0
        while True:
            cursor.execute(
                "SELECT id, version, head_hash FROM recalls_recall WHERE id > %s ORDER BY id LIMIT %s",
                [last, _HEADS_PER_READ],
            )
            rows = cursor.fetchall()
            for number, version, head in rows:
                digest.update(f"{number}:{version}:{head}\n".encode())
            if len(rows) < _HEADS_PER_READ:
                return digest.hexdigest()
            last = rows[-1][0]


def list_differences(manifest: Manifest) -> list[str]:
    """What the restored database holds otherwise than the copy says; empty when all is there."""
    found = count_rows(manifest.rows)
    faults = [
        f"{table}: {expected} rows in the copy, {found[table]} restored"
        for table, expected in manifest.rows.items()
        if found[table] != expected
    ]
    if digest_history() != manifest.history_digest:
        faults.append("the digest of the history differs")
    return faults


class ManifestReader:
    """Takes a back-up's bytes as they come, parses its first lines and hands on the rest."""

    def __init__(self, begin: Callable[[Manifest], Callable[[bytes], Any]]) -> None:
        self._begin = begin
        self._head = b""
        self._pass_on: Callable[[bytes], Any] | None = None

    def write(self, chunk: bytes) -> int:
        if self._pass_on is not None:
            self._pass_on(chunk)
            return len(chunk)
        self._head += chunk
        lines = self._head.split(b"\n", 2)
        if not MAGIC.startswith(self._head[: len(MAGIC)]) or len(self._head) > LONGEST_MANIFEST_BYTES:
            raise BackupError("This file is no back-up of Recall Desk")
        if len(lines) == 3:
            self._pass_on = self._begin(Manifest(**json.loads(lines[1])))
            self._pass_on(lines[2])
        return len(chunk)

    def flush(self) -> None:
        """Nothing is held back."""


def _tables() -> list[str]:
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    # These two change by backing up and by restoring themselves.
    return sorted(names - {*LEFT_OUT, Heartbeat._meta.db_table, SendingState._meta.db_table})
