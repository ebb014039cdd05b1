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

from clinic.actors import SYSTEM
from clinic.models import Site
from notifications import lay_summary, print_tasks, texts, windows
from notifications.kinds import LETTERS_ONLY, Kind, NotificationState, Reason
from notifications.models import Notification
from notifications.plan import RULE, wanted
from notifications.routes import Way, is_urgent, way_for
from notifications.rules import Wanted
from notifications.situation import Key, Situation
from patients.channels import Channels, channels_of
from recalls.actions import open_work_item
from recalls.models import Recall
from recalls.states import WorkItemKind

S = NotificationState

_STILL_TO_DECIDE = frozenset({S.PLANNED, S.SUPPRESSED, S.CANCELLED})


@dataclass(slots=True)
class Changes:
    """What has to change for the stored rows to be the wanted ones."""

    missing: dict[Key, tuple[Wanted, Way]] = field(default_factory=dict)
    again: list[tuple[Notification, Wanted, Way]] = field(default_factory=list)
    elsewhere: list[tuple[Notification, Way]] = field(default_factory=list)
    obsolete: list[Notification] = field(default_factory=list)
    in_flight: list[Notification] = field(default_factory=list)
    held_back: list[tuple[Notification, Way]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.missing or self.again or self.elsewhere or self.obsolete or self.in_flight or self.held_back)


def difference(situation: Situation, channels: Channels, now: datetime) -> Changes:
    """Compare; changes nothing. A message that was cancelled or held back and is wanted after all is planned again."""
    found, want = Changes(), wanted(situation)
    for key, one in want.items():
        row = situation.stored.get(key)
        useless = one.expires_at is not None and one.expires_at <= now
        if (row and row.state not in _STILL_TO_DECIDE) or (useless and (row is None or row.state != S.PLANNED)):
            continue
        way = way_for(situation.recall, key[0], one, channels, now, row.given_up if row else ())
        if row is None:
            found.missing[key] = (one, way)
        elif row.state == S.PLANNED:
            _look_at_way(found, row, way)
        elif way.why_not and _has_another_reason(row, way.why_not):
            found.held_back.append((row, way))
        elif not way.why_not and (row.state == S.SUPPRESSED or row.reason == Reason.NOT_WANTED):
            found.again.append((row, one, way))
    for key, row in situation.stored.items():
        if key in want:
            continue
        if row.state in (S.PLANNED, S.TO_PRINT):
            found.obsolete.append(row)
        elif row.state == S.SENDING and not row.reason:
            found.in_flight.append(row)
    return found


def _look_at_way(found: Changes, row: Notification, way: Way) -> None:
    if way.why_not:
        found.held_back.append((row, way))
    elif way.channel != row.channel:
        found.elsewhere.append((row, way))


def reconcile(situation: Situation, channels: Channels | None = None) -> bool:
    """Make the stored rows the wanted ones; True when something may be sent at once."""
    now, recall = timezone.now(), situation.recall
    found = difference(situation, channels or channels_of(recall.patient), now)
    _stop(recall, found)
    rows = [new_row(recall, kind, one, way) for (kind, _occasion), (one, way) in found.missing.items()]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    for row, one, way in found.again:
        _plan_again(row, one, way, recall.site, now)
    for row, way in found.elsewhere:
        go_by(row, way)
    for row, way in found.held_back:
        _hold_back(row, way.why_not)
    _tell_otherwise(recall, [row for row in [*rows, *(row for row, _way in found.held_back)] if row.state != S.PLANNED])
    planned = [*rows, *(row for row, _one, _way in found.again), *(row for row, _way in found.elsewhere)]
    return any(row.state == S.PLANNED and row.not_before <= now for row in planned)


def new_row(recall: Recall, kind: str, one: Wanted, way: Way) -> Notification:
    public_id = uuid.uuid4()
    return Notification(
        recall=recall,
        patient=recall.patient,
        kind=kind,
        occasion=one.occasion,
        channel=way.channel,
        urgent=is_urgent(recall, kind, one),
        language=texts.language_of(recall, kind, way.channel),
        appointment=one.appointment,
        appointment_sequence=one.appointment.sequence if one.appointment else None,
        outcome=one.outcome,
        state=S.SUPPRESSED if way.why_not else S.PLANNED,
        reason=way.why_not,
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


def _has_another_reason(row: Notification, why: str) -> bool:
    """A summary may lack another fact than it did."""
    return row.kind in LETTERS_ONLY and row.state == S.SUPPRESSED and row.reason != why


def go_by(row: Notification, way: Way) -> None:
    """Another channel takes over a planned message, in the words that it has there."""
    row.channel, row.language = way.channel, texts.language_of(row.recall, row.kind, way.channel)
    Notification.objects.filter(pk=row.pk, state=S.PLANNED).update(channel=row.channel, language=row.language)


def _stop(recall: Recall, found: Changes) -> None:
    _update(found.obsolete, S.PLANNED, state=S.CANCELLED, reason=Reason.NOT_WANTED)
    if any(row.state == S.TO_PRINT for row in found.obsolete):
        _update(found.obsolete, S.TO_PRINT, state=S.CANCELLED, reason=Reason.NOT_WANTED)
        print_tasks.close_if_done(recall.pk, by=SYSTEM)
    # Too late to stop: the row says so, whatever becomes of it.
    _update(found.in_flight, S.SENDING, reason=Reason.IN_FLIGHT)


def _plan_again(row: Notification, one: Wanted, way: Way, site: Site, now: datetime) -> None:
    """A time that has passed is not kept: it leaves in the next hours in which a message of its kind may."""
    window = RULE[Kind(row.kind)].window
    row.due_at = one.due_at if one.due_at > now else windows.next_in(window, site, now)
    row.not_before, row.expires_at = row.due_at, one.expires_at
    row.state, row.reason, row.channel = S.PLANNED, "", way.channel
    row.language, row.urgent = (
        texts.language_of(row.recall, row.kind, way.channel),
        is_urgent(row.recall, row.kind, one),
    )
    names = ["due_at", "not_before", "expires_at", "state", "reason", "channel", "language", "urgent"]
    row.save(update_fields=names)


def _hold_back(row: Notification, why: str) -> None:
    _update([row], S(row.state), state=S.SUPPRESSED, reason=why)
    row.state, row.reason = S.SUPPRESSED, why


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
