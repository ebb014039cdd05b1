"""Cleans the text of one cell, and recognises what a spreadsheet has ruined.

Identifiers (record numbers, accessions) are compared letter by letter, so each must have one spelling: no invisible
characters, no full-width digits, one kind of dash. A number that a spreadsheet has rewritten is refused: lost digits
cannot be guessed.
"""

import re
import unicodedata

from django.utils.translation import gettext as _

from exchange.errors import InvalidValue

IDENTIFIERS = frozenset({"mrn", "accession", "assigning_authority", "referrer_npi"})
# What people write in words keeps its letters as they were typed; of everything else there is one spelling.
_WORDS = frozenset(
    {
        "family_name", "given_name", "middle_name", "preferred_name", "address_line", "city", "state", "referrer_name",
        "reader", "findings", "comment", "assessment", "assessment_left", "assessment_right",
    }
)  # fmt: skip

# Control characters, and the mark that stands where a character was lost on the way.
_LOST = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")
_JOINERS = "\u200c\u200d"  # invisible, but part of the spelling of Persian and Indian names
# Invisible, though Unicode counts them as marks or letters (Default_Ignorable_Code_Point).
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_MINUS = "\N{MINUS SIGN}"
_AS_TEXT = re.compile(r'="([^"]*)"|=?"?\'([^\'"]+)"?')  # how Excel is told to leave a number alone
_SPREADSHEET_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|#+)", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d*)?E[+-]\d+", re.IGNORECASE)
_DECIMAL = re.compile(r"[+-]?\d+[.,]0+")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+")


def clean_cell(column: str, text: str) -> str:
    """The text as it is stored; empty when the cell says nothing. Raises InvalidValue with what to mend."""
    text = text.strip()
    if text.isalnum() and text.isascii():
        return text  # nothing that is looked for below can be in it
    wrapped = _AS_TEXT.fullmatch(text) if column not in _WORDS else None
    if wrapped:
        text = (wrapped[1] or wrapped[2] or "").strip()
    if not text.isascii():
        text = _normalize(column, text)
    if _LOST.search(text):
        raise InvalidValue(_("Correct the characters that were lost or cannot be shown."))
    if _SPREADSHEET_ERROR.fullmatch(text):
        raise InvalidValue(_("The spreadsheet shows an error here and no value. Write the value, or leave it empty."))
    if column in IDENTIFIERS:
        text = " ".join(text.split())
        _refuse_ruined_number(text)
    return text


def _normalize(column: str, text: str) -> str:
    is_in_words = column in _WORDS
    visible = "".join(letter for letter in text if not _is_invisible(letter) or (is_in_words and letter in _JOINERS))
    if is_in_words:
        return unicodedata.normalize("NFC", visible).strip()
    plain = unicodedata.normalize("NFKC", visible)
    return "".join(map(_plain_letter, plain) if column in IDENTIFIERS else plain).strip()


def _is_invisible(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf" or letter in _BLANKS or ord(letter) in _VARIATION_SELECTORS


def _plain_letter(letter: str) -> str:
    """The hyphen for every dash, and the digit of ASCII for that of any script."""
    if letter == _MINUS or unicodedata.category(letter) == "Pd":
        return "-"
    return str(unicodedata.decimal(letter, letter))


def _refuse_ruined_number(text: str) -> None:
    if _SCIENTIFIC.fullmatch(text):
        raise InvalidValue(
            _(
                "A spreadsheet has shortened this number and lost its last digits. "
                "Format the column as text and copy the number from its source again."
            )
        )
    if _DECIMAL.fullmatch(text):
        raise InvalidValue(
            _(
                "A spreadsheet has made a decimal number of this, perhaps without its leading zeros. "
                "Format the column as text and write the number as its source has it."
            )
        )
    if _GROUPED.fullmatch(text):
        raise InvalidValue(
            _(
                "A spreadsheet has put commas into this number, perhaps without its leading zeros. "
                "Format the column as text and write the number as its source has it."
            )
        )
