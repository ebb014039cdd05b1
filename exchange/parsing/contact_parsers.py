"""Parses when a patient is best called and how they want to hear a result."""

from django.utils.translation import gettext as _

from exchange.errors import InvalidValue
from exchange.parsing.value_parsers import normalize_text
from patients.models import ResultWish
from recalls.enums import PartOfDay

_PARTS = {
    **dict.fromkeys(("morning", "mornings", "am"), PartOfDay.MORNING.value),
    **dict.fromkeys(("afternoon", "afternoons", "pm"), PartOfDay.AFTERNOON.value),
    **dict.fromkeys(("evening", "evenings", "after 5 pm", "after 5pm"), PartOfDay.EVENING.value),
    **dict.fromkeys(("any", "any time", "anytime"), ""),
}
_CHANNELS = {
    **dict.fromkeys(("phone", "call", "by phone"), ResultWish.Channel.PHONE.value),
    **dict.fromkeys(("in person", "visit"), ResultWish.Channel.IN_PERSON.value),
    **dict.fromkeys(("in writing", "writing", "letter", "email"), ResultWish.Channel.IN_WRITING.value),
}


def parse_best_time(text: str) -> str:
    """A `PartOfDay`, empty for any time."""
    found = _PARTS.get(normalize_text(text))
    if found is None:
        raise InvalidValue(_("Write morning, afternoon, evening or any, or leave it empty."))
    return found


def parse_result_channel(text: str) -> str:
    """A `ResultWish.Channel`."""
    found = _CHANNELS.get(normalize_text(text.replace("_", " ")))
    if found is None:
        raise InvalidValue(_("Write phone, in person or in writing, or leave it empty."))
    return found
