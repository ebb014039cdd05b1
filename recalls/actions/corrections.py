"""What follows when a screening result is corrected? Both readings are kept, and the recall follows the new one.

A lower result voids a recall that has no outcome yet; a higher one opens, reopens or restarts it. Where tissue or an
outcome already speaks, a person decides: nothing is undone by itself.
"""

from typing import Any, Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from recalls.actions.closing import reopen, void
from recalls.actions.contact import open_work_item
from recalls.actions.moving import Asked, By, Move, take
from recalls.actions.opening import needs_recall, open_recall, opening_step
from recalls.models import Finding, Recall, RecallEvent, ScreeningExam, SupersededReading
from recalls.states import SUSPICIOUS, Assessment, ClosureReason, State, WorkItemKind

_BEFORE_OUTCOME = frozenset({State.AWAITING_PRIORS, State.TO_CONTACT, State.SCHEDULED, State.ON_HOLD})
_NEVER_BY_ITSELF = frozenset({ClosureReason.DECEASED, ClosureReason.TRANSFERRED, ClosureReason.CANCER_HANDED_OVER})
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


def concern(assessment: str) -> int:
    """How much a category asks for: 1 and 2 nothing, priors, more pictures or a 3, a kind of 4, a 5."""
    if assessment in SUSPICIOUS:
        return 4 if assessment == Assessment.HIGHLY_SUGGESTIVE else 3
    if assessment in (Assessment.NEED_IMAGING, Assessment.PROBABLY_BENIGN):
        return 2
    return 1 if assessment == Assessment.NEED_PRIORS else 0


@transaction.atomic
def correct_exam(
    exam: ScreeningExam, changes: dict[str, Any], findings: list[Finding] | None, *, by: By
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
    return _follow(exam, str(before["assessment"]), by)


def _follow(exam: ScreeningExam, old_assessment: str, by: By) -> RecallEvent | None:
    recall = Recall.objects.select_related("site").filter(exam=exam).order_by("pk").last()
    note = _("The screening result was corrected from %(old)s to %(new)s.") % {
        "old": Assessment(old_assessment).value,
        "new": exam.assessment,
    }
    if recall is None:
        return open_recall(exam, by=by, note=note) if needs_recall(exam) else None
    recall.exam = exam
    if recall.is_open:
        return _follow_open(recall, by=by, note=note)
    if not needs_recall(exam):
        return None
    raised = concern(exam.assessment) > concern(old_assessment)
    if recall.closure_reason in _NEVER_BY_ITSELF or not (raised or recall.closure_reason == ClosureReason.VOID):
        open_work_item(recall, WorkItemKind.CORRECTED_RESULT, note)
        return None
    reopen(recall, to_contact=True, by=by, note=note)
    return _restart(recall, by=by, note=note)


def _follow_open(recall: Recall, **asked: Unpack[Asked]) -> RecallEvent | None:
    if needs_recall(recall.exam):
        return _restart(recall, **asked)
    if recall.state in _BEFORE_OUTCOME and not recall.outcomes.exists():
        return void(recall, **asked)
    open_work_item(recall, WorkItemKind.CORRECTED_RESULT, asked.get("note", ""))
    return None


def _restart(recall: Recall, **asked: Unpack[Asked]) -> RecallEvent:
    """Restart the clocks from the correction; before any visit the recall goes where the new result opens."""

    def restart(move: Move) -> None:
        row, exam = move.recall, move.recall.exam
        row.suspicious, row.kind = exam.assessment in SUSPICIOUS, exam.recall_kind
        row.clock_from = timezone.now()
        move.to = move.before
        waits = opening_step(exam) == "open_awaiting_priors"
        if move.before == State.AWAITING_PRIORS and not waits:
            move.to = State.TO_CONTACT
        elif move.before == State.TO_CONTACT and waits and not row.outcomes.exists():
            move.to = State.AWAITING_PRIORS
        move.data = {"assessment": exam.assessment}

    return take(recall, "correct_result", restart, **asked)
