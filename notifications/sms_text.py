"""What does a text message say? One line of at most 160 letters of the old phone alphabet, filled for one patient."""

import re
import textwrap
import unicodedata
from collections import ChainMap
from typing import Final

from django.utils import translation

from notifications import texts
from notifications.kinds import Channel
from notifications.models import Notification, RenderedMessage
from notifications.situation import Situation
from notifications.values import Values, one_line
from patients.channels import Channels

ROOM: Final = 160
LONGEST_CLINIC_NAME: Final = 28
# GSM 03.38, basic table: one letter outside it leaves room for only 70.
ALPHABET: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_ALIKE = str.maketrans(
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


def compose(row: Notification, situation: Situation, channels: Channels) -> RenderedMessage:
    """The copy to keep; its text is what is sent. Raises ValueError where it does not fit into one message."""
    name = texts.name_for(situation.recall, row.kind, Channel.SMS)
    body = texts.message_text(name, row.language, detailed=False, site=situation.site).body
    with translation.override(row.language):
        values = Values(row, situation)
        short = textwrap.shorten(one_line(values.site.sender_name), LONGEST_CLINIC_NAME, placeholder="")
        said = body.substitute(ChainMap({"clinic_name": short}, values))  # type: ignore[arg-type]
    return RenderedMessage(notification=row, address=channels.mobile, subject="", text=one_message(said), html="")


def one_message(said: str) -> str:
    """Filled Markdown as it leaves. Raises ValueError where it does not fit into one message."""
    text = plain_letters(_ESCAPED.sub(r"\1", said).strip())
    if len(text) > ROOM:
        raise ValueError("the text is longer than one message")
    return text


def plain_letters(words: str) -> str:
    """The same words in letters that every phone has: an accent that is not in the alphabet is dropped."""
    return "".join(letter if letter in ALPHABET else _plainer(letter) for letter in words.translate(_ALIKE))


def _plainer(letter: str) -> str:
    bare = "".join(part for part in unicodedata.normalize("NFKD", letter) if part in ALPHABET)
    return bare or "?"
