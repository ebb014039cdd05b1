"""Seals the copy of a message into the try that sent it, and finds copies that were changed or taken away since."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from history.checks import Fault
from history.minimised_rows import SealedWith, find_minimised, stands_for
from history.models import MinimisedRow
from history.row_seals import get_key, key_code, seal_row, seal_values, shape_code
from history.shapes import load_shapes
from notifications.enums import Channel
from notifications.models import DeliveryAttempt, RenderedMessage

BATCH_SIZE = 200


def seal_copy(copy: RenderedMessage | None) -> str:
    """Shape, key and seal in one text; empty where no copy is kept."""
    return ":".join([shape_code(RenderedMessage), key_code(), seal_row(copy)]) if copy is not None else ""


class CopySeal(NamedTuple):
    """A seal as a try holds it, with the channel of the try."""

    sealed_with: SealedWith
    value: str
    channel: str


class CopyCheck:
    """Goes through the messages in the order of their numbers, some at a time.

    Every copy on a channel that has sealed tries is one of theirs, and the newest sealed try has its copy.
    """

    def __init__(self) -> None:
        self._shapes = load_shapes()
        self._has_minimised = MinimisedRow.objects.exists()

    def batches(self, after: int = 0) -> Iterator[tuple[int | None, int, Sequence[Fault]]]:
        while True:
            numbers = DeliveryAttempt.objects.filter(notification__gt=after).exclude(copy_seal="")
            found = numbers.order_by("notification").values_list("notification", flat=True).distinct()
            pks = list(found[:BATCH_SIZE])
            seals, copies = _read_seals(pks), _read_copies(pks)
            kept = find_minimised(RenderedMessage._meta.db_table, (copy["id"] for copy in copies.values()))
            faults = [Fault(pk, fault) for pk in pks if (fault := self._fault(seals[pk], copies.get(pk), kept))]
            last = pks[-1] if len(pks) == BATCH_SIZE else None
            yield last, len(pks), faults
            if last is None:
                return
            after = last

    def _fault(
        self, seals: Sequence[CopySeal], row: Mapping[str, Any] | None, minimised: Mapping[int, MinimisedRow]
    ) -> str:
        if row is None:
            return _("the copy of what was sent is missing")
        kept = minimised.get(row["id"])
        if kept is not None and stands_for(kept, row, self._shapes):
            return ""
        copies = [*_earlier_copies(row), ({**row}, _channel_of(row))]
        for copy, channel in copies:
            of_channel = [seal for seal in seals if seal.channel == channel]
            if of_channel and not any(self._matches(seal, copy) for seal in of_channel):
                return _("the copy of what was sent was changed")
        if not any(self._matches(seals[-1], copy) for copy, _channel in copies):
            return _("the copy of what was sent is missing")
        return ""

    def _matches(self, seal: CopySeal, copy: Mapping[str, Any]) -> bool:
        shape, key = self._shapes.get(seal.sealed_with.shape), get_key(seal.sealed_with.key)
        if shape is None or key is None:
            return False
        values = (copy[name] for name in shape.columns)
        return seal_values(shape.table, shape.columns, values, key) == seal.value


def parse_seal(text: str) -> tuple[SealedWith, str]:
    shape, key, value = text.split(":")
    return SealedWith(shape, key), value


def _read_seals(pks: Sequence[int]) -> dict[int, list[CopySeal]]:
    """By message the seals of its tries, the newest last."""
    seals: dict[int, list[CopySeal]] = defaultdict(list)
    tries = DeliveryAttempt.objects.filter(notification__in=pks).exclude(copy_seal="").order_by("pk")
    for number, channel, text in tries.values_list("notification", "channel", "copy_seal"):
        seals[number].append(CopySeal(*parse_seal(text), channel))
    return seals


def _read_copies(pks: Sequence[int]) -> dict[int, dict[str, Any]]:
    rows = RenderedMessage.objects.filter(notification__in=pks)
    columns = ("id", "earlier", *RenderedMessage.SEALED_COLUMNS)
    return {row["notification_id"]: row for row in rows.values(*columns)}


def _earlier_copies(row: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Copies of channels that failed; of a letter its words are kept alone, which no seal covers."""
    for one in row["earlier"]:
        if one["channel"] != Channel.LETTER:
            yield {**one, "notification_id": row["notification_id"], "letter": {}}, one["channel"]


def _channel_of(row: Mapping[str, Any]) -> str:
    if row["letter"]:
        return Channel.LETTER
    return Channel.EMAIL if row["html"] else Channel.SMS
