"""Who carries our text messages? One small interface; a provider on the network, and a folder for the demo.

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

from notifications import maildir
from notifications.failures import Failure
from notifications.kinds import AttemptResult, Reason
from notifications.mime import ID_HEADER

R = AttemptResult

TWILIO = "https://api.twilio.com"
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 20.0
UNSUBSCRIBED = 21610  # she answered STOP to the provider itself
# About her number and no other: invalid, not reachable from here, not a mobile phone.
_HER_NUMBER = frozenset({21211, 21612, 21614, 21635, UNSUBSCRIBED})


class SmsError(Exception):
    """It was not taken, or nobody knows; `unsubscribed`: she told the provider to stop."""

    def __init__(self, failure: Failure, *, unsubscribed: bool = False) -> None:
        super().__init__(failure.detail)
        self.failure = failure
        self.unsubscribed = unsubscribed


class Provider(Protocol):
    def send(self, to: str, text: str, public_id: str) -> None:
        """Hand over one text to a number in E.164; `public_id` is the message's own opaque number. Raises SmsError."""

    def is_genuine(self, url: str, fields: Mapping[str, str], signature: str) -> bool:
        """Whether an answer that came to us at `url` is really from the provider."""


@dataclass(frozen=True)
class Twilio:
    account: str
    token: str
    sender: str
    api: str = TWILIO

    def send(self, to: str, text: str, public_id: str) -> None:
        kind = "MessagingServiceSid" if self.sender.startswith("MG") else "From"
        url = f"{self.api}/2010-04-01/Accounts/{self.account}/Messages.json"
        headers = urllib3.make_headers(basic_auth=f"{self.account}:{self.token}")
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode({"To": to, kind: self.sender, "Body": text})
        try:
            answer = _pool().request("POST", url, body=body, headers=headers)
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise SmsError(Failure(R.CONNECTION, Reason.TEMPORARY, detail=type(error).__name__)) from None
        except HTTPError as error:
            raise SmsError(Failure(R.UNCERTAIN, Reason.UNCERTAIN, detail=type(error).__name__)) from None
        if answer.status not in (200, 201):
            raise _refusal(answer.status, answer.data)

    def is_genuine(self, url: str, fields: Mapping[str, str], signature: str) -> bool:
        """HMAC-SHA1 over the address and the sorted fields, as the provider documents it."""
        said = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
        digest = hmac.new(self.token.encode(), said.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(base64.b64encode(digest), signature.encode())


class DemoInbox:
    """Text messages of an installation that sends none: they lie in the demo inbox, beside its mail."""

    def send(self, to: str, text: str, public_id: str) -> None:
        message = EmailMessage()
        message["To"], message["Subject"], message[ID_HEADER] = to, _("Text message"), public_id
        message.set_content(text)
        maildir.keep(message.as_bytes())

    def is_genuine(self, url: str, fields: Mapping[str, str], signature: str) -> bool:
        return False


@cache
def provider_of(address: str) -> Provider:
    """The provider that a checked SMS_URL names."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return DemoInbox()
    keys, _at, sender = parts.netloc.rpartition("@")  # `hostname` would lower the letters of a sender
    account, _colon, token = keys.partition(":")
    api = parse_qs(parts.query).get("api", [TWILIO])[0].rstrip("/")
    return Twilio(unquote(account), unquote(token), unquote(sender), api)


def provider() -> Provider:
    return provider_of(settings.SMS_URL)


@cache
def _pool() -> urllib3.PoolManager:
    """No retries of its own: a text that was taken and whose answer was lost must not leave twice unseen."""
    return urllib3.PoolManager(timeout=urllib3.Timeout(CONNECT_SECONDS, ANSWER_SECONDS), retries=False)


def _refusal(status: int, body: bytes) -> SmsError:
    """An error's code decides; its words may quote her number and are left out."""
    try:
        code = int(json.loads(body)["code"])
    except (ValueError, KeyError, TypeError):
        code = 0
    detail = f"HTTP {status}, {code}" if code else f"HTTP {status}"
    if code in _HER_NUMBER:
        refused = Failure(R.PERMANENT, Reason.REFUSED, status, detail)
        return SmsError(refused, unsubscribed=code == UNSUBSCRIBED)
    if status == 429 or status in (401, 403, 404):  # we are too fast, or our account is at fault
        return SmsError(Failure(R.CONNECTION, Reason.TEMPORARY, status, detail))
    if status >= 500:
        return SmsError(Failure(R.TRANSIENT, Reason.TEMPORARY, status, detail))
    return SmsError(Failure(R.PERMANENT, Reason.REFUSED, status, detail))
