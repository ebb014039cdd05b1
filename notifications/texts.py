"""Where do the words of a message come from? Markdown files with a head, read once and kept.

A file is found by its kind and language; `<kind>.detailed.md` is used only for a patient who agreed to detail in email.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import frontmatter

from notifications.facts import fact_placeholders

HERE = Path(__file__).parent
MESSAGES = HERE / "messages"
EXPLAINERS = HERE / "explainers"
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One file: its head, and its Markdown with `$placeholders`."""

    head: Mapping[str, Any]
    body: Template

    @property
    def subject(self) -> Template:
        return Template(self.head["subject"])


@cache
def languages() -> frozenset[str]:
    return frozenset(folder.name for folder in MESSAGES.iterdir() if folder.is_dir())


def language_for(language: str) -> str:
    """The patient's language if there are texts in it, else English."""
    short = language.split("-")[0].lower()
    return short if short in languages() else DEFAULT_LANGUAGE


@cache
def read(path: Path) -> Text | None:
    """The file, or None when there is none."""
    if not path.is_file():
        return None
    post = frontmatter.loads(path.read_text(encoding="utf-8"))
    return Text(post.metadata, Template(post.content))


def message_text(kind: str, language: str, *, detailed: bool) -> Text:
    """Raises LookupError when the kind has no text in that language."""
    text = read(MESSAGES / language / f"{kind}.detailed.md") if detailed else None
    text = text or read(MESSAGES / language / f"{kind}.md")
    if text is None:
        raise LookupError(f"no text for {kind} in {language}")
    return text


@cache
def opening(name: str, language: str) -> str:
    """The first paragraph of an explainer, with its figures filled in: it stands alone."""
    text = read(EXPLAINERS / language / f"{name}.md")
    if text is None:
        raise LookupError(f"no explainer {name} in {language}")
    return text.body.substitute(fact_placeholders()).split("\n\n", 1)[0]
