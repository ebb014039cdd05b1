"""Makes the stored messages of a recall match the plan: adds missing ones and cancels obsolete ones.

Always called with the recall's row locked, inside the transaction that moved it or that found the difference. It
only writes rows: nothing is sent from here.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import cache

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import SYSTEM
from notifications.content import loader
from notifications.enums import (
    NOT_ABOUT_CARE_KINDS,
    WRITTEN_RESULT_KINDS,
    Channel,
    NotificationKind,
    NotificationState,
    StatusReason,
)
from notifications.models import Notification
from notifications.planning import print_work_items
from notifications.planning.channel_selection import ChannelChoice, select_channel
from notifications.planning.plan import RULE_BY_KIND, get_send_window, planned_messages
from notifications.planning.rules import PlannedMessage
from notifications.planning.snapshot import NotificationKey, RecallSnapshot
from patients.channels import PatientChannels, get_patient_channels
from patients.models import ContactPoint
from recalls.actions import open_work_item
from recalls.enums import CLOSED_WITHOUT_ANSWER, WorkItemKind
from recalls.models import Recall

# A reminder of an early visit leaves in the evening before the day before.
URGENT_BEFORE_APPOINTMENT = timedelta(hours=48)
_ALWAYS_URGENT = frozenset({NotificationKind.PLEASE_CALL_RESULTS, NotificationKind.APPOINTMENT_CANCELLED})
_REPLANNABLE_STATES = frozenset({NotificationState.PLANNED, NotificationState.SUPPRESSED, NotificationState.CANCELLED})


@dataclass(slots=True)
class PlanChanges:
    """What has to change for the stored rows to be the wanted ones."""

    missing: dict[NotificationKey, tuple[PlannedMessage, ChannelChoice]] = field(default_factory=dict)
    to_replan: list[tuple[Notification, PlannedMessage, ChannelChoice]] = field(default_factory=list)
    to_reroute: list[tuple[Notification, ChannelChoice]] = field(default_factory=list)
    to_cancel: list[Notification] = field(default_factory=list)
    in_flight: list[Notification] = field(default_factory=list)
    in_flight_to_changed_person: list[Notification] = field(default_factory=list)
    to_suppress: list[tuple[Notification, ChannelChoice]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))


def find_changes(snapshot: RecallSnapshot, channels: PatientChannels, now: datetime) -> PlanChanges:
    """Compare; changes nothing. A message that was cancelled or held back and is wanted after all is planned again."""
    found, want = PlanChanges(), planned_messages(snapshot)
    to_compare = {
        key: (one, row) for key, one in want.items() if _may_change(row := snapshot.notifications.get(key), one, now)
    }
    channel_by_key = {
        key: select_channel(snapshot.recall, key[0], one, channels, now, row.failed_channels if row else ())
        for key, (one, row) in to_compare.items()
    }
    for key, (one, row) in to_compare.items():
        way = channel_by_key[key]
        if row is None:
            found.missing[key] = (one, way)
        elif row.state == NotificationState.PLANNED:
            _compare_channel(found, row, way)
        elif not way.blocked_reason and (
            row.state == NotificationState.SUPPRESSED or row.reason == StatusReason.NO_LONGER_NEEDED
        ):
            found.to_replan.append((row, one, way))
    for key, row in snapshot.notifications.items():
        if key in want:
            if _is_overtaken(row, want[key], snapshot, channels, now):
                found.in_flight_to_changed_person.append(row)
            continue
        if row.state in (NotificationState.PLANNED, NotificationState.TO_PRINT):
            found.to_cancel.append(row)
        elif row.state == NotificationState.SENDING and not row.reason:
            found.in_flight.append(row)
    return found


def _may_change(row: Notification | None, one: PlannedMessage, now: datetime) -> bool:
    """Not what has left or is leaving, and of what is past its use only what is still planned."""
    if one.expires_at is not None and one.expires_at <= now:
        return row is not None and row.state == NotificationState.PLANNED
    return row is None or row.state in _REPLANNABLE_STATES


def _is_overtaken(
    row: Notification, one: PlannedMessage, snapshot: RecallSnapshot, channels: PatientChannels, now: datetime
) -> bool:
    """Whether it is being sent, and the patient's wish or address changed since it was claimed."""
    if row.state != NotificationState.SENDING or row.reason or row.kind == NotificationKind.REFERRER_NOTICE:
        return False
    way = select_channel(snapshot.recall, row.kind, one, channels, now, row.failed_channels)
    kind = ContactPoint.Kind.MOBILE if row.channel == Channel.SMS else ContactPoint.Kind.EMAIL
    points = snapshot.recall.patient.contact_points.all()
    changed = any(row.claimed_at and point.changed_at > row.claimed_at for point in points if point.kind == kind)
    return bool(way.blocked_reason) or way.channel != row.channel or changed


