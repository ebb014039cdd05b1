"""Keeps uploaded files in a private folder until they are loaded, and deletes them by rule.

A file holds patients: it is its owner's alone (mode 600), is named by a random key, and goes as soon as it is loaded or
a day after nobody went on with it.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from exchange.models import ResultUpload

RETENTION = timedelta(days=1)


def file_path(upload: ResultUpload) -> Path:
    return _folder() / f"{upload.key}{Path(upload.name).suffix.lower()}"


def store_file(upload: ResultUpload, content: "UploadedFile[Any]") -> None:
    """Write the file in pieces; what a broken connection leaves is removed with its upload."""
    descriptor = os.open(file_path(upload), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stored:
        for piece in content.chunks():
            stored.write(piece)


def delete_file(upload: ResultUpload) -> None:
    file_path(upload).unlink(missing_ok=True)


def delete_expired(now: datetime) -> int:
    """Delete what nobody went on with, and files that belong to no upload; the number of uploads deleted."""
    stale = ResultUpload.objects.filter(state=ResultUpload.State.DRAFT, uploaded_at__lt=now - RETENTION)
    expired = list(stale)
    for upload in expired:
        delete_file(upload)
        upload.delete()
    waiting = (ResultUpload.State.DRAFT, ResultUpload.State.QUEUED, ResultUpload.State.LOADING)
    in_use = {file_path(upload).name for upload in ResultUpload.objects.filter(state__in=waiting)}
    for path in _folder().iterdir():
        if path.name not in in_use and path.stat().st_mtime < (now - RETENTION).timestamp():
            path.unlink(missing_ok=True)
    return len(expired)


def _folder() -> Path:
    folder = Path(settings.UPLOAD_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
