"""Mends a parked message and applies it again, or dismisses it with a reason.

The message stays as it came. Each text with which it was mended is a version with the person's name, who also answers
for what the mended message changes.
"""

import re
from contextlib import nullcontext
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import Heartbeat, User
from exchange.hl7.applying.intake_actor import applying_as
from exchange.hl7.processing import LOCK_NAME, apply_and_store
from exchange.hl7.raw_header import read_raw_header
from exchange.mending.parked_rows import mending_actor
from exchange.models import Hl7Message, Hl7MessageMend
from recalls.selectors.patients import patients_of

# What a report says: who changes it needs a second person.
_REPORT_SEGMENTS = (b"OBR", b"OBX", b"NTE", b"TXA")


class _OutOfReach(Exception):
    """The message turned out to be about a site or a patient that is not the person's; `str()` is the sentence."""


@transaction.atomic
def replay_message(
    message: Hl7Message, *, by: User, body: bytes | None = None, accepts_proposal: bool = False
) -> Hl7Message:
    """Apply the message as it is or, with a `body`, as mended; the row as it stands then.

    The mended body is kept whatever comes of it. Raises ValidationError when somebody has settled it meanwhile.
    """
    Heartbeat.objects.get_or_create(pk=LOCK_NAME)
    Heartbeat.objects.select_for_update().get(pk=LOCK_NAME)
    row = _lock_parked_message(message)
    if body is not None and body != row.body:
        _mend(row, body)
    elif accepts_proposal and row.proposal:
        row.accepted = _merge(row.accepted or {}, row.proposal)
    row.save()
    if row.mended is not None:
        Hl7MessageMend.objects.create(message=row, by=by, body=row.mended)
    if _needs_second_person(row, by):
        row.reason, row.field = _("The report is not as it came: a second person replays the message as it is."), ""
    else:
        row = _apply(row, by)
    if row.state != Hl7Message.State.PARKED:
        row.settled_by = by
    row.save()
    return row


def _apply(row: Hl7Message, by: User) -> Hl7Message:
    """A message that is applied as it came is the sender's word; what was mended or accepted is the person's."""
    is_by_hand = row.mended is not None or bool(row.accepted)
    try:
        with transaction.atomic(), applying_as(mending_actor(by)) if is_by_hand else nullcontext():
            apply_and_store([row])
            if row.site_id is not None and row.site_id not in by.site_ids:
                raise _OutOfReach(_("You do not work at this site. Ask somebody who does to replay the message."))
            if is_by_hand and row.patient_id and not patients_of(by).filter(pk=row.patient_id).exists():
                raise _OutOfReach(_("With this record number the message does not go in from here."))
    except _OutOfReach as refused:
        row = _lock_parked_message(row)
        row.reason, row.field, row.proposal = str(refused), "", None
    return row


def _needs_second_person(row: Hl7Message, by: User) -> bool:
    """Whether what the report says is not as it came, and nobody else has written it so."""
    if row.mended is None or (report := _report_lines(row.mended)) == _report_lines(row.raw):
        return False
    return not any(_report_lines(mend.body) == report for mend in row.mends.exclude(by=by))


def _report_lines(body: "bytes | memoryview[int]") -> list[bytes]:
    lines = (line.strip() for line in re.split(rb"[\r\n]+", bytes(body)))
    return [line for line in lines if line[:3].upper() in _REPORT_SEGMENTS]


@transaction.atomic
def dismiss_message(message: Hl7Message, reason: str, *, by: User) -> None:
    """Settle the message without applying it. Raises ValidationError without a reason."""
    if not reason.strip():
        raise ValidationError(_("Say why, in a few words."))
    row = _lock_parked_message(message)
    row.state, row.note = Hl7Message.State.DISMISSED, reason.strip()
    row.settled_at, row.settled_by = timezone.now(), by
    row.save()


def _mend(row: Hl7Message, body: bytes) -> None:
    """What was accepted of the message as it was before counts no more."""
    row.mended, row.accepted = body, None
    header = read_raw_header(body)
    if header is not None:
        row.application, row.facility = header.application[:180], header.facility[:180]
        row.message_type = header.message_type[:30]


def _merge(accepted: dict[str, Any], proposal: dict[str, Any]) -> dict[str, Any]:
    """Lists are joined: who confirms one thing after another has confirmed both."""
    joined = {
        name: [*accepted[name], *(value for value in values if value not in accepted[name])]
        for name, values in proposal.items()
        if isinstance(values, list) and name in accepted
    }
    return accepted | proposal | joined


def _lock_parked_message(message: Hl7Message) -> Hl7Message:
    """The row, locked. Raises ValidationError when somebody else has settled it meanwhile."""
    rows = Hl7Message.objects.select_for_update(of=("self",)).select_related("sender__site", "site", "patient")
    locked = rows.get(pk=message.pk)
    if locked.state != Hl7Message.State.PARKED:
        raise ValidationError(_("Somebody has settled this message meanwhile. Look at it as it stands now."))
    return locked
