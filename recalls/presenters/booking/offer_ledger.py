"""Rows of the ledger of earlier times that were offered."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from recalls.models import EarlierOffer
from recalls.presenters.datetime_display import DisplayDateTime, display_datetime


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One offer: to whom, which time, how much sooner, and what came of it."""

    name: str
    url: str
    time: DisplayDateTime
    made: DisplayDateTime
    gain_days: int
    answer: str


def build_offer_rows(offers: list[EarlierOffer], now: datetime) -> list[OfferRow]:
    """In the order given."""
    return [_row(offer, now) for offer in offers]


def _row(offer: EarlierOffer, now: datetime) -> OfferRow:
    visit = offer.entry.appointment
    is_open = not offer.answer and offer.expires_at > now
    answer = _("Open") if is_open else str(offer.get_answer_display()) or _("No answer in time")
    return OfferRow(
        name=str(visit.recall.patient),
        url=reverse("recall", args=[visit.recall_id]),
        time=display_datetime(visit.site, offer.starts_at, now),
        made=display_datetime(visit.site, offer.made_at, now),
        gain_days=offer.gain_days,
        answer=answer,
    )
