"""The times that the patient's page offers: one that is held, one that is earlier than the visit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.formatting import format_full_date, format_local_day_and_time
from recalls.actions import open_offer_of
from recalls.models import Appointment, EarlierOffer, HeldSlot, Recall
from recalls.scheduling.held_slots import standing_slot

HELD_HEADING = _("We hold a time for your next visit.")
HELD_NEXT_STEP = _("It is not booked yet. Keep it, choose another time, or ask us to call you.")


@dataclass(frozen=True, slots=True)
class HeldTime:
    """Day and hour in words, until when it is held, and the place; `key` names it in the form that keeps it."""

    held: HeldSlot
    day: str
    time: str
    until: str

    @property
    def key(self) -> str:
        return f"{self.held.pk}:{self.held.sequence}"

    @property
    def place(self) -> Any:
        return Appointment(site=self.held.recall.site).place


@dataclass(frozen=True, slots=True)
class OfferedTime:
    """The earlier time that is offered, in words."""

    offer: EarlierOffer
    day: str
    time: str


def find_earlier_time(recall: Recall, now: datetime) -> OfferedTime | None:
    """One query."""
    offer = open_offer_of(recall, now)
    if offer is None:
        return None
    day, hour = format_local_day_and_time(recall.site, offer.starts_at)
    return OfferedTime(offer, day, hour)


def find_held_time(recalls: Iterable[Recall], now: datetime) -> HeldTime | None:
    """The one that may be kept now. One query where a time is held."""
    for recall in recalls:
        held = standing_slot(recall, now)
        if held is not None:
            day, hour = format_local_day_and_time(recall.site, held.starts_at)
            until = format_full_date(held.expires_at.astimezone(recall.site.zone).date())
            return HeldTime(held, day, hour, until)
    return None
