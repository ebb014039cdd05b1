"""What happens to messages when a recall moves? Rows are written with the move; a worker is woken after it."""

from typing import Any

from notifications.reconcile import follow_patient, reconcile
from notifications.situation import situation_of
from notifications.wake import nudge_after_commit
from recalls.models import RecallEvent

_MERGED = frozenset({"merge_records", "unmerge_records"})


def plan_messages(event: RecallEvent, **_: Any) -> None:
    """Receives `recall_moved` inside the transaction of the move; `event.recall` is the locked row."""
    recall = event.recall
    if event.step in _MERGED:
        follow_patient(recall)
    if reconcile(situation_of(recall, newly_opened=event.version == 1)):
        nudge_after_commit()
