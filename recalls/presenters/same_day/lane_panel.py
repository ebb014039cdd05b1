"""The same-day lane as the recall's page offers it: what to say, the times that fit, and what each button sends."""

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
from desk.datetime_display import format_clock_time
from recalls.enums import LaneAnswer
from recalls.models import LanePolicy, Recall
from recalls.permissions import step_blocked_reason
from recalls.scheduling.held_slots import visit_need
from recalls.scheduling.lane_times import lane_offers, may_still_be_here
from recalls.scheduling.slots import FreeSlot, format_slot
from recalls.workflow import STEPS_BY_NAME

_MOST_TIMES = 3
_WORDS: Final = MappingProxyType(
    {
        "en": "We can take more pictures today at $time, if you like. You may also come another day.",
        "es": "Podemos tomar más imágenes hoy a las $time, si usted quiere. También puede venir otro día.",
    }
)


@dataclass(frozen=True, slots=True)
class LaneTimeOption:
    """One time that fits: as read out, in which room, and as the form sends it."""

    time: str
    room: str
    value: str


@dataclass(frozen=True, slots=True)
class LanePanel:
    """`times` is empty where none fits; `may_book` and `may_answer` say which buttons this person has."""

    times: list[LaneTimeOption]
    minutes: int
    sentence: str
    sentence_language: str
    may_book: bool
    may_answer: bool
    fields: list[tuple[str, str]]
    answers: list[tuple[str, str]]


def build_lane_panel(recall: Recall, user: User, now: datetime, policy: LanePolicy | None) -> LanePanel | None:
    """None unless the patient may still be there. No query then; else those of the times that fit."""
    if not may_still_be_here(recall, policy, now):
        return None
    need, actor = visit_need(recall), actor_for(user)
    offers = lane_offers(recall, need, now)[:_MOST_TIMES]
    language = recall.patient.language.partition("-")[0]
    language = language if language in _WORDS else "en"
    return LanePanel(
        times=[_option(recall, one) for one in offers],
        minutes=need.minutes,
        sentence=_sentence(recall, offers[0], language) if offers else "",
        sentence_language=language,
        may_book=not step_blocked_reason(recall, STEPS_BY_NAME["book_appointment"], actor),
        may_answer=not step_blocked_reason(recall, STEPS_BY_NAME["decline_lane"], actor),
        fields=[("version", str(recall.version)), ("key", str(uuid4()))],
        answers=[(answer.value, str(answer.label)) for answer in LaneAnswer],
    )


def _option(recall: Recall, one: FreeSlot) -> LaneTimeOption:
    local = one.starts_at.astimezone(recall.site.zone)
    return LaneTimeOption(format_clock_time(local), one.room.name, format_slot(one, recall.site))


def _sentence(recall: Recall, one: FreeSlot, language: str) -> str:
    local = one.starts_at.astimezone(recall.site.zone)
    with translation.override(language):
        return Template(_WORDS[language]).substitute(time=date_format(local, "g:i a"))
