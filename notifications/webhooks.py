"""At which addresses does a mail provider report, and how is its report understood?

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

from notifications import reports
from notifications.mime import METADATA_ID
from notifications.records import DeliveryReport

_RESULT = {
    EventType.DELIVERED: DeliveryReport.Result.DELIVERED,
    EventType.BOUNCED: DeliveryReport.Result.BOUNCED,
    EventType.REJECTED: DeliveryReport.Result.BOUNCED,
    EventType.FAILED: DeliveryReport.Result.BOUNCED,
    EventType.COMPLAINED: DeliveryReport.Result.COMPLAINED,
}
_NO_SUCH_MAILBOX = frozenset({RejectReason.BOUNCED, RejectReason.INVALID})


def take_report(event: AnymailTrackingEvent, **_: Any) -> None:
    """Receives Anymail's `tracking`. A message on its way raises NotYet: the provider hears 500 and tries later."""
    result = _RESULT.get(event.event_type)
    row = reports.find(str((event.metadata or {}).get(METADATA_ID, "")), event.message_id or "") if result else None
    if row is not None and result is not None:
        why = event.reject_reason or ""
        reports.take(row, reports.News(result, why, bad_mailbox=why in _NO_SUCH_MAILBOX))


tracking.connect(take_report, dispatch_uid="notifications.take_report")


def _for_providers(pattern: URLPattern) -> URLPattern:
    @login_not_required
    @csrf_exempt
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.ANYMAIL.get("WEBHOOK_SECRET"):
            raise Http404
        answer: HttpResponseBase = pattern.callback(request, *args, **kwargs)
        return answer

    return path(str(pattern.pattern), view, name=pattern.name)


urlpatterns = [_for_providers(pattern) for pattern in providers if str(pattern.pattern).endswith("tracking/")]
