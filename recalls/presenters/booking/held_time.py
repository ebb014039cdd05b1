"""The time held for a patient, as the recall's page offers it: what to say, and the form that books it."""

from dataclasses import dataclass
from datetime import datetime
from string import Template
from types import MappingProxyType
from typing import Final
from uuid import uuid4

from django.utils import translation
from django.utils.formats import date_format

from clinic.actors import actor_for
from clinic.models import User
from recalls.models import HeldSlot, Recall
from recalls.permissions import step_blocked_reason
from recalls.presenters.datetime_display import DisplayDateTime, display_datetime
from recalls.scheduling.held_slots import standing_slot
from recalls.scheduling.slots import FreeSlot, format_slot
from recalls.workflow import STEPS_BY_NAME

_WORDS: Final = MappingProxyType(
    {
        "en": ("I have $day at $time for you. Does that suit you?", "l, F j", "g:i a"),
        "es": ("Tengo para usted el $day a las $time. ¿Le conviene?", r"l j \d\e F", "g:i a"),
    }
)


@dataclass(frozen=True, slots=True)
class HeldTimeOffer:
    """What is held and until when; `fields` book it, None where this person may not book now."""

    time: DisplayDateTime
    until: DisplayDateTime
    kind: str
    minutes: int
    room: str
    sentence: str
    sentence_language: str
    fields: list[tuple[str, str]] | None


def build_held_time(recall: Recall, user: User, now: datetime) -> HeldTimeOffer | None:
    """The offer; None where no time is held that could be kept. No query with the hold and its room at hand."""
    held = standing_slot(recall, now)
    if held is None:
        return None
    language = recall.patient.language.partition("-")[0]
    language = language if language in _WORDS else "en"
    is_blocked = step_blocked_reason(recall, STEPS_BY_NAME["book_appointment"], actor_for(user))
    return HeldTimeOffer(
        time=display_datetime(recall.site, held.starts_at, now),
        until=display_datetime(recall.site, held.expires_at, now),
        kind=str(held.get_kind_display()),
        minutes=held.length_minutes,
        room=held.room.name,
        sentence=_sentence(held, language),
        sentence_language=language,
        fields=None if is_blocked else _booking_fields(held),
    )


def _sentence(held: HeldSlot, language: str) -> str:
    words, day, hour = _WORDS[language]
    local = held.starts_at.astimezone(held.recall.site.zone)
    with translation.override(language):
        return Template(words).substitute(day=date_format(local, day), time=date_format(local, hour))


def _booking_fields(held: HeldSlot) -> list[tuple[str, str]]:
    """What the form of the booking page would send, and that the patient was reached by this call."""
    slot = format_slot(FreeSlot(held.room, held.starts_at, held.length_minutes), held.recall.site)
    fields = [
        ("version", str(held.recall.version)),
        ("key", str(uuid4())),
        ("site", str(held.recall.site_id)),
        ("kind", held.kind),
        ("second", ""),
        ("slot", slot),
        ("reached", "yes"),
    ]
    return fields + [(name, "on") for name in ("interpreter", "implants") if getattr(held, name)]
