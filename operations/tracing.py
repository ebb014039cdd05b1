"""Spans of requests and tasks for OpenTelemetry, where TRACES_URL names a collector: routes, times and numbers alone.

The stock instrumentation writes whole addresses, queries and the words of faults into its spans; a patient's link and
name stand in these. Here a span holds what a line of the request log holds.
"""

import time
from collections.abc import Callable
from typing import Any

from celery.signals import task_postrun, task_prerun
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.db import connection
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import get_contextvars

_FAULT = 500
_SUCCESS = "SUCCESS"
_SPANS_OF_TASKS: dict[str, Any] = {}


def make_tracer(exporter: Any = None) -> Any:
    """Sends in the background; a collector that is away costs a request nothing."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    except ImportError as missing:
        raise ImproperlyConfigured("TRACES_URL: install the extra packages: pip install '.[traces]'") from missing
    provider = TracerProvider(resource=Resource({"service.name": "recalldesk"}))
    if exporter is not None:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    else:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{settings.TRACES_URL}/v1/traces")))
    return provider.get_tracer("recalldesk")


class TraceMiddleware:
    """One span a request, named by its route."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse], tracer: Any = None) -> None:
        if tracer is None and not settings.TRACES_URL:
            raise MiddlewareNotUsed
        self.get_response, self.tracer = get_response, tracer or make_tracer()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        queries = _QueryCount()
        with (
            self.tracer.start_as_current_span("request", record_exception=False, set_status_on_exception=False) as span,
            connection.execute_wrapper(queries),
        ):
            response = self.get_response(request)
            route = request.resolver_match.route if request.resolver_match else "none"
            span.update_name(f"{request.method} {route}")
            span.set_attributes(
                {
                    "http.request.method": request.method or "",
                    "http.route": route,
                    "http.response.status_code": response.status_code,
                    "db.query.count": queries.count,
                    "db.query.seconds": queries.seconds,
                    "request_id": str(get_contextvars().get("request_id", "")),
                }
            )
            _mark(span, is_fault=response.status_code >= _FAULT)
        return response


class _QueryCount:
    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.count, self.seconds = self.count + 1, self.seconds + time.perf_counter() - began


def _mark(span: Any, *, is_fault: bool) -> None:
    """By a flag: the words of a fault may quote a patient."""
    if is_fault:
        from opentelemetry.trace import StatusCode

        span.set_status(StatusCode.ERROR)


def trace_tasks(tracer: Any = None) -> None:
    """One span a task, named by it; tasks have no arguments. Called once a process."""
    found = tracer or make_tracer()

    def begin(task_id: str, task: Any, **_: Any) -> None:
        _SPANS_OF_TASKS[task_id] = found.start_span(task.name)

    def end(task_id: str, state: str | None = None, **_: Any) -> None:
        if span := _SPANS_OF_TASKS.pop(task_id, None):
            span.set_attributes({"celery.task_id": task_id, "celery.state": state or ""})
            _mark(span, is_fault=state != _SUCCESS)
            span.end()

    task_prerun.connect(begin, weak=False, dispatch_uid="traces")
    task_postrun.connect(end, weak=False, dispatch_uid="traces")
