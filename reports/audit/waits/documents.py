"""The waits as a plain document: page, CSV and JSON file show this and nothing else."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from reports.audit.definitions import SMALL_DENOMINATOR
from reports.audit.figures import format_kept_at
from reports.audit.scope import AuditScope, Breakdown
from reports.audit.waits.definitions import WAITS, WaitDefinition
from reports.audit.waits.figures import CURVE_DAYS, WaitFigure, WaitFigures, WaitGroup
from reports.rates import format_rate, format_share

WaitDocument = dict[str, Any]
_FIGURE_COLUMNS = ("waiting", "reached", "median", "ninetieth", "target", "within_target", "warnings")
WAIT_COLUMNS = ("group", "wait", "label", *_FIGURE_COLUMNS, *(f"by_day_{day}" for day in CURVE_DAYS))


def build_wait_document(found: WaitFigures, scope: AuditScope, by: Breakdown, today: date) -> WaitDocument:
    return {
        "since": scope.since.isoformat(),
        "until": scope.until.isoformat(),
        "counted_on": today.isoformat(),
        "kept_at": format_kept_at(found.kept_at, scope),
        "facilities": [site.name for site in scope.sites],
        "by": by.value,
        "by_label": str(by.label),
        "curve_days": list(CURVE_DAYS),
        "definitions": [_describe_wait(wait) for wait in WAITS],
        "groups": [_describe_group(group) for group in found.groups],
    }


def _describe_wait(wait: WaitDefinition) -> dict[str, Any]:
    return {
        "name": wait.name,
        "label": str(wait.label),
        "start": str(wait.start.label),
        "end": str(wait.end.label),
        "target": wait.target,
        "yardstick": str(wait.yardstick),
        "source": wait.source,
    }


def _describe_group(group: WaitGroup) -> dict[str, Any]:
    return {
        "label": group.label,
        "recalls": group.recalls,
        "open": group.still_open,
        "lost": group.lost,
        "declined": group.declined,
        "elsewhere": group.elsewhere,
        "called_in_time": group.called_in_time,
        "to_call": group.to_call,
        "called_in_time_percent": format_rate(group.called_in_time, group.to_call, 100) if group.to_call else "",
        "waits": {figure.wait.name: _describe_figure(figure) for figure in group.figures},
    }


def _describe_figure(figure: WaitFigure) -> dict[str, Any]:
    warnings = [] if figure.waiting else [_("none counted")]
    if figure.is_small:
        warnings.append(_("small: fewer than %(number)d") % {"number": SMALL_DENOMINATOR})
    return {
        "waiting": figure.waiting,
        "reached": figure.reached,
        "median": figure.median,
        "ninetieth": figure.ninetieth,
        "target": figure.wait.target,
        "within_target": _percent(figure.within_target),
        "warnings": warnings,
        "by_day": [_percent(share) for share in figure.by_day],
    }


def _percent(share: float | None) -> str:
    return "" if share is None else format_share(share)


def wait_rows(document: WaitDocument) -> Iterator[list[str]]:
    """The cells of the CSV file, a row for each wait of each group."""
    for definition in document["definitions"]:
        for group in document["groups"]:
            figure = group["waits"][definition["name"]]
            cells = [figure[column] for column in _FIGURE_COLUMNS[:-1]]
            yield [
                group["label"], definition["name"], definition["label"],
                *("" if cell is None else str(cell) for cell in cells), "; ".join(figure["warnings"]),
                *figure["by_day"],
            ]  # fmt: skip


def wait_tables(document: WaitDocument) -> list[dict[str, Any]]:
    """For the page: a table for each wait, its rows the groups."""
    return [
        {
            "definition": definition,
            "rows": [
                {"label": group["label"], "figure": group["waits"][definition["name"]]} for group in document["groups"]
            ],
        }
        for definition in document["definitions"]
    ]


def wait_charts(document: WaitDocument) -> list[dict[str, Any]]:
    """For each wait a curve of each group: the share that has got there, by day."""
    return [
        {
            "name": definition["name"],
            "kind": "curves",
            "axes": {"x": _("Days"), "y": _("Per cent there")},
            "labels": [str(day) for day in document["curve_days"]],
            "series": [
                {
                    "label": group["label"],
                    "values": [
                        float(share) if share else None for share in group["waits"][definition["name"]]["by_day"]
                    ],
                }
                for group in document["groups"]
            ],
        }
        for definition in document["definitions"]
    ]
