"""May a text that a clinic wrote be sent? Each objection with its reason, for the field where it can be mended."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import Template

from django.utils.translation import gettext as _

from notifications import grade, sample, texts
from notifications.forbidden import DETAIL, FINDING, HARD, HEALTH
from notifications.kinds import Kind
from notifications.render import plain_of
from notifications.texts import Text
from notifications.values import ABOUT_A_VISIT, ABOUT_THE_EXAM, OF_THE_EXAM, known_placeholders

LONGEST_TEXT_MESSAGE = 160
# Of the old phone alphabet (GSM 03.38, basic table): one letter outside it leaves room for only 70.
PHONE_ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_BARE_FIGURE = re.compile(
    r"\b\d+ (in|out of|of every|de cada|de) \d|%|\bper ?cent\b|\bpor ciento\b|\b\d+\.\d+ in\b", re.IGNORECASE
)
SUBJECT, BODY = "subject", "body"


@dataclass(frozen=True, slots=True)
class Objection:
    """What is wrong, at which field, in plain words."""

    field: str
    words: str


def objections(name: str, language: str, subject: str, body: str) -> list[Objection]:
    """Everything against a text of that name, shipped names as in `texts.names`."""
    found = [*_of_placeholders(name, subject, body)]
    if not found:
        found += _of_words(name, language, subject, body)
    if not found:
        found += _of_the_filled(name, language, subject, body)
    return found


def has_subject(name: str) -> bool:
    return "sms" not in name.split(".")


def needed_placeholders(name: str) -> frozenset[str]:
    """What a text must hold: whom to call, the time of a visit, and whatever the rule asks of a lay summary."""
    kind, *variant = name.split(".")
    needed = frozenset({"clinic_name", "clinic_phone"})
    if kind == Kind.REFERRER_NOTICE:
        return needed | {"notice"}
    if kind in ABOUT_THE_EXAM:
        return needed | OF_THE_EXAM | {"clinic_address"}
    if kind in ABOUT_A_VISIT and kind != "missed_appointment":
        needed |= {"visit_day_short"} if "sms" in variant else {"visit_day", "visit_time"}
    return needed


def _of_placeholders(name: str, subject: str, body: str) -> Iterator[Objection]:
    for field, text, known in ((SUBJECT, subject, frozenset({"clinic_name"})), (BODY, body, known_placeholders(name))):
        template = Template(text)
        if not template.is_valid():
            yield Objection(field, _("A dollar sign stands alone. Write the name of a placeholder right after it."))
            return
        for unknown in sorted(set(template.get_identifiers()) - known):
            yield Objection(field, _("Nobody can fill in “$%(name)s” here.") % {"name": unknown})
    for missing in sorted(needed_placeholders(name) - set(Template(body).get_identifiers())):
        yield Objection(BODY, _("“$%(name)s” is missing. The patient needs it.") % {"name": missing})
    if has_subject(name) and not subject.strip():
        yield Objection(SUBJECT, _("A message needs a subject."))
    if "density_notice" in needed_placeholders(name) and "\n\n> $density_notice\n\n" not in body:
        yield Objection(BODY, _("“> $density_notice” must stand in a paragraph of its own: its words are the law's."))


def _of_words(name: str, language: str, subject: str, body: str) -> Iterator[Objection]:
    """Words are looked for in what the clinic wrote; what fills the placeholders is looked at on its own."""
    _kind, *variant = name.split(".")
    why = _("“%(word)s” may not stand here: others might read it.")
    in_body = HEALTH if "sms" in variant else FINDING if "letter" in variant else DETAIL
    for field, text, words in ((SUBJECT, subject, HEALTH), (BODY, body, in_body)):
        if language in words and not (field == BODY and "detailed" in variant) and not _is_lay_summary(name, field):
            for found in words[language].finditer(_without_placeholders(text)):
                yield Objection(field, why % {"word": found.group()})
    for field, text in ((SUBJECT, subject), (BODY, body)):
        for found in HARD[language].finditer(text) if language in HARD else ():
            yield Objection(
                field, _("“%(word)s” frightens, blames or guesses. Say it calmly.") % {"word": found.group()}
            )
        for found in _BARE_FIGURE.finditer(text):
            told = _("“%(word)s”: a figure must be one of the placeholders for figures.") % {"word": found.group()}
            yield Objection(field, told)


def _is_lay_summary(name: str, field: str) -> bool:
    return field == BODY and name.split(".")[0] in ABOUT_THE_EXAM


def _without_placeholders(text: str) -> str:
    return re.sub(r"\$\{?\w+\}?", " ", text)


def _of_the_filled(name: str, language: str, subject: str, body: str) -> Iterator[Objection]:
    shipped = texts.shipped(name, language)
    notices = shipped.head.get("notices") if shipped else None
    text = Text({SUBJECT: subject, "notices": notices}, Template(body))
    filled = "\n\n".join(sample.filled(name, language, text))
    if "sms" in name.split("."):
        filled = " ".join(plain_of(filled).split())
        if len(filled) > LONGEST_TEXT_MESSAGE:
            words = _("It has %(count)d letters with everything filled in; one text message holds 160.")
            yield Objection(BODY, words % {"count": len(filled)})
        for letter in sorted(set(filled) - PHONE_ALPHABET):
            yield Objection(BODY, _("“%(letter)s” is not in every phone's alphabet.") % {"letter": letter})
        filled = filled.split(": ", 1)[-1]
    plain = grade.sentences(filled)
    for measure, value in grade.too_hard(language, plain).items():
        words = _("It is too hard to read (%(measure)s: %(value)s). Use shorter words and sentences.")
        yield Objection(BODY, words % {"measure": measure, "value": f"{value:.1f}"})
    for sentence in grade.long_sentences(plain):
        yield Objection(BODY, _("This sentence has over 22 words: “%(sentence)s”") % {"sentence": sentence})
