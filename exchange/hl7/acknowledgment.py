"""Writes the answer to a message: MSH, MSA, and ERR where something is wrong."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from exchange.hl7.raw_header import RawHeader
from exchange.models import Hl7Message

APPLICATION = b"RECALLDESK"
_DEFAULT_DELIMITERS = b"^~\\&"
_DEFAULT_VERSION = b"2.5.1"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A row of HL7 table 0357, and the field that it is about."""

    code: str
    text: str
    location: str = ""  # "MSH^1^10"


SEGMENT_SEQUENCE = ErrorCode("100", "Segment sequence error", "MSH")
DUPLICATE_KEY = ErrorCode("205", "Duplicate key identifier", "MSH^1^10")
INTERNAL_ERROR = ErrorCode("207", "Application internal error")


def build_ack(
    header: RawHeader | None, ack: Hl7Message.Ack, at: datetime, error: ErrorCode | None = None, text: str = ""
) -> bytes:
    """The answer as bytes, each segment ended by CR. Names, control id and delimiters are given back as they came.

    `text` is English and says nothing of what stood in the message: it may end up in the sender's log.
    """
    fields = header.field if header else (lambda _number: b"")
    delimiters = fields(2)
    is_usable = len(delimiters) >= 4 and len(set(delimiters[:4])) == 4 and fields(1) not in delimiters
    bar, marks = (fields(1), delimiters) if is_usable else (b"|", _DEFAULT_DELIMITERS)
    component = marks[:1]
    event = fields(9).split(delimiters[:1] or b"^")[1:2]
    msh = [
        b"MSH", marks, fields(5) or APPLICATION, fields(6), fields(3), fields(4),
        at.strftime("%Y%m%d%H%M%S%z").encode(), b"",
        component.join([b"ACK", *event, b"ACK"] if event and event[0] else [b"ACK"]),
        secrets.token_hex(10).encode(), fields(11) or b"P", fields(12) or _DEFAULT_VERSION,
    ]  # fmt: skip
    msa = [b"MSA", ack.value.encode(), fields(10), text.encode("ascii", "replace")]
    segments = [bar.join(msh), bar.join(msa).rstrip(bar)]
    if error is not None:
        segments.append(bar.join(_error_fields(error, component)))
    return b"".join(segment + b"\r" for segment in segments)


def _error_fields(error: ErrorCode, component: bytes) -> list[bytes]:
    """ERR of version 2.5 and later; older receivers find the code in ERR-1 as well."""
    code = component.join([error.code.encode(), error.text.encode(), b"HL70357"])
    location = error.location.replace("^", component.decode("latin-1")).encode("latin-1")
    return [b"ERR", location, location, code, b"E"]


def build_batch_ack(acks: list[bytes], at: datetime) -> bytes:
    """The answers to a batch as one batch."""
    head = b"BHS|" + _DEFAULT_DELIMITERS + b"|" + APPLICATION + b"||||" + at.strftime("%Y%m%d%H%M%S%z").encode()
    return head + b"\r" + b"".join(acks) + b"BTS|" + str(len(acks)).encode() + b"\r"
