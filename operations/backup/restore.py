"""Brings a back-up into an empty database, counts it, checks its history, and freezes sending."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from history.outside_heads import record_restore
from notifications.delivery import restore_guard
from notifications.models import SendingState
from operations.backup.encryption import BackupError, decrypt
from operations.backup.manifest import Manifest, ManifestReader, list_differences
from operations.backup.postgres_dump import restore_stream
from operations.backup.sqlite_copy import sqlite_restore_stream


@dataclass(frozen=True, slots=True)
class RestoredBackup:
    manifest: Manifest
    differences: list[str]
    seconds: float


def restore_backup(path: Path, identity_file: Path | None) -> RestoredBackup:
    """The file's database in place of an empty one. Nothing may be sent afterwards until a person says so."""
    began = time.monotonic()
    if connection.introspection.table_names():
        raise BackupError("This database is not empty. Restore into a new one; nothing was changed")
    manifest = _bring_in(path, identity_file)
    restore_guard.freeze_sending(why=SendingState.FreezeReason.RESTORED)
    differences = list_differences(manifest)
    call_command("migrate", verbosity=0, interactive=False)
    record_restore(f"back-up of {manifest.made_at}")
    return RestoredBackup(manifest, differences, time.monotonic() - began)


def _bring_in(path: Path, identity_file: Path | None) -> Manifest:
    manifests: list[Manifest] = []
    with ExitStack() as stack:

        def begin(manifest: Manifest) -> Callable[[bytes], Any]:
            if manifest.vendor != connection.vendor:
                raise BackupError(
                    f"This is a copy of a {manifest.vendor} database, and this one is {connection.vendor}"
                )
            manifests.append(manifest)
            stream = restore_stream() if manifest.vendor == "postgresql" else sqlite_restore_stream()
            return stack.enter_context(stream).write

        decrypt(path, ManifestReader(begin), identity_file)
        if not manifests:
            raise BackupError("This file is no back-up of Recall Desk")
    return manifests[0]
