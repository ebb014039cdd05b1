"""Builds the charts of the board: labels and figures, drawn by board.js, written out in a table and as a CSV file."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.models import Site
from desk.union_counts import CountRow
from recalls.enums import OPEN_STATES, SUSPICIOUS_ASSESSMENTS, Assessment
from reports.current_counts import AGE_BANDS
from reports.weekly_figures import Measure, WeeklyCounts
from reports.weekly_queries import AGED_DAYS, WEEK_COUNT, week_starts

# A cell that begins with one of these is read as a formula by spreadsheets (OWASP: CSV injection).
_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n")

# What a visit may end in, as the board counts it.
OUTCOME_GROUPS: tuple[tuple[Any, frozenset[Assessment]], ...] = (
    (gettext_lazy("Normal"), frozenset({Assessment.NEGATIVE})),
    (gettext_lazy("Benign"), frozenset({Assessment.BENIGN})),
    (gettext_lazy("Probably benign"), frozenset({Assessment.PROBABLY_BENIGN})),
    (gettext_lazy("Biopsy advised"), SUSPICIOUS_ASSESSMENTS),
    (gettext_lazy("Additional imaging needed"), frozenset({Assessment.NEED_IMAGING})),
    (gettext_lazy("Known cancer"), frozenset({Assessment.KNOWN_MALIGNANCY})),
)


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a chart, or one more column of its table; None where there is nothing to measure."""

    label: str
    values: tuple[int | None, ...]
    is_drawn: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """`summary` says in a sentence what the picture shows; `caption` says which instant is counted from which."""

    name: str
    kind: str
    title: str
    summary: str
    caption: str
    row_heading: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]

    @property
    def header(self) -> list[str]:
        return [self.row_heading, *(series.label for series in self.series)]

    @property
    def rows(self) -> list[list[str]]:
        """The chart in words and figures: the rows of its table and of its CSV file."""
        values = [[_("none") if value is None else str(value) for value in series.values] for series in self.series]
        return [[label, *(column[at] for column in values)] for at, label in enumerate(self.labels)]

    @property
    def script_data(self) -> dict[str, Any]:
        """The chart as the script reads it."""
        series = [{"label": one.label, "values": one.values} for one in self.series if one.is_drawn]
        return {"name": self.name, "kind": self.kind, "labels": self.labels, "series": series}


def overdue_chart(rows: Iterable[CountRow], sites: Sequence[Site]) -> Chart:
    """`rows`: overdue recalls by state (key) and site (second)."""
    counts: dict[tuple[str, int], int] = {}
    for row in rows:
        counts[row.key, row.number_2] = counts.get((row.key, row.number_2), 0) + row.count
    total = sum(counts.values())
    return Chart(
        "late",
        "stacked-rows",
        _("Next action overdue by step and by site"),
        ngettext(
            "%(count)d open recall has an overdue next action.",
            "%(count)d open recalls have an overdue next action.",
            total,
        )
        % {"count": total},
        _("Open recalls whose next action was due before now."),
        _("State"),
        tuple(str(state.label) for state in OPEN_STATES),
        tuple(
            Series(site.name, tuple(counts.get((state, site.pk), 0) for state in OPEN_STATES))
            for site in sorted(sites, key=lambda site: site.name)
        ),
    )


def age_chart(rows: Iterable[CountRow]) -> Chart:
    """`rows`: open recalls by state (key) and band of age (first)."""
    counts: dict[tuple[str, int], int] = {}
    for row in rows:
        counts[row.key, row.number_1] = counts.get((row.key, row.number_1), 0) + row.count
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


def trend_chart(weeks: WeeklyCounts, now: datetime, zone: ZoneInfo) -> Chart:
    """How many stood open, how many of them too long, and how many were given up."""

    def by_week(measure: Measure) -> tuple[int, ...]:
        return tuple(weeks.total(measure, week) for week in range(WEEK_COUNT))

    lost = sum(by_week(Measure.LOST))
    return Chart(
        "trend",
        "lines",
        _("Open, aged and lost by week"),
        ngettext(
            "%(count)d recall was closed as lost in the last 12 weeks.",
            "%(count)d recalls were closed as lost in the last 12 weeks.",
            lost,
        )
        % {"count": lost},
        _(
            "Open and aged: as the week ended, the running week as of now; aged is more than %(days)d days since the "
            "recall was opened. Lost: closed in the week. A reopened recall counts as never closed."
        )
        % {"days": AGED_DAYS},
        _("Week of"),
        week_labels(now, zone),
        (
            Series(_("Open"), by_week(Measure.OPEN)),
            Series(_("Aged"), by_week(Measure.AGED)),
            Series(_("Lost"), by_week(Measure.LOST)),
        ),
    )


def outcome_chart(weeks: WeeklyCounts, now: datetime, zone: ZoneInfo) -> Chart:
    counts = [[0] * WEEK_COUNT for _group in OUTCOME_GROUPS]
    for _site, week, _language, found in weeks.rows_for(Measure.OUTCOMES):
        for number, (_label, group) in enumerate(OUTCOME_GROUPS):
            counts[number][week] += sum(found[kind.value] for kind in group)
    total = sum(map(sum, counts))
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
        week_labels(now, zone),
        tuple(
            Series(str(label), tuple(values))
            for (label, _group), values in zip(OUTCOME_GROUPS, counts, strict=True)
        ),
    )  # fmt: skip


def week_labels(now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    return tuple(formats.date_format(week, "MONTH_DAY_FORMAT") for week in week_starts(now, zone))


def escape_formula(words: str) -> str:
    """The words as a spreadsheet shows them: what looks like a formula, and is no plain number, gets an apostrophe."""
    if words.removeprefix("-").isdecimal():
        return words
    return f"'{words}" if words.startswith(_FORMULA_PREFIXES) else words


def format_chart_csv(chart: Chart) -> str:
    file = StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerows([escape_formula(cell) for cell in row] for row in (chart.header, *chart.rows))
    return file.getvalue()


def chart_csv_response(chart: Chart) -> HttpResponse:
    """UTF-8 with a byte order mark, without which Excel reads accents wrongly."""
    answer = HttpResponse("\ufeff" + format_chart_csv(chart), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{chart.name}.csv"'
    return answer
