"""What does a mail in the bounce mailbox tell? Reads delivery reports (RFC 3464) and complaints (RFC 5965).

Only mail that quotes the headers of one of our messages says anything: its number there is known to nobody but the
mail servers on its way and the person who got it. Everything else is left to the people who read that mailbox.
"""

import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.parser import BytesParser, HeaderParser

from notifications.mime import ID_HEADER
from notifications.records import DeliveryReport
from notifications.reports import News

Result = DeliveryReport.Result

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
# 5.2.2 is a full mailbox; 5.3 and 5.7 speak of their system and of our sending, not of her address (RFC 3463).
_NOT_HERS = re.compile(r"5\.(2\.2|3\.\d+|7\.\d+)$")


@dataclass(frozen=True, slots=True)
class Bounce:
    """About which of our messages, and what."""

    public_id: str
    message_id: str
    news: News


def read(raw: bytes) -> Bounce | None:
    """None where it is no report, says nothing final, or does not name a message of ours."""
    mail = BytesParser(EmailMessage, policy=email.policy.compat32).parsebytes(raw)
    if mail.get_content_type() != "multipart/report":
        return None
    original = next(_originals(mail), None)
    news = _complaint(mail) or _status(mail)
    if original is None or news is None:
        return None
    return Bounce(_word(original, ID_HEADER), _word(original, "Message-ID"), news)


def _originals(mail: Message) -> Iterator[Message]:
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


def _complaint(mail: Message) -> News | None:
    for part in mail.walk():
        if part.get_content_type() == "message/feedback-report":
            return News(Result.COMPLAINED, "abuse report")
    return None


def _status(mail: Message) -> News | None:
    """The first final word about a recipient; "delayed" is none."""
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
            continue
        for block in part.get_payload():
            if not isinstance(block, Message):
                continue
            action, code = _word(block, "Action").lower(), _STATUS.search(_word(block, "Status"))
            status = code.group(1) if code else ""
            if action == "failed":
                hers = status.startswith("5.") and not _NOT_HERS.match(status)
                return News(Result.BOUNCED, status, bad_mailbox=hers)
            if action == "delivered":
                return News(Result.DELIVERED, status)
    return None


def _word(message: Message, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())
