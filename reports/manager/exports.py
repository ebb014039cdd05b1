"""The files that a manager may take beside the lists: audit-ready exams, recalls, tasks, tests and reports awaited.

Rows come in the order of their number, some hundred at a time, so that a file of any length takes little memory.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from recalls.enums import RecallKind, SupplementalStatus
from recalls.models import (
    Biopsy,
    Outcome,
    PathologyResult,
    Recall,
    ReportRequest,
    ScreeningExam,
    SupplementalScreening,
    WorkItem,
)
from reports.manager import csv_files
from reports.models import ExportLog

CHUNK = 500


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file: its rows at some sites, in a period of days where it has one, and how a row becomes cells."""

    label: Any
    columns: Sequence[str]
    rows: Callable[[Sequence[int], date, date], "QuerySet[Any]"]
    cells: Callable[[Any], Sequence[object]]
    patient_id: Callable[[Any], int]
    has_period: bool = False


def iter_rows(
    wanted: ExportFile, site_ids: Sequence[int], since: date, until: date, log: ExportLog
) -> Iterator[list[str]]:
    """The cells of each row; whose they are is written down before they leave."""
    last = 0
    queryset = wanted.rows(site_ids, since, until).order_by("pk")
    while rows := list(queryset.filter(pk__gt=last)[:CHUNK]):
        csv_files.record_patients(log, (wanted.patient_id(row) for row in rows))
        yield from ([_to_cell(value) for value in wanted.cells(row)] for row in rows)
        last = rows[-1].pk


