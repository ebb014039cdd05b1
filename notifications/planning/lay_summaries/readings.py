"""Lists the readings of an exam that stand now: the screening reading as last corrected, and each outcome.

Every reading is one written summary (21 CFR 900.12(c)(2)): the diagnostic exam as well as the screening exam, and the
final assessment after prior images, which is an outcome without a visit.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Prefetch, QuerySet

from clinic import calendar
from clinic.models import Site
from notifications.planning.lay_summaries import results
from recalls.enums import SUSPICIOUS_ASSESSMENTS, ClosureReason, OutcomeBasis, RecallKind, VisitKind
from recalls.models import Outcome, Recall, ScreeningExam, SupersededReading

_NO_MAMMOGRAM = frozenset(
    {
        VisitKind.ULTRASOUND,
        VisitKind.MRI,
        VisitKind.ASPIRATION,
        VisitKind.CLINICAL_EXAM,
        VisitKind.SURGICAL_CONSULT,
        VisitKind.BIOPSY,
    }
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading and what its summary says; `site` is where the images were taken."""

    exam: ScreeningExam
    outcome: Outcome | None
    corrections: int
    site: Site
    assessment: str
    result: str
    density: str
    exam_day: date
    read_at: datetime
    released_at: datetime | None = None

    @property
    def is_suspicious(self) -> bool:
        return self.assessment in SUSPICIOUS_ASSESSMENTS

    @property
    def is_of_same_images(self) -> bool:
        """Whether it reads the screening images, as a comparison with prior images does."""
        return self.outcome is None or self.outcome.basis == OutcomeBasis.PRIORS

    @property
    def is_owed_here(self) -> bool:
        """Whether the site has had the switch on since before the report."""
        return owes_lay_summary(self.site, self.read_at)


def owes_lay_summary(site: Site, read_at: datetime) -> bool:
    """Whether a reading of that instant gets its written summary from here."""
    since = site.lay_summaries_from
    return since is not None and calendar.local_day(site, read_at) >= since


def is_mammogram(outcome: Outcome | None) -> bool:
    """Whether the images of a reading are a mammogram; only then a density notice belongs into its summary."""
    return outcome is None or outcome.appointment is None or outcome.appointment.kind not in _NO_MAMMOGRAM


def load_exams(pks: Collection[int], sites: dict[int, Site]) -> "QuerySet[ScreeningExam]":
    """The exams with all that their readings and their patients' channels depend on; `sites` fills up with calendars.

    A fixed number of queries, and two for each new site.
    """
    outcomes = Outcome.objects.select_related("appointment", "release").order_by("pk")
    recalls = Recall.objects.order_by("pk").prefetch_related(Prefetch("outcomes", outcomes))
    exams: QuerySet[ScreeningExam] = (
        ScreeningExam.objects.filter(pk__in=pks)
        .select_related("patient", "referrer")
        .prefetch_related(
            "findings",
            Prefetch("superseded", SupersededReading.objects.order_by("pk")),
            Prefetch("recalls", recalls),
            "patient__contact_points",
            "patient__consents",
        )
        .order_by("pk")
    )
    for exam in exams:
        exam.site = _shared_site(exam.site_id, sites)
    return exams


def _shared_site(pk: int, sites: dict[int, Site]) -> Site:
    if pk not in sites:
        sites[pk] = Site.objects.prefetch_related("opening_hours", "closures").get(pk=pk)
    return sites[pk]


def standing_readings(exam: ScreeningExam, sites: dict[int, Site]) -> list[Reading]:
    """Oldest first; an outcome that a later one amends, or that was taken back, does not stand.

    Of an exam that another facility did, that facility owes the summary. What came of a recall of somebody else, under
    whom the exam was filed before, says nothing of its patient.
    """
    recalls = [recall for recall in exam.recalls.all() if recall.patient_id == exam.patient_id]
    outcomes = [(recall, outcome) for recall in recalls for outcome in recall.outcomes.all()]
    amended = {outcome.amends_id for _recall, outcome in outcomes}
    # A finding on another exam is no mammogram: nothing is owed for that exam itself.
    readings = [] if exam.recall_kind == RecallKind.INCIDENTAL else [_screening_reading(exam)]
    readings += [
        _outcome_reading(exam, recall, outcome, sites)
        for recall, outcome in outcomes
        if outcome.pk not in amended and outcome.basis != OutcomeBasis.OUTSIDE
    ]
    return sorted(readings, key=lambda reading: reading.read_at)


def is_voided(reading: Reading) -> bool:
    """Whether the result asks for a recall, and a person has voided it: the exam may be another patient's."""
    recalls = list(reading.exam.recalls.all())
    if reading.outcome is not None:
        return any(row.pk == reading.outcome.recall_id and row.closure_reason == ClosureReason.VOID for row in recalls)
    return bool(recalls) and recalls[-1].closure_reason == ClosureReason.VOID and reading.exam.needs_recall


def moved_at(exam: ScreeningExam) -> datetime | None:
    """When it was filed under its patient, after it had stood under somebody else (UTC); a merge moves recalls too."""
    return max((recall.closed_at for recall in _recalls_of_others(exam) if recall.closed_at), default=None)


def _recalls_of_others(exam: ScreeningExam) -> list[Recall]:
    return [recall for recall in exam.recalls.all() if recall.patient_id != exam.patient_id]


def amended_outcomes(outcome: Outcome, all_outcomes: Iterable[Outcome]) -> set[int]:
    """The outcomes that it replaces, one after the other."""
    by_id = {row.pk: row for row in all_outcomes}
    found: set[int] = set()
    earlier: Any = outcome.amends_id
    while earlier is not None and earlier not in found:
        found.add(earlier)
        earlier = by_id[earlier].amends_id if earlier in by_id else None
    return found


def _screening_reading(exam: ScreeningExam) -> Reading:
    kinds = {finding.kind for finding in exam.findings.all()}
    return Reading(
        exam=exam,
        outcome=None,
        corrections=len(exam.superseded.all()) + len(_recalls_of_others(exam)),
        site=exam.site,
        assessment=exam.assessment,
        result=results.screening_result(exam.assessment, exam.recall_kind, kinds),
        density=exam.density,
        exam_day=exam.exam_date,
        read_at=_screening_read_at(exam),
    )


def _screening_read_at(exam: ScreeningExam) -> datetime:
    """When it was reported; of a correction that came without a time of its own, when it came."""
    corrections = list(exam.superseded.all())
    if corrections and _reported_before(corrections[-1]) == exam.reported_at:
        return corrections[-1].replaced_at
    return exam.reported_at or exam.created_at


def _reported_before(correction: SupersededReading) -> datetime | None:
    stored = correction.reading.get("reported_at")
    return datetime.fromisoformat(stored) if stored else None


def _outcome_reading(exam: ScreeningExam, recall: Recall, outcome: Outcome, sites: dict[int, Site]) -> Reading:
    visit = outcome.appointment
    site = _shared_site(visit.site_id, sites) if visit else exam.site
    kinds = {finding.kind for finding in exam.findings.all()}
    return Reading(
        exam=exam,
        outcome=outcome,
        corrections=0,
        site=site,
        assessment=outcome.assessment,
        result=results.outcome_result(outcome.assessment, recall.kind, kinds),
        density=exam.density if is_mammogram(outcome) else "",
        exam_day=calendar.local_day(site, visit.starts_at) if visit else exam.exam_date,
        read_at=outcome.at,
        released_at=outcome.release.release_at if hasattr(outcome, "release") else None,
    )
