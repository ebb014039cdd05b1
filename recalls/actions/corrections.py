"""Corrects a screening result, keeps both readings and moves the recall as the new one asks.

A lower result voids a recall that has no outcome yet; a higher one opens, reopens or restarts it. A work item asks
staff to call a patient whose result was raised to a 4 or 5, and to decide where an outcome or pathology exists:
nothing is undone automatically.
"""

from typing import Any, Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from recalls.actions.closing import reopen, void
from recalls.actions.contact import open_work_item
from recalls.actions.opening import needs_recall, open_recall, opening_step
from recalls.actions.transition import ActionKwargs, Transition, UserOrActor, apply_step
from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment, ClosureReason, State, WorkItemKind
from recalls.models import Finding, Recall, RecallEvent, ScreeningExam, SupersededReading, WorkItem

_STATES_BEFORE_OUTCOME = frozenset({State.AWAITING_PRIORS, State.TO_CONTACT, State.SCHEDULED, State.ON_HOLD})
_NEVER_REOPENED_AUTOMATICALLY = frozenset(
    {ClosureReason.DECEASED, ClosureReason.TRANSFERRED, ClosureReason.CANCER_HANDED_OVER}
)
READING_FIELDS = (
    "assessment",
    "assessment_left",
    "assessment_right",
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
    before = {name: getattr(exam, name) for name in READING_FIELDS}
    old_findings = [f"{row.kind}:{row.side}:{row.place}" for row in exam.findings.all()]
    SupersededReading.objects.create(
        exam=exam,
        reading={name: str(value) for name, value in before.items() if value is not None} | {"findings": old_findings},
        replaced_by=actor_for(by).name,
    )
    for name, value in changes.items():
        setattr(exam, name, value)
    exam.save()
    if findings is not None:
        exam.findings.all().delete()
        for finding in findings:
            finding.exam = exam
        Finding.objects.bulk_create(findings)
    if (before["assessment"], before["recall_kind"]) == (exam.assessment, exam.recall_kind):
        return None
    return _update_recall(exam, str(before["assessment"]), by)


def _update_recall(exam: ScreeningExam, old_assessment: str, by: UserOrActor) -> RecallEvent | None:
    recall = Recall.objects.select_related("site").filter(exam=exam).order_by("pk").last()
    note = _("The screening result was corrected from %(old)s to %(new)s.") % {
        "old": Assessment(old_assessment).value,
        "new": exam.assessment,
    }
    if recall is None:
        return open_recall(exam, by=by, note=note) if needs_recall(exam) else None
    recall.exam = exam
    if recall.is_open:
        return _update_open_recall(recall, old_assessment, by=by, note=note)
    if not needs_recall(exam):
        return None
    raised = assessment_severity(exam.assessment) > assessment_severity(old_assessment)
    if recall.closure_reason in _NEVER_REOPENED_AUTOMATICALLY or not (
        raised or recall.closure_reason == ClosureReason.VOID
    ):
        _open_correction_work_item(recall, note)
        return None
    reopen(recall, to_contact=True, by=by, note=note)
    return _restart_recall(recall, by=by, note=note)


def _update_open_recall(recall: Recall, old_assessment: str, **kwargs: Unpack[ActionKwargs]) -> RecallEvent | None:
    if needs_recall(recall.exam):
        event = _restart_recall(recall, **kwargs)
        raised = assessment_severity(recall.exam.assessment) > assessment_severity(old_assessment)
        if raised and recall.suspicious:  # a visit booked for a 0 may lie weeks ahead
            message = _("%(note)s Call the patient, and move a booked visit to an earlier day.")
            _open_correction_work_item(recall, message % {"note": kwargs.get("note", "")})
        return event
    if recall.state in _STATES_BEFORE_OUTCOME and not recall.outcomes.exists():
        return void(recall, **kwargs)
    _open_correction_work_item(recall, kwargs.get("note", ""))
    return None


def _open_correction_work_item(recall: Recall, reason: str) -> None:
    """One open work item for the recall, which says the newest correction first: it may be the one to call about."""
    item = open_work_item(recall, WorkItemKind.CORRECTED_RESULT, reason)
    if item.reason != reason:
        item.reason = Truncator(f"{reason} {item.reason}").chars(WorkItem.REASON_LENGTH)  # the history has them all
        item.save(update_fields=["reason"])


def _restart_recall(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Restart the deadlines from the correction; before any visit the recall goes where the new result opens."""

    def restart(transition: Transition) -> None:
        row, exam = transition.recall, transition.recall.exam
        row.suspicious, row.kind = exam.assessment in SUSPICIOUS_ASSESSMENTS, exam.recall_kind
        row.clock_from = timezone.now()
        transition.next_state = transition.from_state
        waits = opening_step(exam) == "open_awaiting_priors"
        if transition.from_state == State.AWAITING_PRIORS and not waits:
            transition.next_state = State.TO_CONTACT
        elif transition.from_state == State.TO_CONTACT and waits and not row.outcomes.exists():
            transition.next_state = State.AWAITING_PRIORS
        transition.data = {"assessment": exam.assessment}

    return apply_step(recall, "correct_result", restart, **kwargs)
