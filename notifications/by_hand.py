"""May a person stop this message, send it once more or send one now, and what happens then? Each with a reason.

Nothing is sent from here. What a person asks for is an event of the recall: the plan reads it there, so the message
lives by the same rules as every other one, and the daily comparison does not take it back.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Unpack

from django.utils import timezone
from django.utils.translation import gettext as _

from notifications import print_tasks
from notifications.kinds import ByHand, Kind, NotificationState, Reason
from notifications.models import Notification
from notifications.plan import RULE, again, wanted
from notifications.reconcile import new_row
from notifications.routes import Way, way_for
from notifications.rules import Wanted
from notifications.situation import Situation, situation_of
from notifications.windows import next_in
from patients.channels import channels_of
from recalls import actions
from recalls.actions import Asked, Move
from recalls.models import Recall, RecallEvent
from recalls.permissions import NotNow

S = NotificationState
_CAN_BE_STOPPED = frozenset({S.PLANNED, S.TO_PRINT})
NOW_KIND = Kind.PLEASE_CALL  # the one message that is true whenever somebody wants to talk with her


def stop(row: Notification, **asked: Unpack[Asked]) -> RecallEvent:
    """Cancel a planned message for good. Raises StepRefused where it cannot be stopped any more."""

    def work(move: Move) -> None:
        mine = Notification.objects.filter(pk=row.pk, recall=move.recall, state__in=_CAN_BE_STOPPED)
        if not mine.update(state=S.CANCELLED, reason=Reason.STOPPED):
            row.refresh_from_db()
            raise NotNow(why_not_stop(row))
        print_tasks.close_if_done(row.recall_id, by=asked["by"])
        move.data = _facts(ByHand.STOPPED, row)

    return actions.message_by_hand(row.recall, work, **asked)


def send_again(row: Notification, **asked: Unpack[Asked]) -> RecallEvent:
    """Owe her the same message once more, in the next sending hours. Raises StepRefused where it is not true now."""

    def work(move: Move) -> None:
        situation = situation_of(move.recall)
        _refuse(why_not_again(situation.stored.get((row.kind, row.occasion), row), situation))
        move.data = _facts(ByHand.AGAIN, row)

    return actions.message_by_hand(row.recall, work, **asked)


def send_now(recall: Recall, **asked: Unpack[Asked]) -> RecallEvent:
    """Owe her a request to call, in the next sending hours. Raises StepRefused where she may not be written to."""

    def work(move: Move) -> None:
        _refuse(why_not_now(situation_of(move.recall)))
        move.data = {"did": ByHand.NOW, "kind": NOW_KIND, "occasion": ""}

    return actions.message_by_hand(recall, work, **asked)


def why_not_stop(row: Notification) -> str:
    """The sentence that forbids it; empty when it may be stopped."""
    if row.state == S.SENDING:
        return _("It is being sent at this moment.")
    return "" if row.state in _CAN_BE_STOPPED else _("Only a message that is still to be sent can be stopped.")


def why_not_again(row: Notification, situation: Situation) -> str:
    """The sentence that forbids it; empty when the message is over, still true and may be sent."""
    if row.state in (S.PLANNED, S.SENDING, S.TO_PRINT):
        return _("It is still to be sent.")
    key = (row.kind, row.occasion)
    one = wanted(situation).get(key)
    if one is None or (one.expires_at is not None and one.expires_at <= _leaves(row.kind, situation)):
        return _("What it says is not true any more, or comes too late.")
    copies = [again(row.occasion, event.version) for event in situation.events if _asked_again(event.data) == key]
    if any(_waits(situation, row.kind, occasion) for occasion in copies):
        return _("A copy of it is waiting to be sent already.")
    return _why_no_way(row.kind, one, situation)


def why_not_now(situation: Situation) -> str:
    """The sentence that forbids it; empty when she may be asked to call."""
    if not situation.recall.is_open:
        return _("The recall is closed.")
    if any(_waits(situation, NOW_KIND, f"now-{event.version}") for event in situation.events):
        return _("The same message is waiting to be sent already.")
    return _why_no_way(NOW_KIND, _request(situation), situation)


def copy_to_be(row: Notification, situation: Situation) -> Notification:
    """The row that "send again" would make, not saved: for the preview."""
    due = _leaves(row.kind, situation)
    one = wanted(situation).get((row.kind, row.occasion)) or Wanted(row.occasion, due)
    about = Wanted(again(row.occasion, 0), due, one.expires_at, one.appointment, one.outcome)
    return new_row(situation.recall, row.kind, about, _way(row.kind, about, situation))


def request_to_be(situation: Situation) -> Notification:
    """The row that "send now" would make, not saved."""
    one = _request(situation)
    return new_row(situation.recall, NOW_KIND, one, _way(NOW_KIND, one, situation))


def told(event: RecallEvent) -> tuple[str, ...]:
    """ "Stopped: Visit reminder", for the story of the recall."""
    if "kind" not in event.data:
        return ()
    return (f"{ByHand(event.data['did']).label}: {Kind(event.data['kind']).label}",)


def _facts(did: ByHand, row: Notification) -> dict[str, Any]:
    return {"did": did, "message": row.pk, "kind": row.kind, "occasion": row.occasion}


def _leaves(kind: str, situation: Situation) -> datetime:
    return next_in(RULE[Kind(kind)].window, situation.site, timezone.now())


def _waits(situation: Situation, kind: str, occasion: str) -> bool:
    row = situation.stored.get((kind, occasion))
    return row is not None and row.state in (S.PLANNED, S.SENDING)


def _asked_again(facts: Mapping[str, Any]) -> tuple[str, str] | None:
    return (facts["kind"], facts["occasion"]) if facts.get("did") == ByHand.AGAIN else None


def _request(situation: Situation) -> Wanted:
    return Wanted("now", _leaves(NOW_KIND, situation))


def _way(kind: str, one: Wanted, situation: Situation) -> Way:
    return way_for(situation.recall, kind, one, channels_of(situation.recall.patient), timezone.now())


def _why_no_way(kind: str, one: Wanted, situation: Situation) -> str:
    why = _way(kind, one, situation).why_not
    return str(Reason(why).label) if why else ""


def _refuse(sentence: str) -> None:
    if sentence:
        raise NotNow(sentence)
