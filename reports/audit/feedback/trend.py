"""A reader's own figures of some years beside those of all others together, who are not told apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from clinic.models import Site, User
from reports.audit.definitions import MEASURES_BY_NAME, MeasureDefinition
from reports.audit.documents import describe_figure, describe_measure
from reports.audit.figures import OTHER_READERS, Audit, AuditFigure, compute_audit
from reports.audit.scope import AuditScope, Breakdown

_YEARS = 3
_FIGURE_COLUMNS = ("numerator", "denominator", "rate", "low", "high", "unit", "mature")
TREND_COLUMNS = ("measure", "label", "year", "who", *_FIGURE_COLUMNS)
TrendDocument = dict[str, Any]
_SHOWN = ("air", "cdr", "ppv1", "sensitivity", "diagnostic_ppv3")


@dataclass(frozen=True, slots=True)
class TrendRow:
    """One year; None where nobody read that year."""

    year: int
    own: AuditFigure | None
    others: AuditFigure | None


@dataclass(frozen=True, slots=True)
class ReaderTrend:
    measure: MeasureDefinition
    rows: tuple[TrendRow, ...]


def build_trend(user: User, sites: Sequence[Site], today: date) -> list[ReaderTrend]:
    """For each measure a row for each year, the present one last."""
    audits = [
        (year, compute_audit(AuditScope.of_year(sites, year), Breakdown.READER, today, own_reader_id=user.pk))
        for year in range(today.year - _YEARS + 1, today.year + 1)
    ]
    return [
        ReaderTrend(
            MEASURES_BY_NAME[name],
            tuple(
                TrendRow(year, _find(audit, name, user.pk), _find(audit, name, OTHER_READERS)) for year, audit in audits
            ),
        )
        for name in _SHOWN
    ]


def _find(audit: Audit, name: str, key: Any) -> AuditFigure | None:
    """The figure of the group with that key."""
    groups = (group for group in (*audit.screening, *audit.diagnostic) if group.key == key)
    return next((figure for group in groups for figure in group.figures if figure.measure.name == name), None)


def build_trend_document(trends: Sequence[ReaderTrend], today: date) -> TrendDocument:
    """Page, CSV and JSON file show this and nothing else; None where nobody read that year."""
    return {
        "counted_on": today.isoformat(),
        "measures": [
            {
                "definition": describe_measure(trend.measure),
                "rows": [
                    {
                        "year": row.year,
                        "own": describe_figure(row.own) if row.own else None,
                        "others": describe_figure(row.others) if row.others else None,
                    }
                    for row in trend.rows
                ],
            }
            for trend in trends
        ],
    }


def trend_rows(document: TrendDocument) -> Iterator[list[str]]:
    """The cells of the CSV file, a row for each year and side."""
    for measure in document["measures"]:
        for row in measure["rows"]:
            for side in ("own", "others"):
                figure = row[side] or {}
                cells = [str(figure.get(name, "")) for name in _FIGURE_COLUMNS]
                definition = measure["definition"]
                yield [definition["name"], definition["label"], str(row["year"]), side, *cells]


def trend_charts(document: TrendDocument) -> list[dict[str, Any]]:
    """A picture of each table, as the script of the board reads it."""
    sides = (("own", _("You")), ("others", _("Other readers together")))
    return [
        {
            "name": measure["definition"]["name"],
            "kind": "lines",
            "labels": [str(row["year"]) for row in measure["rows"]],
            "series": [
                {"label": label, "values": [_rate(row[side]) for row in measure["rows"]]} for side, label in sides
            ],
        }
        for measure in document["measures"]
    ]


def _rate(figure: dict[str, Any] | None) -> float | None:
    return float(figure["rate"]) if figure and figure["rate"] else None
