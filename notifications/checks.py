"""Can every message be written? Asked when the app starts: a spoilt text is found before a patient waits for it.

Every shipped text of every kind, language and way is filled for an invented patient, as it would be for a real one.
What a clinic wrote itself was asked the same when it was saved.
"""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register

from notifications import sample, texts
from notifications.kinds import LETTERS_ONLY, Kind
from notifications.plan import RULE
from notifications.values import known_placeholders

WAYS = ("", ".sms")


@register("messages")
def every_message_can_be_written(**_: Any) -> list[CheckMessage]:
    """Each kind has a rule and, in each language, the texts for its ways; each text can be filled and is not empty."""
    found: list[CheckMessage] = [
        Error(f"The plan has no rule for the message {kind}.", id="notifications.E001")
        for kind in Kind
        if kind not in RULE
    ]
    for language in texts.languages():
        for name in sorted({*texts.names(), *_needed()}):
            found += _of_one_text(name, language)
    return found


def _needed() -> Iterator[str]:
    """By email and by text message; a letter has words of its own only where it says more than the email."""
    for kind in Kind:
        if kind in LETTERS_ONLY:
            yield f"{kind}.letter"
        elif kind == Kind.REFERRER_NOTICE:
            yield kind
        else:
            yield from (f"{kind}{way}" for way in WAYS)


def _of_one_text(name: str, language: str) -> Iterator[CheckMessage]:
    try:
        text = texts.shipped(name, language)
        if text is None:
            raise LookupError("there is no such file")
        unknown = set(text.body.get_identifiers()) - known_placeholders(name)
        if unknown:
            raise KeyError(*sorted(unknown))
        for markdown in sample.filled(name, language, text):
            if not markdown.strip():
                raise ValueError("it is empty")
    except Exception as error:  # noqa: BLE001  any fault of a text file is told in the same way
        why = f"{type(error).__name__}: {error}"
        yield Error(f"The message {language}/{name} cannot be written: {why}", id="notifications.E002")
