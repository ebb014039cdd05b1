"""Copies a running SQLite database by its online back-up."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

from django.db import connection

from operations.backup.encryption import BackupError
from operations.backup.manifest import LEFT_OUT

_COMPANIONS = ("-wal", "-shm", "-journal")


@contextmanager
def sqlite_snapshot() -> Iterator[None]:
    """A transaction that sees the database as it is now, while others go on writing."""
    connection.ensure_connection()
    raw = connection.connection
    raw.execute("BEGIN DEFERRED")
    raw.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the snapshot is taken by the first read
    try:
        yield
    finally:
        raw.execute("ROLLBACK")


@contextmanager
def sqlite_copy_stream() -> Iterator[IO[bytes]]:
    """The copy's bytes, held in memory: no plain file that a fault could leave behind."""
    with closing(sqlite3.connect(":memory:")) as copy:
        connection.connection.backup(copy)
        for table in LEFT_OUT:
            copy.execute(f"DELETE FROM {table}")  # noqa: S608  one of two names
        copy.commit()
        copy.execute("VACUUM")  # deleted rows would still stand in free pages
        yield BytesIO(copy.serialize())


@contextmanager
def sqlite_restore_stream() -> Iterator[IO[bytes]]:
    """What is written here becomes the database, whole or not at all."""
    path = Path(connection.settings_dict["NAME"])
    connection.close()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".restore-")
    try:
        with os.fdopen(descriptor, "wb") as draft:
            yield draft
            draft.flush()
            os.fsync(draft.fileno())
        _check_whole(name)
        for companion in _COMPANIONS:
            path.with_name(path.name + companion).unlink(missing_ok=True)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _check_whole(name: str) -> None:
    try:
        with closing(sqlite3.connect(name)) as database:
            answer = database.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError:
        answer = "unreadable"
    if answer != "ok":
        raise BackupError("The copy inside the file is damaged; nothing was changed")
