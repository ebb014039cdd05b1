"""The comparison of groups as a plain document: page, CSV and JSON file show this and nothing else."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from reports.audit.definitions import SMALL_DENOMINATOR
from reports.audit.equity.definitions import SHARES
from reports.audit.equity.figures import EquityFigures, GroupShare
from reports.audit.figures import format_kept_at
from reports.audit.scope import AuditScope, Breakdown
from reports.rates import format_rate, format_share

EquityDocument = dict[str, Any]
_SHARE_COLUMNS = ("count", "of", "percent", "low_95", "high_95", "low_998", "high_998", "place", "warnings")
EQUITY_COLUMNS = ("group", "share", "label", *_SHARE_COLUMNS)


def build_equity_document(found: EquityFigures, scope: AuditScope, by: Breakdown, today: date) -> EquityDocument:
    return {
        "since": scope.since.isoformat(),
        "until": scope.until.isoformat(),
        "counted_on": today.isoformat(),
        "kept_at": format_kept_at(found.kept_at, scope),
        "facilities": [site.name for site in scope.sites],
        "by": by.value,
        "by_label": str(by.label),
        "definitions": [{"name": one.name, "label": str(one.label), "meaning": str(one.meaning)} for one in SHARES],
        "groups": [
            {
                "label": group.label,
                "recalls": group.recalls,
                "shares": {share.definition.name: _describe_share(share) for share in group.shares},
            }
            for group in found.groups
        ],
    }


def _describe_share(share: GroupShare) -> dict[str, Any]:
    warnings = [] if share.of else [_("none counted")]
    if share.is_small:
        warnings.append(_("small: fewer than %(number)d") % {"number": SMALL_DENOMINATOR})
    warning, alarm = share.warning or ("", ""), share.alarm or ("", "")
    return {
        "count": share.count,
        "of": share.of,
        "percent": format_rate(share.count, share.of, 100) if share.of else "",
        "low_95": _percent(warning[0]),
        "high_95": _percent(warning[1]),
        "low_998": _percent(alarm[0]),
        "high_998": _percent(alarm[1]),
        "place": str(share.place),
        "warnings": warnings,
    }


def _percent(share: float | str) -> str:
    return format_share(share) if isinstance(share, float) else share


def equity_rows(document: EquityDocument) -> Iterator[list[str]]:
    """The cells of the CSV file, a row for each share of each group."""
    for definition in document["definitions"]:
        for group in document["groups"]:
            share = group["shares"][definition["name"]]
            cells = [str(share[column]) for column in _SHARE_COLUMNS[:-1]]
            yield [group["label"], definition["name"], definition["label"], *cells, "; ".join(share["warnings"])]


def equity_tables(document: EquityDocument) -> list[dict[str, Any]]:
    """For the page: a table for each share, its rows the groups."""
    return [
        {
            "definition": definition,
            "rows": [
                {"label": group["label"], "share": group["shares"][definition["name"]]} for group in document["groups"]
            ],
        }
        for definition in document["definitions"]
    ]


def equity_charts(tables: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each table the share of each group, and the range between its limits."""
    return [
        {
            "name": table["definition"]["name"],
            "kind": "limit-rows",
            "axes": {"x": _("Per cent")},
            "labels": [row["label"] for row in table["rows"]],
            "series": [
                {"label": _("Share"), "values": [_number(row["share"]["percent"]) for row in table["rows"]]},
                {"label": _("95 % limits"), "values": [_range(row["share"], "95") for row in table["rows"]]},
                {"label": _("99.8 % limits"), "values": [_range(row["share"], "998") for row in table["rows"]]},
            ],
        }
        for table in tables
    ]


def _number(text: str) -> float | None:
    return float(text) if text else None


def _range(share: dict[str, Any], limits: str) -> list[float] | None:
    low, high = share[f"low_{limits}"], share[f"high_{limits}"]
    return [float(low), float(high)] if low and high else None


def outside_limits(document: EquityDocument) -> list[dict[str, str]]:
    """The shares of groups that chance alone explains badly: those outside the 99.8 % limits, by name of the share."""
    return [
        {"share": table["definition"]["label"], "id": table["definition"]["name"], "group": row["label"],
         "percent": row["share"]["percent"], "low": row["share"]["low_998"], "high": row["share"]["high_998"]}
        for table in equity_tables(document)
        for row in table["rows"]
        if row["share"]["low_998"]
        and not float(row["share"]["low_998"]) <= float(row["share"]["percent"]) <= float(row["share"]["high_998"])
    ]  # fmt: skip
