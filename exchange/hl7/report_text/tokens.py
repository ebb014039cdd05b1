"""Cuts a report's text into words, numbers and marks that keep their place in the text as it came."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from exchange.hl7.report_text import words

_TOKEN = re.compile(
    rf"(?P<anchor>{words.ANCHOR})|(?P<other>{words.OTHER_SYSTEM})|(?P<number>\d+(?:[.,]\d+)*[a-z]*)"
    r"|(?P<word>[a-z]+(?:'[a-z]+)*)|(?P<newline>\n)|(?P<mark>[^\s\w]|_)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is folded, `raw` as it came; start and end are places in the text as it came."""

    kind: str  # anchor, other, number, word, newline or mark
    text: str
    raw: str
    start: int
    end: int

    @property
    def ends_clause(self) -> bool:
        return self.kind == "newline" or (self.kind == "mark" and self.text not in "'\"*_&+/%<>")


@lru_cache(maxsize=4096)
def _fold_letter(letter: str) -> str:
    if unicodedata.category(letter) == "Pd" or letter == "\N{MINUS SIGN}":
        return "-"
    if letter in "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}":
        return "'"
    if letter in "\r\N{REGISTERED SIGN}\N{TRADE MARK SIGN}":
        return " "
    if letter.isdigit() and unicodedata.decomposition(letter).startswith(("<super>", "<sub>")):
        return "*"  # a footnote
    if letter == "\N{NOT EQUAL TO}":
        return "~"  # its decomposition is an equals sign
    plain = unicodedata.normalize("NFKD", letter).casefold()[:1]
    return plain if plain and not (plain.isspace() and letter != "\n") else ("\n" if letter == "\n" else " ")


def fold(text: str) -> str:
    """Lower case, no accents, one kind of dash, quote and space; every letter keeps its place."""
    if "\n" not in text and "\r" in text:
        text = text.replace("\r", "\n")
    return "".join(map(_fold_letter, text))


def tokenize(text: str, folded: str) -> list[Token]:
    return [
        Token(str(found.lastgroup), found.group(), text[found.start() : found.end()], found.start(), found.end())
        for found in _TOKEN.finditer(folded)
    ]
