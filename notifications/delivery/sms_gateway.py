"""Hands text messages to the provider, or to a folder in the demo.

`SMS_URL` chooses: `twilio://SID:TOKEN@SENDER` (the Messages resource of Twilio's REST API, version 2010-04-01; the
sender is a number such as +14125550100 or the number of a messaging service, MG...), or `file://` for the demo inbox.
A provider's answer is judged as a mail server's is: not now, never, our own trouble, or nobody knows.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cache
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import urllib3
from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from notifications.backends import maildir
from notifications.delivery.failures import DeliveryFailure
from notifications.enums import AttemptResult, StatusReason
from notifications.rendering.email import NOTIFICATION_ID_HEADER

TWILIO_API_URL = "https://api.twilio.com"
CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
UNSUBSCRIBED_CODE = 21610  # the patient answered STOP to the provider itself
# About the patient's number and no other: invalid, not reachable from here, not a mobile phone.
_UNREACHABLE_NUMBER_CODES = frozenset({21211, 21612, 21614, 21635, UNSUBSCRIBED_CODE})


class SmsError(Exception):
    """It was not taken, or nobody knows; `unsubscribed`: the patient told the provider to stop."""

    def __init__(self, failure: DeliveryFailure, *, unsubscribed: bool = False) -> None:
        super().__init__(failure.detail)
        self.failure = failure
        self.unsubscribed = unsubscribed


class SmsProvider(Protocol):
    def send(self, to: str, text: str, public_id: str) -> None:
        """Hand over one text to a number in E.164; `public_id` is the message's own opaque number. Raises SmsError."""

    def has_valid_signature(self, url: str, fields: Mapping[str, str], signature: str) -> bool:
        """Whether an answer that came to us at `url` is really from the provider."""


@dataclass(frozen=True)
class TwilioProvider:
    account: str
    token: str
    sender: str
    api: str = TWILIO_API_URL

    def send(self, to: str, text: str, public_id: str) -> None:
        kind = "MessagingServiceSid" if self.sender.startswith("MG") else "From"
        url = f"{self.api}/2010-04-01/Accounts/{self.account}/Messages.json"
        headers = urllib3.make_headers(basic_auth=f"{self.account}:{self.token}")
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode({"To": to, kind: self.sender, "Body": text})
        try:
            answer = _http_pool().request("POST", url, body=body, headers=headers)
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise SmsError(
                DeliveryFailure(AttemptResult.CONNECTION_FAILED, StatusReason.TEMPORARY, detail=type(error).__name__)
            ) from None
        except HTTPError as error:
            raise SmsError(
                DeliveryFailure(AttemptResult.UNCERTAIN, StatusReason.UNCERTAIN, detail=type(error).__name__)
            ) from None
        if answer.status not in (200, 201):
            raise _error_from_response(answer.status, answer.data)

    def has_valid_signature(self, url: str, fields: Mapping[str, str], signature: str) -> bool:
        """HMAC-SHA1 over the address and the sorted fields, as the provider documents it."""
        said = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
        digest = hmac.new(self.token.encode(), said.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(base64.b64encode(digest), signature.encode())


class DemoInboxProvider:
    """Text messages of an installation that sends none: they lie in the demo inbox, beside its mail."""

    def send(self, to: str, text: str, public_id: str) -> None:
        message = EmailMessage()
        message["To"], message["Subject"], message[NOTIFICATION_ID_HEADER] = to, _("Text message"), public_id
        message.set_content(text)
        maildir.store_mail(message.as_bytes())

    def has_valid_signature(self, url: str, fields: Mapping[str, str], signature: str) -> bool:
        return False


@cache
def build_provider(address: str) -> SmsProvider:
    """The provider that a checked SMS_URL names."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return DemoInboxProvider()
    keys, _at, sender = parts.netloc.rpartition("@")  # `hostname` would lower the letters of a sender
    account, _colon, token = keys.partition(":")
    api = parse_qs(parts.query).get("api", [TWILIO_API_URL])[0].rstrip("/")
    return TwilioProvider(unquote(account), unquote(token), unquote(sender), api)


def get_provider() -> SmsProvider:
    return build_provider(settings.SMS_URL)


@cache
def _http_pool() -> urllib3.PoolManager:
    """No retries of its own: a text that was taken and whose answer was lost must not leave twice unseen."""
    return urllib3.PoolManager(timeout=urllib3.Timeout(CONNECT_SECONDS, READ_SECONDS), retries=False)


def _error_from_response(status: int, body: bytes) -> SmsError:
    """An error's code decides; its words may quote the patient's number and are left out."""
    try:
        code = int(json.loads(body)["code"])
    except (ValueError, KeyError, TypeError):
        code = 0
    detail = f"HTTP {status}, {code}" if code else f"HTTP {status}"
    if code in _UNREACHABLE_NUMBER_CODES:
        refused = DeliveryFailure(AttemptResult.PERMANENT, StatusReason.REFUSED, status, detail)
        return SmsError(refused, unsubscribed=code == UNSUBSCRIBED_CODE)
    if status == 429 or status in (401, 403, 404):  # we are too fast, or our account is at fault
        return SmsError(DeliveryFailure(AttemptResult.CONNECTION_FAILED, StatusReason.TEMPORARY, status, detail))
    if status >= 500:
        return SmsError(DeliveryFailure(AttemptResult.TRANSIENT, StatusReason.TEMPORARY, status, detail))
    return SmsError(DeliveryFailure(AttemptResult.PERMANENT, StatusReason.REFUSED, status, detail))
