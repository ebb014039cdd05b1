"""The audit as a plain document: the page, the CSV and JSON files and a signed audit all show this and nothing else."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from reports.audit.definitions import DIAGNOSTIC_MEASURES, KNOWN_CANCERS_NOTE, SCREENING_MEASURES, MeasureDefinition
from reports.audit.figures import Audit, AuditFigure, AuditGroup, format_kept_at

Document = dict[str, Any]
_MEASURES_BY_SECTION = {"screening": SCREENING_MEASURES, "diagnostic": DIAGNOSTIC_MEASURES}
FIGURE_COLUMNS = ("numerator", "denominator", "rate", "low", "high", "unit", "mature", "warnings")
COLUMNS = ("section", "group", "measure", "label", *FIGURE_COLUMNS, "source")


def build_document(audit: Audit, today: date) -> Document:
    """Words in the language of the reader; numbers as the page prints them."""
    return {
        "since": audit.scope.since.isoformat(),
        "until": audit.scope.until.isoformat(),
        "counted_on": today.isoformat(),
        "kept_at": format_kept_at(audit.kept_at, audit.scope),
        "facilities": [site.name for site in audit.scope.sites],
        "by": str(audit.by.value),
        "by_label": str(audit.by.label),
        "mature": audit.is_mature,
        "window_ends_on": audit.scope.window_ends_on.isoformat(),
        "note": str(KNOWN_CANCERS_NOTE),
        "sections": [
            {
                "name": name,
                "label": label,
                "definitions": [describe_measure(measure) for measure in _MEASURES_BY_SECTION[name]],
                "groups": [_describe_group(group) for group in groups],
            }
            for name, label, groups in audit.sections
        ],
    }


def describe_measure(measure: MeasureDefinition) -> dict[str, Any]:
    return {
        "name": measure.name,
        "label": str(measure.label),
        "numerator": str(measure.numerator),
        "denominator": str(measure.denominator),
        "window": str(measure.window),
        "exclusions": str(measure.exclusions),
        "source": measure.source,
        "yardstick": str(measure.yardstick),
        "per": measure.per,
    }


def _describe_group(group: AuditGroup) -> dict[str, Any]:
    figures = {figure.measure.name: describe_figure(figure) for figure in group.figures}
    return {"label": group.label, "exams": group.exams, "figures": figures}


def describe_figure(figure: AuditFigure) -> dict[str, Any]:
    return {
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "rate": figure.rate,
        "low": figure.low,
        "high": figure.high,
        "unit": str(figure.unit),
        "mature": figure.is_mature,
        "warnings": figure.warnings,
    }


def document_rows(document: Document) -> Iterator[list[str]]:
    """The cells of the CSV file, a row for each figure."""
    for section in document["sections"]:
        for definition in section["definitions"]:
            for group in section["groups"]:
                figure = group["figures"][definition["name"]]
                yield [
                    section["name"], group["label"], definition["name"], definition["label"],
                    *(_cell(figure[column]) for column in FIGURE_COLUMNS), definition["source"],
                ]  # fmt: skip


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "; ".join(value) if isinstance(value, list) else str(value)


def document_tables(document: Document) -> list[dict[str, Any]]:
    """For the page: each section with a table for each measure; where nothing is told apart, one table for all."""
    tables = []
    for section in document["sections"]:
        measures = [
            {
                "definition": definition,
                "id": f"{section['name']}-{definition['name']}",
                "rows": [
                    {"label": group["label"], "exams": group["exams"], "figure": group["figures"][definition["name"]]}
                    for group in section["groups"]
                ],
            }
            for definition in section["definitions"]
        ]
        tables.append({"name": section["name"], "label": section["label"], "measures": measures})
    return tables


def chart_data(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A picture of each table with more than one row, as the script of the board reads it."""
    return [
        {
            "name": measure["id"],
            "kind": "rows",
            "labels": [row["label"] for row in measure["rows"]],
            "series": [
                {
                    "label": measure["definition"]["label"],
                    "values": [
                        float(row["figure"]["rate"]) if row["figure"]["rate"] else None for row in measure["rows"]
                    ],
                }
            ],
        }
        for table in tables
        for measure in table["measures"]
    ]
