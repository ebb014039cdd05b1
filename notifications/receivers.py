"""Plans messages when a recall moves, and blocks the undo of a step whose message may have left.

Rows are written with the move; a worker is woken after it.
"""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from notifications.delivery.wakeup import wake_worker_after_commit
from notifications.enums import AttemptResult, NotificationState
from notifications.models import Notification
from notifications.planning.reconcile import move_to_current_patient, reconcile_messages
from notifications.planning.snapshot import load_snapshot
from recalls.models import RecallEvent

_MERGE_STEPS = frozenset({"merge_records", "unmerge_records"})


def plan_messages(event: RecallEvent, **_signal: Any) -> None:
    """Receives `recall_moved` inside the transaction of the move; `event.recall` is the locked row."""
    recall = event.recall
    if event.step in _MERGE_STEPS:
        move_to_current_patient(recall)
    if reconcile_messages(load_snapshot(recall, newly_opened=event.version == 1)):
        wake_worker_after_commit()


def block_undo_after_send(event: RecallEvent, **_signal: Any) -> str:
    """Receives `may_undo` under the recall's lock, which a worker needs as well before it takes a message."""
    may_have_left = [AttemptResult.ACCEPTED, AttemptResult.UNCERTAIN]
    left = Q(state=NotificationState.SENDING) | Q(attempts__at__gte=event.at, attempts__result__in=may_have_left)
    if Notification.objects.filter(left, recall=event.recall).exists():
        return _(
            "A message to the patient has left meanwhile. Take the step that mends it: the patient is written to again."
        )
    return ""
