"""Bulk Data export: kick-off, status, cancellation and files."""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from exchange.fhir.export.bulk import FAULTS, cancel_export, start_export
from exchange.fhir.export.files import file_path
from exchange.fhir.http import ANSWER_TYPES
from exchange.fhir.models import ExportJob
from exchange.fhir.models.export_job import FILES_LIFETIME
from exchange.fhir.outcome import FhirError
from exchange.fhir.resources.elements import instant
from exchange.fhir.search.definitions import DEFINITIONS
from exchange.fhir.views.base import FhirView

_NDJSON = "application/fhir+ndjson"
_FORMATS = frozenset({_NDJSON, "application/ndjson", "ndjson"})
log = structlog.get_logger(__name__)
_PARAMETERS = frozenset({"_type", "_since", "_outputFormat"})


class ExportView(FhirView):
    """Begins an export of everything that the client may read, at its own sites."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if "respond-async" not in request.headers.get("Prefer", ""):
            raise FhirError.of(400, "Ask with the header Prefer: respond-async.")
        if unknown := set(request.GET) - _PARAMETERS:
            raise FhirError.of(400, f"{len(unknown)} parameters are not understood here.", code="not-supported")
        output = request.GET.get("_outputFormat", _NDJSON).replace(" ", "+")
        if output not in _FORMATS:
            raise FhirError.of(400, "Only application/fhir+ndjson is written here.", code="not-supported")
        job = start_export(
            self.caller, request.build_absolute_uri(), self._read_types(request), _read_since(request.GET.get("_since"))
        )
        address = request.build_absolute_uri(reverse("fhir:export_status", args=[job.key]))
        return HttpResponse(status=202, headers={"Content-Location": address})

    def _read_types(self, request: HttpRequest) -> list[str]:
        given = [name for value in request.GET.getlist("_type") for name in value.split(",") if name]
        if not given:
            types = [name for name in DEFINITIONS if self.caller.may(name, "read")]
            if not types:
                raise FhirError.of(403, "This client has no scope to read anything.")
            return types
        for name in given:
            if name not in DEFINITIONS:
                raise FhirError.of(400, "_type names a kind of resource that is not kept here.", code="not-supported")
            self.caller.require(name, "read")
        return [name for name in DEFINITIONS if name in given]


def _read_since(value: str | None) -> datetime | None:
    """An instant with its zone."""
    if not value:
        return None
    try:
        since = datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError:
        since = None
    if since is None or since.tzinfo is None:
        raise FhirError.of(400, "_since: write an instant such as 2026-11-24T08:00:00Z.", code="value")
    return since


class ExportStatusView(FhirView):
    """How far an export is; once it is done, where its files are."""

    def get(self, request: HttpRequest, key: UUID) -> HttpResponse:
        job = _find_job(self, key)
        if job.state == ExportJob.State.RUNNING:
            written = sum(file["count"] for file in job.files.values())
            return HttpResponse(status=202, headers={"X-Progress": f"{written} resources", "Retry-After": "5"})
        if job.state == ExportJob.State.FAILED:
            raise FhirError.of(500, "The export could not be written. Start it again.")
        expires = (job.finished_at or job.started_at) + FILES_LIFETIME
        return JsonResponse(_build_manifest(request, job), headers={"Expires": f"{expires:%a, %d %b %Y %H:%M:%S} GMT"})

    def delete(self, request: HttpRequest, key: UUID) -> HttpResponse:
        cancel_export(_find_job(self, key))
        return HttpResponse(status=202)


def _build_manifest(request: HttpRequest, job: ExportJob) -> dict[str, Any]:
    def describe(name: str) -> dict[str, Any]:
        url = request.build_absolute_uri(reverse("fhir:export_file", args=[job.key, name]))
        return {"type": name, "url": url, "count": job.files[name]["count"]}

    return {
        "transactionTime": instant(job.started_at),
        "request": job.request_url,
        "requiresAccessToken": True,
        "output": [describe(name) for name in job.types if name in job.files],
        "error": [describe(FAULTS)] if FAULTS in job.files else [],
    }


class ExportFileView(FhirView):
    """One file of an export, to the client that asked for it and may still read what is in it."""

    answer_types = (_NDJSON, "application/ndjson", *ANSWER_TYPES)

    def get(self, request: HttpRequest, key: UUID, resource_type: str) -> HttpResponseBase:
        job = _find_job(self, key)
        if job.state != ExportJob.State.DONE or resource_type not in job.files:
            raise FhirError.of(404, "There is no such file.")
        if resource_type != FAULTS:
            self.caller.require(resource_type, "read")
        path = file_path(job, resource_type)
        if not path.exists():
            raise FhirError.of(410, "This file is deleted. Start another export.")
        log.info("fhir_export_file_sent", job=job.pk, resource=resource_type, client=self.caller.client.client_id)
        return FileResponse(path.open("rb"), content_type=_NDJSON)


def _find_job(view: FhirView, key: UUID) -> ExportJob:
    job = ExportJob.objects.filter(key=key, client=view.caller.client).exclude(state=ExportJob.State.CANCELLED).first()
    if job is None:
        raise FhirError.of(404, "There is no such export of this client.")
    return job
