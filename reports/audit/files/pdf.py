"""Sets reports of figures as PDF/UA: the signed audit, and the month for the clinic's meeting."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from notifications.rendering.letter_pdf import TYPST_FOLDER
from reports.audit.documents import Document
from reports.audit.equity.documents import EquityDocument
from reports.audit.waits.documents import WaitDocument
from reports.models import SignedAudit

Table = dict[str, Any]
_TEMPLATE = Path(__file__).resolve().parents[2] / "typst" / "report.typ"


def render_report(title: str, paragraphs: Iterable[str], tables: Iterable[Table]) -> bytes:
    """Words and figures go to typst as data and never as markup."""
    report = {
        "title": title,
        "language": (get_language() or "en").split("-")[0],
        "paragraphs": [words for words in paragraphs if words],
        "tables": [one for one in tables if one["rows"]],
    }
    return typst.compile(
        _TEMPLATE, sys_inputs={"report": json.dumps(report)}, ignore_system_fonts=True,
        font_paths=[TYPST_FOLDER / "fonts"], format="pdf", pdf_standards="ua-1",
    )  # fmt: skip


def render_signed_audit(signed: SignedAudit, documents: Iterable[Document]) -> bytes:
    """Every breakdown as it was frozen, then the definitions that it followed."""
    title = _("Audit of %(year)d: %(site)s") % {"year": signed.year, "site": signed.site.name}
    words = _("Signed by %(name)s on %(day)s.") % {"name": signed.by, "day": f"{signed.at:%Y-%m-%d}"}
    shown = list(documents)
    tables = [table for document in shown for table in audit_tables(document)]
    return render_report(title, [words, signed.note, shown[0]["note"]], [*tables, *_definition_tables(shown[0])])


def render_audit(document: Document) -> bytes:
    """The figures of one breakdown as they stand, then the definitions that they follow."""
    title = _("Audit, %(since)s to %(until)s") % {"since": document["since"], "until": document["until"]}
    words = _("%(sites)s; counted %(day)s. Not signed.") % {
        "sites": ", ".join(document["facilities"]), "day": document["counted_on"],
    }  # fmt: skip
    tables = [*audit_tables(document), *_definition_tables(document)]
    return render_report(title, [words, document["note"]], tables)


def audit_tables(document: Document) -> list[Table]:
    """A table for each section; where groups are told apart, a row for each measure of each group."""
    is_split = document["by"] != "all"
    columns = [_("Measure"), *([document["by_label"]] if is_split else []), _("Count"), _("Rate"),
               _("95 % interval"), _("To note")]  # fmt: skip
    return [
        {
            "heading": f"{section['label']}: {document['by_label']}" if is_split else section["label"],
            "words": "",
            "columns": columns,
            "rows": [
                [definition["label"], *([group["label"]] if is_split else []), *_figure_cells(group, definition)]
                for definition in section["definitions"]
                for group in section["groups"]
            ],
        }
        for section in document["sections"]
    ]


def _figure_cells(group: dict[str, Any], definition: dict[str, Any]) -> list[str]:
    figure = group["figures"][definition["name"]]
    count = _count(figure["numerator"], figure["denominator"])
    if not figure["rate"]:
        return [count, "-", "-", "; ".join(figure["warnings"])]
    interval = _("%(low)s to %(high)s") % {"low": figure["low"], "high": figure["high"]}
    return [count, f"{figure['rate']} {figure['unit']}", interval, "; ".join(figure["warnings"])]


def _definition_tables(document: Document) -> list[Table]:
    return [
        {
            "heading": _("What is counted: %(section)s") % {"section": section["label"]},
            "words": "",
            "columns": [_("Measure"), _("Numerator"), _("Denominator"), _("Window"), _("Source")],
            "rows": [
                [one["label"], one["numerator"], one["denominator"], one["window"], one["source"]]
                for one in section["definitions"]
            ],
        }
        for section in document["sections"]
    ]


def wait_table(document: WaitDocument) -> Table:
    """The waits of all recalls together."""
    groups = document["groups"]
    rows = []
    for one in document["definitions"] if groups else []:
        figure = groups[0]["waits"][one["name"]]
        within = f"{figure['within_target']} %" if figure["within_target"] else "-"
        days = ["-" if figure[name] is None else str(figure[name]) for name in ("median", "ninetieth")]
        rows.append(
            [one["label"], _count(figure["reached"], figure["waiting"]), *days, within, one["yardstick"] or "-"]
        )
    columns = [_("Wait"), _("There by now"), _("Median"), _("90th centile"), _("Within target"), _("Published")]
    return {"heading": _("Waits in days"), "words": "", "columns": columns, "rows": rows}


def outlier_table(documents: Iterable[EquityDocument]) -> Table:
    """The groups that lie outside the 99.8 % limits."""
    rows = []
    for document in documents:
        labels = {one["name"]: one["label"] for one in document["definitions"]}
        for group in document["groups"][1:]:
            for name, share in group["shares"].items():
                if share["of"] and not float(share["low_998"]) <= float(share["percent"]) <= float(share["high_998"]):
                    limits = _("%(low)s to %(high)s") % {"low": share["low_998"], "high": share["high_998"]}
                    rows.append([labels[name], document["by_label"], group["label"],
                                 _count(share["count"], share["of"]), f"{share['percent']} %", limits])  # fmt: skip
    columns = [_("Share"), _("By"), _("Group"), _("Count"), _("Share in per cent"), _("99.8 % limits")]
    return {"heading": _("Groups outside the 99.8 % limits"), "words": "", "columns": columns, "rows": rows}


def _count(part: int, whole: int) -> str:
    return _("%(part)d of %(whole)d") % {"part": part, "whole": whole}
