"""Actions of a biopsy: advise it without a visit, and note which lesions it was taken from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import calendar
from recalls.actions.lesions import LesionReading, assess_lesions, lesion_of_side, sides_without_result
from recalls.actions.progress import go_on
from recalls.actions.telling import DisclosureInput, owe_result, tell_results
from recalls.actions.transition import ActionKwargs, Transition, active_appointment, apply_step
from recalls.assessment_consistency import INCONSISTENT_OVERALL, LESION_ASSESSMENTS, is_overall_consistent
from recalls.enums import SAME_DAY_ASSESSMENTS, AppointmentStatus, Assessment, Side
from recalls.lesion_stages import LesionStage, lesions_in, load_lesion_statuses
from recalls.models import Appointment, Biopsy, Recall, RecallEvent, ScreeningExam
from recalls.permissions import StepUnavailable


@dataclass(frozen=True, slots=True)
class BiopsyInput:
    """How tissue was taken. `lesion_ids`: from which lesions; None means every one that a biopsy was advised for."""

    lesion_ids: Collection[int] | None = None
    device: str = ""
    guidance: str = ""
    clip: str = ""
    done_on: date | None = None


def advise_biopsy(
    recall: Recall,
    *,
    by_side: Mapping[Side, Assessment] | None = None,
    told: DisclosureInput | None = None,
    **kwargs: Unpack[ActionKwargs],
) -> RecallEvent:
    """Ask for a biopsy at once after a screening result of 4 or 5; a booked visit is cancelled.

    The patient has not heard of it: somebody tells them first, unless `told` says that it was done. `by_side`: the
    result of each breast with a finding that the screening gave none; without it such a breast has the overall one.
    Raises ValidationError where the overall result is not that of the worse breast.
    """

    def advise(transition: Transition) -> None:
        exam = transition.recall.exam
        assess_lesions(transition, _screening_reading(exam, by_side or {}), None, transition.now)
        if told is not None:
            tell_results(transition, told)
        else:
            owe_result(transition, since=transition.now, urgent=exam.assessment in SAME_DAY_ASSESSMENTS)
        go_on(transition)

    return apply_step(recall, "advise_biopsy", advise, **kwargs)


def _screening_reading(exam: ScreeningExam, by_side: Mapping[Side, Assessment]) -> LesionReading:
    """What the screening says of each breast; a breast that had to be asked for has a lesion whatever its result is."""
    overall, asked = Assessment(exam.assessment), sides_without_result(exam)
    if not asked:
        return LesionReading(overall, exam.assessment_left, exam.assessment_right)
    given = {Side.RIGHT: exam.assessment_right, Side.LEFT: exam.assessment_left}
    results = {side: Assessment(result) for side, result in given.items() if result}
    results |= {side: by_side.get(side, overall) for side in asked}
    if not is_overall_consistent(overall, results.get(Side.LEFT), results.get(Side.RIGHT)):
        raise ValidationError({f"assessment_{asked[0]}": INCONSISTENT_OVERALL})
    findings = list(exam.findings.all())
    named = [side for side, result in results.items() if side in asked or result in LESION_ASSESSMENTS]
    return LesionReading(overall, lesions=tuple(lesion_of_side(findings, side, results[side]) for side in named))


def biopsy_done(recall: Recall, details: BiopsyInput | None = None, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Note the biopsy of the booked appointment; a lesion that was left out stays to be biopsied."""

    def mark_done(transition: Transition) -> None:
        visit = active_appointment(transition.recall)
        if visit is None:
            raise StepUnavailable(_("This recall has no booked appointment."))
        visit.status = AppointmentStatus.ATTENDED
        visit.save(update_fields=["status"])
        transition.data = {"appointment": visit.pk, "sequence": visit.sequence}
        record_biopsies(transition, visit, details or BiopsyInput())
        go_on(transition)

    return apply_step(recall, "biopsy_done", mark_done, **kwargs)


def record_biopsies(transition: Transition, visit: Appointment, details: BiopsyInput) -> None:
    """Add one row for each lesion that tissue was taken from. Raises ValidationError for one not to be biopsied."""
    recall = transition.recall
    waiting = lesions_in(load_lesion_statuses(recall), LesionStage.TO_BIOPSY)
    wanted = details.lesion_ids
    chosen = [lesion for lesion in waiting if wanted is None or lesion.pk in wanted]
    if wanted is not None and {lesion.pk for lesion in chosen} != set(wanted):
        raise ValidationError({"lesions": _("One of these lesions does not wait for a biopsy. Choose again.")})
    if not chosen:
        raise ValidationError({"lesions": _("Choose the lesion that tissue was taken from.")})
    done_on = details.done_on or calendar.local_day(recall.site, visit.starts_at)
    for lesion in chosen:
        Biopsy.objects.create(
            recall=recall,
            lesion=lesion,
            appointment=visit,
            done_on=done_on,
            device=details.device,
            guidance=details.guidance,
            clip=details.clip,
            **transition.signature,
        )
    transition.data["lesions"] = [lesion.pk for lesion in chosen]
