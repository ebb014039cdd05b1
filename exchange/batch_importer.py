"""Stores checked rows as exams and recalls: new ones in bulk, corrected ones one by one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from exchange.errors import WHOLE_ROW, Confirmation, Problem, RowRejected
from exchange.identity_check import find_exams_of_days, reject_respelled_exam
from exchange.lookup_cache import LookupCache
from exchange.patient_matching import PatientMatcher
from exchange.row_parser import CONTACT_COLUMNS, ResultRow
from notifications.planning.sibling_recalls import reconcile_in_flight
from patients.models import Patient
from recalls import actions
from recalls.actions.corrections import replace_order
from recalls.actions.supplemental import advise_supplemental
from recalls.enums import State, SupplementalTest, WorkItemKind
from recalls.models import Finding, Recall, ScreeningExam
from recalls.permissions import StepRefused


class RowResult(models.TextChoices):
    """What became of a row."""

    OPENED = "opened", gettext_lazy("recall opened")
    RECORDED = "recorded", gettext_lazy("result recorded, no recall needed")
    UPDATED = "updated", gettext_lazy("updated")
    UNCHANGED = "unchanged", gettext_lazy("already here, unchanged")
    PARKED = "parked", gettext_lazy("parked")


@dataclass(slots=True)
class RowReport:
    """What became of one row; `state` is that of its recall, None when it has none."""

    line: int
    accession: str
    result: RowResult
    state: str | None = None
    problems: list[Problem] = field(default_factory=list)
    exam: ScreeningExam | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "line": self.line,
            "accession": self.accession,
            "result": self.result,
            "state": self.state,
            "problems": [problem.as_json() for problem in self.problems],
        }


@dataclass(frozen=True, slots=True)
class _NewExam:
    """A row of an exam that is not stored yet."""

    line: int
    row: ResultRow
    exam: ScreeningExam
    notes: list[Problem]


class BatchImporter:
    """Some rows, no two of the same patient or exam, stored together. Call it inside a transaction."""

    def __init__(
        self,
        rows: dict[int, ResultRow],
        known: LookupCache,
        source: str,
        by: actions.UserOrActor,
        confirmed: frozenset[Confirmation] = frozenset(),
    ) -> None:
        self.rows, self.lookups, self.by = rows, known, by
        self.digests = {line: row.digest() for line, row in rows.items()}
        self.exams = _existing_exams(rows.values())
        self.patient_matcher = PatientMatcher(
            (row for line, row in rows.items() if not self._is_already_imported(line, row)), source, by, confirmed
        )
        known.find_referrers(row for line, row in rows.items() if not self._is_already_imported(line, row))
        self._exams_of_days = find_exams_of_days(
            self.patient_matcher.patients_in_use.values(),
            (row for row in rows.values() if row.exam_key not in self.exams),
        )
        self.recalls = _newest_recalls(self.exams.values())
        self.reports: dict[int, RowReport] = {}
        self._new_exams: list[_NewExam] = []
        self._asked_of_new_patients: dict[Patient, str] = {}

    def import_rows(self) -> dict[int, RowReport]:
        """What became of each row, by line; a refused row leaves nothing behind."""
        for line, row in self.rows.items():
            try:
                self._import_row(line, row)
            except RowRejected as refused:
                self.reports[line] = RowReport(line, row.accession, RowResult.PARKED, problems=list(refused.problems))
        self._save_new_exams()
        if self.patient_matcher.changed_patients:
            reconcile_in_flight(self.patient_matcher.changed_patients)
        return self.reports

    def _import_row(self, line: int, row: ResultRow) -> None:
        exam = self.exams.get(row.exam_key)
        if exam is not None and self._is_already_imported(line, row):
            self._add_report(line, row, RowResult.UNCHANGED, exam)
            return
        patient = self.patient_matcher.find_patient(row)
        if exam is None:
            self._new_exams.append(self._build_new_exam(line, row, patient))
        elif patient is None or patient.pk != exam.patient_id:
            message = _("This accession belongs to another patient here. Correct the accession or the record number.")
            raise RowRejected(Problem("accession", message))
        elif row.reported_at and exam.reported_at and row.reported_at < exam.reported_at:
            note = Problem("reported_at", _("A newer report of this exam is already here, so nothing was changed."))
            self._add_report(line, row, RowResult.UNCHANGED, exam, [note])
        else:
            self._update_existing(line, row, exam, patient)

    def _is_already_imported(self, line: int, row: ResultRow) -> bool:
        exam = self.exams.get(row.exam_key)
        return exam is not None and exam.source_digest == self.digests[line]

    def _build_new_exam(self, line: int, row: ResultRow, patient: Patient | None) -> _NewExam:
        notes: list[Problem] = []
        if patient is None:
            patient = self.patient_matcher.add_patient(row)
        else:
            reject_respelled_exam(row, patient, self._exams_of_days)
            _changed, notes = self.patient_matcher.update_patient(patient, row)
        exam = ScreeningExam(
            site=row.site,
            patient=patient,
            original_patient=self.patient_matcher.find_merged_record(row),
            accession=row.accession,
            referrer=self.lookups.get_referrer(row),
            source_digest=self.digests[line],
            **_assessment_fields(row),
            # With every column given PostgreSQL takes the rows as arrays, which is several times faster.
            **{"birads_edition": row.site.birads_edition, "risk_source": "", **_other_exam_fields(row, self.lookups)},
        )
        return _NewExam(line, row, exam, notes)

    def _save_new_exams(self) -> None:
        self.patient_matcher.save_new_patients()
        ScreeningExam.objects.bulk_create(arrival.exam for arrival in self._new_exams)
        Finding.objects.bulk_create(
            finding for arrival in self._new_exams for finding in _build_findings(arrival.row, arrival.exam)
        )
        for arrival in self._new_exams:
            if arrival.row.supplemental:
                self._advise(arrival.exam, arrival.row.supplemental)
        self._open_recalls([arrival for arrival in self._new_exams if arrival.exam.needs_recall])
        for arrival in self._new_exams:
            result = RowResult.OPENED if arrival.exam.needs_recall else RowResult.RECORDED
            self._add_report(arrival.line, arrival.row, result, arrival.exam, arrival.notes)
        actions.open_new_patients_work_items(self._asked_of_new_patients, WorkItemKind.VERIFY_CONTACT)

    def _open_recalls(self, arrivals: list[_NewExam]) -> None:
        # Planning the messages asks how to reach each patient.
        models.prefetch_related_objects([arrival.exam.patient for arrival in arrivals], "contact_points", "consents")
        openings = [actions.Opening(arrival.exam, arrival.row.order) for arrival in arrivals]
        for event in actions.open_recalls(openings, by=self.by):
            self.recalls[event.recall.exam_id] = event.recall

    def _update_existing(self, line: int, row: ResultRow, exam: ScreeningExam, patient: Patient) -> None:
        """Follow a row that says something else about a known exam, or refuse it as a whole."""
        exam.site, exam.patient = row.site, patient
        try:
            with transaction.atomic():
                patient_changed, notes = self.patient_matcher.update_patient(patient, row)
                exam_changed = self._apply_corrections(row, exam, self.digests[line])
                exam_changed = self._replace_order(row, exam) or exam_changed
        except (StepRefused, ValidationError) as refusal:
            words = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
            raise RowRejected(*(Problem(WHOLE_ROW, word) for word in words)) from refusal
        self.recalls |= _newest_recalls([exam])
        result = RowResult.UPDATED if patient_changed or exam_changed else RowResult.UNCHANGED
        self._add_report(line, row, result, exam, notes)

    def _apply_corrections(self, row: ResultRow, exam: ScreeningExam, digest: str) -> bool:
        """Take over what is new; a reading that differs goes through the rules for corrected results."""
        reading = _assessment_fields(row) | _other_exam_fields(row, self.lookups)
        changes = {name: value for name, value in reading.items() if getattr(exam, name) != value}
        stored = {(finding.kind, finding.side, finding.place) for finding in exam.findings.all()}
        is_new_reading = any(name in changes for name in _assessment_fields(row))
        has_new_findings = stored != set(row.findings) and (bool(row.findings) or is_new_reading)
        exam.source_digest = digest
        was_advised = row.supplemental and self._advise_once(exam, row.supplemental)
        referrer = self.lookups.get_referrer(row) or exam.referrer
        changed = referrer != exam.referrer or bool(was_advised)
        exam.referrer = referrer
        if changes or has_new_findings:
            findings = list(_build_findings(row, exam)) if has_new_findings else None
            actions.correct_exam(exam, changes, findings, by=self.by)
            return True
        if changed:
            exam.changed_at = timezone.now()
        exam.save(update_fields=["source_digest", "referrer", "changed_at"])
        return changed

    def _replace_order(self, row: ResultRow, exam: ScreeningExam) -> bool:
        """Whether the recommendation of this report is new to the exam's open recall."""
        recalls = Recall.objects.filter(exam=exam).still_open().select_related("site") if row.order else ()
        return any(replace_order(recall, row.order, by=self.by) for recall in recalls if row.order)

    def _advise_once(self, exam: ScreeningExam, kind: SupplementalTest) -> bool:
        """Whether the test is newly advised: a file advises it once for an exam, whatever came of it."""
        if exam.supplemental_screenings.filter(kind=kind).exists():
            return False
        self._advise(exam, kind)
        return True

    def _advise(self, exam: ScreeningExam, kind: SupplementalTest) -> None:
        day = calendar.local_day(exam.site, exam.reported_at) if exam.reported_at else exam.exam_date
        advise_supplemental(exam, kind, by=self.by, advised_on=day)

    def _add_report(
        self, line: int, row: ResultRow, result: RowResult, exam: ScreeningExam, notes: Iterable[Problem] = ()
    ) -> None:
        recall, problems = self.recalls.get(exam.pk), [*row.contact_problems, *notes]
        if result in (RowResult.RECORDED, RowResult.UPDATED):  # a recall that was opened has asked for them
            self._open_contact_work_item(problems, exam, recall)
        state = recall.state if recall else None
        self.reports[line] = RowReport(line, row.accession, result, state, problems, exam)

    def _open_contact_work_item(self, problems: list[Problem], exam: ScreeningExam, recall: Recall | None) -> None:
        """A number or address that cannot be read, or that is known not to work, is asked for anew."""
        columns = [problem.column for problem in problems if problem.column in CONTACT_COLUMNS]
        if not columns:
            return
        reason = _("The results file gave what cannot be used: %(columns)s.") % {"columns": ", ".join(columns)}
        if recall is not None and recall.state != State.CLOSED:
            actions.ask_for_right_contacts(recall)
        elif exam.patient_id in self.patient_matcher.new_patients:
            self._asked_of_new_patients[exam.patient] = reason
        else:
            actions.open_patient_work_item(exam.patient, WorkItemKind.VERIFY_CONTACT, reason)


