"""Where do the words of a message come from? The clinic's own text where it wrote one, else a shipped Markdown file.

A text is found by its kind and language; `<kind>.detailed` is used only for a patient who agreed to detail in email.
Files are read once and kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from string import Template
from typing import Any

import frontmatter

from clinic.models import Site
from notifications.clinic_texts import in_use_at
from notifications.facts import fact_placeholders
from notifications.kinds import LETTERS_ONLY, Channel, Kind
from recalls.models import Recall

HERE = Path(__file__).parent
MESSAGES = HERE / "messages"
EXPLAINERS = HERE / "explainers"
LOCKED = HERE / "locked"
DEFAULT_LANGUAGE = "en"
# The name of an explainer begins with this where texts of both sorts stand side by side.
EXPLAINER = "explainers/"


@dataclass(frozen=True, slots=True)
class Text:
    """One file: its head, and its Markdown with `$placeholders`."""

    head: Mapping[str, Any]
    body: Template

    @property
    def subject(self) -> Template:
        return Template(self.head["subject"])

    @property
    def heading(self) -> str:
        """The subject of a message, the title of an explainer; empty for a text message."""
        return str(self.head.get("subject") or self.head.get("title") or "")


@cache
def read(path: Path) -> Text | None:
    """The file, or None when there is none."""
    if not path.is_file():
        return None
    post = frontmatter.loads(path.read_text(encoding="utf-8"))
    return Text(post.metadata, Template(post.content))


class NotReviewed(LookupError):
    """There is a text, but nobody has reviewed it, and the site sends only reviewed ones."""


def is_there(name: str) -> bool:
    """Whether there are such words at all: `<kind>`, `<kind>.sms` or `<kind>.letter`."""
    return shipped(name, DEFAULT_LANGUAGE) is not None


def name_for(recall: Recall, kind: str, channel: str) -> str:
    """The text of a message: a kind without a letter of its own goes on paper with the words of its email.

    The notice comforts by "most people are fine", which may be false after a 4 or 5: they are asked to call.
    """
    words = Kind.PLEASE_CALL if kind == Kind.RECALL_NOTICE and recall.suspicious else kind
    if channel == Channel.SMS:
        return f"{words}.sms"
    letter = f"{words}.letter"
    on_paper = kind in LETTERS_ONLY or (channel == Channel.LETTER and is_there(letter))
    return letter if on_paper else words


def short_code(language: str) -> str:
    """ "es" for "es-MX"; English for what is no code."""
    short = language.split("-")[0].lower()
    return short if short.isalpha() else DEFAULT_LANGUAGE


def language_of(recall: Recall, kind: str, channel: str) -> str:
    """Hers, where those words may be sent in it; a doctor is written to in English."""
    language = DEFAULT_LANGUAGE if kind == Kind.REFERRER_NOTICE else recall.patient.language
    return language_for(name_for(recall, kind, channel), language, recall.site)


def language_for(name: str, language: str, site: Site) -> str:
    """That language where there is such a text in it that may be sent, else English.

    A translation that nobody checked is not sent (45 CFR 92.201(c)(3)), unless the site has decided otherwise.
    """
    short = short_code(language)
    if short == DEFAULT_LANGUAGE:
        return short
    text = text_at(site, name, short)
    return short if text is not None and _may_be_sent(text, short, site) else DEFAULT_LANGUAGE


def message_text(name: str, language: str, *, detailed: bool, site: Site) -> Text:
    """Raises LookupError when there is no such text in that language, NotReviewed when it may not be sent."""
    found = False
    for one in (f"{name}.detailed", name) if detailed else (name,):
        text = text_at(site, one, language)
        found = found or text is not None
        if text is not None and _may_be_sent(text, language, site):
            return text
    if found:
        raise NotReviewed(f"{name} in {language}")
    raise LookupError(f"no text for {name} in {language}")


def text_at(site: Site, name: str, language: str) -> Text | None:
    """The clinic's own text where it has one in use, else the shipped one, else None."""
    own = in_use_at(site).get((language, name))
    if own is None:
        return shipped(name, language)
    heading = "title" if name.startswith(EXPLAINER) else "subject"
    return Text({heading: own.subject, "reviewer": own.reviewer or None, "version": own.version}, Template(own.body))


def shipped(name: str, language: str) -> Text | None:
    """A message (`please_call.sms`) or an explainer (`explainers/findings/mass`)."""
    if name.startswith(EXPLAINER):
        return read(EXPLAINERS / language / f"{name.removeprefix(EXPLAINER)}.md")
    return read(MESSAGES / language / f"{name}.md")


def languages() -> list[str]:
    return sorted(folder.name for folder in MESSAGES.iterdir() if folder.is_dir())


def names() -> list[str]:
    """Every message that there is, as the names of its file: `recall_notice.detailed`."""
    return sorted(path.name.removesuffix(".md") for path in (MESSAGES / DEFAULT_LANGUAGE).glob("*.md"))


def explainers() -> list[str]:
    """Every explainer that there is: `explainers/findings/mass`."""
    folder = EXPLAINERS / DEFAULT_LANGUAGE
    found = (path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.md"))
    return sorted(f"{EXPLAINER}{name}" for name in found)


def locked(name: str) -> str:
    """An official text letter for letter; nobody edits these, here or in the admin."""
    return _file(LOCKED / f"{name}.md").body.template


def _may_be_sent(text: Text, language: str, site: Site) -> bool:
    only_reviewed = site.reviewed_english_only if language == DEFAULT_LANGUAGE else site.reviewed_translations_only
    return not only_reviewed or text.head.get("reviewer") is not None


def _file(path: Path) -> Text:
    text = read(path)
    if text is None:
        raise LookupError(f"{path.name} is missing")
    return text


def explainer(name: str, language: str, site: Site) -> Text | None:
    """The clinic's own words where it has some in use that may be sent, else the shipped ones.

    The review of a message covers the shipped blocks in it. Words that the clinic put in their place have one of their
    own, and without it a site that sends only reviewed texts keeps the shipped ones.
    """
    text = text_at(site, f"{EXPLAINER}{name}", language)
    if text is not None and _may_be_sent(text, language, site):
        return text
    return shipped(f"{EXPLAINER}{name}", language)


def opening(name: str, language: str, site: Site) -> str:
    """The first paragraph of an explainer: it stands alone."""
    return _with_figures(_body_of(name, language, site)).split("\n\n", 1)[0]


def under_the_heading(name: str, language: str, site: Site) -> str:
    """What stands under the only heading of an explainer."""
    whole = _with_figures(_body_of(name, language, site))
    return whole.split("\n## ", 1)[1].split("\n\n", 1)[1].strip()


def _body_of(name: str, language: str, site: Site) -> str:
    text = explainer(name, language, site)
    if text is None:
        raise LookupError(f"there is no explainer {name} in {language}")
    return text.body.template


@lru_cache(maxsize=512)
def _with_figures(body: str) -> str:
    return Template(body).substitute(fact_placeholders())
