"""A reader's own figures of some years beside those of all others together, who are not told apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from clinic.models import Site, User
from reports.audit.definitions import MEASURES_BY_NAME, MeasureDefinition
from reports.audit.figures import OTHER_READERS, Audit, AuditFigure, compute_audit
from reports.audit.scope import AuditScope, Breakdown

_YEARS = 3
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


def trend_charts(trends: Sequence[ReaderTrend]) -> list[dict[str, Any]]:
    """A picture of each table, as the script of the board reads it."""
    return [
        {
            "name": trend.measure.name,
            "kind": "lines",
            "labels": [str(row.year) for row in trend.rows],
            "series": [
                {"label": label, "values": [_rate(getattr(row, side)) for row in trend.rows]}
                for label, side in ((_("You"), "own"), (_("Other readers together"), "others"))
            ],
        }
        for trend in trends
    ]


def _rate(figure: AuditFigure | None) -> float | None:
    return float(figure.rate) if figure is not None and figure.rate else None
