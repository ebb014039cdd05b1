"""Opens the tasks of lay summaries: a fact or an address is missing, a report is to be sent, the time limit is near."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from clinic.actors import Actor, actor_for
from clinic.models import User
from notifications.enums import UNSENT_SUMMARY_STATES, StatusReason
from notifications.models import LaySummary
from recalls.actions import open_patient_work_item, open_work_item
from recalls.enums import Assessment, WorkItemKind
from recalls.models import ScreeningExam, WorkItem

# With these results a patient who named no doctor must be referred to one.
_REFERRAL_ASSESSMENTS = frozenset(Assessment) - {Assessment.NEGATIVE, Assessment.BENIGN, Assessment.POST_PROCEDURE}


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """One task about a summary; `exam` has its patient and recalls read."""

    summary: LaySummary
    exam: ScreeningExam
    kind: WorkItemKind
    reason: str


def held_task(summary: LaySummary, exam: ScreeningExam, facts: Sequence[str]) -> TaskRequest:
    """Somebody must mend what holds it back, or tell the patient otherwise."""
    words = _("“Lay summary”: %(why)s") % {"why": StatusReason(summary.reason).label}
    missing = f" {', '.join(facts)}." if facts else ""
    return TaskRequest(summary, exam, WorkItemKind.UNDELIVERABLE_MESSAGE, words + missing)


def report_task(summary: LaySummary, exam: ScreeningExam) -> TaskRequest:
    """The patient named no doctor: the report goes to the patient, and a finding needs a doctor who follows it."""
    words = _("Exam %(accession)s: no referring provider. Send the full report to the patient.")
    if summary.assessment in _REFERRAL_ASSESSMENTS:
        words = _(
            "Exam %(accession)s: no referring provider. Send the full report to the patient, and refer them to a "
            "provider who follows the result."
        )
    return TaskRequest(summary, exam, WorkItemKind.SEND_REPORT, words % {"accession": exam.accession})


def open_tasks(requests: Iterable[TaskRequest]) -> None:
    """On the open recall of the exam, else on the patient; a new reason joins a task of the kind that is open there.

    Two queries, and a few for each reason that joins one.
    """
    tasks = [_build_task(request) for request in requests]
    if not tasks:
        return
    WorkItem.objects.bulk_create(tasks, ignore_conflicts=True)
    patients, kinds = {task.patient_id for task in tasks}, {task.kind for task in tasks}
    open_now = WorkItem.objects.filter(patient__in=patients, kind__in=kinds, done_at=None)
    reasons = {_task_key(item): item.reasons for item in open_now}
    for task in tasks:
        if task.reason in reasons.get(_task_key(task), [task.reason]):
            continue
        if task.recall is not None:
            open_work_item(task.recall, WorkItemKind(task.kind), task.reason)
        else:
            open_patient_work_item(task.patient, WorkItemKind(task.kind), task.reason)


def _task_key(task: WorkItem) -> tuple[int, int | None, str]:
    return task.patient_id, task.recall_id, task.kind


def _build_task(request: TaskRequest) -> WorkItem:
    recalls = [recall for recall in request.exam.recalls.all() if recall.is_open]
    return WorkItem(
        site_id=request.summary.site_id,
        patient=request.exam.patient,
        recall=recalls[-1] if recalls else None,
        kind=request.kind,
        reason=Truncator(request.reason).chars(WorkItem.REASON_LENGTH),
    )


def finish_alarm_tasks(summaries: Sequence[LaySummary], *, by: User | Actor) -> None:
    """After they were sent: the tasks of patients who wait for no other late summary are done. One query."""
    patients = {row.exam.patient_id for row in summaries if row.alarmed_at}
    if not patients:
        return
    late = LaySummary.objects.filter(
        exam__patient=OuterRef("patient"), state__in=UNSENT_SUMMARY_STATES, alarmed_at__isnull=False
    )
    tasks = WorkItem.objects.filter(kind=WorkItemKind.SUMMARY_DUE, done_at=None, patient__in=patients)
    tasks.exclude(Exists(late)).update(done_at=timezone.now(), done_by=actor_for(by).user)