def _compare_channel(found: PlanChanges, row: Notification, way: ChannelChoice) -> None:
    if way.blocked_reason:
        found.to_suppress.append((row, way))
    elif way.channel != row.channel:
        found.to_reroute.append((row, way))


def reconcile_messages(snapshot: RecallSnapshot, channels: PatientChannels | None = None) -> bool:
    """Make the stored rows the wanted ones; True when something may be sent at once."""
    return _reconcile([(snapshot, channels or get_patient_channels(snapshot.recall.patient))])


def reconcile_all(snapshots: Iterable[RecallSnapshot]) -> bool:
    """The same for several recalls, whose missing rows are written together."""
    return _reconcile([(snapshot, get_patient_channels(snapshot.recall.patient)) for snapshot in snapshots])


def _reconcile(compared: Iterable[tuple[RecallSnapshot, PatientChannels]]) -> bool:
    now = timezone.now()
    changes = [(snapshot, find_changes(snapshot, channels, now)) for snapshot, channels in compared]
    missing = [_cancel_and_build(snapshot.recall, found) for snapshot, found in changes]
    Notification.objects.bulk_create([row for rows in missing for row in rows], ignore_conflicts=True)
    may_send = [_finish(*change, rows, now) for change, rows in zip(changes, missing, strict=True)]
    return any(may_send)


def _cancel_and_build(recall: Recall, found: PlanChanges) -> list[Notification]:
    """Cancel what is obsolete; the missing rows, not stored yet."""
    _cancel_obsolete(recall, found)
    return [build_notification(recall, kind, one, way) for (kind, _occasion), (one, way) in found.missing.items()]


def _finish(snapshot: RecallSnapshot, found: PlanChanges, rows: list[Notification], now: datetime) -> bool:
    """Change the rows that stand and ask a person where none may be sent; `rows` were missing and are stored."""
    recall = snapshot.recall
    for row, one, way in found.to_replan:
        _replan(row, one, way, snapshot, now)
    for row, way in found.to_reroute:
        switch_channel(row, way)
    for row, way in found.to_suppress:
        _set_suppressed(row, way.blocked_reason)
    _open_undeliverable_work_item(
        recall,
        [row for row in [*rows, *(row for row, _way in found.to_suppress)] if row.state != NotificationState.PLANNED],
    )
    planned = [*rows, *(row for row, _one, _way in found.to_replan), *(row for row, _way in found.to_reroute)]
    return any(row.state == NotificationState.PLANNED and row.not_before <= now for row in planned)


def build_notification(recall: Recall, kind: str, one: PlannedMessage, way: ChannelChoice) -> Notification:
    public_id = uuid.uuid4()
    return Notification(
        recall=recall,
        patient=recall.patient,
        kind=kind,
        occasion=one.occasion,
        channel=way.channel,
        urgent=_is_urgent(recall, kind, one),
        tells_result=kind in WRITTEN_RESULT_KINDS,
        language=loader.get_message_language(recall, kind, way.channel),
        appointment=one.appointment,
        appointment_sequence=one.appointment.sequence if one.appointment else None,
        outcome=one.outcome,
        state=NotificationState.SUPPRESSED if way.blocked_reason else NotificationState.PLANNED,
        reason=way.blocked_reason,
        due_at=one.due_at,
        not_before=one.due_at,
        expires_at=one.expires_at,
        public_id=public_id,
        message_id=f"<{public_id}@{mail_domain()}>",
    )


def _is_urgent(recall: Recall, kind: str, one: PlannedMessage) -> bool:
    """A result of 4 or 5, a talk that the patient waits for, and whatever is about a visit of tomorrow."""
    soon = one.appointment is not None and one.appointment.starts_at - one.due_at <= URGENT_BEFORE_APPOINTMENT
    return kind not in NOT_ABOUT_CARE_KINDS and (recall.suspicious or soon or kind in _ALWAYS_URGENT)


def mail_domain() -> str:
    return _domain_of(settings.DEFAULT_FROM_EMAIL)


@cache
def _domain_of(address: str) -> str:
    return parseaddr(address)[1].rpartition("@")[2]


def move_to_current_patient(recall: Recall) -> None:
    """After a merge or its undoing: what is still to be sent is for the record that the recall now stands on."""
    rows = Notification.objects.filter(
        recall=recall, state__in=[NotificationState.PLANNED, NotificationState.SUPPRESSED]
    )
    rows.exclude(patient=recall.patient_id).update(patient=recall.patient_id)


def suppress(recall: Recall, row: Notification, why: str) -> None:
    """Hold one message back because the patient may not be written to, and have a person tell them where it matters."""
    _set_suppressed(row, why)
    _open_undeliverable_work_item(recall, [row])


