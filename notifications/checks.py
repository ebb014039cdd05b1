"""Can every message be written? Asked when the app starts: a spoilt text is found before a patient waits for it.

Every shipped text of every kind, language and channel is filled for an invented patient, as it would be for a real one:
the page and text of an email, the one line of a text message, the paragraphs of a letter. So is every explainer. What a
clinic wrote itself was asked the same when it was saved.
"""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register

from notifications import sample, texts
from notifications.kinds import LETTERS_ONLY, Channel, Kind
from notifications.plan import RULE
from notifications.texts import Text
from notifications.values import known_placeholders


@register("messages")
def every_message_can_be_written(**_: Any) -> list[CheckMessage]:
    """Each kind has a rule and, in each language, the words for its channels; each can be filled and is not empty."""
    found: list[CheckMessage] = [
        Error(f"The plan has no rule for the message {kind}.", id="notifications.E001")
        for kind in Kind
        if kind not in RULE
    ]
    for language in texts.languages():
        for name, channel in every_text():
            found += _of_one_text(name, language, channel)
        for name in texts.explainers():
            found += _of_one_text(name, language, "")
    return found


def every_text() -> list[tuple[str, str]]:
    """Each kind with each channel it goes by, by the name of the text that is used; and each detailed text."""
    found = {(_name(kind, channel), channel) for kind in Kind for channel in _channels(kind)}
    detailed = ((name, Channel.LETTER if "letter" in name.split(".") else Channel.EMAIL) for name in texts.names())
    return sorted(found | {(name, str(channel)) for name, channel in detailed if name.endswith(".detailed")})


def _channels(kind: Kind) -> Iterator[str]:
    """A doctor gets no text message; the lay summary goes on paper and, with detail agreed to, by email."""
    yield Channel.EMAIL.value
    yield Channel.LETTER.value
    if kind not in LETTERS_ONLY and kind != Kind.REFERRER_NOTICE:
        yield Channel.SMS.value


def _name(kind: Kind, channel: str) -> str:
    if channel == Channel.SMS:
        return f"{kind}.sms"
    letter = f"{kind}.letter"
    return letter if kind in LETTERS_ONLY or (channel == Channel.LETTER and texts.is_there(letter)) else kind.value


def _of_one_text(name: str, language: str, channel: str) -> Iterator[CheckMessage]:
    try:
        text = texts.shipped(name, language)
        if text is None:
            raise LookupError("there is no such file")
        unknown = set(text.body.get_identifiers()) - known_placeholders(name)
        if unknown:
            raise KeyError(*sorted(unknown))
        if not all(_written(name, language, text, channel)):
            raise ValueError("it is empty")
    except Exception as error:  # noqa: BLE001  any fault of a text file is told in the same way
        why = f"{type(error).__name__}: {error}"
        way = f" ({channel})" if channel else ""
        yield Error(f"The message {language}/{name}{way} cannot be written: {why}", id="notifications.E002")


def _written(name: str, language: str, text: Text, channel: str) -> Iterator[Any]:
    if channel == Channel.SMS:
        yield sample.text_message(name, language, text)
    elif channel == Channel.LETTER:
        yield from (letter["title"] and letter["blocks"] for letter in sample.paper(name, language, text))
    else:
        yield from (words.subject and words.text.strip() for words in sample.messages(name, language, text))