def _to_cell(value: object) -> str:
    """Days and instants as ISO 8601, instants in UTC; "" for nothing."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _exam_rows(site_ids: Sequence[int], since: date, until: date) -> "QuerySet[ScreeningExam]":
    """Screening exams alone: a finding on another exam is in no audit."""
    recalls = Recall.objects.exclude(kind=RecallKind.SUPPLEMENTAL).order_by("pk").prefetch_related(
        Prefetch("outcomes", Outcome.objects.order_by("pk")),
        Prefetch("biopsies", Biopsy.objects.order_by("done_on", "pk")),
        Prefetch("pathology_results", PathologyResult.objects.order_by("pk")),
    )  # fmt: skip
    rows = ScreeningExam.objects.filter(site__in=site_ids, exam_date__range=(since, until))
    rows = rows.exclude(recall_kind=RecallKind.INCIDENTAL).select_related("site", "patient", "reader")
    return rows.prefetch_related(Prefetch("recalls", recalls))


def _exam_cells(exam: ScreeningExam) -> Sequence[object]:
    recalls = [recall for recall in exam.recalls.all() if recall.patient_id == exam.patient_id]
    recall = recalls[-1] if recalls else None
    outcomes = [one for each in recalls for one in each.outcomes.all()]
    amended = {one.amends_id for one in outcomes}
    standing = [one for one in outcomes if one.pk not in amended]
    tissue = [one for each in recalls for one in each.pathology_results.all()]
    taken = [one.done_on for each in recalls for one in each.biopsies.all()]
    outcome = standing[-1] if standing else None
    return (
        exam.site.code, exam.accession, exam.patient.mrn, exam.exam_date, exam.reported_at, exam.modality,
        exam.first_screen, exam.density, exam.birads_edition, exam.assessment, exam.assessment_left,
        exam.assessment_right, exam.reader.get_full_name() if exam.reader else exam.reader_name,
        bool(recalls), recall and recall.kind, recall and recall.opened_at, recall and recall.state,
        recall and recall.closure_reason, recall and recall.closed_at,
        outcome and outcome.assessment, outcome and outcome.read_at,
        (outcome.read_at.date() - exam.exam_date).days if outcome else None,
        taken[0] if taken else None, ";".join(one.result for one in tissue), ";".join(one.histology for one in tissue),
    )  # fmt: skip


_EXAM_COLUMNS = (
    "site", "accession", "mrn", "exam_date", "reported_at", "modality", "first_screen", "density", "birads_edition",
    "assessment", "assessment_left", "assessment_right", "reader", "recalled", "recall_kind", "recall_opened_at",
    "recall_state", "closure_reason", "closed_at", "outcome", "outcome_at", "days_exam_to_outcome", "first_biopsy_on",
    "pathology", "histology",
)  # fmt: skip


def _open_recalls(site_ids: Sequence[int], _since: date, _until: date) -> "QuerySet[Recall]":
    return (
        Recall.objects.still_open().filter(site__in=site_ids).select_related("site", "patient", "exam", "assigned_to")
    )


def _recall_cells(recall: Recall) -> Sequence[object]:
    owner = recall.assigned_to.get_username() if recall.assigned_to else ""
    return (
        recall.pk, recall.site.code, recall.patient.mrn, recall.exam.accession, recall.kind, recall.exam.assessment,
        recall.suspicious, recall.state, recall.state_since, recall.due_at, recall.target_at, recall.opened_at,
        recall.follow_up_on, recall.hold_until, owner,
    )  # fmt: skip


def _open_tasks(site_ids: Sequence[int], _since: date, _until: date) -> "QuerySet[WorkItem]":
    return WorkItem.objects.filter(site__in=site_ids, done_at=None).select_related("site", "patient", "assigned_to")


def _task_cells(task: WorkItem) -> Sequence[object]:
    owner = task.assigned_to.get_username() if task.assigned_to else ""
    return (
        task.pk, task.site.code, task.patient.mrn, task.recall_id, task.kind, task.reason, task.opened_at, task.due_at,
        owner,
    )  # fmt: skip


def _tests(site_ids: Sequence[int], _since: date, _until: date) -> "QuerySet[SupplementalScreening]":
    rows = SupplementalScreening.objects.filter(site__in=site_ids, status=SupplementalStatus.ADVISED)
    return rows.select_related("site", "exam__patient")


def _test_cells(test: SupplementalScreening) -> Sequence[object]:
    return (
        test.site.code, test.exam.patient.mrn, test.exam.accession, test.kind, test.status, test.advised_on,
        test.due_on, test.done_on, test.note,
    )  # fmt: skip


def _requests(site_ids: Sequence[int], _since: date, _until: date) -> "QuerySet[ReportRequest]":
    rows = ReportRequest.objects.filter(site__in=site_ids, closed_at=None)
    return rows.select_related("site", "recall__patient")


def _request_cells(request: ReportRequest) -> Sequence[object]:
    return (
        request.site.code, request.recall.patient.mrn, request.recall_id, request.kind, request.facility,
        request.phone, request.opened_at, request.asked_on, request.times_asked, request.ask_on,
    )  # fmt: skip


EXPORT_FILES: dict[str, ExportFile] = {
    "exams": ExportFile(
        _("Screening exams, ready for the audit"), _EXAM_COLUMNS, _exam_rows, _exam_cells,
        lambda exam: int(exam.patient_id), has_period=True,
    ),
    "recalls": ExportFile(
        _("Open recalls of every queue"),
        ("recall", "site", "mrn", "accession", "kind", "assessment", "suspicious", "state", "state_since", "due_at",
         "target_at", "opened_at", "follow_up_on", "hold_until", "assigned_to"),
        _open_recalls, _recall_cells, lambda recall: int(recall.patient_id),
    ),
    "tasks": ExportFile(
        _("Open tasks"),
        ("task", "site", "mrn", "recall", "kind", "reason", "opened_at", "due_at", "assigned_to"),
        _open_tasks, _task_cells, lambda task: int(task.patient_id),
    ),
    "tests": ExportFile(
        _("Supplemental tests that are advised"),
        ("site", "mrn", "accession", "test", "status", "advised_on", "due_on", "done_on", "note"),
        _tests, _test_cells, lambda test: int(test.exam.patient_id),
    ),
    "requests": ExportFile(
        _("Outside reports to ask for"),
        ("site", "mrn", "recall", "kind", "facility", "phone", "opened_at", "asked_on", "times_asked", "ask_on"),
        _requests, _request_cells, lambda request: int(request.recall.patient_id),
    ),
}  # fmt: skip
