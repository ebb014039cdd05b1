"""Puts what a reading says onto the lesions of a recall, and names new ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from recalls.actions.transition import Transition
from recalls.assessment_consistency import LESION_ASSESSMENTS
from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment, Side
from recalls.lesion_stages import LesionStage, load_lesion_statuses
from recalls.models import Finding, Lesion, LesionAssessment, Outcome, Recall, ScreeningExam


@dataclass(frozen=True, slots=True)
class LesionInput:
    """A lesion named for the first time, with what the reading says of it; what nobody stated is empty."""

    assessment: Assessment
    side: str = ""
    kind: str = ""
    location: str = ""
    depth: str = ""
    size_mm: int | None = None
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class LesionReading:
    """What a reading says: overall, of each side, of lesions known before (by their key) and of new ones."""

    assessment: Assessment
    assessment_left: str = ""
    assessment_right: str = ""
    lesions: tuple[LesionInput, ...] = ()
    known_lesions: Mapping[int, Assessment] = field(default_factory=dict)


def assess_lesions(transition: Transition, reading: LesionReading, outcome: Outcome | None, read_at: datetime) -> None:
    """Write the reading onto the lesions; one that the reading implies and nobody named is made.

    Where single lesions are named, the others keep what was said of them. Where none is, every open lesion gets the
    result of its side, or the overall one. Raises ValidationError for a lesion that this recall does not have.
    """
    recall = transition.recall
    statuses = load_lesion_statuses(recall)
    known = {status.lesion.pk: status.lesion for status in statuses}
    if not set(reading.known_lesions) <= set(known):
        raise ValidationError({"assessment": _("This recall has no such lesion. Open the page again.")})
    said = {known[pk]: assessment for pk, assessment in reading.known_lesions.items()}
    new = list(reading.lesions)
    if not said and not new:
        still_open = [status.lesion for status in statuses if status.stage != LesionStage.SETTLED]
        said = {lesion: found for lesion in still_open if (found := _implied_assessment(reading, lesion))}
        needs_lesion = reading.assessment in LESION_ASSESSMENTS and reading.assessment not in said.values()
        new = implied_lesions(recall, reading) if needs_lesion else []
    for lesion, assessment in said.items():
        _write_assessment(transition, lesion, assessment, outcome, read_at)
    for offset, one in enumerate(new, start=len(known) + 1):
        _write_assessment(transition, _create_lesion(transition, one, offset), one.assessment, outcome, read_at)
    if SUSPICIOUS_ASSESSMENTS & {*said.values(), *(one.assessment for one in new)}:
        recall.biopsy_since = read_at


def lesion_assessments(recall: Recall, reading: LesionReading) -> Iterable[tuple[str, Assessment]]:
    """The side and result of every lesion the reading names, for the check against the overall result."""
    sides = dict(recall.lesions.values_list("pk", "side")) if reading.known_lesions else {}
    yield from ((sides.get(pk, ""), found) for pk, found in reading.known_lesions.items())
    yield from ((one.side, one.assessment) for one in reading.lesions)


def implied_lesions(recall: Recall, reading: LesionReading) -> list[LesionInput]:
    """The lesions that a reading implies: one for each side that has such a result of its own, else one.

    Where no side has a result and findings stand on both, each side has one: no finding is settled by the other's. It
    is the finding of the screening exam where there is only one that it can be.
    """
    sides = {Side.RIGHT: reading.assessment_right, Side.LEFT: reading.assessment_left}
    sided = {side: Assessment(found) for side, found in sides.items() if found in LESION_ASSESSMENTS}
    findings = list(recall.exam.findings.all())
    both = sides_found(findings)
    if not any(sides.values()) and len(both) == len(sides):
        sided = dict.fromkeys(both, reading.assessment)
    if sided:
        return [lesion_of_side(findings, side, found) for side, found in sided.items()]
    shared = {row.side for row in findings}
    return [_from_findings(reading.assessment, findings, shared.pop() if len(shared) == 1 else "")]


def sides_found(findings: Iterable[Finding]) -> list[Side]:
    """The breasts in which something was found, the right one first."""
    said = {row.side for row in findings}
    return [side for side in (Side.RIGHT, Side.LEFT) if said & {side, Side.BOTH}]


def sides_without_result(exam: ScreeningExam) -> list[Side]:
    """The breasts with a finding that the screening gave no result of their own, where the other one has something too.

    No query when the findings are prefetched.
    """
    found = sides_found(exam.findings.all())
    given = {Side.RIGHT: exam.assessment_right, Side.LEFT: exam.assessment_left}
    is_one_breast = len({*found, *(side for side, result in given.items() if result)}) < len(given)
    return [] if is_one_breast else [side for side in found if not given[side]]


def lesion_of_side(findings: Iterable[Finding], side: Side, assessment: Assessment) -> LesionInput:
    """A lesion of that breast, with its finding where there is only one."""
    return _from_findings(assessment, [row for row in findings if row.side in (side, Side.BOTH)], side)


def _from_findings(assessment: Assessment, findings: list[Finding], side: str) -> LesionInput:
    only = findings[0] if len(findings) == 1 else None
    stated = side if side in (Side.LEFT, Side.RIGHT) else ""
    return LesionInput(assessment, stated, only.kind if only else "", finding=only)


def _implied_assessment(reading: LesionReading, lesion: Lesion) -> Assessment | None:
    """The result of its side; the overall one where no side has its own; None where only the other side has."""
    sides = {Side.RIGHT: reading.assessment_right, Side.LEFT: reading.assessment_left}
    own = sides.get(Side(lesion.side), "") if lesion.side else ""
    if own:
        return Assessment(own)
    return None if lesion.side and any(sides.values()) else reading.assessment


def _create_lesion(transition: Transition, one: LesionInput, number: int) -> Lesion:
    return Lesion.objects.create(
        recall=transition.recall,
        number=number,
        finding=one.finding,
        side=one.side,
        kind=one.kind,
        location=one.location,
        depth=one.depth,
        size_mm=one.size_mm,
        **transition.signature,
    )


def _write_assessment(
    transition: Transition, lesion: Lesion, assessment: Assessment, outcome: Outcome | None, read_at: datetime
) -> None:
    LesionAssessment.objects.create(
        lesion=lesion, outcome=outcome, assessment=assessment, read_at=read_at, **transition.signature
    )
