"""What do the workers do? They send what is due when they are nudged, and every minute in any case.

Tasks carry no arguments: the database says what is owed. Two beats or two sweeps at once are harmless, since each row
is claimed by one. Signs of life (`Heartbeat`): "worker" is written by every task; "beat" and "sweep" by the sweep,
which nobody but beat asks for.
"""

from celery import shared_task
from django.utils import timezone

from clinic.models import Heartbeat
from notifications import compare, outbox
from notifications.delivery import drain
from notifications.kinds import NotificationState
from notifications.models import Notification
from notifications.wake import nudge

SEND_SECONDS = 40.0
COMPARE_SECONDS = 5.0
ENOUGH_FOR_TWO = 50  # due messages: from here on a second worker is asked to help


@shared_task
def deliver() -> dict[str, int]:
    """Send what is due; the number of messages by what became of them."""
    _alive("worker")
    return dict(drain(SEND_SECONDS))


@shared_task
def sweep() -> dict[str, int]:
    """Each minute: put away what is too late, take back what was lost, send what is due, compare a piece."""
    started = timezone.now()
    _alive("worker", "beat")
    Heartbeat.objects.update_or_create(pk="sweep", defaults={"started_at": started})
    counts = {"expired": outbox.expire(), "reclaimed": outbox.reclaim()}
    if _much_to_do():
        nudge()
    counts |= drain(SEND_SECONDS)
    counts["mended"] = compare.continue_today(COMPARE_SECONDS)
    Heartbeat.objects.filter(pk="sweep").update(finished_at=timezone.now(), counts=counts)
    return counts


def _much_to_do() -> bool:
    due = Notification.objects.filter(state=NotificationState.PLANNED, not_before__lte=timezone.now())
    return due.order_by("not_before")[ENOUGH_FOR_TWO : ENOUGH_FOR_TWO + 1].exists()


def _alive(*names: str) -> None:
    now = timezone.now()
    for name in names:
        Heartbeat.objects.update_or_create(pk=name, defaults={"finished_at": now})