def _assessment_fields(row: ResultRow) -> dict[str, Any]:
    """What a corrected row replaces as a whole: an empty side means that the sides were not told apart."""
    return {
        "assessment": row.assessment,
        "assessment_left": row.assessment_left or "",
        "assessment_right": row.assessment_right or "",
        "recall_kind": row.recall_kind,
    }


def _other_exam_fields(row: ResultRow, known: LookupCache) -> dict[str, Any]:
    """The rest of what the row says about the exam; an empty cell says nothing."""
    given = {
        "exam_date": row.exam_date,
        "reported_at": row.reported_at,
        "birads_edition": row.birads_edition,
        "density": row.density,
        "modality": row.modality,
        "double_read": row.double_read,
        "first_screen": row.first_screen,
        "risk_score": row.risk_score,
        "risk_source": row.risk_source,
        "reader": known.get_reader(row),
        "reader_name": row.reader,
        "comment": row.comment,
    }
    return {name: value for name, value in given.items() if value not in ("", None)}


def _build_findings(row: ResultRow, exam: ScreeningExam) -> Iterable[Finding]:
    return (Finding(exam=exam, kind=kind, side=side, place=place) for kind, side, place in row.findings)


def _existing_exams(rows: Iterable[ResultRow]) -> dict[tuple[int, str], ScreeningExam]:
    by_site: dict[int, list[str]] = {}
    for row in rows:
        by_site.setdefault(row.site.pk, []).append(row.accession)
    wanted = Q(pk__in=())
    for site_id, accessions in by_site.items():
        wanted |= Q(site=site_id, accession__in=accessions)
    return {(exam.site_id, exam.accession): exam for exam in ScreeningExam.objects.filter(wanted)}


def _newest_recalls(exams: Iterable[ScreeningExam]) -> dict[int, Recall]:
    """The newest recall of each exam that has one."""
    ids = [exam.pk for exam in exams]
    recalls = Recall.objects.filter(exam__in=ids).order_by("pk").select_related("site", "patient") if ids else ()
    return {recall.exam_id: recall for recall in recalls}
