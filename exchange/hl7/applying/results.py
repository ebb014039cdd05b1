"""Applies reports: each becomes the row that a results file would hold, and goes through the same importer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic.models import Site
from exchange.batch_importer import BatchImporter, RowReport, RowResult
from exchange.errors import Confirmation, Problem
from exchange.hl7.applying.intake_actor import intake_actor
from exchange.hl7.applying.known_patient import CONFIRMED, SOURCE, find_day, find_known_patient, park_problems
from exchange.hl7.applying.report_row import ReportRow
from exchange.hl7.applying.sender_words import ProcedureKind
from exchange.hl7.message_result import MessageResult, ignored, parked
from exchange.hl7.reading.facts import ReadMessage
from exchange.loader import split_into_batches
from exchange.lookup_cache import LookupCache
from exchange.models import Hl7Message, Hl7Sender
from exchange.models.hl7_sender import ReportStatus
from exchange.row_parser import ResultRow, parse_row
from exchange.schema import COLUMNS_BY_NAME
from recalls.actions.corrections import assessment_severity
from recalls.enums import Assessment
from recalls.models import Recall, ScreeningExam

REPLACED = "in_place_of"  # the key of a proposal that holds the result which would be lowered


@dataclass(frozen=True, slots=True)
class PreparedResult:
    """A report that may go in, and what a person has accepted or confirmed of it."""

    row: ResultRow
    status: ReportStatus
    message_id: int | None = None  # of the stored message; a later one is newer
    replaces: str = ""  # the result that a person lets it take the place of
    confirmed: frozenset[Confirmation] = frozenset()


@dataclass(frozen=True, slots=True)
class _Standing:
    """The result of an exam as it stands before a report; `exam` is None while it is not stored."""

    assessment: str
    reported_at: datetime | None
    exam: ScreeningExam | None


def prepare_result(
    message: Hl7Message, read: ReadMessage, report: ReportRow, sites: Mapping[str, Site]
) -> PreparedResult | MessageResult:
    """What of a report message may go in, or at once what becomes of it. The message names one patient."""
    accepted, confirmed = read_accepted(message)
    if report.kind == ProcedureKind.OTHER:
        return ignored(_("This is no report of a breast exam."))
    if report.status == ReportStatus.PRELIMINARY:
        return ignored(_("This report is preliminary. Its final report is waited for."), site=report.site)
    if report.status == ReportStatus.CANCELLED:
        return _withdraw(report)
    if report.fault is not None and not (accepted and report.proposal is not None):
        return parked(report.fault.message, report.fault.place, site=report.site, proposal=report.proposal)
    if report.kind == ProcedureKind.UNKNOWN_BREAST:
        words = _("It is not known whether this procedure is a screening exam. Set its code up for this sender.")
        return parked(words, "OBR-4", site=report.site)
    if report.kind == ProcedureKind.DIAGNOSTIC:
        return _leave_to_radiologist(report, read, message.sender)
    row = parse_row({**report.cells, **accepted}, sites, report.site)
    if not isinstance(row, ResultRow):
        return _park_row(row, report)
    replaces = str((message.accepted or {}).get(REPLACED, ""))
    row = replace(row, order=report.order)
    return PreparedResult(row, report.status or ReportStatus.FINAL, message.pk, replaces, confirmed)


def _park_row(problems: list[Problem], report: ReportRow) -> MessageResult:
    """A plain 0 that the site's settings leave open is proposed as the one that has the patient called."""
    result = park_problems(problems, report.site)
    if [problem.column for problem in problems] != ["assessment"] or report.cells["assessment"] != "0":
        return result
    words = _("The report gives a plain 0. Accept it as additional imaging, where not only prior images are missing.")
    return replace(result, reason=words, proposal={"assessment": Assessment.NEED_IMAGING.value})


def asks_for_records(report: ReportRow) -> bool:
    """Whether what becomes of the report hangs on exams or patients that reports before it may bring."""
    changes = report.status in (ReportStatus.CORRECTED, ReportStatus.CANCELLED)
    return changes or report.kind == ProcedureKind.DIAGNOSTIC


def read_accepted(message: Hl7Message) -> tuple[dict[str, str], frozenset[Confirmation]]:
    """The cells that a person accepted for a message, and what they confirmed."""
    given = message.accepted or {}
    cells = {name: str(text) for name, text in given.items() if name in COLUMNS_BY_NAME}
    return cells, frozenset(Confirmation(word) for word in given.get(CONFIRMED, ()))


def import_results(prepared: Mapping[int, PreparedResult]) -> dict[int, MessageResult]:
    """What became of each report; those without a confirmation go in together. Call it inside a transaction."""
    results = _guard_results(prepared)
    results |= _guard_places({number: one for number, one in prepared.items() if number not in results})
    lookups = LookupCache()
    waiting = {number: one for number, one in prepared.items() if number not in results}
    by_confirmation: dict[frozenset[Confirmation], dict[int, ResultRow]] = {}
    for number, one in waiting.items():
        by_confirmation.setdefault(one.confirmed, {})[number] = one.row
    for confirmed, rows in by_confirmation.items():
        for batch in split_into_batches(rows):
            reports = BatchImporter(batch, lookups, SOURCE, intake_actor(), confirmed).import_rows()
            results |= {number: _as_message_result(report, batch[number]) for number, report in reports.items()}
    _attach_recalls(results)
    return results


