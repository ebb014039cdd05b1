"""Writes many screenings with what became of them, in few statements, through the ordinary models."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from clinic.models import Site, User
from patients.models import Patient
from recalls.enums import (
    Assessment,
    ClosureReason,
    FindingKind,
    OutcomeBasis,
    PathologyClass,
    RecallKind,
    Side,
    State,
)
from recalls.enums.lesions import PathologySource
from recalls.models import Biopsy, CancerDiagnosis, Finding, Lesion, Outcome, PathologyResult, Recall, ScreeningExam

_NUMBERS = count(1)
RECORDED = {"by": "Dr. Rao"}


@dataclass(frozen=True)
class Reading:
    """An outcome: how many days after the screening, resting on what, in which round."""

    assessment: str
    days: int = 14
    basis: str = OutcomeBasis.VISIT
    round: int = 0
    is_amended: bool = False


@dataclass(frozen=True)
class Tissue:
    """A pathology result so many days after the screening; `has_biopsy` says that the biopsy is recorded here."""

    result: str = PathologyClass.INVASIVE
    days: int = 30
    size_mm: int | None = None
    nodes: str = ""
    has_biopsy: bool = True


@dataclass(frozen=True)
class History:
    """One screening of one patient and all that followed."""

    day: date
    assessment: str
    kind: str = RecallKind.FINDING
    recall_kind: str = ""
    closed_because: str = ""
    closed_days: int = 60
    readings: tuple[Reading, ...] = ()
    tissue: tuple[Tissue, ...] = ()
    biopsy_days: tuple[int, ...] = ()
    known_later: tuple[tuple[int, str], ...] = ()
    density: str = "b"
    modality: str = ""
    first_screen: bool | None = None
    reader: User | None = None
    age: int = 55
    has_lump: bool = False
    patient: int = -1  # histories with the same number are one patient's

    @property
    def has_recall(self) -> bool:
        return bool(self.readings or self.tissue or self.biopsy_days or self.closed_because or self.recall_kind)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(17), tzinfo=UTC)


def write_histories(site: Site, histories: Iterable[History], radiologist: User | None = None) -> list[ScreeningExam]:
    """A handful of `bulk_create`, however many there are."""
    all_of = list(histories)
    patients = _write_patients(site, all_of)
    exams = ScreeningExam.objects.bulk_create(
        ScreeningExam(
            site=site, patient=patient, accession=f"H{next(_NUMBERS)}", exam_date=one.day, reported_at=noon(one.day),
            assessment=one.assessment, recall_kind=one.kind, density=one.density, modality=one.modality,
            first_screen=one.first_screen, reader=one.reader,
        )
        for one, patient in zip(all_of, patients, strict=True)
    )  # fmt: skip
    Finding.objects.bulk_create(
        Finding(exam=exam, kind=FindingKind.LUMP, side=Side.LEFT)
        for one, exam in zip(all_of, exams, strict=True)
        if one.has_lump
    )
    called = [(one, exam) for one, exam in zip(all_of, exams, strict=True) if one.has_recall]
    recalls = Recall.objects.bulk_create(_recall(one, exam) for one, exam in called)
    pairs = [(one, recall) for (one, _exam), recall in zip(called, recalls, strict=True)]
    _write_outcomes(pairs, radiologist)
    _write_tissue(pairs)
    CancerDiagnosis.objects.bulk_create(
        CancerDiagnosis(
            site=site, patient=patient, diagnosed_on=one.day + timedelta(days=days), result=result, **RECORDED
        )
        for one, patient in zip(all_of, patients, strict=True)
        for days, result in one.known_later
    )
    return exams


def _write_patients(site: Site, histories: list[History]) -> list[Patient]:
    made: dict[Any, Patient] = {}
    for number, one in enumerate(histories):
        key = one.patient if one.patient >= 0 else f"own {number}"
        if key not in made:
            mrn = f"H{next(_NUMBERS)}"
            made[key] = Patient(
                site=site, assigning_authority=site.mrn_authority, mrn=mrn, family_name="Sample-Oak",
                given_name="Testa", birth_date=one.day.replace(year=one.day.year - one.age, day=1),
            )  # fmt: skip
    Patient.objects.bulk_create(made.values())
    return [made[one.patient if one.patient >= 0 else f"own {number}"] for number, one in enumerate(histories)]


def _recall(one: History, exam: ScreeningExam) -> Recall:
    opened = noon(one.day)
    ending: dict[str, Any] = {"state": State.AWAITING_OUTCOME, "due_at": opened}
    if one.closed_because:
        closed = opened + timedelta(days=one.closed_days)
        ending = {
            "state": State.CLOSED, "closure_reason": one.closed_because, "closed_at": closed, "closed_by": "Dr. Rao",
        }  # fmt: skip
    kind = one.recall_kind or one.kind
    return Recall(
        site=exam.site, patient=exam.patient, exam=exam, kind=kind, clock_from=opened, opened_at=opened,
        round=max((reading.round for reading in one.readings), default=0), **ending,
    )  # fmt: skip


def _write_outcomes(pairs: list[tuple[History, Recall]], radiologist: User | None) -> None:
    wanted = [(recall, one.day, reading) for one, recall in pairs for reading in one.readings]
    rows = Outcome.objects.bulk_create(
        Outcome(
            recall=recall, basis=reading.basis, assessment=reading.assessment, round=reading.round,
            read_at=noon(day + timedelta(days=reading.days)), at=noon(day + timedelta(days=reading.days)),
            user=radiologist, **RECORDED,
        )
        for recall, day, reading in wanted
    )  # fmt: skip
    Outcome.objects.bulk_create(
        Outcome(
            recall=row.recall, basis=row.basis, assessment=Assessment.BENIGN, round=row.round, read_at=row.read_at,
            amends=row, reason="A slip.", user=radiologist, **RECORDED,
        )
        for row, (_recall, _day, reading) in zip(rows, wanted, strict=True)
        if reading.is_amended
    )  # fmt: skip


def _write_tissue(pairs: list[tuple[History, Recall]]) -> None:
    with_lesion = [(one, recall) for one, recall in pairs if one.tissue or one.biopsy_days]
    lesions = Lesion.objects.bulk_create(Lesion(recall=recall, number=1, **RECORDED) for _one, recall in with_lesion)
    taken = [
        (lesion, one.day + timedelta(days=days))
        for (one, _recall), lesion in zip(with_lesion, lesions, strict=True)
        for days in (*one.biopsy_days, *(tissue.days for tissue in one.tissue if tissue.has_biopsy))
    ]
    Biopsy.objects.bulk_create(
        Biopsy(recall=lesion.recall, lesion=lesion, done_on=day, **RECORDED) for lesion, day in taken
    )
    PathologyResult.objects.bulk_create(
        PathologyResult(
            recall=lesion.recall, lesion=lesion, result=tissue.result, size_mm=tissue.size_mm, nodes=tissue.nodes,
            performed_on=one.day + timedelta(days=tissue.days), at=timezone.now(),
            source=PathologySource.BIOPSY if tissue.has_biopsy else PathologySource.OUTSIDE_BIOPSY, **RECORDED,
        )
        for (one, _recall), lesion in zip(with_lesion, lesions, strict=True)
        for tissue in one.tissue
    )  # fmt: skip


VOIDED = ClosureReason.VOID
