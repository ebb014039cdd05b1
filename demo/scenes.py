"""What is going on in the demo clinic? How many recalls live which story, and how long ago each came to its end.

Half of the open ones wait for a call, so that a scheduler who signs in has a real morning ahead.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from recalls.enums import Assessment, FindingKind, RecallKind, Side


@dataclass(frozen=True, slots=True)
class Scene:
    """`count` recalls with this story, whose last step lies up to `days_ago` working days back."""

    story: str
    count: int
    days_ago: int


SCENES: tuple[Scene, ...] = (
    # The callback queue.
    Scene("to_contact", 10, 0),
    Scene("to_contact", 3, 3),
    Scene("suspicious_screen", 3, 0),
    Scene("called_once", 8, 3),
    Scene("left_message", 5, 2),
    Scene("ready_to_book", 2, 0),
    Scene("wrong_number", 2, 2),
    Scene("three_attempts", 5, 1),
    Scene("ladder_complete", 2, 1),
    Scene("cancelled", 3, 0),
    Scene("missed", 4, 0),
    Scene("missed", 1, 2),
    Scene("more_imaging", 2, 0),
    Scene("priors_not_enough", 1, 1),
    Scene("reopened", 1, 1),
    Scene("next_round", 3, 2),
    # Visits ahead, and visits just over.
    Scene("booked", 5, 2),
    Scene("booked_ahead", 7, 7),
    Scene("confirmed", 5, 1),
    Scene("rescheduled", 3, 2),
    Scene("attended", 5, 0),
    Scene("attended", 2, 2),
    # Earlier pictures.
    Scene("awaiting_priors", 2, 1),
    Scene("priors_requested", 3, 6),
    Scene("priors_received", 3, 1),
    Scene("resolved_by_priors", 3, 20),
    # Answers of the last weeks.
    Scene("closed_normal", 26, 55),
    Scene("closed_benign", 16, 55),
    Scene("unreleased", 3, 1),
    Scene("probably_benign", 10, 60),
    # Biopsies.
    Scene("straight_to_biopsy", 1, 1),
    Scene("biopsy_to_book", 3, 4),
    Scene("biopsy_booked", 4, 2),
    Scene("biopsy_missed", 1, 1),
    Scene("awaiting_pathology", 3, 5),
    Scene("awaiting_concordance", 3, 2),
    Scene("discordant", 1, 2),
    Scene("benign_concordant", 6, 45),
    Scene("high_risk", 2, 40),
    Scene("cancer", 4, 45),
    # At rest, or ended another way.
    Scene("on_hold", 4, 5),
    Scene("declined", 3, 30),
    Scene("transferred", 2, 30),
    Scene("deceased", 1, 20),
    Scene("lost", 2, 15),
    Scene("void", 2, 30),
)
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
_PLACES = ("upper outer", "upper inner", "lower outer", "central", "")


def cards(chance: Random) -> Iterator[Scene]:
    """One scene for each recall, its `days_ago` settled, in an order that mixes sites and stories."""
    pack = [Scene(scene.story, 1, chance.randint(0, scene.days_ago)) for scene in SCENES for _ in range(scene.count)]
    chance.shuffle(pack)
    yield from pack


def reading(chance: Random, number: int, story: Mapping[str, Any]) -> dict[str, Any]:
    """What the screening of one patient showed, as `ExamFactory` is asked for it; what the story says comes first."""
    kinds = [kind for kind, weight in _FINDINGS for _ in range(weight)]
    side = chance.choice((Side.RIGHT, Side.LEFT))
    findings = [(chance.choice(kinds), side, chance.choice(_PLACES))]
    if number % 9 == 0:
        findings.append((chance.choice(kinds), Side.LEFT if side == Side.RIGHT else Side.RIGHT, ""))
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
            "findings": [(FindingKind.SYMPTOM, side, "")],
        }
    return fields
