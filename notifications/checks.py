"""System check that every shipped text can be rendered.

Each text of each kind, language and channel is filled for an invented patient as it would be for a real one: the HTML
and text of an email, a text message, the blocks of a letter. So is every explainer. A clinic's own text is validated
when it is saved.
"""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register

from notifications.content import loader
from notifications.content.loader import TextTemplate
from notifications.enums import EDUCATION_KINDS, LETTER_KINDS, TEXT_ONLY_KINDS, Channel, NotificationKind
from notifications.planning.lay_summaries.ways import MAMMOGRAM_TEXT, OTHER_IMAGES_TEXT
from notifications.planning.plan import RULE_BY_KIND
from notifications.rendering import sample_data
from notifications.rendering.context import allowed_placeholders


@register("messages")
def check_message_texts(**_: Any) -> list[CheckMessage]:
    """Errors for each kind without a rule (E001) and each text that cannot be filled or is empty (E002)."""
    found: list[CheckMessage] = [
        Error(f"The plan has no rule for the message {kind}.", id="notifications.E001")
        for kind in NotificationKind
        if kind not in RULE_BY_KIND
    ]
    for language in loader.list_languages():
        for name, channel in list_text_variants():
            found += _check_text(name, language, channel)
        for name in loader.list_explainer_names():
            found += _check_text(name, language, "")
    return found


def list_text_variants() -> list[tuple[str, str]]:
    """Each text with each channel it goes by: those that the kinds need, lay summaries, and every other shipped one."""
    needed = {(_text_name(kind, channel), channel) for kind in NotificationKind for channel in _channels_of_kind(kind)}
    needed |= {
        (name, channel.value)
        for name in (MAMMOGRAM_TEXT, OTHER_IMAGES_TEXT)
        for channel in (Channel.EMAIL, Channel.LETTER)
    }
    return sorted(needed | {(name, _channel_of_name(name)) for name in loader.list_message_names()})


def _channel_of_name(name: str) -> str:
    channels = {Channel.SMS.value, Channel.LETTER.value} & set(name.split("."))
    return channels.pop() if channels else Channel.EMAIL.value


def _channels_of_kind(kind: NotificationKind) -> Iterator[str]:
    """A doctor gets no text message, the certified letter has none beside it, the series is by email alone, and what
    answers a text message by text message alone."""
    if kind in TEXT_ONLY_KINDS:
        yield Channel.SMS.value
        return
    yield Channel.EMAIL.value
    if kind in EDUCATION_KINDS:
        return
    yield Channel.LETTER.value
    if kind not in LETTER_KINDS and kind != NotificationKind.REFERRER_NOTICE:
        yield Channel.SMS.value


def _text_name(kind: NotificationKind, channel: str) -> str:
    if channel == Channel.SMS:
        return f"{kind}.sms"
    letter = f"{kind}.letter"
    return letter if kind in LETTER_KINDS or (channel == Channel.LETTER and loader.text_exists(letter)) else kind.value


def _check_text(name: str, language: str, channel: str) -> Iterator[CheckMessage]:
    try:
        text = loader.get_shipped_text(name, language)
        if text is None:
            raise LookupError("there is no such file")
        unknown = set(text.body.get_identifiers()) - allowed_placeholders(name)
        if unknown:
            raise KeyError(*sorted(unknown))
        if not all(_render_parts(name, language, text, channel)):
            raise ValueError("it is empty")
    except Exception as error:  # noqa: BLE001  any fault of a text file is reported in the same way
        reason = f"{type(error).__name__}: {error}"
        on_channel = f" ({channel})" if channel else ""
        yield Error(f"The message {language}/{name}{on_channel} cannot be written: {reason}", id="notifications.E002")


def _render_parts(name: str, language: str, text: TextTemplate, channel: str) -> Iterator[Any]:
    if channel == Channel.SMS:
        yield sample_data.sample_sms(name, language, text)
    elif channel == Channel.LETTER:
        yield from (letter["title"] and letter["blocks"] for letter in sample_data.sample_letters(name, language, text))
    else:
        yield from (words.subject and words.text.strip() for words in sample_data.sample_emails(name, language, text))
