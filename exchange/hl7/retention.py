"""Empties the bodies of settled messages once their sender's settings let them go; what became of each stays."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from exchange.models import Hl7AwaitedFinal, Hl7Message, Hl7MessageMend, Hl7Sender
from exchange.models.hl7_sender import KEEP_DAYS
from notifications.delivery.work_time import WorkTime

_SLICE = 500  # messages in one statement


def empty_old_bodies(seconds: float) -> int:
    """Go on for at most that long; the number of messages emptied.

    Key and digest stay, so that a message sent again is known and another one under its control id is a conflict.
    """
    emptied, work_time = 0, WorkTime(seconds)
    for rows in _iter_old_rows():
        while not work_time.is_over() and (pks := list(rows.values_list("pk", flat=True)[:_SLICE])):
            Hl7MessageMend.objects.filter(message__in=pks).update(body=b"")
            emptied += Hl7Message.objects.filter(pk__in=pks).update(
                raw=b"", mended=None, proposal=None, accepted=None, emptied_at=timezone.now()
            )
    return emptied


def _iter_old_rows() -> "Iterator[QuerySet[Hl7Message]]":
    """What may be emptied of each sender, and of those that nobody has set up, oldest first.

    Never what is not settled, or waits for its final report: that has no `settled_at`, or will have none.
    """
    awaited = Hl7AwaitedFinal.objects.filter(message=OuterRef("pk"), cleared_at=None)
    rows = Hl7Message.objects.filter(~Exists(awaited), emptied_at=None, settled_at__isnull=False).order_by("settled_at")
    kept: dict[int | None, int] = {None: KEEP_DAYS, **dict(Hl7Sender.objects.values_list("pk", "keep_days"))}
    now = timezone.now()
    for sender, days in kept.items():
        of_sender = rows.filter(sender=sender) if sender else rows.filter(sender__isnull=True)
        yield of_sender.filter(settled_at__lt=now - timedelta(days=days))
