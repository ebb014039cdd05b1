"""Keeps the files of bulk exports in a private folder, one folder a job, and deletes them by rule."""

import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from exchange.fhir.models import ExportJob
from exchange.fhir.models.export_job import FILES_LIFETIME


def file_path(job: ExportJob, name: str) -> Path:
    """Where the lines of one kind of resource are; `name` is one of the job's own types, never a client's word."""
    return _folder(job) / f"{name}.ndjson"


def open_for_append(job: ExportJob, name: str, size: int) -> BinaryIO:
    """The file cut to `size` bytes, so that what a killed worker left beyond them is written once."""
    _folder(job).mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file_path(job, name), os.O_RDWR | os.O_CREAT, 0o600)
    file = os.fdopen(descriptor, "r+b")
    file.truncate(size)
    file.seek(size)
    return file


def delete_files(job: ExportJob) -> None:
    shutil.rmtree(_folder(job), ignore_errors=True)


def delete_expired(now: datetime) -> int:
    """Delete the jobs whose time is over, with their files; how many."""
    expired = list(
        ExportJob.objects.exclude(state=ExportJob.State.RUNNING).filter(finished_at__lt=now - FILES_LIFETIME)
    )
    for job in expired:
        delete_files(job)
        job.delete()
    return len(expired)


def _folder(job: ExportJob) -> Path:
    return Path(settings.FHIR_EXPORT_DIR) / str(job.key)
