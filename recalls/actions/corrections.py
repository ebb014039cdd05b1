"""Corrects a screening result, keeps both readings and moves the recall as the new one asks.

A lower result voids a recall that has no outcome yet; a higher one opens, reopens or restarts it. A work item asks
staff to call a patient whose result was raised to a 4 or 5, and to decide where an outcome or pathology exists:
nothing is undone automatically.
"""

from typing import Any, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from recalls.actions.closing import reopen, void
from recalls.actions.contact import open_work_item
from recalls.actions.opening import RecommendedImaging, describe_order, open_recall, opening_step
from recalls.actions.transition import ActionKwargs, Transition, UserOrActor, apply_step
from recalls.assessment_consistency import is_overall_consistent
from recalls.enums import (
    SUSPICIOUS_ASSESSMENTS,
    Assessment,
    ClosureReason,
    FindingKind,
    RecallKind,
    Side,
    State,
    WorkItemKind,
)
from recalls.lesion_stages import is_any_suspicious, load_lesion_statuses
from recalls.models import Finding, ImagingOrder, Recall, RecallEvent, ScreeningExam, SupersededReading
from recalls.permissions import StepUnavailable, check_actor_permitted
from recalls.sealing.facts import seal_exam
from recalls.workflow import STEPS_BY_NAME

_STATES_BEFORE_OUTCOME = frozenset({State.AWAITING_PRIORS, State.TO_CONTACT, State.SCHEDULED, State.ON_HOLD})
_NEVER_REOPENED_AUTOMATICALLY = frozenset(
    {ClosureReason.DECEASED, ClosureReason.TRANSFERRED, ClosureReason.CANCER_HANDED_OVER}
)
READING_FIELDS = (
    "assessment",
    "assessment_left",
    "assessment_right",
    "birads_edition",
    "density",
    "recall_kind",
    "first_screen",
    "reported_at",
    "reader_name",
    "comment",
    "exam_date",
)


def assessment_severity(assessment: str) -> int:
    """Severity from 0 to 4: 1 and 2; prior images needed; additional imaging or 3; a kind of 4; 5."""
    if assessment in SUSPICIOUS_ASSESSMENTS:
        return 4 if assessment == Assessment.HIGHLY_SUGGESTIVE else 3
    if assessment in (Assessment.NEED_IMAGING, Assessment.PROBABLY_BENIGN):
        return 2
    return 1 if assessment == Assessment.NEED_PRIORS else 0


@transaction.atomic
def correct_exam(
    exam: ScreeningExam, changes: dict[str, Any], findings: list[Finding] | None, *, by: UserOrActor
) -> RecallEvent | None:
    """Put a corrected reading in place of the old one and move the recall as it asks; None when none is touched."""
    before, findings_before = _current_reading(exam)
    exam.changed_at = timezone.now()
    for name, value in changes.items():
        setattr(exam, name, value)
    exam.save()
    _keep_reading(exam, before, findings_before, by)
    if findings is not None:
        exam.findings.all().delete()
        for finding in findings:
            finding.exam = exam
        Finding.objects.bulk_create(findings)
    if (before["assessment"], before["recall_kind"]) == (exam.assessment, exam.recall_kind):
        return None
    return _update_recall(exam, str(before["assessment"]), by)


def _current_reading(exam: ScreeningExam) -> tuple[dict[str, Any], list[str]]:
    """The reading that is about to be replaced, by name, and its findings."""
    findings = [f"{row.kind}:{row.side}:{row.place}" for row in exam.findings.all()]
    return {name: getattr(exam, name) for name in READING_FIELDS}, findings


def _keep_reading(exam: ScreeningExam, before: dict[str, Any], findings: list[str], by: UserOrActor) -> None:
    """Store the reading that was replaced, with the seal of the one that stands now."""
    SupersededReading.objects.create(
        exam=exam,
        reading={name: str(value) for name, value in before.items() if value is not None} | {"findings": findings},
        replaced_by=actor_for(by).name,
        corrected_seal=seal_exam(exam),
    )


def _update_recall(exam: ScreeningExam, old_assessment: str, by: UserOrActor) -> RecallEvent | None:
    recall = Recall.objects.select_related("site").filter(exam=exam).order_by("pk").last()
    note = _("The screening result was corrected from %(old)s to %(new)s.") % {
        "old": Assessment(old_assessment).value,
        "new": exam.assessment,
    }
    if recall is None:
        return open_recall(exam, by=by, note=note) if exam.needs_recall else None
    recall.exam = exam
    was_opened_otherwise = recall.kind == RecallKind.SUPPLEMENTAL  # the screening was not what opened it
    if recall.is_open and was_opened_otherwise and exam.assessment not in SUSPICIOUS_ASSESSMENTS:
        open_work_item(recall, WorkItemKind.CORRECTED_RESULT, note)
        return None
    if recall.is_open:
        return _update_open_recall(recall, old_assessment, by=by, note=note)
    if not exam.needs_recall:
        return None
    raised = assessment_severity(exam.assessment) > assessment_severity(old_assessment)
    is_final = recall.closure_reason in _NEVER_REOPENED_AUTOMATICALLY or recall.patient.deceased_on
    if is_final or not (raised or recall.closure_reason == ClosureReason.VOID):
        open_work_item(recall, WorkItemKind.CORRECTED_RESULT, note)
        return None
    reopen(recall, to_contact=True, by=by, note=note)
    event = _restart_recall(recall, by=by, note=note)
    _ask_for_call(recall, old_assessment, note)
    return event


