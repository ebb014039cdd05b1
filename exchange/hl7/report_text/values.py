"""Reads one category, and the breast it is said of, at a place among a report's words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from exchange.hl7.report_text import words
from exchange.hl7.report_text.tokens import Token

_NUMBER = re.compile(r"0?([0-6])([abc]?)")
_LETTERS = frozenset("abc")
_RANGE_MARKS = frozenset("-/&+~") | {"to", "or", "vs", "versus", "and", "through", "thru", "o", "y", "u"}


@dataclass(frozen=True, slots=True)
class Value:
    """A category ("0" to "6", "4A" to "4C"), "" where the place holds one that is unclear; `next` is behind it."""

    category: str
    next: int


def get(tokens: Sequence[Token], place: int) -> Token | None:
    return tokens[place] if 0 <= place < len(tokens) else None


def is_word(token: Token | None, among: frozenset[str] | set[str] | dict[str, str]) -> bool:
    return token is not None and token.kind == "word" and token.text in among


def ends_clause_at(tokens: Sequence[Token], place: int) -> bool:
    token = get(tokens, place)
    return token is None or token.ends_clause


def read_side(tokens: Sequence[Token], place: int) -> str:
    """ "right", "left", "both" or "" at this place; a single letter counts only as a capital."""
    token = get(tokens, place)
    if token is None or token.kind != "word":
        return ""
    return words.SIDES.get(token.text, "") or (words.SIDE_LETTERS.get(token.raw, "") if len(token.raw) == 1 else "")


def read_value(tokens: Sequence[Token], place: int) -> Value | None:
    """The category at this place; None where the word is no category at all (a length, a date, another word)."""
    token = get(tokens, place)
    if token is None:
        return None
    category, letter = _read_main(token)
    if category is None or _counts_something(tokens, place):
        return None
    if token.raw == "I" and not ends_clause_at(tokens, place + 1):  # "I recommend"
        return None
    after = place + 1
    if category == "4" and not letter:
        letter, after = _read_letter(tokens, after)
    before = get(tokens, place - 1)
    is_edition = before is not None and before.text in ("edition", "ed", "version")
    if is_edition or _ends_in_dash(tokens, after):
        return Value("", after)
    if not category or letter == "?" or (letter and category != "4") or _opens_range(tokens, after):
        return Value("", after)
    return Value(category + letter.upper(), after)


def _read_main(token: Token) -> tuple[str | None, str]:
    """Category and letter; None for no category, "" for one that does not exist or is a guess."""
    if token.kind == "number":
        found = _NUMBER.fullmatch(token.text)
        if found:
            return found[1], found[2]
        return ("", "") if re.fullmatch(r"\d[a-z]?", token.text) else (None, "")
    if token.kind != "word":
        return None, ""
    if token.text in words.NUMBER_WORDS:
        return words.NUMBER_WORDS[token.text], ""
    roman = re.fullmatch(r"(VI|IV|V|I{1,3}|vi|iv|ii|iii)([ABCabc])?", token.raw)
    if roman:
        return words.ROMAN[roman[1].upper()], (roman[2] or "").lower()
    return ("", "") if token.raw == "O" else (None, "")


def _counts_something(tokens: Sequence[Token], place: int) -> bool:
    """A number with a unit behind it, an edition, or the number of a list's line."""
    if _is_time_or_span(tokens, place):
        return True
    after = get(tokens, place + 1)
    if after is not None and after.text == "-":
        after = get(tokens, place + 2)
    if after is not None and (after.text == "%" or (after.kind == "word" and after.text in words.UNITS)):
        return True
    if after is not None and after.text == "'" and is_word(get(tokens, place + 2), {"s"}):  # "BI-RADS 4's"
        return True
    before, mark, behind = get(tokens, place - 1), get(tokens, place + 1), get(tokens, place + 2)
    starts_line = before is not None and before.kind == "newline"
    return bool(starts_line and mark and mark.text in ".)" and behind and behind.kind != "newline")


def _is_time_or_span(tokens: Sequence[Token], place: int) -> bool:
    """ "2:30", and "1-2 years" written in one piece."""
    token, mark, second = tokens[place], get(tokens, place + 1), get(tokens, place + 2)
    if mark is None or second is None or second.kind != "number" or token.end != mark.start or mark.end != second.start:
        return False
    if mark.text == ":" and len(second.text) == 2:
        return True
    return mark.text == "-" and is_word(get(tokens, place + 3), words.UNITS)


def _read_letter(tokens: Sequence[Token], place: int) -> tuple[str, int]:
    """The letter of a 4 that is written apart from it, "?" where it may be a word of the sentence ("4 a biopsy")."""
    token = get(tokens, place)
    if token is None:
        return "", place
    if token.text in "([" and is_word(get(tokens, place + 1), _LETTERS):
        closing = get(tokens, place + 2)
        return (tokens[place + 1].text, place + 3) if closing is not None and closing.text in ")]" else ("?", place + 2)
    at = place + 1 if token.text == "-" else place
    letter = get(tokens, at)
    if letter is None or not is_word(letter, _LETTERS):
        return "", place
    # A list's letter, or an article: "4\na. Mass", "4 a biopsy is advised".
    if ends_clause_at(tokens, at + 1) or (letter.text != "a" and is_word(get(tokens, at + 1), words.AFTER)):
        return letter.text, at + 1
    return "?", at + 1


def _ends_in_dash(tokens: Sequence[Token], place: int) -> bool:
    """ "4-" with nothing behind it."""
    token, behind = get(tokens, place), get(tokens, place + 1)
    return token is not None and token.text == "-" and (behind is None or behind.kind == "newline")


def _opens_range(tokens: Sequence[Token], place: int) -> bool:
    """ "4A-4B", "3 or 4", "4A/B", "2 and BI-RADS 4", "6/12", "3 [4]", "2...4"."""
    token = get(tokens, place)
    if token is None:
        return False
    if token.text in (",", ";", "|", ":", "(", "[", "{", "\\", "\n"):
        second = get(tokens, place + 1)
        return second is not None and second.kind == "number" and _is_bare_value(tokens, place + 1)
    if token.text == "." and (following := get(tokens, place + 1)) is not None and following.text == ".":
        return True
    if token.text not in _RANGE_MARKS:
        return False
    behind = get(tokens, place + 1)
    if token.text == "/" and behind is not None and behind.kind == "number":
        return True
    at = place + 1
    while (second := get(tokens, at)) is not None and (second.kind == "anchor" or is_word(second, words.WEAK)):
        at += 1
    return second is not None and (is_word(second, _LETTERS) or _is_bare_value(tokens, at))


def _is_bare_value(tokens: Sequence[Token], place: int) -> bool:
    category, _letter = _read_main(tokens[place])
    return category is not None and not _counts_something(tokens, place) and not read_side(tokens, place + 1)
