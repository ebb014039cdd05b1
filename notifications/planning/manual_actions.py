"""Lets a person stop a message, send it again or send one now, or says why not.

Nothing is sent from here. What a person asks for is an event of the recall: the plan reads it there, so the message
lives by the same rules as every other one, and the daily comparison does not take it back.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Unpack

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.calendar import next_send_time
from notifications.enums import EDUCATION_KINDS, ManualAction, NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from notifications.planning import print_work_items
from notifications.planning.channel_selection import ChannelChoice, select_channel
from notifications.planning.plan import find_planned_message, get_send_window, repeat_occasion
from notifications.planning.reconcile import build_notification
from notifications.planning.rules import PlannedMessage
from notifications.planning.snapshot import RecallSnapshot, load_snapshot
from patients.channels import get_patient_channels
from recalls import actions
from recalls.actions import ActionKwargs, Transition
from recalls.models import Recall, RecallEvent
from recalls.permissions import StepUnavailable

_STOPPABLE_STATES = frozenset({NotificationState.PLANNED, NotificationState.TO_PRINT})
# The one message that is true whenever somebody wants to talk with the patient.
SEND_NOW_KIND = NotificationKind.PLEASE_CALL


def stop_message(row: Notification, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Cancel a planned message for good. Raises StepRefused where it cannot be stopped any more."""

    def work(move: Transition) -> None:
        mine = Notification.objects.filter(pk=row.pk, recall=move.recall, state__in=_STOPPABLE_STATES)
        if not mine.update(state=NotificationState.CANCELLED, reason=StatusReason.STOPPED):
            row.refresh_from_db()
            raise StepUnavailable(stop_blocked_reason(row))
        print_work_items.close_print_work_items_if_done(row.recall_id, by=asked["by"])
        move.data = _event_data(ManualAction.STOPPED, row)

    return actions.message_by_hand(row.recall, work, **asked)


def send_again(row: Notification, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Owe the same message once more, in the next sending hours. Raises StepRefused where it is not true now."""

    def work(move: Transition) -> None:
        snapshot = load_snapshot(move.recall)
        _raise_if_blocked(resend_blocked_reason(snapshot.notifications.get((row.kind, row.occasion), row), snapshot))
        move.data = _event_data(ManualAction.SENT_AGAIN, row)

    return actions.message_by_hand(row.recall, work, **asked)


def send_now(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Owe a request to call, in the next sending hours. Raises StepRefused where the patient may not be written to."""

    def work(move: Transition) -> None:
        _raise_if_blocked(send_now_blocked_reason(load_snapshot(move.recall)))
        move.data = {"did": ManualAction.SENT_NOW, "kind": SEND_NOW_KIND, "occasion": ""}

    return actions.message_by_hand(recall, work, **asked)


def stop_blocked_reason(row: Notification) -> str:
    """The sentence that forbids it; empty when it may be stopped."""
    if row.state == NotificationState.SENDING:
        return _("It is being sent at this moment.")
    return "" if row.state in _STOPPABLE_STATES else _("Only a message that is still to be sent can be stopped.")


def resend_blocked_reason(row: Notification, snapshot: RecallSnapshot) -> str:
    """The sentence that forbids it; empty when the message is over, still true and may be sent."""
    if row.state in (NotificationState.PLANNED, NotificationState.SENDING, NotificationState.TO_PRINT):
        return _("It is still to be sent.")
    if row.kind in EDUCATION_KINDS:
        return _("The series goes on by itself. The patient can ask for it again on their page.")
    key = (row.kind, row.occasion)
    one = find_planned_message(snapshot, NotificationKind(row.kind), row.occasion)
    if one is None or (one.expires_at is not None and one.expires_at <= _next_send_time(row.kind, snapshot)):
        return _("What it says is not true any more, or comes too late.")
    copies = [
        repeat_occasion(row.occasion, event.version) for event in snapshot.events if _resent_key(event.data) == key
    ]
    if any(_is_waiting(snapshot, row.kind, occasion) for occasion in copies):
        return _("A copy of it is waiting to be sent already.")
    return _channel_blocked_reason(row.kind, one, snapshot)


def send_now_blocked_reason(snapshot: RecallSnapshot) -> str:
    """The sentence that forbids it; empty when the patient may be asked to call."""
    if not snapshot.recall.is_open:
        return _("The recall is closed.")
    if any(_is_waiting(snapshot, SEND_NOW_KIND, f"now-{event.version}") for event in snapshot.events):
        return _("The same message is waiting to be sent already.")
    return _channel_blocked_reason(SEND_NOW_KIND, _please_call_message(snapshot), snapshot)


def build_resend_draft(row: Notification, snapshot: RecallSnapshot) -> Notification:
    """The row that "send again" would make, not saved: for the preview."""
    due = _next_send_time(row.kind, snapshot)
    one = find_planned_message(snapshot, NotificationKind(row.kind), row.occasion) or PlannedMessage(row.occasion, due)
    about = PlannedMessage(repeat_occasion(row.occasion, 0), due, one.expires_at, one.appointment, one.outcome)
    return build_notification(snapshot.recall, row.kind, about, _select_channel_now(row.kind, about, snapshot))


def build_send_now_draft(snapshot: RecallSnapshot) -> Notification:
    """The row that "send now" would make, not saved."""
    one = _please_call_message(snapshot)
    return build_notification(snapshot.recall, SEND_NOW_KIND, one, _select_channel_now(SEND_NOW_KIND, one, snapshot))


def describe_manual_action(event: RecallEvent) -> tuple[str, ...]:
    """ "Stopped: Visit reminder", for the story of the recall."""
    if "kind" not in event.data:
        return ()
    return (f"{ManualAction(event.data['did']).label}: {NotificationKind(event.data['kind']).label}",)


def _event_data(did: ManualAction, row: Notification) -> dict[str, Any]:
    return {"did": did, "message": row.pk, "kind": row.kind, "occasion": row.occasion}


def _next_send_time(kind: str, snapshot: RecallSnapshot) -> datetime:
    return next_send_time(get_send_window(snapshot, kind), snapshot.site, timezone.now())


def _is_waiting(snapshot: RecallSnapshot, kind: str, occasion: str) -> bool:
    row = snapshot.notifications.get((kind, occasion))
    return row is not None and row.state in (NotificationState.PLANNED, NotificationState.SENDING)


def _resent_key(facts: Mapping[str, Any]) -> tuple[str, str] | None:
    return (facts["kind"], facts["occasion"]) if facts.get("did") == ManualAction.SENT_AGAIN else None


def _please_call_message(snapshot: RecallSnapshot) -> PlannedMessage:
    return PlannedMessage("now", _next_send_time(SEND_NOW_KIND, snapshot))


def _select_channel_now(kind: str, one: PlannedMessage, snapshot: RecallSnapshot) -> ChannelChoice:
    return select_channel(snapshot.recall, kind, one, get_patient_channels(snapshot.recall.patient), timezone.now())


def _channel_blocked_reason(kind: str, one: PlannedMessage, snapshot: RecallSnapshot) -> str:
    why = _select_channel_now(kind, one, snapshot).blocked_reason
    return str(StatusReason(why).label) if why else ""


def _raise_if_blocked(sentence: str) -> None:
    if sentence:
        raise StepUnavailable(sentence)
