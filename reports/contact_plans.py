"""How many of those screened in the last 30 days have a contact plan, by site, as parts of the board's one query."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef

from clinic import calendar
from clinic.models import Site
from desk.union_counts import CountQuery, CountRow, count_query
from patients.models import ContactPlan, ContactPoint
from recalls.models import ScreeningExam
from reports.rates import whole_percent

PERIOD = timedelta(days=30)
# A plan is made anew at each year's screening; one that is a little older still counts.
HOLDS = timedelta(days=395)


@dataclass(frozen=True, slots=True)
class PlanCoverage:
    """One site: patients screened in the period, those with a finished plan, those whose number a code proved."""

    site: str
    screened: int
    finished: int
    verified: int

    @property
    def finished_percent(self) -> int:
        return whole_percent(self.finished, self.screened) if self.screened else 0

    @property
    def verified_percent(self) -> int:
        return whole_percent(self.verified, self.screened) if self.screened else 0


def plan_count_queries(sites: Sequence[Site], now: datetime) -> list[CountQuery]:
    """Each patient once, however many exams; those who died since are not counted. None where no site asks."""
    asking = [site for site in sites if site.asks_contact_plan]
    if not asking:
        return []
    since = min(calendar.local_day(site, now) for site in asking) - PERIOD
    exams = ScreeningExam.objects.filter(site__in=asking, exam_date__gte=since, patient__deceased_on=None)
    of_patient = {"patient": OuterRef("patient_id")}
    finished = ContactPlan.objects.filter(**of_patient, finished_at__gte=now - HOLDS)
    verified = ContactPoint.objects.filter(**of_patient, unusable="", verified_at__isnull=False)
    return [
        count_query(rows, name, first=F("site_id"), count=Count("patient", distinct=True))
        for name, rows in (
            ("plan_screened", exams),
            ("plan_finished", exams.filter(Exists(finished))),
            ("plan_verified", exams.filter(Exists(verified))),
        )
    ]


def plan_coverage(sites: Sequence[Site], rows_for: Callable[[str], list[CountRow]]) -> list[PlanCoverage]:
    """A line for each site that asks, in the order of the sites."""
    counts = {
        name: {row.number_1: row.count for row in rows_for(f"plan_{name}")}
        for name in ("screened", "finished", "verified")
    }
    return [
        PlanCoverage(site.name, **{name: by_site.get(site.pk, 0) for name, by_site in counts.items()})
        for site in sites
        if site.asks_contact_plan
    ]
