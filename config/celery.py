"""Defines the Celery app and the schedule of its periodic tasks.

The database says what is owed; these ticks make sure somebody looks, even when a message to a worker was lost.
"""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging, worker_process_init
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

from operations import tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TICK_SECONDS = 60.0
# A tick that waited longer than this is dropped: the next one does the same work.
TICK_OPTIONS = {"expires": TICK_SECONDS}

FIVE_MINUTES, QUARTER_HOUR, HOUR = 5 * TICK_SECONDS, 15 * TICK_SECONDS, 60 * TICK_SECONDS
AT_NIGHT = crontab(hour=2, minute=40)  # UTC

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep": {"task": "notifications.tasks.sweep", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "undelivered": {
        "task": "notifications.tasks.bring_back_undelivered",
        "schedule": TICK_SECONDS,
        "options": TICK_OPTIONS,
    },
    "letters": {"task": "notifications.tasks.sweep_letter_batches", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "uploads": {"task": "exchange.tasks.sweep_uploads", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "hl7": {"task": "exchange.tasks.apply_hl7_messages", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "hl7_bodies": {"task": "exchange.tasks.empty_hl7_messages", "schedule": HOUR, "options": {"expires": HOUR}},
    "fhir": {"task": "exchange.fhir.tasks.sweep", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "hl7_status": {"task": "exchange.tasks.send_hl7_status", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "password_links": {
        "task": "site_setup.tasks.mail_password_links",
        "schedule": TICK_SECONDS,
        "options": TICK_OPTIONS,
    },
    "tick": {"task": "recalls.tasks.apply_due_steps", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "held_slots": {"task": "recalls.tasks.tend_held_slots", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "earlier": {"task": "recalls.tasks.offer_earlier_times", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "lanes": {"task": "recalls.tasks.tend_lanes", "schedule": FIVE_MINUTES, "options": {"expires": FIVE_MINUTES}},
    "no_show": {
        "task": "recalls.tasks.fit_no_show",
        "schedule": crontab(hour=5, minute=20),
        "options": {"expires": HOUR},
    },
    "reminder_calls": {"task": "recalls.tasks.plan_reminder_calls", "schedule": HOUR, "options": {"expires": HOUR}},
    "counts": {"task": "recalls.tasks.sum_count_lines", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "recount": {"task": "recalls.tasks.recount", "schedule": AT_NIGHT, "options": {"expires": HOUR}},
    "weeks": {
        "task": "reports.tasks.store_weekly_figures",
        "schedule": FIVE_MINUTES,
        "options": {"expires": FIVE_MINUTES},
    },
    "audit_months": {
        "task": "reports.tasks.count_audit_months",
        "schedule": FIVE_MINUTES,
        "options": {"expires": FIVE_MINUTES},
    },
    "downtime": {
        "task": "reports.tasks.write_downtime_sheets",
        "schedule": QUARTER_HOUR,
        "options": {"expires": QUARTER_HOUR},
    },
    "kept": {
        "task": "recalls.tasks.delete_kept_forms",
        "schedule": QUARTER_HOUR,
        "options": {"expires": QUARTER_HOUR},
    },
    "seal": {"task": "history.tasks.seal", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "history_head": {"task": "history.tasks.keep_head_outside", "schedule": HOUR, "options": {"expires": HOUR}},
    "history": {"task": "recalls.tasks.check_history", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "expired_rows": {
        "task": "operations.tasks.clear_expired_rows",
        "schedule": crontab(hour=3, minute=30),
        "options": {"expires": HOUR},
    },
    "retention_list": {
        "task": "retention.tasks.list_due_records",
        "schedule": crontab(hour=4, minute=10),
        "options": {"expires": HOUR},
    },
    "retention": {"task": "retention.tasks.minimise_confirmed", "schedule": TICK_SECONDS, "options": TICK_OPTIONS},
    "trials": {"task": "reports.tasks.review_trials", "schedule": HOUR, "options": {"expires": HOUR}},
    "loop": {"task": "reports.tasks.check_stuck_recalls", "schedule": HOUR, "options": {"expires": HOUR}},
}


def beat_schedule() -> dict[str, dict[str, Any]]:
    """The periodic tasks, and the back-up where a worker is to make it."""
    if settings.BACKUP_HOUR is None:
        return BEAT_SCHEDULE
    day = {"task": "operations.tasks.back_up", "schedule": crontab(hour=settings.BACKUP_HOUR, minute=0)}
    return {**BEAT_SCHEDULE, "backup": {**day, "options": {"expires": HOUR}}}


app = Celery("recalldesk")
app.add_defaults(lambda: {**settings.CELERY, "beat_schedule": beat_schedule()})
app.steps["worker"].add(DjangoStructLogInitStep)  # each line of a task names it and the request that woke it
app.autodiscover_tasks()


@setup_logging.connect
def _skip_celery_logging_setup(**_: object) -> None:
    """Django has set up logging already; being connected here keeps Celery from adding its own handlers."""


@worker_process_init.connect
def _trace_tasks(**_: object) -> None:
    """In each process of a worker: what sends the spans is a thread, which a fork would not take along."""
    if settings.TRACES_URL:
        tracing.trace_tasks()
