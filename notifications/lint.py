"""May a text that a clinic wrote be sent? Each objection with its reason, for the field where it can be mended."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Template

from django.utils.translation import gettext as _

from notifications import grade, sample, texts
from notifications.forbidden import DETAIL, FINDING, HARD, HEALTH
from notifications.kinds import Kind
from notifications.render import plain_of
from notifications.sms_text import ALPHABET, ROOM
from notifications.texts import Text
from notifications.values import ABOUT_A_VISIT, ABOUT_THE_EXAM, OF_THE_EXAM, known_placeholders

# Their first paragraph goes into messages that say nothing of her health.
_IN_PLAIN_MESSAGES = frozenset(f"{texts.EXPLAINER}{name}" for name in ("what_to_bring", "what_happens", "cost_line"))
# Their first paragraph and what stands under their only heading are two blocks of the lay summary.
_WITH_A_NEXT_STEP = f"{texts.EXPLAINER}lay_results/"
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
    """Everything against a text of that name, shipped names as in `texts.names` and `texts.explainers`."""
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
    if name.startswith(texts.EXPLAINER):
        return frozenset()
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
        is_explainer = name.startswith(texts.EXPLAINER)
        yield Objection(SUBJECT, _("It needs a title.") if is_explainer else _("A message needs a subject."))
    if "density_notice" in needed_placeholders(name) and "\n\n> $density_notice\n\n" not in body:
        yield Objection(BODY, _("“> $density_notice” must stand in a paragraph of its own: its words are the law's."))


def _of_words(name: str, language: str, subject: str, body: str) -> Iterator[Objection]:
    """Words are looked for in what the clinic wrote; what fills the placeholders is looked at on its own."""
    why = _("“%(word)s” may not stand here: others might read it.")
    is_explainer = name.startswith(texts.EXPLAINER)
    for field, text, words in _neutral_parts(name, subject, body):
        for found in words[language].finditer(_without_placeholders(text)) if language in words else ():
            yield Objection(field, why % {"word": found.group()})
    for field, text in ((SUBJECT, subject), (BODY, body)):
        for found in HARD[language].finditer(text) if language in HARD else ():
            yield Objection(
                field, _("“%(word)s” frightens, blames or guesses. Say it calmly.") % {"word": found.group()}
            )
        for found in _BARE_FIGURE.finditer(text):
            told = _("“%(word)s”: a figure must be one of the placeholders for figures.") % {"word": found.group()}
            yield Objection(field, told)
    if is_explainer:
        yield from _of_the_parts(name, body)


def _neutral_parts(name: str, subject: str, body: str) -> Iterator[tuple[str, str, Mapping[str, re.Pattern[str]]]]:
    """What may be read by others, and the words that it must not hold. Her page is read by her alone."""
    if name.startswith(texts.EXPLAINER):
        if name in _IN_PLAIN_MESSAGES:
            yield BODY, body.strip().split("\n\n", 1)[0], DETAIL
        return
    kind, *variant = name.split(".")
    yield SUBJECT, subject, HEALTH
    if "detailed" not in variant and kind not in ABOUT_THE_EXAM:
        yield BODY, body, HEALTH if "sms" in variant else FINDING if "letter" in variant else DETAIL


def _of_the_parts(name: str, body: str) -> Iterator[Objection]:
    """The first paragraph of an explainer stands alone in messages; a result has its next step under a heading."""
    if body.lstrip().startswith(("#", "-", ">")):
        yield Objection(BODY, _("It must begin with a paragraph that can stand alone."))
    if name.startswith(_WITH_A_NEXT_STEP) and not re.search(r"\n## .+\n\n\S", body):
        yield Objection(BODY, _("It needs a heading (##) with what to do next under it."))


def _without_placeholders(text: str) -> str:
    return re.sub(r"\$\{?\w+\}?", " ", text)


def _of_the_filled(name: str, language: str, subject: str, body: str) -> Iterator[Objection]:
    shipped = texts.shipped(name, language)
    notices = shipped.head.get("notices") if shipped else None
    text = Text({SUBJECT: subject, "notices": notices}, Template(body))
    filled = "\n\n".join(sample.filled(name, language, text))
    if "sms" in name.split("."):
        filled = " ".join(plain_of(filled).split())
        if len(filled) > ROOM:
            words = _("It has %(count)d letters with everything filled in; one text message holds 160.")
            yield Objection(BODY, words % {"count": len(filled)})
        for letter in sorted(set(filled) - ALPHABET):
            yield Objection(BODY, _("“%(letter)s” is not in every phone's alphabet.") % {"letter": letter})
        filled = filled.split(": ", 1)[-1]
    plain = grade.sentences(filled)
    for measure, value in grade.too_hard(language, plain).items():
        words = _("It is too hard to read (%(measure)s: %(value)s). Use shorter words and sentences.")
        yield Objection(BODY, words % {"measure": measure, "value": f"{value:.1f}"})
    for sentence in grade.long_sentences(plain):
        yield Objection(BODY, _("This sentence has over 22 words: “%(sentence)s”") % {"sentence": sentence})
