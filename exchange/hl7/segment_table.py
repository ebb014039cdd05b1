"""Lays out a message for a person: its segments and fields, the field at fault marked, and its text to be mended."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchange.hl7.reading.charset import DecodedText, decode_message
from exchange.hl7.reading.envelope import open_envelope
from exchange.hl7.reading.segments import Segment, parse_segments
from exchange.models import Hl7Message

_MOST_SEGMENTS = 300
_MOST_LETTERS = 2000  # of one field: it may hold a picture
MOST_BYTES_TO_MEND = 200_000

FIELD_NAMES = {
    "MSH-3": gettext_lazy("sending application"), "MSH-4": gettext_lazy("sending facility"),
    "MSH-7": gettext_lazy("sent"), "MSH-9": gettext_lazy("type"), "MSH-10": gettext_lazy("control id"),
    "MSH-12": gettext_lazy("version"), "MSH-18": gettext_lazy("character set"),
    "PID-2": gettext_lazy("other number"), "PID-3": gettext_lazy("record numbers"),
    "PID-4": gettext_lazy("other numbers"), "PID-5": gettext_lazy("name"), "PID-7": gettext_lazy("birth date"),
    "PID-8": gettext_lazy("sex"), "PID-11": gettext_lazy("address"), "PID-13": gettext_lazy("phone, home"),
    "PID-10": gettext_lazy("race"), "PID-22": gettext_lazy("ethnicity"),
    "IN1-2": gettext_lazy("insurance plan"), "IN1-4": gettext_lazy("insurance company"),
    "IN1-15": gettext_lazy("type of insurance plan"),
    "PID-14": gettext_lazy("phone, work"), "PID-15": gettext_lazy("language"), "PID-29": gettext_lazy("died"),
    "PID-30": gettext_lazy("has died"), "MRG-1": gettext_lazy("earlier record numbers"),
    "PV1-3": gettext_lazy("location"), "ORC-1": gettext_lazy("order control"), "OBR-2": gettext_lazy("order number"),
    "OBR-3": gettext_lazy("accession"), "OBR-4": gettext_lazy("procedure"), "OBR-7": gettext_lazy("exam time"),
    "OBR-16": gettext_lazy("ordered by"), "OBR-22": gettext_lazy("report time"), "OBR-25": gettext_lazy("status"),
    "OBR-32": gettext_lazy("reader"), "OBX-3": gettext_lazy("observation"), "OBX-5": gettext_lazy("value"),
    "OBX-11": gettext_lazy("status"), "OBX-14": gettext_lazy("observed"), "SCH-1": gettext_lazy("appointment number"),
    "SCH-2": gettext_lazy("appointment number, filler"), "SCH-11": gettext_lazy("time"),
    "SCH-25": gettext_lazy("status"), "AIS-3": gettext_lazy("service"), "AIS-4": gettext_lazy("start"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldCell:
    """One field: "PID-7", what it is, what stands there."""

    place: str
    name: str
    text: str
    is_at_fault: bool


@dataclass(frozen=True, slots=True)
class SegmentRows:
    """One segment with the fields that say something."""

    name: str
    fields: list[FieldCell]
    is_at_fault: bool


@dataclass(frozen=True, slots=True)
class MessageLayout:
    """`segments` is empty where the bytes are no message; `text` is all of it, a segment a line; `codec` it is in."""

    segments: list[SegmentRows]
    has_more: bool
    text: str
    codec: str
    is_long: bool


def lay_out(message: Hl7Message) -> MessageLayout:
    body, decoded = message.body, _decode(message)
    envelope = open_envelope(decoded.text)
    segments = parse_segments(envelope.lines[:_MOST_SEGMENTS], decoded.codec).segments if envelope.lines else ()
    return MessageLayout(
        segments=[_lay_out_segment(segment, message.field) for segment in segments],
        has_more=len(envelope.lines) > _MOST_SEGMENTS,
        text=_shorten(decoded.text.replace("\r\n", "\n").replace("\r", "\n"), MOST_BYTES_TO_MEND),
        codec=decoded.codec,
        is_long=len(body) > MOST_BYTES_TO_MEND,
    )


def encode_text(text: str, codec: str) -> bytes:
    """A mended text as bytes, each segment ended by CR. Raises UnicodeEncodeError."""
    return re.sub(r"\r\n|\n", "\r", text).encode(codec or "utf-8")


def _decode(message: Hl7Message) -> DecodedText:
    sender = message.sender
    charset = sender.encoding if sender else ""
    return decode_message(message.body, charset, is_certain=bool(sender and sender.encoding_overrides))


def _lay_out_segment(segment: Segment, fault: str) -> SegmentRows:
    names = (segment.name, f"{segment.name}[{segment.ordinal}]")
    cells = []
    for number in range(1, len(segment.fields)):
        text, place = str(segment.fields[number]), f"{segment.name}-{number}"
        is_at_fault = fault in [f"{name}-{number}" for name in names]
        if text or is_at_fault:
            name = str(FIELD_NAMES.get(place, ""))
            cells.append(FieldCell(place, name, _shorten(text, _MOST_LETTERS), is_at_fault))
    if fault.rpartition("-")[0] in names and not any(cell.is_at_fault for cell in cells):
        # The field at fault is one that the segment lacks.
        place = f"{segment.name}-{fault.rpartition('-')[2]}"
        cells.append(FieldCell(place, str(FIELD_NAMES.get(place, "")), "", True))
    return SegmentRows(segment.name, cells, fault in names)


def _shorten(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return text[:most] + _(" … (%(count)d characters in all)") % {"count": len(text)}
