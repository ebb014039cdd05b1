"""Stores messages as they came, in groups, so that each can be acknowledged; a message sent again finds its row."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from exchange.hl7 import acknowledgment
from exchange.hl7.acknowledgment import ErrorCode
from exchange.hl7.raw_header import RawHeader, read_raw_header
from exchange.hl7.senders import find_senders
from exchange.models import Hl7Message

KEPT_BYTES = 64 * 1024  # of a message that is refused


@dataclass(frozen=True, slots=True)
class ArrivalFault:
    """Why bytes are no message that can be applied: a sentence for staff, and one for the sender."""

    reason: "str | Promise"
    text: str


NOT_HL7 = ArrivalFault(
    gettext_lazy("This is no HL7 message: it does not begin with an MSH segment. Ask whoever runs the sending system."),
    "No MSH segment",
)
TOO_LONG = ArrivalFault(
    gettext_lazy("The message is longer than this system takes. Only its beginning is kept; ask the sender for it."),
    "Message too long",
)
CUT_OFF = ArrivalFault(
    gettext_lazy("The connection ended in the middle of this message. The sender was not told that it arrived."),
    "No end block",
)
NO_FRAME = ArrivalFault(
    gettext_lazy("These bytes came without the start block of MLLP. Ask whoever runs the sending system."),
    "No start block",
)
MISCOUNTED = ArrivalFault(
    gettext_lazy(
        "The batch says that it holds another number of messages than came. Ask the sender which are missing."
    ),
    "Batch count differs",
)
_CONFLICT = gettext_lazy(
    "Another message of this sender had the same control id (MSH-10). Replay this one if it is a message of its own; "
    "dismiss it if it is not."
)
_ACKNOWLEDGMENT = gettext_lazy("This is an answer to a message.")


@dataclass(frozen=True)
class Arrival:
    """A message, or bytes where one should be, as it came; `size` counts bytes that are no longer here as well."""

    body: bytes
    size: int
    source: Hl7Message.Source
    refusal: ArrivalFault | None = None

    @cached_property
    def header(self) -> RawHeader | None:
        return read_raw_header(self.body)

    @cached_property
    def why_refused(self) -> ArrivalFault | None:
        return self.refusal or (NOT_HL7 if self.header is None else None)

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @cached_property
    def key(self) -> str:
        """A refused message is known by its bytes alone: the whole one may still come under the same control id."""
        if self.why_refused or self.header is None or not self.header.control_id:
            return _hash("", self.digest)
        return _hash(self.header.application, self.header.facility, self.header.control_id)


@dataclass(slots=True)
class Receipt:
    """The row of a stored message and what to answer."""

    arrival: Arrival
    message_id: int
    ack: Hl7Message.Ack
    is_new: bool
    error: ErrorCode | None = None
    text: str = ""

    @property
    def wants_answer(self) -> bool:
        header = self.arrival.header
        return header is None or not (header.is_acknowledgment or header.wants_no_answer)


@dataclass(slots=True)
class _Group:
    """Rows to store by key, and what is stored under these keys: (id, digest of the body, answer)."""

    rows: dict[str, Hl7Message] = field(default_factory=dict)
    stored: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    new_keys: set[str] = field(default_factory=set)

    def save(self) -> None:
        known = self._fetch(self.rows)
        self.new_keys = self.rows.keys() - known.keys()
        _name_senders([self.rows[key] for key in self.new_keys])
        Hl7Message.objects.bulk_create(
            (self.rows[key] for key in self.rows if key in self.new_keys), ignore_conflicts=True
        )
        self.stored = known | self._fetch(self.new_keys)

    @staticmethod
    def _fetch(keys: "dict[str, Hl7Message] | set[str]") -> dict[str, tuple[int, str, str]]:
        if not keys:
            return {}
        found = Hl7Message.objects.filter(key__in=list(keys)).values_list("key", "pk", "digest", "ack")
        return {key: (pk, digest, ack) for key, pk, digest, ack in found}


@transaction.atomic
def store_arrivals(arrivals: Sequence[Arrival]) -> list[Receipt]:
    """One receipt for each, in order. All are stored when the transaction is, or none."""
    group = _Group()
    for arrival in arrivals:
        group.rows.setdefault(arrival.key, _build_row(arrival))
    group.save()
    conflicts = _Group()
    for arrival in arrivals:
        first_id, digest, _ack = group.stored[arrival.key]
        if digest != arrival.digest:
            conflicts.rows.setdefault(_conflict_key(arrival), _build_conflict(arrival, first_id))
    conflicts.save()
    _settle_cut_messages(arrivals)
    return [_build_receipt(arrival, group, conflicts) for arrival in arrivals]


def _build_row(arrival: Arrival) -> Hl7Message:
    row = Hl7Message(
        key=arrival.key,
        digest=arrival.digest,
        raw=arrival.body,
        size=arrival.size,
        source=arrival.source,
        received_at=timezone.now(),
    )
    header = arrival.header
    if header is not None:
        row.application, row.facility = header.application[:180], header.facility[:180]
        row.control_id, row.message_type = header.control_id[:200], header.message_type[:30]
    if arrival.why_refused is not None:
        row.state, row.ack, row.reason = (
            Hl7Message.State.PARKED,
            Hl7Message.Ack.REJECTED,
            str(arrival.why_refused.reason),
        )
        row.raw = arrival.body[:KEPT_BYTES]
    elif header is not None and header.is_acknowledgment:
        row.state, row.reason, row.settled_at = Hl7Message.State.IGNORED, str(_ACKNOWLEDGMENT), row.received_at
    return row


def _name_senders(rows: Sequence[Hl7Message]) -> None:
    """What nobody applies before a person has looked is shown to the people of its sender's site."""
    if parked := [row for row in rows if row.state == Hl7Message.State.PARKED]:
        find_senders(parked)
        for row in parked:
            row.site = row.sender.site if row.sender else None


