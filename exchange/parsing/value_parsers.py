"""Parses the coded values of a file: yes and no, sides, sex, language, density and finding kinds.

Every parser takes a stripped, non-empty text and raises InvalidValue with the words it accepts.
"""

import re
import unicodedata
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

import langcodes
from django.conf.locale import LANG_INFO
from django.utils.translation import gettext as _
from langcodes.tag_parser import LanguageTagError

from exchange.errors import InvalidValue
from patients.models import Patient
from recalls.enums import BiradsEdition, Density, FindingKind, RecallKind, ScreeningModality, Side, SupplementalTest

E = TypeVar("E", bound=Enum)

_YES = frozenset({"yes", "y", "true", "t", "1", "x", "si", "sí"})
_NO = frozenset({"no", "n", "false", "f", "0"})
_SIDES = {
    **dict.fromkeys(("r", "right", "rt"), Side.RIGHT),
    **dict.fromkeys(("l", "left", "lt"), Side.LEFT),
    **dict.fromkeys(("b", "both", "bilateral", "bil"), Side.BOTH),
}
_SEXES = {
    **dict.fromkeys(("f", "female", "w", "woman"), Patient.Sex.FEMALE),
    **dict.fromkeys(("m", "male", "man"), Patient.Sex.MALE),
    **dict.fromkeys(("o", "other", "x", "nonbinary"), Patient.Sex.OTHER),
    **dict.fromkeys(("u", "unknown", "not said"), Patient.Sex.UNKNOWN),
}
_SUPPLEMENTAL_TESTS = {
    **dict.fromkeys(("ultrasound", "us", "sonography"), SupplementalTest.ULTRASOUND),
    **dict.fromkeys(("mri", "mr", "breast mri"), SupplementalTest.MRI),
    **dict.fromkeys(("cem", "contrast mammography", "contrast enhanced mammography"), SupplementalTest.CEM),
}
_MODALITIES = {
    **dict.fromkeys(
        ("2d", "ffdm", "dm", "mg", "mammography", "mammogram", "digital mammogram"), ScreeningModality.MAMMOGRAM_2D
    ),
    **dict.fromkeys(("3d", "dbt", "tomo", "tomosynthesis"), ScreeningModality.TOMOSYNTHESIS),
    **dict.fromkeys(("mri", "mr", "breast mri"), ScreeningModality.MRI),
    **dict.fromkeys(("ultrasound", "us", "sonography"), ScreeningModality.ULTRASOUND),
}
_EDITIONS = {
    **dict.fromkeys(("5", "5th", "fifth", "2013", "5th 2013", "5 2013"), BiradsEdition.FIFTH),
    **dict.fromkeys(("v2025", "2025"), BiradsEdition.V2025),
}
# The four wordings of 21 CFR 900.12(c)(1)(vi), by the words that tell them apart.
_DENSITIES = (
    ("entirely fatty", Density.A),
    ("scattered", Density.B),
    ("heterogeneously dense", Density.C),
    ("extremely dense", Density.D),
)
_LANGUAGE_NAMES = {
    str(info[key]).casefold(): code for code, info in LANG_INFO.items() for key in ("name", "name_local") if key in info
}


