"""Compares the messages of every open recall with the plan once a day, in chunks, and mends differences.

The pieces follow the recall numbers, and a row remembers how far the day's round has come: a worker that dies goes on
where it was. Only a recall that differs is locked, and is looked at again under its lock.
"""

import time
from datetime import UTC
from typing import Any

from django.db import transaction
from django.utils import timezone

from clinic.models import Heartbeat, Site
from notifications.planning.reconcile import find_changes, reconcile_messages
from notifications.planning.snapshot import load_snapshot, load_snapshots
from patients.channels import get_patient_channels
from recalls.models import Recall

HEARTBEAT_NAME = "compare"
CHUNK_SIZE = 200


def continue_daily_reconcile(seconds: float) -> int:
    """Go on with today's round for at most that long; the number of recalls that were put right."""
    mark, _created = Heartbeat.objects.get_or_create(pk=HEARTBEAT_NAME)
    now, ends = timezone.now(), time.monotonic() + seconds
    today = now.astimezone(UTC).date().isoformat()
    begun = mark.counts.get("day") == today
    place: dict[str, Any] = mark.counts if begun else {"day": today, "after": 0, "seen": 0, "mended": 0}
    if place["after"] is None:
        return 0
    sites: dict[int, Site] = {}
    mended_now = 0
    while place["after"] is not None and time.monotonic() < ends:
        after, seen, mended = reconcile_chunk(place["after"], sites)
        mended_now += mended
        place = {**place, "after": after, "seen": place["seen"] + seen, "mended": place["mended"] + mended}
    started = mark.started_at if begun else now
    finished = timezone.now() if place["after"] is None else None
    Heartbeat.objects.filter(pk=HEARTBEAT_NAME).update(counts=place, started_at=started, finished_at=finished)
    return mended_now


def reconcile_chunk(number: int, sites: dict[int, Site]) -> tuple[int | None, int, int]:
    """One piece: the last number looked at (None after the last piece), how many were seen, how many were put right."""
    rows = (
        Recall.objects.still_open()
        .filter(pk__gt=number)
        .order_by("pk")
        .select_related("site", "exam__referrer", "patient")
    )
    recalls = list(rows.prefetch_related("patient__contact_points", "patient__consents")[:CHUNK_SIZE])
    for recall in recalls:
        recall.site = sites.setdefault(recall.site_id, recall.site)
    now, mended = timezone.now(), 0
    for snapshot in load_snapshots(recalls):
        if find_changes(snapshot, get_patient_channels(snapshot.recall.patient), now):
            mended += _reconcile_locked(snapshot.recall)
    return recalls[-1].pk if len(recalls) == CHUNK_SIZE else None, len(recalls), mended


@transaction.atomic
def _reconcile_locked(seen: Recall) -> bool:
    recall: Recall = Recall.objects.select_for_update(of=("self",)).select_related("patient", "exam").get(pk=seen.pk)
    recall.site = seen.site
    snapshot = load_snapshot(recall)
    found = find_changes(snapshot, get_patient_channels(recall.patient), timezone.now())
    if found:
        reconcile_messages(snapshot)
    return bool(found)
