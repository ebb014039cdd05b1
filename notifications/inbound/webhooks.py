"""Receives the reports of mail providers at their webhook addresses.

WEBHOOK_SECRET (HTTP basic authentication) is asked for before anything of the body is read; Anymail knows each
provider's form and checks its signature where it has one. An address exists only for a provider that the settings name.
A report about nothing of ours changes nothing.
"""

import base64
import hmac
from typing import Any

import structlog
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from anymail.urls import urlpatterns as providers
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from notifications.inbound import delivery_reports
from notifications.models import DeliveryReport
from notifications.rendering.email import METADATA_NOTIFICATION_ID

_RESULT_BY_EVENT = {
    EventType.DELIVERED: DeliveryReport.Result.DELIVERED,
    EventType.BOUNCED: DeliveryReport.Result.BOUNCED,
    EventType.REJECTED: DeliveryReport.Result.BOUNCED,
    EventType.FAILED: DeliveryReport.Result.BOUNCED,
    EventType.COMPLAINED: DeliveryReport.Result.COMPLAINED,
}
log = structlog.get_logger(__name__)

_NO_SUCH_MAILBOX = frozenset({RejectReason.BOUNCED, RejectReason.INVALID})


def record_tracking_event(event: AnymailTrackingEvent, **_: Any) -> None:
    """Receives Anymail's `tracking`. A message on its way raises NotYet: the provider hears 500 and tries later."""
    result = _RESULT_BY_EVENT.get(event.event_type)
    row = (
        delivery_reports.find_message(
            str((event.metadata or {}).get(METADATA_NOTIFICATION_ID, "")), event.message_id or ""
        )
        if result
        else None
    )
    if row is not None and result is not None:
        why = event.reject_reason or ""
        delivery_reports.record_report(
            row, delivery_reports.ReportedOutcome(result, why, bad_mailbox=why in _NO_SUCH_MAILBOX)
        )


tracking.connect(record_tracking_event, dispatch_uid="notifications.take_report")


def _require_webhook_secret(pattern: URLPattern) -> URLPattern:
    provider = str(pattern.pattern).partition("/")[0]

    @login_not_required
    @csrf_exempt
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        secret = settings.ANYMAIL.get("WEBHOOK_SECRET", "")
        if not secret or provider not in settings.WEBHOOK_PROVIDERS:
            raise Http404
        if not _has_secret(request, secret):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Basic"})
        try:
            answer: HttpResponseBase = pattern.callback(request, *args, **kwargs)
        except (ValueError, LookupError, TypeError, AttributeError) as unreadable:
            log.warning("webhook_unreadable", provider=provider, error=type(unreadable).__name__)
            return HttpResponseBadRequest()
        return answer

    return path(str(pattern.pattern), view, name=pattern.name)


def _has_secret(request: HttpRequest, secret: str) -> bool:
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    expected = base64.b64encode(secret.encode()).decode()
    return scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), expected.encode())


urlpatterns = [_require_webhook_secret(pattern) for pattern in providers if str(pattern.pattern).endswith("tracking/")]
