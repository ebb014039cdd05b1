"""Brings a recall back whose written result did not arrive, so that a person tells the result.

Every minute, and at the same cost however many recalls there are: it reads the index of written results that failed,
came back, expired, were held back or stopped, from which each row is taken as soon as it was seen to, and the index of
the print queue, whose late letters leave the queue with the recall. Each recall is looked at again under its lock, so
that two sweeps at once bring it back once.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import SYSTEM
from notifications.enums import UNDELIVERED_STATES, NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from notifications.planning import channel_fallback
from notifications.planning.plan import find_planned_message
from notifications.planning.snapshot import load_snapshot
from recalls import actions
from recalls.enums import WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.permissions import StepRefused

log = logging.getLogger(__name__)

BATCH_SIZE = 200  # the sweep of the next minute takes the rest
_STOPPED = Q(state=NotificationState.CANCELLED, reason=StatusReason.STOPPED)
_LOST = Q(tells_result=True) & (Q(state__in=UNDELIVERED_STATES) | _STOPPED)
# A channel that opened since may still take it. What a person stopped or what comes too late is not sent again.
_RETRYABLE_STATES = frozenset({NotificationState.FAILED, NotificationState.BOUNCED, NotificationState.SUPPRESSED})
_TASKS_ABOUT_MESSAGES = (WorkItemKind.UNDELIVERABLE_MESSAGE, WorkItemKind.CALL_DELIVERY_FAILED)


def bring_back_undelivered() -> dict[str, int]:
    """See to each written result that did not arrive; the number of messages by what was done about them."""
    counts = {"brought_back": 0, "sent_another_way": 0, "not_needed": 0, "waiting": 0, "failed": 0}
    rows = [*lost_messages()[:BATCH_SIZE], *_unprinted_letters()]
    for row in rows:
        counts[_see_to(row)] += 1
    return counts


def lost_messages() -> QuerySet[Notification]:
    """The marked messages that did not arrive, oldest first; PostgreSQL reads them from their partial index."""
    return Notification.objects.filter(_LOST).order_by("pk")


def _unprinted_letters() -> list[Notification]:
    """Those that have waited in the print queue for longer than a result may wait to be told."""
    now = timezone.now()
    waiting = Notification.objects.filter(state=NotificationState.TO_PRINT, tells_result=True, due_at__lt=now)
    rows = waiting.select_related("recall__site__deadline_policy").order_by("due_at")[:BATCH_SIZE]
    return [row for row in rows if _print_limit(row) < now]


def _print_limit(row: Notification) -> datetime:
    site = row.recall.site
    return calendar.add_business_days(site, row.not_before, site.policy.result_told)


def _see_to(row: Notification) -> str:
    """What was done about it, as a key of the counts; one that cannot be seen to must not hold up the others."""
    try:
        with transaction.atomic():
            return _see_to_locked(row)
    except StepRefused:
        return "waiting"  # the patient is here for a newer result, or the recall moves at this moment
    except Exception as error:  # noqa: BLE001  one recall that cannot move must not hold up the others
        log.error("message %s: the result could not be brought back: %s", row.pk, type(error).__name__)
        return "failed"


def _see_to_locked(seen: Notification) -> str:
    locked = Recall.objects.select_for_update(of=("self",), no_key=True).select_related("site", "patient", "exam")
    recall = locked.get(pk=seen.recall_id)
    row = Notification.objects.filter(pk=seen.pk, state=seen.state, tells_result=True).first()
    if row is None:
        return "not_needed"
    planned = find_planned_message(load_snapshot(recall), NotificationKind(row.kind), row.occasion)
    if planned is None or not recall.told_in_writing:
        _settle(row)
        return "not_needed"
    if row.state in _RETRYABLE_STATES and channel_fallback.reroute(recall, row.pk):
        return "sent_another_way"
    _settle(row)
    why = _("waits unprinted") if row.state == NotificationState.TO_PRINT else _why_lost(row)
    words = {"message": row.get_kind_display(), "why": why}
    actions.result_undelivered(recall, by=SYSTEM, seen=recall.version, note=_("“%(message)s”: %(why)s") % words)
    _finish_tasks_about(row)
    return "brought_back"


def _settle(row: Notification) -> None:
    Notification.objects.filter(pk=row.pk).update(tells_result=False)


def _why_lost(row: Notification) -> str:
    return str(StatusReason(row.reason).label if row.reason else row.state_label)


def _finish_tasks_about(row: Notification) -> None:
    """The recall itself now stands with whoever tells the result: a task to call because of the message is done."""
    about = _("“%(message)s”:") % {"message": row.get_kind_display()}
    tasks = WorkItem.objects.filter(recall=row.recall_id, kind__in=_TASKS_ABOUT_MESSAGES, done_at=None)
    for item in tasks:
        ours = [reason for reason in item.reasons if reason.startswith(about)]
        if ours and len(ours) == len(item.reasons):
            actions.finish_work_item(item, by=SYSTEM)
        for reason in ours:
            actions.remove_reason(item.pk, reason)
