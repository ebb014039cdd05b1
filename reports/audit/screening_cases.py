"""Counts the screenings of an audit as cases: one grouped query over all, and a closer look at the few that need it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Any

from django.db.models import Count, QuerySet

from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment, ClosureReason, OutcomeBasis, RecallKind
from recalls.models import Biopsy, Outcome, RecallEvent, RecallFacts, ScreeningExam
from reports.audit.cancers import (
    KnownCancer,
    cancers_by_exam,
    in_chunks,
    screenings_of_patients,
    standing_pathology,
    within_window,
)
from reports.audit.cases import INCOMPLETE, NOT_AUDITED, POSITIVE_SCREENING, AuditCase, Cancer, worst_cancer
from reports.audit.scope import AuditScope, Breakdown

GroupedCases = dict[Any, Counter[AuditCase]]
# By who read them (None where that is not known) and by group.
ReaderCases = dict[tuple[int | None, Any], Counter[AuditCase]]
_CALLED_BACK = POSITIVE_SCREENING | INCOMPLETE
# Of these the outcome says how they count.
_ASKS_FURTHER = SUSPICIOUS_ASSESSMENTS | {Assessment.NEED_PRIORS}


@dataclass(slots=True)
class _Note:
    """What is known of one screening beyond its own row."""

    assessment: str
    kind: str
    day: date
    group: tuple[int | None, Any]
    is_void: bool = False
    priors_reading: str = ""
    was_imaged: bool = False
    advised: bool = False
    settled: bool = False
    done: bool = False

    def as_case(self, cancers: list[Cancer]) -> AuditCase:
        final = self.assessment
        if final == Assessment.NEED_PRIORS:
            final = Assessment.NEED_IMAGING if self.was_imaged else self.priors_reading or final
        advised_at_screening = final in SUSPICIOUS_ASSESSMENTS and not self.settled
        return AuditCase(
            is_screening=True, first=self.assessment, final=final, is_technical=self.kind == RecallKind.TECHNICAL,
            biopsy_advised=self.advised or self.done or advised_at_screening, biopsy_done=self.done,
            cancer=worst_cancer(cancers),
        )  # fmt: skip


@dataclass(slots=True)
class _NoteBook:
    """The notes of one audit by the number of the screening, and which screening each recall speaks about."""

    scope: AuditScope
    by: Breakdown
    notes: dict[int, _Note] = field(default_factory=dict)
    # Only recalls about the screening itself: what a supplemental test found is no part of its work-up.
    screenings: dict[int, tuple[Any, ...]] = field(default_factory=dict)

    def load_recalls(self) -> list[tuple[int, str]]:
        """The screening and the closing reason of each recall. One query, from what is kept of each recall."""
        kept = RecallFacts.objects.filter(
            exam_site__in=self.scope.site_ids, exam_date__range=(self.scope.since, self.scope.until)
        )
        if self.scope.reader_id is not None:
            kept = kept.filter(reader=self.scope.reader_id)
        kept = kept.annotate(audit_group=self.by.expression("recall__exam__")).order_by()
        endings = []
        for recall, kind, reason, *screening in kept.values_list(
            "recall_id", "recall__kind", "closure_reason", *(f"recall__exam__{name}" for name in _SCREENING_COLUMNS),
            "audit_group",
        ):  # fmt: skip
            _pk, assessment, exam_kind, _day, _reader, _group = screening
            is_left_out = kind == RecallKind.SUPPLEMENTAL or exam_kind == RecallKind.INCIDENTAL
            if not is_left_out and assessment not in NOT_AUDITED:
                self.screenings[recall] = tuple(screening)
                endings.append((screening[0], reason))
        return endings

    def note_of(self, recall: int) -> _Note:
        return self.write(*self.screenings[recall])

    def write(self, number: int, assessment: str, kind: str, day: date, reader: int | None, group: Any) -> _Note:
        note = self.notes.get(number)
        if note is None:
            note = self.notes[number] = _Note(assessment, kind, day, (reader, self.by.key(group)))
        return note

    def rows_about(self, rows: "QuerySet[Any]", *columns: str) -> Iterator[tuple[Any, ...]]:
        """Number of the recall and the columns of each row about one of these recalls.

        Numbers rise with time, so a range of them holds few of other years; the rest is sorted out here.
        """
        if self.screenings:
            near = rows.filter(recall__gte=min(self.screenings), recall__lte=max(self.screenings))
            for recall, *values in near.values_list("recall_id", *columns):
                if recall in self.screenings:
                    yield recall, *values


_SCREENING_COLUMNS = ("pk", "assessment", "recall_kind", "exam_date", "reader_id")


def count_screenings(scope: AuditScope, by: Breakdown, cancers: list[KnownCancer]) -> ReaderCases:
    """How many screenings of each kind each reader has in each group.

    A fixed number of queries, but for patients with cancer.
    """
    groups: defaultdict[tuple[int | None, Any], Counter[AuditCase]] = defaultdict(Counter)
    exams = ScreeningExam.objects.filter(scope.exam_condition()).order_by()
    counted = exams.values_list("assessment", "recall_kind", "reader_id", by.expression()).annotate(count=Count("pk"))
    for assessment, kind, reader, group, count in counted:
        groups[reader, by.key(group)][_plain_case(assessment, kind)] += count
    book = _NoteBook(scope, by)
    _note_void(book, book.load_recalls())
    for take_notes in (_note_outcomes, _note_events, _note_biopsies, _note_tissue):
        take_notes(book)
    found = _note_cancers(book, cancers)
    for number, note in book.notes.items():
        groups[note.group][_plain_case(note.assessment, note.kind)] -= 1
        if not (note.is_void and note.assessment in _CALLED_BACK):
            groups[note.group][note.as_case(found.get(number, []))] += 1
    return {group: +cases for group, cases in groups.items() if +cases}


@lru_cache(maxsize=256)
def _plain_case(assessment: str, kind: str) -> AuditCase:
    """A screening of which nothing more is known."""
    return _Note(assessment, kind, date.min, (None, None)).as_case([])


def _note_void(book: _NoteBook, endings: list[tuple[int, str]]) -> None:
    """Every recall of the screening was voided: it was no recall after all."""
    standing = {exam for exam, reason in endings if reason != ClosureReason.VOID}
    void = {exam for exam, reason in endings if reason == ClosureReason.VOID} - standing
    for screening in book.screenings.values():
        if screening[0] in void:
            book.write(*screening).is_void = True


def _note_outcomes(book: _NoteBook) -> None:
    """Only those that say more than the screening did: a 4 or 5, and what became of a 0, 4 or 5."""
    asked = {recall for recall, screening in book.screenings.items() if screening[1] in _ASKS_FURTHER}
    columns = ("assessment", "basis", "read_at")
    standing = Outcome.objects.filter(amended_by=None).order_by("pk")
    suspicious = book.rows_about(standing.filter(assessment__in=SUSPICIOUS_ASSESSMENTS), *columns)
    theirs = (
        row
        for some in in_chunks(sorted(asked))
        for row in standing.filter(recall__in=some).values_list("recall_id", *columns)
    )
    for recall, assessment, basis, at in chain((row for row in suspicious if row[0] not in asked), theirs):
        note = book.note_of(recall)
        if basis == OutcomeBasis.PRIORS:
            note.priors_reading = assessment
        else:
            note.was_imaged = True
        if within_window(note.day, at.date()):
            note.advised |= assessment in SUSPICIOUS_ASSESSMENTS
            note.settled |= assessment != Assessment.NEED_IMAGING


def _note_events(book: _NoteBook) -> None:
    """Steps are looked up by their name: they are few."""
    steps = RecallEvent.objects.filter(step__in=("need_imaging", "advise_biopsy"))
    for recall, step in steps.order_by().values_list("recall_id", "step"):
        if recall in book.screenings:
            note = book.note_of(recall)
            note.was_imaged = True
            note.advised |= step == "advise_biopsy"


def _note_biopsies(book: _NoteBook) -> None:
    for recall, day in book.rows_about(Biopsy.objects.order_by(), "done_on"):
        _note_biopsy(book.note_of(recall), day)


def _note_tissue(book: _NoteBook) -> None:
    """Also what was taken elsewhere, of which there is no biopsy here."""
    elsewhere = standing_pathology().filter(biopsy=None).order_by()
    for recall, taken, at in book.rows_about(elsewhere, "performed_on", "at"):
        _note_biopsy(book.note_of(recall), taken or at.date())


def _note_biopsy(note: _Note, day: date) -> None:
    note.was_imaged = True
    note.done |= within_window(note.day, day)


def _note_cancers(book: _NoteBook, cancers: list[KnownCancer]) -> Mapping[int, list[Cancer]]:
    exams = screenings_of_patients(cancers, book.by.expression())
    found = cancers_by_exam(cancers, exams)
    for exam in exams:
        if exam.pk in found and book.scope.audits(exam):
            book.write(exam.pk, exam.assessment, exam.recall_kind, exam.day, exam.reader_id, exam.group)
    return found
