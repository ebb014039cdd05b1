"""Validates a text that a clinic wrote, and names the field and the reason of each problem."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Template
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from clinic.validators import allowed_link_hosts
from notifications.content import loader, readability
from notifications.content.banned_words import CLINICAL_DETAIL, FINDING_DETAIL, HEALTH_RELATED, INSENSITIVE
from notifications.content.loader import TextTemplate
from notifications.content.visits import VISIT_TEXTS
from notifications.enums import NotificationKind
from notifications.rendering import sample_data
from notifications.rendering.blocks import NEUTRAL_BLOCKS
from notifications.rendering.context import (
    APPOINTMENT_KINDS,
    CODE_PLACEHOLDERS,
    LIST_PLACEHOLDERS,
    SERIES_PLACEHOLDERS,
    allowed_placeholders,
)
from notifications.rendering.markdown import markdown_to_text
from notifications.rendering.sms import GSM_ALPHABET, MAX_SMS_LENGTH
from notifications.rendering.summary_placeholders import SUMMARY_TEXT_PLACEHOLDERS

# Their first paragraph is included in messages that say nothing about the patient's health.
_EXPLAINERS_IN_PLAIN_MESSAGES = frozenset(
    f"{loader.EXPLAINER_PREFIX}{name}"
    for name in NEUTRAL_BLOCKS | {texts.what_happens for texts in VISIT_TEXTS.values()}
)
# Their first paragraph and the text under their only heading are two parts of the lay summary.
_RESULT_EXPLAINER_PREFIX = f"{loader.EXPLAINER_PREFIX}lay_results/"
_LITERAL_STATISTIC = re.compile(
    r"\b\d+ (in|out of|of every|de cada|de) \d|%|\bper ?cent\b|\bpor ciento\b|\b\d+\.\d+ in\b", re.IGNORECASE
)
# Line breaks, other controls, invisible characters and those that turn the direction of what follows.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
# With a scheme, or a bare host that mail programs make a link of.
_WEB_ADDRESS = re.compile(r"(?:https?:)?//[^\s<>()\[\]\"']+|\bwww\.[^\s<>()\[\]\"'/]+", re.IGNORECASE)
_LINK_TARGET = re.compile(r"\](?:\(|:)\s*([^)\s]+)")
SUBJECT_FIELD, BODY_FIELD = "subject", "body"


@dataclass(frozen=True, slots=True)
class TextProblem:
    """What is wrong with a text, in plain words, and the form field where it can be mended."""

    field: str
    message: str


def validate_text(name: str, language: str, subject: str, body: str) -> list[TextProblem]:
    """All problems of a text; `name` as in `list_message_names` and `list_explainer_names` of the loader.

    Later checks run only where earlier ones found nothing.
    """
    problems = [*_check_characters(subject, body), *_check_links(body), *_check_placeholders(name, subject, body)]
    if not problems:
        problems += _check_banned_words(name, language, subject, body)
    if not problems:
        problems += _check_filled_text(name, language, subject, body)
    return problems


def has_subject(name: str) -> bool:
    """Whether a text of that name has a subject or title; a text message has none."""
    return "sms" not in name.split(".")


def required_placeholders(name: str) -> frozenset[str]:
    """The placeholders that a text must use: phone, time of a visit, and what the rule asks of a lay summary."""
    if name.startswith(loader.EXPLAINER_PREFIX):
        return frozenset()
    kind, *variant = name.split(".")
    if kind in SUMMARY_TEXT_PLACEHOLDERS:
        return SUMMARY_TEXT_PLACEHOLDERS[kind]
    needed = frozenset({"clinic_name", "clinic_phone"})
    needed |= LIST_PLACEHOLDERS.get(kind, frozenset())
    needed |= SERIES_PLACEHOLDERS.get(kind, frozenset()) | CODE_PLACEHOLDERS.get(name, frozenset())
    if kind == NotificationKind.REFERRER_NOTICE:
        return needed | {"notice"}
    if kind in APPOINTMENT_KINDS and kind != "missed_appointment":
        needed |= {"visit_day_short"} if "sms" in variant else {"visit_day", "visit_time"}
    return needed


def _check_characters(subject: str, body: str) -> Iterator[TextProblem]:
    """A subject is one line; nothing turns the direction of the letters or hides some."""
    if _CONTROL.search(subject):
        yield TextProblem(SUBJECT_FIELD, _("It is one line, without hidden characters."))
    if _CONTROL.search(re.sub(r"[\r\n\t]", " ", body)):
        yield TextProblem(BODY_FIELD, _("It holds a hidden character, or one that turns the direction of the letters."))


def _check_links(body: str) -> Iterator[TextProblem]:
    """Only to the hosts that are allowed for every link a patient sees."""
    allowed = allowed_link_hosts()
    plain = body.replace("\\", "")
    for found in _WEB_ADDRESS.finditer(plain):
        host = (urlsplit(found[0].lower()).hostname or "") if "//" in found[0] else found[0].lower()
        if host not in allowed:
            yield TextProblem(BODY_FIELD, _("No link may lead to “%(host)s” from a message.") % {"host": host[:100]})
    for target in _LINK_TARGET.findall(plain):
        if not target.lstrip("<").startswith(("$", "http://", "https://", "mailto:$", "tel:$")):
            yield TextProblem(BODY_FIELD, _("A link leads to a placeholder, or to a whole address with https://."))


def _check_placeholders(name: str, subject: str, body: str) -> Iterator[TextProblem]:
    for field, text, known in (
        (SUBJECT_FIELD, subject, frozenset({"clinic_name"})),
        (BODY_FIELD, body, allowed_placeholders(name)),
    ):
        template = Template(text)
        if not template.is_valid():
            yield TextProblem(field, _("A dollar sign stands alone. Write the name of a placeholder right after it."))
            return
        for unknown in sorted(set(template.get_identifiers()) - known):
            yield TextProblem(field, _("Nobody can fill in “$%(name)s” here.") % {"name": unknown})
    for missing in sorted(required_placeholders(name) - set(Template(body).get_identifiers())):
        yield TextProblem(BODY_FIELD, _("“$%(name)s” is missing. The patient needs it.") % {"name": missing})
    if has_subject(name) and not subject.strip():
        is_explainer = name.startswith(loader.EXPLAINER_PREFIX)
        yield TextProblem(SUBJECT_FIELD, _("It needs a title.") if is_explainer else _("A message needs a subject."))
    if "density_notice" in required_placeholders(name) and "\n\n> $density_notice\n\n" not in body:
        yield TextProblem(
            BODY_FIELD, _("“> $density_notice” must stand in a paragraph of its own: its words are the law's.")
        )


def _check_banned_words(name: str, language: str, subject: str, body: str) -> Iterator[TextProblem]:
    """Looks at what the clinic wrote, without what fills its placeholders."""
    template = _("“%(word)s” may not stand here: others might read it.")
    is_explainer = name.startswith(loader.EXPLAINER_PREFIX)
    for field, text, words in _parts_with_banned_words(name, subject, body):
        for match in words[language].finditer(_remove_placeholders(text)) if language in words else ():
            yield TextProblem(field, template % {"word": match.group()})
    for field, text in ((SUBJECT_FIELD, subject), (BODY_FIELD, body)):
        for match in INSENSITIVE[language].finditer(text) if language in INSENSITIVE else ():
            yield TextProblem(
                field, _("“%(word)s” frightens, blames or guesses. Say it calmly.") % {"word": match.group()}
            )
        for match in _LITERAL_STATISTIC.finditer(text):
            message = _("“%(word)s”: a figure must be one of the placeholders for figures.") % {"word": match.group()}
            yield TextProblem(field, message)
    if is_explainer:
        yield from _check_explainer_structure(name, body)


def _parts_with_banned_words(
    name: str, subject: str, body: str
) -> Iterator[tuple[str, str, Mapping[str, re.Pattern[str]]]]:
    """The parts that others may read, with their banned words. The patient's page is read by the patient alone."""
    if name.startswith(loader.EXPLAINER_PREFIX):
        if name in _EXPLAINERS_IN_PLAIN_MESSAGES:
            yield BODY_FIELD, body.strip().split("\n\n", 1)[0], CLINICAL_DETAIL
        return
    kind, *variant = name.split(".")
    yield SUBJECT_FIELD, subject, HEALTH_RELATED
    if "detailed" not in variant and kind not in SUMMARY_TEXT_PLACEHOLDERS:
        yield (
            BODY_FIELD,
            body,
            HEALTH_RELATED if "sms" in variant else FINDING_DETAIL if "letter" in variant else CLINICAL_DETAIL,
        )


