"""Cleans the text of one cell, and recognises what a spreadsheet has ruined.

Identifiers (record numbers, accessions) are compared letter by letter, so each must have one spelling: no invisible
characters, no full-width digits. A number that a spreadsheet has rewritten is refused: lost digits cannot be guessed.
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
_AS_TEXT = re.compile(r'="([^"]*)"')  # how Excel is told to leave a number alone
_SPREADSHEET_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|#+)", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d*)?E[+-]\d+", re.IGNORECASE)
_DECIMAL = re.compile(r"[+-]?\d+[.,]0+")


def clean_cell(column: str, text: str) -> str:
    """The text as it is stored; empty when the cell says nothing. Raises InvalidValue with what to mend."""
    text = text.strip()
    wrapped = _AS_TEXT.fullmatch(text)
    if wrapped:
        text = wrapped[1].strip()
    if not text.isascii():
        text = _normalize(column, text)
    if _LOST.search(text):
        raise InvalidValue(_("Correct the characters that were lost or cannot be shown."))
    if _SPREADSHEET_ERROR.fullmatch(text):
        raise InvalidValue(_("The spreadsheet shows an error here and no value. Write the value, or leave it empty."))
    if column in IDENTIFIERS:
        _refuse_ruined_number(text)
    return text


def _normalize(column: str, text: str) -> str:
    keeps_joiners = column in _WORDS
    visible = "".join(
        letter for letter in text if unicodedata.category(letter) != "Cf" or (keeps_joiners and letter in _JOINERS)
    )
    return unicodedata.normalize("NFC" if column in _WORDS else "NFKC", visible).strip()


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
