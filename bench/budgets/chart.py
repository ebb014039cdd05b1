"""Draws every measured line as a share of its limit: what ends left of 1 is met."""

from pathlib import Path
from typing import Any

_MET, _MISSED = "#2f6f9f", "#b3261e"


def draw(lines: list[dict[str, Any]], path: Path) -> None:
    """As an SVG; a limit that is a least is turned round, so that less is better for each."""
    from matplotlib.figure import Figure

    shares = [(line, share) for line in lines if (share := _share(line)) is not None]
    figure = Figure(figsize=(9, 1.2 + 0.22 * len(shares)), layout="constrained")
    axes = figure.add_subplot()
    axes.barh(
        [line["name"] for line, _share in shares],
        [share for _line, share in shares],
        color=[_MISSED if line["verdict"] == "MISSED" else _MET for line, _share in shares],
    )
    axes.axvline(1.0, color="black", linewidth=1)
    axes.invert_yaxis()
    axes.set_xlabel("share of the limit (1 = the limit; less is better)")
    axes.tick_params(axis="y", labelsize=8)
    axes.margins(y=0.01)
    figure.savefig(path, metadata={"Title": "Recall Desk: measured against its limits", "Date": None})


def _share(line: dict[str, Any]) -> float | None:
    value, limit = line["value"], line["limit"]
    if value is None or not limit:
        return None
    return float(limit / value if line["is_floor"] else value / limit) if value or not line["is_floor"] else None
