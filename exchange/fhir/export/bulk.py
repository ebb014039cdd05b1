"""Writes a bulk export in slices of time; a batch of rows is in files, job and access log, or in none of them."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from clinic.access import page_views
from exchange.fhir.access.auth import Caller
from exchange.fhir.bundles import UnfitResource, build_resource
from exchange.fhir.export.files import delete_expired, delete_files, open_for_append
from exchange.fhir.models import ExportJob
from exchange.fhir.outcome import FhirError, Issue, build_operation_outcome
from exchange.fhir.resources.elements import UPDATED
from exchange.fhir.scopes import expand_scopes
from exchange.fhir.search.definitions import DEFINITIONS, Part
from notifications.delivery.work_time import WorkTime

EXPORT_TASK = "exchange.fhir.tasks.run_export"
BATCH = 200  # rows
SLICE_SECONDS = 40.0  # well below the time limit of a task
MAX_ATTEMPTS = 3
FAULTS = "OperationOutcome"  # the file of what could not be said in FHIR
_LEASE = timedelta(minutes=2)

log = structlog.get_logger(__name__)


def start_export(caller: Caller, url: str, types: Sequence[str], since: datetime | None) -> ExportJob:
    """Begin an export. Raises FhirError 429 while another of the client runs."""
    try:
        with transaction.atomic():
            job = ExportJob.objects.create(client=caller.client, request_url=url[:500], types=list(types), since=since)
    except IntegrityError:
        raise FhirError.of(
            429, "Another export of this client runs. Wait for it or cancel it.", Retry_After="60"
        ) from None
    transaction.on_commit(lambda: wake(job.pk))
    return job


def wake(job_id: int) -> None:
    try:
        current_app.send_task(EXPORT_TASK, args=[job_id])
    except (OperationalError, OSError) as error:
        log.warning("no_worker_could_be_woken", error=type(error).__name__)


def sweep(now: datetime) -> int:
    """Each minute: go on with what stands still, delete what expired; how many were woken."""
    delete_expired(now)
    stalled = ExportJob.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), state=ExportJob.State.RUNNING)
    ids = list(stalled.values_list("pk", flat=True))
    for pk in ids:
        wake(pk)
    return len(ids)


def write_slice(job_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Write on for so many seconds; whether the export is at its end. One that another worker has is left to it."""
    job = _claim(job_id)
    if job is None:
        return True
    work_time = WorkTime(seconds)
    parts = [part for name in job.types for part in DEFINITIONS[name].parts]
    names = [name for name in job.types for _part in DEFINITIONS[name].parts]
    while job.segment < len(parts):
        if work_time.is_over():
            ExportJob.objects.filter(pk=job.pk).update(lease_until=None, attempts=0)
            wake(job.pk)
            return False
        if not _write_batch(job, names[job.segment], parts[job.segment]):
            return True
    _finish(job, ExportJob.State.DONE)
    return True


@transaction.atomic
def _claim(job_id: int) -> ExportJob | None:
    now = timezone.now()
    rows = ExportJob.objects.select_for_update(of=("self",)).select_related("client__account")
    job = rows.filter(pk=job_id, state=ExportJob.State.RUNNING).first()
    if job is None or (job.lease_until is not None and job.lease_until > now):
        return None
    job.attempts += 1
    if job.attempts > MAX_ATTEMPTS or not job.client.is_usable_at(now):
        _finish(job, ExportJob.State.FAILED)
        return None
    job.lease_until = now + _LEASE
    job.save(update_fields=["attempts", "lease_until"])
    return job


def _write_batch(job: ExportJob, name: str, part: Part) -> bool:
    """Write the next rows of a part, or go on to the next part; False when the job was cancelled meanwhile.

    The lines are flushed before the commit: a crash between the two leaves bytes that the next try cuts off.
    """
    rows = list(_select(job, name, part)[:BATCH])
    lines: dict[str, list[bytes]] = {name: [], FAULTS: []}
    for row in rows:
        kind, resource = _build(part, row, name)
        lines[kind].append(json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    files = dict(job.files)
    for kind, several in lines.items():
        if several:
            known = files.get(kind, {"count": 0, "bytes": 0})
            with open_for_append(job, kind, known["bytes"]) as file:
                file.writelines(several)
            files[kind] = {"count": known["count"] + len(several), "bytes": known["bytes"] + sum(map(len, several))}
    at_end = len(rows) < BATCH
    segment, after_pk = (job.segment + 1, 0) if at_end else (job.segment, rows[-1].pk)
    with transaction.atomic():
        patients = {pk for row in rows if (pk := part.patient_id(row)) is not None}
        page_views.record(job.client.account, f"FHIR export: {name}", patients)
        kept = ExportJob.objects.filter(pk=job.pk, state=ExportJob.State.RUNNING, lease_until=job.lease_until)
        lease_until = timezone.now() + _LEASE
        if not kept.update(segment=segment, after_pk=after_pk, files=files, lease_until=lease_until, attempts=0):
            transaction.set_rollback(True)
            delete_files(job)  # it was cancelled while this was written
            return False
    job.segment, job.after_pk, job.files, job.lease_until, job.attempts = segment, after_pk, files, lease_until, 0
    return True


def _select(job: ExportJob, name: str, part: Part) -> Any:
    """The rows at the sites that the client has now, as far as its scopes allow now."""
    rows = part.rows(job.client.account).filter(pk__gt=job.after_pk).order_by("pk")
    if (name, "read") not in expand_scopes(job.client.scopes):
        return rows.none()
    if job.since is not None and part.has_updated:
        rows = rows.filter(**{f"{UPDATED}__gte": job.since})
    return rows


def _build(part: Part, row: Any, name: str) -> tuple[str, dict[str, Any]]:
    try:
        return name, build_resource(part, row)
    except UnfitResource as unfit:
        issue = Issue(f"{unfit} holds a value that FHIR does not allow.", code="exception")
        return FAULTS, build_operation_outcome([issue])


def cancel_export(job: ExportJob) -> None:
    """Stop the export and delete its files."""
    _finish(job, ExportJob.State.CANCELLED)
    delete_files(job)


def _finish(job: ExportJob, state: str) -> None:
    ExportJob.objects.filter(pk=job.pk, state=ExportJob.State.RUNNING).update(
        state=state, finished_at=timezone.now(), lease_until=None
    )
    if state == ExportJob.State.FAILED:
        delete_files(job)
    log.info("fhir_export_finished", job=job.pk, state=state)