def _check_explainer_structure(name: str, body: str) -> Iterator[TextProblem]:
    """Messages quote the first paragraph of an explainer alone; a result has its next step under a heading."""
    if body.lstrip().startswith(("#", "-", ">")):
        yield TextProblem(BODY_FIELD, _("It must begin with a paragraph that can stand alone."))
    if name.startswith(_RESULT_EXPLAINER_PREFIX) and not re.search(r"\n## .+\n\n\S", body):
        yield TextProblem(BODY_FIELD, _("It needs a heading (##) with what to do next under it."))


def _remove_placeholders(text: str) -> str:
    return re.sub(r"\$\{?\w+\}?", " ", text)


def _check_filled_text(name: str, language: str, subject: str, body: str) -> Iterator[TextProblem]:
    shipped = loader.get_shipped_text(name, language)
    notices = shipped.metadata.get("notices") if shipped else None
    text = TextTemplate({SUBJECT_FIELD: subject, "notices": notices}, Template(body))
    filled = "\n\n".join(sample_data.fill_placeholders(name, language, text))
    if "sms" in name.split("."):
        filled = " ".join(markdown_to_text(filled).split())
        if len(filled) > MAX_SMS_LENGTH:
            words = _("It has %(count)d letters with everything filled in; one text message holds 160.")
            yield TextProblem(BODY_FIELD, words % {"count": len(filled)})
        for letter in sorted(set(filled) - GSM_ALPHABET):
            yield TextProblem(BODY_FIELD, _("“%(letter)s” is not in every phone's alphabet.") % {"letter": letter})
        filled = filled.split(": ", 1)[-1]
    plain = readability.running_text(filled)
    for measure, value in readability.failed_readability_measures(language, plain).items():
        words = _("It is too hard to read (%(measure)s: %(value)s). Use shorter words and sentences.")
        yield TextProblem(BODY_FIELD, words % {"measure": measure, "value": f"{value:.1f}"})
    for sentence in readability.find_long_sentences(plain):
        yield TextProblem(BODY_FIELD, _("This sentence has over 22 words: “%(sentence)s”") % {"sentence": sentence})
