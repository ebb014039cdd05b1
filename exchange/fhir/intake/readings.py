"""Reads assessments, sides and densities out of codes: what two codings contradict is a problem, never a guess."""

from collections.abc import Iterable
from typing import Any

from exchange.fhir.intake.received import Json, codings_of
from exchange.fhir.resources.codes import (
    BIRADS,
    DICOM,
    SNOMED,
    SNOMED_BY_ASSESSMENT,
    SNOMED_BY_DENSITY,
    SNOMED_BY_SIDE,
)
from recalls.enums import Assessment, Side

_OLD_FILMS, _POST_PROCEDURE = "111138", "111120"
# The whole number that SNOMED tells; what it leaves open, the row parser or a person decides.
_NUMBER_BY_SNOMED = {code: assessment.value[0] for assessment, code in SNOMED_BY_ASSESSMENT.items()}
_DENSITY_BY_SNOMED = {code: density.value for density, code in SNOMED_BY_DENSITY.items()}
_SIDE_BY_SNOMED = {code: side for side, code in SNOMED_BY_SIDE.items()}
CONTRADICTION = "Two codings of this result contradict each other. Correct one of them."


def read_assessment(concept: Any) -> str:
    """The result as a file would write it, "" where the concept tells none. Raises ValueError for a contradiction."""
    codings = codings_of(concept)
    own = {code for system, code in codings if system == BIRADS and code in Assessment.values}
    numbers = {_NUMBER_BY_SNOMED[code] for system, code in codings if system == SNOMED and code in _NUMBER_BY_SNOMED}
    if (DICOM, _POST_PROCEDURE) in codings:
        own.add(Assessment.POST_PROCEDURE)
    if (DICOM, _OLD_FILMS) in codings:
        own.add(Assessment.NEED_PRIORS)
    if len(own) > 1 or len(numbers) > 1 or (own and numbers and {one[0] for one in own} != numbers):
        raise ValueError(CONTRADICTION)
    if own or numbers:
        return str(next(iter(own or numbers)))
    return str(concept.get("text", "")) if isinstance(concept, dict) else ""


def read_density(concept: Any) -> str:
    found = {_DENSITY_BY_SNOMED[code] for _system, code in codings_of(concept) if code in _DENSITY_BY_SNOMED}
    return found.pop() if len(found) == 1 else ""


def read_side(observation: Json) -> str:
    """ "left" or "right"; "" for both or none."""
    found = {
        _SIDE_BY_SNOMED[code] for _system, code in codings_of(observation.get("bodySite")) if code in _SIDE_BY_SNOMED
    }
    return found.pop().value if len(found) == 1 else ""


def tells_assessment(concept: Any) -> bool:
    """Whether a coding of BI-RADS is in it."""
    return any(
        system == BIRADS or (system == SNOMED and code in _NUMBER_BY_SNOMED) for system, code in codings_of(concept)
    )


def read_observations(observations: Iterable[Json]) -> dict[str, str]:
    """The columns that observations fill: the result of each breast and of both, and the density.

    Raises ValueError where two tell one column differently.
    """
    cells: dict[str, str] = {}
    columns = {Side.LEFT.value: "assessment_left", Side.RIGHT.value: "assessment_right", "": "assessment"}
    for observation in observations:
        value = observation.get("valueCodeableConcept")
        density = read_density(value)
        column, text = "density", density
        if not density:
            if not tells_assessment(value):
                continue
            column, text = columns[read_side(observation)], read_assessment(value)
        if cells.setdefault(column, text) != text:
            raise ValueError(CONTRADICTION)
    return cells
