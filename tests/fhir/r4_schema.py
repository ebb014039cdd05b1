"""Checks resources against the R4 JSON schema where it is at hand, and always against a few rules of our own."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.architecture.source_files import PROJECT_ROOT

_FILE = Path("shared/data/fhir/fhir-r4.schema.json")
_CONFIRMED_CODES = frozenset(
    re.findall(r'"(\d{6,}|\d+-\d)"', (PROJECT_ROOT / "exchange/fhir/resources/codes.py").read_text())
)
_STANDARD_SYSTEMS = ("http://snomed.info/sct", "http://loinc.org", "http://dicom.nema.org/resources/ontology/DCM")


@cache
def _validator_of(resource_type: str) -> Any:
    """The schema belongs to others and is not in the repository; it lies beside a checkout that has it."""
    found = next((parent / _FILE for parent in PROJECT_ROOT.parents if (parent / _FILE).exists()), None)
    if found is None:
        print("The R4 schema is not here: only our own checks were made.")
        return None
    schema = json.loads(found.read_text())
    root = {
        "$schema": schema["$schema"],
        "$ref": f"#/definitions/{resource_type}",
        "definitions": schema["definitions"],
    }
    return jsonschema_rs.validator_for(root)


def find_faults(resource: dict[str, Any]) -> list[str]:
    """What is wrong with the resource or Bundle, as sentences."""
    faults = list(_own_faults(resource, resource["resourceType"]))
    validator = _validator_of(resource["resourceType"])
    if validator is not None:
        faults += [f"{error.instance_path}: {error.message}"[:300] for error in validator.iter_errors(resource)]
    return faults


def _own_faults(value: Any, place: str) -> Any:
    """Nothing empty anywhere, references by type and id, standard codes only where their meaning was confirmed."""
    if isinstance(value, dict):
        if value.get("system") in _STANDARD_SYSTEMS and value.get("code") not in _CONFIRMED_CODES:
            yield f"{place}: the code {value.get('code')} is not on the list"
        if "reference" in value and not re.fullmatch(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}", value["reference"]):
            yield f"{place}: {value['reference']} is no reference"
        for name, one in value.items():
            yield from _own_faults(one, f"{place}.{name}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _own_faults(one, f"{place}[{number}]")
    if value in (None, "", [], {}):
        yield f"{place} is empty"
