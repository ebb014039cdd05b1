"""Turns names, phones, emails and record numbers into the folded terms by which a patient is searched.

Folded: without accents, capitals, apostrophes and typographic variants. What is typed is folded by the same functions.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise
from string import ascii_lowercase

MAX_TERM_LENGTH = 100
_MIN_LENGTH_FOR_SLIP = 4  # shorter words have too many neighbours
_APOSTROPHES = "'’‘‛ʼʻ`´′＇"  # noqa: RUF001 - the very characters that stand for one another
# Letters that are no plain letter with an accent.
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n"}  # noqa: RUF001 - the Turkish letter is meant
)
_WITHOUT_APOSTROPHES = str.maketrans(dict.fromkeys(_APOSTROPHES))
_ASCII_MARKS_AS_SPACES = {number: " " for number in range(128) if not chr(number).isalnum()}
_APOSTROPHES_AS_SPACES = str.maketrans(dict.fromkeys(_APOSTROPHES, " "))
# A slip may put any letter of the word's own alphabet; other scripts only lose or swap letters.
_ALPHABETS = (
    ascii_lowercase,
    "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "αβγδεζηθικλμνξοπρστυφχψω",
)


def fold_words(text: str) -> list[str]:
    """The words of a text, folded: "O'Sample-Múñoz" gives "osample" and "munoz"."""
    return _split(text.translate(_WITHOUT_APOSTROPHES))


def fold_identifier(text: str) -> str:
    """A record number as one word: "T-4711 " gives "t4711"."""
    return "".join(fold_words(text))[:MAX_TERM_LENGTH]


def fold_email(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()[:MAX_TERM_LENGTH]


def name_terms(name: str) -> set[str]:
    """The words of a name, its parts around an apostrophe, and neighbouring words written as one ("delacruz")."""
    words = fold_words(name)
    joined = {*map("".join, pairwise(words)), *map("".join, zip(words, words[1:], words[2:], strict=False))}
    terms = {*words, *_split(name.translate(_APOSTROPHES_AS_SPACES)), *joined}
    return {term[:MAX_TERM_LENGTH] for term in terms}


def phone_term(number: str) -> str:
    """The digits backwards, so that the last four are the beginning of the term; empty without four digits."""
    digits = _digits(number.lower().partition("x")[0])
    return digits[::-1][:MAX_TERM_LENGTH] if len(digits) >= 4 else ""


def identifier_terms(mrn: str) -> set[str]:
    """The number as it is and without leading zeros, which a spreadsheet drops."""
    folded = fold_identifier(mrn)
    return {folded, folded.lstrip("0")} - {""}


def spellings_with_one_slip(word: str) -> set[str]:
    """Every spelling that one letter missing, added, wrong or swapped away; none for a short word or a number."""
    if len(word) < _MIN_LENGTH_FOR_SLIP or word.isdigit():
        return set()
    alphabet = next((letters for letters in _ALPHABETS if set(word) <= set(letters)), "")
    return set(_edits(word, alphabet)) - {word}


def _edits(word: str, alphabet: str) -> Iterator[str]:
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    for left, right in halves:
        if right:
            yield left + right[1:]
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]
        for letter in alphabet:
            yield left + letter + right
            if right:
                yield left + letter + right[1:]


def _split(text: str) -> list[str]:
    if text.isascii():
        return text.lower().translate(_ASCII_MARKS_AS_SPACES).split()
    letters = unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN_LETTERS)
    return "".join(_plain(unicodedata.normalize("NFKD", letters))).split()


def _plain(letters: Iterable[str]) -> Iterator[str]:
    """Drop accents and invisible characters; whatever is no letter, mark or digit parts two words."""
    for letter in letters:
        category = unicodedata.category(letter)
        if category == "Cf" or unicodedata.combining(letter):
            continue
        yield " " if category[0] in "PZSC" else letter


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(letter)) for letter in text if letter.isdigit())
