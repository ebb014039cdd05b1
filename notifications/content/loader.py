"""Loads the text of a message or an explainer: the clinic's own where it wrote one, else the shipped Markdown file.

A text is found by its kind and language; `<kind>.detailed` is used only for a patient who agreed to detail in email.
Files are read once per process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from string import Template
from typing import Any

import frontmatter
from django.db.models import Max, Q

from clinic.models import Site
from notifications.content.situation import message_situation
from notifications.content.statistics import STATISTIC_PLACEHOLDERS
from notifications.content.visits import visit_texts
from notifications.enums import LETTER_KINDS, Channel, NotificationKind
from notifications.models.message_text import MessageText
from recalls.enums import RecallKind
from recalls.models import Recall

_APP_DIR = Path(__file__).resolve().parent.parent
MESSAGES_DIR = _APP_DIR / "messages"
EXPLAINERS_DIR = _APP_DIR / "explainers"
LOCKED_DIR = _APP_DIR / "locked"
DEFAULT_LANGUAGE = "en"
# Begins the name of an explainer wherever names of messages and explainers are mixed.
EXPLAINER_PREFIX = "explainers/"
_ASKS_FOR_CALL_FIRST: Mapping[str, str] = {
    NotificationKind.APPOINTMENT_CONFIRMATION: NotificationKind.BIOPSY_CONFIRMATION,
    NotificationKind.APPOINTMENT_REMINDER: NotificationKind.BIOPSY_REMINDER,
}


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """One text: its front matter, and its Markdown with `$placeholders`."""

    metadata: Mapping[str, Any]
    body: Template

    @property
    def subject(self) -> Template:
        return Template(self.metadata["subject"])

    @property
    def heading(self) -> str:
        """The subject of a message, the title of an explainer; empty for a text message."""
        return str(self.metadata.get("subject") or self.metadata.get("title") or "")


@cache
def read_text_file(path: Path) -> TextTemplate | None:
    """The parsed file, None when there is no such file; read once per process."""
    if not path.is_file():
        return None
    post = frontmatter.loads(path.read_text(encoding="utf-8"))
    return TextTemplate(post.metadata, Template(post.content))


class NotReviewed(LookupError):
    """The text has no reviewer, and the site sends only reviewed texts."""


def text_exists(name: str) -> bool:
    """Whether there is a shipped text of that name: `<kind>`, `<kind>.sms`, `<kind>.<situation>.letter`."""
    return get_shipped_text(name, DEFAULT_LANGUAGE) is not None


def get_text_name(recall: Recall, kind: str, channel: str, visit_kind: str = "") -> str:
    """The name of a message's text: that of the patient's situation where there is one, else that of its kind.

    A kind without a letter text is printed with the text of its email. The recall notice says that most people are
    fine, which may be false after BI-RADS 4 or 5: such a recall uses the request to call instead. So does one after a
    supplemental test: what it says of the mammogram would be false. A text message about a visit that needs a safety
    check first asks for a call before the day, in the words of the one about a biopsy.
    """
    asks_to_call = recall.suspicious or recall.kind == RecallKind.SUPPLEMENTAL
    text_kind = NotificationKind.PLEASE_CALL if kind == NotificationKind.RECALL_NOTICE and asks_to_call else kind
    if channel == Channel.SMS and visit_texts(visit_kind).call_first:
        text_kind = _ASKS_FOR_CALL_FIRST.get(kind, text_kind)
    own = _name_on_channel(_in_situation(text_kind, message_situation(recall, text_kind)), kind, channel)
    return own if text_exists(own) else _name_on_channel(text_kind, kind, channel)


def _name_on_channel(text: str, kind: str, channel: str) -> str:
    if channel == Channel.SMS:
        return f"{text}.sms"
    letter = f"{text}.letter"
    has_letter_text = kind in LETTER_KINDS or (channel == Channel.LETTER and text_exists(letter))
    return letter if has_letter_text else text


def _in_situation(name: str, situation: str) -> str:
    return f"{name}.{situation}" if situation else name


def get_explainer_name(name: str, situation: str) -> str:
    """The explainer of that name for that situation where there is one, else the usual one."""
    own = _in_situation(name, situation)
    return own if text_exists(f"{EXPLAINER_PREFIX}{own}") else name


def base_language(language: str) -> str:
    """The base of a language tag: "es" for "es-MX"; English for what is no tag."""
    short = language.split("-")[0].lower()
    return short if short.isalpha() else DEFAULT_LANGUAGE


def get_message_language(recall: Recall, kind: str, channel: str, visit_kind: str = "") -> str:
    """The patient's language where that text may be sent in it, else English; English for a referring doctor."""
    language = DEFAULT_LANGUAGE if kind == NotificationKind.REFERRER_NOTICE else recall.patient.language
    return get_available_language(get_text_name(recall, kind, channel, visit_kind), language, recall.site)


def get_available_language(name: str, language: str, site: Site) -> str:
    """That language where it has such a text that may be sent, else English.

    A translation that nobody checked is not sent (45 CFR 92.201(c)(3)), unless the site has decided otherwise.
    """
    short = base_language(language)
    if short == DEFAULT_LANGUAGE:
        return short
    text = get_text(site, name, short)
    return short if text is not None and _may_be_sent(text, short, site) else DEFAULT_LANGUAGE


def get_message_text(name: str, language: str, *, detailed: bool, site: Site) -> TextTemplate:
    """The text to send; with `detailed` its detailed version where there is one.

    Raises LookupError when there is no such text in that language, NotReviewed when it may not be sent.
    """
    text_is_known = False
    for candidate in (f"{name}.detailed", name) if detailed else (name,):
        text = get_text(site, candidate, language)
        text_is_known = text_is_known or text is not None
        if text is not None and _may_be_sent(text, language, site):
            return text
    if text_is_known:
        raise NotReviewed(f"{name} in {language}")
    raise LookupError(f"no text for {name} in {language}")