def normalize_text(text: str) -> str:
    """The text for comparison: lower case, no accents, one space between words, no punctuation."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"\W+", " ", bare).strip()


def parse_yes_no(text: str) -> bool:
    word = text.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise InvalidValue(_("Write yes or no, or leave it empty."))


def parse_side(text: str) -> Side:
    try:
        return _SIDES[text.casefold()]
    except KeyError:
        raise InvalidValue(_("The side must be right, left or both.")) from None


def parse_sex(text: str) -> Patient.Sex:
    try:
        return _SEXES[normalize_text(text)]
    except KeyError:
        raise InvalidValue(_("Write F, M, O (other) or U (not said).")) from None


def parse_voicemail(text: str) -> Patient.Voicemail:
    return _parse_choice(Patient.Voicemail, text, _("Write yes, no or ask."))


def parse_recall_kind(text: str) -> RecallKind:
    remedy = _("Write finding, technical or clinical.")
    kind = _parse_choice(RecallKind, text, remedy)
    if kind in (RecallKind.SUPPLEMENTAL, RecallKind.INCIDENTAL):  # opened by another exam, never by a screening result
        raise InvalidValue(remedy)
    return kind


def parse_supplemental(text: str) -> SupplementalTest:
    try:
        return _SUPPLEMENTAL_TESTS[normalize_text(text).removeprefix("supplemental ")]
    except KeyError:
        raise InvalidValue(_("Write ultrasound, mri or cem, or leave it empty.")) from None


def parse_modality(text: str) -> ScreeningModality:
    try:
        return _MODALITIES[normalize_text(text)]
    except KeyError:
        raise InvalidValue(_("Write 2d, 3d, mri or ultrasound, or leave it empty.")) from None


def parse_birads_edition(text: str) -> BiradsEdition:
    words = re.sub(r"\b(?:acr|bi ?rads|edition|version|v)\b", "", normalize_text(text))
    try:
        return _EDITIONS[" ".join(words.split())]
    except KeyError:
        raise InvalidValue(_("Write the edition as 5 or v2025, or leave it empty.")) from None


def parse_density(text: str) -> Density:
    words = normalize_text(text)
    found = {density for phrase, density in _DENSITIES if phrase in words}
    letter = re.fullmatch(r"(?:(?:category|density|type|acr|bi ?rads) )*([a-d])(?: .*)?", words)
    if letter:
        found.add(Density(letter[1]))
    if len(found) != 1:
        raise InvalidValue(_("Write the density as a, b, c or d."))
    return found.pop()


def parse_risk_score(text: str) -> Decimal:
    """A plain number of any score, at most five digits before the point and three behind it."""
    if not re.fullmatch(r"[0-9]{1,5}(?:\.[0-9]{1,3})?", text):
        raise InvalidValue(_("Write the risk score as a plain number such as 3.2, or leave it empty."))
    return Decimal(text)


@lru_cache(maxsize=512)
def parse_language(text: str) -> str:
    """A language tag in its shortest standard form: "eng", "English" and "EN" are all "en"."""
    named = _LANGUAGE_NAMES.get(text.casefold(), text)
    try:
        tag = langcodes.standardize_tag(named) if langcodes.tag_is_valid(named) else ""
    except LanguageTagError:
        tag = ""
    if not tag or len(tag) > 20 or langcodes.get(tag).language in (None, "und", "mul", "zxx", "mis"):
        raise InvalidValue(_("This language is unknown. Write a code such as en, es or vi, or its English name."))
    return tag


def parse_findings(text: str) -> tuple[tuple[str, str, str], ...]:
    """(kind, side, place) of each finding in `kind:side[:place]; ...`."""
    return tuple(_parse_finding(part.strip()) for part in text.split(";") if part.strip())


def _parse_finding(text: str) -> tuple[str, str, str]:
    parts = [part.strip() for part in text.split(":", 2)]
    if len(parts) < 2:
        raise InvalidValue(_("Write each finding as kind:side, such as mass:left or mass:left:upper outer."))
    kinds = ", ".join(FindingKind.values)
    kind = _parse_choice(
        FindingKind, re.sub(r"[\s-]+", "_", parts[0]), _("The kind of finding must be one of: %s.") % kinds
    )
    place = parts[2] if len(parts) == 3 else ""
    if len(place) > 60:
        raise InvalidValue(_("Shorten the place of the finding to 60 characters."))
    return str(kind.value), str(parse_side(parts[1]).value), place


def _parse_choice(choices: type[E], text: str, remedy: Any) -> E:
    try:
        return choices(text.casefold())
    except ValueError:
        raise InvalidValue(str(remedy)) from None
