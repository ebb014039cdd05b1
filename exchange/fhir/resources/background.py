"""Reads and writes race and ethnicity as the extensions of US Core."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from exchange.fhir.resources.elements import Json
from exchange.parsing.background_parsers import ETHNICITY_BY_CODE, RACE_BY_CODE
from patients.background import Ethnicity, Race
from patients.models import Patient

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_CATEGORIES = "urn:oid:2.16.840.1.113883.6.238"


def build_background(patient: Patient) -> list[Json]:
    """An extension for each of the two that is known."""
    return [
        *_build("race", Race(patient.race) if patient.race else None, RACE_BY_CODE),
        *_build("ethnicity", Ethnicity(patient.ethnicity) if patient.ethnicity else None, ETHNICITY_BY_CODE),
    ]


def _build(name: str, value: Any, codes: Mapping[str, Enum]) -> Iterator[Json]:
    if value is None:
        return
    words = str(value.label)
    code = next((code for code, meaning in codes.items() if meaning == value), None)
    parts: list[Json] = [{"url": "text", "valueString": words}]
    if code:
        parts.insert(0, {"url": "ombCategory", "valueCoding": {"system": _CATEGORIES, "code": code, "display": words}})
    yield {"url": f"{_US_CORE}{name}", "extension": parts}


def read_background(patient: Json) -> dict[str, str]:
    """The cells of a results file; what is not understood says nothing."""
    races, ethnicities = _codes(patient, "race"), _codes(patient, "ethnicity")
    race = Race.MULTIPLE if len(races) > 1 else RACE_BY_CODE.get(next(iter(races), ""), "")
    ethnicity = ETHNICITY_BY_CODE.get(next(iter(ethnicities), ""), "") if len(ethnicities) == 1 else ""
    return {"race": str(race), "ethnicity": str(ethnicity)}


def _codes(patient: Json, name: str) -> set[str]:
    found = [one for one in patient.get("extension", []) if one.get("url") == f"{_US_CORE}{name}"]
    parts = [part for one in found for part in one.get("extension", []) if part.get("url") == "ombCategory"]
    return {str((part.get("valueCoding") or {}).get("code", "")) for part in parts} - {""}
