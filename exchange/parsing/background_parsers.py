"""Parses race, ethnicity, insurance and distance, in words and in the codes of HL7, OMB, CDC and X12."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from django.utils.translation import gettext as _

from exchange.errors import InvalidValue
from exchange.parsing.value_parsers import normalize_text
from patients.background import MAX_DISTANCE_MILES, Ethnicity, Insurance, Race

E = TypeVar("E", bound=Enum)

# The codes are those of HL7 tables 0005 and 0189, which US Core has too.
RACE_BY_CODE = {
    "1002-5": Race.AMERICAN_INDIAN,
    "2028-9": Race.ASIAN,
    "2054-5": Race.BLACK,
    "2076-8": Race.PACIFIC,
    "2106-3": Race.WHITE,
    "2131-1": Race.OTHER,
}
ETHNICITY_BY_CODE = {"2135-2": Ethnicity.HISPANIC, "2186-5": Ethnicity.NOT_HISPANIC}
# Claim filing indicators of X12 (837, SBR09), which senders write as the type of the plan in IN1-15.
INSURANCE_BY_CODE = {
    **dict.fromkeys(("12", "13", "14", "15", "BL", "CI", "HM"), Insurance.PRIVATE),
    **dict.fromkeys(("16", "MA", "MB"), Insurance.MEDICARE),
    "MC": Insurance.MEDICAID,
    **dict.fromkeys(("CH", "OF", "VA"), Insurance.OTHER_PUBLIC),
    "09": Insurance.NONE,
}
_DECLINED = ("declined", "refused", "asked declined", "asku", "does not want to say")
_RACES = {
    **dict.fromkeys(
        ("american indian", "alaska native", "american indian or alaska native", "native american"),
        Race.AMERICAN_INDIAN,
    ),
    "asian": Race.ASIAN,
    **dict.fromkeys(("black", "african american", "black or african american"), Race.BLACK),
    **dict.fromkeys(
        ("pacific", "pacific islander", "native hawaiian", "native hawaiian or other pacific islander"), Race.PACIFIC
    ),
    **dict.fromkeys(("white", "caucasian"), Race.WHITE),
    **dict.fromkeys(("multiple", "more than one", "multiracial", "two or more races", "mixed"), Race.MULTIPLE),
    **dict.fromkeys(("other", "another", "other race"), Race.OTHER),
    **dict.fromkeys(_DECLINED, Race.DECLINED),
}
_ETHNICITIES = {
    **dict.fromkeys(("h", "hispanic", "latino", "latina", "hispanic or latino", "yes"), Ethnicity.HISPANIC),
    **dict.fromkeys(("n", "not hispanic", "non hispanic", "not hispanic or latino", "no"), Ethnicity.NOT_HISPANIC),
    **dict.fromkeys(_DECLINED, Ethnicity.DECLINED),
}
_INSURANCES = {
    **dict.fromkeys(("private", "commercial", "employer"), Insurance.PRIVATE),
    "medicare": Insurance.MEDICARE,
    "medicaid": Insurance.MEDICAID,
    **dict.fromkeys(("other public", "public", "va", "tricare", "ihs"), Insurance.OTHER_PUBLIC),
    **dict.fromkeys(("none", "uninsured", "self pay", "no insurance"), Insurance.NONE),
}


def parse_race(text: str) -> Race:
    return _look_up(_RACES, RACE_BY_CODE, text, _("Write a race as documented, or leave it empty."))


def parse_ethnicity(text: str) -> Ethnicity:
    remedy = _("Write Hispanic, not Hispanic or declined, or leave it empty.")
    return _look_up(_ETHNICITIES, ETHNICITY_BY_CODE, text, remedy)


def parse_insurance(text: str) -> Insurance:
    remedy = _("Write private, medicare, medicaid, other public or none, or leave it empty.")
    return _look_up(_INSURANCES, INSURANCE_BY_CODE, text, remedy)


def parse_distance(text: str) -> int:
    number = re.fullmatch(r"([0-9]{1,4})(?:\.[0-9]+)?", text)
    if number is None or int(number[1]) > MAX_DISTANCE_MILES:
        raise InvalidValue(_("Write the distance as a number of miles, or leave it empty."))
    return int(number[1])


def _look_up(words: Mapping[str, E], codes: Mapping[str, E], text: str, remedy: str) -> E:
    """By code, by word or by the stored value itself, which is written with underscores."""
    found = codes.get(text.strip()) or words.get(normalize_text(text.replace("_", " ")))
    if found is None:
        raise InvalidValue(remedy)
    return found
