"""Traces tell which page took how long, and nothing about a patient; none are made unless somebody asked for them."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery.signals import task_postrun, task_prerun
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_django import Settings

from clinic.models import Site, User
from operations import tracing
from recalls.tasks import delete_kept_forms
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def spans(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What the collector would get."""
    exporter = InMemorySpanExporter()
    tracer = tracing.make_tracer(exporter)
    monkeypatch.setattr(tracing, "make_tracer", lambda: tracer)
    settings.TRACES_URL = "http://127.0.0.1:4318"
    within = settings.MIDDLEWARE.index("clinic.middleware.RequestLogMiddleware") + 1
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE[:within],
        "operations.tracing.TraceMiddleware",
        *settings.MIDDLEWARE[within:],
    ]
    return exporter


@pytest.fixture
def traced_tasks(spans: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    tracing.trace_tasks()
    yield spans
    for signal in (task_prerun, task_postrun):
        signal.disconnect(dispatch_uid="traces")


def _all(spans: InMemorySpanExporter) -> str:
    return " ".join(str(span.to_json()) for span in spans.get_finished_spans())


def test_a_page_is_one_span_with_its_route_status_and_queries(
    spans: InMemorySpanExporter, client: Client, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    client.force_login(scheduler_ana)
    client.get(reverse("recall", args=[recall.pk]))
    (span,) = spans.get_finished_spans()
    told: Any = span.attributes
    assert span.name == "GET recalls/<int:pk>/"
    assert (told["http.response.status_code"], told["http.route"]) == (200, "recalls/<int:pk>/")
    assert told["db.query.count"] > 1
    assert told["request_id"]


def test_no_patient_no_link_and_no_searched_word_is_in_a_span(
    spans: InMemorySpanExporter, client: Client, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, patient__family_name="Sample-Canary", patient__mrn="ZQ-77")
    client.get("/my/a-secret-token-in-the-link/")
    client.force_login(scheduler_ana)
    client.post(reverse("search"), {"q": "Sample-Canary"})
    client.get(reverse("patient", args=[recall.patient_id]), {"from": "ZQ-77"})
    client.get("/no-such-page/Sample-Canary/")
    told = _all(spans)
    assert len(spans.get_finished_spans()) == 4
    for secret in ("Sample-Canary", "ZQ-77", "a-secret-token"):
        assert secret not in told


def test_the_words_of_a_fault_are_not_in_its_span(spans: InMemorySpanExporter, rf: Any) -> None:
    def fail(_request: HttpRequest) -> HttpResponse:
        raise ValueError("Sample-Canary")

    with pytest.raises(ValueError, match="Canary"):
        tracing.TraceMiddleware(fail)(rf.get("/"))
    assert len(spans.get_finished_spans()) == 1
    assert "Canary" not in _all(spans)


def test_a_task_is_a_span_with_its_name_and_how_it_ended(traced_tasks: InMemorySpanExporter) -> None:
    delete_kept_forms.apply()
    (span,) = traced_tasks.get_finished_spans()
    assert span.name == "recalls.tasks.delete_kept_forms"
    assert dict(span.attributes or {})["celery.state"] == "SUCCESS"


def test_without_the_setting_there_are_none(settings: Settings) -> None:
    assert settings.TRACES_URL == ""
    with pytest.raises(MiddlewareNotUsed):
        tracing.TraceMiddleware(lambda _request: HttpResponse())
