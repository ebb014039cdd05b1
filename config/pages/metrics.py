"""Gives Prometheus the figures of the installation, to who brings the token alone.

Requests and answers are counted by django-prometheus, over all processes of this web server; what concerns recalls
and messages is read from the database when asked for. Nothing in it concerns one patient.
"""

import os
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from config import broker
from operations.gauges import GaugeCollector

BROKER_TIMEOUT_SECONDS = 1.0


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """404 where no METRICS_TOKEN is set, 401 without it."""
    if not settings.METRICS_TOKEN:
        raise Http404
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not constant_time_compare(token, settings.METRICS_TOKEN):
        return HttpResponse(
            "not", status=401, content_type="text/plain; charset=utf-8", headers={"WWW-Authenticate": "Bearer"}
        )
    is_up = broker.is_reachable(settings.REDIS_URL, seconds=BROKER_TIMEOUT_SECONDS)
    own = CollectorRegistry()
    own.register(GaugeCollector(timezone.now(), is_broker_up=is_up))
    return HttpResponse(generate_latest(_requests()) + generate_latest(own), content_type=CONTENT_TYPE_LATEST)


def _requests() -> CollectorRegistry:
    """Of all processes where several share the folder that config/gunicorn.py names; else of this one."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    collect: Any = MultiProcessCollector
    collect(registry)
    return registry
