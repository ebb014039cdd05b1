"""Reads the ledger of earlier times: what was offered, what came of it, days gained, and who was never offered one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, Sum

from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, TAKEN_ANSWERS
from recalls.models import EarlierOffer, WaitingListEntry

LEDGER_DAYS = 90  # days back
MAX_ROWS = 50


@dataclass(frozen=True, slots=True)
class OfferLedger:
    """The sums of the last days, and the newest offers."""

    offered: int
    taken: int
    days_gained: int
    never_offered: int
    rows: list[EarlierOffer]


def read_offer_ledger(site_ids: Collection[int], now: datetime) -> OfferLedger:
    """Three queries. Whoever waits now and was never offered anything counts as such."""
    since = now - timedelta(days=LEDGER_DAYS)
    offers = EarlierOffer.objects.filter(entry__appointment__recall__site__in=site_ids, made_at__gte=since)
    taken = Q(answer__in=TAKEN_ANSWERS)
    sums = offers.aggregate(offered=Count("pk"), taken=Count("pk", filter=taken), days=Sum("gain_days", filter=taken))
    waiting = WaitingListEntry.objects.filter(
        ended_at=None,
        appointment__recall__site__in=site_ids,
        appointment__status__in=ACTIVE_APPOINTMENT_STATUSES,
        appointment__starts_at__gt=now,
    )
    never = waiting.exclude(Exists(EarlierOffer.objects.filter(entry=OuterRef("pk")))).count()
    related = offers.select_related("entry__appointment__recall__patient", "entry__appointment__site", "room")
    return OfferLedger(
        sums["offered"], sums["taken"], sums["days"] or 0, never, list(related.order_by("-made_at", "-pk")[:MAX_ROWS])
    )
