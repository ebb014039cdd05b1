"""Reads of a message no more than its MSH segment, from the bytes as they came."""

import re
from dataclasses import dataclass

BLANKS = b" \t\r\n\x00\x0b\x1c\xef\xbb\xbf"  # with the MLLP blocks and the mark of UTF-8 that files may hold
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class RawHeader:
    """What MSH says of sender and message; "" for what it does not say. `fields[n]` is MSH-n as bytes, from MSH-1."""

    fields: tuple[bytes, ...]
    application: str
    facility: str
    control_id: str
    message_type: str

    def field(self, number: int) -> bytes:
        return self.fields[number] if number < len(self.fields) else b""

    @property
    def is_acknowledgment(self) -> bool:
        """An answer is never answered: two systems would go on for ever."""
        return self.message_type.split("^")[0] in ("ACK", "MCF")

    @property
    def wants_no_answer(self) -> bool:
        return self.field(15) == b"NE" and self.field(16) == b"NE"


def read_raw_header(body: bytes) -> RawHeader | None:
    """None where the bytes do not begin with an MSH segment."""
    head = body.lstrip(BLANKS)
    if not head.startswith(b"MSH") or len(head) < 4 or head[3:4].isalnum() or head[3:4].isspace():
        return None
    segment = re.split(rb"[\r\n]", head[: 64 * 1024], maxsplit=1)[0]
    separator = segment[3:4]
    fields = (b"MSH", separator, *segment.split(separator)[1:])
    component = fields[2][:1].decode("latin-1") if len(fields) > 2 and fields[2] else "^"

    def text(number: int) -> str:
        return _decode(fields[number]) if number < len(fields) else ""

    def name(number: int) -> str:
        """The name of an application or facility, without the universal id behind it."""
        whole = text(number)
        return whole.split(component)[0].strip() or whole

    kind = "^".join(part.strip() for part in text(9).split(component)[:2])
    return RawHeader(fields, name(3), name(4), text(10), kind)


def _decode(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return _UNPRINTABLE.sub("", text).strip()
