"""Where are the texts that patients get, and what do they say with everything filled in for an invented patient?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import frontmatter
from markdown_it import MarkdownIt
from markdown_it.token import Token

from notifications.facts import fact_placeholders

ROOT: Final = Path(__file__).resolve().parents[2] / "notifications"
MESSAGES: Final = ROOT / "messages" / "en"
EXPLAINERS: Final = ROOT / "explainers" / "en"

ALWAYS: Final[Mapping[str, str]] = {
    "first_name": "Testa",
    "clinic_name": "Sample Imaging",
    "clinic_phone": "412-555-0100",
    "clinic_hours": "Monday to Friday, 8 am to 5 pm",
    "clinic_address": "100 Sample Street, Pittsburgh",
    "signer": "Ana Sample",
    "language_line": "We have interpreters. They are free.",
}
VISIT: Final[Mapping[str, str]] = {
    "visit_day": "Thursday, November 26, 2026",
    "visit_time": "9:00 am",
    "visit_place": "Sample Imaging, 100 Sample Street",
    "visit_length": "about an hour",
}
FOLLOW_UP: Final[Mapping[str, str]] = {"follow_up_month": "June 2027", "follow_up_by": "June 30, 2027"}
BLOCKS: Final = ("what_to_bring", "what_happens", "cost_line", "reasons", "figures")
"""Placeholders that stand alone in a paragraph and are filled with the first paragraphs of explainers."""

VISIT_KINDS: Final = frozenset(
    {
        "appointment_confirmation",
        "appointment_changed",
        "appointment_cancelled",
        "appointment_reminder",
        "missed_appointment",
        "biopsy_confirmation",
        "biopsy_reminder",
    }
)
FOLLOW_UP_KINDS: Final = frozenset({"outcome_probably_benign", "follow_up_due"})
OTHER_KINDS: Final = frozenset(
    {
        "recall_notice",
        "please_call",
        "priors_wait",
        "outcome_normal",
        "outcome_benign",
        "please_call_results",
        "no_visit_needed",
    }
)
KINDS: Final = VISIT_KINDS | FOLLOW_UP_KINDS | OTHER_KINDS


@dataclass(frozen=True)
class Text:
    """One file: ``name`` is its path without ``.md``; ``head`` is the front matter."""

    name: str
    head: Mapping[str, object]
    body: str

    @property
    def kind(self) -> str:
        return self.name.removesuffix(".detailed")

    @property
    def detailed(self) -> bool:
        return self.name.endswith(".detailed")

    @property
    def placeholders(self) -> set[str]:
        return set(Template(self.body).get_identifiers())

    @property
    def first_paragraph(self) -> str:
        return self.body.split("\n\n", 1)[0]


def _load(folder: Path) -> dict[str, Text]:
    found: dict[str, Text] = {}
    for path in sorted(folder.rglob("*.md")):
        post = frontmatter.loads(path.read_text(encoding="utf-8"))
        name = path.relative_to(folder).with_suffix("").as_posix()
        found[name] = Text(name, post.metadata, post.content)
    return found


ALL_MESSAGES: Final = _load(MESSAGES)
ALL_EXPLAINERS: Final = _load(EXPLAINERS)


def fill(source: str, values: Mapping[str, str]) -> str:
    """Strict: a placeholder without a value is a KeyError, a stray dollar sign a ValueError."""
    return Template(source).substitute(values)


def block_values() -> dict[str, str]:
    """The blocks as a patient with two findings after a first screen gets them, in the longest form there is."""
    facts = fact_placeholders()

    def opening(name: str) -> str:
        return fill(ALL_EXPLAINERS[name].first_paragraph, facts)

    reasons = "\n\n".join(opening(f"findings/{kind}") for kind in ("architectural_distortion", "calcifications"))
    return {
        "what_to_bring": opening("what_to_bring"),
        "what_happens": opening("what_happens"),
        "cost_line": opening("cost_line"),
        "reasons": reasons,
        "figures": opening("figures/first_screen"),
    }


def allowed_values(kind: str, *, detailed: bool) -> dict[str, str]:
    """Every placeholder that a message of this kind may use, with a sample value."""
    blocks = block_values()
    values = {**ALWAYS, "what_to_bring": blocks["what_to_bring"], "what_happens": blocks["what_happens"]}
    values["cost_line"] = blocks["cost_line"]
    if kind in VISIT_KINDS:
        values |= VISIT
    if kind in FOLLOW_UP_KINDS:
        values |= FOLLOW_UP
    if detailed:
        values |= fact_placeholders()
    if detailed and kind == "recall_notice":
        values |= {"reasons": blocks["reasons"], "figures": blocks["figures"]}
    return values


def as_sent(message: Text) -> str:
    return fill(message.body, allowed_values(message.kind, detailed=message.detailed))


def as_shown(explainer: Text) -> str:
    return fill(explainer.body, fact_placeholders())


def sentences(markdown: str) -> str:
    """The running text without marks and without the large block of date, place and phone; each line ends in a stop.

    The block is left out because names and numbers would make the text look easier than it is.
    """
    lines: list[str] = []
    depth = 0
    for token in MarkdownIt("commonmark").parse(markdown):
        depth += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type == "inline" and not depth:
            line = "".join(_plain(child) for child in token.children or [])
            lines.append(line if line.endswith((".", "?", "!")) else f"{line}.")
    return " ".join(lines)


def _plain(token: Token) -> str:
    return " " if token.type == "softbreak" else token.content
