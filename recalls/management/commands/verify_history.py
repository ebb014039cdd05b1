"""Command that recomputes the hash chain of every recall and prints one digest to keep outside the database."""

import hashlib
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from recalls.models import Recall, RecallEvent

CHUNK_SIZE = 1000
EXIT_BROKEN = 1


class Command(BaseCommand):
    help = (
        "Check the history of every recall against its hashes. Status: 0 whole, 1 broken. The printed digest covers "
        "the newest event of every recall: kept outside the database, it also shows a history cut off at its end."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        digest, checked, broken = hashlib.sha256(), 0, 0
        for recall, events in _histories():
            fault = _fault(recall, events) and _recheck_locked(recall)
            if fault:
                self.stdout.write(_("recall #%(number)s: %(fault)s") % {"number": recall.pk, "fault": fault})
            checked, broken = checked + 1, broken + bool(fault)
            digest.update(f"{recall.pk}:{recall.version}:{recall.head_hash}\n".encode())
        for number in _orphaned_recall_ids():
            self.stdout.write(_("recall #%(number)s: deleted, its events are left") % {"number": number})
            broken += 1
        words = {"recalls": checked, "broken": broken, "digest": digest.hexdigest()}
        self.stdout.write(_("%(recalls)s recalls checked, %(broken)s broken. Digest: %(digest)s") % words)
        if broken:
            sys.exit(EXIT_BROKEN)


def _histories() -> Iterator[tuple[Recall, list[RecallEvent]]]:
    """Every recall with its events in order, one at a time."""
    rows = RecallEvent.objects.order_by("recall_id", "version").iterator(CHUNK_SIZE)
    groups = groupby(rows, key=lambda event: event.recall_id)
    number, events = next(groups, (None, iter(())))
    for recall in Recall.objects.order_by("pk").only("pk", "version", "head_hash").iterator(CHUNK_SIZE):
        while number is not None and number < recall.pk:
            number, events = next(groups, (None, iter(())))
        yield recall, list(events) if number == recall.pk else []


def _recheck_locked(recall: Recall) -> str:
    """The fault of a recall that nobody can move meanwhile: it may have moved while it was read."""
    with transaction.atomic():
        locked = Recall.objects.select_for_update(of=("self",)).get(pk=recall.pk)
        return _fault(locked, list(locked.events.order_by("version")))


def _fault(recall: Recall, events: list[RecallEvent]) -> str:
    """The fault of this history as a sentence; empty when its hashes match."""
    previous = ""
    for number, event in enumerate(events, start=1):
        if event.version != number:
            return _("event %(number)s is missing") % {"number": number}
        if event.previous_hash != previous or event.compute_hash() != event.hash:
            return _("event %(number)s was changed") % {"number": number}
        previous = event.hash
    if recall.version != len(events) or recall.head_hash != previous:
        return _("the newest events are missing")
    return ""


def _orphaned_recall_ids() -> list[int]:
    """The numbers of recalls that are gone from under their events, which the database itself forbids."""
    orphans = RecallEvent.objects.filter(~Exists(Recall.objects.filter(pk=OuterRef("recall_id"))))
    return sorted(orphans.order_by().values_list("recall_id", flat=True).distinct())
