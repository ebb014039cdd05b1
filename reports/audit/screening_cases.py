"""Counts the screenings of an audit as cases: one grouped query over all, and a closer look at the few that need it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment, ClosureReason, OutcomeBasis, RecallKind
from recalls.models import Biopsy, Outcome, Recall, RecallEvent, ScreeningExam
from reports.audit.cancers import (
    KnownCancer,
    cancers_by_exam,
    own_and_outside,
    screenings_of_patients,
    standing_pathology,
    within_window,
)
from reports.audit.cases import INCOMPLETE, POSITIVE_SCREENING, AuditCase, Cancer, worst_cancer
from reports.audit.scope import AuditScope, Breakdown

GroupedCases = dict[Any, Counter[AuditCase]]
_CALLED_BACK = POSITIVE_SCREENING | INCOMPLETE


@dataclass(slots=True)
class _Note:
    """What is known of one screening beyond its own row."""

    assessment: str
    kind: str
    day: date
    group: Any
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
    """The notes of one audit, by the number of the screening."""

    scope: AuditScope
    by: Breakdown
    notes: dict[int, _Note] = field(default_factory=dict)

    def read(self, rows: "QuerySet[Any]", exam: str, *columns: Any) -> Iterator[tuple[Any, ...]]:
        """The note of each row's screening, and the row's columns."""
        rows = rows.annotate(audit_group=self.by.expression(exam))
        for number, assessment, kind, day, group, *rest in rows.values_list(
            f"{exam}pk", f"{exam}assessment", f"{exam}recall_kind", f"{exam}exam_date", "audit_group", *columns
        ):
            yield (self.write(number, assessment, kind, day, group), *rest)

    def write(self, number: int, assessment: str, kind: str, day: date, group: Any) -> _Note:
        note = self.notes.get(number)
        if note is None:
            note = self.notes[number] = _Note(assessment, kind, day, self.by.key(group))
        return note


def count_screenings(scope: AuditScope, by: Breakdown, cancers: list[KnownCancer]) -> GroupedCases:
    """How many screenings of each kind in each group. A fixed number of queries, but for patients with cancer."""
    groups: defaultdict[Any, Counter[AuditCase]] = defaultdict(Counter)
    exams = ScreeningExam.objects.filter(scope.exam_condition()).order_by()
    counted = exams.values_list("assessment", "recall_kind", by.expression()).annotate(count=Count("pk"))
    for assessment, kind, group, count in counted:
        groups[by.key(group)][_plain_case(assessment, kind)] += count
    book = _NoteBook(scope, by)
    for take_notes in (_note_void, _note_outcomes, _note_events, _note_biopsies, _note_tissue):
        take_notes(book)
    found = _note_cancers(book, cancers)
    for number, note in book.notes.items():
        groups[note.group][_plain_case(note.assessment, note.kind)] -= 1
        if not (note.is_void and note.assessment in _CALLED_BACK):
            groups[note.group][note.as_case(found.get(number, []))] += 1
    return {group: +cases for group, cases in groups.items() if +cases}


def _plain_case(assessment: str, kind: str) -> AuditCase:
    """A screening of which nothing more is known."""
    return _Note(assessment, kind, date.min, None).as_case([])


def _note_void(book: _NoteBook) -> None:
    others = Recall.objects.filter(exam=OuterRef("exam")).exclude(
        Q(closure_reason=ClosureReason.VOID) | Q(kind=RecallKind.SUPPLEMENTAL)
    )
    void = Recall.objects.filter(
        book.scope.exam_condition("exam__"), ~Exists(others), closure_reason=ClosureReason.VOID
    )
    for (note,) in book.read(void.exclude(kind=RecallKind.SUPPLEMENTAL).order_by(), "exam__"):
        note.is_void = True


def _note_outcomes(book: _NoteBook) -> None:
    """Only those that say more than the screening did: a 4 or 5, and what became of a 0, 4 or 5."""
    telling = (
        Q(assessment__in=SUSPICIOUS_ASSESSMENTS)
        | Q(recall__exam__assessment__in=SUSPICIOUS_ASSESSMENTS)
        | Q(recall__exam__assessment=Assessment.NEED_PRIORS)
    )
    rows = own_and_outside(Outcome.objects.filter(telling, amended_by=None), book.scope).order_by("pk")
    for note, assessment, basis, at in book.read(rows, "recall__exam__", "assessment", "basis", "read_at"):
        if basis == OutcomeBasis.PRIORS:
            note.priors_reading = assessment
        else:
            note.was_imaged = True
        if within_window(note.day, at.date()):
            note.advised |= assessment in SUSPICIOUS_ASSESSMENTS
            note.settled |= assessment != Assessment.NEED_IMAGING


def _note_events(book: _NoteBook) -> None:
    rows = own_and_outside(RecallEvent.objects.filter(step__in=("need_imaging", "advise_biopsy")), book.scope)
    for note, step in book.read(rows, "recall__exam__", "step"):
        note.was_imaged = True
        note.advised |= step == "advise_biopsy"


def _note_biopsies(book: _NoteBook) -> None:
    for note, day in book.read(own_and_outside(Biopsy.objects.all(), book.scope), "recall__exam__", "done_on"):
        _note_biopsy(note, day)


def _note_tissue(book: _NoteBook) -> None:
    """Also what was taken elsewhere, of which there is no biopsy here."""
    rows = own_and_outside(standing_pathology().filter(biopsy=None), book.scope)
    for note, taken, at in book.read(rows, "recall__exam__", "performed_on", "at"):
        _note_biopsy(note, taken or at.date())


def _note_biopsy(note: _Note, day: date) -> None:
    note.was_imaged = True
    note.done |= within_window(note.day, day)


def _note_cancers(book: _NoteBook, cancers: list[KnownCancer]) -> Mapping[int, list[Cancer]]:
    exams = screenings_of_patients(cancers, book.by.expression())
    found = cancers_by_exam(cancers, exams)
    for exam in exams:
        if exam.pk in found and book.scope.audits(exam):
            book.write(exam.pk, exam.assessment, exam.recall_kind, exam.day, exam.group)
    return found
