"""Receives the reports of mail providers at their webhook addresses.

Anymail knows each provider's form and checks WEBHOOK_SECRET (HTTP basic authentication), and a provider's signature
where it has one. Without the secret there are no such addresses. A report about nothing of ours changes nothing.
"""

from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from anymail.urls import urlpatterns as providers
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest
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
    @login_not_required
    @csrf_exempt
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.ANYMAIL.get("WEBHOOK_SECRET"):
            raise Http404
        answer: HttpResponseBase = pattern.callback(request, *args, **kwargs)
        return answer

    return path(str(pattern.pattern), view, name=pattern.name)


urlpatterns = [_require_webhook_secret(pattern) for pattern in providers if str(pattern.pattern).endswith("tracking/")]
