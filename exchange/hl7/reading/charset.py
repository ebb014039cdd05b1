"""Turns the bytes of a message into text: byte order mark, MSH-18, what the bytes themselves show, the sender's own."""

import codecs
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from exchange.hl7.reading.faults import Fault

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE_STARTS = (
    (b"M\0\0\0", "utf-32-le"),
    (b"\0\0\0M", "utf-32-be"),
    (b"M\0S\0", "utf-16-le"),
    (b"\0M\0S", "utf-16-be"),
)
# HL7 table 0211, and how systems write it; compared without spaces, dashes, slashes and dots.
_CODECS = {
    "ASCII": "ascii", "ANSI": "cp1252", "USASCII": "ascii", "ISOIR6": "ascii",
    "UNICODEUTF8": "utf-8", "UTF8": "utf-8", "UNICODE": "utf-8",
    "UNICODEUTF16": "utf-16", "UTF16": "utf-16", "UNICODEUTF32": "utf-32", "UTF32": "utf-32",
    "GB180302000": "gb18030", "GB18030": "gb18030", "GB2312": "gb18030", "GBK": "gb18030", "GB231280": "gb18030",
    "BIG5": "big5hkscs", "KSX1001": "cp949", "EUCKR": "cp949", "SHIFTJIS": "cp932", "SJIS": "cp932",
    "EUCJP": "euc_jp", "ISOIR14": "cp932", "ISOIR13": "cp932", "ISOIR87": "iso2022_jp_2",
    "JISX02081990": "iso2022_jp_2",
    "ISOIR159": "iso2022_jp_2", "WINDOWS1252": "cp1252", "CP1252": "cp1252", "WINDOWS1250": "cp1250",
    "CP1250": "cp1250", "WINDOWS1251": "cp1251", "CP1251": "cp1251", "LATIN1": "cp1252",
}  # fmt: skip
_ISO_8859 = re.compile(r"(?:ISO)?8859(\d{1,2})")
_ISO_IR = {"100": 1, "101": 2, "109": 3, "110": 4, "144": 5, "127": 6, "126": 7, "138": 8, "148": 9}
_SINGLE_BYTE = re.compile(r"(?:cp125\d|iso8859-\d+)")


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text, the Python codec it was read with, and why that is doubtful (None when it is not)."""

    text: str
    codec: str
    fault: Fault | None = None


def find_codec(declared: str) -> str:
    """The Python codec of a value of MSH-18, "" for one that is unknown or empty."""
    name = re.sub(r"[\s/._-]+", "", declared).upper()
    iso = _ISO_8859.fullmatch(name)
    part = int(iso[1]) if iso else _ISO_IR.get(name.removeprefix("ISOIR")) if name.startswith("ISOIR") else None
    if part == 1:
        return "cp1252"  # what is called Latin-1 in practice is its superset
    if part is not None:
        return f"iso8859-{part}" if part in {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16} else ""
    return _CODECS.get(name, "")


def _find_sender_codec(name: str) -> str:
    """As `find_codec`, for the name of a Python codec as well."""
    try:
        return find_codec(name) or (codecs.lookup(name).name if name else "")
    except LookupError:
        return ""


def decode_message(body: bytes, sender_charset: str = "", *, is_certain: bool = False) -> DecodedText:
    """The text of a message; `sender_charset` is what the sender is known to write when the message does not say.

    `is_certain`: it writes that whatever the message says. Never raises: what cannot be read with what was declared is
    read as Windows Latin-1 and marked with a fault.
    """
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return _decode_as(body[len(mark) :], codec)
    start = body.lstrip(b"\x0b\r\n \t")[:4]
    for first, codec in _WIDE_STARTS:
        if start == first:
            return _decode_as(body, codec)
    known = _find_sender_codec(sender_charset)
    declared = sender_charset if is_certain else _declared_charset(body)
    codec = known if is_certain else find_codec(declared)
    if body.isascii() and not (codec.startswith("iso2022") and b"\x1b" in body):
        return DecodedText(body.decode("ascii"), codec if codec not in ("", "ascii") else "utf-8")
    return _decode_declared(body, codec, declared, known)


def _decode_declared(body: bytes, codec: str, declared: str, sender_codec: str) -> DecodedText:
    """Text with letters beyond ASCII; UTF-8 wins over a one-byte declaration, which real text never fits by chance."""
    as_utf8 = _try_decode(body, "utf-8")
    if as_utf8 is not None and (codec in ("", "ascii", "utf-8") or _SINGLE_BYTE.fullmatch(codec)):
        return DecodedText(as_utf8, "utf-8")
    for candidate in (codec, sender_codec):
        text = _try_decode(body, candidate) if candidate not in ("", "ascii") else None
        if text is not None:
            return DecodedText(text, candidate)
    if declared and codec not in ("", "ascii"):
        message = _("The letters are not written in the character set that MSH-18 names. Ask the sender to correct it.")
    elif declared and not codec:
        message = _("MSH-18 names a character set that is unknown here. Set the character set of this sender.")
    else:
        message = _("The message does not say how its letters are written. Set the character set of this sender.")
    return DecodedText(_decode_latin(body), "cp1252", Fault("MSH-18", message))


def _decode_as(body: bytes, codec: str) -> DecodedText:
    text = _try_decode(body, codec)
    if text is not None:
        return DecodedText(text, codec)
    message = _("The text is damaged: it does not fit the byte order mark at its beginning.")
    return DecodedText(body.decode(codec, "replace"), codec, Fault("MSH-18", message))


def _declared_charset(body: bytes) -> str:
    """The first repetition of MSH-18, read as ASCII: the header must be readable before the charset is known."""
    first_line = re.split(rb"[\r\n]", body.lstrip(b"\x0b\r\n \t"), maxsplit=1)[0][:2000].decode("latin-1")
    if not first_line.startswith("MSH") or len(first_line) < 9:
        return ""
    fields = first_line.split(first_line[3])
    repetition = fields[1][1:2] or "~"
    return fields[17].split(repetition)[0].strip() if len(fields) > 17 else ""


def _try_decode(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        return _decode_latin(body) if codec == "cp1252" else None


def _decode_latin(body: bytes) -> str:
    """Windows Latin-1, whose five holes are read as ISO 8859-1."""
    try:
        return body.decode("cp1252")
    except UnicodeDecodeError:
        return body.decode("latin-1")
