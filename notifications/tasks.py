"""Celery tasks: send due messages when woken, sweep every minute, and make letters in bulk.

Sending takes no arguments: the database says what is owed; a batch of letters is named by its number. Two beats or two
sweeps at once are harmless, since each row is claimed by one. Signs of life (`Heartbeat`): "worker" is written by
every task; "beat" and "sweep" by the sweep, which nobody but beat asks for.
"""

from celery import shared_task
from django.utils import timezone

from clinic.models import Heartbeat
from notifications.delivery import lay_summary_outbox, outbox, unrecorded
from notifications.delivery.wakeup import wake_worker
from notifications.delivery.worker import send_due
from notifications.enums import NotificationState
from notifications.letter_batches import jobs
from notifications.models import Notification
from notifications.planning import daily_reconcile, undelivered_results
from notifications.planning.education import schedule
from notifications.planning.lay_summaries import alarms, walk

SEND_SECONDS = 40.0
RECONCILE_SECONDS = 5.0
SUMMARY_SECONDS = 5.0
SECOND_WORKER_THRESHOLD = 50  # due messages: from here on a second worker is asked to help


@shared_task
def deliver() -> dict[str, int]:
    """Send what is due; the number of messages by what became of them."""
    _record_heartbeat("worker")
    return dict(send_due(SEND_SECONDS))


@shared_task
def sweep() -> dict[str, int]:
    """Each minute: put away what is too late, take back what was lost, plan, send what is due, compare a piece."""
    started = timezone.now()
    _record_heartbeat("worker", "beat")
    Heartbeat.objects.update_or_create(pk="sweep", defaults={"started_at": started})
    counts = {"expired": outbox.expire_overdue(), "reclaimed": 0}
    if unrecorded.settle():  # else this process would take back what it sent itself
        counts["reclaimed"] = outbox.reclaim_expired_leases() + lay_summary_outbox.reclaim_expired_leases()
    counts["summaries"] = walk.plan_new_readings(SUMMARY_SECONDS) + walk.look_again_at_held()
    counts["series"] = schedule.plan_due_texts()
    if _needs_second_worker():
        wake_worker()
    counts |= send_due(SEND_SECONDS)
    counts["alarms"] = alarms.raise_alarms()
    counts["mended"] = daily_reconcile.continue_daily_reconcile(RECONCILE_SECONDS)
    Heartbeat.objects.filter(pk="sweep").update(finished_at=timezone.now(), counts=counts)
    return counts


@shared_task
def bring_back_undelivered() -> dict[str, int]:
    """Each minute: bring back the recalls whose written result did not arrive; the number by what was done."""
    _record_heartbeat("worker")
    Heartbeat.objects.update_or_create(pk="undelivered", defaults={"started_at": timezone.now()})
    counts = undelivered_results.bring_back_undelivered()
    Heartbeat.objects.filter(pk="undelivered").update(finished_at=timezone.now(), counts=counts)
    if counts["sent_another_way"]:
        wake_worker()
    return counts


@shared_task
def make_letter_batch(batch_id: int) -> bool:
    """Whether nothing is left to do for the batch."""
    return jobs.work_on_batch(batch_id)


@shared_task
def sweep_letter_batches() -> int:
    """Each minute: go on with batches of letters that stand still, and delete the files of old ones."""
    return jobs.sweep_batches()


def _needs_second_worker() -> bool:
    due = Notification.objects.filter(state=NotificationState.PLANNED, not_before__lte=timezone.now())
    return due.order_by("not_before")[SECOND_WORKER_THRESHOLD : SECOND_WORKER_THRESHOLD + 1].exists()


def _record_heartbeat(*names: str) -> None:
    """`started_at` keeps the first sign of life: from it the board knows when an hourly check is first due."""
    now = timezone.now()
    for name in names:
        Heartbeat.objects.update_or_create(
            pk=name, defaults={"finished_at": now}, create_defaults={"started_at": now, "finished_at": now}
        )
