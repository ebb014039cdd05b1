"""Builds and signs what a webhook sends, after the Standard Webhooks specification: ids and a kind, nothing more."""

import base64
import hashlib
import hmac
import json
from datetime import datetime

from django.utils.crypto import salted_hmac

from exchange.fhir.models import WebhookDelivery, WebhookSubscription
from exchange.fhir.resources.elements import instant

_SALT = "fhir.webhook"


def get_secret(subscription: WebhookSubscription) -> str:
    """The signing key as receivers expect it ("whsec_…"); derived from SECRET_KEY, so that no copy lies about."""
    return f"whsec_{base64.b64encode(_key(subscription)).decode()}"


def _key(subscription: WebhookSubscription) -> bytes:
    return salted_hmac(_SALT, f"{subscription.pk}:{subscription.nonce}", algorithm="sha256").digest()


def build_body(delivery: WebhookDelivery) -> bytes:
    """No state, no name, no date of birth: the receiver asks for what it may read. Needs `event.recall`."""
    recall = delivery.event.recall
    told = {
        "id": str(delivery.public_id),
        "type": delivery.kind,
        "timestamp": instant(delivery.event.at),
        "data": {
            "recall": f"ServiceRequest/{recall.pk}",
            "site": f"Organization/site-{recall.site_id}",
            "version": delivery.event.version,
        },
    }
    return json.dumps(told, separators=(",", ":")).encode()


def build_headers(delivery: WebhookDelivery, body: bytes, now: datetime) -> dict[str, str]:
    """Id, time and signature; the id is the same in every try."""
    stamp = str(int(now.timestamp()))
    signed = b".".join([str(delivery.public_id).encode(), stamp.encode(), body])
    signature = base64.b64encode(hmac.new(_key(delivery.subscription), signed, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "RecallDesk-Webhook",
        "Webhook-Id": str(delivery.public_id),
        "Webhook-Timestamp": stamp,
        "Webhook-Signature": f"v1,{signature}",
    }