def get_text(site: Site, name: str, language: str) -> TextTemplate | None:
    """The clinic's own text where it has one in use, else the shipped one, else None."""
    own = get_active_texts(site).get((language, name))
    if own is None:
        return get_shipped_text(name, language)
    heading = "title" if name.startswith(EXPLAINER_PREFIX) else "subject"
    return TextTemplate(
        {heading: own.subject, "reviewer": own.reviewer or None, "version": own.version}, Template(own.body)
    )


def get_active_texts(site: Site) -> dict[tuple[str, str], MessageText]:
    """The clinic's own texts in use, by language and name; a site's own before one for all sites.

    Read once for each instance of the site. Two queries at most.
    """
    texts: dict[tuple[str, str], MessageText] | None = site.__dict__.get("_message_texts")
    if texts is None:
        rows = MessageText.objects.filter(Q(site=None) | Q(site=site.pk))
        last = rows.order_by().values("name", "language", "site").annotate(last=Max("pk")).values("last")
        active = [row for row in MessageText.objects.filter(pk__in=last) if row.active]
        active.sort(key=lambda row: row.site_id is not None)  # the site's own come last and win
        texts = {(row.language, row.name): row for row in active}
        site.__dict__["_message_texts"] = texts
    return texts


def without_clinic_texts(site: Site) -> Site:
    """The same instance, set to have no texts of its own: for checks that run without a database."""
    site.__dict__["_message_texts"] = {}
    return site


def get_shipped_text(name: str, language: str) -> TextTemplate | None:
    """A message (`please_call.sms`) or an explainer (`explainers/findings/mass`)."""
    if name.startswith(EXPLAINER_PREFIX):
        return read_text_file(EXPLAINERS_DIR / language / f"{name.removeprefix(EXPLAINER_PREFIX)}.md")
    return read_text_file(MESSAGES_DIR / language / f"{name}.md")


def list_languages() -> list[str]:
    """The languages with shipped messages, as their folders are named."""
    return sorted(folder.name for folder in MESSAGES_DIR.iterdir() if folder.is_dir())


def list_message_names() -> list[str]:
    """The names of all shipped messages: `recall_notice.detailed`."""
    return sorted(path.name.removesuffix(".md") for path in (MESSAGES_DIR / DEFAULT_LANGUAGE).glob("*.md"))


def list_explainer_names() -> list[str]:
    """The names of all shipped explainers: `explainers/findings/mass`."""
    folder = EXPLAINERS_DIR / DEFAULT_LANGUAGE
    names = (path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.md"))
    return sorted(f"{EXPLAINER_PREFIX}{name}" for name in names)


def get_locked_text(name: str) -> str:
    """An official text, used verbatim. Raises LookupError when its file is missing."""
    return _read_required_file(LOCKED_DIR / f"{name}.md").body.template


def _may_be_sent(text: TextTemplate, language: str, site: Site) -> bool:
    only_reviewed = site.reviewed_english_only if language == DEFAULT_LANGUAGE else site.reviewed_translations_only
    return not only_reviewed or text.metadata.get("reviewer") is not None


def _read_required_file(path: Path) -> TextTemplate:
    text = read_text_file(path)
    if text is None:
        raise LookupError(f"{path.name} is missing")
    return text


def get_explainer(name: str, language: str, site: Site) -> TextTemplate | None:
    """The clinic's own explainer where it has one in use that may be sent, else the shipped one, else None.

    The review of a message covers the shipped explainers in it. The clinic's own explainer needs a review of its own;
    without it a site that sends only reviewed texts keeps the shipped one.
    """
    text = get_text(site, f"{EXPLAINER_PREFIX}{name}", language)
    if text is not None and _may_be_sent(text, language, site):
        return text
    return get_shipped_text(f"{EXPLAINER_PREFIX}{name}", language)


def first_paragraph(name: str, language: str, site: Site) -> str:
    """The first paragraph of an explainer, as Markdown. Raises LookupError when there is no such explainer."""
    return _fill_statistics(_explainer(name, language, site).body.template).split("\n\n", 1)[0]


def may_send_explainer(name: str, language: str, site: Site) -> bool:
    """Whether an explainer that is a message of its own is there and has the review that the site asks for."""
    text = get_explainer(name, language, site)
    return text is not None and _may_be_sent(text, language, site)


def whole_explainer(name: str, language: str, site: Site) -> str:
    """Title and whole text of an explainer, as Markdown. Raises LookupError when there is no such explainer."""
    text = _explainer(name, language, site)
    return f"**{text.heading}**\n\n{_fill_statistics(text.body.template).strip()}"


def bold_title(name: str, language: str, site: Site) -> str:
    """The title of an explainer in bold, as Markdown. Raises LookupError when there is no such explainer."""
    return f"**{_explainer(name, language, site).heading}**"


def section_under_heading(name: str, language: str, site: Site) -> str:
    """The Markdown under the only heading of an explainer. Raises LookupError when there is no such explainer."""
    whole = _fill_statistics(_explainer(name, language, site).body.template)
    return whole.split("\n## ", 1)[1].split("\n\n", 1)[1].strip()


def _explainer(name: str, language: str, site: Site) -> TextTemplate:
    text = get_explainer(name, language, site)
    if text is None:
        raise LookupError(f"there is no explainer {name} in {language}")
    return text


@lru_cache(maxsize=512)
def _fill_statistics(body: str) -> str:
    return Template(body).substitute(STATISTIC_PLACEHOLDERS)