def _guard_results(prepared: Mapping[int, PreparedResult]) -> dict[int, MessageResult]:
    """Those that a person must look at: a final report that says less than what stands, without being a correction.

    A report sent again after it was corrected must not put the patient's corrected 4 or 5 away.
    """
    standing = {
        key: _Standing(exam.assessment, exam.reported_at, exam)
        for key, exam in _find_exams([one.row for one in prepared.values()]).items()
    }
    results: dict[int, MessageResult] = {}
    for number, one in prepared.items():
        row, before = one.row, standing.get(one.row.exam_key)
        is_older = before is not None and _is_older(row, before)
        if before is not None and not is_older and _says_less(row, before) and not _may_lower(one, before):
            words = _(
                "This report says less than the result that is here, and is not marked as a newer correction. Look "
                "which one counts."
            )
            proposal = {"assessment": str(row.assessment.value), REPLACED: str(before.assessment)}
            results[number] = parked(words, "OBX-5", site=row.site, exam=before.exam, proposal=proposal)
        elif not is_older:
            standing[row.exam_key] = _Standing(row.assessment, row.reported_at, before.exam if before else None)
    return results


def _guard_places(prepared: Mapping[int, PreparedResult]) -> dict[int, MessageResult]:
    """Corrections of an exam that is here at another site: they must not become a second exam beside it."""
    corrections = {number: one for number, one in prepared.items() if one.status == ReportStatus.CORRECTED}
    accessions = {one.row.accession for one in corrections.values()}
    found = ScreeningExam.objects.filter(accession__in=accessions).select_related("patient") if accessions else ()
    exams = {(exam.accession, exam.site_id): exam for exam in found}
    results = {}
    for number, one in corrections.items():
        row = one.row
        if (row.accession, row.site.pk) in exams:
            continue
        for (accession, _site), exam in exams.items():
            if accession == row.accession and exam.patient.mrn == row.mrn:
                words = _("This corrects an exam of another site here. Set the locations of this sender up.")
                results[number] = parked(words, "PV1-3", site=row.site, exam=exam, patient=exam.patient)
    return results


def _may_lower(one: PreparedResult, before: _Standing) -> bool:
    """Whether a person said so, or it is a correction and no message after it has spoken of the exam."""
    if one.replaces:
        return one.replaces == before.assessment
    if one.status != ReportStatus.CORRECTED:
        return False
    if before.exam is None or one.message_id is None:
        return True
    later = Hl7Message.objects.filter(exam=before.exam, pk__gt=one.message_id, state=Hl7Message.State.APPLIED)
    return not later.exists()


def _says_less(row: ResultRow, before: _Standing) -> bool:
    return assessment_severity(row.assessment) < assessment_severity(before.assessment)


def _is_older(row: ResultRow, before: _Standing) -> bool:
    """Whether a newer report is here already: the importer then changes nothing."""
    return row.reported_at is not None and before.reported_at is not None and row.reported_at < before.reported_at


def _find_exams(rows: Sequence[ResultRow]) -> dict[tuple[int, str], ScreeningExam]:
    wanted = Q(pk__in=())
    by_site: dict[int, list[str]] = {}
    for row in rows:
        by_site.setdefault(row.site.pk, []).append(row.accession)
    for site, accessions in by_site.items():
        wanted |= Q(site=site, accession__in=accessions)
    return {(exam.site_id, exam.accession): exam for exam in ScreeningExam.objects.filter(wanted)} if rows else {}


def _as_message_result(report: RowReport, row: ResultRow) -> MessageResult:
    if report.result == RowResult.PARKED:
        return park_problems(report.problems, row.site)
    words = " ".join(problem.message for problem in report.problems)
    patient = report.exam.patient if report.exam else None
    if report.result == RowResult.UNCHANGED:
        words = words or _("This result is here already, unchanged.")
        return ignored(words, site=row.site, exam=report.exam, patient=patient)
    return MessageResult(Hl7Message.State.APPLIED, words, site=row.site, exam=report.exam, patient=patient)


def _attach_recalls(results: dict[int, MessageResult]) -> None:
    """Name the newest recall of each exam. One query."""
    exams = [result.exam.pk for result in results.values() if result.exam is not None]
    found = Recall.objects.filter(exam__in=exams).order_by("pk") if exams else ()
    recalls = {recall.exam_id: recall for recall in found}
    for number, result in results.items():
        if result.exam is not None and result.exam.pk in recalls:
            results[number] = replace(result, recall=recalls[result.exam.pk])


def _withdraw(report: ReportRow) -> MessageResult:
    """A withdrawn result is taken back by a person: somebody may have been told of it."""
    exam = ScreeningExam.objects.filter(site=report.site, accession=report.cells.get("accession", "")).first()
    if exam is None:
        return ignored(_("This report was withdrawn before its result came in."), site=report.site)
    words = _("The result of this exam was withdrawn. Correct the result or void its recall by hand.")
    return parked(words, "OBR-25", site=report.site, exam=exam, patient=exam.patient)


def _leave_to_radiologist(report: ReportRow, read: ReadMessage, sender: Hl7Sender | None) -> MessageResult:
    """The outcome of a diagnostic visit is recorded by a radiologist, from this report."""
    words = _("This is the report of a diagnostic exam. Record the outcome at the recall, then dismiss the message.")
    day = find_day(read.header.sent_at, report.site)
    known = find_known_patient(read.patients[0], sender, report.site, day) if sender else None
    if known is None or isinstance(known, MessageResult):
        return known or parked(words, "OBR-4", site=report.site)
    if known.record is None:
        return ignored(_("This is a diagnostic exam of a patient who is not known here."), site=report.site)
    recall = Recall.objects.still_open().filter(patient=known.record).order_by("pk").last()
    return parked(words, "OBR-4", site=report.site, patient=known.record, recall=recall)