def _update_open_recall(recall: Recall, old_assessment: str, **kwargs: Unpack[ActionKwargs]) -> RecallEvent | None:
    if recall.exam.needs_recall:
        event = _restart_recall(recall, **kwargs)
        _ask_for_call(recall, old_assessment, kwargs.get("note", ""))
        return event
    if recall.state in _STATES_BEFORE_OUTCOME and not recall.outcomes.exists() and not recall.lesions.exists():
        return void(recall, **kwargs)
    open_work_item(recall, WorkItemKind.CORRECTED_RESULT, kwargs.get("note", ""))
    return None


def _ask_for_call(recall: Recall, old_assessment: str, note: str) -> None:
    """Where the result was raised to a 4 or 5: a visit booked for a 0 may lie weeks ahead, a closed recall was over."""
    if recall.suspicious and assessment_severity(recall.exam.assessment) > assessment_severity(old_assessment):
        message = _("%(note)s Call the patient, and move a booked visit to an earlier day.")
        open_work_item(recall, WorkItemKind.CORRECTED_RESULT, message % {"note": note})


def _restart_recall(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Restart the deadlines from the correction; before any visit the recall goes where the new result opens."""

    def restart(transition: Transition) -> None:
        row, exam = transition.recall, transition.recall.exam
        was_suspicious = row.suspicious
        stands = is_any_suspicious(load_lesion_statuses(row))  # a corrected screening takes no lesion back
        row.suspicious, row.kind = stands or exam.assessment in SUSPICIOUS_ASSESSMENTS, exam.recall_kind
        row.clock_from = timezone.now()
        transition.next_state = transition.from_state
        waits = opening_step(exam) == "open_awaiting_priors"
        if transition.from_state == State.AWAITING_PRIORS and not waits:
            transition.next_state = State.TO_CONTACT
        elif transition.from_state == State.TO_CONTACT and waits and not row.outcomes.exists():
            transition.next_state = State.AWAITING_PRIORS
        elif row.state_before_hold == State.AWAITING_PRIORS and not waits:
            row.state_before_hold = State.TO_CONTACT
        if transition.from_state == State.ON_HOLD and not was_suspicious and row.suspicious:
            transition.next_state = State(row.state_before_hold)  # nobody agreed to let a 4 or 5 wait
        transition.data = {"assessment": exam.assessment}

    return apply_step(recall, "correct_result", restart, **kwargs)


def replace_order(recall: Recall, wanted: RecommendedImaging, *, by: UserOrActor) -> RecallEvent | None:
    """Put what a newer report recommends in place of the order of an open recall; None where it says the same."""
    before, order = ImagingOrder.objects.filter(recall=recall).first(), wanted.build_order()
    fields = ("imaging", "earliest_on", "latest_on", "category", "guideline")
    if before is not None and all(getattr(before, name) == getattr(order, name) for name in fields):
        return None

    def save_order(transition: Transition) -> None:
        order.pk = before.pk if before else None
        order.recall = transition.recall  # its days set the target
        order.save()
        transition.next_state = transition.from_state

    return apply_step(recall, "correct_result", save_order, by=by, note=describe_order(order))


@transaction.atomic
def correct_exam_result(
    exam: ScreeningExam, assessment: Assessment, comment: str, *, by: UserOrActor
) -> RecallEvent | None:
    """Correct the overall result of an exam by hand, whether or not it has a recall. Raises StepRefused.

    The results of the breasts are kept where they still fit, else taken out: nobody has corrected them.
    """
    _check_may(exam, "correct_result", by)
    changes: dict[str, Any] = {"assessment": assessment, "comment": comment}
    left, right = (Assessment(side) if side else None for side in (exam.assessment_left, exam.assessment_right))
    if not is_overall_consistent(assessment, left, right):
        changes |= {"assessment_left": "", "assessment_right": ""}
    return correct_exam(exam, changes, None, by=by)


@transaction.atomic
def open_recall_by_hand(
    exam: ScreeningExam, kind: RecallKind, reason: str, *, by: UserOrActor, lump: Side | None = None
) -> RecallEvent:
    """Open a recall of an exam that has none: for its result, or as a technical repeat or for a symptom.

    `lump`: in which breast the patient feels one, of a symptom.

    Raises StepRefused where it has one already: an open one stands, a closed one is reopened on its own page.
    """
    _check_may(exam, "open_recall", by)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why, in a few words.")})
    if Recall.objects.filter(exam=exam).exists():
        raise StepUnavailable(_("This exam has a recall already. Open it; a closed one can be reopened there."))
    if exam.needs_recall:
        return open_recall(exam, by=by, note=reason)
    if kind not in (RecallKind.TECHNICAL, RecallKind.CLINICAL):
        message = _("The result needs no more work. Choose a technical repeat or a symptom, or correct the result.")
        raise ValidationError({"kind": message})
    before, findings_before = _current_reading(exam)
    exam.recall_kind, exam.changed_at = kind, timezone.now()
    exam.save(update_fields=["recall_kind", "changed_at"])
    if lump is not None and kind == RecallKind.CLINICAL:
        Finding.objects.create(exam=exam, kind=FindingKind.LUMP, side=lump)
    _keep_reading(exam, before, findings_before, by)
    return open_recall(exam, by=by, note=reason)


def _check_may(exam: ScreeningExam, step: str, by: UserOrActor) -> None:
    recall = Recall(site=exam.site, patient=exam.patient, exam=exam)
    check_actor_permitted(recall, STEPS_BY_NAME[step], actor_for(by))
