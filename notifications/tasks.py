"""Celery tasks: send due messages when woken, and sweep every minute.

Tasks carry no arguments: the database says what is owed. Two beats or two sweeps at once are harmless, since each row
is claimed by one. Signs of life (`Heartbeat`): "worker" is written by every task; "beat" and "sweep" by the sweep,
which nobody but beat asks for.
"""

from celery import shared_task
from django.utils import timezone

from clinic.models import Heartbeat
from notifications.delivery import outbox
from notifications.delivery.wakeup import wake_worker
from notifications.delivery.worker import send_due
from notifications.enums import NotificationState
from notifications.models import Notification
from notifications.planning import daily_reconcile

SEND_SECONDS = 40.0
RECONCILE_SECONDS = 5.0
SECOND_WORKER_THRESHOLD = 50  # due messages: from here on a second worker is asked to help


@shared_task
def deliver() -> dict[str, int]:
    """Send what is due; the number of messages by what became of them."""
    _record_heartbeat("worker")
    return dict(send_due(SEND_SECONDS))


@shared_task
def sweep() -> dict[str, int]:
    """Each minute: put away what is too late, take back what was lost, send what is due, compare a piece."""
    started = timezone.now()
    _record_heartbeat("worker", "beat")
    Heartbeat.objects.update_or_create(pk="sweep", defaults={"started_at": started})
    counts = {"expired": outbox.expire_overdue(), "reclaimed": outbox.reclaim_expired_leases()}
    if _needs_second_worker():
        wake_worker()
    counts |= send_due(SEND_SECONDS)
    counts["mended"] = daily_reconcile.continue_daily_reconcile(RECONCILE_SECONDS)
    Heartbeat.objects.filter(pk="sweep").update(finished_at=timezone.now(), counts=counts)
    return counts


def _needs_second_worker() -> bool:
    due = Notification.objects.filter(state=NotificationState.PLANNED, not_before__lte=timezone.now())
    return due.order_by("not_before")[SECOND_WORKER_THRESHOLD : SECOND_WORKER_THRESHOLD + 1].exists()


def _record_heartbeat(*names: str) -> None:
    now = timezone.now()
    for name in names:
        Heartbeat.objects.update_or_create(pk=name, defaults={"finished_at": now})
