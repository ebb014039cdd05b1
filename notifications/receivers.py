"""Plans messages when a recall or a record changes, and blocks the undo of a step whose message may have left.

Rows are written with the move; a worker is woken after it.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic.actors import SYSTEM
from notifications.delivery.wakeup import wake_worker_after_commit
from notifications.enums import EDUCATION_KINDS, AttemptResult, NotificationState
from notifications.models import Notification
from notifications.planning import print_work_items, sibling_recalls
from notifications.planning.education.series import review_series
from notifications.planning.reconcile import move_to_current_patient, reconcile_all
from notifications.planning.snapshot import load_snapshots, new_snapshots
from patients.models import Patient
from recalls.enums import ContactChannel, State
from recalls.models import RecallEvent

_POSTED = frozenset({ContactChannel.LETTER, ContactChannel.CERTIFIED_LETTER})
_MERGE_STEPS = frozenset({"merge_records", "unmerge_records"})


def plan_messages(events: Sequence[RecallEvent], **_signal: Any) -> None:
    """Receives `recall_moved` inside the transaction of the move; the `recall` of each event is the locked row."""
    for event in events:
        if event.step in _MERGE_STEPS:
            move_to_current_patient(event.recall)
    opened = [event.recall for event in events if event.version == 1]
    moved = [event.recall for event in events if event.version > 1]
    is_due = reconcile_all([*new_snapshots(opened), *(load_snapshots(moved) if moved else ())])
    for event in events:
        if _who_speaks_may_change(event):
            is_due = sibling_recalls.reconcile_siblings(event) or is_due
        review_series(event.recall.patient)
        if _is_letter_logged(event):
            print_work_items.close_print_work_items_if_done(event.recall.pk, by=event.user or SYSTEM)
    if is_due:
        wake_worker_after_commit()


def replan_messages(patient: Patient, **_signal: Any) -> None:
    """Receives `patient_changed` inside the transaction of the change."""
    review_series(patient)
    if sibling_recalls.reconcile_recalls_of(patient):
        wake_worker_after_commit()


def _is_letter_logged(event: RecallEvent) -> bool:
    """Whether somebody logged a letter that was posted: the task to post one is done, unless one is still to print."""
    return event.step == "log_contact" and event.data.get("channel") in _POSTED


def _who_speaks_may_change(event: RecallEvent) -> bool:
    """Whether a recall began or ceased to be contacted, or has another patient: then another one may speak for all."""
    if event.version == 1:  # the newest has the greatest key: whoever spoke before speaks on
        return False
    was, now = event.from_state == State.TO_CONTACT, event.to_state == State.TO_CONTACT
    return was != now or (now and event.step in _MERGE_STEPS)


def block_undo_after_send(event: RecallEvent, **_signal: Any) -> str:
    """Receives `may_undo` under the recall's lock, which a worker needs as well before it takes a message."""
    may_have_left = [AttemptResult.ACCEPTED, AttemptResult.UNCERTAIN]
    left = Q(state=NotificationState.SENDING) | Q(attempts__at__gte=event.at, attempts__result__in=may_have_left)
    if Notification.objects.filter(left, recall=event.recall).exclude(kind__in=EDUCATION_KINDS).exists():
        return _(
            "A message to the patient has left meanwhile. Take the step that mends it: the patient is written to again."
        )
    return ""