def _build_conflict(arrival: Arrival, first_id: int) -> Hl7Message:
    row = _build_row(arrival)
    row.key, row.conflicts_with_id = _conflict_key(arrival), first_id
    row.state, row.ack, row.settled_at = Hl7Message.State.PARKED, Hl7Message.Ack.ERROR, None
    row.reason, row.field = str(_CONFLICT), "MSH-10"
    return row


def _build_receipt(arrival: Arrival, group: _Group, conflicts: _Group) -> Receipt:
    pk, digest, ack = group.stored[arrival.key]
    if digest != arrival.digest:
        key = _conflict_key(arrival)
        pk, _digest, ack = conflicts.stored[key]
        is_new = key in conflicts.new_keys
        return Receipt(
            arrival, pk, Hl7Message.Ack(ack), is_new, acknowledgment.DUPLICATE_KEY, "Same control id, other content"
        )
    receipt = Receipt(arrival, pk, Hl7Message.Ack(ack), arrival.key in group.new_keys)
    if arrival.why_refused is not None:
        receipt.error, receipt.text = acknowledgment.SEGMENT_SEQUENCE, arrival.why_refused.text
    return receipt


def _settle_cut_messages(arrivals: Sequence[Arrival]) -> None:
    """The beginning of a message needs nobody any more once the whole message is here."""
    whole = [
        (arrival.header.application[:180], arrival.header.facility[:180], arrival.header.control_id[:200])
        for arrival in arrivals
        if arrival.why_refused is None and arrival.header is not None and arrival.header.control_id
    ]
    cut = Hl7Message.objects.filter(
        Q(control_id__in={control_id for *_sender, control_id in whole}),
        ack=Hl7Message.Ack.REJECTED,
        state=Hl7Message.State.PARKED,
    )
    for row in cut.only("application", "facility", "control_id") if whole else ():
        if (row.application, row.facility, row.control_id) in whole:
            Hl7Message.objects.filter(pk=row.pk, state=Hl7Message.State.PARKED).update(
                state=Hl7Message.State.DISMISSED,
                note=gettext("The whole message came later."),
                settled_at=timezone.now(),
            )


def _conflict_key(arrival: Arrival) -> str:
    return _hash(arrival.key, arrival.digest)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
