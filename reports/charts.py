"""What do the board's three charts show? Labels and figures, drawn by board.js and written out in a table."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recalls.states import OPEN_STATES, SUSPICIOUS, Assessment
from reports.history import week_starts
from reports.now import AGE_BANDS
from reports.parts import Row

# What a visit may end in, as the board counts it.
OUTCOME_GROUPS: tuple[tuple[Any, frozenset[Assessment]], ...] = (
    (gettext_lazy("Normal"), frozenset({Assessment.NEGATIVE})),
    (gettext_lazy("Benign"), frozenset({Assessment.BENIGN})),
    (gettext_lazy("Probably benign"), frozenset({Assessment.PROBABLY_BENIGN})),
    (gettext_lazy("Biopsy advised"), SUSPICIOUS),
    (gettext_lazy("More pictures needed"), frozenset({Assessment.NEED_IMAGING})),
    (gettext_lazy("Known cancer"), frozenset({Assessment.KNOWN_MALIGNANCY})),
)


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a chart; None where there is nothing to measure."""

    label: str
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """`summary` says in a sentence what the picture shows; `caption` says which instant is counted from which."""

    name: str
    kind: str
    title: str
    summary: str
    caption: str
    heading: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]

    @property
    def lines(self) -> list[tuple[str, list[int | None]]]:
        """The chart as the rows of a table."""
        return [(label, [series.values[at] for series in self.series]) for at, label in enumerate(self.labels)]

    @property
    def data(self) -> dict[str, Any]:
        """The chart as the script reads it."""
        series = [{"label": series.label, "values": series.values} for series in self.series]
        return {"name": self.name, "kind": self.kind, "labels": self.labels, "series": series}


def ageing(rows: Iterable[Row]) -> Chart:
    counts: dict[tuple[str, int], int] = {(row.key, row.first): row.count for row in rows}
    states = [state for state in OPEN_STATES if any(key == state for key, _band in counts)]
    bands = range(len(AGE_BANDS) + 1)
    old = sum(counts.get((state, len(AGE_BANDS)), 0) for state in states)
    return Chart(
        "ageing",
        "stacked-rows",
        _("Age of open recalls"),
        ngettext("%(count)d open recall is older than 60 days.", "%(count)d open recalls are older than 60 days.", old)
        % {"count": old},
        _("Whole days from the opening of the recall to now."),
        _("State"),
        tuple(str(state.label) for state in states),
        tuple(Series(_band_label(band), tuple(counts.get((state, band), 0) for state in states)) for band in bands),
    )


def _band_label(band: int) -> str:
    first = AGE_BANDS[band - 1] + 1 if band else 0
    if band == len(AGE_BANDS):
        return _("over %(days)d days") % {"days": AGE_BANDS[-1]}
    return _("%(first)d to %(last)d days") % {"first": first, "last": AGE_BANDS[band]}


def outcomes(rows: Iterable[Row], now: datetime, zone: ZoneInfo) -> Chart:
    weeks = week_starts(now, zone)
    counts: Counter[tuple[str, int]] = Counter()
    for row in rows:
        counts[row.key, row.first] += row.count
    series = [
        Series(str(label), tuple(sum(counts[kind, week] for kind in group) for week in range(len(weeks))))
        for label, group in OUTCOME_GROUPS
    ]
    total = sum(counts.values())
    return Chart(
        "outcomes",
        "stacked-columns",
        _("Outcomes by week"),
        ngettext(
            "%(count)d outcome was recorded in the last 12 weeks.",
            "%(count)d outcomes were recorded in the last 12 weeks.",
            total,
        )
        % {"count": total},
        _("By the week in which the radiologist recorded the outcome; an amended one counts once, as it now stands."),
        _("Week of"),
        _week_labels(weeks),
        tuple(series),
    )


def time_to_visit(rows: Iterable[Row], now: datetime, zone: ZoneInfo) -> Chart:
    weeks = week_starts(now, zone)
    days: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for row in rows:
        days[row.first][row.second] += row.count
    everything = sum(days.values(), Counter[int]())
    middle = centile(everything, 50)
    visits = everything.total()
    told = _("No visit was kept in the last 12 weeks.")
    if middle is not None:
        told = _("Half of %(visits)d first visits took place within %(days)d days of the result.") % {
            "visits": visits,
            "days": middle,
        }
    return Chart(
        "visits",
        "lines",
        _("Days from result to visit"),
        told,
        _(
            "Calendar days at the site from the screening report to the first visit that was kept, by the week of the "
            "visit. Median: half waited no longer. 90th centile: nine in ten waited no longer."
        ),
        _("Week of"),
        _week_labels(weeks),
        (
            Series(_("Median"), tuple(centile(days[week], 50) for week in range(len(weeks)))),
            Series(_("90th centile"), tuple(centile(days[week], 90) for week in range(len(weeks)))),
            Series(_("Visits"), tuple(days[week].total() for week in range(len(weeks)))),
        ),
    )


def centile(counted: Counter[int], percent: int) -> int | None:
    """The smallest value that at least so many percent do not exceed (nearest rank); None without values."""
    wanted, seen = ceil(counted.total() * percent / 100), 0
    for value in sorted(counted):
        seen += counted[value]
        if seen >= wanted:
            return value
    return None


def _week_labels(weeks: Sequence[date]) -> tuple[str, ...]:
    return tuple(formats.date_format(week, "MONTH_DAY_FORMAT") for week in weeks)
