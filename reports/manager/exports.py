"""The files that a manager may take beside the lists: audit-ready exams, recalls, tasks, tests and reports awaited.

Rows come in the order of their number, some hundred at a time, so that a file of any length takes little memory.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from desk.list_exports import iter_chunks, to_cell
from recalls.enums import RecallKind
from recalls.models import (
    Biopsy,
    Outcome,
    PathologyResult,
    Recall,
    ScreeningExam,
    WorkItem,
)
from recalls.selectors.export_rows import (
    RECALL_COLUMNS,
    REQUEST_COLUMNS,
    TASK_COLUMNS,
    TEST_COLUMNS,
    advised_tests,
    open_recalls,
    open_requests,
    recall_cells,
    request_cells,
    task_cells,
    test_cells,
)
from reports.manager import csv_files
from reports.manager.registry_file import REGISTRY_COLUMNS, registry_cells, registry_rows
from reports.models import ExportLog


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
    for rows in iter_chunks(wanted.rows(site_ids, since, until)):
        csv_files.record_patients(log, (wanted.patient_id(row) for row in rows))
        yield from ([to_cell(value) for value in wanted.cells(row)] for row in rows)


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
        exam.first_screen, exam.double_read, exam.density, exam.birads_edition, exam.assessment, exam.assessment_left,
        exam.assessment_right, exam.reader.get_full_name() if exam.reader else exam.reader_name,
        bool(recalls), recall and recall.kind, recall and recall.opened_at, recall and recall.state,
        recall and recall.closure_reason, recall and recall.closed_at,
        outcome and outcome.assessment, outcome and outcome.read_at,
        (outcome.read_at.date() - exam.exam_date).days if outcome else None,
        taken[0] if taken else None, ";".join(one.result for one in tissue), ";".join(one.histology for one in tissue),
    )  # fmt: skip


_EXAM_COLUMNS = (
    "site", "accession", "mrn", "exam_date", "reported_at", "modality", "first_screen", "double_read", "density",
    "birads_edition",
    "assessment", "assessment_left", "assessment_right", "reader", "recalled", "recall_kind", "recall_opened_at",
    "recall_state", "closure_reason", "closed_at", "outcome", "outcome_at", "days_exam_to_outcome", "first_biopsy_on",
    "pathology", "histology",
)  # fmt: skip


def _open_tasks(site_ids: Sequence[int]) -> "QuerySet[WorkItem]":
    return WorkItem.objects.filter(site__in=site_ids, done_at=None).select_related("site", "patient", "assigned_to")


EXPORT_FILES: dict[str, ExportFile] = {
    "exams": ExportFile(
        _("Screening exams, ready for the audit"), _EXAM_COLUMNS, _exam_rows, _exam_cells,
        lambda exam: int(exam.patient_id), has_period=True,
    ),
    "registry": ExportFile(
        _("Screenings for a mammography registry"), REGISTRY_COLUMNS, registry_rows, registry_cells,
        lambda exam: int(exam.patient_id), has_period=True,
    ),
    "recalls": ExportFile(
        _("Open recalls of every queue"), RECALL_COLUMNS, lambda site_ids, _since, _until: open_recalls(site_ids),
        recall_cells, lambda recall: int(recall.patient_id),
    ),
    "tasks": ExportFile(
        _("Open tasks"), TASK_COLUMNS, lambda site_ids, _since, _until: _open_tasks(site_ids), task_cells,
        lambda task: int(task.patient_id),
    ),
    "tests": ExportFile(
        _("Supplemental tests that are advised"), TEST_COLUMNS,
        lambda site_ids, _since, _until: advised_tests(site_ids), test_cells,
        lambda test: int(test.exam.patient_id),
    ),
    "requests": ExportFile(
        _("Outside reports to ask for"), REQUEST_COLUMNS, lambda site_ids, _since, _until: open_requests(site_ids),
        request_cells, lambda request: int(request.recall.patient_id),
    ),
}  # fmt: skip
