"""Builds text messages: at most 160 characters of the GSM alphabet."""

import re
import textwrap
import unicodedata
from collections import ChainMap
from typing import Final

from django.utils import translation
from gsm0338 import Codec

from notifications.content import loader
from notifications.enums import Channel
from notifications.models import Notification, RenderedMessage
from notifications.planning.snapshot import RecallSnapshot
from notifications.rendering.blocks import get_visit
from notifications.rendering.context import MessageContext, single_line
from notifications.rendering.trial_text import trial_text
from patients.channels import PatientChannels

MAX_SMS_LENGTH: Final = 160
MAX_CLINIC_NAME_LENGTH: Final = 28
# GSM 03.38, basic table without its escape: one letter outside it reduces the limit to 70 characters.
GSM_ALPHABET: Final[frozenset[str]] = frozenset(Codec().decode(bytes(code for code in range(128) if code != 0x1B))[0])
_MARKDOWN_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_GSM_REPLACEMENTS = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "\u00a0": " ",
        "\u202f": " ",
    }
)


def build_sms(notification: Notification, snapshot: RecallSnapshot, channels: PatientChannels) -> RenderedMessage:
    """The copy to store, whose text is what is sent. Raises ValueError where it does not fit into one message."""
    visit = get_visit(notification, snapshot)
    name = loader.get_text_name(snapshot.recall, notification.kind, Channel.SMS, visit.kind if visit else "")
    text = trial_text(notification, snapshot, detailed=False)
    text = text or loader.get_message_text(name, notification.language, detailed=False, site=snapshot.site)
    with translation.override(notification.language):
        values = MessageContext(notification, snapshot)
        short = textwrap.shorten(single_line(values.site.sender_name), MAX_CLINIC_NAME_LENGTH, placeholder="")
        filled = text.body.substitute(ChainMap({"clinic_name": short}, values))  # type: ignore[arg-type]
    return RenderedMessage(
        notification=notification, address=channels.mobile, subject="", text=to_single_sms(filled), html=""
    )


def to_single_sms(filled: str) -> str:
    """Filled Markdown as it is sent. Raises ValueError where it does not fit into one message."""
    text = to_gsm_alphabet(_MARKDOWN_ESCAPE.sub(r"\1", filled).strip())
    if len(text) > MAX_SMS_LENGTH:
        raise ValueError("the text is longer than one message")
    return text


def to_gsm_alphabet(words: str) -> str:
    """The text in GSM letters: typographic marks are replaced, and an accent outside the alphabet is dropped."""
    return "".join(
        letter if letter in GSM_ALPHABET else _strip_accent(letter) for letter in words.translate(_GSM_REPLACEMENTS)
    )


def _strip_accent(letter: str) -> str:
    base = "".join(part for part in unicodedata.normalize("NFKD", letter) if part in GSM_ALPHABET)
    return base or "?"
