"""Finds the readings that a cancer followed within a year: each is owed a review by the one who read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic.models import Site, User
from recalls.assignment import display_name
from recalls.enums import OutcomeBasis
from recalls.models import Outcome, ScreeningExam
from recalls.models.outcomes import READ_BY
from reports.audit.cancers import (
    KnownCancer,
    cancers_by_exam,
    in_chunks,
    load_cancers,
    screenings_of_patients,
    within_window,
)
from reports.audit.cases import NEGATIVE_DIAGNOSTIC, NEGATIVE_SCREENING
from reports.audit.scope import AuditScope, Breakdown
from reports.models import AuditPhysician, CaseReview

_DAYS_BACK = 3 * 365  # what was read before that is reviewed no more


@dataclass(frozen=True, slots=True, order=True)
class MissedReading:
    """One reading, by its screening: `day` is the day it was read, `cancer_on` that of the diagnosis."""

    day: date
    exam_id: int
    kind: str
    reader_id: int
    cancer_on: date


def find_missed_readings(sites: Sequence[Site], today: date) -> list[MissedReading]:
    """Of every reader at these sites, the newest first; six queries."""
    scope = AuditScope(tuple(sites), today - timedelta(days=_DAYS_BACK), today)
    cancers = load_cancers(scope)
    return sorted({*_false_negatives(scope, cancers), *_missed_upgrades(scope, cancers)}, reverse=True)


def _false_negatives(scope: AuditScope, cancers: list[KnownCancer]) -> Iterator[MissedReading]:
    exams = screenings_of_patients(cancers, Breakdown.ALL.expression())
    found = cancers_by_exam(cancers, exams)
    days: dict[int, date] = {}
    for one in cancers:
        days[one.patient_id] = max(one.day, days.get(one.patient_id, one.day))
    for exam in exams:
        if exam.pk in found and exam.reader_id and exam.assessment in NEGATIVE_SCREENING and scope.audits(exam):
            kind = CaseReview.Kind.FALSE_NEGATIVE.value
            yield MissedReading(exam.day, exam.pk, kind, exam.reader_id, days[exam.patient_id])


def _missed_upgrades(scope: AuditScope, cancers: list[KnownCancer]) -> Iterator[MissedReading]:
    by_patient: dict[int, list[date]] = {}
    for one in cancers:
        by_patient.setdefault(one.patient_id, []).append(one.day)
    # What was read elsewhere is nobody's here, whoever recorded the report.
    read_here = Outcome.objects.exclude(basis=OutcomeBasis.OUTSIDE).annotate(read_by=READ_BY)
    standing = read_here.filter(amended_by=None, assessment__in=NEGATIVE_DIAGNOSTIC, read_by__isnull=False)
    standing = standing.filter(recall__site__in=scope.site_ids).order_by()
    zones = {site.pk: site.zone for site in scope.sites}
    columns = ("recall__patient_id", "recall__site_id", "recall__exam_id", "read_by", "read_at")
    for some in in_chunks(sorted(by_patient)):
        rows = standing.filter(recall__patient__in=some).values_list(*columns)
        for patient, site, exam, reader, read_at in rows:
            day = read_at.astimezone(zones[site]).date()
            later = [found for found in by_patient[patient] if within_window(day, found)]
            if later and reader is not None:
                yield MissedReading(day, exam, CaseReview.Kind.MISSED_UPGRADE.value, reader, min(later))


def write_review(reading: MissedReading, note: str, *, by: User) -> None:
    """Only the one who read, and once. Raises PermissionDenied, or ValidationError without a note."""
    if reading.reader_id != by.pk:
        raise PermissionDenied
    if not note.strip():
        raise ValidationError(_("Write what the review found."))
    try:
        with transaction.atomic():
            CaseReview.objects.create(
                exam_id=reading.exam_id, kind=reading.kind, note=note.strip(), user=by, by=display_name(by)
            )
    except IntegrityError as twice:
        raise ValidationError(_("You have reviewed this case already.")) from twice


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A reading with its review, None while it is owed."""

    reading: MissedReading
    exam: ScreeningExam
    review: CaseReview | None
    reader: str

    @property
    def label(self) -> str:
        return str(CaseReview.Kind(self.reading.kind).label)


def list_reviews(user: User, sites: Sequence[Site], today: date) -> tuple[list[ReviewRow], list[ReviewRow]]:
    """The user's own, and those of others where the user is the audit interpreting physician of the exam's site."""
    audited = set(AuditPhysician.objects.filter(user=user).values_list("site_id", flat=True))
    readings = find_missed_readings(sites, today)
    numbers = ScreeningExam.objects.filter(pk__in=[one.exam_id for one in readings])
    site_of = dict(numbers.values_list("pk", "site_id"))
    seen = [one for one in readings if one.reader_id == user.pk or site_of.get(one.exam_id) in audited]
    exams = ScreeningExam.objects.select_related("patient", "site").in_bulk([one.exam_id for one in seen])
    reviews = {
        (one.exam_id, one.kind, one.user_id): one
        for one in CaseReview.objects.filter(exam__in=[one.exam_id for one in seen])
    }
    names = {one.pk: display_name(one) for one in User.objects.filter(pk__in={one.reader_id for one in seen})}
    rows = [
        ReviewRow(
            one, exams[one.exam_id], reviews.get((one.exam_id, one.kind, one.reader_id)), names.get(one.reader_id, "")
        )
        for one in seen
    ]
    return (
        [row for row in rows if row.reading.reader_id == user.pk],
        [row for row in rows if row.reading.reader_id != user.pk],
    )