def switch_channel(row: Notification, way: ChannelChoice) -> None:
    """Another channel takes over a planned message, in the words that it has there."""
    row.channel, row.language = way.channel, loader.get_message_language(row.recall, row.kind, way.channel)
    Notification.objects.filter(pk=row.pk, state=NotificationState.PLANNED).update(
        channel=row.channel, language=row.language
    )


def _cancel_obsolete(recall: Recall, found: PlanChanges) -> None:
    _update_in_state(
        found.to_cancel,
        NotificationState.PLANNED,
        state=NotificationState.CANCELLED,
        reason=StatusReason.NO_LONGER_NEEDED,
    )
    if any(row.state == NotificationState.TO_PRINT for row in found.to_cancel):
        _update_in_state(
            found.to_cancel,
            NotificationState.TO_PRINT,
            state=NotificationState.CANCELLED,
            reason=StatusReason.NO_LONGER_NEEDED,
        )
        print_work_items.close_print_work_items_if_done(recall.pk, by=SYSTEM)
    _tell_what_was_not_sent(recall, found.to_cancel)
    # Too late to stop: the row says so, whatever becomes of it.
    _update_in_state(found.in_flight, NotificationState.SENDING, reason=StatusReason.IN_FLIGHT)
    _update_in_state(found.in_flight_to_changed_person, NotificationState.SENDING, reason=StatusReason.PERSON_CHANGED)
    for row in found.in_flight_to_changed_person:
        words = {"message": row.get_kind_display(), "why": StatusReason.PERSON_CHANGED.label}
        open_work_item(recall, WorkItemKind.VERIFY_CONTACT, _("“%(message)s”: %(why)s") % words)


def _tell_what_was_not_sent(recall: Recall, cancelled: Iterable[Notification]) -> None:
    """A result that counts as told in writing and had not left when the recall ended otherwise is told by a person."""
    unsent = [row for row in cancelled if row.kind in WRITTEN_RESULT_KINDS]
    if unsent and recall.told_in_writing and recall.closure_reason in CLOSED_WITHOUT_ANSWER:
        words = {"message": unsent[0].get_kind_display(), "why": StatusReason.NO_LONGER_NEEDED.label}
        open_work_item(recall, WorkItemKind.UNDELIVERABLE_MESSAGE, _("“%(message)s”: %(why)s") % words)


def _replan(
    row: Notification, one: PlannedMessage, way: ChannelChoice, snapshot: RecallSnapshot, now: datetime
) -> None:
    """A time that has passed is not kept: it leaves in the next hours in which a message of its kind may."""
    window = get_send_window(snapshot, row.kind)
    row.due_at = one.due_at if one.due_at > now else calendar.next_send_time(window, snapshot.site, now)
    row.not_before, row.expires_at = row.due_at, one.expires_at
    row.state, row.reason, row.channel = NotificationState.PLANNED, "", way.channel
    row.tells_result = row.kind in WRITTEN_RESULT_KINDS
    row.language, row.urgent = (
        loader.get_message_language(row.recall, row.kind, way.channel),
        _is_urgent(row.recall, row.kind, one),
    )
    names = ["due_at", "not_before", "expires_at", "state", "reason", "channel", "language", "urgent", "tells_result"]
    row.save(update_fields=names)


def _set_suppressed(row: Notification, why: str) -> None:
    _update_in_state([row], NotificationState(row.state), state=NotificationState.SUPPRESSED, reason=why)
    row.state, row.reason = NotificationState.SUPPRESSED, why


def _open_closed_day_work_item(recall: Recall, row: Notification) -> None:
    """No message tells the patient to come to a closed door: a scheduler calls and moves the visit."""
    words = _("“%(message)s” was held back: %(why)s")
    reason = words % {"message": row.get_kind_display(), "why": StatusReason.VISIT_DAY_CLOSED.label}
    open_work_item(recall, WorkItemKind.CLOSED_DAY, reason)


def _update_in_state(rows: Iterable[Notification], standing: NotificationState, /, **fields: str) -> None:
    """Only rows that are still in that state: a worker may have taken one meanwhile."""
    numbers = [row.pk for row in rows]
    if numbers:
        Notification.objects.filter(pk__in=numbers, state=standing).update(**fields)


def _open_undeliverable_work_item(recall: Recall, rows: Iterable[Notification]) -> None:
    """One open task for the recall; a reminder that cannot be sent asks for none."""
    rows = list(rows)
    shut = [row for row in rows if row.reason == StatusReason.VISIT_DAY_CLOSED]
    if shut:
        _open_closed_day_work_item(recall, shut[0])
    news = [row for row in rows if row not in shut and RULE_BY_KIND[NotificationKind(row.kind)].staff_must_tell]
    if news and not recall.patient.deceased_on:
        reason = _("“%(message)s”: %(why)s") % {
            "message": news[0].get_kind_display(),
            "why": StatusReason(news[0].reason).label,
        }
        open_work_item(recall, WorkItemKind.UNDELIVERABLE_MESSAGE, reason)
