"""Gives the values of a message by segment, field, repetition, component and sub-component, with escapes resolved."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import hl7

NULL = '""'  # what HL7 writes to say that a value is to be empty, other than a value that is not sent
_BREAK = r"\.br|\.sp *[+]?\d*|\.ce"
_SPACE = r"\.(?:in|ti|sk) *[+-]?\d*|\.fi|\.nf"


@lru_cache(maxsize=64)
def _sequence_pattern(mark: str) -> re.Pattern[str]:
    """Every sequence that HL7 defines; others are left alone, so that nothing is lost."""
    known = rf"(?P<letter>[FSRETPHN])|X(?P<hex>(?:[0-9A-Fa-f]{{2}})+)|(?P<line>{_BREAK})|(?P<space>{_SPACE})"
    return re.compile(rf"{re.escape(mark)}(?:{known}){re.escape(mark)}")


@dataclass(frozen=True, slots=True)
class Escapes:
    """How a message escapes its delimiters: the escape character, what each letter stands for, the codec of \\X..\\."""

    mark: str
    letters: dict[str, str]
    codec: str

    def resolve(self, text: str) -> str:
        """The text that was meant."""
        if self.mark not in text:
            return text
        return _sequence_pattern(self.mark).sub(self._replace, text)

    def _replace(self, found: re.Match[str]) -> str:
        if found["letter"]:
            return self.letters[found["letter"]]
        if found["hex"]:
            return _decode_hex(found["hex"], self.codec)
        return "\n" if found["line"] else " "


def _decode_hex(digits: str, codec: str) -> str:
    raw = bytes.fromhex(digits)
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition of a field: its components, each a tuple of sub-components. Absent values are ""."""

    parts: tuple[tuple[str, ...], ...]

    def get(self, component: int = 1, sub: int = 1) -> str:
        """The value at a place counted from 1; the HL7 null is ""."""
        value = self.raw(component, sub)
        return "" if value == NULL else value

    def raw(self, component: int = 1, sub: int = 1) -> str:
        """As `get`, with the HL7 null as it was sent."""
        if component > len(self.parts) or sub > len(self.parts[component - 1]):
            return ""
        return self.parts[component - 1][sub - 1]

    def is_null(self, component: int = 1) -> bool:
        return self.raw(component) == NULL

    @property
    def is_empty(self) -> bool:
        return not any(value.strip() and value != NULL for part in self.parts for value in part)

    @property
    def components(self) -> tuple[str, ...]:
        """Each component as one text, its sub-components with a space between them."""
        return tuple(" ".join("" if value == NULL else value for value in part) for part in self.parts)


_NOTHING = Repetition((("",),))


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; fields are counted from 1 as HL7 does, so that MSH-1 is the field separator itself."""

    name: str
    ordinal: int  # the how-many-th of its name in the message, from 1
    fields: Any
    escapes: Escapes

    def repetitions(self, field: int) -> tuple[Repetition, ...]:
        """All repetitions that say something."""
        return tuple(repetition for repetition in self._all(field) if not repetition.is_empty)

    def first(self, field: int) -> Repetition:
        """The first repetition, whatever it says."""
        return next(iter(self._all(field)), _NOTHING)

    def get(self, field: int, component: int = 1, sub: int = 1) -> str:
        return self.first(field).get(component, sub)

    def place(self, field: int) -> str:
        return f"{self.name}-{field}"

    def source_text(self, field: int) -> tuple[str, ...]:
        """Each repetition as free text: component marks in it are punctuation that was not escaped."""
        if field >= len(self.fields):
            return ()
        return tuple(self.escapes.resolve(str(part)) for part in self.fields[field])

    def _all(self, field: int) -> Iterator[Repetition]:
        if field >= len(self.fields):
            return
        for part in self.fields[field]:
            if isinstance(part, str):
                yield Repetition(((self.escapes.resolve(part),),))
            else:
                yield Repetition(tuple(self._component(component) for component in part) or (("",),))

    def _component(self, component: Any) -> tuple[str, ...]:
        if isinstance(component, str):
            return (self.escapes.resolve(component),)
        return tuple(self.escapes.resolve(str(value)) for value in component) or ("",)


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """The segments of one message in their order."""

    segments: tuple[Segment, ...]

    def all(self, name: str) -> tuple[Segment, ...]:
        return tuple(segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment | None:
        return next((segment for segment in self.segments if segment.name == name), None)


def parse_segments(lines: tuple[str, ...], codec: str) -> ParsedMessage:
    """The values of lines that `open_envelope` found good."""
    # The parser strips the end of the text, where white space may belong to the last value: a last segment holds it.
    parsed = hl7.parse("\r".join((*lines, "ZZZ")))[:-1]
    field, component, repetition, mark, sub = tuple(lines[0][3:8])
    letters = {"F": field, "S": component, "R": repetition, "E": mark, "T": sub, "P": "#", "H": "", "N": ""}
    escapes = Escapes(mark, letters, codec)
    seen: dict[str, int] = {}
    segments = []
    for fields in parsed:
        name = str(fields[0])
        seen[name] = seen.get(name, 0) + 1
        segments.append(Segment(name, seen[name], fields, escapes))
    return ParsedMessage(tuple(segments))
