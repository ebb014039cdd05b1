"""Reads delivery reports (RFC 3464) and complaints (RFC 5965) from the mail of the bounce mailbox.

Only mail that quotes the headers of one of our messages says anything: its number there is known to nobody but the
mail servers on its way and the person who got it. Everything else is left to the people who read that mailbox.
"""

import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.parser import BytesParser, HeaderParser

from notifications.inbound.delivery_reports import ReportedOutcome
from notifications.models import DeliveryReport
from notifications.rendering.email import NOTIFICATION_ID_HEADER

Result = DeliveryReport.Result

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
# 5.2.2 is a full mailbox; 5.3 and 5.7 speak of their system and of our sending, not of the address (RFC 3463).
_NOT_ADDRESS_FAULT = re.compile(r"5\.(2\.2|3\.\d+|7\.\d+)$")


@dataclass(frozen=True, slots=True)
class Bounce:
    """About which of our messages, and what."""

    public_id: str
    message_id: str
    outcome: ReportedOutcome


def parse_bounce_mail(raw: bytes) -> Bounce | None:
    """None where it is no report, says nothing final, or does not name a message of ours."""
    mail = BytesParser(EmailMessage, policy=email.policy.compat32).parsebytes(raw)
    if mail.get_content_type() != "multipart/report":
        return None
    original = next(_quoted_messages(mail), None)
    news = _parse_complaint(mail) or _parse_delivery_status(mail)
    if original is None or news is None:
        return None
    return Bounce(_header_value(original, NOTIFICATION_ID_HEADER), _header_value(original, "Message-ID"), news)


def _quoted_messages(mail: Message) -> Iterator[Message]:
    """The headers of the message that it is about, whole or quoted."""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind == "message/rfc822" and part.is_multipart():
            inner = part.get_payload(0)
            if isinstance(inner, Message):
                yield inner
        elif kind == "text/rfc822-headers":
            payload = part.get_payload(decode=True)
            words = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            yield HeaderParser().parsestr(words)


def _parse_complaint(mail: Message) -> ReportedOutcome | None:
    for part in mail.walk():
        if part.get_content_type() == "message/feedback-report":
            return ReportedOutcome(Result.COMPLAINED, "abuse report")
    return None


def _parse_delivery_status(mail: Message) -> ReportedOutcome | None:
    """The first final word about a recipient; "delayed" is none."""
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
            continue
        for block in part.get_payload():
            if not isinstance(block, Message):
                continue
            action, code = _header_value(block, "Action").lower(), _STATUS.search(_header_value(block, "Status"))
            status = code.group(1) if code else ""
            if action == "failed":
                is_bad_mailbox = status.startswith("5.") and not _NOT_ADDRESS_FAULT.match(status)
                return ReportedOutcome(Result.BOUNCED, status, bad_mailbox=is_bad_mailbox)
            if action == "delivered":
                return ReportedOutcome(Result.DELIVERED, status)
    return None


def _header_value(message: Message, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())
