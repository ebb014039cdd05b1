"""Reads one message from its bytes; pure, and whatever the bytes are, it returns instead of raising."""

import re

from django.utils.translation import gettext as _

from exchange.hl7.reading.charset import decode_message
from exchange.hl7.reading.envelope import open_envelope
from exchange.hl7.reading.facts import MessageHeader, ReadMessage
from exchange.hl7.reading.faults import Fault
from exchange.hl7.reading.patient import read_merges, read_patients
from exchange.hl7.reading.results import read_observations, read_orders, read_reports
from exchange.hl7.reading.segments import ParsedMessage, Segment, parse_segments
from exchange.hl7.reading.visits import read_visit

_DEFAULT_TRIGGERS = {"ORU": "R01", "ORM": "O01"}  # messages that have only one event in practice


def read_message(body: bytes, sender_charset: str = "", *, is_certain: bool = False) -> ReadMessage:
    """All facts and faults of a message.

    `sender_charset`: a value as in MSH-18 for messages that do not say; `is_certain`: whatever they say.
    """
    decoded = decode_message(body, sender_charset, is_certain=is_certain)
    envelope = open_envelope(decoded.text)
    faults = (*((decoded.fault,) if decoded.fault else ()), *envelope.faults)
    if not envelope.lines:
        return ReadMessage(codec=decoded.codec, faults=faults)
    message = parse_segments(envelope.lines, decoded.codec)
    header = _read_header(message)
    acknowledgement, observations = message.first("MSA"), read_observations(message)
    return ReadMessage(
        header=header,
        segments=tuple(segment.name for segment in message.segments),
        patients=read_patients(message),
        merges=read_merges(message),
        orders=read_orders(message),
        reports=read_reports(message, observations),
        observations=observations,
        visit=read_visit(message),
        places=_read_places(message),
        acknowledges=acknowledgement.get(2) if acknowledgement else "",
        codec=decoded.codec,
        faults=(*faults, *_check_header(header)),
    )


def _read_header(message: ParsedMessage) -> MessageHeader:
    msh = message.segments[0]
    code, trigger = _read_type(msh, message.first("EVN"))
    return MessageHeader(
        sending_application=msh.get(3),
        sending_facility=msh.get(4),
        sent_at=msh.get(7),
        code=code,
        trigger=trigger,
        control_id=msh.get(10),
        processing_id=msh.get(11),
        version=msh.get(12),
        charset=msh.get(18),
        delimiters=str(msh.fields[1]) + str(msh.fields[2]),
    )


def _read_type(msh: Segment, evn: Segment | None) -> tuple[str, str]:
    """MSH-9; a trigger that it does not name stands in EVN-1 or in the name of the structure."""
    code, trigger = msh.get(9).strip().upper(), msh.get(9, 2).strip().upper()
    joined = re.fullmatch(r"([A-Z]{3})[_-]([A-Z]\d{2})", code)
    if joined:
        code, trigger = joined[1], trigger or joined[2]
    if not trigger and evn is not None and re.fullmatch(r"[A-Z]\d{2}", evn.get(1).strip().upper()):
        trigger = evn.get(1).strip().upper()
    structure = re.fullmatch(rf"{re.escape(code)}_([A-Z]\d{{2}})", msh.get(9, 3).strip().upper())
    if not trigger and structure:
        trigger = structure[1]
    return code, trigger or _DEFAULT_TRIGGERS.get(code, "")


def _read_places(message: ParsedMessage) -> tuple[str, ...]:
    """Where it happened, the nearest first: AIL-3 and PV1-3 (point of care, facility), MSH-4, MSH-6."""
    fields = [(segment, 3) for name in ("AIL", "PV1") for segment in message.all(name)]
    named = [segment.get(field, component) for segment, field in fields for component in (1, 4)]
    msh = message.segments[0]
    return tuple(place for place in (*named, msh.get(4), msh.get(6)) if place)


def _check_header(header: MessageHeader) -> tuple[Fault, ...]:
    if not header.code:
        return (Fault("MSH-9", _("The message does not say what type it is.")),)
    return ()
