"""Do the stored messages of a recall say what the plan wants? Missing ones are added, obsolete ones cancelled.

Always called with the recall's row locked, inside the transaction that moved it or that found the difference. It
only writes rows: nothing is sent from here.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import Site
from notifications import lay_summary, texts, windows
from notifications.kinds import LETTERS_ONLY, Channel, Kind, NotificationState, Reason
from notifications.models import Notification
from notifications.plan import RULE, wanted
from notifications.rules import Wanted
from notifications.situation import Key, Situation
from patients.channels import Channels, channels_of
from recalls.actions import open_work_item
from recalls.models import Recall
from recalls.states import WorkItemKind

S = NotificationState


@dataclass(slots=True)
class Changes:
    """What has to change for the stored rows to be the wanted ones."""

    missing: dict[Key, Wanted] = field(default_factory=dict)
    again: list[tuple[Notification, Wanted]] = field(default_factory=list)
    obsolete: list[Notification] = field(default_factory=list)
    in_flight: list[Notification] = field(default_factory=list)
    held_back: list[Notification] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.missing or self.again or self.obsolete or self.in_flight or self.held_back)


def difference(situation: Situation, why_no_email: str, now: datetime) -> Changes:
    """Compare; changes nothing. A message that was cancelled or held back and is wanted after all is planned again."""
    found, want = Changes(), wanted(situation)
    for key, one in want.items():
        row = situation.stored.get(key)
        useless = one.expires_at is not None and one.expires_at <= now
        if row is None:
            if not useless:
                found.missing[key] = one
            continue
        why = why_not(row.kind, situation.recall, why_no_email)
        if not useless and _may_come_back(row, why):
            found.again.append((row, one))
        elif why and (row.state == S.PLANNED or _has_another_reason(row, why)):
            found.held_back.append(row)
    for key, row in situation.stored.items():
        if key in want:
            continue
        if row.state == S.PLANNED:
            found.obsolete.append(row)
        elif row.state == S.SENDING and not row.reason:
            found.in_flight.append(row)
    return found


def reconcile(situation: Situation, channels: Channels | None = None) -> bool:
    """Make the stored rows the wanted ones; True when something may be sent at once."""
    now, recall = timezone.now(), situation.recall
    why = (channels or channels_of(recall.patient)).why_no_email
    found = difference(situation, why, now)
    _stop(found)
    rows = [new_row(recall, kind, one, why_not(kind, recall, why)) for (kind, _), one in found.missing.items()]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    for row, one in found.again:
        _plan_again(row, one, recall.site, now)
    for row in found.held_back:
        _hold_back(row, why_not(row.kind, recall, why))
    _tell_otherwise(recall, [row for row in [*rows, *found.held_back] if row.reason])
    return any(row.state == S.PLANNED and row.not_before <= now for row in [*rows, *(row for row, _one in found.again)])


def new_row(recall: Recall, kind: str, one: Wanted, why_no_email: str) -> Notification:
    public_id = uuid.uuid4()
    return Notification(
        recall=recall,
        patient=recall.patient,
        kind=kind,
        occasion=one.occasion,
        channel=Channel.LETTER if why_no_email and kind in LETTERS_ONLY else Channel.EMAIL,
        language=texts.language_of(kind, recall),
        appointment=one.appointment,
        appointment_sequence=one.appointment.sequence if one.appointment else None,
        outcome=one.outcome,
        state=S.SUPPRESSED if why_no_email else S.PLANNED,
        reason=why_no_email,
        due_at=one.due_at,
        not_before=one.due_at,
        expires_at=one.expires_at,
        public_id=public_id,
        message_id=f"<{public_id}@{mail_domain()}>",
    )


def mail_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]


def follow_patient(recall: Recall) -> None:
    """After a merge or its undoing: what is still to be sent is for the record that the recall now stands on."""
    rows = Notification.objects.filter(recall=recall, state__in=[S.PLANNED, S.SUPPRESSED])
    rows.exclude(patient=recall.patient_id).update(patient=recall.patient_id)


def hold_back(recall: Recall, row: Notification, why: str) -> None:
    """Hold one message back because she may not be written to, and have a person tell her where it matters."""
    _hold_back(row, why)
    _tell_otherwise(recall, [row])


def why_not(kind: str, recall: Recall, why_no_email: str) -> str:
    """Why a message of the kind is not sent as an email now; empty when it may be."""
    return lay_summary.why_not_by_email(recall) if kind in LETTERS_ONLY else why_no_email


def _has_another_reason(row: Notification, why: str) -> bool:
    """A summary that lacked a fact may have become one that is ready for paper, or the other way round."""
    return row.kind in LETTERS_ONLY and row.state == S.SUPPRESSED and row.reason != why


def _may_come_back(row: Notification, why_no_email: str) -> bool:
    if row.state == S.CANCELLED:
        return row.reason == Reason.NOT_WANTED and not why_no_email
    return row.state == S.SUPPRESSED and not why_no_email


def _stop(found: Changes) -> None:
    _update(found.obsolete, S.PLANNED, state=S.CANCELLED, reason=Reason.NOT_WANTED)
    # Too late to stop: the row says so, whatever becomes of it.
    _update(found.in_flight, S.SENDING, reason=Reason.IN_FLIGHT)


def _plan_again(row: Notification, one: Wanted, site: Site, now: datetime) -> None:
    """A time that has passed is not kept: it leaves in the next hours in which a message of its kind may."""
    window = RULE[Kind(row.kind)].window
    row.due_at = one.due_at if one.due_at > now else windows.next_in(window, site, now)
    row.not_before, row.expires_at = row.due_at, one.expires_at
    row.state, row.reason, row.channel = S.PLANNED, "", Channel.EMAIL
    row.save(update_fields=["due_at", "not_before", "expires_at", "state", "reason", "channel"])


def _hold_back(row: Notification, why: str) -> None:
    row.reason = why
    row.channel = Channel.LETTER if row.kind in LETTERS_ONLY else row.channel
    _update([row], S(row.state), state=S.SUPPRESSED, reason=why, channel=row.channel)


def _update(rows: Iterable[Notification], standing: NotificationState, /, **fields: str) -> None:
    """Only rows that are still in that state: a worker may have taken one meanwhile."""
    numbers = [row.pk for row in rows]
    if numbers:
        Notification.objects.filter(pk__in=numbers, state=standing).update(**fields)


def _tell_otherwise(recall: Recall, rows: Iterable[Notification]) -> None:
    """One open task for the recall; a reminder that cannot be sent asks for none."""
    news = [row for row in rows if RULE[Kind(row.kind)].news]
    if news and not recall.patient.deceased_on:
        reason = _("“%(message)s”: %(why)s") % {
            "message": news[0].get_kind_display(),
            "why": Reason(news[0].reason).label,
        }
        if news[0].reason == Reason.FACT_MISSING:
            reason = f"{reason} {', '.join(lay_summary.missing(recall))}."
        open_work_item(recall, WorkItemKind.TELL_OTHERWISE, reason)
