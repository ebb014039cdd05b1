"""Makes clean lines of the text of a message: frame bytes, line ends and delimiters, which may be odd but valid."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from exchange.hl7.reading.faults import Fault

_FRAME = "\x0b\x1c\x00\ufeff \t\r\n\x1a\x04\x03\x02"  # MLLP, byte order mark and what programs leave around a message
_LINE_END = _FRAME.replace(" ", "").replace("\t", "")  # spaces at the end belong to the last value
_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_STARTS_BATCH = re.compile(r"\A(?:(?:FHS|BHS)\W[^\r\n]*[\r\n]+)+")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The segments of one message, one a line; MSH is the first. Empty lines mean that nothing could be read."""

    lines: tuple[str, ...]
    faults: tuple[Fault, ...] = ()


def open_envelope(text: str) -> Envelope:
    """The lines of the message in the text, with a fault for each that is no segment. Never raises."""
    text = _STARTS_BATCH.sub("", text.lstrip(_FRAME))
    if not text.startswith("MSH") or len(text) < 9:
        return Envelope((), (Fault("MSH", _("This is no HL7 message: it does not begin with an MSH segment.")),))
    fault = _check_delimiters(text)
    if fault:
        return Envelope((), (fault,))
    lines = _split_lines(text, text[3])
    if "\0" in "".join(lines):
        return Envelope((), (Fault("", _("The message holds zero bytes, which are no text. It may be damaged.")),))
    faults = [
        Fault("", _("Line %(number)s is no segment. The message may be damaged or cut off.") % {"number": number})
        for number, line in enumerate(lines, 1)
        if not _is_segment(line, text[3])
    ]
    if sum(line.startswith("MSH" + text[3]) for line in lines) > 1:
        faults.append(Fault("MSH", _("This holds more than one message. Send each by itself or as a batch.")))
    return Envelope(tuple(line for line in lines if _is_segment(line, text[3])), tuple(faults))


def _check_delimiters(text: str) -> Fault | None:
    """Five different characters that are neither letters nor digits are valid, whichever they are."""
    field = text[3]
    encoding = text[4 : text.find(field, 4)] if field in text[4:] else ""
    marks = field + encoding[:4]
    is_valid = len(encoding) in (4, 5) and len(set(marks)) == 5
    if not is_valid or any(mark.isalnum() or mark.isspace() or ord(mark) < 32 for mark in marks):
        return Fault("MSH-2", _("The delimiters at the beginning are not five different characters, such as |^~\\&."))
    return None


def _split_lines(text: str, field: str) -> list[str]:
    """The lines, whichever way they end; a line feed inside a field of a message with carriage returns is its text."""
    if re.search(rf"\r(?!\n)[A-Z][A-Z0-9]{{2}}(?:{re.escape(field)}|\r|\Z)", text):
        parts = re.split(r"\r\n?", text)
        lines = [line for part in parts for line in re.split(rf"\n+(?=[A-Z][A-Z0-9]{{2}}{re.escape(field)})", part)]
    else:
        lines = re.split(r"\r\n|\r|\n", text)
    return [cleaned for line in lines if (cleaned := line.lstrip(_FRAME).rstrip(_LINE_END)).strip()]


def _is_segment(line: str, field: str) -> bool:
    return bool(_SEGMENT_NAME.match(line)) and (len(line) == 3 or line[3] == field)
