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
def read(path: Path) -> Text | None:
    """The file, or None when there is none."""
    if not path.is_file():
        return None
    post = frontmatter.loads(path.read_text(encoding="utf-8"))
    return Text(post.metadata, Template(post.content))


def is_there(name: str) -> bool:
    """Whether there are such words at all: `<kind>`, `<kind>.sms` or `<kind>.letter`."""
    return read(MESSAGES / DEFAULT_LANGUAGE / f"{name}.md") is not None


def language_for(kind: str, language: str) -> str:
    """The patient's language where the message has a reviewed text in it, else English.

    A translation that nobody checked is not sent (45 CFR 92.201(c)(3)); English stands as it is.
    """
    short = language.split("-")[0].lower()
    return short if short.isalpha() and _may_be_sent(kind, short) else DEFAULT_LANGUAGE


def message_text(kind: str, language: str, *, detailed: bool) -> Text:
    """Raises LookupError when the kind has no text that may be sent in that language."""
    for name in (f"{kind}.detailed", kind) if detailed else (kind,):
        if _may_be_sent(name, language):
            return _file(MESSAGES / language / f"{name}.md")
    raise LookupError(f"no text for {kind} in {language}")


def _may_be_sent(name: str, language: str) -> bool:
    text = read(MESSAGES / language / f"{name}.md")
    return text is not None and (language == DEFAULT_LANGUAGE or text.head.get("reviewer") is not None)


def _file(path: Path) -> Text:
    text = read(path)
    if text is None:
        raise LookupError(f"{path.name} is missing")
    return text


@cache
def opening(name: str, language: str) -> str:
    """The first paragraph of an explainer, with its figures filled in: it stands alone."""
    return _file(EXPLAINERS / language / f"{name}.md").body.substitute(fact_placeholders()).split("\n\n", 1)[0]
