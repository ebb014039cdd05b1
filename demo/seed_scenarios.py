"""Defines how many recalls of the demo follow which scenario, and how long ago each came to its end.

Half of the open ones wait for a call, so that a scheduler who signs in has a real morning ahead.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from recalls.enums import Assessment, FindingKind, RecallKind, Side


@dataclass(frozen=True, slots=True)
class ScenarioCount:
    """`count` recalls with this story, whose last step lies up to `days_ago` working days back."""

    scenario: str
    count: int
    max_days_ago: int


SCENARIO_COUNTS: tuple[ScenarioCount, ...] = (
    # The callback queue.
    ScenarioCount("to_contact", 10, 0),
    ScenarioCount("to_contact", 3, 3),
    ScenarioCount("suspicious_screen", 3, 0),
    ScenarioCount("called_once", 5, 3),
    ScenarioCount("barrier", 2, 1),
    ScenarioCount("navigator_case", 1, 1),
    ScenarioCount("left_message", 5, 2),
    ScenarioCount("ready_to_book", 2, 0),
    ScenarioCount("wrong_number", 2, 2),
    ScenarioCount("three_attempts", 5, 1),
    ScenarioCount("ladder_complete", 2, 1),
    ScenarioCount("cancelled", 3, 0),
    ScenarioCount("missed", 4, 0),
    ScenarioCount("missed", 1, 2),
    ScenarioCount("more_imaging", 2, 0),
    ScenarioCount("priors_not_enough", 1, 1),
    ScenarioCount("reopened", 1, 1),
    ScenarioCount("next_round", 3, 2),
    # Visits ahead, and visits just over.
    ScenarioCount("booked", 5, 2),
    ScenarioCount("booked_ahead", 7, 7),
    ScenarioCount("confirmed", 5, 1),
    ScenarioCount("rescheduled", 3, 2),
    ScenarioCount("attended", 5, 0),
    ScenarioCount("attended", 2, 2),
    # Earlier pictures.
    ScenarioCount("awaiting_priors", 2, 1),
    ScenarioCount("priors_requested", 3, 6),
    ScenarioCount("priors_received", 3, 1),
    ScenarioCount("resolved_by_priors", 3, 20),
    # Answers of the last weeks.
    ScenarioCount("closed_normal", 7, 55),
    ScenarioCount("closed_benign", 7, 55),
    ScenarioCount("came_after_second_call", 6, 55),
    ScenarioCount("came_later", 5, 55),
    ScenarioCount("came_after_missed", 3, 55),
    ScenarioCount("benign_to_tell", 3, 1),
    ScenarioCount("suspicious_to_tell", 2, 1),
    ScenarioCount("cancer_to_tell", 1, 0),
    ScenarioCount("to_hand_over", 2, 1),
    ScenarioCount("probably_benign", 10, 60),
    # Biopsies.
    ScenarioCount("straight_to_biopsy", 1, 1),
    ScenarioCount("biopsy_to_book", 3, 4),
    ScenarioCount("biopsy_booked", 4, 2),
    ScenarioCount("biopsy_missed", 1, 1),
    ScenarioCount("awaiting_pathology", 3, 5),
    ScenarioCount("awaiting_concordance", 3, 2),
    ScenarioCount("discordant", 1, 2),
    ScenarioCount("benign_concordant", 4, 45),
    ScenarioCount("high_risk", 2, 40),
    ScenarioCount("cancer", 1, 6),
    ScenarioCount("cancer_in_treatment", 2, 45),
    # At rest, or ended another way.
    ScenarioCount("on_hold", 4, 5),
    ScenarioCount("declined", 3, 30),
    ScenarioCount("transferred", 2, 30),
    ScenarioCount("deceased", 1, 20),
    ScenarioCount("lost", 2, 15),
    ScenarioCount("void", 2, 30),
)
# Recalls of the last full year, spread over its months: with the earlier screenings of the others it can be audited.
LAST_YEAR_STORIES = (
    *["closed_normal"] * 5, *["closed_benign"] * 4, *["benign_concordant"] * 2, "cancer_in_treatment",
)  # fmt: skip
NEGATIVE_EXAMS = 10  # screened, and nothing more needed: they are patients of the clinic too

_FINDINGS = (
    (FindingKind.CALCIFICATIONS, 4),
    (FindingKind.MASS, 4),
    (FindingKind.FOCAL_ASYMMETRY, 3),
    (FindingKind.ASYMMETRY, 3),
    (FindingKind.ARCHITECTURAL_DISTORTION, 2),
    (FindingKind.LYMPH_NODE, 1),
    (FindingKind.SKIN, 1),
)
_FINDING_LOCATIONS = ("upper outer", "upper inner", "lower outer", "central", "")


def shuffled_scenarios(chance: Random) -> Iterator[ScenarioCount]:
    """One scene for each recall, its `days_ago` settled, in an order that mixes sites and stories."""
    pack = [
        ScenarioCount(scene.scenario, 1, chance.randint(0, scene.max_days_ago))
        for scene in SCENARIO_COUNTS
        for _ in range(scene.count)
    ]
    chance.shuffle(pack)
    yield from pack


def build_exam_fields(chance: Random, number: int, story: Mapping[str, Any]) -> dict[str, Any]:
    """What the screening of one patient showed, as `ExamFactory` is asked for it; what the story says comes first."""
    kinds = [kind for kind, weight in _FINDINGS for _ in range(weight)]
    side = chance.choice((Side.RIGHT, Side.LEFT))
    findings = [(chance.choice(kinds), side, chance.choice(_FINDING_LOCATIONS))]
    if number % 9 == 0:
        findings.append((chance.choice(kinds), side, ""))  # of one breast: the stories follow one lesion
    fields: dict[str, Any] = {
        "findings": findings,
        "first_screen": (number % 6 == 0) if number % 11 else None,
        "density": chance.choices("abcd", (1, 4, 4, 1))[0],
    }
    if story:
        return fields | dict(story)
    if number % 40 == 7:
        fields |= {"recall_kind": RecallKind.TECHNICAL, "findings": [(FindingKind.TECHNICAL, side, "")]}
    if number % 60 == 31:
        fields |= {
            "recall_kind": RecallKind.CLINICAL,
            "assessment": Assessment.NEGATIVE,
            "findings": [(FindingKind.LUMP if number % 120 == 31 else FindingKind.SYMPTOM, side, "")],
        }
    return fields
