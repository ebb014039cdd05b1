"""Rows and cells of the CSV files of open recalls, tasks, supplemental tests and reports awaited; they hold no name."""

from collections.abc import Sequence

from django.db.models import QuerySet

from recalls.enums import SupplementalStatus
from recalls.models import Recall, ReportRequest, SupplementalScreening, WorkItem

RECALL_COLUMNS = (
    "recall", "site", "mrn", "accession", "kind", "assessment", "suspicious", "state", "state_since", "due_at",
    "target_at", "opened_at", "follow_up_on", "hold_until", "assigned_to",
)  # fmt: skip
TASK_COLUMNS = ("task", "site", "mrn", "recall", "kind", "reason", "opened_at", "due_at", "assigned_to")
TEST_COLUMNS = ("site", "mrn", "accession", "test", "status", "advised_on", "due_on", "done_on", "note")
REQUEST_COLUMNS = (
    "site", "mrn", "recall", "kind", "facility", "phone", "opened_at", "asked_on", "times_asked", "ask_on",
)  # fmt: skip


def open_recalls(site_ids: Sequence[int]) -> QuerySet[Recall]:
    rows = Recall.objects.still_open().filter(site__in=site_ids)
    return rows.select_related("site", "patient", "exam", "assigned_to")


def recall_cells(recall: Recall) -> Sequence[object]:
    owner = recall.assigned_to.get_username() if recall.assigned_to else ""
    return (
        recall.pk, recall.site.code, recall.patient.mrn, recall.exam.accession, recall.kind, recall.exam.assessment,
        recall.suspicious, recall.state, recall.state_since, recall.due_at, recall.target_at, recall.opened_at,
        recall.follow_up_on, recall.hold_until, owner,
    )  # fmt: skip


def task_cells(task: WorkItem) -> Sequence[object]:
    owner = task.assigned_to.get_username() if task.assigned_to else ""
    return (
        task.pk, task.site.code, task.patient.mrn, task.recall_id, task.kind, task.reason, task.opened_at, task.due_at,
        owner,
    )  # fmt: skip


def advised_tests(site_ids: Sequence[int]) -> QuerySet[SupplementalScreening]:
    rows = SupplementalScreening.objects.filter(site__in=site_ids, status=SupplementalStatus.ADVISED)
    return rows.select_related("site", "exam__patient")


def test_cells(test: SupplementalScreening) -> Sequence[object]:
    return (
        test.site.code, test.exam.patient.mrn, test.exam.accession, test.kind, test.status, test.advised_on,
        test.due_on, test.done_on, test.note,
    )  # fmt: skip


def open_requests(site_ids: Sequence[int]) -> QuerySet[ReportRequest]:
    rows = ReportRequest.objects.filter(site__in=site_ids, closed_at=None)
    return rows.select_related("site", "recall__patient")


def request_cells(request: ReportRequest) -> Sequence[object]:
    return (
        request.site.code, request.recall.patient.mrn, request.recall_id, request.kind, request.facility,
        request.phone, request.opened_at, request.asked_on, request.times_asked, request.ask_on,
    )  # fmt: skip
