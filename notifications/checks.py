"""Can every message be written? Asked when the app starts: a spoilt text is found before a patient waits for it."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register

from notifications import texts
from notifications.facts import fact_placeholders
from notifications.kinds import Kind
from notifications.plan import RULE
from notifications.render import plain_of
from notifications.values import OF_THE_REASONS, known_placeholders

SAMPLE = "Sample"


@register("messages")
def every_message_can_be_written(**_: Any) -> list[CheckMessage]:
    """Each kind has a rule and, in each language, a text whose placeholders are all known and whose Markdown parses."""
    found: list[CheckMessage] = [
        Error(f"The plan has no rule for the message {kind}.", id="notifications.E001")
        for kind in Kind
        if kind not in RULE
    ]
    languages = sorted(folder.name for folder in texts.MESSAGES.iterdir() if folder.is_dir())
    for kind in Kind:
        # Other languages are in use where their text was reviewed.
        for language in {texts.language_for(kind, name) for name in languages}:
            found += _of_one_kind(kind, language)
    return found


def _of_one_kind(kind: Kind, language: str) -> Iterator[CheckMessage]:
    for detailed in (False, True):
        try:
            text = texts.message_text(kind, language, detailed=detailed)
            samples = dict.fromkeys(known_placeholders(kind, detailed=detailed), SAMPLE)
            subject = text.subject.substitute(clinic_name=SAMPLE)
            body = text.body.substitute({**samples, **_blocks(samples, language)})
            if not subject.strip() or not plain_of(body).strip():
                raise ValueError("it is empty")
        except Exception as error:  # noqa: BLE001  any fault of a text file is told in the same way
            name = f"{kind}.detailed" if detailed else str(kind)
            why = f"{type(error).__name__}: {error}"
            yield Error(f"The message {language}/{name} cannot be written: {why}", id="notifications.E002")


def _blocks(names: Iterable[str], language: str) -> dict[str, str]:
    """The real openings of explainers: they must be there and their figures known."""
    blocks = {name: texts.opening(name, language) for name in ("what_to_bring", "what_happens", "cost_line")}
    if set(names) >= OF_THE_REASONS:
        blocks["figures"] = texts.opening("figures/first_screen", language)
        texts.opening("figures/later_screen", language)
        findings = sorted((texts.EXPLAINERS / language / "findings").glob("*.md"))
        blocks["reasons"] = "\n\n".join(texts.opening(f"findings/{path.stem}", language) for path in findings)
    return blocks | {name: value for name, value in fact_placeholders().items() if name in names}
