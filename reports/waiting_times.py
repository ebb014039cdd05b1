"""Charts how long patients wait from the result to the visit and to the outcome."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Site
from desk.languages import language_name
from reports.charts import Chart, Series, week_labels
from reports.rates import whole_percent
from reports.weekly_figures import Measure, WeeklyCounts
from reports.weekly_queries import WEEK_COUNT


@dataclass(frozen=True, slots=True)
class WaitMeasure:
    """One wait that is measured: its words, and the field of a site's deadlines that holds its target in days."""

    name: str
    measure: Measure
    target_field: str
    title: Any
    summary: Any
    empty_summary: Any
    count_label: Any
    caption: Any


WAIT_MEASURES = (
    WaitMeasure(
        "visits",
        Measure.VISIT_DAYS,
        "visit",
        gettext_lazy("Days from result to visit"),
        gettext_lazy("Half of %(count)d first visits took place within %(days)d days of the result."),
        gettext_lazy("No visit was kept in the last 12 weeks."),
        gettext_lazy("Visits"),
        gettext_lazy(
            "Calendar days at the site from the screening report to the first visit that was kept, by the week of the "
            "visit. Median: half waited no longer. 90th centile: nine in ten waited no longer. Target: the site's "
            "deadline for the visit."
        ),
    ),
    WaitMeasure(
        "outcome-days",
        Measure.OUTCOME_DAYS,
        "resolution",
        gettext_lazy("Days from result to outcome"),
        gettext_lazy("Half of %(count)d outcomes were recorded within %(days)d days of the result."),
        gettext_lazy("No outcome was recorded in the last 12 weeks."),
        gettext_lazy("Outcomes"),
        gettext_lazy(
            "Calendar days at the site from the screening report to the first outcome other than “additional "
            "imaging needed”, by the week in which it was recorded. Median: half waited no longer. 90th centile: "
            "nine in ten waited no longer. Target: the site's deadline from result to resolution."
        ),
    ),
)


class _WaitGroup:
    """The waits of one line of a chart, kept by site since each site has its own target."""

    def __init__(self) -> None:
        self.by_site: defaultdict[int, Counter[int]] = defaultdict(Counter)

    def add(self, site: int, counts: Counter[str]) -> None:
        self.by_site[site].update({int(days): count for days, count in counts.items()})

    @property
    def days(self) -> Counter[int]:
        return sum(self.by_site.values(), Counter[int]())

    def percent_within_target(self, targets: dict[int, int]) -> int | None:
        """Of a hundred, how many waited no longer than their site's target."""
        total = sum(counts.total() for counts in self.by_site.values())
        within = sum(
            count for site, counts in self.by_site.items() for days, count in counts.items() if days <= targets[site]
        )
        return whole_percent(within, total) if total else None


def wait_charts(weeks: WeeklyCounts, sites: Sequence[Site], now: datetime, zone: ZoneInfo) -> Iterable[Chart]:
    """Three charts for each wait. One query, for the sites' targets."""
    policies = {site.pk: site.policy for site in sites}
    names = {site.pk: site.name for site in sites}
    for wait in WAIT_MEASURES:
        targets = {site: getattr(policy, wait.target_field) for site, policy in policies.items()}
        by_week = [_WaitGroup() for _week in range(WEEK_COUNT)]
        by_language: defaultdict[str, _WaitGroup] = defaultdict(_WaitGroup)
        by_site: defaultdict[str, _WaitGroup] = defaultdict(_WaitGroup)
        for site, week, language, counts in weeks.rows_for(wait.measure):
            for group in (by_week[week], by_language[language_name(language)], by_site[names[site]]):
                group.add(site, counts)
        labels = week_labels(now, zone)
        yield _wait_chart(wait, "", "lines", _("Week of"), list(zip(labels, by_week, strict=True)), targets)
        yield _wait_chart(
            wait, "-language", "rows", _("Language"), sorted(by_language.items(), key=_group_label), targets
        )
        yield _wait_chart(wait, "-site", "rows", _("Site"), sorted(by_site.items(), key=_group_label), targets)


def _group_label(line: tuple[str, _WaitGroup]) -> str:
    return line[0]


def _wait_chart(
    wait: WaitMeasure,
    suffix: str,
    kind: str,
    heading: str,
    lines: Sequence[tuple[str, _WaitGroup]],
    targets: dict[int, int],
) -> Chart:
    groups = [group for _label, group in lines]
    everything = sum((group.days for group in groups), Counter[int]())
    middle = percentile(everything, 50)
    told = str(wait.empty_summary)
    if middle is not None:
        told = wait.summary % {"count": everything.total(), "days": middle}
    by = {"": "", "-language": _("%(what)s, by language"), "-site": _("%(what)s, by site")}[suffix]
    return Chart(
        wait.name + suffix,
        kind,
        by % {"what": wait.title} if by else str(wait.title),
        told,
        str(wait.caption),
        heading,
        tuple(label for label, _group in lines),
        (
            Series(_("Median"), tuple(percentile(group.days, 50) for group in groups)),
            Series(_("90th centile"), tuple(percentile(group.days, 90) for group in groups)),
            Series(
                _("Within the target (%)"),
                tuple(group.percent_within_target(targets) for group in groups),
                is_drawn=False,
            ),
            Series(str(wait.count_label), tuple(group.days.total() for group in groups), is_drawn=False),
        ),
    )


def percentile(counted: Counter[int], percent: int) -> int | None:
    """The smallest value that at least so many percent do not exceed (nearest rank); None without values."""
    wanted, seen = ceil(counted.total() * percent / 100), 0
    for value in sorted(counted):
        seen += counted[value]
        if seen >= wanted:
            return value
    return None
